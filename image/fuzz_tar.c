/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/path.h"
#include "image/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int visit(void *context, const struct tar_entry *entry, struct tar_content *content)
{
        size_t *left = context;
        char chunk[4096];
        ssize_t got;

        if (!path_is_plain(entry->path) ||
            (entry->kind == TAR_HARD_LINK && !path_is_plain(entry->target)))
                abort();
        while (*left > 0 && (got = tar_content_read(content, chunk, sizeof(chunk))) > 0)
                *left -= (size_t)got < *left ? (size_t)got : *left;
        return *left > 0 ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char error[TAR_ERROR_SIZE];
        size_t left = (size_t)8 << 20; /* a sparse file unfolds to any size */
        int fd = memfd_create("tar", MFD_CLOEXEC);

        if (fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0)
                (void)tar_read(fd, visit, &left, error);
        close(fd);
        return 0;
}
