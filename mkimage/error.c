/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "mkimage/error.h"

int mkimage_fail(char *error, int rc, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(error, MKIMAGE_ERROR_SIZE, format, args);
        va_end(args);
        return rc;
}
