/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What went wrong, as one sentence for the operator; big enough for a path and a reason. */
#define MKIMAGE_ERROR_SIZE 1024

/* Puts the sentence down (without its full stop) and returns @rc. */
int mkimage_fail(char *error, int rc, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
