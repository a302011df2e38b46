/* Sharing a camera with another account: the directory of viewer keys, the claims of guests, the
 * grants that go with an owner's signed list, and that list while the camera is away. The box reads
 * lists and decides nothing by them; the secret of a link never reaches it. See
 * docs/design/shares.md. */
#ifndef SK_SHARE_SHARE_H
#define SK_SHARE_SHARE_H

#include "core/room.h"

extern const struct room share_room;

#endif
