/* Signing in through somebody else's identity provider: OpenID Connect, authorization code flow
 * with PKCE. Accounts and sessions are the account room's; this room only ever asks it to open and
 * close them. */
#ifndef SK_SSO_SSO_H
#define SK_SSO_SSO_H

#include "core/room.h"

extern const struct room sso_room;

#endif
