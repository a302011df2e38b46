/* Sharing a camera by viewer keys (sealed.md 5.3, 5.4): the signed list, the claim of a guest, the
 * link that invites. Pure; both sides of a camera use it. Any thread. */
#ifndef SK_SDK_SHARE_H
#define SK_SDK_SHARE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/keyid.h"
#include "wire/access_list.h"
#include "wire/label.h"

enum { SDK_SHARE_SECRET_BYTES = 16, SDK_CLAIM_BYTES = 32, SDK_SHARE_ACCOUNT_MAX = 64 };

/* SHA-256 of the signed part: what hello reports and what the signature is over. */
void sdk_list_hash(uint8_t hash[32], const uint8_t *list, const struct wire_list *head);

/* Build and sign: `head->owner` is set from the secret. `out` takes WIRE_LIST_MAX. -SK_EINVAL: not
 * a list that a camera would take (see wire_list_decode), or no scalar. */
SK_MUST int sdk_list_sign(uint8_t *out, size_t *len, struct wire_list *head,
                          const struct wire_list_entry *entries, const uint8_t owner_secret[32]);

/* Is `list`, which wire_list_decode read into `head`, signed by this owner key? -SK_ECRYPTO. */
SK_MUST int sdk_list_verify(const uint8_t *list, const struct wire_list *head,
                            const uint8_t owner_public[65]);

/* First 16 bytes of SHA-256(account id). */
void sdk_account_tag(uint8_t tag[16], const char *account);

/* What a guest shows for having the link: HMAC-SHA-256(secret, "skep-seal/1 claim\0" ||
 * lp8(account) || lp8(device) || public key). -SK_EINVAL: account or device too long. */
SK_MUST int sdk_claim_make(uint8_t claim[32], const uint8_t secret[16], const char *account,
                           const char *device, const uint8_t public_key[65]);
/* Compared in constant time. -SK_ECRYPTO: made with another secret, account, camera or key (or the
 * point is none): never sign. */
SK_MUST int sdk_claim_check(const uint8_t claim[32], const uint8_t secret[16], const char *account,
                            const char *device, const uint8_t public_key[65]);

/* An invitation: https://box/join#d=<device>&s=<secret>&k=<camera fingerprint>. Holds a secret. */
struct sdk_invitation {
    char device[WIRE_LABEL_DEVICE_LEN + 1];
    uint8_t secret[16];
    char fingerprint[CRYPTO_FINGERPRINT_SIZE];
};

/* Write the link for the box at `host` ("name" or "name:port"). -SK_ETOOBIG. */
SK_MUST int sdk_invitation_write(char *out, size_t cap, const char *host,
                                 const struct sdk_invitation *i);
/* Read what the fragment holds (members in any order, each once, none else); the part before '#'
 * is copied into `origin` up to "/join" ("https://host:port"). -SK_EINVAL. */
SK_MUST int sdk_invitation_read(struct sdk_invitation *out, char *origin, size_t cap,
                                const char *link);

#endif
