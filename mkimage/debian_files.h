/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the Debian worker is made of: packages, what is left out of them, and what is ours. */

#include <stdbool.h>

#include "image/tar.h"

#define DEBIAN_SUITE   "bookworm"
#define DEBIAN_ESP_MIB 64 /* Debian's loaders twice, and room for others */

/* The first 34 characters of the GUIDs, as of struct layout. */
#define DEBIAN_IDS     "c10d1e00-6465-4e79-8000-0000000000"
#define DEBIAN_SEED_ID DEBIAN_IDS "03"
#define DEBIAN_ROOT_ID DEBIAN_IDS "04"

/* What both boot loaders do: the rest is in a file that the operator may change. */
#define DEBIAN_GRUB "configfile ($root)/boot/grub/grub.cfg\n"

/* Which packages, as of list_walk(). */
extern const char debian_packages[];

/* A word of mmdebstrap: what of them is never unpacked, later neither. */
extern const char debian_dpkg_option[];

/* Another: what must lie in the system before its initramfs is made. */
extern const char debian_hook_option[];

/* Is this entry made anew on each machine, or a leftover of installing? */
bool debian_is_dropped(const struct tar_entry *entry);

/* Files, folders and links that are ours, and take the place of Debian's. */
struct debian_file {
        enum tar_kind kind; /* file, folder, or symbolic link */
        mode_t mode;
        const char *path;
        const char *text; /* content, or the link's target */
};
extern const struct debian_file debian_files[];
extern const size_t debian_file_count;

/* The one at this path; NULL: none. */
const struct debian_file *debian_file_find(const char *path);
