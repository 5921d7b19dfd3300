/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A passphrase of a person: from a terminal without an echo, from stdin, or from a file. */

#include <stdbool.h>
#include <stddef.h>

/**
 * passphrase_read() - one line
 * @file:   a file that nobody else may read; NULL: ask on stderr where stdin is a terminal, else
 *          read the first line of stdin
 * @is_new: it is asked for twice on a terminal
 * @error:  DAEMON_ERROR_SIZE bytes: one sentence on failure
 * @to:     erased on failure; the caller erases it when it is done with it
 * @size:   with the NUL byte
 *
 * Return: 0; -EPERM: others may read the file; -EINVAL: it is empty, too long, or was not typed the
 *         same twice; -errno.
 */
int passphrase_read(const char *file, bool is_new, char *error, char *to, size_t size);
