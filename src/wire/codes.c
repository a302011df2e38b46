#include "wire/codes.h"

#include <string.h>

const char *wire_code_text(unsigned code)
{
    static const char *const texts[] = {
#define CODE_TEXT(name, number, text) [number] = text,
        WIRE_CODES(CODE_TEXT)
#undef CODE_TEXT
    };

    return code < sizeof texts / sizeof texts[0] ? texts[code] : "unknown";
}

const char *wire_cut_text(unsigned reason)
{
    static const char *const texts[] = {"unknown",  "revoked", "logged-out", "camera-gone",
                                        "replaced", "limit",   "protocol",   "shutdown"};

    return reason < sizeof texts / sizeof texts[0] ? texts[reason] : texts[0];
}

const char *wire_end_text(unsigned reason)
{
    static const char *const texts[] = {"unknown", "offline",  "ttl",      "no-grant",
                                        "revoked", "overload", "protocol", "closed"};

    return reason < sizeof texts / sizeof texts[0] ? texts[reason] : texts[0];
}

uint16_t wire_right_find(const char *name)
{
    static const struct {
        uint16_t bit;
        const char *name;
    } rights[] = {
#define RIGHT_ROW(symbol, bit, text) {bit, text},
        WIRE_RIGHTS(RIGHT_ROW)
#undef RIGHT_ROW
            {WIRE_RIGHT_MANAGE, "manage"}};

    for (unsigned i = 0; i < sizeof rights / sizeof rights[0]; i++)
        if (strcmp(rights[i].name, name) == 0)
            return rights[i].bit;
    return 0;
}
