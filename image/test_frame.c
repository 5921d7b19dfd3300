/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "image/frame.h"

#define PLAIN ((size_t)IMAGE_FRAME_SIZE)

struct bench {
        struct image_encoder *encoder;
        struct image_decoder *decoder;
        uint8_t *plain, *stored, *out;
};

static void fill_random(uint8_t *to, size_t size)
{
        uint32_t x = 2463534242U; /* xorshift: the same bytes in each run */

        for (size_t i = 0; i < size; i++) {
                x ^= x << 13;
                x ^= x >> 17;
                x ^= x << 5;
                to[i] = (uint8_t)x;
        }
}

static void fill_text(uint8_t *to, size_t size)
{
        for (size_t i = 0; i < size; i++)
                to[i] = (uint8_t)("the quick brown fox "[i % 20] + (i / 4096) % 3);
}

static void fill_zero(uint8_t *to, size_t size)
{
        memset(to, 0, size);
}

static int setup(void **state)
{
        struct bench *bench = calloc(1, sizeof(*bench));

        bench->plain = malloc(PLAIN);
        bench->stored = malloc(IMAGE_STORED_MAX + 1);
        bench->out = malloc(PLAIN);
        *state = bench;
        return image_encoder_new(3, &bench->encoder) | image_decoder_new(&bench->decoder);
}

static int teardown(void **state)
{
        struct bench *bench = *state;

        image_encoder_free(bench->encoder);
        image_decoder_free(bench->decoder);
        free(bench->plain);
        free(bench->stored);
        free(bench->out);
        free(bench);
        return 0;
}

static int decode(struct bench *bench, size_t stored, size_t size, const struct sha256 *hash)
{
        return image_frame_decode(bench->decoder, reader_over(bench->stored, stored), bench->out,
                                  size, hash);
}

static void test_there_and_back(void **state)
{
        static void (*const fills[])(uint8_t * to, size_t size) = {fill_random, fill_text,
                                                                   fill_zero};
        static const size_t sizes[] = {PLAIN, 512, 200 << 10, PLAIN - 512};
        struct bench *bench = *state;

        for (size_t f = 0; f < ARRAY_SIZE(fills); f++)
                for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
                        struct image_frame frame;

                        fills[f](bench->plain, sizes[s]);
                        assert_int_equal(image_frame_encode(bench->encoder, bench->plain, sizes[s],
                                                            bench->stored, &frame),
                                         0);
                        assert_true(frame.stored > 0 && frame.stored <= IMAGE_STORED_MAX);
                        assert_int_equal(frame.is_zero, fills[f] == fill_zero);
                        memset(bench->out, 0xee, PLAIN);
                        assert_int_equal(decode(bench, frame.stored, sizes[s], &frame.plain), 0);
                        assert_memory_equal(bench->out, bench->plain, sizes[s]);
                }
}

static void test_levels_and_sizes(void **state)
{
        struct bench *bench = *state;
        struct image_encoder *none = NULL;
        struct image_frame frame;

        assert_int_equal(image_encoder_new(0, &none), -EINVAL);
        assert_int_equal(image_encoder_new(20, &none), -EINVAL);
        assert_int_equal(image_frame_encode(bench->encoder, bench->plain, 0, bench->stored, &frame),
                         -EINVAL);
        assert_int_equal(
                image_frame_encode(bench->encoder, bench->plain, PLAIN + 1, bench->stored, &frame),
                -EINVAL);
}

static void test_another_frame(void **state)
{
        struct bench *bench = *state;
        struct image_frame frame;
        struct sha256 other;

        fill_text(bench->plain, PLAIN);
        assert_int_equal(
                image_frame_encode(bench->encoder, bench->plain, PLAIN, bench->stored, &frame), 0);
        other = frame.plain;
        other.bytes[31] ^= 1;
        assert_int_equal(decode(bench, frame.stored, PLAIN, &other), -EKEYREJECTED);
        /* another size than expected, both ways; cut off; something behind it; nothing at all */
        assert_int_equal(decode(bench, frame.stored, PLAIN - 512, &frame.plain), -EBADMSG);
        assert_int_equal(decode(bench, frame.stored - 1, PLAIN, &frame.plain), -EBADMSG);
        bench->stored[frame.stored] = 0;
        assert_int_equal(decode(bench, frame.stored + 1, PLAIN, &frame.plain), -EBADMSG);
        assert_int_equal(decode(bench, 0, PLAIN, &frame.plain), -EBADMSG);
        assert_int_equal(decode(bench, frame.stored, 0, &frame.plain), -EBADMSG);
        assert_int_equal(decode(bench, frame.stored, PLAIN, &frame.plain), 0);
}

/* Damage never passes: zstd's checksum finds it, or its format, or our hash. A few bits mean
 * nothing (RFC 8878 3.1.1.1.1.3, and matches that may be told in two ways). */
static void test_damage(void **state)
{
        struct bench *bench = *state;
        struct image_frame frame;
        size_t harmless = 0;

        fill_text(bench->plain, 4096);
        assert_int_equal(
                image_frame_encode(bench->encoder, bench->plain, 4096, bench->stored, &frame), 0);
        for (size_t i = 0; i < 8 * (size_t)frame.stored; i++) {
                memset(bench->out, 0xee, 4096);
                bench->stored[i / 8] ^= (uint8_t)(1 << i % 8);
                if (decode(bench, frame.stored, 4096, &frame.plain) == 0) {
                        assert_memory_equal(bench->out, bench->plain, 4096);
                        harmless++;
                }
                bench->stored[i / 8] ^= (uint8_t)(1 << i % 8);
        }
        assert_true(harmless < frame.stored / 2);
        assert_int_equal(decode(bench, frame.stored, 4096, &frame.plain), 0);
}

/* What a stranger's zstd makes: @window_log 0: as it likes; @is_sized: it says how large it is. */
static size_t stream(struct bench *bench, size_t size, int window_log, bool is_sized)
{
        ZSTD_CCtx *context = ZSTD_createCCtx();
        ZSTD_inBuffer in = {.src = bench->plain, .size = size};
        ZSTD_outBuffer out = {.dst = bench->stored, .size = IMAGE_STORED_MAX};

        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
        if (is_sized)
                ZSTD_CCtx_setPledgedSrcSize(context, size);
        else
                ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush);
        assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0);
        ZSTD_freeCCtx(context);
        return out.pos;
}

static void test_strangers(void **state)
{
        struct bench *bench = *state;
        struct sha256 hash;
        size_t size;

        fill_text(bench->plain, PLAIN);
        assert_int_equal(sha256_of(bench->plain, PLAIN, &hash), 0);
        assert_int_equal(decode(bench, stream(bench, PLAIN, 0, true), PLAIN, &hash), 0);
        assert_int_equal(decode(bench, stream(bench, PLAIN, 0, false), PLAIN, &hash), 0);
        assert_int_equal(decode(bench, stream(bench, PLAIN, 23, false), PLAIN, &hash), 0);
        assert_int_equal(decode(bench, stream(bench, PLAIN, 24, false), PLAIN, &hash), -EBADMSG);
        /* more or less than it may become, where its head does not say so */
        size = stream(bench, PLAIN, 0, false);
        assert_int_equal(decode(bench, size, PLAIN - 1, &hash), -EBADMSG);
        size = stream(bench, PLAIN - 1, 0, false);
        assert_int_equal(decode(bench, size, PLAIN, &hash), -EBADMSG);
        /* 256 to 65,791 bytes are told in two bytes, fewer in one */
        assert_int_equal(sha256_of(bench->plain, 512, &hash), 0);
        assert_int_equal(decode(bench, stream(bench, 512, 0, true), 512, &hash), 0);
        assert_int_equal(sha256_of(bench->plain, 100, &hash), 0);
        assert_int_equal(decode(bench, stream(bench, 100, 0, true), 100, &hash), 0);
}

static void test_heads(void **state)
{
        static const struct {
                const char *what;
                uint8_t bytes[16];
                size_t size;
        } rows[] = {
                {"skippable",            {0x5c, 0x2a, 0x4d, 0x18, 0, 0, 0, 0},               8 },
                {"format of 0.7",        {0x27, 0xb5, 0x2f, 0xfd, 0x20, 1, 1, 0, 0},         9 },
                {"reserved bit",         {0x28, 0xb5, 0x2f, 0xfd, 0x28, 1, 9, 0, 0, 'a'},    10},
                {"a dictionary",         {0x28, 0xb5, 0x2f, 0xfd, 0x21, 7, 1, 9, 0, 0, 'a'}, 11},
                {"no descriptor",        {0x28, 0xb5, 0x2f, 0xfd},                           4 },
                {"size cut off",         {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 1, 0, 0},            8 },
                {"window of 3.75 TB",    {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 9, 0, 0, 'a'}, 10},
                {"another content size", {0x28, 0xb5, 0x2f, 0xfd, 0x20, 2, 9, 0, 0, 'a'},    10},
        };
        static const uint8_t good[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20, 1, 9, 0, 0, 'a'};
        struct bench *bench = *state;
        struct sha256 hash;

        assert_int_equal(sha256_of("a", 1, &hash), 0);
        memcpy(bench->stored, good, sizeof(good));
        assert_int_equal(decode(bench, sizeof(good), 1, &hash), 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                memcpy(bench->stored, rows[i].bytes, rows[i].size);
                if (decode(bench, rows[i].size, 1, &hash) != -EBADMSG)
                        fail_msg("%s was accepted", rows[i].what);
        }
}

/* The table: three rows over 2.5 frames, the middle one zero. */

struct table {
        struct image_manifest manifest;
        struct image_frame frames[3];
        uint8_t bytes[3 * IMAGE_ROW_SIZE];
};

static int parse_table(struct table *t, size_t size)
{
        CLEANUP(image_table_free) struct image_table *table = NULL;
        struct writer writer = writer_over(t->bytes, sizeof(t->bytes));
        struct sha256 hash;
        int rc;

        for (size_t i = 0; i < 3; i++)
                image_table_write(&writer, &t->frames[i]);
        assert_int_equal(sha256_of(t->bytes, size, &hash), 0);
        sha256_text(t->manifest.table_sha256, &hash);
        rc = image_table_parse(&t->manifest, reader_over(t->bytes, size), &table);
        for (size_t i = 0; rc == 0 && i < 3; i++) {
                struct image_frame frame;

                image_table_frame(table, i, &frame);
                assert_int_equal(frame.offset, t->frames[i].offset);
                assert_int_equal(frame.stored, t->frames[i].stored);
                assert_int_equal(frame.is_zero, t->frames[i].is_zero);
                assert_true(sha256_is_equal(&frame.plain, &t->frames[i].plain));
        }
        return rc;
}

static struct table good_table(struct bench *bench)
{
        struct table t = {
                .manifest = {.size = 10 << 20,
                             .stored_size = 600 + IMAGE_TABLE_HEAD + sizeof(t.bytes)},
                .frames = { {.offset = 0, .stored = 100},
                             {.offset = 100, .stored = 200, .is_zero = true},
                             {.offset = 300, .stored = 300}},
        };

        memset(bench->plain, 0, PLAIN);
        assert_int_equal(sha256_of(bench->plain, PLAIN, &t.frames[1].plain), 0);
        return t;
}

static void test_table(void **state)
{
        const struct table good = good_table(*state);
        struct table t = good;

        assert_int_equal(parse_table(&t, sizeof(t.bytes)), 0);
        assert_int_equal(parse_table(&t, sizeof(t.bytes) - 1), -EBADMSG);
        assert_int_equal(parse_table(&t, (size_t)2 * IMAGE_ROW_SIZE), -EBADMSG);
        t.manifest.size = IMAGE_FRAMES_MAX * IMAGE_FRAME_SIZE; /* as many rows as may be */
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), -EBADMSG);
        t = good;
        t.frames[1].offset = 101; /* a gap */
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), -EBADMSG);
        t = good;
        t.frames[1].offset = 99; /* overlap */
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), -EBADMSG);
        t = good;
        t.frames[0].offset = 1;
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), -EBADMSG);
        t = good;
        t.frames[2].stored = 301; /* into the table */
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), -EBADMSG);
        t.frames[2].stored = 299; /* short of the table */
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), -EBADMSG);
        t = good;
        t.frames[2].offset = UINT64_MAX - 10;
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), -EBADMSG);
        t = good;
        t.frames[0].stored = 0;
        t.frames[1].offset = 0;
        t.frames[1].stored = 300;
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), -EBADMSG);
}

static void test_table_limits(void **state)
{
        const struct table good = good_table(*state);
        struct image_table *table = NULL;
        struct table t = good;

        t.frames[2].stored = IMAGE_STORED_MAX;
        t.manifest.stored_size += IMAGE_STORED_MAX - 300;
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), 0);
        t.frames[2].stored++;
        t.manifest.stored_size++;
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), -EBADMSG);

        /* a zero flag that lies; the last frame's zeroes are fewer */
        t = good;
        t.frames[0].is_zero = true;
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), -EBADMSG);
        t = good;
        t.frames[2].is_zero = true;
        t.frames[2].plain = t.frames[1].plain;
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), -EBADMSG);
        t.manifest.size = 3 * (uint64_t)IMAGE_FRAME_SIZE;
        assert_int_equal(parse_table(&t, sizeof(t.bytes)), 0);

        /* another table than the manifest's */
        t.bytes[sizeof(t.bytes) - 1] ^= 1;
        assert_int_equal(
                image_table_parse(&t.manifest, reader_over(t.bytes, sizeof(t.bytes)), &table),
                -EKEYREJECTED);
        assert_null(table);
}

static void test_table_head(void **state)
{
        uint8_t head[IMAGE_TABLE_HEAD];
        struct writer writer = writer_over(head, sizeof(head));

        (void)state;
        image_table_head_write(&writer, 132);
        assert_memory_equal(head, "\x5c\x2a\x4d\x18\x84\0\0\0", sizeof(head));
        assert_int_equal(image_table_head_parse(reader_over(head, sizeof(head)), 132), 0);
        assert_int_equal(image_table_head_parse(reader_over(head, sizeof(head)), 133), -EBADMSG);
        assert_int_equal(image_table_head_parse(reader_over(head, 7), 132), -EBADMSG);
        head[0] ^= 1;
        assert_int_equal(image_table_head_parse(reader_over(head, sizeof(head)), 132), -EBADMSG);
}

static void test_is_zero(void **state)
{
        uint8_t bytes[1000] = {0};

        (void)state;
        assert_true(image_is_zero(bytes, sizeof(bytes)));
        assert_true(image_is_zero(bytes, 0));
        for (size_t i = 0; i < sizeof(bytes); i++) {
                bytes[i] = 1;
                assert_false(image_is_zero(bytes, sizeof(bytes)));
                bytes[i] = 0;
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_levels_and_sizes),
                cmocka_unit_test(test_another_frame),  cmocka_unit_test(test_damage),
                cmocka_unit_test(test_strangers),      cmocka_unit_test(test_heads),
                cmocka_unit_test(test_table),          cmocka_unit_test(test_table_limits),
                cmocka_unit_test(test_table_head),     cmocka_unit_test(test_is_zero),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
