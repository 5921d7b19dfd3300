/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mkimage/grub.h"

#define CORE_SECTORS 3
#define CORE_SIZE    ((size_t)CORE_SECTORS * GRUB_SECTOR)

/* The marks of GRUB 2.06, and letters all around them. */
static struct grub sample(char core[static CORE_SIZE])
{
        /* The last sector is not full. */
        struct grub grub = {.core = core, .core_size = CORE_SIZE - GRUB_SECTOR + 1};

        memset(grub.boot, 'b', sizeof(grub.boot));
        grub.boot[0x66] = 0xeb;
        grub.boot[0x67] = 0x05;
        grub.boot[0x1fe] = 0x55;
        grub.boot[0x1ff] = 0xaa;
        memset(core, 'c', CORE_SIZE);
        core[0x1fe] = 0x20;
        core[0x1ff] = 0x08;
        return grub;
}

static void patches_four_numbers(void **state)
{
        char core[CORE_SIZE], was[CORE_SIZE];
        struct grub grub = sample(core), before = sample(was);

        (void)state;
        assert_int_equal(grub_patch(&grub, 0x123456789a), 0);
        assert_memory_equal(grub.boot + 0x5c, "\x9a\x78\x56\x34\x12\0\0\0", 8);
        assert_memory_equal(grub.boot + 0x64,
                            "\xff"
                            "b\x90\x90",
                            4);
        assert_memory_equal(core + 0x1f4, "\x9b\x78\x56\x34\x12\0\0\0\2\0\x20\x08", 12);

        /* And nothing else. */
        memcpy(before.boot + 0x5c, grub.boot + 0x5c, 0x68 - 0x5c);
        memcpy(was + 0x1f4, core + 0x1f4, 12);
        assert_memory_equal(before.boot, grub.boot, sizeof(grub.boot));
        assert_memory_equal(was, core, sizeof(core));
}

static void refuses_what_is_not_grub(void **state)
{
        static const struct {
                size_t boot_at, core_at, core_size; /* one of them: what is spoilt, or the size */
        } rows[] = {
                {.boot_at = 0x66},
                {.boot_at = 0x1fe},
                {.boot_at = 0x1ff},
                {.core_at = 0x1fe},
                {.core_at = 0x1ff},
                {.core_size = GRUB_SECTOR},
                {.core_size = GRUB_SECTOR - 1},
                {.core_size = ((size_t)1 << 20) + 1},
        };
        char core[CORE_SIZE], was[CORE_SIZE];

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct grub grub = sample(core), before;

                if (rows[i].boot_at)
                        grub.boot[rows[i].boot_at] ^= 1;
                if (rows[i].core_at)
                        core[rows[i].core_at] ^= 1;
                if (rows[i].core_size)
                        grub.core_size = rows[i].core_size;
                before = grub;
                memcpy(was, core, sizeof(core));
                assert_int_equal(grub_patch(&grub, 2048), -EBADMSG);
                assert_memory_equal(&grub, &before, sizeof(grub));
                assert_memory_equal(core, was, sizeof(core));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(patches_four_numbers),
                cmocka_unit_test(refuses_what_is_not_grub),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
