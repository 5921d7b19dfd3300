/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/crc32c.h"
#include "lib/base/journal_record.h"

#define SEED 0x5eed1234

/* A journal of three batches with 3, 1 and 4 records: "record 1" .. "record 8". */
static const unsigned batches[] = {3, 1, 4};
enum { RECORDS = 8, LAST_BATCH = 5, SPACE = 16384 };
static uint8_t whole[SPACE];
static size_t ends[RECORDS + 1]; /* where record n ends */

static int make_journal(void **state)
{
        size_t at = JOURNAL_HEADER_SIZE;
        uint64_t n = 1;

        (void)state;
        journal_header_write(whole, SEED);
        ends[0] = at;
        for (size_t i = 0; i < ARRAY_SIZE(batches); i++) {
                _buffer_ struct buffer b = {0};
                uint64_t first = n;

                for (unsigned k = 0; k < batches[i]; k++, n++) {
                        char text[64];
                        int len = snprintf(text, sizeof(text), "record %d%.*s", (int)n, (int)n,
                                           "..........");

                        journal_record_add(&b, text, (size_t)len);
                        ends[n] = at + b.size;
                }
                if (journal_records_seal(b.bytes, b.size, SEED, first) != batches[i])
                        return -1;
                memcpy(whole + at, b.bytes, b.size);
                at += b.size;
        }
        return 0;
}

static unsigned seen;

static int see(void *context, const void *record, size_t size)
{
        char text[64];
        int len;

        (void)context;
        seen++;
        len = snprintf(text, sizeof(text), "record %d%.*s", (int)seen, (int)seen, "..........");
        assert_int_equal(size, len);
        assert_memory_equal(record, text, size);
        return 0;
}

static int replay(const void *bytes, size_t size, struct journal_extent *ret)
{
        seen = 0;
        return journal_replay(bytes, size, see, NULL, ret);
}

/* How many records end at or before @at. */
static unsigned records_before(size_t at)
{
        unsigned n = 0;

        while (n < RECORDS && ends[n + 1] <= at)
                n++;
        return n;
}

static void the_checksum_is_castagnolis(void **state)
{
        uint8_t zeros[32] = {0};

        (void)state;
        assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
        assert_int_equal(crc32c(0, zeros, 32), 0x8a9136aa); /* RFC 3720 B.4 */
        assert_int_equal(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void a_whole_one_is_replayed(void **state)
{
        struct journal_extent extent;

        (void)state;
        assert_int_equal(replay(whole, SPACE, &extent), 0);
        assert_int_equal(seen, RECORDS);
        assert_int_equal(extent.count, RECORDS);
        assert_int_equal(extent.end, ends[RECORDS]);
        assert_int_equal(extent.seed, SEED);
        assert_false(extent.is_torn);
}

/* The power goes after byte n of the file: cut there, or zeros from there. */
static void torn_at_every_length(void **state)
{
        struct journal_extent extent;
        uint8_t torn[SPACE];

        (void)state;
        for (size_t n = 0; n <= ends[RECORDS] + 10; n++) {
                int rc = replay(whole, n, &extent);

                if (n < JOURNAL_HEADER_SIZE) {
                        assert_int_equal(rc, -EBADMSG);
                        continue;
                }
                assert_int_equal(rc, 0);
                assert_int_equal(extent.count, records_before(n));
                assert_int_equal(extent.end, ends[extent.count]);

                memcpy(torn, whole, n);
                memset(torn + n, 0, SPACE - n);
                assert_int_equal(replay(torn, SPACE, &extent), 0);
                /* A record whose last bytes are zeros itself may be whole. */
                assert_in_range(extent.count, records_before(n), RECORDS);
                assert_int_equal(seen, extent.count);
        }
}

/* Within the last batch the disk may have written later bytes and not earlier ones. */
static void torn_inside_the_last_batch(void **state)
{
        uint8_t torn[SPACE];
        struct journal_extent extent;
        size_t start = ends[LAST_BATCH - 1];

        (void)state;
        for (size_t from = start; from < ends[RECORDS]; from++) {
                memcpy(torn, whole, SPACE);
                memset(torn + start, 0, from + 1 - start);
                assert_int_equal(replay(torn, SPACE, &extent), 0);
                assert_int_equal(extent.count, LAST_BATCH - 1);
                assert_int_equal(extent.is_torn, from + 1 < ends[RECORDS]);
        }
}

static void a_flipped_bit_anywhere(void **state)
{
        struct journal_extent extent;

        (void)state;
        for (size_t at = 0; at < ends[RECORDS]; at++) {
                /* Behind its checksum the header is padding, which nobody reads. */
                if (at >= 28 && at < JOURNAL_HEADER_SIZE)
                        continue;
                for (int bit = 0; bit < 8; bit++) {
                        int rc;

                        whole[at] ^= (uint8_t)(1 << bit);
                        rc = replay(whole, SPACE, &extent);
                        whole[at] ^= (uint8_t)(1 << bit);

                        if (at < ends[LAST_BATCH - 1]) { /* a later batch says it was on disk */
                                assert_int_equal(rc, -EBADMSG);
                                continue;
                        }
                        assert_int_equal(rc, 0);
                        assert_int_equal(extent.count, records_before(at));
                        assert_true(extent.is_torn);
                }
        }
}

/* A sector that was lost, not one bit. */
static void a_hole_in_the_middle_is_damage(void **state)
{
        struct journal_extent extent;
        uint8_t holed[SPACE];

        (void)state;
        for (size_t from = ends[0]; from < ends[LAST_BATCH - 1]; from++) {
                memcpy(holed, whole, SPACE);
                memset(holed + from, 0, ends[LAST_BATCH - 1] - from);
                if (memcmp(holed, whole, SPACE) == 0)
                        continue;
                assert_int_equal(replay(holed, SPACE, &extent), -EBADMSG);
        }
}

static void records_of_another_file_count_for_nothing(void **state)
{
        uint8_t other[SPACE];
        struct journal_extent extent;

        (void)state;
        memcpy(other, whole, SPACE);
        journal_header_write(other, SEED + 1);
        assert_int_equal(replay(other, SPACE, &extent), 0);
        assert_int_equal(extent.count, 0);
        assert_true(extent.is_torn);
}

static void a_record_must_be_the_next_one(void **state)
{
        struct journal_extent extent;
        uint8_t cut[SPACE];
        size_t size = ends[2] - ends[1];

        (void)state;
        /* The second record is missing, as by a lost write; the third batch follows. */
        memcpy(cut, whole, SPACE);
        memmove(cut + ends[1], cut + ends[2], SPACE - ends[2]);
        assert_int_equal(replay(cut, SPACE - size, &extent), -EBADMSG);
        /* The last record stands twice. */
        memcpy(cut, whole, SPACE);
        memcpy(cut + ends[RECORDS], cut + ends[RECORDS - 1], ends[RECORDS] - ends[RECORDS - 1]);
        assert_int_equal(replay(cut, SPACE, &extent), 0);
        assert_int_equal(extent.count, RECORDS);
        assert_true(extent.is_torn);
}

static int refuse(void *context, const void *record, size_t size)
{
        (void)record;
        (void)size;
        return ++*(int *)context == 3 ? -EILSEQ : 0;
}

static void the_replay_function_may_refuse(void **state)
{
        struct journal_extent extent = {.count = 77};
        int calls = 0;

        (void)state;
        assert_int_equal(journal_replay(whole, SPACE, refuse, &calls, &extent), -EILSEQ);
        assert_int_equal(calls, 3);
        assert_int_equal(extent.count, 77);
}

static void sizes_at_the_limit(void **state)
{
        static uint8_t big[JOURNAL_RECORD_MAX + 1];
        _buffer_ struct buffer b = {0};
        struct journal_record record;
        struct reader r;

        (void)state;
        memset(big, 'b', sizeof(big));
        assert_int_equal(journal_record_add(&b, big, sizeof(big)), -E2BIG);
        assert_int_equal(b.size, 0);
        assert_int_equal(journal_record_add(&b, big, JOURNAL_RECORD_MAX), 0);
        assert_int_equal(journal_record_add(&b, NULL, 0), 0);
        assert_int_equal(journal_records_seal(b.bytes, b.size, SEED, 10), 2);
        r = reader_over(b.bytes, b.size);
        assert_int_equal(journal_record_parse(&r, SEED, &record), 0);
        assert_int_equal(record.sequence, 10);
        assert_int_equal(reader_left(&record.payload), JOURNAL_RECORD_MAX);
        assert_int_equal(journal_record_parse(&r, SEED, &record), 0);
        assert_int_equal(record.sequence, 11);
        assert_int_equal(record.batch, 10);
        assert_int_equal(reader_left(&record.payload), 0);
        assert_int_equal(journal_record_parse(&r, SEED, &record), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_checksum_is_castagnolis),
                cmocka_unit_test(a_whole_one_is_replayed),
                cmocka_unit_test(torn_at_every_length),
                cmocka_unit_test(torn_inside_the_last_batch),
                cmocka_unit_test(a_flipped_bit_anywhere),
                cmocka_unit_test(a_hole_in_the_middle_is_damage),
                cmocka_unit_test(records_of_another_file_count_for_nothing),
                cmocka_unit_test(a_record_must_be_the_next_one),
                cmocka_unit_test(the_replay_function_may_refuse),
                cmocka_unit_test(sizes_at_the_limit),
        };

        return cmocka_run_group_tests(tests, make_journal, NULL);
}
