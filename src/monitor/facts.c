/* Facts as JSON, from agents and to the hub. Everything in them is a stranger's text: bounded, and
 * without control characters. */
#include "monitor/facts.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

static int plain_take(const json_t *o, const char *name, size_t max, int is_needed, char *out)
{
    const char *text = "";
    int err = is_needed || sk_json_has(o, name) ? sk_json_str(o, name, max, &text) : 0;

    for (const char *c = text; !err && *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            err = -SK_EINVAL;
    return err ? err : sk_copy(out, max + 1, text);
}

static int service_parse(const json_t *o, struct monitor_service *s)
{
    static const char *const members[] = {"name", "up", "failed", "detail", NULL};
    char failed[16];
    int err = json_is_object(o) ? sk_json_only(o, members) : -SK_EINVAL;

    if (!err)
        err = plain_take(o, "name", MONITOR_NAME_MAX, 1, s->name);
    if (!err)
        err = sk_json_bool(o, "up", &s->is_up);
    if (!err)
        err = plain_take(o, "failed", sizeof(failed) - 1, 0, failed);
    if (!err)
        err = plain_take(o, "detail", MONITOR_DETAIL_MAX, 0, s->detail);
    if (err)
        return err;
    for (int l = LAYER_NONE; l <= LAYER_PROBE; l++)
        if (strcmp(failed, monitor_layer_name((enum monitor_layer)l)) == 0) {
            s->failed = (enum monitor_layer)l;
            return 0;
        }
    return -SK_EINVAL;
}

static int disk_parse(const json_t *o, struct collect_disk *d)
{
    static const char *const members[] = {"mount", "used", "inodes", "size_mb", "read_only", NULL};
    int64_t used = 0, inodes = -1;
    int err = json_is_object(o) ? sk_json_only(o, members) : -SK_EINVAL;

    if (!err)
        err = plain_take(o, "mount", COLLECT_NAME_MAX, 1, d->mount);
    if (!err)
        err = sk_json_int(o, "used", 0, 1000, &used);
    if (!err)
        err = sk_json_int(o, "inodes", -1, 1000, &inodes);
    if (!err)
        err = sk_json_int(o, "size_mb", 0, INT64_C(1) << 50, &d->size_mb);
    if (!err)
        err = sk_json_bool(o, "read_only", &d->read_only);
    d->used = (int32_t)used;
    d->inodes = (int32_t)inodes;
    return err;
}

static int card_parse(const json_t *o, struct collect_card *c)
{
    static const char *const members[] = {"name", "in", "out", "speed", NULL};
    const int64_t most = INT64_C(1) << 40;
    int err = json_is_object(o) ? sk_json_only(o, members) : -SK_EINVAL;

    if (!err)
        err = plain_take(o, "name", COLLECT_NAME_MAX, 1, c->name);
    if (!err)
        err = sk_json_int(o, "in", 0, most, &c->in_kbit);
    if (!err)
        err = sk_json_int(o, "out", 0, most, &c->out_kbit);
    return err ? err : sk_json_int(o, "speed", 0, most, &c->speed_mbit);
}

/* The array `name`, at most `max` long; absent counts as empty. */
static int array_take(const json_t *o, const char *name, size_t max, json_t **out, size_t *count)
{
    *out = json_object_get(o, name);
    *count = *out ? json_array_size(*out) : 0;
    return (*out && !json_is_array(*out)) || *count > max ? -SK_EINVAL : 0;
}

int facts_parse(const json_t *o, struct host_facts *f)
{
    static const char *const members[] = {"services", "disks", "cards", NULL};
    json_t *services, *disks, *cards;
    int err = sk_json_only(o, members);

    if (!err)
        err = array_take(o, "services", MONITOR_SERVICES_MAX, &services, &f->service_count);
    if (!err)
        err = array_take(o, "disks", COLLECT_DISKS_MAX, &disks, &f->disk_count);
    if (!err)
        err = array_take(o, "cards", COLLECT_CARDS_MAX, &cards, &f->card_count);
    for (size_t i = 0; !err && i < f->service_count; i++)
        err = service_parse(json_array_get(services, i), &f->services[i]);
    for (size_t i = 0; !err && i < f->disk_count; i++)
        err = disk_parse(json_array_get(disks, i), &f->disks[i]);
    for (size_t i = 0; !err && i < f->card_count; i++)
        err = card_parse(json_array_get(cards, i), &f->cards[i]);
    return err;
}

int hello_parse(const json_t *o, struct host_facts *f)
{
    static const char *const members[] = {"version", "kernel", "cores", "memory_mb", NULL};
    int err = sk_json_only(o, members);

    if (!err)
        err = plain_take(o, "version", sizeof(f->version) - 1, 1, f->version);
    if (!err)
        err = plain_take(o, "kernel", sizeof(f->kernel) - 1, 0, f->kernel);
    if (!err)
        err = sk_json_int(o, "cores", 0, 100000, &f->cores);
    return err ? err : sk_json_int(o, "memory_mb", 0, INT64_C(1) << 40, &f->memory_mb);
}

json_t *hello_json(const struct host_facts *f)
{
    return json_pack("{s:s, s:s, s:I, s:I}", "version", f->version, "kernel", f->kernel, "cores",
                     (json_int_t)f->cores, "memory_mb", (json_int_t)f->memory_mb);
}

json_t *facts_json(const struct host_facts *f)
{
    json_t *services = json_array(), *disks = json_array(), *cards = json_array();

    for (size_t i = 0; i < f->service_count; i++) {
        const struct monitor_service *s = &f->services[i];
        json_array_append_new(services, json_pack("{s:s, s:b, s:s, s:s}", "name", s->name, "up",
                                                  s->is_up, "failed", monitor_layer_name(s->failed),
                                                  "detail", s->detail));
    }
    for (size_t i = 0; i < f->disk_count; i++) {
        const struct collect_disk *d = &f->disks[i];
        json_array_append_new(disks, json_pack("{s:s, s:i, s:i, s:I, s:b}", "mount", d->mount,
                                               "used", d->used, "inodes", d->inodes, "size_mb",
                                               (json_int_t)d->size_mb, "read_only", d->read_only));
    }
    for (size_t i = 0; i < f->card_count; i++) {
        const struct collect_card *c = &f->cards[i];
        json_array_append_new(
            cards, json_pack("{s:s, s:I, s:I, s:I}", "name", c->name, "in", (json_int_t)c->in_kbit,
                             "out", (json_int_t)c->out_kbit, "speed", (json_int_t)c->speed_mbit));
    }
    return json_pack("{s:o, s:o, s:o}", "services", services, "disks", disks, "cards", cards);
}
