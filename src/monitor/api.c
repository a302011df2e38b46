/* What people see of hosts. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "monitor/internal.h"

enum { LIST_MAX = 2000, POINTS_WANTED = 600, SERIES_MAX = 8, DAY_MS = 86400000 };

/* ---- one host as JSON ------------------------------------------------------------------------ */

static double number_of(enum monitor_metric m, double v)
{
    for (int i = 0; i < monitor_metric_scale(m); i++)
        v /= 10;
    return v;
}

static const char *state_of(const struct monitor_host *h, int64_t now_ms)
{
    if (!h->seen_ms)
        return "never";
    return now_ms - h->seen_ms > MONITOR_SILENT_MS ? "silent" : "up";
}

static json_t *service_json(const struct monitor_service *s)
{
    json_t *o = json_pack("{s:s, s:b}", "name", s->name, "up", s->is_up);

    if (!s->is_up && s->failed != LAYER_NONE)
        sk_json_set_str(o, "failed", monitor_layer_name(s->failed));
    if (s->detail[0])
        sk_json_set_str(o, "detail", s->detail);
    return o;
}

static json_t *host_json(const struct monitor_host *h, int64_t now_ms)
{
    static const enum monitor_metric shown[] = {
        METRIC_CPU,     METRIC_MEMORY, METRIC_DISK,         METRIC_NET_IN,
        METRIC_NET_OUT, METRIC_LOAD1,  METRIC_CLOCK_OFFSET, METRIC_CLOCK_UNCERTAINTY,
        METRIC_UPTIME};
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:I}", "id", h->id, "name", h->name,
                          "region", h->region, "state", state_of(h, now_ms), "source", h->source,
                          "simulated", h->is_simulated, "seen", (json_int_t)h->seen_ms);
    json_t *services = json_array();

    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        if (monitor_sample_has(&h->latest, shown[i]))
            json_object_set_new(o, monitor_metric_name(shown[i]),
                                json_real(number_of(shown[i], h->latest.v[shown[i]])));
    for (size_t i = 0; i < h->service_count; i++)
        json_array_append_new(services, service_json(&h->services[i]));
    json_object_set_new(o, "services", services);
    return o;
}

/* ---- the list -------------------------------------------------------------------------------- */

struct listing {
    struct monitor_host *hosts;
    size_t count;
    const char *q, *state;
    int64_t now_ms;
};

static void list_take(void *ctx, const struct monitor_host *h)
{
    struct listing *l = ctx;

    if (l->count == LIST_MAX || (l->state && strcmp(l->state, state_of(h, l->now_ms)) != 0) ||
        (l->q && !strcasestr(h->name, l->q) && !strcasestr(h->source, l->q) &&
         !strcasestr(h->region, l->q)))
        return;
    l->hosts[l->count++] = *h;
}

static int by_name(const void *a, const void *b)
{
    const struct monitor_host *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : strcmp(x->id, y->id);
}

static int api_list(struct http_request *req)
{
    struct listing l = {
        .q = http_query(req, "q"), .state = http_query(req, "state"), .now_ms = http_now_ms(req)};
    json_t *list = json_array();

    l.hosts = calloc(LIST_MAX, sizeof(*l.hosts));
    if (!l.hosts) {
        json_decref(list);
        return http_problem(req, -SK_ENOMEM, NULL);
    }
    monitor_each_latest(list_take, &l);
    qsort(l.hosts, l.count, sizeof(*l.hosts), by_name);
    for (size_t i = 0; i < l.count; i++)
        json_array_append_new(list, host_json(&l.hosts[i], l.now_ms));
    free(l.hosts);
    return http_json(req, 200,
                     json_pack("{s:o, s:I, s:i}", "hosts", list, "total", (json_int_t)hosts_count(),
                               "step_ms", MONITOR_STEP_MS));
}

/* ---- one host -------------------------------------------------------------------------------- */

static json_t *disks_json(const struct host_facts *f)
{
    json_t *list = json_array();

    for (size_t i = 0; i < f->disk_count; i++) {
        const struct collect_disk *d = &f->disks[i];
        json_t *o = json_pack("{s:s, s:f, s:I, s:b}", "mount", d->mount, "used", d->used / 10.0,
                              "size_mb", (json_int_t)d->size_mb, "read_only", d->read_only);
        if (d->inodes >= 0)
            json_object_set_new(o, "inodes", json_real(d->inodes / 10.0));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *cards_json(const struct host_facts *f)
{
    json_t *list = json_array();

    for (size_t i = 0; i < f->card_count; i++) {
        const struct collect_card *c = &f->cards[i];
        json_t *o = json_pack("{s:s, s:I, s:I}", "name", c->name, "in", (json_int_t)c->in_kbit,
                              "out", (json_int_t)c->out_kbit);
        if (c->speed_mbit)
            sk_json_set_int(o, "speed", c->speed_mbit);
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *metrics_json(const struct monitor_sample *s)
{
    json_t *list = json_array();

    for (int i = 0; i < METRIC_COUNT; i++) {
        enum monitor_metric m = (enum monitor_metric)i;
        if (monitor_sample_has(s, m))
            json_array_append_new(list, json_pack("{s:s, s:s, s:f}", "name", monitor_metric_name(m),
                                                  "unit", monitor_metric_unit(m), "value",
                                                  number_of(m, s->v[m])));
    }
    return list;
}

static int api_get(struct http_request *req)
{
    struct host_view v;
    int err = hosts_find(http_param(req, "id"), &v);

    if (err)
        return http_problem(req, err, NULL);
    json_t *o = host_json(&v.host, http_now_ms(req));
    json_object_set_new(o, "facts",
                        json_pack("{s:s, s:s, s:I, s:I}", "version", v.facts.version, "kernel",
                                  v.facts.kernel, "cores", (json_int_t)v.facts.cores, "memory_mb",
                                  (json_int_t)v.facts.memory_mb));
    json_object_set_new(o, "disks", disks_json(&v.facts));
    json_object_set_new(o, "cards", cards_json(&v.facts));
    json_object_set_new(o, "metrics", metrics_json(&v.host.latest));
    return http_json(req, 200, o);
}

static int api_delete(struct http_request *req)
{
    const char *id = http_param(req, "id");
    int64_t number = 0;

    if (strcmp(id, "self") == 0)
        return http_problem(req, -SK_ECONFLICT, NULL);
    int err = host_ledger_remove(id, http_principal(req), http_now_ms(req));
    if (!err)
        err = hosts_remove(id, &number);
    if (!err)
        err = series_forget(number);
    return err ? http_problem(req, err, NULL) : http_empty(req, 204);
}

/* ---- series ---------------------------------------------------------------------------------- */

struct chart {
    int64_t number, from_ms, to_ms, step_ms;
    enum monitor_metric metrics[SERIES_MAX];
    size_t metric_count, count;
    struct monitor_point *points;
};

static int metrics_parse(struct chart *c, const char *text)
{
    char name[32];

    for (size_t len; text; text += len + (text[len] == ',')) {
        len = strcspn(text, ",");
        if (c->metric_count == SERIES_MAX || !len || len >= sizeof(name))
            return -SK_EINVAL;
        memcpy(name, text, len);
        name[len] = '\0';
        enum monitor_metric m = monitor_metric_find(name);
        if (m == METRIC_COUNT)
            return -SK_EINVAL;
        c->metrics[c->metric_count++] = m;
        if (!text[len])
            return 0;
    }
    return -SK_EINVAL;
}

static int chart_parse(struct chart *c, struct http_request *req)
{
    int64_t now_ms = http_now_ms(req);
    int err = metrics_parse(c, http_query(req, "metric"));

    if (!err)
        err = http_query_int(req, "to", 1, now_ms + DAY_MS, now_ms, &c->to_ms);
    if (!err)
        err = http_query_int(req, "from", 0, c->to_ms - 1,
                             c->to_ms > DAY_MS ? c->to_ms - DAY_MS : 0, &c->from_ms);
    if (err)
        return err;
    int64_t fits = (c->to_ms - c->from_ms) / POINTS_WANTED;
    /* Minutes from ten minutes' worth on: their chunks are smaller. */
    int64_t unit = fits > MONITOR_STEP_MS * 2 ? 60000 : MONITOR_STEP_MS;
    fits = (fits + unit - 1) / unit * unit;
    return http_query_int(req, "step", MONITOR_STEP_MS, (int64_t)366 * DAY_MS,
                          fits ? fits : MONITOR_STEP_MS, &c->step_ms);
}

static json_t *series_json(const struct chart *c, enum monitor_metric m)
{
    json_t *avg = json_array(), *min = json_array(), *max = json_array();

    for (size_t i = 0; i < c->count; i++) {
        const struct monitor_point *p = &c->points[i];
        int is = p->count > 0;
        double mean = is ? (double)p->sum / p->count : 0;
        json_array_append_new(avg, is ? json_real(number_of(m, mean)) : json_null());
        json_array_append_new(min, is ? json_real(number_of(m, p->min)) : json_null());
        json_array_append_new(max, is ? json_real(number_of(m, p->max)) : json_null());
    }
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "metric", monitor_metric_name(m), "unit",
                     monitor_metric_unit(m), "avg", avg, "min", min, "max", max);
}

static int chart_read(struct chart *c, json_t *series, json_t *times, int64_t now_ms)
{
    int err = 0;

    for (size_t i = 0; !err && i < c->metric_count; i++) {
        err = series_read(c->number, c->metrics[i], c->from_ms, c->to_ms, &c->step_ms, now_ms,
                          c->points, MONITOR_POINTS_MAX, &c->count);
        if (!err)
            json_array_append_new(series, series_json(c, c->metrics[i]));
    }
    for (size_t i = 0; !err && i < c->count; i++)
        json_array_append_new(times, json_integer(c->points[i].t_ms));
    return err;
}

static int api_series(struct http_request *req)
{
    struct chart c = {.number = 0};
    int err = hosts_number(http_param(req, "id"), &c.number);

    if (!err)
        err = chart_parse(&c, req);
    if (!err && !(c.points = malloc(MONITOR_POINTS_MAX * sizeof(*c.points))))
        err = -SK_ENOMEM;
    json_t *series = json_array(), *times = json_array();
    if (!err)
        err = chart_read(&c, series, times, http_now_ms(req));
    free(c.points);
    if (err) {
        json_decref(series);
        json_decref(times);
        return http_problem(req, err, NULL);
    }
    return http_json(req, 200,
                     json_pack("{s:I, s:I, s:I, s:o, s:o}", "from", (json_int_t)c.from_ms, "to",
                               (json_int_t)c.to_ms, "step", (json_int_t)c.step_ms, "t", times,
                               "series", series));
}

/* ---- the table ------------------------------------------------------------------------------- */

#define TEXT "{\"type\":\"string\"}"
#define INT "{\"type\":\"integer\"}"
#define NUM "{\"type\":\"number\"}"
#define FLAG "{\"type\":\"boolean\"}"
#define ID_PARAM                                                                                   \
    "{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"}}"
#define QUERY(name, schema) "{\"name\":\"" name "\",\"in\":\"query\",\"schema\":" schema "}"
#define LIST(items) "{\"type\":\"array\",\"items\":" items "}"
#define SERVICE                                                                                    \
    "{\"type\":\"object\",\"required\":[\"name\",\"up\"],\"additionalProperties\":false,"          \
    "\"properties\":{\"name\":" TEXT ",\"up\":" FLAG                                               \
    ",\"failed\":{\"enum\":[\"process\",\"port\",\"probe\"]},\"detail\":" TEXT "}}"
#define HOST_PROPERTIES                                                                            \
    "\"id\":" TEXT ",\"name\":" TEXT ",\"region\":" TEXT                                           \
    ",\"state\":{\"enum\":[\"up\",\"silent\",\"never\"]},\"source\":" TEXT ",\"simulated\":" FLAG  \
    ",\"seen\":" INT ",\"cpu\":" NUM ",\"memory\":" NUM ",\"disk\":" NUM ",\"net_in\":" NUM        \
    ",\"net_out\":" NUM ",\"load1\":" NUM ",\"clock_offset\":" NUM ",\"clock_uncertainty\":" NUM   \
    ",\"uptime\":" NUM ",\"services\":" LIST(SERVICE)
#define HOST_REQUIRED                                                                              \
    "\"required\":[\"id\",\"name\",\"region\",\"state\",\"source\",\"simulated\",\"seen\","        \
    "\"services\"]"
#define OBJECT(required, properties)                                                               \
    "{\"type\":\"object\",\"required\":[" required "],\"additionalProperties\":false,"             \
    "\"properties\":{" properties "}}"
#define ANSWER(code, schema)                                                                       \
    "\"responses\":{\"" code "\":{\"description\":\"Done\",\"content\":{\"application/json\":"     \
    "{\"schema\":" schema "}}}}"
#define NO_CONTENT "\"responses\":{\"204\":{\"description\":\"Done\"}}"
#define NUMBERS LIST("{\"type\":[\"number\",\"null\"]}")

const struct route monitor_routes[] = {
    {"GET", "/api/v1/hosts", "monitor.view", 0, NULL, api_list,
     "{\"operationId\":\"hostList\",\"summary\":\"Hosts and their newest "
     "figures\",\"parameters\":[" QUERY("q", TEXT) "," QUERY("state", TEXT) "]," ANSWER(
         "200",
         OBJECT("\"hosts\",\"total\",\"step_ms\"",
                "\"hosts\":" LIST("{\"type\":\"object\"," HOST_REQUIRED
                                  ",\"additionalProperties\":false,\"properties\":{" HOST_PROPERTIES
                                  "}}") ",\"total\":" INT ",\"step_ms\":" INT)) "}"},
    {"GET", "/api/v1/hosts/{id}", "monitor.view", 0, NULL, api_get,
     "{\"operationId\":\"hostGet\",\"summary\":\"One host\",\"parameters\":[" ID_PARAM
     "]," ANSWER("200", "{\"type\":\"object\"," HOST_REQUIRED
                        ",\"additionalProperties\":false,\"properties\":{" HOST_PROPERTIES
                        ",\"facts\":{\"type\":\"object\"},\"disks\":" LIST("{\"type\":\"object\"}") ",\"cards\":" LIST(
                            "{\"type\":\"object\"}") ",\"metrics\":" LIST(OBJECT("\"name\","
                                                                                 "\"unit\","
                                                                                 "\"value\"",
                                                                                 "\"name\":" TEXT
                                                                                 ",\"unit\":" TEXT
                                                                                 ",\"value\""
                                                                                 ":" NUM)) "}}") "}"},
    {"GET", "/api/v1/hosts/{id}/series", "monitor.view", 0, NULL, api_series,
     "{\"operationId\":\"hostSeries\",\"summary\":\"What a host measured over a time\","
     "\"parameters\":[" ID_PARAM
     "," QUERY("metric", TEXT) "," QUERY("from", INT) "," QUERY("to", INT) "," QUERY(
         "step",
         INT) "]," ANSWER("200", OBJECT("\"from\",\"to\",\"step\",\"t\",\"series\"",
                                        "\"from\":" INT ",\"to\":" INT ",\"step\":" INT
                                        ",\"t\":" LIST(INT) ",\"series\":" LIST(OBJECT(
                                            "\"metric\",\"unit\",\"avg\",\"min\",\"max\"",
                                            "\"metric\":" TEXT ",\"unit\":" TEXT ",\"avg\":" NUMBERS
                                            ",\"min\":" NUMBERS ",\"max\":" NUMBERS)))) "}"},
    {"DELETE", "/api/v1/hosts/{id}", "monitor.manage", 0, NULL, api_delete,
     "{\"operationId\":\"hostRemove\",\"summary\":\"Remove a host and its numbers\","
     "\"parameters\":[" ID_PARAM "]," NO_CONTENT "}"},
    {"POST", "/api/v1/host-tokens", "monitor.manage", 1024, NULL, api_host_token_add,
     "{\"operationId\":\"hostTokenAdd\",\"summary\":\"A token by which an agent enrols\","
     "\"requestBody\":{\"required\":true,\"content\":{\"application/"
     "json\":{\"schema\":" OBJECT(
         "\"name\",\"ttl_s\"",
         "\"name\":" TEXT ",\"region\":" TEXT ",\"ttl_s\":" INT ",\"simulated\":" FLAG
         ",\"count\":" INT) "}}}," ANSWER("201",
                                          OBJECT("\"id\",\"token\",\"expires\",\"command\"",
                                                 "\"id\":" TEXT ",\"token\":" TEXT
                                                 ",\"expires\":" INT ",\"command\":" TEXT)) "}"},
    {"DELETE", "/api/v1/host-tokens/{id}", "monitor.manage", 0, NULL, api_host_token_end,
     "{\"operationId\":\"hostTokenEnd\",\"summary\":\"End a "
     "token\",\"parameters\":[" ID_PARAM "]," NO_CONTENT "}"},
    {"POST", "/api/v1/hosts/enrol", "public", 8192, "application/pkcs10", api_host_enrol,
     "{\"operationId\":\"hostEnrol\",\"summary\":\"An agent's certificate; Authorization: "
     "Bearer "
     "<host "
     "token>\",\"requestBody\":{\"required\":true,\"content\":{\"application/pkcs10\":"
     "{\"schema\":" TEXT "}}}," ANSWER("201", OBJECT("\"host\",\"certificate\",\"authority\"",
                                                     "\"host\":" TEXT ",\"certificate\":" TEXT
                                                     ",\"authority\":" TEXT)) "}"},
    {NULL, NULL, NULL, 0, NULL, NULL, NULL},
};
