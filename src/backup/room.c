/* The settings of backups. They are made by `skep backup now`, a process of its own beside the box:
 * the box itself, which strangers talk to, can neither read the second place nor write to it. */
#include "backup/backup.h"
#include "backup/internal.h"
#include "core/metrics.h"
#include "core/room.h"

static const char *data_dir;

static int64_t newest_verified_s(void *ctx)
{
    (void)ctx;
    return record_newest_verified_ms(data_dir) / 1000;
}

static int backup_start(struct house *house)
{
    data_dir = house->data_dir;
    metric_gauge("skep_backup_verified_seconds",
                 "when the newest proven backup was made, Unix time; 0: none yet",
                 newest_verified_s, NULL);
    return 0;
}

static const struct config_key config_keys[] = {
    {"backup.place", CONFIG_PATH, NULL, 0, 0, "folder of the second place for backups"},
    {"backup.key", CONFIG_PATH, NULL, 0, 0, "public half of the operator's backup key"},
    {0},
};

const struct room backup_room = {.name = "backup", .config = config_keys, .start = backup_start};
