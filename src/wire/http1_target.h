/* Private to wire/http1: request targets, split off because paths are where servers disagree. */
#ifndef SK_WIRE_HTTP1_TARGET_H
#define SK_WIRE_HTTP1_TARGET_H

#include "wire/http1.h"

/* Split the origin-form target into req->path and req->query; 0 or an error with req->reason. */
SK_MUST int http1_target_parse(struct http1_request *req, const char *target, size_t len);

/* Value of a hexadecimal digit, or -1. */
int http1_hex(char c);

#endif
