/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Configuration pages of LSI SAS controllers with integrated RAID (MPI 2.0 and 2.5). The pages
 * are as the open driver has them: Linux's mpt3sas, mpi2_cnfg.h. Bytes alone; who asks is
 * probe_mpt_linux.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/doc/value.h"

#define MPT_PAGE_MAX     1024 /* bytes; a volume of 128 disks has 552 */
#define MPT_REQUEST_SIZE 28   /* of a configuration request, in front of its buffer's address */
#define MPT_REPLY_SIZE   24
#define MPT_VOLUMES_MAX  32
#define MPT_DISKS_MAX    128
#define MPT_NO_HANDLE    0xffff /* before the first */
#define MPT_PAGE_VOLUME  0x08
#define MPT_PAGE_DISK    0x0a
#define MPT_FORM_NEXT    0x00000000U /* what stands in the address: the one behind it */
#define MPT_FORM_THIS    0x10000000U

struct mpt_page {
        uint8_t version, length, number, type; /* @length: in words of four bytes */
};

/* A request for @page's header, or, as its header was told, for the page. */
void mpt_request_write(uint8_t to[static MPT_REQUEST_SIZE], const struct mpt_page *page,
                       uint32_t address, bool is_header);

/* 1: the page's header; 0: there is no such page, or no further one; -1: no such answer. */
int mpt_reply_parse(const void *bytes, size_t size, struct mpt_page *ret);

/* RAID volume pages: 1 has the name, 0 all else, the numbers of its disks in "drives", too. */
bool mpt_volume1_parse(const void *bytes, size_t size, uint16_t *ret_handle, struct doc *volume);
bool mpt_volume0_parse(const void *bytes, size_t size, struct doc *volume);

/* RAID physical disk page 0. */
bool mpt_disk_parse(const void *bytes, size_t size, uint8_t *ret_number, struct doc *drive);
