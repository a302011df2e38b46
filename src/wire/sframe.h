/* The SFrame header (RFC 9605 section 4.3): config byte, KID, CTR; shortest form only. Pure codec.
 */
#ifndef SK_WIRE_SFRAME_H
#define SK_WIRE_SFRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { WIRE_SFRAME_HEAD_MAX = 17, WIRE_SFRAME_TAG_BYTES = 16 };

/* Write the header of (kid, ctr); returns its length, 1..17. */
size_t wire_sframe_encode(uint8_t out[WIRE_SFRAME_HEAD_MAX], uint64_t kid, uint64_t ctr);

/* Read a header from the front of `in`; `*head_len` = its bytes. -SK_EINVAL when cut short or in
 * another than the shortest form. */
SK_MUST int wire_sframe_decode(uint64_t *kid, uint64_t *ctr, size_t *head_len, const uint8_t *in,
                               size_t len);

#endif
