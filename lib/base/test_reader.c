/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/reader.h"
#include "lib/base/writer.h"

static const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};

static void numbers_have_the_byte_order_of_their_name(void **state)
{
        struct reader r = reader_over(bytes, sizeof(bytes));
        struct reader again;
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;

        (void)state;
        again = r;
        assert_int_equal(reader_u8(&again, &u8), 0);
        assert_int_equal(u8, 0x01);
        again = r;
        assert_int_equal(reader_be16(&again, &u16), 0);
        assert_int_equal(u16, 0x0102);
        assert_int_equal(reader_le16(&again, &u16), 0);
        assert_int_equal(u16, 0x0403);
        again = r;
        assert_int_equal(reader_be32(&again, &u32), 0);
        assert_int_equal(u32, 0x01020304);
        assert_int_equal(reader_le32(&again, &u32), 0);
        assert_int_equal(u32, 0x08070605);
        again = r;
        assert_int_equal(reader_be64(&again, &u64), 0);
        assert_int_equal(u64, UINT64_C(0x0102030405060708));
        again = r;
        assert_int_equal(reader_le64(&again, &u64), 0);
        assert_int_equal(u64, UINT64_C(0x0807060504030201));
        assert_int_equal(reader_left(&again), 0);
}

static void a_take_that_fails_changes_nothing(void **state)
{
        struct reader r = reader_over(bytes, 7), part = {0};
        const uint8_t *at = r.at;
        uint64_t u64 = 77;
        uint8_t copy[8] = {9};

        (void)state;
        assert_int_equal(reader_be64(&r, &u64), -EBADMSG);
        assert_int_equal(reader_le64(&r, &u64), -EBADMSG);
        assert_int_equal(u64, 77);
        assert_int_equal(reader_take(&r, 8, &part), -EBADMSG);
        assert_null(part.at);
        assert_int_equal(reader_take(&r, SIZE_MAX, &part), -EBADMSG);
        assert_int_equal(reader_skip(&r, SIZE_MAX), -EBADMSG);
        assert_int_equal(reader_copy(&r, copy, 8), -EBADMSG);
        assert_int_equal(copy[0], 9);
        assert_ptr_equal(r.at, at);
        assert_int_equal(reader_copy(&r, copy, 7), 0);
        assert_memory_equal(copy, bytes, 7);
        assert_int_equal(reader_left(&r), 0);
}

static void a_part_cannot_see_beyond_itself(void **state)
{
        struct reader r = reader_over(bytes, sizeof(bytes)), part;
        uint16_t u16;

        (void)state;
        assert_int_equal(reader_take(&r, 1, &part), 0);
        assert_int_equal(reader_be16(&part, &u16), -EBADMSG);
        assert_int_equal(reader_left(&r), 7);
}

static void a_text_needs_its_nul(void **state)
{
        static const char two[] = "one\0two";
        struct reader r = reader_over(two, 7); /* without the last NUL */
        struct reader none = reader_over(NULL, 0);
        const char *text = NULL;

        (void)state;
        assert_int_equal(reader_text(&r, &text), 0);
        assert_string_equal(text, "one");
        assert_int_equal(reader_text(&r, &text), -EBADMSG);
        assert_string_equal(text, "one");
        assert_int_equal(reader_left(&r), 3);
        assert_int_equal(reader_text(&none, &text), -EBADMSG);
}

static void what_is_written_is_read(void **state)
{
        uint8_t space[64];
        struct writer w = writer_over(space, sizeof(space));
        struct reader r;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
        uint8_t u8;

        (void)state;
        writer_u8(&w, 0xfe);
        writer_be16(&w, 0x1234);
        writer_le16(&w, 0x1234);
        writer_be32(&w, 0x12345678);
        writer_le32(&w, 0x12345678);
        writer_be64(&w, UINT64_C(0x123456789abcdef0));
        writer_le64(&w, UINT64_C(0x123456789abcdef0));
        writer_zero(&w, 2);
        writer_text(&w, "hi");
        assert_int_equal(writer_size(&w), 1 + 4 + 8 + 16 + 2 + 2);
        assert_int_equal(space[1], 0x12);
        assert_int_equal(space[3], 0x34);

        r = reader_over(space, (size_t)writer_size(&w));
        assert_int_equal(reader_u8(&r, &u8), 0);
        assert_int_equal(u8, 0xfe);
        reader_be16(&r, &u16);
        assert_int_equal(u16, 0x1234);
        reader_le16(&r, &u16);
        assert_int_equal(u16, 0x1234);
        reader_be32(&r, &u32);
        assert_int_equal(u32, 0x12345678);
        reader_le32(&r, &u32);
        assert_int_equal(u32, 0x12345678);
        reader_be64(&r, &u64);
        assert_int_equal(u64, UINT64_C(0x123456789abcdef0));
        reader_le64(&r, &u64);
        assert_int_equal(u64, UINT64_C(0x123456789abcdef0));
        reader_be16(&r, &u16);
        assert_int_equal(u16, 0);
        assert_memory_equal(r.at, "hi", 2);
}

static void an_overrun_is_remembered(void **state)
{
        uint8_t space[5] = {0, 0, 0, 7, 7};
        struct writer w = writer_over(space, 3);

        (void)state;
        writer_u8(&w, 1);
        writer_be32(&w, UINT32_MAX); /* does not fit: writes nothing */
        writer_u8(&w, 2);            /* would fit, but the message is lost */
        assert_int_equal(writer_size(&w), -ENOBUFS);
        assert_memory_equal(space, "\1\0\0\7\7", 5);
        w = writer_over(space, 3);
        writer_bytes(&w, "abc", 3);
        assert_int_equal(writer_size(&w), 3);
        writer_zero(&w, SIZE_MAX);
        assert_int_equal(writer_size(&w), -ENOBUFS);
        assert_int_equal(space[3], 7);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_have_the_byte_order_of_their_name),
                cmocka_unit_test(a_take_that_fails_changes_nothing),
                cmocka_unit_test(a_part_cannot_see_beyond_itself),
                cmocka_unit_test(a_text_needs_its_nul),
                cmocka_unit_test(what_is_written_is_read),
                cmocka_unit_test(an_overrun_is_remembered),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
