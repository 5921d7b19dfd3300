/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Debian packages, by the apt of this machine. */

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
