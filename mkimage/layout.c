/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mkimage/layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/disk/fat.h"

#define MIB       ((uint64_t)1 << 20)
#define BIOS_SIZE MIB
#define SEED_SIZE (4 * MIB)
#define TAIL_SIZE MIB /* for the second table */
#define SEED_ID   0xc10d1e00

static const struct {
        const char *name;
        const struct gpt_guid *type;
} parts[LAYOUT_PART_COUNT] = {
        [LAYOUT_BIOS] = {"bios",   &gpt_type_bios_boot        },
        [LAYOUT_ESP] = {"esp",    &gpt_type_efi_system       },
        [LAYOUT_SEED] = {"cidata", &gpt_type_basic_data       },
        [LAYOUT_ROOT] = {"root",   &gpt_type_linux_root_x86_64},
};

uint64_t layout_at(const struct layout *layout, enum layout_part part)
{
        uint64_t at = MIB; /* the first table, and what everybody leaves free behind it */

        for (unsigned before = 0; before < part; before++)
                at += layout_size_of(layout, (enum layout_part)before);
        return at;
}

uint64_t layout_size_of(const struct layout *layout, enum layout_part part)
{
        switch (part) {
        case LAYOUT_BIOS:
                return BIOS_SIZE;
        case LAYOUT_ESP:
                return layout->esp_size;
        case LAYOUT_SEED:
                return SEED_SIZE;
        case LAYOUT_ROOT:
                return layout->size - TAIL_SIZE - layout_at(layout, LAYOUT_ROOT);
        case LAYOUT_PART_COUNT:
                break;
        }
        return 0;
}

const char *layout_id(const struct layout *layout, unsigned number,
                      char to[static GPT_GUID_TEXT_SIZE])
{
        snprintf(to, GPT_GUID_TEXT_SIZE, "%s%02x", layout->ids, number);
        return to;
}

static int write_at(int fd, const void *bytes, size_t size, uint64_t at)
{
        const char *from = bytes;

        while (size > 0) {
                const ssize_t len = pwrite(fd, from, size, (off_t)at);

                if (len < 0)
                        return -errno;
                from += len;
                size -= (size_t)len;
                at += (uint64_t)len;
        }
        return 0;
}

static int write_seed(const struct layout *layout, int fd)
{
        _free_ uint8_t *volume = malloc(SEED_SIZE);
        int rc;

        if (!volume)
                return -ENOMEM;
        rc = fat_write(NULL, 0, &(struct fat_volume){"CIDATA", SEED_ID, 0, 0}, volume, SEED_SIZE);
        return rc < 0 ? rc : write_at(fd, volume, SEED_SIZE, layout_at(layout, LAYOUT_SEED));
}

static int make_table(const struct layout *layout, struct gpt *table)
{
        char text[GPT_GUID_TEXT_SIZE];
        struct gpt_guid disk;
        int rc = gpt_guid_parse(layout_id(layout, LAYOUT_ID_DISK, text), &disk);

        if (rc < 0)
                return rc;
        gpt_new(table, &disk, LAYOUT_SECTOR, layout->size / LAYOUT_SECTOR);
        for (unsigned i = 0; rc == 0 && i < LAYOUT_PART_COUNT; i++) {
                struct gpt_partition *to = &table->partitions[i];
                const uint64_t at = layout_at(layout, (enum layout_part)i);

                to->type = *parts[i].type;
                to->first = at / LAYOUT_SECTOR;
                to->last = (at + layout_size_of(layout, (enum layout_part)i)) / LAYOUT_SECTOR - 1;
                snprintf(to->name, sizeof(to->name), "%s", parts[i].name);
                rc = gpt_guid_parse(layout_id(layout, LAYOUT_NUMBER(i), text), &to->id);
        }
        return rc;
}

/* Both tables, with GRUB's first sector in the first. */
static int write_table(const struct layout *layout, const struct grub *grub, int fd)
{
        const size_t head_size = gpt_head_size(LAYOUT_SECTOR),
                     tail_size = gpt_tail_size(LAYOUT_SECTOR);
        _free_ struct gpt *table = calloc(1, sizeof(*table));
        _free_ uint8_t *head = calloc(1, head_size);
        _free_ uint8_t *tail = calloc(1, tail_size);
        int rc;

        if (!table || !head || !tail)
                return -ENOMEM;
        rc = make_table(layout, table);
        if (rc < 0)
                return rc;
        memcpy(head, grub->boot, GRUB_BOOT_CODE_SIZE);
        gpt_write(table, head, tail);
        rc = write_at(fd, head, head_size, 0);
        return rc < 0 ? rc : write_at(fd, tail, tail_size, layout->size - tail_size);
}

static bool is_valid(const struct layout *layout, const struct grub *grub)
{
        const uint64_t before = 2 * MIB + SEED_SIZE + TAIL_SIZE;

        return strlen(layout->ids) == GPT_GUID_TEXT_SIZE - 3 && layout->esp_size % MIB == 0 &&
               layout->size % MIB == 0 && layout->size > before &&
               layout->size - before > layout->esp_size && grub->core_size <= BIOS_SIZE;
}

int layout_write(const struct layout *layout, struct grub *grub, const uint8_t *esp, int fd)
{
        const uint64_t core_at = layout_at(layout, LAYOUT_BIOS);
        int rc = is_valid(layout, grub) ? grub_patch(grub, core_at / LAYOUT_SECTOR) : -EINVAL;

        if (rc == 0)
                rc = write_at(fd, grub->core, grub->core_size, core_at);
        if (rc == 0)
                rc = write_at(fd, esp, layout->esp_size, layout_at(layout, LAYOUT_ESP));
        if (rc == 0)
                rc = write_seed(layout, fd);
        if (rc == 0)
                rc = write_table(layout, grub, fd);
        if (rc == 0 && fsync(fd) < 0)
                rc = -errno;
        return rc;
}
