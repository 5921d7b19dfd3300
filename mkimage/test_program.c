/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/file.h"
#include "mkimage/program.h"

struct image {
        Elf64_Ehdr header;
        Elf64_Phdr segments[2];
};

static struct image fully_static(void)
{
        struct image image = {
                .header = {.e_type = ET_EXEC,
                           .e_machine = EM_X86_64,
                           .e_phoff = offsetof(struct image, segments),
                           .e_phentsize = sizeof(Elf64_Phdr),
                           .e_phnum = 2},
                .segments = {{.p_type = PT_LOAD, .p_flags = PF_R | PF_X},        {.p_type = PT_NOTE}},
        };

        memcpy(image.header.e_ident, ELFMAG, SELFMAG);
        image.header.e_ident[EI_CLASS] = ELFCLASS64;
        image.header.e_ident[EI_DATA] = ELFDATA2LSB;
        return image;
}

static int check(const struct image *image)
{
        return program_check_static(reader_over(image, sizeof(*image)));
}

static void test_static(void **state)
{
        struct image image = fully_static();

        (void)state;
        assert_int_equal(check(&image), 0);
        image.header.e_type = ET_DYN; /* static and position-independent */
        assert_int_equal(check(&image), 0);
}

static void test_refused(void **state)
{
        struct image image = fully_static();

        (void)state;
        image.segments[1].p_type = PT_INTERP;
        assert_int_equal(check(&image), -ELIBACC);

        image = fully_static();
        image.header.e_machine = EM_AARCH64;
        assert_int_equal(check(&image), -ENOEXEC);

        image = fully_static();
        image.header.e_phoff = UINT64_MAX - 8;
        assert_int_equal(check(&image), -ENOEXEC);

        image = fully_static();
        image.header.e_phnum = 3; /* past the end of the file */
        assert_int_equal(check(&image), -ENOEXEC);

        image = fully_static();
        image.segments[0].p_flags = PF_R;
        assert_int_equal(check(&image), -ENOEXEC);

        assert_int_equal(program_check_static(reader_over("#!/bin/sh\n", 10)), -ENOEXEC);
        assert_int_equal(program_check_static(reader_over("", 0)), -ENOEXEC);
}

/* The real thing: this test, which is linked as everything else is. */
static void test_ourselves(void **state)
{
        char *bytes = NULL;
        size_t size = 0;

        (void)state;
        assert_int_equal(file_read(AT_FDCWD, "/proc/self/exe", (size_t)256 << 20, &bytes, &size),
                         0);
        assert_int_equal(program_check_static(reader_over(bytes, size)), -ELIBACC);
        free(bytes);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_static),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_ourselves),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
