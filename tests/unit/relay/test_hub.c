/* What one camera can take of the relay, and which tickets open an uplink. Cameras' links, uplinks
 * and viewers are stood in for here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sys.h"
#include "device/device.h"
#include "edge/edge.h"
#include "relay/internal.h"

enum { MIB = 1 << 20 };

static const char cam[] = "abcdefghijklmnopqrstuvwxyz", other[] = "bbcdefghijklmnopqrstuvwxyz",
                  third[] = "cbcdefghijklmnopqrstuvwxyz";
static struct net_loops *loops;
static uint32_t link_now = 7;
static char opened[TICKET_SIZE];
static _Atomic int appeared;

/* ---- stand-ins ------------------------------------------------------------------------------- */

int device_is_online(const char *device, uint32_t *link)
{
    (void)device;
    if (link)
        *link = link_now;
    return link_now != 0;
}

int device_send(const char *device, enum wire_netip_id id, const void *body, size_t len)
{
    static const char before[] = "\"ticket\":\"";
    const char *at = memmem(body, len, before, sizeof(before) - 1);
    (void)device;
    assert_int_equal(id, WIRE_MEDIA_OPEN);
    assert_non_null(at);
    memcpy(opened, at + sizeof(before) - 1, TICKET_SIZE - 1);
    return 0;
}

uint16_t edge_port(void)
{
    return 1;
}

const char *edge_host(void)
{
    return "localhost";
}

void uplink_ref(struct uplink *u)
{
    (void)u;
}

void uplink_drop(struct uplink *u)
{
    (void)u;
}

void uplink_cut(struct uplink *u, uint8_t reason)
{
    (void)u;
    (void)reason;
}

void uplink_control(struct uplink *u, enum wire_relay_kind kind, uint32_t stream)
{
    (void)u;
    (void)kind;
    (void)stream;
}

void uplink_credit(struct uplink *u, uint32_t stream, uint32_t bytes)
{
    (void)u;
    (void)stream;
    (void)bytes;
}

int uplink_talk(struct uplink *u, const uint8_t *frame, size_t len)
{
    (void)u;
    (void)frame;
    (void)len;
    return 0;
}

void viewers_deliver(struct stream *s, int index, struct unit *unit)
{
    (void)s;
    (void)index;
    (void)unit;
}

void viewers_cut(struct stream *s, int index, uint8_t reason)
{
    (void)s;
    (void)index;
    (void)reason;
}

void viewers_uplink(struct hub *hub, int index)
{
    (void)hub;
    (void)index;
}

void viewers_appear(struct stream *s, int index, struct unit *first)
{
    (void)s;
    (void)index;
    (void)first;
    atomic_fetch_add(&appeared, 1);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static int start(void **state)
{
    (void)state;
    if (arena_start(16 * MIB) != 0 || net_loops_start(&loops, 1) != 0)
        return -1;
    hubs_start(loops);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    net_loops_stop(loops);
    hubs_stop();
    net_loops_free(loops);
    arena_stop();
    return 0;
}

static int publish_kind(struct hub *hub, uint8_t kind, uint32_t id, uint16_t flags, size_t len)
{
    struct unit *u = unit_new(len, (flags & WIRE_RELAY_INIT) != 0, sk_clock_mono_ms());
    if (!u)
        return -SK_ELIMIT;
    u->head = (struct wire_relay_head){.kind = kind, .flags = flags, .stream = id};
    stream_publish(hub, u);
    return 0;
}

static int publish(struct hub *hub, uint32_t id, uint16_t flags, size_t len)
{
    return publish_kind(hub, WIRE_RELAY_VIDEO, id, flags, len);
}

static int play(struct hub *hub, uint32_t id, uint16_t flags, size_t len)
{
    return publish_kind(hub, WIRE_RELAY_PLAYBACK, id, flags | WIRE_RELAY_NOCACHE, len);
}

/* However many streams and however large its units: another camera finds room. */
static void test_one_camera_leaves_room(void **state)
{
    struct hub *hub = hub_enter(cam);
    (void)state;
    for (uint32_t id = 1; id <= 8; id++) {
        (void)publish(hub, id, WIRE_RELAY_INIT, 1 * MIB - 200);
        (void)publish(hub, id, WIRE_RELAY_KEY, 1 * MIB - 200);
        for (int i = 0; i < 20; i++)
            (void)publish(hub, id, 0, 1 * MIB - 200);
    }
    assert_in_range(atomic_load(&hub->held_bytes), 1 * MIB, 8 * MIB);
    usleep(100000); /* what was posted to the loop lets go */
    assert_int_equal(atomic_load(&hub->held_bytes), (size_t)arena_used_bytes());
    struct unit *u = unit_new(4 * MIB, 0, sk_clock_mono_ms());
    assert_non_null(u);
    unit_drop(u);
    hub_leave(hub);
}

static void test_streams_come_at_a_bounded_rate(void **state)
{
    struct hub *hub = hub_enter(other);
    (void)state;
    usleep(100000);
    int before = atomic_load(&appeared);
    int64_t since_ms = sk_clock_mono_ms();
    for (uint32_t id = 1; id <= 5000; id++)
        (void)publish(hub, id, WIRE_RELAY_END, 100);
    int64_t seconds = (sk_clock_mono_ms() - since_ms) / 1000 + 2;
    usleep(100000);
    assert_in_range(atomic_load(&appeared) - before, 1, STREAMS_PER_S * seconds);
    hub_leave(hub);
}

/* What comes before its viewer is held for him, in order and once; for nobody else. */
static void test_a_playback_is_one_viewers(void **state)
{
    struct hub *hub = hub_enter(third);
    struct unit *units[CACHE_UNITS_MAX + 1];
    uint64_t next;
    int one, two;
    (void)state;
    assert_int_equal(play(hub, 901, WIRE_RELAY_INIT, 100), 0);
    assert_int_equal(play(hub, 901, WIRE_RELAY_KEY, 1000), 0);
    assert_int_equal(play(hub, 901, 0, 200), 0);
    assert_int_equal(publish(hub, 901, 0, 200), 0); /* another kind: taken for nothing */
    struct stream *s = hub_stream_find(hub, 901);
    assert_non_null(s);
    assert_int_equal(stream_claim(s, &one), 0);
    assert_int_equal(stream_claim(s, &two), -SK_EBUSY);
    assert_int_equal(stream_claim(s, &one), 0);
    assert_int_equal(stream_snapshot(s, units, &next), 3);
    assert_int_equal(next, 3);
    static const size_t lengths[] = {100, 1000, 200};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(units[i]->number, i);
        assert_int_equal(units[i]->packet.len, lengths[i]);
        unit_drop(units[i]);
    }
    assert_int_equal(play(hub, 901, 0, 200), 0);
    assert_int_equal(stream_snapshot(s, units, &next), 0); /* never again */
    assert_int_equal(s->unit_count, 0);
    stream_release(s, &two);
    assert_int_equal(stream_claim(s, &two), -SK_EBUSY);
    stream_release(s, &one);
    assert_int_equal(stream_claim(s, &two), 0);
    stream_drop(s);
    hub_leave(hub);
}

static void test_a_playback_that_nobody_takes_is_dropped_whole(void **state)
{
    struct hub *hub = hub_enter(third);
    struct unit *units[CACHE_UNITS_MAX + 1];
    uint64_t next;
    int one;
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(play(hub, 902, i ? 0 : WIRE_RELAY_KEY, MIB / 4), 0);
    struct stream *s = hub_stream_find(hub, 902);
    assert_non_null(s);
    assert_int_equal(stream_claim(s, &one), -SK_ELIMIT);
    assert_int_equal(stream_snapshot(s, units, &next), 0);
    stream_drop(s);
    stream_lost(hub, 902, "arena-full"); /* a playback that lost a unit is over */
    assert_null(hub_stream_find(hub, 902));
    hub_leave(hub);
}

/* A ticket is for the link that it was given to, and for one use; a new link gets a new one at
 * once. */
static void test_tickets(void **state)
{
    struct hub *hub = hub_enter(cam);
    char first[TICKET_SIZE];
    uint32_t link;
    (void)state;
    memcpy(first, opened, sizeof(first));
    hub_open(hub);
    assert_string_equal(opened, first); /* one is out already */
    link_now = 8;
    hub_open(hub);
    assert_string_not_equal(opened, first);
    assert_null(hub_by_ticket(first, sk_clock_mono_ms(), &link));
    struct hub *found = hub_by_ticket(opened, sk_clock_mono_ms(), &link);
    assert_ptr_equal(found, hub);
    assert_int_equal(link, 8);
    hub_drop(found);
    assert_null(hub_by_ticket(opened, sk_clock_mono_ms(), &link));
    hub_open(hub);
    link_now = 9;
    assert_null(hub_by_ticket(opened, sk_clock_mono_ms(), &link));
    hub_open(hub);
    assert_null(hub_by_ticket(opened, sk_clock_mono_ms() + TICKET_MS, &link));
    hub_leave(hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_camera_leaves_room),
        cmocka_unit_test(test_streams_come_at_a_bounded_rate),
        cmocka_unit_test(test_a_playback_is_one_viewers),
        cmocka_unit_test(test_a_playback_that_nobody_takes_is_dropped_whole),
        cmocka_unit_test(test_tickets),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
