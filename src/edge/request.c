/* The request table: what the edge knows of a request while `http` works on it. The only way in is
 * the secret of this process, which never leaves the loopback connection. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "edge/internal.h"

enum { SECRET_BYTES = 32, SLOT_TEXT = 16 };

struct place {
    struct edge_request *row; /* NULL = free */
    uint32_t turn;            /* how often the place was used: an old slot finds nothing */
};

static struct {
    pthread_mutex_t lock;
    int has_secret;
    char secret[SK_HEX_SIZE(SECRET_BYTES)];
    struct place places[EDGE_PARALLEL_MAX];
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

const char *request_secret(void)
{
    pthread_mutex_lock(&table.lock);
    if (!table.has_secret) {
        uint8_t raw[SECRET_BYTES];
        sk_random(raw, sizeof(raw));
        sk_hex_encode(table.secret, raw, sizeof(raw));
        sk_wipe(raw, sizeof(raw));
        table.has_secret = 1;
    }
    pthread_mutex_unlock(&table.lock);
    return table.secret;
}

void request_table_fini(void)
{
    pthread_mutex_lock(&table.lock);
    sk_wipe(table.secret, sizeof(table.secret));
    table.has_secret = 0;
    pthread_mutex_unlock(&table.lock);
}

static void slot_write(char slot[20], size_t index, uint32_t turn)
{
    uint8_t raw[SLOT_TEXT / 2];
    sk_put_u32(raw, (uint32_t)index);
    sk_put_u32(raw + 4, turn);
    sk_hex_encode(slot, raw, sizeof(raw));
}

/* The place that a slot's text names and that is in use for it, or NULL. */
static struct place *place_find_locked(const char *slot, size_t len)
{
    uint8_t raw[SLOT_TEXT / 2];
    size_t raw_len;
    if (len != SLOT_TEXT || sk_hex_decode(raw, sizeof(raw), &raw_len, slot, len) != 0)
        return NULL;
    uint32_t index = sk_get_u32(raw);
    if (index >= EDGE_PARALLEL_MAX)
        return NULL;
    struct place *p = &table.places[index];
    return p->row != NULL && p->turn == sk_get_u32(raw + 4) ? p : NULL;
}

int request_add(struct edge_request *row, char slot[20])
{
    int rc = -SK_ELIMIT;
    pthread_mutex_lock(&table.lock);
    for (size_t i = 0; i < EDGE_PARALLEL_MAX && rc != 0; i++) {
        if (table.places[i].row != NULL)
            continue;
        table.places[i].row = row;
        table.places[i].turn++;
        slot_write(slot, i, table.places[i].turn);
        rc = 0;
    }
    pthread_mutex_unlock(&table.lock);
    return rc;
}

void request_remove(char slot[20])
{
    pthread_mutex_lock(&table.lock);
    struct place *p = place_find_locked(slot, strlen(slot));
    if (p != NULL)
        p->row = NULL;
    pthread_mutex_unlock(&table.lock);
    slot[0] = '\0';
}

int edge_request_find(const char *skep_request, struct edge_request *out)
{
    enum { SECRET_TEXT = SECRET_BYTES * 2 };
    const char *secret = request_secret();
    size_t len = strlen(skep_request);
    if (len <= SECRET_TEXT || skep_request[SECRET_TEXT] != '.' ||
        !sk_equal_ct(skep_request, secret, SECRET_TEXT))
        return -SK_EAUTH;
    const char *slot = skep_request + SECRET_TEXT + 1;
    int rc = -SK_ENOTFOUND;
    pthread_mutex_lock(&table.lock);
    struct place *p = place_find_locked(slot, strlen(slot));
    if (p != NULL) {
        *out = *p->row;
        rc = 0;
    }
    pthread_mutex_unlock(&table.lock);
    return rc;
}
