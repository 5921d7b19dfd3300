/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static const char gpt_mark[8] = "EFI PART";
static const char *const endings[] = {".raw", ".img"};

int import_name(const char *path, char ret[static IMAGE_NAME_SIZE])
{
        const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
        size_t size = strlen(file);
        char name[IMAGE_NAME_SIZE];

        for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
                if (text_has_suffix(file, endings[i])) {
                        size -= strlen(endings[i]);
                        break;
                }
        }
        if (text_copy_bytes(name, sizeof(name), file, size) < 0 || !image_name_is_valid(name))
                return -EINVAL;
        return text_copy(ret, IMAGE_NAME_SIZE, name);
}

void import_progress(char *to, size_t size, const char *name, uint64_t done, uint64_t frames,
                     uint64_t sent)
{
        char text[TEXT_SIZE_MAX];

        snprintf(to, size, "%s: %llu of %llu frames, %u %%, %s sent", name,
                 (unsigned long long)done, (unsigned long long)frames,
                 frames > 0 ? (unsigned)((double)done * 100 / (double)frames) : 100,
                 text_size(text, sent));
}

int import_sector_size(int fd, uint32_t *ret)
{
        static const uint32_t sizes[] = {512, 4096};

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                char mark[sizeof(gpt_mark)];
                const ssize_t got = pread(fd, mark, sizeof(mark), sizes[i]);

                if (got < 0)
                        return -errno;
                if (got == (ssize_t)sizeof(mark) && memcmp(mark, gpt_mark, sizeof(mark)) == 0) {
                        *ret = sizes[i];
                        return 0;
                }
        }
        *ret = sizes[0];
        return 0;
}

/* Whether nothing but a hole is there. Where holes cannot be asked for there is none. */
static bool is_hole(int fd, uint64_t offset, size_t size)
{
        const off_t data = lseek(fd, (off_t)offset, SEEK_DATA);

        if (data < 0)
                return errno == ENXIO && lseek(fd, 0, SEEK_END) - (off_t)size >= (off_t)offset;
        return (uint64_t)data - offset >= size;
}

int import_read(int fd, uint64_t offset, void *to, size_t size)
{
        char *at = to;

        if (is_hole(fd, offset, size)) {
                memset(to, 0, size);
                return 0;
        }
        while (size > 0) {
                const ssize_t got = pread(fd, at, size, (off_t)offset);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : -EPIPE;
                at += got;
                offset += (uint64_t)got;
                size -= (size_t)got;
        }
        return 0;
}
