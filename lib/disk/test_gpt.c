/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/disk/gpt.h"

#define MIB       ((uint64_t)1 << 20)
#define HEAD_MAX  (6 * 4096)
#define TAIL_MAX  (5 * 4096)
#define DISK_SIZE (64 * MIB)

static const struct gpt_guid some_disk = {
        {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
};
static const struct gpt_guid one = {{1}}, two = {{2}}, three = {{3}};

static uint8_t head[HEAD_MAX], tail[TAIL_MAX];

static struct reader head_of(uint32_t sector_size)
{
        return reader_over(head, gpt_head_size(sector_size));
}

/* What was parsed is compared field by field: structs have holes. */
static void assert_same(const struct gpt *a, const struct gpt *b)
{
        assert_memory_equal(&a->disk, &b->disk, sizeof(a->disk));
        assert_int_equal(a->sector_size, b->sector_size);
        assert_int_equal(a->sectors, b->sectors);
        assert_int_equal(a->first_usable, b->first_usable);
        assert_int_equal(a->last_usable, b->last_usable);
        for (size_t i = 0; i < GPT_MAX_PARTITIONS; i++) {
                const struct gpt_partition *p = &a->partitions[i], *q = &b->partitions[i];

                assert_memory_equal(&p->type, &q->type, sizeof(p->type));
                assert_memory_equal(&p->id, &q->id, sizeof(p->id));
                assert_int_equal(p->first, q->first);
                assert_int_equal(p->last, q->last);
                assert_int_equal(p->attributes, q->attributes);
                assert_string_equal(p->name, q->name);
        }
}

/* One of 4 MiB at 1 MiB, one of 8 MiB at 16 MiB, and one at the end. */
static void make(struct gpt *gpt, uint32_t sector_size)
{
        gpt_new(gpt, &some_disk, sector_size, DISK_SIZE / sector_size);
        gpt->partitions[0] = (struct gpt_partition){.type = gpt_type_efi_system,
                                                    .id = one,
                                                    .first = MIB / sector_size,
                                                    .last = 5 * MIB / sector_size - 1,
                                                    .name = "EFI System"};
        gpt->partitions[4] = (struct gpt_partition){.type = gpt_type_linux_root_x86_64,
                                                    .id = two,
                                                    .first = 16 * MIB / sector_size,
                                                    .last = 24 * MIB / sector_size - 1,
                                                    .attributes = UINT64_C(1) << 59,
                                                    .name = "root"};
}

static void guids_as_text(void **state)
{
        char text[GPT_GUID_TEXT_SIZE];
        struct gpt_guid guid = {{0}};

        (void)state;
        assert_string_equal(gpt_guid_text(text, &gpt_type_efi_system),
                            "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
        assert_string_equal(gpt_guid_text(text, &gpt_type_bios_boot),
                            "21686148-6449-6e6f-744e-656564454649");
        assert_string_equal(gpt_guid_text(text, &gpt_type_linux_root_x86_64),
                            "4f68bce3-e8cd-4db1-96e7-fbcaf984b709");
        assert_string_equal(gpt_guid_text(text, &gpt_type_linux_data),
                            "0fc63daf-8483-4772-8e79-3d69d8477de4");
        assert_string_equal(gpt_guid_text(text, &gpt_type_basic_data),
                            "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7");
        assert_int_equal(gpt_guid_parse("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", &guid), 0);
        assert_memory_equal(&guid, &gpt_type_efi_system, sizeof(guid));
        assert_int_equal(gpt_guid_parse("", &guid), -EINVAL);
        assert_int_equal(gpt_guid_parse("c12a7328-f81f-11d2-ba4b-00a0c93ec93", &guid), -EINVAL);
        assert_int_equal(gpt_guid_parse("c12a7328-f81f-11d2-ba4b-00a0c93ec93g", &guid), -EINVAL);
        assert_int_equal(gpt_guid_parse("c12a73280f81f-11d2-ba4b-00a0c93ec93b", &guid), -EINVAL);
        assert_memory_equal(&guid, &gpt_type_efi_system, sizeof(guid));
}

static void sizes_of_the_edges(void **state)
{
        (void)state;
        assert_int_equal(gpt_head_size(512), 34 * 512);
        assert_int_equal(gpt_tail_size(512), 33 * 512);
        assert_int_equal(gpt_head_size(4096), 6 * 4096);
        assert_int_equal(gpt_tail_size(4096), 5 * 4096);
}

static void what_is_written_is_read(void **state)
{
        static const uint32_t sector_sizes[] = {512, 4096};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sector_sizes); i++) {
                static struct gpt gpt, got;
                const uint32_t size = sector_sizes[i];

                make(&gpt, size);
                assert_int_equal(gpt.first_usable, gpt_head_size(size) / size);
                assert_int_equal(gpt.last_usable,
                                 DISK_SIZE / size - gpt_tail_size(size) / size - 1);
                memset(head, 0x5a, sizeof(head));
                memset(tail, 0x5a, sizeof(tail));
                gpt_write(&gpt, head, tail);
                assert_int_equal(gpt_parse(head_of(size), size, &got), 0);
                assert_same(&gpt, &got);

                /* The boot code stays; what lies behind our edges is not touched. */
                assert_int_equal(head[439], 0x5a);
                assert_int_equal(head[440], 0);
                assert_int_equal(head[450], 0xee);
                assert_int_equal(head[510], 0x55);
                assert_int_equal(head[511], 0xaa);
                if (gpt_head_size(size) < sizeof(head))
                        assert_int_equal(head[gpt_head_size(size)], 0x5a);
                if (gpt_tail_size(size) < sizeof(tail))
                        assert_int_equal(tail[gpt_tail_size(size)], 0x5a);
                /* Same entries at the end, and a header that points at them. */
                assert_memory_equal(tail, head + (size_t)2 * size, 16384);
                assert_memory_equal(tail + gpt_tail_size(size) - size, "EFI PART", 8);
        }
}

static void a_disk_of_many_terabytes(void **state)
{
        static struct gpt gpt, got;

        (void)state;
        gpt_new(&gpt, &some_disk, 512, UINT64_C(1) << 40);
        gpt_write(&gpt, head, tail);
        assert_memory_equal(head + 458, "\xff\xff\xff\xff", 4);
        assert_int_equal(gpt_parse(head_of(512), 512, &got), 0);
        assert_int_equal(got.sectors, UINT64_C(1) << 40);
}

static void names_beyond_ascii(void **state)
{
        static const struct {
                const char *name, *read;
        } names[] = {
                {"cidata",                               "cidata"                              },
                {"W\xc3\xbcste \xe2\x82\xac",            "W\xc3\xbcste \xe2\x82\xac"           },
                {"\xf0\x9f\x92\xbe",                     "\xf0\x9f\x92\xbe"                    },
                {"bad \xff",                             "bad \xef\xbf\xbd"                    },
                {"short \xe2\x82",                       "short \xef\xbf\xbd\xef\xbf\xbd"      },
                {"\xed\xa0\x80",                         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                {"\xc0\xaf",                             "\xef\xbf\xbd\xef\xbf\xbd"            },
                {"123456789012345678901234567890123456", "123456789012345678901234567890123456"},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                static struct gpt gpt, got;
                int index;

                gpt_new(&gpt, &some_disk, 512, DISK_SIZE / 512);
                index = gpt_add_last(&gpt, &gpt_type_basic_data, &one, names[i].name, MIB);
                assert_int_equal(index, 0);
                gpt_write(&gpt, head, tail);
                assert_int_equal(gpt_parse(head_of(512), 512, &got), 0);
                assert_string_equal(got.partitions[0].name, names[i].read);
        }
}

static uint32_t crc32_slow(const uint8_t *bytes, size_t size)
{
        uint32_t crc = UINT32_MAX;

        for (size_t i = 0; i < size; i++) {
                crc ^= bytes[i];
                for (int bit = 0; bit < 8; bit++)
                        crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        }
        return ~crc;
}

static void put_number(uint8_t *to, uint64_t number, size_t size)
{
        for (size_t i = 0; i < size; i++)
                to[i] = (uint8_t)(number >> 8 * i);
}

/* Makes the checksums right again: what is wrong then is the content alone. */
static void seal(uint32_t sector_size, size_t entries)
{
        uint8_t *header = head + sector_size;

        put_number(header + 88, crc32_slow(head + (size_t)2 * sector_size, entries * 128), 4);
        put_number(header + 16, 0, 4);
        put_number(header + 16, crc32_slow(header, 92), 4);
}

/* Offsets: in the header, or, from 1024 on, in the first entries. */
static const struct {
        const char *what;
        size_t at;
        uint64_t number;
        size_t size;
        size_t entries;
        int rc;
} wrongs[] = {
        {"no signature",              512 + 0,   0,          8, 128, -ENOENT },
        {"revision 2",                512 + 8,   0x00020000, 4, 128, -EBADMSG},
        {"a header of 91 bytes",      512 + 12,  91,         4, 128, -EBADMSG},
        {"a header beyond a sector",  512 + 12,  513,        4, 128, -EBADMSG},
        {"elsewhere",                 512 + 24,  2,          8, 128, -EBADMSG},
        {"alternate inside",          512 + 32,  2047,       8, 128, -EBADMSG},
        {"alternate at the very end", 512 + 32,  UINT64_MAX, 8, 128, -EBADMSG},
        {"usable backwards",          512 + 40,  131038,     8, 128, -EBADMSG},
        {"entries elsewhere",         512 + 72,  3,          8, 128, -ENOTSUP},
        {"129 entries",               512 + 80,  129,        4, 128, -ENOTSUP},
        {"large entries",             512 + 84,  256,        4, 128, -ENOTSUP},
        {"starts before the usable",  1024 + 32, 33,         8, 128, -EBADMSG},
        {"ends before it starts",     1024 + 40, 2047,       8, 128, -EBADMSG},
        {"ends behind the usable",    1024 + 40, 131039,     8, 128, -EBADMSG},
        {"ends at the end of time",   1024 + 40, UINT64_MAX, 8, 128, -EBADMSG},
        {"overlaps",                  1024 + 40, 32768,      8, 128, -EBADMSG},
        {"contains another",          1024 + 40, 131038,     8, 128, -EBADMSG},
        {"fewer entries",             512 + 80,  64,         4, 64,  0       },
        {"no entries",                512 + 80,  0,          4, 0,   0       },
        {"a short table's own room",  512 + 40,  6,          8, 128, 0       },
        {"and a partition in it",     0,         6,          8, 128, -ENOTSUP},
};

static void a_table_that_lies(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
                static struct gpt gpt, got;

                make(&gpt, 512);
                gpt_write(&gpt, head, tail);
                if (wrongs[i].at == 0) { /* both: usable from there, and a partition there */
                        put_number(head + 512 + 40, wrongs[i].number, 8);
                        put_number(head + 1024 + 32, wrongs[i].number, 8);
                } else {
                        put_number(head + wrongs[i].at, wrongs[i].number, wrongs[i].size);
                }
                seal(512, wrongs[i].entries);
                got.sectors = 4711;
                if (gpt_parse(head_of(512), 512, &got) != wrongs[i].rc)
                        fail_msg("%s: not %d", wrongs[i].what, wrongs[i].rc);
                if (wrongs[i].rc < 0)
                        assert_int_equal(got.sectors, 4711);
                else
                        assert_int_equal(got.first_usable, 34);
        }
}

static void every_damaged_byte_is_seen(void **state)
{
        static struct gpt gpt, got;

        (void)state;
        make(&gpt, 512);
        gpt_write(&gpt, head, tail);
        for (size_t i = 512; i < gpt_head_size(512); i++) {
                if (i >= 512 + 92 && i < 1024)
                        continue; /* reserved, beyond the header */
                head[i] ^= 0x10;
                assert_true(gpt_parse(head_of(512), 512, &got) < 0);
                head[i] ^= 0x10;
        }
        assert_int_equal(gpt_parse(head_of(512), 512, &got), 0);
        assert_int_equal(gpt_parse(reader_over(head, gpt_head_size(512) - 1), 512, &got), -EBADMSG);
        assert_int_equal(gpt_parse(reader_over(head, 600), 512, &got), -EBADMSG);
        assert_int_equal(gpt_parse(reader_over(head, 0), 512, &got), -EBADMSG);
        assert_int_equal(gpt_parse(head_of(512), 1024, &got), -ENOTSUP);
        assert_int_equal(gpt_parse(head_of(512), 0, &got), -ENOTSUP);
}

static void a_disk_of_another_size(void **state)
{
        static struct gpt gpt;

        (void)state;
        make(&gpt, 512);
        assert_int_equal(gpt_resize(&gpt, 2 * DISK_SIZE / 512), 0);
        assert_int_equal(gpt.last_usable, 2 * DISK_SIZE / 512 - 34);
        /* The last partition ends with sector 49151: 33 more are needed, not 32. */
        assert_int_equal(gpt_resize(&gpt, 49152 + 33), 0);
        assert_int_equal(gpt.last_usable, 49151);
        assert_int_equal(gpt_resize(&gpt, 49152 + 32), -ENOSPC);
        assert_int_equal(gpt.sectors, 49152 + 33);
        assert_int_equal(gpt_resize(&gpt, 10), -ENOSPC);
        assert_int_equal(gpt_resize(&gpt, 0), -ENOSPC);
}

static void finding_by_name(void **state)
{
        static struct gpt gpt;

        (void)state;
        make(&gpt, 512);
        assert_int_equal(gpt_find(&gpt, "ROOT"), 4);
        assert_int_equal(gpt_find(&gpt, "efi system"), 0);
        assert_int_equal(gpt_find(&gpt, "roo"), -ENOENT);
        assert_int_equal(gpt_find(&gpt, ""), -ENOENT); /* unused entries have no name */
}

static void appending(void **state)
{
        static struct gpt gpt;
        const struct gpt_partition *p;

        (void)state;
        make(&gpt, 512);
        assert_int_equal(gpt_add_last(&gpt, &gpt_type_basic_data, &three, "cidata", 4 * MIB), 1);
        p = &gpt.partitions[1];
        /* 131072 - 33 - 8192 sectors, rounded down to 1 MiB. */
        assert_int_equal(p->first, 120832);
        assert_int_equal(p->last, 120832 + 8191);
        assert_memory_equal(&p->type, &gpt_type_basic_data, sizeof(p->type));
        assert_memory_equal(&p->id, &three, sizeof(p->id));

        /* Before it, now; a size that is no whole number of sectors is rounded up. */
        assert_int_equal(gpt_add_last(&gpt, &gpt_type_linux_data, &one, "x", MIB - 1), 2);
        assert_int_equal(gpt.partitions[2].first, 118784);
        assert_int_equal(gpt.partitions[2].last, 118784 + 2047);

        /* Only the gap of 34 MiB is large enough, then none but that of 11 MiB, then none. */
        assert_int_equal(gpt_add_last(&gpt, &gpt_type_linux_data, &one, "y", 34 * MIB), 3);
        assert_int_equal(gpt.partitions[3].first, 49152);
        assert_int_equal(gpt_add_last(&gpt, &gpt_type_linux_data, &one, "z", 11 * MIB), 5);
        assert_int_equal(gpt.partitions[5].first, 10240);
        assert_int_equal(gpt_add_last(&gpt, &gpt_type_linux_data, &one, "n", MIB), -ENOSPC);
        assert_int_equal(gpt_add_last(&gpt, &gpt_type_linux_data, &one, "n", UINT64_MAX), -ENOSPC);
}

static void appending_what_cannot_be(void **state)
{
        static struct gpt gpt;

        (void)state;
        make(&gpt, 512);
        assert_int_equal(gpt_add_last(&gpt, &gpt_type_basic_data, &one, "n", 0), -EINVAL);
        assert_int_equal(gpt_add_last(&gpt, &gpt_type_basic_data, &one,
                                      "1234567890123456789012345678901234567", MIB),
                         -EINVAL);
        gpt_new(&gpt, &some_disk, 512, UINT64_C(1) << 24);
        for (int i = 0; i < GPT_MAX_PARTITIONS; i++)
                assert_int_equal(gpt_add_last(&gpt, &gpt_type_basic_data, &one, "n", 512), i);
        assert_int_equal(gpt_add_last(&gpt, &gpt_type_basic_data, &one, "n", 512), -ENOSPC);
        gpt_new(&gpt, &some_disk, 512, 5);
        assert_int_equal(gpt_add_last(&gpt, &gpt_type_basic_data, &one, "n", 512), -ENOSPC);
}

static void growing(void **state)
{
        static struct gpt gpt;
        int last;

        (void)state;
        make(&gpt, 4096);
        assert_int_equal(gpt_grow_last(&gpt), 4);
        assert_int_equal(gpt.partitions[4].last, gpt.last_usable);
        assert_int_equal(gpt.partitions[4].first, 16 * MIB / 4096);

        make(&gpt, 4096);
        last = gpt_last(&gpt);
        assert_int_equal(last, 4);
        assert_int_equal(gpt_add_last(&gpt, &gpt_type_basic_data, &one, "cidata", 4 * MIB), 1);
        gpt_grow(&gpt, last);
        assert_int_equal(gpt.partitions[4].last, gpt.partitions[1].first - 1);
        gpt_grow(&gpt, 0);
        assert_int_equal(gpt.partitions[0].last, gpt.partitions[4].first - 1);

        gpt_new(&gpt, &some_disk, 512, DISK_SIZE / 512);
        assert_int_equal(gpt_grow_last(&gpt), -ENOENT);
}

/* The judgement of somebody else's program, where it is there. */
static void others_find_no_fault(void **state)
{
        static const char sgdisk[] = "/usr/sbin/sgdisk";
        char path[] = "/tmp/cloudie-gpt-XXXXXX", command[256], line[512];
        _close_ int fd = -EBADF;
        static struct gpt gpt;
        bool is_fine = false, has_name = false;
        FILE *output;

        (void)state;
        if (access(sgdisk, X_OK) < 0) {
                print_message("no %s: nobody else has looked at our tables\n", sgdisk);
                skip();
        }
        make(&gpt, 512);
        assert_int_equal(gpt_add_last(&gpt, &gpt_type_basic_data, &three, "cidata", 4 * MIB), 1);
        memset(head, 0, sizeof(head));
        gpt_write(&gpt, head, tail);
        fd = mkstemp(path);
        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, (off_t)DISK_SIZE), 0);
        assert_int_equal(pwrite(fd, head, gpt_head_size(512), 0), gpt_head_size(512));
        assert_int_equal(
                pwrite(fd, tail, gpt_tail_size(512), (off_t)(DISK_SIZE - gpt_tail_size(512))),
                gpt_tail_size(512));

        snprintf(command, sizeof(command), "%s --verify --print %s 2>&1", sgdisk, path);
        output = popen(command, "re"); /* NOLINT(cert-env33-c) */
        assert_non_null(output);
        while (fgets(line, sizeof(line), output)) {
                is_fine = is_fine || strstr(line, "No problems found");
                has_name = has_name || strstr(line, "cidata");
        }
        pclose(output);
        unlink(path);
        assert_true(is_fine);
        assert_true(has_name);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(guids_as_text),
                cmocka_unit_test(sizes_of_the_edges),
                cmocka_unit_test(what_is_written_is_read),
                cmocka_unit_test(a_disk_of_many_terabytes),
                cmocka_unit_test(names_beyond_ascii),
                cmocka_unit_test(a_table_that_lies),
                cmocka_unit_test(every_damaged_byte_is_seen),
                cmocka_unit_test(a_disk_of_another_size),
                cmocka_unit_test(finding_by_name),
                cmocka_unit_test(appending),
                cmocka_unit_test(appending_what_cannot_be),
                cmocka_unit_test(growing),
                cmocka_unit_test(others_find_no_fault),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
