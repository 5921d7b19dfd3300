/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/* A text that a machine or a person sent, as one line of at most @size - 1 bytes: control bytes
 * become blanks, and no character is cut in two. */
void line_copy(char *to, size_t size, const char *from);
