/* The rooms in start order. Adding a room adds one line. The edge is last: the door opens when the
 * house is ready, and closes first; http before it has seen every route and the rule for it. The
 * audit log is first, and so stops last: it hears what all others do, their end included. */
#include "account/account.h"
#include "alert/alert.h"
#include "app/app.h"
#include "audit/audit.h"
#include "backup/backup.h"
#include "core/room.h"
#include "device/device.h"
#include "edge/edge.h"
#include "guard/guard.h"
#include "http/http.h"
#include "monitor/monitor.h"
#include "outbound/outbound.h"
#include "relay/relay.h"
#include "share/share.h"
#include "sso/sso.h"

const struct room *const *rooms_list(void)
{
    static const struct room *const rooms[] = {
        /* clang-format off */ /* one line a room */
        &audit_room,
        &account_room,
        &app_room,
        &outbound_room,
        &sso_room,
        &guard_room,
        &monitor_room,
        &device_room,
        &share_room,
        &relay_room,
        &alert_room,
        &backup_room,
        &http_room,
        &edge_room,
        NULL,
        /* clang-format on */
    };

    return rooms;
}
