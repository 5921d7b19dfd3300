/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Everything is built in one folder beside the output, on the same file system:
 * nothing half-made is ever seen under the output's name, and putting the whole
 * there is one rename.
 */

#include <limits.h>

struct workshop {
        int lock; /* on the folder, for as long as somebody works in it; -EBADF: none */
        char root[PATH_MAX];
};

/**
 * workshop_make() - a folder of ours alone beside the output
 * @output:  what is being made; its name need not be there yet
 * @error:   MKIMAGE_ERROR_SIZE bytes
 *
 * The workshops of runs for the same output that were killed are removed.
 *
 * Return: 0 or negative errno; end with workshop_done() in both cases.
 */
int workshop_make(struct workshop *shop, const char *output, char *error);

/* An empty folder in it, with mode 0755 whatever the umask is, and its path. 0 or -errno. */
int workshop_folder(const struct workshop *shop, const char *name, char ret_path[static PATH_MAX],
                    char *error);

/* Removes all of it. */
void workshop_done(struct workshop *shop);
#define _workshop_ __attribute__((cleanup(workshop_done)))

/* 0, or -ENAMETOOLONG and @to cut. */
int workshop_path(char to[static PATH_MAX], const char *format, ...)
        __attribute__((format(printf, 2, 3)));
