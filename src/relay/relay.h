/* The blind relay: one publisher, many viewers, ciphertext in locked memory for at most 4 s. */
#ifndef SK_RELAY_RELAY_H
#define SK_RELAY_RELAY_H

#include "core/room.h"

extern const struct room relay_room;

#endif
