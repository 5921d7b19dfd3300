/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/disk/fat.h"
#include "mkimage/layout.h"

#define MIB       ((uint64_t)1 << 20)
#define CORE_SIZE ((size_t)3 * GRUB_SECTOR)
#define IDS       "00112233-4455-4677-8899-aabbccddee"

static struct layout small = {IDS, 24 * MIB, 8 * MIB};

/* The marks that grub_patch() looks for. */
static struct grub sample(char core[static CORE_SIZE])
{
        struct grub grub = {.core = core, .core_size = CORE_SIZE};

        memset(core, 'c', CORE_SIZE);
        memset(grub.boot, 'b', sizeof(grub.boot));
        grub.boot[0x66] = 0xeb;
        grub.boot[0x1fe] = 0x55;
        grub.boot[0x1ff] = 0xaa;
        core[0x1fe] = 0x20;
        core[0x1ff] = 0x08;
        return grub;
}

static void places(void **state)
{
        static const uint64_t at[] = {1, 2, 10, 14}, size[] = {1, 8, 4, 9};
        char text[GPT_GUID_TEXT_SIZE];

        (void)state;
        for (unsigned i = 0; i < LAYOUT_PART_COUNT; i++) {
                assert_int_equal(layout_at(&small, (enum layout_part)i), at[i] * MIB);
                assert_int_equal(layout_size_of(&small, (enum layout_part)i), size[i] * MIB);
        }
        assert_string_equal(layout_id(&small, LAYOUT_NUMBER(LAYOUT_ESP), text), IDS "02");
        assert_string_equal(layout_id(&small, LAYOUT_ID_HASHES, text), IDS "11");
}

static void what_is_written(void **state)
{
        _free_ uint8_t *esp = malloc(small.esp_size), *image = malloc(small.size);
        _free_ struct gpt *table = malloc(sizeof(*table));
        _free_ char *found = NULL;
        char path[] = "/tmp/cloudie-layout-XXXXXX", core[CORE_SIZE], label[12];
        char text[GPT_GUID_TEXT_SIZE];
        struct grub grub = sample(core);
        _close_ int fd = mkstemp(path);
        size_t size;

        (void)state;
        assert_true(esp && image && table && fd >= 0);
        unlink(path);
        assert_int_equal(ftruncate(fd, (off_t)small.size), 0);
        assert_int_equal(fat_write(&(struct fat_file){"EFI/x", "here", 4}, 1,
                                   &(struct fat_volume){.label = "ESP"}, esp, small.esp_size),
                         0);
        assert_int_equal(layout_write(&small, &grub, esp, fd), 0);
        assert_int_equal(pread(fd, image, small.size, 0), small.size);

        assert_int_equal(gpt_parse(reader_over(image, small.size), LAYOUT_SECTOR, table), 0);
        assert_int_equal(table->sectors, small.size / LAYOUT_SECTOR);
        assert_string_equal(gpt_guid_text(text, &table->partitions[LAYOUT_ESP].id), IDS "02");
        assert_memory_equal(&table->partitions[LAYOUT_ESP].type, &gpt_type_efi_system,
                            sizeof(gpt_type_efi_system));
        assert_int_equal(gpt_last(table), LAYOUT_ROOT);
        assert_int_equal(gpt_find(table, "cidata"), LAYOUT_SEED);

        assert_int_equal(image[0x66], 0x90);
        assert_memory_equal(image + MIB, core, CORE_SIZE);
        assert_int_equal(
                fat_read(reader_over(image + 2 * MIB, small.esp_size), "EFI/x", 4, &found, &size),
                0);
        assert_string_equal(found, "here");
        assert_int_equal(fat_label(reader_over(image + 10 * MIB, 4 * MIB), label), 0);
        assert_string_equal(label, "CIDATA");
}

static void what_is_no_layout(void **state)
{
        static const struct layout wrong[] = {
                {"short", 24 * MIB,       8 * MIB             },
                {IDS,     24 * MIB + 512, 8 * MIB             },
                {IDS,     24 * MIB,       8 * MIB + 1         },
                {IDS,     24 * MIB,       17 * MIB            },
                {IDS,     24 * MIB,       UINT64_MAX - MIB + 1},
                {IDS,     7 * MIB,        0                   },
                {IDS "0", 24 * MIB,       8 * MIB             },
        };
        char core[CORE_SIZE];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                struct grub grub = sample(core);

                if (layout_write(&wrong[i], &grub, NULL, -EBADF) != -EINVAL)
                        fail_msg("number %zu was taken", i);
        }
        assert_int_equal(layout_write(&small, &(struct grub){.core = core, .core_size = CORE_SIZE},
                                      NULL, -EBADF),
                         -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(places),
                cmocka_unit_test(what_is_written),
                cmocka_unit_test(what_is_no_layout),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
