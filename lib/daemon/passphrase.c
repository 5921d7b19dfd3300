/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/daemon/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/daemon.h"

/* Byte by byte: what is behind the line is somebody else's. 0, -EINVAL: none, or too long. */
static int read_line(int fd, char *to, size_t size)
{
        size_t used = 0;

        for (;;) {
                char byte;
                const ssize_t n = read(fd, &byte, 1);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0 || byte == '\n')
                        break;
                if (byte == '\0' || used + 1 >= size)
                        return -EINVAL;
                to[used++] = byte;
        }
        if (used > 0 && to[used - 1] == '\r')
                used--;
        to[used] = '\0';
        return used > 0 ? 0 : -EINVAL;
}

static int ask(const char *question, char *to, size_t size)
{
        struct termios was, quiet;
        int rc;

        if (tcgetattr(STDIN_FILENO, &was) < 0)
                return -errno;
        quiet = was;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "%s: ", question);
        if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) < 0)
                return -errno;
        rc = read_line(STDIN_FILENO, to, size);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
        fputc('\n', stderr);
        return rc;
}

static int ask_twice(char *to, size_t size)
{
        char again[1024];
        int rc;

        rc = ask("The same once more", again, size < sizeof(again) ? size : sizeof(again));
        if (rc == 0 && strcmp(again, to) != 0)
                rc = -EKEYREJECTED;
        explicit_bzero(again, sizeof(again));
        return rc;
}

static int read_file(const char *file, char *to, size_t size)
{
        _close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        return (st.st_mode & 077) != 0 ? -EPERM : read_line(fd, to, size);
}

int passphrase_read(const char *file, bool is_new, char *error, char *to, size_t size)
{
        const bool is_terminal = !file && isatty(STDIN_FILENO);
        char safe[DAEMON_ERROR_SIZE / 2];
        int rc;

        if (file)
                rc = read_file(file, to, size);
        else if (is_terminal)
                rc = ask("Passphrase of the backup", to, size);
        else
                rc = read_line(STDIN_FILENO, to, size);
        if (rc == 0 && is_terminal && is_new)
                rc = ask_twice(to, size);
        if (rc == 0)
                return 0;
        explicit_bzero(to, size);
        text_escape(safe, sizeof(safe), file ? file : "stdin");
        if (rc == -EPERM)
                snprintf(error, DAEMON_ERROR_SIZE, "others may read %s: chmod 600 it", safe);
        else if (rc == -EKEYREJECTED)
                snprintf(error, DAEMON_ERROR_SIZE, "that is not the same passphrase");
        else if (rc == -EINVAL)
                snprintf(error, DAEMON_ERROR_SIZE,
                         "there is no passphrase in %s, or too long a one", safe);
        else
                snprintf(error, DAEMON_ERROR_SIZE, "the passphrase cannot be read from %s: %s",
                         safe, strerror(-rc));
        return rc == -EKEYREJECTED ? -EINVAL : rc;
}
