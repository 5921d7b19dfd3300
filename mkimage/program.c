/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The ramdisk has no shared libraries. A program that wants some would stop the
 * machine with "Attempted to kill init" and no reason; better to refuse it here.
 */

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "mkimage/program.h"

/* A program of ours has a dozen. */
#define PROGRAM_HEADERS_MAX 256

static int check_header(const Elf64_Ehdr *header)
{
        if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
            header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB)
                return -ENOEXEC;
        if ((header->e_type != ET_EXEC && header->e_type != ET_DYN) ||
            header->e_machine != EM_X86_64)
                return -ENOEXEC;
        if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 ||
            header->e_phnum > PROGRAM_HEADERS_MAX)
                return -ENOEXEC;
        return 0;
}

int program_check_static(struct reader file)
{
        struct reader rest = file;
        bool has_code = false;
        Elf64_Ehdr header;
        int rc;

        if (reader_copy(&rest, &header, sizeof(header)) < 0)
                return -ENOEXEC;
        rc = check_header(&header);
        if (rc < 0)
                return rc;

        rest = file;
        if (reader_skip(&rest, header.e_phoff) < 0)
                return -ENOEXEC;
        for (unsigned i = 0; i < header.e_phnum; i++) {
                Elf64_Phdr segment;

                if (reader_copy(&rest, &segment, sizeof(segment)) < 0)
                        return -ENOEXEC;
                if (segment.p_type == PT_INTERP)
                        return -ELIBACC;
                has_code = has_code || (segment.p_type == PT_LOAD && (segment.p_flags & PF_X));
        }
        return has_code ? 0 : -ENOEXEC; /* an object file, or a library without code */
}
