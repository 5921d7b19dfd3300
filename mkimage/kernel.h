/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A kernel out of Debian's package: its image, its modules, its name. */

#define KERNEL_VERSION_SIZE 64

struct kernel {
        char version[KERNEL_VERSION_SIZE]; /* "6.1.0-56-amd64" */
        char *image;                       /* path of vmlinuz */
        char *modules;                     /* path of lib/modules/VERSION, with depmod's files */
};

/**
 * kernel_find() - a linux-image package: the operator's, or Debian's current one
 * @deb:         path that the operator named, or NULL
 * @stands_for:  else the first dependency of this package, by apt: "linux-image-amd64"
 * @cache:       as of package_fetch(), and so are the errors
 * @ret:         path of the .deb, the caller's
 */
int kernel_find(const char *deb, const char *stands_for, const char *cache, char *error,
                char **ret);

/**
 * kernel_unpack() - image and modules of a .deb into a folder
 * @deb:     path of a linux-image package
 * @folder:  exists and is empty; 400 MB are needed
 * @error:   MKIMAGE_ERROR_SIZE bytes
 * @ret:     free with kernel_done()
 *
 * Return: 0; -EBADMSG if it is no kernel package; -errno.
 */
int kernel_unpack(const char *deb, const char *folder, char *error, struct kernel *ret);
void kernel_done(struct kernel *kernel);
