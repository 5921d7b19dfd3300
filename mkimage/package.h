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
