/* Settings from four sources, metrics text, the closed door of may() before anybody fills it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/authorize.h"
#include "core/config.h"
#include "core/event.h"
#include "core/metrics.h"

static const struct config_key keys[] = {
    {"edge.port", CONFIG_INT, "8443", 0, 65535, "port of the one door"},
    {"edge.host", CONFIG_TEXT, "localhost", 0, 0, "name in links"},
    {"core.verbose", CONFIG_BOOL, "false", 0, 0, "say more"},
    {NULL, CONFIG_TEXT, NULL, 0, 0, NULL},
};
static const struct config_key *const tables[] = {keys};

static struct config *fresh(struct sk_buf *why)
{
    sk_buf_init(why, 4096);
    return config_new(tables, 1);
}

static void test_config_later_sources_win(void **state)
{
    struct sk_buf why;
    struct config *c = fresh(&why);
    char path[] = "/tmp/skep-config-XXXXXX";
    int fd = mkstemp(path);
    static const char text[] = "[edge]\nport = 1000\nhost = box\n; a remark\n[core]\nverbose=yes\n";
    char env0[] = "SKEP_EDGE_PORT=2000", env1[] = "SKEP_UNRELATED=1";
    char *envp[] = {env0, env1, NULL};
    char a0[] = "serve", a1[] = "--edge-port", a2[] = "3000", a3[] = "--fleet", a4[] = "12";
    char *argv[] = {a0, a1, a2, a3, a4, NULL};
    int argc = 5;

    (void)state;
    assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1);
    close(fd);
    assert_int_equal(config_int(c, "edge.port"), 8443);
    assert_int_equal(config_load_file(c, path, &why), 0);
    assert_int_equal(config_int(c, "edge.port"), 1000);
    assert_string_equal(config_text(c, "edge.host"), "box");
    assert_true(config_bool(c, "core.verbose"));
    assert_int_equal(config_load_env(c, envp, &why), 0);
    assert_int_equal(config_int(c, "edge.port"), 2000);
    assert_int_equal(config_load_flags(c, &argc, argv, &why), 0);
    assert_int_equal(config_int(c, "edge.port"), 3000);
    assert_int_equal(argc, 3);
    assert_string_equal(argv[1], "--fleet");
    unlink(path);
    config_free(c);
    sk_buf_fini(&why);
}

static void test_config_refuses_with_a_sentence(void **state)
{
    struct sk_buf why;
    struct config *c = fresh(&why);

    (void)state;
    assert_int_equal(config_set(c, "edge.port", "70000", &why), -SK_EINVAL);
    assert_string_equal((char *)why.data, "edge.port: must be a whole number from 0 to 65535");
    sk_buf_reset(&why);
    assert_int_equal(config_set(c, "edge.nope", "1", &why), -SK_EINVAL);
    assert_non_null(strstr((char *)why.data, "no such setting"));
    assert_int_equal(config_set(c, "core.verbose", "maybe", &why), -SK_EINVAL);
    assert_int_equal(config_int(c, "edge.port"), 8443);
    config_free(c);
    sk_buf_fini(&why);
}

static void test_metrics_text_groups_families(void **state)
{
    struct sk_buf out;

    (void)state;
    metric_refused("device", "replay");
    metric_add(metric_get("skep_other_total", ""), 5);
    metric_refused("device", "gap");
    metric_refused("device", "replay");
    sk_buf_init(&out, 65536);
    assert_int_equal(metrics_write(&out), 0);
    const char *type = strstr((char *)out.data, "# TYPE skep_refused_total counter\n");
    assert_non_null(type);
    assert_null(strstr(type + 10, "# TYPE skep_refused_total"));
    assert_non_null(strstr(type, "skep_refused_total{room=\"device\",reason=\"replay\"} 2\n"));
    assert_int_equal(metric_sum("skep_refused_total"), 3);
    sk_buf_fini(&out);
}

static void test_nobody_may_before_the_rule_is_filled(void **state)
{
    struct principal p = {.kind = PRINCIPAL_NOBODY};

    (void)state;
    assert_int_equal(may(&p, "public", (struct object_ref){"box", NULL}), -SK_EAUTH);
    p.kind = PRINCIPAL_ACCOUNT;
    assert_int_equal(may(&p, "device.list", (struct object_ref){"device", NULL}), -SK_EDENIED);
    p.kind = PRINCIPAL_BOX;
    assert_int_equal(may(&p, "device.list", (struct object_ref){"device", NULL}), -SK_EDENIED);
    authenticate("x", "y", "127.0.0.1", 0, &p);
    assert_int_equal(p.kind, PRINCIPAL_NOBODY);
    assert_false(csrf_holds(&p, "x"));
}

static void count_event(void *ctx, const struct event *ev)
{
    if (ev->kind == EVENT_DEVICE_ONLINE && strcmp(ev->device, "d") == 0)
        ++*(int *)ctx;
}

static void test_events_reach_their_subscribers_only(void **state)
{
    int seen = 0;

    (void)state;
    event_subscribe(EVENT_DEVICE_ONLINE, count_event, &seen);
    event_publish(&(struct event){.kind = EVENT_DEVICE_ONLINE, .device = "d"});
    event_publish(&(struct event){.kind = EVENT_DEVICE_OFFLINE, .device = "d"});
    assert_int_equal(seen, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_later_sources_win),
        cmocka_unit_test(test_config_refuses_with_a_sentence),
        cmocka_unit_test(test_metrics_text_groups_families),
        cmocka_unit_test(test_nobody_may_before_the_rule_is_filled),
        cmocka_unit_test(test_events_reach_their_subscribers_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
