/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The image is one file for all machines. Two of its files, in one piece each, are
 * places only: site.cpio, which is the site's, and grub.cfg, which is a machine's.
 * Where they lie is read out of the image itself, whose SHA-256 was checked.
 */
#include "netboot/boot_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/disk/fat.h"

/* Both places lie in it, and all that leads to them: 8 + 64 KiB, and tables of 13 KiB. */
#define HEAD_SIZE ((size_t)512 << 10)

/* Up to @max bytes of a file's beginning. Their count, or -errno. */
static ssize_t read_head(int fd, char *to, size_t max)
{
        size_t size = 0;

        while (size < max) {
                const ssize_t n = pread(fd, to + size, max - size, (off_t)size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t)n;
        }
        return (ssize_t)size;
}

int boot_image_open(struct assets *assets, struct boot_image *ret)
{
        struct boot_image image = {.file = {.fd = -EBADF}};
        int rc = assets_name_of(assets, ROLE_BOOT_IMAGE, image.name);

        if (rc == 0)
                rc = assets_open(assets, image.name, &image.file);
        if (rc == 0)
                *ret = image;
        return rc;
}

/* A place with @size bytes at its beginning, and @fill behind them. */
static int add_place(struct boot_image *image, struct reader head, const char *name, size_t size,
                     char fill, char **ret)
{
        struct serve_patch *place = &image->patches.at[image->patches.count];
        int rc = fat_find(head, name, &place->at, &place->size);

        if (rc < 0)
                return rc == -ENOMEM ? rc : -EBADMSG;
        if (size > place->size)
                return -EFBIG;
        place->take_bytes = malloc(place->size);
        if (!place->take_bytes)
                return -ENOMEM;
        image->patches.count++;
        memset(place->take_bytes + size, fill, place->size - size);
        *ret = place->take_bytes;
        return 0;
}

static int fill_site(struct assets *assets, struct reader head, struct boot_image *image)
{
        struct asset_file site = {.fd = -EBADF};
        char *place;
        int rc = assets_open(assets, ASSETS_SITE, &site);
        _close_ int fd = rc < 0 ? -EBADF : site.fd;

        if (rc < 0)
                return rc;
        if (site.size > SIZE_MAX)
                return -EFBIG;
        rc = add_place(image, head, ASSETS_SITE, (size_t)site.size, '\0', &place);
        if (rc < 0)
                return rc;
        image->site_size = site.size;
        return read_head(fd, place, (size_t)site.size) == (ssize_t)site.size ? 0 : -EIO;
}

int boot_image_fill(struct assets *assets, const char *script, size_t size,
                    struct boot_image *image)
{
        _free_ char *bytes = malloc(HEAD_SIZE);
        struct reader head;
        ssize_t head_size;
        char *place;
        int rc;

        if (!bytes)
                return -ENOMEM;
        head_size = read_head(image->file.fd, bytes, HEAD_SIZE);
        if (head_size < 0)
                return (int)head_size;
        head = reader_over(bytes, (size_t)head_size);
        rc = fill_site(assets, head, image);
        if (rc == 0)
                rc = add_place(image, head, "grub/grub.cfg", size, '\n', &place);
        if (rc == 0)
                memcpy(place, script, size);
        return rc;
}

void boot_image_done(struct boot_image *image)
{
        for (size_t i = 0; i < image->patches.count; i++)
                free(image->patches.at[i].take_bytes);
        if (image->file.fd >= 0)
                close(image->file.fd);
}
