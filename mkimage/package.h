/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Debian packages, by the apt of this machine. */

#include <stddef.h>

/**
 * package_fetch() - the .deb of a package, from the cache folder or by apt-get download
 * @name:   "ipxe"
 * @cache:  folder; made if missing. What is there is taken if it has the SHA-256 that apt's
 *          signed lists say
 * @error:  MKIMAGE_ERROR_SIZE bytes
 * @ret:    path of the .deb, the caller's
 *
 * Return: 0; -ENOENT if apt knows no such package; -EIO if it could not be had; -errno.
 */
int package_fetch(const char *name, const char *cache, char *error, char **ret);

/* The first package that @name depends on: the kernel behind linux-image-amd64. */
int package_first_dependency(const char *name, char *error, char **ret);

/**
 * package_extract() - files of a package, fetched as above, below a folder
 * @prefix:  of the paths that are wanted: "usr/lib/ipxe/undionly.kpxe"
 * @folder:  exists, and is the caller's alone; paths stay as they are in the package
 *
 * Return: as package_fetch(); -EBADMSG if the package is damaged; -errno of writing. It is no
 * error if nothing has the prefix.
 */
int package_extract(const char *name, const char *prefix, const char *cache, const char *folder,
                    char *error);

/* Boot loaders as Debian signed them. */
#define PACKAGE_SHIM        "usr/lib/shim/shimx64.efi.signed"
#define PACKAGE_GRUB_SIGNED "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"

#define PACKAGE_FILE_MAX    ((size_t)8 << 20) /* GRUB, the largest that is read whole, has 4.2 MB */

struct package_file {
        const char *package, *path; /* without a leading slash */
};

/**
 * package_read() - a file of a package: the installed one, or else out of the package itself
 * @folder:  as of package_extract(); empty, or of earlier calls
 * @ret:     the caller's
 *
 * Return: as package_extract(); -ENOENT if it is not in the package, -EFBIG above PACKAGE_FILE_MAX.
 */
int package_read(const struct package_file *file, const char *cache, const char *folder,
                 char *error, char **ret, size_t *ret_size);
