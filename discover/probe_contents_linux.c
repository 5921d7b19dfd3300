/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * contents: what lies on a disk, whether or not somebody uses it
 *
 * The one probe that reads more of a disk than its beginning, so it runs beside the
 * others. A snapshot has what was found, and not what was read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/disk_use.h"
#include "discover/probe.h"
#include "lib/base/text.h"
#include "lib/disk/holds.h"

/* clang-format off */
const struct field disk_content_fields[] = {
        {.name = "kind",  .kind = FIELD_TEXT,   .help = "ext4, swap, crypto_LUKS, linux_raid_member, isw_raid_member, LVM2_member, zfs_member, ..."},
        {.name = "usage", .kind = FIELD_TEXT,   .help = "filesystem, raid, crypto, other"},
        {.name = "label", .kind = FIELD_TEXT,   .help = "of the file system, array or pool"},
        {.name = "uuid",  .kind = FIELD_TEXT, .is_identity = true, .help = "the same"},
        {.name = "size",  .kind = FIELD_NUMBER, .help = "bytes that the file system has"},
        {.name = NULL},
};
/* clang-format on */

#define RECORD_MAX ((size_t)256 << 10) /* 128 partitions, with labels of 256 bytes */
#define FOUND      "contents"          /* of the partitions, until disk_contents_join() */

/* ZFS tells the kernel of no holder; its pools have folders. */
static void add_pool(struct tree *tree, const struct disk_content *content, struct doc *to)
{
        struct doc *users, *user;

        if (strcmp(content->kind, "zfs_member") != 0 || !content->label[0] ||
            strchr(content->label, '/') || content->label[0] == '.' ||
            !tree_has(tree, "proc/spl/kstat/zfs/%s/state", content->label))
                return;
        users = doc_list();
        user = doc_object();
        field_set_text(user, "name", content->label);
        (void)doc_set_text(user, "kind", "zfs");
        (void)doc_append(users, user);
        (void)doc_set(to, "used_by", users);
}

static void set_content(struct tree *tree, const struct disk_content *content, struct doc *to)
{
        struct doc *doc;

        if (!content->kind[0])
                return;
        doc = doc_object();
        field_set_text(doc, "kind", content->kind);
        field_set_text(doc, "usage", content->usage);
        field_set_text(doc, "label", content->label);
        field_set_text(doc, "uuid", content->kind_uuid);
        if (content->kind_size > 0)
                field_set_number(doc, "size", content->kind_size);
        (void)doc_set(to, "content", doc);
        add_pool(tree, content, to);
}

static struct doc *partition_of(struct tree *tree, const struct disk_content *content)
{
        struct doc *doc = doc_object();

        (void)doc_set_number(doc, "number", content->number);
        field_set_number(doc, "start", content->at);
        field_set_number(doc, "size", content->size);
        field_set_text(doc, "type", content->type);
        field_set_text(doc, "uuid", content->uuid);
        field_set_text(doc, "label", content->name);
        set_content(tree, content, doc);
        return doc;
}

static struct doc *record_of(struct tree *tree, const struct disk_contents *contents)
{
        struct doc *disk = doc_object(), *list = NULL;
        char words[DISK_HOLDS_SIZE];

        disk_contents_words(contents, words);
        (void)doc_set_bool(disk, "empty", words[0] == '\0');
        field_set_text(disk, "holds", words);
        field_set_text(disk, "table", contents->whole.type);
        field_set_text(disk, "table_uuid", contents->whole.uuid);
        set_content(tree, &contents->whole, disk);
        for (size_t i = 0; i < contents->count; i++) {
                list = list ? list : doc_list();
                (void)doc_append(list, partition_of(tree, &contents->partitions[i]));
        }
        (void)doc_set(disk, FOUND, list);
        return disk;
}

/* NULL: it is not known. */
static struct doc *read_disk(struct tree *tree, const char *name)
{
        _free_ struct disk_contents *contents = malloc(sizeof(*contents));
        char path[TREE_NAME_SIZE + 16];
        _close_ int fd = -EBADF;

        snprintf(path, sizeof(path), "/dev/%s", name);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || !contents || disk_contents_read(fd, contents) < 0)
                return NULL;
        return record_of(tree, contents);
}

static struct doc *ask(struct tree *tree, const char *name)
{
        _free_ char *text = NULL;
        char note[TREE_NAME_SIZE + 16];
        struct doc *disk = NULL;
        size_t size = 0;

        snprintf(note, sizeof(note), "contents/%s", name);
        if (tree_is_live(tree)) {
                disk = read_disk(tree, name);
                if (disk && doc_print(disk, DOC_COMPACT, &text) == 0)
                        tree_note(tree, note, text, strlen(text));
                return disk;
        }
        text = malloc(RECORD_MAX);
        if (!text || !tree_recall(tree, note, text, RECORD_MAX, &size) ||
            doc_parse(text, size, &doc_limits_inventory, NULL, &disk) < 0)
                return NULL;
        return disk;
}

static void take_contents(struct probe_context *context, const char *name)
{
        struct doc *disk = ask(context->tree, name);

        if (!disk)
                return;
        (void)doc_set_text(disk, "name", name);
        probe_item(context, disk);
}

static struct doc *partition_find(struct doc *list, int64_t number)
{
        for (size_t i = 0; i < doc_count(list); i++)
                if (doc_get_number(doc_at(list, i), "number", -1) == number)
                        return doc_at(list, i);
        return NULL;
}

void disk_contents_join(struct doc *disk)
{
        _doc_ struct doc *found = doc_copy(doc_get(disk, FOUND));
        struct doc *list = doc_get(disk, "partitions"), *value;
        const char *name;

        (void)doc_remove(disk, FOUND);
        for (size_t i = 0; i < doc_count(found); i++) {
                const struct doc *told = doc_at(found, i);
                struct doc *partition = partition_find(list, doc_get_number(told, "number", -2));

                /* The kernel's own list is the one that has devices. */
                if (!partition)
                        continue;
                for (size_t at = 0; doc_next(told, &at, &name, &value) > 0;)
                        if (!doc_get(partition, name))
                                (void)doc_set(partition, name, doc_copy(value));
        }
}

/* A disc is no disk, and without a medium there is nothing to read. */
static bool can_be_asked(struct tree *tree, const char *name)
{
        uint64_t sectors;

        return !text_has_prefix(name, "sr") && disk_is_whole(tree, name) &&
               tree_number(tree, &sectors, "sys/block/%s/size", name) && sectors > 0;
}

void probe_contents(struct probe_context *context)
{
        _names_ struct tree_names names = {0};

        (void)tree_list(context->tree, "sys/block", &names);
        for (size_t i = 0; i < names.count; i++)
                if (can_be_asked(context->tree, names.names[i]) &&
                    probe_begin(context, names.names[i]))
                        take_contents(context, names.names[i]);
}
