/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The bytes of a journal: a header, then records, then zeros. All numbers are
 * little-endian. Pure: no file is touched here.
 *
 *   header   0  16  "cloudie journal\n"
 *           16   4  version, 1
 *           20   4  seed: random, the start of each checksum in this file
 *           24   4  CRC-32C of the above
 *           28      zeros up to JOURNAL_HEADER_SIZE
 *
 *   record   0   4  CRC-32C of what follows, begun with the seed
 *            4   4  size of the payload
 *            8   8  sequence: 1 for the first record of the file, then one more each
 *           16   8  batch: the sequence of the first record of its batch
 *           24      payload
 *
 * The seed is there because payloads come from strangers: without knowing it
 * nobody can plant bytes in a payload that look like a record.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buffer.h"
#include "lib/base/journal.h"
#include "lib/base/reader.h"

/* A page, so that no write ever touches the header again. */
#define JOURNAL_HEADER_SIZE 4096
#define JOURNAL_FRAME_SIZE  24

struct journal_record {
        uint64_t sequence;
        uint64_t batch;
        struct reader payload;
};

void journal_header_write(uint8_t to[static JOURNAL_HEADER_SIZE], uint32_t seed);

/* -EBADMSG if it is not the header of a journal of ours; -EPROTONOSUPPORT: of a newer version. */
int journal_header_parse(struct reader *r, uint32_t *ret_seed);

/* -EBADMSG if there is no intact record at this place; @r has not moved. */
int journal_record_parse(struct reader *r, uint32_t seed, struct journal_record *ret);

/* Adds an unsealed record: 0, -E2BIG, -ENOMEM; then nothing was added. */
int journal_record_add(struct buffer *to, const void *record, size_t size);

/**
 * journal_records_seal() - number and checksum records, as one batch
 * @bytes:     what journal_record_add() made; may have been sealed before, for another file
 * @sequence:  of the first one
 *
 * Return: the number of records.
 */
uint64_t journal_records_seal(void *bytes, size_t size, uint32_t seed, uint64_t sequence);

struct journal_extent {
        uint32_t seed;
        uint64_t count; /* intact records */
        uint64_t end;   /* where the next record goes */
        bool is_torn;   /* behind @end lies something other than zeros, to be cut off */
};

/**
 * journal_replay() - read a whole journal
 * @replay:  called for each intact record up to the first place where there is none
 *
 * What lies at that place is either the end, or a batch that was torn when the
 * power went, or damage to what had been promised. It is damage if an intact
 * record follows anywhere whose batch began later: a batch is only written
 * when the one before it is on disk. Within the last batch the disk may have
 * written later sectors and not earlier ones, so records of the same batch
 * prove nothing.
 *
 * Return: 0; -EBADMSG: damaged, or not a journal; what @replay returned if negative.
 */
int journal_replay(const void *bytes, size_t size, journal_replay_fn replay, void *context,
                   struct journal_extent *ret);
