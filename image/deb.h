/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Debian packages (deb(5)): an ar archive that holds a tar archive with the
 * files, compressed with xz, zstd, gzip or nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define IMAGE_ERROR_SIZE 512

/*
 * Limits on what a package may unfold to. Debian's kernel has 400 MB in 5,000
 * files; a package that claims ten times that is damaged or hostile.
 */
#define DEB_MAX_BYTES ((uint64_t)4 << 30)
#define DEB_MAX_FILES 65536

/* A regular file of the package; folders, links and devices are passed over. */
struct deb_file {
        const char *path; /* "boot/vmlinuz-6.1.0": no leading slash, no "." and no ".." in it */
        uint64_t size;    /* bytes */
        bool is_executable;
};

struct deb_content;

/* 0: go on; 1: enough, end the walk; negative errno: end the walk with it. */
typedef int (*deb_visit_fn)(void *context, const struct deb_file *file,
                            struct deb_content *content);

/**
 * deb_read() - walk the files of a package
 * @fd:       the package, read from its current place on
 * @visit:    called for each regular file, in the package's order
 * @error:    IMAGE_ERROR_SIZE bytes; on failure what is wrong, without the package's name
 *
 * Return: 0, or what @visit returned below 0.
 *         -EBADMSG if it is not a Debian package, is damaged, or holds an unsafe path.
 *         -E2BIG above DEB_MAX_BYTES or DEB_MAX_FILES.
 *         -ENOMEM.
 */
int deb_read(int fd, deb_visit_fn visit, void *context, char *error);

/* The next bytes of the file being visited: their number, 0 at its end, -EBADMSG if damaged. */
ssize_t deb_content_read(struct deb_content *content, void *to, size_t size);

/**
 * deb_extract() - write chosen files below a folder
 * @folder:   exists, and is the caller's alone; paths stay as they are in the package
 * @wanted:   says which; called once a file
 *
 * Modes are 0644 or 0755. A file that is there already is an error.
 *
 * Return: as deb_read(), and -errno of writing.
 */
typedef bool (*deb_wanted_fn)(void *context, const char *path);
int deb_extract(int fd, const char *folder, deb_wanted_fn wanted, void *context, char *error);
