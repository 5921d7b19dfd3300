/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * SMBIOS structures (DMTF DSP0134 3.7). Tables of real machines end early, have
 * lengths of 0, string numbers without a string and strings that are not UTF-8:
 * what cannot be read is not there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/reader.h"

enum smbios_type {
        SMBIOS_BIOS = 0,
        SMBIOS_SYSTEM = 1,
        SMBIOS_BOARD = 2,
        SMBIOS_CHASSIS = 3,
        SMBIOS_MEMORY_ARRAY = 16,
        SMBIOS_MEMORY_DEVICE = 17,
        SMBIOS_END = 127,
};

struct smbios_structure {
        uint8_t type;
        uint16_t handle;
        struct reader body; /* the formatted area from its first byte: offsets as in the standard */
        struct reader strings; /* the strings, each ended by a NUL byte */
};

/* The structures of a table as it is in a file: past an entry point that stands before them. */
struct reader smbios_table(const void *bytes, size_t size);

/**
 * smbios_next() - take the next structure off a table
 *
 * Return: 1; 0 at the end of the table (type 127, no bytes left, or a structure
 * that makes no sense: nothing after it can be trusted to be aligned).
 */
int smbios_next(struct reader *table, struct smbios_structure *ret);

/* Bytes at an offset of the formatted area; false if it is too short for them. */
bool smbios_u8(const struct smbios_structure *s, size_t offset, uint8_t *ret);
bool smbios_le16(const struct smbios_structure *s, size_t offset, uint16_t *ret);
bool smbios_le32(const struct smbios_structure *s, size_t offset, uint32_t *ret);
bool smbios_bytes(const struct smbios_structure *s, size_t offset, void *to, size_t len);

/* The string whose number is at @offset, without blanks at its ends. False if there is none. */
bool smbios_string(const struct smbios_structure *s, size_t offset, char *to, size_t size);

/* Memory device (type 17), 7.18. Size in bytes: 0 is an empty slot; false: not known. */
bool smbios_memory_size(const struct smbios_structure *s, uint64_t *ret);
