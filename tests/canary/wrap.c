/* The test build of camera and viewer for the blindness test: what they derive and what they say
 * inside TLS is written to files, so that it can be looked for in the server. Put in at link time
 * (ld --wrap, see canary.mk) around calls into src/crypto; no source of the product knows of it.
 * SKEP_CANARY_SECRETS: file that takes "name hex" lines. SKEP_CANARY_TAP: folder that takes one
 * file for each TLS session and direction. SKEP_CANARY_TALK: file whose bytes are said behind each
 * unit of talk. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/p256.h"
#include "crypto/tls.h"
#include "sdk/label.h"
#include "sdk/viewer.h"
#include "wire/label.h"

/* Its name in the symbol table tells this build from a release. */
extern const char canary_mark[] __asm__("SKEP_TEST_SECRETS");
const char canary_mark[] = "secrets are printed: test build";

static void secret_write(const char *name, const void *data, size_t len)
{
    const char *path = getenv("SKEP_CANARY_SECRETS");
    const uint8_t *p = data;
    char line[512];
    size_t n;

    if (!path || len < 12 || len > 200 || canary_mark[0] == '\0')
        return;
    n = (size_t)snprintf(line, 64, "%s ", name);
    for (size_t i = 0; i < len; i++, n += 2)
        snprintf(line + n, 3, "%02x", p[i]);
    line[n++] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, n) != (ssize_t)n || close(fd) < 0)
        abort(); /* a secret that is not looked for would make the test blind */
}

struct crypto_gcm *__real_crypto_gcm_new(const void *key, size_t len);
struct crypto_gcm *__wrap_crypto_gcm_new(const void *key, size_t len);
struct crypto_gcm *__wrap_crypto_gcm_new(const void *key, size_t len)
{
    secret_write("secret.aes-key", key, len);
    return __real_crypto_gcm_new(key, len);
}

void __real_crypto_hkdf_expand(uint8_t *out, size_t out_len, const uint8_t prk[32],
                               const void *info, size_t info_len);
void __wrap_crypto_hkdf_expand(uint8_t *out, size_t out_len, const uint8_t prk[32],
                               const void *info, size_t info_len);
void __wrap_crypto_hkdf_expand(uint8_t *out, size_t out_len, const uint8_t prk[32],
                               const void *info, size_t info_len)
{
    __real_crypto_hkdf_expand(out, out_len, prk, info, info_len);
    secret_write("secret.derived", out, out_len);
    secret_write("secret.prk", prk, 32);
}

void __real_crypto_hkdf_expand_parts(uint8_t *out, size_t out_len, const uint8_t prk[32],
                                     const struct crypto_part *parts, size_t count);
void __wrap_crypto_hkdf_expand_parts(uint8_t *out, size_t out_len, const uint8_t prk[32],
                                     const struct crypto_part *parts, size_t count);
void __wrap_crypto_hkdf_expand_parts(uint8_t *out, size_t out_len, const uint8_t prk[32],
                                     const struct crypto_part *parts, size_t count)
{
    __real_crypto_hkdf_expand_parts(out, out_len, prk, parts, count);
    secret_write("secret.derived", out, out_len);
}

int __real_crypto_p256_reduce(uint8_t out[32], const uint8_t *wide, size_t len);
int __wrap_crypto_p256_reduce(uint8_t out[32], const uint8_t *wide, size_t len);
int __wrap_crypto_p256_reduce(uint8_t out[32], const uint8_t *wide, size_t len)
{
    int err = __real_crypto_p256_reduce(out, wide, len);

    secret_write("secret.w", out, 32);
    return err;
}

void __real_sdk_label_from_seed(char code[WIRE_LABEL_CODE_SIZE], const uint8_t *seed, size_t len,
                                const char *device);
void __wrap_sdk_label_from_seed(char code[WIRE_LABEL_CODE_SIZE], const uint8_t *seed, size_t len,
                                const char *device);
void __wrap_sdk_label_from_seed(char code[WIRE_LABEL_CODE_SIZE], const uint8_t *seed, size_t len,
                                const char *device)
{
    __real_sdk_label_from_seed(code, seed, len, device);
    secret_write("secret.label", code, WIRE_LABEL_CODE_LEN);
    secret_write("secret.seed", seed, len);
}

static void tap(const struct tls_session *s, const char *way, const void *data, ssize_t len)
{
    const char *dir = getenv("SKEP_CANARY_TAP");
    char path[512];

    if (!dir || len <= 0)
        return;
    snprintf(path, sizeof(path), "%s/%d-%p.%s", dir, (int)getpid(), (const void *)s, way);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, (size_t)len) != len || close(fd) < 0)
        abort();
}

ssize_t __real_tls_session_read(struct tls_session *s, void *buf, size_t cap);
ssize_t __wrap_tls_session_read(struct tls_session *s, void *buf, size_t cap);
ssize_t __wrap_tls_session_read(struct tls_session *s, void *buf, size_t cap)
{
    ssize_t n = __real_tls_session_read(s, buf, cap);

    tap(s, "in", buf, n);
    return n;
}

ssize_t __real_tls_session_write(struct tls_session *s, const void *buf, size_t len);
ssize_t __wrap_tls_session_write(struct tls_session *s, const void *buf, size_t len);
ssize_t __wrap_tls_session_write(struct tls_session *s, const void *buf, size_t len)
{
    ssize_t n = __real_tls_session_write(s, buf, len);

    tap(s, "out", buf, n);
    return n;
}

/* `skep view --talk` says silence, in which nothing can be planted: let it say more. */
int __real_sdk_viewer_talk(struct sdk_viewer *v, uint64_t pts, const uint8_t *data, size_t len,
                           int64_t now_ms);
int __wrap_sdk_viewer_talk(struct sdk_viewer *v, uint64_t pts, const uint8_t *data, size_t len,
                           int64_t now_ms);
int __wrap_sdk_viewer_talk(struct sdk_viewer *v, uint64_t pts, const uint8_t *data, size_t len,
                           int64_t now_ms)
{
    const char *path = getenv("SKEP_CANARY_TALK");
    uint8_t said[256];
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd >= 0 ? read(fd, said + len, 32) : -1;

    if (n != 32 || len > sizeof(said) - 32)
        abort();
    close(fd);
    memcpy(said, data, len);
    return __real_sdk_viewer_talk(v, pts, said, len + 32, now_ms);
}
