/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Folders of output: built beside their place, put there whole. */

#include <stdbool.h>

/* Removes a folder and all in it; follows no links. 0 or -errno. */
int folder_remove(const char *path);

/* True if there is nothing, or an empty folder, or one that holds @mark: what we made before. */
bool folder_may_replace(const char *path, const char *mark);

/**
 * folder_replace() - put a folder in another's place
 * @from:  afterwards gone
 * @to:    what was there is removed once the new one is in its place
 *
 * Return: 0 or -errno; @to is then as it was.
 */
int folder_replace(const char *from, const char *to);
