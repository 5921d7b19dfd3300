/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The kernel's command line, and its log, as far as an inventory needs them. */

#include <stdbool.h>

#define KERNEL_WORD_SIZE 256

/**
 * kernel_word_next() - the next word of a command line, fit to be shown
 * @at:  the rest; moves on
 * @to:  a value that may be a secret has become "..."
 *
 * Return: false at the end.
 */
bool kernel_word_next(const char **at, char to[static KERNEL_WORD_SIZE]);

/* Takes the next firmware file that a driver asked for and did not get, out of the kernel's log. */
bool kernel_missing_firmware_next(const char **at, char to[static KERNEL_WORD_SIZE]);
