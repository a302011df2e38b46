/* File types by name, shared by the server and the tool that embeds files. */
#ifndef SK_BASE_MIME_H
#define SK_BASE_MIME_H

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* The Content-Type for a path, by what follows its last dot. Static storage. */
static inline const char *mime_of(const char *path)
{
    static const struct {
        const char *ext, *mime;
    } types[] = {
        {"html", "text/html; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"json", "application/json"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"ico", "image/x-icon"},
        {"txt", "text/plain; charset=utf-8"},
        {"wasm", "application/wasm"},
        {"webmanifest", "application/manifest+json"},
        {"mp4", "video/mp4"},
    };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(dot + 1, types[i].ext) == 0)
            return types[i].mime;
    return "application/octet-stream";
}

/* 1 for `web/assets/<name>-<8 letters or digits>.<ext>`: the build put a hash of the content
 * into the name, so the file behind that name never changes. */
static inline int mime_is_immutable(const char *path)
{
    static const char folder[] = "web/assets/";
    const char *dot = strrchr(path, '.');

    if (strncmp(path, folder, sizeof(folder) - 1) != 0 || !dot)
        return 0;
    if ((size_t)(dot - path) < sizeof(folder) - 1 + 9 || dot[-9] != '-')
        return 0;
    for (int i = 1; i <= 8; i++)
        if (!isalnum((unsigned char)dot[-i]))
            return 0;
    return 1;
}

#endif
