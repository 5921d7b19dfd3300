/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * contents: what lies on a disk, whether or not somebody uses it
 *
 * The one probe that reads more of a disk than its beginning, so it runs beside the
 * others. A snapshot has its sentence, and not what was read.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "discover/disk_use.h"
#include "discover/probe.h"
#include "lib/base/text.h"
#include "lib/disk/holds.h"

/* "" for a disk that holds nothing. False: it is not known. */
static bool ask(struct tree *tree, const char *name, char to[static DISK_HOLDS_SIZE])
{
        char note[TREE_NAME_SIZE + 16], path[TREE_NAME_SIZE + 16];
        _close_ int fd = -EBADF;
        size_t size = 0;

        snprintf(note, sizeof(note), "holds/%s", name);
        if (!tree_is_live(tree)) {
                if (!tree_recall(tree, note, to, DISK_HOLDS_SIZE - 1, &size))
                        return false;
                to[size] = '\0';
                return true;
        }
        snprintf(path, sizeof(path), "/dev/%s", name);
        fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || disk_holds(fd, to) < 0)
                return false;
        tree_note(tree, note, to, strlen(to));
        return true;
}

static void take_contents(struct probe_context *context, const char *name)
{
        char text[DISK_HOLDS_SIZE];
        struct doc *disk;

        if (!ask(context->tree, name, text))
                return;
        disk = doc_object();
        (void)doc_set_text(disk, "name", name);
        (void)doc_set_bool(disk, "empty", text[0] == '\0');
        if (text[0])
                field_set_text(disk, "holds", text);
        probe_item(context, disk);
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
