/* An edge that the test writes by hand: the http room asks it as it would ask the real one. */
#ifndef SK_TEST_EDGE_STAND_IN_H
#define SK_TEST_EDGE_STAND_IN_H

#include <string.h>

#include "base/text.h"
#include "http/internal.h"

static struct {
    struct edge_request next;
    uint16_t port;
    unsigned parallel;
    edge_route_fn routes;
} stand_in;

int edge_request_find(const char *skep_request, struct edge_request *out)
{
    if (strcmp(skep_request, "secret.1") != 0)
        return -SK_EAUTH;
    *out = stand_in.next;
    return 0;
}

void edge_upstream_set(uint16_t port, unsigned parallel)
{
    stand_in.port = port;
    stand_in.parallel = parallel;
}

void edge_routes_set(edge_route_fn fn)
{
    stand_in.routes = fn;
}

void edge_certificate_fingerprint(uint8_t out[32])
{
    for (int i = 0; i < 32; i++)
        out[i] = (uint8_t)(0x4d + i);
}

static void facts_set(struct edge_request *f, const char *method, const char *path,
                      const char *query)
{
    memset(f, 0, sizeof(*f));
    if (sk_copy(f->method, sizeof(f->method), method) || sk_copy(f->path, sizeof(f->path), path) ||
        sk_copy(f->query, sizeof(f->query), query) ||
        sk_copy(f->request_id, sizeof(f->request_id), "0123456789abcdef"))
        memset(f, 0, sizeof(*f));
}

/* The rule of the tests: "public" and "session" as named, "device.view" for none. */
static int test_decide(void *ctx, const struct principal *p, const char *action,
                       struct object_ref object)
{
    (void)ctx;
    (void)object;
    if (strcmp(action, "undeclared") == 0)
        return -SK_EDENIED;
    if (p->kind == PRINCIPAL_BOX || strcmp(action, "public") == 0)
        return 0;
    if (strcmp(action, "metrics.read") == 0 && p->kind == PRINCIPAL_TOKEN &&
        strcmp(p->purpose, "metrics") == 0)
        return 0;
    if (p->kind == PRINCIPAL_NOBODY)
        return -SK_EAUTH;
    return strcmp(action, "session") == 0 ? 0 : -SK_EDENIED;
}

static int test_csrf_holds(void *ctx, const struct principal *p, const char *csrf)
{
    (void)ctx;
    (void)p;
    return strcmp(csrf, "right") == 0;
}

static void seams_fill(void)
{
    const struct authorizer a = {.decide = test_decide, .csrf_holds = test_csrf_holds};

    authorize_fill(&a);
}

#endif
