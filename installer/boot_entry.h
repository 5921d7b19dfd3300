/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Boot entries of UEFI firmware (UEFI 2.10 3.1.3, 3.3), as bytes. Pure. */

#include "lib/base/reader.h"
#include "lib/disk/gpt.h"

#define BOOT_ENTRY_NAME   "Cloudie"
#define BOOT_ENTRY_PATH   "\\EFI\\BOOT\\BOOTX64.EFI" /* where every disk that boots has a loader */
#define BOOT_ENTRY_SIZE   256                        /* ours is smaller */
#define BOOT_ORDER_MAX    256                        /* entries; firmware has a dozen */
#define BOOT_NUMBER_COUNT 0x10000

struct boot_order {
        uint16_t numbers[BOOT_ORDER_MAX];
        size_t count;
};

/**
 * boot_entry_encode() - an EFI_LOAD_OPTION that starts the loader of a partition
 * @partition:  index of the EFI system partition in @gpt
 * @to:         BOOT_ENTRY_SIZE bytes
 *
 * Return: how many bytes it has.
 */
size_t boot_entry_encode(const struct gpt *gpt, int partition, uint8_t *to);

/* Whether a load option has our name. */
bool boot_entry_is_ours(struct reader option);

/* What a load option starts, as far as its device path tells. */
enum boot_kind {
        BOOT_KIND_DISK, /* or anything else that holds a system */
        BOOT_KIND_NETWORK,
        BOOT_KIND_FIRMWARE, /* its own menu, shell, tools */
};
enum boot_kind boot_entry_kind(struct reader option);

/* "Boot001F-8be4df61-…": 0x1f; -ENOENT: no entry. */
int boot_entry_number(const char *name, uint16_t *ret);

/* The content of BootOrder. -EBADMSG for an odd number of bytes, or more than BOOT_ORDER_MAX. */
int boot_order_parse(struct reader bytes, struct boot_order *ret);
/**
 * boot_order_place() - give an entry of a disk its place
 * @kinds:  of @order->numbers
 *
 * Before the first disk, so that it comes before whatever the firmware found by itself; behind the
 * network where that comes first, as a worker asks there at each start what it is to boot. An entry
 * that stands in the order keeps its place: somebody may have put it there.
 *
 * Return: 0; -ENOSPC: the list is full.
 */
int boot_order_place(struct boot_order *order, uint16_t number, const enum boot_kind *kinds);

/* Index of the EFI system partition; -ENOENT. */
int boot_find_system_partition(const struct gpt *gpt);
