/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/disk/fat.h"
#include "mkimage/boot_image.h"
#include "mkimage/error.h"

#define LABEL "CLOUDIE"
#define ID    0xc10d1e01U
/* As fat_write() makes them, at most. */
#define CLUSTER_SIZE ((size_t)4 << 10)
/* More than that no firmware is asked to hold; ours has 26 MB. */
#define FILE_MAX ((size_t)128 << 20)

/* In the package, and in the image. */
static const struct {
        const char *from, *to;
} parts[] = {
        {"shimx64.efi",      "EFI/BOOT/BOOTX64.EFI"},
        {"grubx64.efi",      "EFI/BOOT/grubx64.efi"},
        {"vmlinuz",          "vmlinuz"             },
        {"discovery.initrd", "discovery.initrd"    },
};
/* The places come first: who writes over them finds them in the image's beginning. */
enum { SITE, SCRIPT, PARTS, FILES = PARTS + ARRAY_SIZE(parts) };

/* Seen only by who loads the image from elsewhere than cloudie-netbootd. */
static const char no_script[] =
        "echo Cloudie: this image was not made for this machine\nsleep 60\nreboot\n";

/* The beginning, two tables and the folders have less than a 64th of it, and the border between the
 * kinds of FAT must be passed. */
static size_t volume_size(const struct fat_file *files)
{
        size_t size = (size_t)1 << 20;

        for (size_t i = 0; i < FILES; i++)
                size += files[i].size + CLUSTER_SIZE;
        size += size / 64;
        return (size + CLUSTER_SIZE - 1) / CLUSTER_SIZE * CLUSTER_SIZE;
}

static int write_volume(const struct fat_file *files, const char *to, char *error)
{
        const struct fat_volume volume = {.label = LABEL, .id = ID};
        const size_t size = volume_size(files);
        _free_ uint8_t *bytes = size <= FAT_MAX_SIZE ? malloc(size) : NULL;
        int rc = bytes ? fat_write(files, FILES, &volume, bytes, size) : -ENOSPC;

        if (rc == 0)
                rc = file_replace(to, bytes, size, 0644);
        return rc < 0 ? mkimage_fail(error, rc, "%s, of %zu bytes: %s", to, size, strerror(-rc))
                      : 0;
}

struct contents {
        char *parts[ARRAY_SIZE(parts)];
        char *site, *script;
};

static void contents_done(struct contents *contents)
{
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                free(contents->parts[i]);
        free(contents->site);
        free(contents->script);
}

/* The two places, with what stands there until somebody writes over it: no file, and no plan. */
static int make_places(struct contents *contents, struct fat_file *files)
{
        contents->site = calloc(1, BOOT_IMAGE_SITE_SIZE);
        contents->script = malloc(BOOT_IMAGE_SCRIPT_SIZE);
        if (!contents->site || !contents->script)
                return -ENOMEM;
        memset(contents->script, '\n', BOOT_IMAGE_SCRIPT_SIZE);
        memcpy(contents->script, no_script, strlen(no_script));
        files[SITE] = (struct fat_file){"site.cpio", contents->site, BOOT_IMAGE_SITE_SIZE};
        files[SCRIPT] =
                (struct fat_file){"grub/grub.cfg", contents->script, BOOT_IMAGE_SCRIPT_SIZE};
        return 0;
}

int boot_image_write(const char *package, const char *to, char *error)
{
        __attribute__((cleanup(contents_done))) struct contents contents = {.site = NULL};
        struct fat_file files[FILES];
        _close_ int folder = open(package, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (folder < 0)
                return mkimage_fail(error, -errno, "cannot read %s: %s", package, strerror(errno));
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                size_t size = 0;
                int rc = file_read(folder, parts[i].from, FILE_MAX, &contents.parts[i], &size);

                if (rc < 0)
                        return mkimage_fail(error, rc, "cannot read %s/%s: %s", package,
                                            parts[i].from, strerror(-rc));
                files[PARTS + i] = (struct fat_file){parts[i].to, contents.parts[i], size};
        }
        if (make_places(&contents, files) < 0)
                return mkimage_fail(error, -ENOMEM, "no memory");
        return write_volume(files, to, error);
}
