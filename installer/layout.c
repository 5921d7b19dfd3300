/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Partition tables for this disk: made in memory during `image`, written by `table`
 *
 * The image's table knows the image's size. It is moved to the disk's, gets a
 * partition for the seed where the image has none, and the last of the image's own
 * partitions grows where the profile asks for it. A machine goes back to the disk by
 * the GUID of its EFI system partition: where another disk has the same image, it gets one
 * of its own. Else it stays, as Debian's cloud images mount theirs by it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "installer/boot_entry.h"
#include "installer/install.h"
#include "installer/seed.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/disk/fat.h"
#include "lib/trust/secret.h"

#define SEED_SIZE ((uint64_t)SEED_VOLUME_SIZE)

static int no_room(struct install *in)
{
        return install_fail(
                in, CAUSE_SEED,
                "the image has no partition '%s' of 64 KiB or more, and %s has no room for one",
                WORKER_SEED_PART, in->disk.name);
}

/* Random, and marked as such (RFC 9562 5.4; the third field is little endian on disk). */
static int new_guid(struct gpt_guid *ret)
{
        const int rc = random_bytes(ret->bytes, sizeof(ret->bytes));

        ret->bytes[7] = (uint8_t)((ret->bytes[7] & 0x0f) | 0x40);
        ret->bytes[8] = (uint8_t)((ret->bytes[8] & 0x3f) | 0x80);
        return rc;
}

/* Into this partition: found out before anything is written. */
static int try_seed(struct install *in)
{
        const size_t size = (size_t)in->seed.size;
        _free_ uint8_t *volume = NULL;
        const int rc = seed_make(in->job, 0, in->disk.sector_size, size, &volume);

        if (volume)
                secret_erase(volume, size);
        if (rc == -ENOSPC)
                return install_fail(in, CAUSE_SEED,
                                    "the partition '%s' of the image has %zu bytes, and the keys "
                                    "and user data of this node need more",
                                    WORKER_SEED_PART, size);
        return rc < 0 ? install_fail(in, rc == -ENOMEM ? CAUSE_OUT_OF_MEMORY : CAUSE_INTERNAL,
                                     "the seed cannot be made: %s", strerror(-rc))
                      : 0;
}

static int place_seed(struct install *in)
{
        struct seed_place *seed = &in->seed;
        const struct gpt_partition *partition;
        struct gpt_guid id;

        seed->partition = gpt_find(&in->gpt, WORKER_SEED_PART);
        if (seed->partition < 0) {
                if (new_guid(&id) < 0)
                        return install_fail(in, CAUSE_INTERNAL, "no random numbers");
                seed->is_appended = true;
                seed->partition = gpt_add_last(&in->gpt, &gpt_type_basic_data, &id,
                                               WORKER_SEED_PART, SEED_SIZE);
        }
        if (seed->partition < 0)
                return no_room(in);
        partition = &in->gpt.partitions[seed->partition];
        seed->offset = partition->first * in->gpt.sector_size;
        seed->size = (partition->last - partition->first + 1) * in->gpt.sector_size;
        if (seed->size > SEED_SIZE)
                seed->size = SEED_SIZE;
        return seed->size < FAT_MIN_SIZE ? no_room(in) : try_seed(in);
}

static bool is_of_neighbour(const struct install *in, const struct gpt_guid *id)
{
        for (size_t i = 0; i < in->neighbour_count; i++)
                if (memcmp(&in->neighbours[i], id, sizeof(*id)) == 0)
                        return true;
        return false;
}

static int place_system_partition(struct install *in)
{
        const int partition = boot_find_system_partition(&in->gpt);

        if (partition < 0)
                return in->job->plan.boot && install_is_uefi(in)
                               ? install_fail(in, CAUSE_IMAGE_LAYOUT,
                                              "%s has no EFI system partition, and this machine's "
                                              "firmware is UEFI",
                                              in->job->plan.image)
                               : 0;
        if (!is_of_neighbour(in, &in->gpt.partitions[partition].id))
                return 0;
        return new_guid(&in->gpt.partitions[partition].id) < 0
                       ? install_fail(in, CAUSE_INTERNAL, "no random numbers")
                       : 0;
}

int install_layout(struct install *in)
{
        int last, rc;

        if (in->head_size < gpt_head_size(in->disk.sector_size))
                return install_fail(in, CAUSE_IMAGE_LAYOUT,
                                    "%s is smaller than the partition table of a disk",
                                    in->job->plan.image);
        rc = gpt_parse(reader_over(in->head, in->head_size), in->disk.sector_size, &in->gpt);
        if (rc == -ENOENT)
                return install_fail(in, CAUSE_IMAGE_LAYOUT, "%s has no GUID partition table",
                                    in->job->plan.image);
        if (rc < 0)
                return install_fail(in, CAUSE_IMAGE_LAYOUT,
                                    "the partition table of %s makes no sense",
                                    in->job->plan.image);
        rc = gpt_resize(&in->gpt, in->disk.size / in->disk.sector_size);
        if (rc < 0)
                return install_fail(in, CAUSE_IMAGE_LAYOUT,
                                    "a partition of %s reaches beyond the end of %s",
                                    in->job->plan.image, in->disk.name);
        rc = place_system_partition(in);
        if (rc < 0)
                return rc;
        last = gpt_last(&in->gpt); /* of the image's own: a seed may come behind it */
        rc = place_seed(in);
        if (rc < 0)
                return rc;
        if (in->job->plan.grow && last >= 0 && last != in->seed.partition)
                gpt_grow(&in->gpt, last);
        return 0;
}

int install_place(struct install *in, uint64_t offset, const void *bytes, size_t size)
{
        const uint8_t *at = bytes;

        if (offset < in->head_size) {
                const uint64_t space = in->head_size - offset;
                const size_t inside = size < space ? size : (size_t)space;

                memcpy(in->head + offset, at, inside);
                offset += inside;
                at += inside;
                size -= inside;
        }
        return disk_write(&in->disk, offset, at, size);
}

static int write_tables(struct install *in, uint8_t *tail)
{
        const size_t head_size = gpt_head_size(in->gpt.sector_size),
                     tail_size = gpt_tail_size(in->gpt.sector_size);
        int rc;

        /* The copy that the first frame is written from may reach into the disk's end. */
        gpt_write(&in->gpt, in->head, tail);
        rc = install_place(in, in->disk.size - tail_size, tail, tail_size);
        if (rc >= 0)
                rc = disk_write(&in->disk, head_size, in->head + head_size,
                                in->head_size - head_size);
        if (rc >= 0)
                rc = disk_sync(&in->disk);
        /* All else is on the disk: only now it becomes one that boots. */
        if (rc >= 0)
                rc = disk_write(&in->disk, 0, in->head, head_size);
        return rc >= 0 ? disk_sync(&in->disk) : rc;
}

static void tell_esp(struct install *in)
{
        const int partition = boot_find_system_partition(&in->gpt);
        struct uuid esp;

        if (partition < 0)
                return;
        esp = uuid_from_smbios(in->gpt.partitions[partition].id.bytes); /* in the same order */
        report_esp(&in->report, &esp);
}

int install_table(struct install *in, char *text)
{
        _free_ uint8_t *tail = calloc(1, gpt_tail_size(in->gpt.sector_size));
        unsigned count = 0;
        int rc;

        if (!tail)
                return install_fail(in, CAUSE_OUT_OF_MEMORY, "to write the partition table");
        rc = write_tables(in, tail);
        if (rc < 0)
                return install_fail(in, CAUSE_DISK_FAILED, "%s cannot be written: %s",
                                    in->disk.name, strerror(-rc));
        /* The ramdisk needs none of them: whether the kernel took note is of no weight. */
        (void)disk_reread(&in->disk);
        for (int i = 0; i < GPT_MAX_PARTITIONS; i++)
                count += in->gpt.partitions[i].first != 0;
        tell_esp(in);
        snprintf(text, EVENT_TEXT_SIZE, "%u partitions", count);
        return 0;
}
