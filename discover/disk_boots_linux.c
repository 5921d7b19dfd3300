/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Is there a system on this disk?
 *
 * The one thing for which a disk is read: 34 sectors at its beginning, and one
 * of its EFI system partition. A machine with a system is not kept from it, so
 * this must be known of a machine that nobody has seen before; a table alone
 * does not say it, and sysfs not even what kind a partition is of. A disk that
 * does not answer costs its own part of the inventory and no more (crew.h).
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "discover/disk_use.h"
#include "lib/base/text.h"
#include "lib/disk/boots.h"
#include "lib/disk/gpt.h"

#define SECTOR_MAX 4096
#define HEAD_MAX   (6 * SECTOR_MAX) /* gpt_head_size() of the largest sectors */

/* Partition 1 of sda is sda1, of nvme0n1 nvme0n1p1. */
static bool is_volume(struct tree *tree, const char *disk, unsigned number)
{
        const bool ends_in_digit = isdigit((unsigned char)disk[strlen(disk) - 1]);
        uint8_t start[DISK_BOOTS_SECTOR];
        char path[TREE_PATH_MAX];
        size_t size;

        snprintf(path, sizeof(path), "dev/%s%s%u", disk, ends_in_digit ? "p" : "", number);
        return tree_read_into(tree, path, start, sizeof(start), &size) == 0 &&
               disk_boots_is_volume(reader_over(start, size));
}

void disk_boots_take(struct tree *tree, const char *disk, struct doc *to)
{
        const int64_t sector_size = doc_get_number(to, "logical_sector", DISK_BOOTS_SECTOR);
        _free_ uint8_t *head = NULL;
        struct disk_boots boots;
        char path[TREE_PATH_MAX];
        struct doc *list;
        size_t size;

        /* A disc is no disk, and a drive without a medium spins up for nothing. */
        if (text_is_equal(doc_get_text(to, "type"), "optical") || !doc_get(to, "size") ||
            sector_size < DISK_BOOTS_SECTOR || sector_size > SECTOR_MAX)
                return;
        head = malloc(HEAD_MAX);
        snprintf(path, sizeof(path), "dev/%s", disk);
        if (!head ||
            tree_read_into(tree, path, head, gpt_head_size((uint32_t)sector_size), &size) < 0)
                return;
        disk_boots_parse(reader_over(head, size), (uint32_t)sector_size, &boots);
        list = doc_list();
        if (boots.has_bios)
                (void)doc_append_text(list, "bios");
        if (boots.esp && is_volume(tree, disk, boots.esp))
                (void)doc_append_text(list, "uefi");
        if (doc_count(list) > 0)
                (void)doc_set(to, "boots", list);
        else
                doc_free(list);
}
