/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/stat.h>

/**
 * beneath_open() - a plain file of a folder, for reading
 * @ret:  what it is; may be NULL
 *
 * Whatever stands in the folder and whatever @name says: nothing outside the folder is opened, no
 * link is followed (openat2(2), RESOLVE_BENEATH), and a FIFO or a device holds nobody up.
 *
 * Return: the descriptor; -ENOENT also for what is no plain file; -EXDEV, -ELOOP for what leads
 *         out; -errno.
 */
int beneath_open(int folder_fd, const char *name, struct stat *ret);
