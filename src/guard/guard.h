/* Isolates abnormal sources in stages: scores what the other rooms tell of each source (the seam of
 * core/abuse.h), lets the score decay, and treats the source by it until that runs out. Fills the
 * `abuse` and `admit` seams; nobody includes this room but the list of rooms. */
#ifndef SK_GUARD_GUARD_H
#define SK_GUARD_GUARD_H

#include "core/room.h"

extern const struct room guard_room;

#endif
