/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Boot numbers: public, one per (MAC, address, boot). */

#include "controller/logic/logic.h"

/**
 * boot_give() - the number of the boot that a machine is in
 * @ret:  the same to every repeat until it is claimed or BOOT_OPEN_MS old; borrowed
 *
 * Return: 0, -ENOSPC at BOOTS_MAX, -ENOMEM, -errno of the random numbers.
 */
int boot_give(struct logic *logic, const struct mac_address *mac, struct ip_address address,
              uint64_t now_ms, struct store_change *change, struct boot **ret);

struct boot *boot_find(const struct logic *logic, const char *number); /* NULL: none */

/* Somebody claimed it: a repeat of the question gets a new number from now on. */
void boot_close(struct logic *logic, const struct boot *boot);

/* Takes over a row that was loaded. */
int boot_restore(struct logic *logic, const struct store_boot *row,
                 struct boot **ret); /* @ret may be NULL */

/* Forgets those that are BOOT_KEPT_MS old. */
void boots_expire(struct logic *logic, uint64_t now_ms, struct store_change *change);
