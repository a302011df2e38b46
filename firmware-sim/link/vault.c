#include "firmware-sim/link/vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { FILE_MAX = 16384 };

static int part_read(const struct vault *v, const char *name, struct sk_buf *out)
{
    char *path = sk_path_join(v->dir, name);
    int err = sk_file_read(out, path);

    free(path);
    return err == -SK_ENOTFOUND ? 0 : err;
}

static int part_write(const struct vault *v, const char *name, const void *data, size_t len)
{
    char *path = sk_path_join(v->dir, name);
    int err = sk_file_write(path, data, len, 0600);

    free(path);
    return err;
}

int vault_open(struct vault *v, const char *dir, unsigned number)
{
    struct sk_buf id;
    char name[16];

    memset(v, 0, sizeof(*v));
    sk_buf_init(&v->key, FILE_MAX);
    sk_buf_init(&v->cert, FILE_MAX);
    sk_buf_init(&v->state, FILE_MAX);
    sk_buf_init(&v->ticket, FILE_MAX);
    sk_buf_init(&v->presets, FILE_MAX);
    sk_buf_init(&id, VAULT_ID_SIZE - 1);
    snprintf(name, sizeof(name), "%05u", number);
    v->dir = sk_path_join(dir, name);
    int err = sk_dir_make(v->dir, 0700);
    if (!err)
        err = part_read(v, "id", &id);
    if (!err && id.len == VAULT_ID_SIZE - 1)
        memcpy(v->device, id.data, VAULT_ID_SIZE);
    if (!err)
        err = part_read(v, "key.der", &v->key);
    if (!err)
        err = part_read(v, "cert.der", &v->cert);
    if (!err)
        err = part_read(v, "state", &v->state);
    if (!err)
        err = part_read(v, "ticket", &v->ticket);
    if (!err)
        err = part_read(v, "presets", &v->presets);
    sk_buf_fini(&id);
    return err;
}

void vault_close(struct vault *v)
{
    sk_buf_fini_wipe(&v->key);
    sk_buf_fini(&v->cert);
    sk_buf_fini_wipe(&v->state);
    sk_buf_fini_wipe(&v->ticket);
    sk_buf_fini(&v->presets);
    free(v->dir);
    v->dir = NULL;
}

int vault_save_identity(struct vault *v)
{
    int err = part_write(v, "key.der", v->key.data, v->key.len);

    if (!err)
        err = part_write(v, "cert.der", v->cert.data, v->cert.len);
    if (!err)
        err = part_write(v, "id", v->device, VAULT_ID_SIZE - 1);
    return err;
}

int vault_save_state(struct vault *v, const void *state, size_t len)
{
    int err = part_write(v, "state", state, len);

    if (err)
        return err;
    sk_buf_reset(&v->state);
    return sk_buf_add(&v->state, state, len);
}

int vault_save_ticket(struct vault *v)
{
    return part_write(v, "ticket", v->ticket.data, v->ticket.len);
}

int vault_save_presets(struct vault *v, const void *data, size_t len)
{
    return part_write(v, "presets", data, len);
}
