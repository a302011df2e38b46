/* Passkeys: what a relying party checks (WebAuthn level 2, 7.1 and 7.2). Pure: no clock, no store,
 * no network. Attestation is not asked for: we take a key for what it is, not for who made it. */
#ifndef SK_ACCOUNT_PASSKEY_H
#define SK_ACCOUNT_PASSKEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    PASSKEY_CREDENTIAL_MAX = 1023, /* bytes, WebAuthn 4 */
    PASSKEY_KEY_MAX = 640,         /* a COSE_Key of RSA 4096 with room to spare */
    PASSKEY_CLIENT_DATA_MAX = 2048,
    PASSKEY_AUTH_DATA_MAX = 2560,
    PASSKEY_ATTESTATION_MAX = 4096,
    PASSKEY_SIGNATURE_MAX = 512,
    PASSKEY_USER_MAX = 64
};

/* Borrowed bytes. */
struct passkey_bytes {
    const uint8_t *data;
    size_t len;
};

/* What a ceremony must be bound to. */
struct passkey_expect {
    const char *rp;             /* the RP id: a host name */
    const char *const *origins; /* ended by NULL; compared whole */
    struct passkey_bytes challenge;
};

/* Which check failed: the contract's `reason`, also told to the log. */
enum passkey_fault {
    PASSKEY_OK,
    PASSKEY_FORM,         /* not what the standard lays out */
    PASSKEY_TYPE,         /* made for the other ceremony */
    PASSKEY_CHALLENGE,    /* not the one that was given */
    PASSKEY_ORIGIN,       /* made on another page */
    PASSKEY_CROSS_ORIGIN, /* made inside somebody's frame */
    PASSKEY_RP,           /* made for another host */
    PASSKEY_PRESENCE,     /* nobody touched it */
    PASSKEY_VERIFICATION, /* nobody was recognised by it */
    PASSKEY_CREDENTIAL,   /* no credential in it, or one where none belongs */
    PASSKEY_ALGORITHM,    /* neither ES256 nor RS256 */
    PASSKEY_KEY,          /* no sound public key */
    PASSKEY_ATTESTATION,  /* an attestation that was not asked for, or a wrong one */
    PASSKEY_USER,         /* of another account */
    PASSKEY_SIGNATURE,
    PASSKEY_COUNT, /* the counter fell back: there may be a copy */
    PASSKEY_FAULTS
};
const char *passkey_fault_name(enum passkey_fault f);

/* 1 when the host can be an RP id: a name, in small letters, not an address. */
int passkey_rp_is_name(const char *host);

/* A new credential; copies. */
struct passkey_made {
    uint8_t credential[PASSKEY_CREDENTIAL_MAX];
    size_t credential_len;
    uint8_t key[PASSKEY_KEY_MAX]; /* COSE_Key, checked */
    size_t key_len;
    uint32_t sign_count;
    int backed_up;
};

/* navigator.credentials.create(): WebAuthn 7.1. */
SK_MUST enum passkey_fault passkey_made_check(const struct passkey_expect *want,
                                              struct passkey_bytes client_data,
                                              struct passkey_bytes attestation,
                                              struct passkey_made *out);

/* What an authenticator answers to navigator.credentials.get(). `user.data` NULL: not given. */
struct passkey_assertion {
    struct passkey_bytes credential, client_data, auth_data, signature, user;
};

/* The stored side. */
struct passkey_known {
    struct passkey_bytes key; /* COSE_Key as stored */
    uint32_t sign_count;
    const char *user; /* user handle it was made with */
    int user_must;    /* 1: the answer must name its user (nobody has said who it is) */
};

/* WebAuthn 7.2; `*sign_count` and `*backed_up` are what to store. */
SK_MUST enum passkey_fault passkey_assertion_check(const struct passkey_expect *want,
                                                   const struct passkey_known *known,
                                                   const struct passkey_assertion *a,
                                                   uint32_t *sign_count, int *backed_up);

/* The challenge that an answer claims to be for, unchecked: its bytes. -SK_EINVAL. */
SK_MUST int passkey_claimed_challenge(struct passkey_bytes client_data, uint8_t *out, size_t cap,
                                      size_t *len);

#endif
