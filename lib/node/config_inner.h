/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside the check of a configuration: for config_check.c and config_network6.c alone. */

/* @error: DOC_ERROR_SIZE bytes; may be NULL. Return: -EINVAL. */
__attribute__((format(printf, 2, 3))) int config_fail(char *error, const char *sentence, ...);
