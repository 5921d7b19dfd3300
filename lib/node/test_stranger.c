/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/node/stranger.h"

static const struct stranger sample = {
        .subnet = "10.77.0.0/24",
        .architecture = 7,
        .uuid = {{0x8d, 0x1a, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}},
        .class = "PXEClient:Arch:00007:UNDI:003016",
};

static void test_round_trip(void **state)
{
        char text[EVENT_TEXT_SIZE];
        struct stranger s;

        (void)state;
        assert_int_equal(stranger_parse(stranger_text(text, &sample), &s), 0);
        assert_string_equal(s.subnet, sample.subnet);
        assert_int_equal(s.architecture, 7);
        assert_false(s.is_ipxe);
        assert_memory_equal(&s.uuid, &sample.uuid, sizeof(s.uuid));
        assert_string_equal(s.class, sample.class);
}

/* The class is a stranger's: it is cut, and says nothing that a terminal or a parser obeys. */
static void test_hostile_class(void **state)
{
        struct stranger hostile = sample, s;
        char text[EVENT_TEXT_SIZE], again[EVENT_TEXT_SIZE];

        (void)state;
        memset(hostile.class, 'x', sizeof(hostile.class) - 1);
        memcpy(hostile.class, "\x1b[2J uuid=1\n", 12);
        hostile.is_ipxe = true;
        assert_int_equal(stranger_parse(stranger_text(text, &hostile), &s), 0);
        assert_null(strpbrk(text, "\x1b\n"));
        assert_true(s.is_ipxe);
        assert_memory_equal(&s.uuid, &sample.uuid, sizeof(s.uuid));
        assert_string_equal(stranger_text(again, &s), text);
}

static void test_refused(void **state)
{
        static const char *const texts[] = {
                "",
                "network=10.77.0.0/24",
                "network=10.77.0.0/24 firmware=7 ipxe=no uuid=nothing class=x",
                "network=10.77.0.0/24 firmware=70000 ipxe=no "
                "uuid=8d1a2b3c-4e5f-6071-8293-a4b5c6d70001 class=x",
                "network=10.77.0.0/24-and-more-than-fits firmware=7 ipxe=no "
                "uuid=8d1a2b3c-4e5f-6071-8293-a4b5c6d70001 class=x",
                "firmware=7 network=10.77.0.0/24 ipxe=no "
                "uuid=8d1a2b3c-4e5f-6071-8293-a4b5c6d70001 class=x",
        };
        struct stranger s;

        (void)state;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                assert_int_equal(stranger_parse(texts[i], &s), -EBADMSG);
}

static void test_architectures(void **state)
{
        char text[ARCHITECTURE_TEXT_SIZE];

        (void)state;
        assert_string_equal(architecture_text(text, 0), "bios");
        assert_string_equal(architecture_text(text, 9), "uefi-x86-64");
        assert_string_equal(architecture_text(text, 65535), "architecture-65535");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_hostile_class),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_architectures),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
