/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a network card's driver tells of itself and of its link (SIOCETHTOOL). */

#include "discover/tree.h"
#include "lib/doc/value.h"

/* Asks the interface, and sets what it answers. @fd: any socket; below 0: nobody is asked. */
void ethtool_take(struct tree *tree, int fd, const char *name, struct doc *nic);

/**
 * ethtool_speeds() - the speeds in a set of link modes
 * @words:  the kernel's bits, 32 a word
 *
 * Return: a list of Mb/s, rising, each once; NULL if there is none.
 */
struct doc *ethtool_speeds(const uint32_t *words, size_t count);
