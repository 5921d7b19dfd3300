/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The disk of a worker: it starts by BIOS and by UEFI, has a place for the installer's seed, and
 * its last partition can grow.
 *
 *   1  bios    1 MiB at 1 MiB   GRUB's core.img
 *   2  esp     esp_size         EFI system partition, see mkimage/esp.h
 *   3  cidata  4 MiB            FAT, label CIDATA, empty: the installer's seed goes here
 *   4  root    the rest         but for the last MiB, which has the second table
 */

#include <stdint.h>

#include "lib/disk/gpt.h"
#include "mkimage/grub.h"

enum layout_part { LAYOUT_BIOS, LAYOUT_ESP, LAYOUT_SEED, LAYOUT_ROOT, LAYOUT_PART_COUNT };

/* What GRUB and the kernel call them: "gpt4". */
#define LAYOUT_NUMBER(part) ((unsigned)(part) + 1)

/* Sets GRUB's $root to the root partition of the disk whose ESP it was started from: there may be
 * other disks with the same image. */
#define LAYOUT_GRUB_FIND_ROOT                                                                      \
        "regexp --set=1:disk '^([^,]*),' \"$root\"\n"                                              \
        "set root=\"$disk,gpt4\"\n"

#define LAYOUT_SECTOR 512

struct layout {
        /* The first 34 characters of all its GUIDs, which are fixed, as an image is the same each
         * time. The last two are a partition's number, 00 of the disk, 10 of the root file system,
         * 11 of the hashes in it. (cloudie-install gives the ESP another one where another
         * disk has this image.) */
        const char *ids;
        uint64_t size;     /* of the image, bytes: whole MiB */
        uint64_t esp_size; /* bytes: whole MiB */
};
enum { LAYOUT_ID_DISK = 0, LAYOUT_ID_SYSTEM = 0x10, LAYOUT_ID_HASHES = 0x11 };

uint64_t layout_at(const struct layout *layout, enum layout_part part);      /* bytes */
uint64_t layout_size_of(const struct layout *layout, enum layout_part part); /* bytes */

/* @number: LAYOUT_NUMBER() of a part, or one of LAYOUT_ID_. Returns @to. */
const char *layout_id(const struct layout *layout, unsigned number,
                      char to[static GPT_GUID_TEXT_SIZE]);

/**
 * layout_write() - everything but the root file system
 * @grub:  of grub_make() for partition LAYOUT_NUMBER(LAYOUT_ROOT); patched here
 * @esp:   of esp_make(): @layout->esp_size bytes
 * @fd:    the image, a file of @layout->size bytes; synced
 *
 * Return: 0; -EINVAL for such ids or sizes; -EBADMSG as grub_patch(); -errno of writing.
 */
int layout_write(const struct layout *layout, struct grub *grub, const uint8_t *esp, int fd);
