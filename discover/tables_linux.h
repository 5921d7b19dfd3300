/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What several probes read. */

#include "discover/smbios.h"
#include "discover/tree.h"
#include "lib/base/net.h"
#include "lib/base/reader.h"
#include "lib/doc/value.h"

/**
 * smbios_read() - the SMBIOS structure table
 * @ret:  a reader over the structures, past an entry point that stands before them; the tree's
 *
 * Return: 0, -ENOENT: this machine has none; -errno.
 */
int smbios_read(struct tree *tree, struct reader *ret);
#define SMBIOS_TABLE_PATH "sys/firmware/dmi/tables/DMI"
#define SMBIOS_TABLE_MAX                                                                           \
        ((size_t)1 << 20) /* the largest seen has 30 KB; a 3.0 entry point may claim 4 GiB */

/*
 * The value of a field in the first block of /proc/cpuinfo, without blanks at its ends. False, and
 * "" in @to, if it is not there, empty, or has no room in @size.
 */
bool cpuinfo_field(const char *cpuinfo, const char *name, char *to, size_t size);

/* The first CPU's block of /proc/cpuinfo, and what more comes with it; the tree's. 0, -errno. */
int cpuinfo_read(struct tree *tree, const char **ret);
#define CPUINFO_MAX    ((size_t)16 << 10) /* one block; the kernel asks each CPU for all of them */

#define CPU_FLAGS_SIZE 8192 /* the longest line of flags seen has 1.6 KB */
bool cpu_flags_have(const char *flags, const char *flag); /* a whole word of them */
bool cpu_has_flag(struct tree *tree, const char *flag);

/* Sets @name to the structure's string at @offset, if it has one that means something. */
void smbios_set_string(struct doc *to, const char *name, const struct smbios_structure *s,
                       size_t offset);

/* The card that was booted from: BOOTIF=01-52-54-00-77-00-01, which the boot script put on the
 * kernel's command line. */
bool boot_mac_read(struct tree *tree, struct mac_address *ret);
#define COMMAND_LINE_MAX ((size_t)64 << 10)
