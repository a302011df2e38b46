/* The box's own routes: is it alive, is it ready, what is it. */
#include <civetweb.h>
#include <string.h>

#include "base/json.h"
#include "base/sys.h"
#include "core/metrics.h"
#include "http/internal.h"

#ifndef SKEP_VERSION
#define SKEP_VERSION "0.0.0"
#endif
#ifndef SKEP_BUILD
#define SKEP_BUILD "cc " __VERSION__
#endif

static struct {
    void (*fill)(void *ctx, json_t *about);
    void *ctx;
} fillers[HTTP_ABOUT_MAX];
static size_t filler_count;

void http_about_add(void (*fill)(void *ctx, json_t *about), void *ctx)
{
    SK_ASSERT(filler_count < HTTP_ABOUT_MAX);
    fillers[filler_count].fill = fill;
    fillers[filler_count++].ctx = ctx;
}

void http_about_library(json_t *about, const char *name, const char *version)
{
    json_t *list = json_object_get(about, "libraries");

    if (!list) {
        list = json_array();
        json_object_set_new(about, "libraries", list);
    }
    json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "version", version));
}

/* "4D91 0A7C 66E2 F3B8": the first eight bytes, as printed beside the setup link. */
void http_fingerprint_text(char out[HTTP_FINGERPRINT_SIZE], const uint8_t hash[32])
{
    static const char digits[] = "0123456789ABCDEF";
    char *at = out;

    for (int i = 0; i < 8; i++) {
        if (i && i % 2 == 0)
            *at++ = ' ';
        *at++ = digits[hash[i] >> 4];
        *at++ = digits[hash[i] & 15];
    }
    *at = '\0';
}

static int handle_health(struct http_request *req)
{
    return http_json(req, 200, json_pack("{s:b}", "ok", 1));
}

static int handle_ready(struct http_request *req)
{
    json_t *waiting = json_array();

    for (const struct room *const *r = rooms_list(); *r; r++) {
        const char *why = "not ready";
        if ((*r)->ready && (*r)->ready(&why))
            json_array_append_new(waiting, json_pack("{s:s, s:s}", "part", (*r)->name, "why", why));
    }
    int ok = json_array_size(waiting) == 0;
    return http_json(req, ok ? 200 : 503, json_pack("{s:b, s:o}", "ok", ok, "waiting", waiting));
}

static int handle_metrics(struct http_request *req)
{
    struct sk_buf text;

    sk_buf_init(&text, 4 << 20);
    int err = metrics_write(&text);
    if (err)
        http_problem(req, err, NULL);
    else
        http_bytes(req, 200, "text/plain; version=0.0.4; charset=utf-8", text.data, text.len);
    sk_buf_fini(&text);
    return 0;
}

static int handle_openapi(struct http_request *req)
{
    return http_json(req, 200, http_openapi());
}

static int handle_about(struct http_request *req)
{
    uint8_t hash[32];
    char shown[HTTP_FINGERPRINT_SIZE];
    json_t *about = json_object();

    edge_certificate_fingerprint(hash);
    http_fingerprint_text(shown, hash);
    sk_json_set_str(about, "version", SKEP_VERSION);
    sk_json_set_str(about, "build", SKEP_BUILD);
    sk_json_set_str(about, "fingerprint", shown);
    sk_json_set_int(about, "started", req->house->started_wall_ms);
    sk_json_set_int(about, "wall", req->now_ms);
    http_about_library(about, "CivetWeb", mg_version());
    http_about_library(about, "jansson", jansson_version_str());
    for (size_t i = 0; i < filler_count; i++)
        fillers[i].fill(fillers[i].ctx, about);
    return http_json(req, 200, about);
}

#define TEXT "{\"type\":\"string\"}"
#define NUMBER "{\"type\":\"integer\"}"
#define FLAG "{\"type\":\"boolean\"}"
#define ANSWER(status, text, mime, schema)                                                         \
    "\"" status "\":{\"description\":\"" text "\",\"content\":{\"" mime "\":{\"schema\":" schema   \
    "}}}"
#define OBJECT(required, properties)                                                               \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required                  \
    "],\"properties\":{" properties "}}"
#define ROUTE(summary, answers) "{\"summary\":\"" summary "\",\"responses\":{" answers "}}"
#define JSON "application/json"
#define LIST(of) "{\"type\":\"array\",\"items\":" of "}"
#define PART OBJECT("\"part\",\"why\"", "\"part\":" TEXT ",\"why\":" TEXT)
#define READY OBJECT("\"ok\",\"waiting\"", "\"ok\":" FLAG ",\"waiting\":" LIST(PART))
#define LIBRARY OBJECT("\"name\",\"version\"", "\"name\":" TEXT ",\"version\":" TEXT)
#define SIMULATED OBJECT("\"cameras\"", "\"cameras\":" NUMBER)
#define SANDBOX OBJECT("", "\"landlock\":" TEXT ",\"seccomp\":" TEXT ",\"memlock\":" TEXT)
#define ABOUT_TEXTS                                                                                \
    "\"version\":" TEXT ",\"build\":" TEXT ",\"fingerprint\":" TEXT ",\"assets\":" TEXT
#define ABOUT_PARTS                                                                                \
    "\"simulated\":" SIMULATED ",\"libraries\":" LIST(LIBRARY) ",\"sandbox\":" SANDBOX
#define ABOUT                                                                                      \
    OBJECT("\"version\",\"build\",\"fingerprint\",\"started\",\"wall\",\"libraries\"",             \
           ABOUT_TEXTS ",\"started\":" NUMBER ",\"wall\":" NUMBER "," ABOUT_PARTS)

const struct route system_routes[] = {
    {"GET", "/healthz", "public", 0, NULL, handle_health,
     ROUTE("Is the process alive", ANSWER("200", "It is", JSON, OBJECT("\"ok\"", "\"ok\":" FLAG)))},
    {"GET", "/readyz", "public", 0, NULL, handle_ready,
     ROUTE("Is every part ready", ANSWER("200", "All are", JSON, READY) "," ANSWER(
                                      "503", "Those named in waiting are not", JSON, READY))},
    {"GET", "/metrics", "metrics.read", 0, NULL, handle_metrics,
     ROUTE("Counters and gauges", ANSWER("200", "Prometheus text", "text/plain", TEXT))},
    {"GET", "/api/v1/openapi.json", "public", 0, NULL, handle_openapi,
     ROUTE("This document", ANSWER("200", "OpenAPI 3.1", JSON, "{\"type\":\"object\"}"))},
    {"GET", "/api/v1/about", "session", 0, NULL, handle_about,
     ROUTE("What this box is made of", ANSWER("200", "Its parts", JSON, ABOUT))},
    {0},
};
