/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers made by the definitions: none was taken from a machine. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bmc/amt.h"

#define HEADER 16 /* with the status */
#define BIOS   65

static void put_le32(uint8_t *to, uint32_t number)
{
        for (int i = 0; i < 4; i++)
                to[i] = (uint8_t)(number >> 8 * i);
}

static void put_header(uint8_t *to, uint32_t command, size_t size)
{
        memset(to, 0, HEADER);
        to[0] = 1;
        to[1] = 1;
        put_le32(to + 4, command);
        put_le32(to + 8, (uint32_t)(size - 12));
}

static void put_text(uint8_t *to, const char *text)
{
        memset(to, 0, 22);
        to[0] = (uint8_t)strlen(text);
        memcpy(to + 2, text, strlen(text)); /* NOLINT(bugprone-not-null-terminated-result) */
}

static size_t make_versions(uint8_t *to)
{
        static const char *const rows[][2] = {
                {"Flash",        "15.0.35"},
                {"AMT",          "15.0.35"},
                {"Sku",          "16392"  },
                {"Build Number", "1951"   }
        };
        const size_t size = HEADER + BIOS + 4 + 4 * (size_t)44;

        put_header(to, 0x0480001a, size);
        memset(to + HEADER, 'B', BIOS);
        put_le32(to + HEADER + BIOS, 4);
        for (size_t i = 0; i < 4; i++) {
                put_text(to + HEADER + BIOS + 4 + i * 44, rows[i][0]);
                put_text(to + HEADER + BIOS + 4 + i * 44 + 22, rows[i][1]);
        }
        return size;
}

static void questions(void **state)
{
        uint8_t request[AMT_REQUEST_SIZE];

        (void)state;
        amt_ask(request, AMT_CODE_VERSIONS);
        assert_memory_equal(request, "\1\1\0\0\x1a\0\0\4\0\0\0\0", sizeof(request));
        amt_ask(request, AMT_PROVISIONING_STATE);
        assert_memory_equal(request, "\1\1\0\0\x11\0\0\4\0\0\0\0", sizeof(request));
}

static void versions(void **state)
{
        struct amt_versions got = {.amt = "old"};
        uint8_t bytes[512];
        const size_t size = make_versions(bytes);

        (void)state;
        assert_int_equal(amt_versions_parse(bytes, size - 1, &got), -EBADMSG);
        assert_int_equal(amt_versions_parse(bytes, 3, &got), -EBADMSG);
        assert_string_equal(got.amt, "old");
        assert_int_equal(amt_versions_parse(bytes, size, &got), 0);
        assert_string_equal(got.amt, "15.0.35");
        assert_string_equal(got.sku, "16392");
        assert_string_equal(got.build, "1951");

        bytes[HEADER + BIOS] = 5; /* one more than there are */
        assert_int_equal(amt_versions_parse(bytes, size, &got), -EBADMSG);
        bytes[HEADER + BIOS] = 4;
        bytes[HEADER + BIOS + 4] = 21; /* a text longer than its field */
        assert_int_equal(amt_versions_parse(bytes, size, &got), -EBADMSG);
        bytes[12] = 0x24;
        assert_int_equal(amt_versions_parse(bytes, size, &got), -EREMOTEIO);
}

static void states(void **state)
{
        static const char *const want[] = {"none", "in-progress", "done"};
        uint8_t bytes[HEADER + 4] = {0};
        const char *got = NULL;

        (void)state;
        put_header(bytes, 0x04800011, sizeof(bytes));
        for (uint8_t i = 0; i < 3; i++) {
                bytes[HEADER] = i;
                assert_int_equal(amt_state_parse(bytes, sizeof(bytes), &got), 0);
                assert_string_equal(got, want[i]);
        }
        bytes[HEADER] = 3;
        assert_int_equal(amt_state_parse(bytes, sizeof(bytes), &got), -EBADMSG);
        bytes[6] = 0; /* a question is no answer */
        bytes[HEADER] = 0;
        assert_int_equal(amt_state_parse(bytes, sizeof(bytes), &got), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(questions),
                cmocka_unit_test(versions),
                cmocka_unit_test(states),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
