/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/* Relative, and without an empty, "." or ".." part: it stays below the folder it is put in. */
bool path_is_plain(const char *path);
