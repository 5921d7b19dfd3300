/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* /proc/self/mountinfo and /proc/swaps (proc(5)). */

#include <stdbool.h>
#include <stddef.h>

#define MOUNTS_TEXT_SIZE 256 /* longer paths are cut: they are there to be recognised */

struct mount_row {
        char device[16];              /* "8:1" */
        char point[MOUNTS_TEXT_SIZE]; /* where */
        char type[32];                /* "ext4" */
        char source[MOUNTS_TEXT_SIZE];
};

/**
 * mounts_next() - take the next line of mountinfo
 * @at:  the rest of the text; moves on
 *
 * Lines that are no such lines are skipped. Return: false at the end.
 */
bool mounts_next(const char **at, struct mount_row *ret);

/* True if /proc/swaps, in @swaps, has a line for /dev/@name. */
bool mounts_is_swap(const char *swaps, const char *name);
