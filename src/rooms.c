/* The rooms in start order. Adding a room adds one line. The edge is last: the door opens when the
 * house is ready, and closes first. */
#include "account/account.h"
#include "core/room.h"
#include "device/device.h"
#include "edge/edge.h"
#include "http/http.h"
#include "relay/relay.h"

const struct room *const *rooms_list(void)
{
    static const struct room *const rooms[] = {
        &http_room, &account_room, &device_room, &relay_room, &edge_room, NULL,
    };

    return rooms;
}
