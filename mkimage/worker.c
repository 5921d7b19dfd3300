/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * NVMe and ext4 are built into the cloud kernel, so there is no ramdisk, and
 * GRUB needs no configuration file: four commands in its core do.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/disk/fat.h"
#include "lib/disk/gpt.h"
#include "mkimage/error.h"
#include "mkimage/ext4.h"
#include "mkimage/grub.h"
#include "mkimage/kernel.h"
#include "mkimage/worker.h"
#include "mkimage/worker_root.h"
#include "mkimage/workshop.h"

#define SECTOR   512
#define MIB      ((uint64_t)1 << 20)

#define CORE_AT  MIB
#define SEED_AT  (2 * MIB)
#define SEED_MIB 4
#define ROOT_AT  (SEED_AT + SEED_MIB * MIB)
#define TAIL_MIB 1 /* for the second table */

/* Fixed, as the image is the same each time. */
#define ID(last)  "c10d1e00-7469-4e79-8000-0000000000" last
#define ID_DISK   ID("00")
#define ID_ROOT   ID("03")
#define ID_SYSTEM ID("10")
#define ID_HASHES ID("11")
#define SEED_ID   0xc10d1e00

static const struct {
        const char *name, *id;
        const struct gpt_guid *type;
        uint64_t at, end; /* bytes; 0: up to the second table */
} partitions[] = {
        {"bios",   ID("01"), &gpt_type_bios_boot,         CORE_AT, SEED_AT},
        {"cidata", ID("02"), &gpt_type_basic_data,        SEED_AT, ROOT_AT},
        {"root",   ID_ROOT,  &gpt_type_linux_root_x86_64, ROOT_AT, 0      },
};
#define ROOT_NUMBER 3

/* devtmpfs, which the kernel does not mount by itself, has the rest. */
static const struct ext4_device devices[] = {
        {"/dev", "console", 0600, 5, 1},
        {"/dev", "null",    0666, 1, 3},
};

/* GRUB switches to no graphics: the machine may have none. */
#define GRUB_COMMANDS                                                                              \
        "set gfxpayload=text\n"                                                                    \
        "linux " WORKER_KERNEL " root=PARTUUID=" ID_ROOT " rootwait rw console=ttyS0 quiet "       \
        "panic=60 init=" WORKER_INIT "\n"                                                          \
        "boot\n"

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

static int write_seed(int fd)
{
        _free_ uint8_t *volume = malloc(SEED_MIB * MIB);
        int rc;

        if (!volume)
                return -ENOMEM;
        rc = fat_write(NULL, 0, &(struct fat_volume){"CIDATA", SEED_ID, 0, 0}, volume,
                       SEED_MIB * MIB);
        return rc < 0 ? rc : write_at(fd, volume, SEED_MIB * MIB, SEED_AT);
}

static int make_table(struct gpt *table, uint64_t size)
{
        struct gpt_guid disk;
        int rc = gpt_guid_parse(ID_DISK, &disk);

        if (rc < 0)
                return rc;
        gpt_new(table, &disk, SECTOR, size / SECTOR);
        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(partitions); i++) {
                struct gpt_partition *to = &table->partitions[i];
                const uint64_t end = partitions[i].end ? partitions[i].end : size - TAIL_MIB * MIB;

                to->type = *partitions[i].type;
                to->first = partitions[i].at / SECTOR;
                to->last = end / SECTOR - 1;
                snprintf(to->name, sizeof(to->name), "%s", partitions[i].name);
                rc = gpt_guid_parse(partitions[i].id, &to->id);
        }
        return rc;
}

/* Both tables, with GRUB's first sector in the first. */
static int write_table(int fd, uint64_t size, const struct grub *grub)
{
        const size_t head_size = gpt_head_size(SECTOR), tail_size = gpt_tail_size(SECTOR);
        _free_ struct gpt *table = calloc(1, sizeof(*table));
        _free_ uint8_t *head = calloc(1, head_size);
        _free_ uint8_t *tail = calloc(1, tail_size);
        int rc;

        if (!table || !head || !tail)
                return -ENOMEM;
        rc = make_table(table, size);
        if (rc < 0)
                return rc;
        memcpy(head, grub->boot, GRUB_BOOT_CODE_SIZE);
        gpt_write(table, head, tail);
        rc = write_at(fd, head, head_size, 0);
        return rc < 0 ? rc : write_at(fd, tail, tail_size, size - tail_size);
}

static int write_around_root(int fd, uint64_t size, struct grub *grub)
{
        int rc = grub_patch(grub, CORE_AT / SECTOR);

        if (rc == 0)
                rc = write_at(fd, grub->core, grub->core_size, CORE_AT);
        if (rc == 0)
                rc = write_seed(fd);
        if (rc == 0)
                rc = write_table(fd, size, grub);
        if (rc == 0 && fsync(fd) < 0)
                rc = -errno;
        return rc;
}

static int write_image(const struct worker_options *options, const char *root, const char *image,
                       struct grub *grub, char *error)
{
        const uint64_t size = options->size_mib * MIB;
        const struct ext4_options system = {
                .folder = root,
                .label = "root",
                .uuid = ID_SYSTEM,
                .seed = ID_HASHES,
                .offset = ROOT_AT,
                .size_kib = (size - ROOT_AT - TAIL_MIB * MIB) >> 10,
                .devices = devices,
                .device_count = ARRAY_SIZE(devices),
        };
        _close_ int fd = open(image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        int rc = fd < 0 || ftruncate(fd, (off_t)size) < 0 ? -errno : 0;

        if (rc == 0) {
                rc = ext4_write(&system, image, error);
                if (rc < 0)
                        return rc;
                rc = write_around_root(fd, size, grub);
        }
        return rc < 0 ? mkimage_fail(error, rc, "cannot write %s: %s", image, strerror(-rc)) : 0;
}

static int build(const struct worker_options *options, const struct workshop *shop, const char *deb,
                 char *error)
{
        __attribute__((cleanup(kernel_done))) struct kernel kernel = {.image = NULL};
        __attribute__((cleanup(grub_done))) struct grub grub = {.core = NULL};
        char kernel_folder[PATH_MAX], root[PATH_MAX], image[PATH_MAX];
        int rc = workshop_folder(shop, "kernel", kernel_folder, error);

        if (rc == 0)
                rc = workshop_folder(shop, "root", root, error);
        if (rc == 0)
                rc = grub_make(shop, options->cache, GRUB_COMMANDS, ROOT_NUMBER, error, &grub);
        if (rc == 0)
                rc = kernel_unpack(deb, kernel_folder, error, &kernel);
        if (rc == 0)
                rc = worker_root_make(&kernel, options->programs, root, error);
        if (rc < 0)
                return rc;

        if (workshop_path(image, "%s/disk.raw", shop->root) < 0)
                return mkimage_fail(error, -ENAMETOOLONG, "%s: the path is too long",
                                    options->output);
        rc = write_image(options, root, image, &grub, error);
        if (rc < 0)
                return rc;
        rc = rename(image, options->output) < 0 ? -errno : file_sync_folder(options->output);
        return rc < 0 ? mkimage_fail(error, rc, "cannot put the image into %s: %s", options->output,
                                     strerror(-rc))
                      : 0;
}

int worker_build(const struct worker_options *options, char *error)
{
        _workshop_ struct workshop shop = {.lock = -EBADF};
        _free_ char *deb = NULL;
        struct stat status;
        int rc;

        /* Renaming over a device would leave a file in its place. */
        if (stat(options->output, &status) == 0 && !S_ISREG(status.st_mode))
                return mkimage_fail(error, -EEXIST, "%s is there, and is no file; name another one",
                                    options->output);
        rc = worker_root_check(options->programs, error);
        if (rc == 0)
                rc = kernel_find(options->kernel_deb, "linux-image-cloud-amd64", options->cache,
                                 error, &deb);
        if (rc == 0)
                rc = workshop_make(&shop, options->output, error);
        return rc < 0 ? rc : build(options, &shop, deb, error);
}
