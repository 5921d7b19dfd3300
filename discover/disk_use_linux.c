/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who uses a disk
 *
 * From sysfs and the kernel's own lists: no device is opened here. File systems that
 * nobody has mounted, and members of what was never assembled, are not seen so.
 */
#include "discover/disk_use.h"

#include <stdio.h>
#include <string.h>

#include "discover/mounts.h"
#include "lib/base/text.h"

#define MOUNTS_MAX  ((size_t)1 << 20)
#define POINTS_MAX  16 /* folders of one device: a machine with containers has hundreds */
#define UEVENT_MAX  4096
#define SECTOR_SIZE 512

/* clang-format off */
const struct field disk_user_fields[] = {
        {.name = "name",  .kind = FIELD_TEXT, .help = "md0, dm-3"},
        {.name = "kind",  .kind = FIELD_TEXT, .help = "md, lvm, luks, multipath, dm, bcache, zfs"},
        {.name = "label", .kind = FIELD_TEXT, .help = "its own name: vg0-root"},
        {.name = NULL},
};

const struct field disk_partition_fields[] = {
        {.name = "name",   .kind = FIELD_TEXT,   .help = "sda1"},
        {.name = "number", .kind = FIELD_NUMBER, .file = "partition", .help = "in the partition table"},
        {.name = "start",  .kind = FIELD_NUMBER, .file = "start", .scale = SECTOR_SIZE, .help = "byte of the disk"},
        {.name = "size",   .kind = FIELD_NUMBER, .file = "size", .scale = SECTOR_SIZE, .help = "bytes"},
        {.name = "read_only", .kind = FIELD_BOOL, .file = "ro", .help = "it cannot be written"},
        {.name = "type",   .kind = FIELD_TEXT,   .help = "in the partition table: a GUID, or 0x83"},
        {.name = "label",  .kind = FIELD_TEXT,   .help = "in the partition table"},
        {.name = "uuid",   .kind = FIELD_TEXT, .is_identity = true,   .help = "in the partition table"},
        DISK_USE_FIELDS,
        {.name = NULL},
};
/* clang-format on */

/* Of device mapper's: the part before the first dash of its UUID. */
static const struct {
        const char *prefix, *kind;
} mapper_kinds[] = {
        {"LVM-",   "lvm"      },
        {"CRYPT-", "luks"     },
        {"mpath-", "multipath"},
};

static struct doc *take_user(struct tree *tree, const char *name)
{
        struct doc *user = doc_object();
        char text[TREE_LINE_SIZE];

        (void)doc_set_text(user, "name", name);
        if (text_has_prefix(name, "md")) {
                (void)doc_set_text(user, "kind", "md");
                return user;
        }
        if (text_has_prefix(name, "bcache")) {
                (void)doc_set_text(user, "kind", "bcache");
                return user;
        }
        if (tree_line(tree, text, "sys/block/%s/dm/name", name))
                field_set_text(user, "label", text);
        if (!tree_line(tree, text, "sys/block/%s/dm/uuid", name))
                return user;
        for (size_t i = 0; i < ARRAY_SIZE(mapper_kinds); i++)
                if (text_has_prefix(text, mapper_kinds[i].prefix))
                        (void)doc_set_text(user, "kind", mapper_kinds[i].kind);
        if (!doc_get(user, "kind"))
                (void)doc_set_text(user, "kind", "dm");
        return user;
}

static void take_users(struct tree *tree, const char *folder, struct doc *to)
{
        _names_ struct tree_names names = {0};
        char path[TREE_PATH_MAX];
        struct doc *users;

        if (snprintf(path, sizeof(path), "%s/holders", folder) >= (int)sizeof(path) ||
            tree_list(tree, path, &names) < 0 || names.count == 0)
                return;
        users = doc_list();
        for (size_t i = 0; i < names.count; i++)
                (void)doc_append(users, take_user(tree, names.names[i]));
        (void)doc_set(to, "used_by", users);
}

/*
 * btrfs and overlays show a device of their own; their source still names ours, and
 * bcachefs names all of its devices there, with colons between them.
 */
static bool is_mount_of(const struct mount_row *row, const char *number, const char *name)
{
        const size_t len = strlen(name);

        if (number[0] && strcmp(row->device, number) == 0)
                return true;
        for (const char *at = row->source; *at; at += strcspn(at, ":"), at += *at == ':')
                if (text_has_prefix(at, "/dev/") && strcspn(at, ":") == strlen("/dev/") + len &&
                    strncmp(at + strlen("/dev/"), name, len) == 0)
                        return true;
        return false;
}

static void take_mounts(struct tree *tree, const char *number, const char *name, struct doc *to)
{
        const char *mounts, *swaps;
        struct mount_row row;
        struct doc *points = NULL;

        if (tree_borrow(tree, "proc/self/mountinfo", MOUNTS_MAX, &mounts, NULL) == 0)
                while (mounts_next(&mounts, &row)) {
                        if (!is_mount_of(&row, number, name) || doc_count(points) >= POINTS_MAX)
                                continue;
                        points = points ? points : doc_list();
                        field_append_text(points, row.point);
                        field_set_text(to, "file_system", row.type);
                }
        (void)doc_set(to, "mounted_on", points);
        if (tree_borrow(tree, "proc/swaps", MOUNTS_MAX, &swaps, NULL) == 0 &&
            mounts_is_swap(swaps, name))
                (void)doc_set_bool(to, "swap", true);
}

void disk_use_take(struct tree *tree, const char *folder, const char *name, struct doc *to)
{
        char number[TREE_LINE_SIZE];

        take_users(tree, folder, to);
        (void)tree_line(tree, number, "%s/dev", folder);
        take_mounts(tree, number, name, to);
}

/* "PARTNAME=EFI System" in a device's uevent. */
static void set_from_uevent(const char *uevent, const char *key, struct doc *to, const char *name)
{
        const size_t len = strlen(key);

        for (const char *line = uevent; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                char value[TREE_LINE_SIZE];

                if (strncmp(line, key, len) == 0 && line[len] == '=' &&
                    text_copy_bytes(value, sizeof(value), line + len + 1,
                                    strcspn(line + len + 1, "\n")) == 0)
                        field_set_text(to, name, value);
        }
}

static struct doc *take_partition(struct tree *tree, const char *folder, const char *name)
{
        struct doc *partition = doc_object();
        char path[TREE_PATH_MAX];
        _free_ char *uevent = NULL;

        (void)doc_set_text(partition, "name", name);
        fields_read(tree, folder, disk_partition_fields, partition);
        snprintf(path, sizeof(path), "%s/uevent", folder);
        if (tree_read(tree, path, UEVENT_MAX, &uevent, NULL) == 0) {
                set_from_uevent(uevent, "PARTNAME", partition, "label");
                set_from_uevent(uevent, "PARTUUID", partition, "uuid");
        }
        disk_use_take(tree, folder, name, partition);
        return partition;
}

void disk_partitions_take(struct tree *tree, const char *disk, struct doc *to)
{
        _names_ struct tree_names names = {0};
        char folder[TREE_PATH_MAX];
        struct doc *partitions = NULL;

        snprintf(folder, sizeof(folder), "sys/block/%s", disk);
        if (tree_list(tree, folder, &names) < 0)
                return;
        for (size_t i = 0; i < names.count; i++) {
                if (!text_has_prefix(names.names[i], disk) ||
                    !tree_has(tree, "sys/block/%s/%s/partition", disk, names.names[i]))
                        continue;
                partitions = partitions ? partitions : doc_list();
                snprintf(folder, sizeof(folder), "sys/block/%s/%s", disk, names.names[i]);
                (void)doc_append(partitions, take_partition(tree, folder, names.names[i]));
        }
        (void)doc_set(to, "partitions", partitions);
}
