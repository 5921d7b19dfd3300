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
#define BOOTS_SIZE 32                       /* "bios uefi " */
#define HEAD_MAX   ((size_t)6 * SECTOR_MAX) /* gpt_head_size() of the largest sectors */

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

/* For whose firmware there is a system, in words. False if the disk cannot be read. */
static bool read_disk(struct tree *tree, const char *disk, uint32_t sector_size,
                      char to[static BOOTS_SIZE])
{
        _free_ uint8_t *head = malloc(HEAD_MAX);
        struct disk_boots boots;
        char path[TREE_PATH_MAX];
        size_t size;

        snprintf(path, sizeof(path), "dev/%s", disk);
        if (!head || tree_read_into(tree, path, head, gpt_head_size(sector_size), &size) < 0)
                return false;
        disk_boots_parse(reader_over(head, size), sector_size, &boots);
        snprintf(to, BOOTS_SIZE, "%s%s", boots.has_bios ? "bios " : "",
                 boots.esp && is_volume(tree, disk, boots.esp) ? "uefi " : "");
        return true;
}

/* What is on somebody's disk is in no snapshot: only what was seen. */
static bool ask_disk(struct tree *tree, const char *disk, uint32_t sector_size,
                     char to[static BOOTS_SIZE])
{
        char name[TREE_NAME_SIZE + 16];
        size_t size;

        snprintf(name, sizeof(name), "boots/%s", disk);
        if (tree_recall(tree, name, to, BOOTS_SIZE - 1, &size)) {
                to[size] = '\0';
                return true;
        }
        if (!read_disk(tree, disk, sector_size, to))
                return false;
        if (tree_is_live(tree))
                tree_note(tree, name, to, strlen(to));
        return true;
}

void disk_boots_take(struct tree *tree, const char *disk, struct doc *to)
{
        const int64_t sector_size = doc_get_number(to, "logical_sector", DISK_BOOTS_SECTOR);
        char words[BOOTS_SIZE], *save = NULL;
        struct doc *list = NULL;

        /* A disc is no disk, and a drive without a medium spins up for nothing. */
        if (text_is_equal(doc_get_text(to, "type"), "optical") || !doc_get(to, "size") ||
            sector_size < DISK_BOOTS_SECTOR || sector_size > SECTOR_MAX ||
            !ask_disk(tree, disk, (uint32_t)sector_size, words))
                return;
        for (const char *word = strtok_r(words, " ", &save); word;
             word = strtok_r(NULL, " ", &save)) {
                list = list ? list : doc_list();
                field_append_text(list, word);
        }
        (void)doc_set(to, "boots", list);
}
