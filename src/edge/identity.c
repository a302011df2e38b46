/* Who the box is on the network: its own small authority and server certificate, made at first
 * start, or the owner's certificate, read anew when its files change; and the keys of the session
 * tickets, which survive a restart so that a fleet comes back by resumption. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "core/audit.h"
#include "crypto/kdf.h"
#include "crypto/wipe.h"
#include "crypto/x509.h"
#include "edge/internal.h"

#define DAY_MS (24LL * 3600 * 1000)

enum {
    CA_DAYS = 3650,
    SERVER_DAYS = 397, /* what browsers take from public authorities; ours renews itself anyway */
    RENEW_DAYS = 30,
    TICKET_EPOCH = 1,
    TICKET_FILE_MAX = 16384,
    NAMES_MAX = 1024,
    SECRET_MODE = 0600
};

/* What is in use; replaced as a whole. */
struct identity {
    struct sk_buf cert, key; /* as given to TLS */
    struct sk_buf ca;        /* PEM for clients */
    uint8_t fingerprint[X509_FINGERPRINT_SIZE];
    int64_t not_after_ms;
};

static struct {
    pthread_mutex_t lock;
    char *dir, *cert_path, *key_path, *host; /* paths NULL: our own */
    struct identity now;
    struct ticket_keys *tickets;
    struct timespec cert_time, key_time; /* of the owner's files, as last seen */
} id = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* `fingerprint` may be NULL. */
static void certificate_note(const char *action, const uint8_t *fingerprint, const char *result)
{
    char hex[SK_HEX_SIZE(X509_FINGERPRINT_SIZE)] = "";
    if (fingerprint != NULL)
        sk_hex_encode(hex, fingerprint, X509_FINGERPRINT_SIZE);
    audit_note(AUDIT(.at_ms = sk_clock_wall_ms(), .actor_kind = "box", .action = action,
                     .object_kind = "certificate", .object = hex, .result = result));
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static void identity_init(struct identity *i)
{
    memset(i, 0, sizeof(*i));
    sk_buf_init(&i->cert, X509_PEM_MAX);
    sk_buf_init(&i->key, X509_PEM_MAX);
    sk_buf_init(&i->ca, X509_PEM_MAX);
}

static void identity_fini(struct identity *i)
{
    sk_buf_fini(&i->cert);
    sk_buf_fini_wipe(&i->key);
    sk_buf_fini(&i->ca);
}

static int file_read(struct sk_buf *out, const char *name)
{
    char *path = sk_path_join(id.dir, name);
    int rc = sk_file_read(out, path);
    free(path);
    return rc;
}

static int file_write(const char *name, const struct sk_buf *data)
{
    char *path = sk_path_join(id.dir, name);
    int rc = sk_file_write(path, data->data, data->len, SECRET_MODE);
    free(path);
    return rc;
}

/* Facts of the certificate that TLS will show. */
static int facts_read(struct identity *i)
{
    struct x509_info info;
    struct sk_buf der;
    sk_buf_init(&der, X509_CERT_MAX);
    int rc = x509_cert_read(&der, i->cert.data, i->cert.len);
    if (rc == 0)
        rc = x509_cert_info(&info, der.data, der.len);
    if (rc == 0) {
        memcpy(i->fingerprint, info.fingerprint, sizeof(i->fingerprint));
        i->not_after_ms = info.not_after_ms;
    }
    sk_buf_fini(&der);
    return rc;
}

/* ---- our own authority ----------------------------------------------------------------------- */

struct authority {
    struct x509_key *key;
    struct sk_buf der;
};

static int authority_make(struct authority *ca, int64_t wall_ms)
{
    const struct x509_validity validity = {wall_ms - DAY_MS, wall_ms + CA_DAYS * DAY_MS};
    struct sk_buf pem, key_pem;
    sk_buf_init(&pem, X509_PEM_MAX);
    sk_buf_init(&key_pem, X509_PEM_MAX);
    int rc = x509_key_new(&ca->key);
    if (rc == 0)
        rc = x509_ca_make(&ca->der, ca->key, "Skep server authority", &validity);
    if (rc == 0)
        rc = x509_key_write_pem(&key_pem, ca->key);
    if (rc == 0)
        rc = x509_cert_write_pem(&pem, ca->der.data, ca->der.len);
    if (rc == 0)
        rc = file_write("ca.key", &key_pem);
    if (rc == 0)
        rc = file_write("ca.crt", &pem);
    if (rc == 0)
        log_info("edge", "authority-made", "dir=%s", id.dir);
    if (rc == 0)
        certificate_note("certificate.authority-made", NULL, NULL);
    sk_buf_fini(&pem);
    sk_buf_fini_wipe(&key_pem);
    return rc;
}

/* Read ca.key and ca.crt, or make them where there are none. */
static int authority_load(struct authority *ca, int64_t wall_ms)
{
    struct sk_buf pem, key_pem;
    struct x509_info info;
    ca->key = NULL;
    sk_buf_init(&ca->der, X509_CERT_MAX);
    sk_buf_init(&pem, X509_PEM_MAX);
    sk_buf_init(&key_pem, X509_PEM_MAX);
    int rc_cert = file_read(&pem, "ca.crt"), rc = file_read(&key_pem, "ca.key");
    if (rc == -SK_ENOTFOUND && rc_cert == -SK_ENOTFOUND) {
        rc = authority_make(ca, wall_ms);
        goto out;
    }
    rc = rc != 0 ? rc : rc_cert;
    if (rc == 0)
        rc = x509_key_parse(&ca->key, key_pem.data, key_pem.len);
    if (rc == 0)
        rc = x509_cert_read(&ca->der, pem.data, pem.len);
    if (rc == 0)
        rc = x509_cert_info(&info, ca->der.data, ca->der.len);
    if (rc != 0) {
        log_error("edge", "authority-unreadable", "dir=%s error=%s", id.dir, sk_error_slug(rc));
    } else if (info.not_after_ms - wall_ms < SERVER_DAYS * DAY_MS) {
        x509_key_free(ca->key);
        sk_buf_reset(&ca->der);
        rc = authority_make(ca, wall_ms);
    }
out:
    sk_buf_fini(&pem);
    sk_buf_fini_wipe(&key_pem);
    return rc;
}

static void authority_fini(struct authority *ca)
{
    x509_key_free(ca->key);
    sk_buf_fini(&ca->der);
}

/* ---- our own certificate --------------------------------------------------------------------- */

struct names {
    const char *list[8];
    char text[NAMES_MAX]; /* one a line, as kept beside the certificate */
    char machine[256];
};

/* Whether the machine's own name may be in the certificate. The name that a container engine makes
 * up (12 hexadecimal digits, new with every container) is nobody's address, and would cost a new
 * certificate each time. */
static int machine_name_is_usable(const char *name)
{
    size_t len = strlen(name), hex = strspn(name, "0123456789abcdef");
    size_t plain = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
    return len > 0 && plain == len && !(len == 12 && hex == 12) && name[0] != '.' &&
           name[0] != '-' && strcmp(name, "localhost") != 0 && strcmp(name, id.host) != 0;
}

static int names_make(struct names *n)
{
    size_t count = 0, at = 0;
    memset(n, 0, sizeof(*n));
    n->list[count++] = "localhost";
    n->list[count++] = "127.0.0.1";
    n->list[count++] = "::1";
    if (strcmp(id.host, "localhost") != 0)
        n->list[count++] = id.host;
    if (gethostname(n->machine, sizeof(n->machine) - 1) == 0 && machine_name_is_usable(n->machine))
        n->list[count++] = n->machine;
    for (size_t i = 0; i < count; i++) {
        int len = snprintf(n->text + at, sizeof(n->text) - at, "%s\n", n->list[i]);
        if (len < 0 || (size_t)len >= sizeof(n->text) - at)
            return -SK_ETOOBIG;
        at += (size_t)len;
    }
    return 0;
}

/* 1 when server.crt still serves: our authority's, of these names, not soon to expire. */
static int certificate_holds(const struct identity *i, const struct authority *ca,
                             const struct names *names, int64_t wall_ms)
{
    struct sk_buf der, text;
    sk_buf_init(&der, X509_CERT_MAX);
    sk_buf_init(&text, NAMES_MAX);
    int ok = file_read(&text, "server.names") == 0 && text.len == strlen(names->text) &&
             memcmp(text.data, names->text, text.len) == 0 &&
             x509_cert_read(&der, i->cert.data, i->cert.len) == 0 &&
             x509_cert_check(der.data, der.len, ca->der.data, ca->der.len) == 0 &&
             i->not_after_ms - wall_ms >= RENEW_DAYS * DAY_MS;
    sk_buf_fini(&der);
    sk_buf_fini(&text);
    return ok;
}

static int certificate_make(struct identity *i, const struct authority *ca,
                            const struct names *names, int64_t wall_ms)
{
    const struct x509_issuer issuer = {ca->key, ca->der.data, ca->der.len};
    const struct x509_validity validity = {wall_ms - DAY_MS, wall_ms + SERVER_DAYS * DAY_MS};
    struct x509_key *key = NULL;
    struct sk_buf der, text;
    sk_buf_init(&der, X509_CERT_MAX);
    sk_buf_init(&text, NAMES_MAX);
    /* The key stays from certificate to certificate: the ticket keys are sealed under it. */
    int rc = i->key.len > 0 ? x509_key_parse(&key, i->key.data, i->key.len) : -SK_ENOTFOUND;
    if (rc != 0) {
        sk_buf_reset(&i->key);
        rc = x509_key_new(&key);
        if (rc == 0)
            rc = x509_key_write_pem(&i->key, key);
        if (rc == 0)
            rc = file_write("server.key", &i->key);
    }
    sk_buf_reset(&i->cert);
    if (rc == 0)
        rc = x509_server_issue(&der, &issuer, key, id.host, names->list, &validity);
    if (rc == 0)
        rc = x509_cert_write_pem(&i->cert, der.data, der.len);
    if (rc == 0)
        rc = file_write("server.crt", &i->cert);
    if (rc == 0)
        rc = sk_buf_add_str(&text, names->text);
    if (rc == 0)
        rc = file_write("server.names", &text);
    if (rc == 0)
        rc = facts_read(i);
    if (rc == 0)
        log_info("edge", "certificate-made", "host=%s days=%d", id.host, SERVER_DAYS);
    if (rc == 0)
        certificate_note("certificate.made", i->fingerprint, NULL);
    x509_key_free(key);
    sk_buf_fini(&der);
    sk_buf_fini(&text);
    return rc;
}

static int own_load(struct identity *i, int64_t wall_ms)
{
    struct authority ca;
    struct names names;
    int rc = names_make(&names);
    if (rc != 0)
        return rc;
    rc = authority_load(&ca, wall_ms);
    if (rc != 0)
        goto out;
    int rc_key = file_read(&i->key, "server.key"), rc_cert = file_read(&i->cert, "server.crt");
    if (rc_key != 0 || rc_cert != 0 || facts_read(i) != 0 ||
        !certificate_holds(i, &ca, &names, wall_ms))
        rc = certificate_make(i, &ca, &names, wall_ms);
    if (rc == 0)
        rc = x509_cert_write_pem(&i->ca, ca.der.data, ca.der.len);
out:
    authority_fini(&ca);
    return rc;
}

/* ---- the owner's certificate ----------------------------------------------------------------- */

static int owner_load(struct identity *i)
{
    struct stat st;
    int rc = sk_file_read(&i->cert, id.cert_path);
    if (rc == 0)
        rc = sk_file_read(&i->key, id.key_path);
    if (rc == 0)
        rc = facts_read(i);
    if (rc == 0)
        rc = sk_buf_add(&i->ca, i->cert.data, i->cert.len);
    if (rc == 0 && stat(id.key_path, &st) == 0 && (st.st_mode & 077) != 0)
        log_warn("edge", "key-readable-by-others", "path=%s", id.key_path);
    return rc;
}

/* 1 when one of the owner's files is another than at the last look. */
static int owner_changed(void)
{
    struct stat cert, key;
    if (stat(id.cert_path, &cert) != 0 || stat(id.key_path, &key) != 0)
        return 0; /* in the middle of being replaced */
    int changed = memcmp(&cert.st_mtim, &id.cert_time, sizeof(cert.st_mtim)) != 0 ||
                  memcmp(&key.st_mtim, &id.key_time, sizeof(key.st_mtim)) != 0;
    id.cert_time = cert.st_mtim;
    id.key_time = key.st_mtim;
    return changed;
}

/* Certificate and key must fit each other before they replace what works. */
static int identity_try(const struct identity *i)
{
    struct tls_config *cfg = NULL;
    const struct tls_server_options o = {
        .cert = i->cert.data, .cert_len = i->cert.len, .key = i->key.data, .key_len = i->key.len};
    int rc = tls_config_server_new(&cfg, &o);
    tls_config_drop(cfg);
    return rc;
}

static int identity_load(struct identity *i, int64_t wall_ms)
{
    identity_init(i);
    int rc = id.cert_path != NULL ? owner_load(i) : own_load(i, wall_ms);
    if (rc == 0)
        rc = identity_try(i);
    if (rc != 0)
        identity_fini(i);
    return rc;
}

/* ---- tickets --------------------------------------------------------------------------------- */

static void kek_make(uint8_t kek[TICKET_KEK_SIZE])
{
    static const char salt[] = "skep edge", info[] = "session ticket keys";
    uint8_t prk[32];
    crypto_hkdf_extract(prk, salt, sizeof(salt) - 1, id.now.key.data, id.now.key.len);
    crypto_hkdf_expand(kek, TICKET_KEK_SIZE, prk, info, sizeof(info) - 1);
    crypto_wipe(prk, sizeof(prk));
}

static void tickets_save(void)
{
    uint8_t kek[TICKET_KEK_SIZE];
    struct sk_buf b;
    sk_buf_init(&b, TICKET_FILE_MAX);
    kek_make(kek);
    int rc = ticket_keys_save(&b, id.tickets, kek);
    if (rc == 0)
        rc = file_write("tickets", &b);
    if (rc != 0)
        log_warn("edge", "tickets-not-saved", "error=%s", sk_error_slug(rc));
    crypto_wipe(kek, sizeof(kek));
    sk_buf_fini_wipe(&b);
}

static void tickets_load(int64_t wall_ms)
{
    uint8_t kek[TICKET_KEK_SIZE];
    struct sk_buf b;
    sk_buf_init(&b, TICKET_FILE_MAX);
    kek_make(kek);
    int rc = file_read(&b, "tickets");
    if (rc == 0)
        rc = ticket_keys_load(&id.tickets, b.data, b.len, kek, wall_ms);
    if (rc != 0) {
        if (rc != -SK_ENOTFOUND)
            log_warn("edge", "tickets-renewed", "reason=%s", sk_error_slug(rc));
        id.tickets = ticket_keys_new(TICKET_EPOCH, wall_ms);
    }
    crypto_wipe(kek, sizeof(kek));
    sk_buf_fini_wipe(&b);
    tickets_save();
}

/* ---- the room's side ------------------------------------------------------------------------- */

int identity_start(const struct identity_options *o)
{
    int64_t wall_ms = sk_clock_wall_ms();
    id.dir = sk_strdup(o->dir);
    id.host = sk_strdup(o->host);
    if ((o->cert_path != NULL) != (o->key_path != NULL)) {
        log_error("edge", "certificate-without-key", "set edge.certificate and edge.key or none");
        return -SK_EINVAL;
    }
    if (o->cert_path != NULL) {
        id.cert_path = sk_strdup(o->cert_path);
        id.key_path = sk_strdup(o->key_path);
        (void)owner_changed();
    }
    int rc = sk_dir_make(id.dir, 0700);
    if (rc == 0)
        rc = identity_load(&id.now, wall_ms);
    if (rc != 0) {
        log_error("edge", "no-identity", "error=%s", sk_error_slug(rc));
        return rc;
    }
    tickets_load(wall_ms);
    return 0;
}

int identity_tls(struct tls_config **out, const struct identity_tls_options *o)
{
    pthread_mutex_lock(&id.lock);
    const struct tls_server_options server = {
        .cert = id.now.cert.data,
        .cert_len = id.now.cert.len,
        .key = id.now.key.data,
        .key_len = id.now.key.len,
        .alpn = o->alpn,
        .mutual_alpn = o->mutual,
        .device_ca = o->device_ca,
        .device_ca_len = o->device_ca != NULL ? strlen(o->device_ca) : 0,
        .tickets = id.tickets,
        .may_resume = o->may_resume,
    };
    int rc = tls_config_server_new(out, &server);
    pthread_mutex_unlock(&id.lock);
    return rc;
}

int identity_check(int64_t wall_ms, int force)
{
    struct identity fresh;
    int changed = 0, is_due = id.cert_path != NULL
                                  ? owner_changed()
                                  : id.now.not_after_ms - wall_ms < RENEW_DAYS * DAY_MS;
    if (is_due || force) {
        int rc = identity_load(&fresh, wall_ms);
        if (rc != 0) {
            log_warn("edge", "certificate-refused", "error=%s", sk_error_slug(rc));
            certificate_note("certificate.changed", NULL, "failed");
        } else {
            pthread_mutex_lock(&id.lock);
            changed = memcmp(fresh.fingerprint, id.now.fingerprint, sizeof(fresh.fingerprint)) != 0;
            struct identity old = id.now;
            id.now = fresh;
            pthread_mutex_unlock(&id.lock);
            identity_fini(&old);
            if (changed)
                certificate_note("certificate.changed", fresh.fingerprint, NULL);
        }
    }
    if (ticket_keys_rotate(id.tickets, wall_ms) || changed)
        tickets_save();
    return changed;
}

void identity_stop(void)
{
    ticket_keys_free(id.tickets);
    id.tickets = NULL;
    pthread_mutex_lock(&id.lock); /* a worker may still be answering */
    identity_fini(&id.now);
    pthread_mutex_unlock(&id.lock);
    free(id.dir);
    free(id.host);
    free(id.cert_path);
    free(id.key_path);
    id.dir = id.host = id.cert_path = id.key_path = NULL;
}

void edge_certificate_fingerprint(uint8_t out[32])
{
    pthread_mutex_lock(&id.lock);
    memcpy(out, id.now.fingerprint, 32);
    pthread_mutex_unlock(&id.lock);
}

int64_t edge_certificate_ends_ms(void)
{
    pthread_mutex_lock(&id.lock);
    int64_t ends_ms = id.now.not_after_ms;
    pthread_mutex_unlock(&id.lock);
    return ends_ms;
}

int edge_ca_pem(struct sk_buf *out)
{
    pthread_mutex_lock(&id.lock);
    int rc = id.now.ca.len > 0 ? sk_buf_add(out, id.now.ca.data, id.now.ca.len) : -SK_ENOTFOUND;
    pthread_mutex_unlock(&id.lock);
    return rc;
}
