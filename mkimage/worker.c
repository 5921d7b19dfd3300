/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * NVMe and ext4 are built into the cloud kernel, so there is no ramdisk, and
 * GRUB needs few commands: of a BIOS they are in its core, of UEFI in the ESP.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "mkimage/debian.h"
#include "mkimage/error.h"
#include "mkimage/esp.h"
#include "mkimage/ext4.h"
#include "mkimage/grub.h"
#include "mkimage/kernel.h"
#include "mkimage/layout.h"
#include "mkimage/worker.h"
#include "mkimage/worker_root.h"
#include "mkimage/workshop.h"

#define MIB    ((uint64_t)1 << 20)

#define IDS    "c10d1e00-7469-4e79-8000-0000000000"
#define ID_ESP IDS "02" /* LAYOUT_NUMBER(LAYOUT_ESP) */
#define ESP_ID 0xc10d1e01

/* devtmpfs, which the kernel does not mount by itself, has the rest. */
static const struct ext4_device devices[] = {
        {"/dev", "console", 0600, 5, 1},
        {"/dev", "null",    0666, 1, 3},
};

/*
 * The root is told by its distance from the EFI system partition of the disk that
 * GRUB came from, as only that has a number that no other disk has: an older
 * installation on another disk may come first. (In the core of a BIOS's GRUB there
 * is no "if".) GRUB switches to no graphics: the machine may have none.
 */
_Static_assert(LAYOUT_ROOT - LAYOUT_ESP == 2, "as PARTNROFF says (Linux: init/do_mounts.c)");
#define GRUB_COMMANDS                                                                              \
        "set gfxpayload=text\n"                                                                    \
        "set esp=" ID_ESP "\n"                                                                     \
        "regexp --set=1:disk '^([^,]*),' \"$root\"\n"                                              \
        "probe --set=esp --part-uuid ($disk,gpt2)\n"                                               \
        "linux " WORKER_KERNEL " root=PARTUUID=$esp/PARTNROFF=2 rootwait rw console=ttyS0 quiet "  \
        "panic=60 init=" WORKER_INIT "\n"                                                          \
        "boot\n"

/* What they need in the core of a BIOS's GRUB. */
static const char *const grub_modules[] = {"regexp", "probe", NULL};

struct parts {
        struct grub grub;
        uint8_t *esp;
        char root[PATH_MAX]; /* folder */
};

static void parts_done(struct parts *parts)
{
        grub_done(&parts->grub);
        free(parts->esp);
}

static int write_image(const struct worker_options *options, struct parts *parts, const char *image,
                       char *error)
{
        const struct layout layout = {IDS, options->size_mib * MIB, ESP_MIN_SIZE};
        char system[GPT_GUID_TEXT_SIZE], hashes[GPT_GUID_TEXT_SIZE];
        const struct ext4_options root = {
                .folder = parts->root,
                .label = "root",
                .uuid = layout_id(&layout, LAYOUT_ID_SYSTEM, system),
                .seed = layout_id(&layout, LAYOUT_ID_HASHES, hashes),
                .offset = layout_at(&layout, LAYOUT_ROOT),
                .size_kib = layout_size_of(&layout, LAYOUT_ROOT) >> 10,
                .devices = devices,
                .device_count = ARRAY_SIZE(devices),
        };
        _close_ int fd = open(image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        int rc = fd < 0 || ftruncate(fd, (off_t)layout.size) < 0 ? -errno : 0;

        if (rc == 0) {
                rc = ext4_write(&root, image, error);
                if (rc < 0)
                        return rc;
                rc = layout_write(&layout, &parts->grub, parts->esp, fd);
        }
        return rc < 0 ? mkimage_fail(error, rc, "cannot write %s: %s", image, strerror(-rc)) : 0;
}

static int make_loaders(const struct worker_options *options, const struct workshop *shop,
                        struct parts *parts, char *error)
{
        const struct esp_options esp = {
                .configuration = LAYOUT_GRUB_FIND_ROOT GRUB_COMMANDS,
                .cache = options->cache,
                .id = ESP_ID,
                .size = ESP_MIN_SIZE,
        };
        const struct grub_options grub = {
                .cache = options->cache,
                .configuration = GRUB_COMMANDS,
                .partition = LAYOUT_NUMBER(LAYOUT_ROOT),
                .modules = grub_modules,
        };
        int rc = grub_make(shop, &grub, error, &parts->grub);

        return rc < 0 ? rc : esp_make(shop, &esp, error, &parts->esp);
}

static int build_tiny(const struct worker_options *options, const struct workshop *shop,
                      const char *image, char *error)
{
        __attribute__((cleanup(kernel_done))) struct kernel kernel = {.image = NULL};
        __attribute__((cleanup(parts_done))) struct parts parts = {.esp = NULL};
        _free_ char *deb = NULL;
        char kernel_folder[PATH_MAX];
        int rc = kernel_find(options->kernel_deb, "linux-image-cloud-amd64", options->cache, error,
                             &deb);

        if (rc == 0)
                rc = workshop_folder(shop, "kernel", kernel_folder, error);
        if (rc == 0)
                rc = workshop_folder(shop, "root", parts.root, error);
        if (rc == 0)
                rc = make_loaders(options, shop, &parts, error);
        if (rc == 0)
                rc = kernel_unpack(deb, kernel_folder, error, &kernel);
        if (rc == 0)
                rc = worker_root_make(&kernel, options->programs, parts.root, error);
        return rc < 0 ? rc : write_image(options, &parts, image, error);
}

int worker_build(const struct worker_options *options, char *error)
{
        _workshop_ struct workshop shop = {.lock = -EBADF};
        char image[PATH_MAX];
        struct stat status;
        int rc;

        /* Renaming over a device would leave a file in its place. */
        if (stat(options->output, &status) == 0 && !S_ISREG(status.st_mode))
                return mkimage_fail(error, -EEXIST, "%s is there, and is no file; name another one",
                                    options->output);
        rc = worker_root_check(options->programs, error);
        if (rc == 0)
                rc = workshop_make(&shop, options->output, error);
        if (rc < 0)
                return rc;
        if (workshop_path(image, "%s/disk.raw", shop.root) < 0)
                return mkimage_fail(error, -ENAMETOOLONG, "%s: the path is too long",
                                    options->output);
        rc = options->is_tiny ? build_tiny(options, &shop, image, error)
                              : debian_build(options, &shop, image, error);
        if (rc < 0)
                return rc;
        rc = rename(image, options->output) < 0 ? -errno : file_sync_folder(options->output);
        return rc < 0 ? mkimage_fail(error, rc, "cannot put the image into %s: %s", options->output,
                                     strerror(-rc))
                      : 0;
}
