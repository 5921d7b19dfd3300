/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

int beneath_open(int folder_fd, const char *name, struct stat *ret)
{
        const struct open_how how = {
                .flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, /* a FIFO without a writer */
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        };
        _close_ int fd = (int)syscall(SYS_openat2, folder_fd, name, &how, sizeof(how));
        struct stat st;

        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -ENOENT;
        if (ret)
                *ret = st;
        return TAKE_FD(fd);
}
