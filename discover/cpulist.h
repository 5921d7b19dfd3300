/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Lists of CPUs and nodes as the kernel writes them: "0-3,8", "0-62:2", "0-11:2/4". */

#include <stddef.h>
#include <stdint.h>

#define CPULIST_MAX 8192 /* CONFIG_NR_CPUS of Debian's kernel */

/**
 * cpulist_read() - walk such a list
 * @text:  one line; an empty list is no CPU
 * @fn:    called for each number, as they come
 *
 * Return: how many there are, -EBADMSG if it is no such list, -ERANGE above CPULIST_MAX.
 */
int cpulist_read(const char *text, void (*fn)(void *context, unsigned number), void *context);

/**
 * cpumap_parse() - the same for a map: "ff,00000000", hexadecimal, 32 CPUs a word, the last first
 *
 * Return: as above.
 */
int cpumap_parse(const char *text, void (*fn)(void *context, unsigned number), void *context);
