/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/deb.h"
#include "image/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int visit(void *context, const struct deb_file *file, struct deb_content *content)
{
        size_t *left = context;
        char chunk[4096];
        ssize_t got;

        if (!path_is_plain(file->path))
                abort();
        while (*left > 0 && (got = deb_content_read(content, chunk, sizeof(chunk))) > 0)
                *left -= (size_t)got < *left ? (size_t)got : *left;
        return *left > 0 ? 0 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char error[IMAGE_ERROR_SIZE];
        size_t left = (size_t)8 << 20; /* a bomb is somebody else's test */
        int fd = memfd_create("deb", MFD_CLOEXEC);

        if (fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0)
                (void)deb_read(fd, visit, &left, error);
        close(fd);
        return 0;
}
