/* Refused sources in the kernel, for real: in a network namespace of the test's own, connections
 * from some sources stop and those from others do not, and all is as before when the table goes. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "guard/internal.h"

const struct room *const *rooms_list(void)
{
    static const struct room *const none[] = {NULL};

    return none;
}

uint16_t edge_port(void)
{
    return 0;
}

static struct guard_prefix prefix(const char *text)
{
    struct guard_prefix p;

    assert_int_equal(guard_prefix_parse(&p, text), 0);
    return p;
}

static void contained_prefixes_are_left_out(void **state)
{
    struct guard_prefix list[] = {prefix("192.0.2.9"),      prefix("198.51.100.0/24"),
                                  prefix("198.51.100.7"),   prefix("192.0.2.8"),
                                  prefix("192.0.2.9"),      prefix("198.51.0.0/16"),
                                  prefix("255.255.255.255")};
    static const char *const want[] = {"192.0.2.8", "192.0.2.9", "198.51.0.0/16",
                                       "255.255.255.255"};
    size_t count = guard_kernel_order(list, sizeof(list) / sizeof(list[0]));
    char text[GUARD_PREFIX_TEXT];

    (void)state;
    assert_int_equal(count, sizeof(want) / sizeof(want[0]));
    for (size_t i = 0; i < count; i++)
        assert_string_equal(guard_prefix_format(text, &list[i]), want[i]);
}

static int own_network(void)
{
    struct ifreq lo = {.ifr_name = "lo"};

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) && unshare(CLONE_NEWNET))
        return 0;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int is_up = ioctl(fd, SIOCGIFFLAGS, &lo) == 0;
    lo.ifr_flags |= IFF_UP;
    is_up = is_up && ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
    close(fd);
    return is_up;
}

/* 1 when a connection from `source` to the port comes about within 200 ms. */
static int connects(const char *source, uint16_t port)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), fault = 0;
    struct pollfd wait = {fd, POLLOUT, 0};
    socklen_t len = sizeof(fault);

    inet_pton(AF_INET, source, &from.sin_addr);
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    to.sin_port = htons(port);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    int is_there = connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0;
    if (!is_there && poll(&wait, 1, 200) == 1)
        is_there = getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &len) == 0 && fault == 0;
    close(fd);
    return is_there;
}

static uint16_t listen_any(int *fd)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof(at);

    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(*fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(*fd, 64), 0);
    assert_int_equal(getsockname(*fd, (struct sockaddr *)&at, &len), 0);
    return ntohs(at.sin_port);
}

static void the_kernel_drops_them(void **state)
{
    struct guard_prefix v4[] = {prefix("127.9.9.0/24"), prefix("127.9.9.7"), prefix("127.9.10.0"),
                                prefix("127.5.5.5"), prefix("127.5.5.6")};
    struct guard_prefix v6[] = {prefix("2001:db8::/56"), prefix("2001:db8:0:100::1")};
    int fd, other;

    (void)state;
    if (!own_network())
        skip();
    uint16_t port = listen_any(&fd), free_port = listen_any(&other);
    int err = guard_kernel_open(port);
    if (err == -SK_EUNSUPPORTED || err == -SK_EIO || err == -SK_EDENIED) {
        print_message("this kernel takes no table: %d\n", err);
        skip();
    }
    assert_int_equal(err, 0);
    assert_true(connects("127.9.9.9", port));
    assert_int_equal(guard_kernel_set(v4, 5, v6, 2), 0);
    assert_false(connects("127.9.9.9", port));
    assert_false(connects("127.9.10.0", port)); /* the next one, joined to it */
    assert_true(connects("127.9.10.1", port));
    assert_false(connects("127.5.5.5", port));
    assert_false(connects("127.5.5.6", port));
    assert_true(connects("127.5.5.7", port));
    assert_true(connects("127.5.5.4", port));
    assert_true(connects("127.9.9.9", free_port)); /* our port only */
    assert_int_equal(guard_kernel_set(v4, 0, v6, 0), 0);
    assert_true(connects("127.9.9.9", port));
    struct guard_prefix one = prefix("127.9.9.9");
    assert_int_equal(guard_kernel_set(&one, 1, v6, 0), 0);
    assert_false(connects("127.9.9.9", port));
    guard_kernel_close();
    assert_true(connects("127.9.9.9", port)); /* the table went with the socket */
    close(fd);
    close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contained_prefixes_are_left_out),
        cmocka_unit_test(the_kernel_drops_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
