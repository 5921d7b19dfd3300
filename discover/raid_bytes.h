/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the answers of RAID controllers are made of: numbers and texts at fixed places. What lies
 * beyond the answer's end is 0, and no text. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/doc/value.h"

#define RAID_SECTOR 512 /* that their sizes count in */

/* Little endian; @len: its bytes, at most 8. */
uint64_t raid_number_at(const void *bytes, size_t size, size_t offset, unsigned len);
uint64_t raid_be_at(const void *bytes, size_t size, size_t offset, unsigned len);

/* A field of fixed length, with blanks or NUL bytes at its ends, of less than 128 bytes. */
void raid_set_text(struct doc *to, const char *name, const void *bytes, size_t size, size_t offset,
                   size_t len);

/* Unless it is 0, or more bytes than a number has. @sector: bytes of each. */
void raid_set_sectors(struct doc *to, const char *name, uint64_t sectors, uint64_t sector);
