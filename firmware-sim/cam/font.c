#include "firmware-sim/cam/font.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 0x20
#define LAST 0x5f
#define GLYPHS (LAST - FIRST + 1)
#define MAX_SEGMENTS 24
#define GRID_WIDTH 6.0f
#define GRID_HEIGHT 10.0f
#define ADVANCE 8.2f  /* grid units from one character to the next */
#define STROKE 0.68f  /* half of the stroke, grid units */
#define OUTLINE 1.25f /* dark rim beyond it */
#define OUTLINE_ALPHA 0.6f

/* Strokes as pairs of hexadecimal digits: x (0 .. 6) and y (0 = baseline, a = top of a capital,
 * e and f = 2 and 1 below the baseline), joined into lines; a blank lifts the pen. */
static const char *const strokes[GLYPHS] = {
    [' ' - FIRST] = "",
    ['!' - FIRST] = "3a33 3030",
    ['"' - FIRST] = "2a27 4a47",
    ['#' - FIRST] = "102a 405a 0767 0363",
    ['$' - FIRST] = "694929080625456462412101 3b3f",
    ['%' - FIRST] = "6a00 0a19 5160",
    ['&' - FIRST] = "60290a2a4802204064",
    ['\'' - FIRST] = "3a37",
    ['(' - FIRST] = "4b2823402f",
    [')' - FIRST] = "2b4843204f",
    ['*' - FIRST] = "3832 0763 0367",
    ['+' - FIRST] = "3831 0565",
    [',' - FIRST] = "312e",
    ['-' - FIRST] = "1454",
    ['.' - FIRST] = "3030",
    ['/' - FIRST] = "6a00",
    ['0' - FIRST] = "2a4a6862402002082a 2347",
    ['1' - FIRST] = "183a30 1050",
    ['2' - FIRST] = "082a4a68660060",
    ['3' - FIRST] = "082a4a68664525 456462402002",
    ['4' - FIRST] = "505a0363",
    ['5' - FIRST] = "6a0a06466462402002",
    ['6' - FIRST] = "5a3a070220406264462604",
    ['7' - FIRST] = "0a6a20",
    ['8' - FIRST] = "2a4a6866452506082a 4564624020020425",
    ['9' - FIRST] = "103063684a2a0806244466",
    [':' - FIRST] = "3232 3737",
    [';' - FIRST] = "3737 312e",
    ['<' - FIRST] = "690561",
    ['=' - FIRST] = "0666 0363",
    ['>' - FIRST] = "096501",
    ['?' - FIRST] = "082a4a68663433 3030",
    ['@' - FIRST] = "63432647 6762",
    ['A' - FIRST] = "003a60 1353",
    ['B' - FIRST] = "000a4a68664505 4564624000",
    ['C' - FIRST] = "684a2a0802204062",
    ['D' - FIRST] = "000a3a67633000",
    ['E' - FIRST] = "6a0a0060 0555",
    ['F' - FIRST] = "6a0a00 0555",
    ['G' - FIRST] = "684a2a08022040626535",
    ['H' - FIRST] = "000a 606a 0565",
    ['I' - FIRST] = "1a5a 3a30 1050",
    ['J' - FIRST] = "3a6a62402002",
    ['K' - FIRST] = "000a 6a04 2660",
    ['L' - FIRST] = "0a0060",
    ['M' - FIRST] = "000a346a60",
    ['N' - FIRST] = "000a606a",
    ['O' - FIRST] = "2a4a6862402002082a",
    ['P' - FIRST] = "000a4a68664404",
    ['Q' - FIRST] = "2a4a6862402002082a 3360",
    ['R' - FIRST] = "000a4a68664505 3560",
    ['S' - FIRST] = "684a2a080725456362402002",
    ['T' - FIRST] = "0a6a 3a30",
    ['U' - FIRST] = "0a022040626a",
    ['V' - FIRST] = "0a306a",
    ['W' - FIRST] = "0a1037506a",
    ['X' - FIRST] = "0a60 6a00",
    ['Y' - FIRST] = "0a356a 3530",
    ['Z' - FIRST] = "0a6a0060",
    ['[' - FIRST] = "4b2b2f4f",
    ['\\' - FIRST] = "0a60",
    [']' - FIRST] = "2b4b4f2f",
    ['^' - FIRST] = "173a57",
    ['_' - FIRST] = "0060",
};

struct segment {
    float x0, y0, x1, y1;
};

struct cam_font {
    float unit;              /* pixels of one grid step */
    unsigned cell_w, cell_h; /* pixels of one mask */
    unsigned margin;         /* pixels left of and above the glyph's own box */
    uint8_t *ink, *rim;      /* GLYPHS masks each: white stroke, dark outline */
};

static int hex_value(char c)
{
    int v = c <= '9' ? c - '0' : c - 'a' + 10;
    return v > 12 ? v - 16 : v;
}

static size_t glyph_segments(const char *text, struct segment out[MAX_SEGMENTS])
{
    size_t count = 0;
    bool is_down = false;
    float x = 0, y = 0;
    while (*text) {
        if (*text == ' ') {
            is_down = false;
            text++;
            continue;
        }
        float nx = (float)hex_value(text[0]), ny = GRID_HEIGHT - (float)hex_value(text[1]);
        if (is_down && count < MAX_SEGMENTS) {
            out[count++] = (struct segment){x, y, nx, ny};
        }
        x = nx, y = ny, is_down = true;
        text += 2;
    }
    return count;
}

static float distance_to(const struct segment *s, float x, float y)
{
    float dx = s->x1 - s->x0, dy = s->y1 - s->y0, length2 = dx * dx + dy * dy;
    float t = length2 > 0.0f ? ((x - s->x0) * dx + (y - s->y0) * dy) / length2 : 0.0f;
    t = fminf(fmaxf(t, 0.0f), 1.0f);
    return hypotf(x - s->x0 - t * dx, y - s->y0 - t * dy);
}

static uint8_t mask_value(float inside_px, float alpha)
{
    return (uint8_t)(fminf(fmaxf(inside_px + 0.5f, 0.0f), 1.0f) * 255.0f * alpha + 0.5f);
}

static void glyph_render(const struct cam_font *font, unsigned glyph)
{
    struct segment segments[MAX_SEGMENTS];
    size_t count = glyph_segments(strokes[glyph], segments);
    size_t offset = (size_t)glyph * font->cell_w * font->cell_h;
    for (unsigned py = 0; py < font->cell_h; py++) {
        for (unsigned px = 0; px < font->cell_w; px++) {
            float x = ((float)px + 0.5f - (float)font->margin) / font->unit;
            float y = ((float)py + 0.5f - (float)font->margin) / font->unit;
            float nearest = 1e9f;
            for (size_t i = 0; i < count; i++) {
                nearest = fminf(nearest, distance_to(&segments[i], x, y));
            }
            size_t at = offset + py * font->cell_w + px;
            font->ink[at] = mask_value((STROKE - nearest) * font->unit, 1.0f);
            font->rim[at] = mask_value((STROKE + OUTLINE - nearest) * font->unit, OUTLINE_ALPHA);
        }
    }
}

int cam_font_new(float cap_px, struct cam_font **out)
{
    struct cam_font *font = calloc(1, sizeof *font);
    if (!font) {
        return -SK_ENOMEM;
    }
    font->unit = cap_px / GRID_HEIGHT;
    font->margin = (unsigned)ceilf((STROKE + OUTLINE) * font->unit + 1.0f);
    font->cell_w = (unsigned)ceilf(GRID_WIDTH * font->unit) + 2 * font->margin;
    font->cell_h = (unsigned)ceilf((GRID_HEIGHT + 1.0f) * font->unit) + 2 * font->margin;
    size_t bytes = (size_t)GLYPHS * font->cell_w * font->cell_h;
    font->ink = malloc(bytes);
    font->rim = malloc(bytes);
    if (!font->ink || !font->rim) {
        cam_font_free(&font);
        return -SK_ENOMEM;
    }
    for (unsigned i = 0; i < GLYPHS; i++) {
        glyph_render(font, i);
    }
    *out = font;
    return 0;
}

void cam_font_free(struct cam_font **font)
{
    if (*font) {
        free((*font)->ink);
        free((*font)->rim);
        free(*font);
        *font = NULL;
    }
}

static float advance_px(const struct cam_font *font)
{
    return ADVANCE * font->unit;
}

unsigned cam_font_width(const struct cam_font *font, size_t count)
{
    if (count == 0) {
        return 0;
    }
    float width = advance_px(font) * (float)(count - 1) + GRID_WIDTH * font->unit;
    return (unsigned)ceilf(width);
}

static unsigned glyph_of(char c)
{
    unsigned char u = (unsigned char)c;
    if (u >= 'a' && u <= 'z') {
        u = (unsigned char)(u - 'a' + 'A');
    }
    return (u < FIRST || u > LAST ? (unsigned)'?' : u) - FIRST;
}

/* Darkens by the rim, then lays the white stroke over it. */
static void pixel_put(const struct cam_picture *picture, unsigned x, unsigned y, unsigned ink,
                      unsigned rim)
{
    uint8_t *luma = picture->plane[0] + (size_t)y * picture->stride[0] + x;
    unsigned dark = (*luma * (255u - rim) + 16u * rim + 127u) / 255u;
    *luma = (uint8_t)((dark * (255u - ink) + 235u * ink + 127u) / 255u);
    if ((x | y) & 1u) {
        return;
    }
    unsigned cover = ink > rim ? ink : rim;
    for (unsigned p = 1; p < 3; p++) {
        uint8_t *chroma = picture->plane[p] + (size_t)(y / 2) * picture->stride[p] + x / 2;
        *chroma = (uint8_t)((*chroma * (255u - cover) + 128u * cover + 127u) / 255u);
    }
}

static void glyph_put(const struct cam_font *font, const struct cam_picture *picture,
                      unsigned glyph, int x0, int y0)
{
    const size_t offset = (size_t)glyph * font->cell_w * font->cell_h;
    for (unsigned py = 0; py < font->cell_h; py++) {
        int y = y0 + (int)py;
        if (y < 0 || y >= (int)picture->height) {
            continue;
        }
        for (unsigned px = 0; px < font->cell_w; px++) {
            int x = x0 + (int)px;
            size_t at = offset + py * font->cell_w + px;
            if (x >= 0 && x < (int)picture->width && font->rim[at]) {
                pixel_put(picture, (unsigned)x, (unsigned)y, font->ink[at], font->rim[at]);
            }
        }
    }
}

void cam_font_draw(const struct cam_font *font, const struct cam_picture *picture, int x, int y,
                   const char *text)
{
    int top = y - (int)lroundf(GRID_HEIGHT * font->unit) - (int)font->margin;
    for (size_t i = 0; text[i]; i++) {
        int left = x + (int)lroundf(advance_px(font) * (float)i) - (int)font->margin;
        glyph_put(font, picture, glyph_of(text[i]), left, top);
    }
}
