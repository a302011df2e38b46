/* The settings of backups. They are made by `skep backup now`, a process of its own beside the box:
 * the box itself, which strangers talk to, can neither read the second place nor write to it. */
#include "backup/backup.h"
#include "core/room.h"

static const struct config_key config_keys[] = {
    {"backup.place", CONFIG_PATH, NULL, 0, 0, "folder of the second place for backups"},
    {"backup.key", CONFIG_PATH, NULL, 0, 0, "public half of the operator's backup key"},
    {0},
};

const struct room backup_room = {.name = "backup", .config = config_keys};
