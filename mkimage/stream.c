/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Its words are read by a thread: who reads its output waits for that alone, and
 * it would block on words that nobody reads.
 */

#include "mkimage/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "mkimage/error.h"

#define LINE_SIZE 1024 /* what is longer comes in parts */

enum { EXIT_NO_PROGRAM = 127 };

struct stream {
        pid_t child;
        int output;
        FILE *words;
        pthread_t thread;
        bool has_thread;
        void (*said)(void *context, const char *line);
        void *context;
};

struct ends {
        int input, output, words;
};

static _Noreturn void become(const struct stream_options *options, const struct ends *ends)
{
        const char *path = getenv("PATH");
        char wide[4096], time[32];

        snprintf(wide, sizeof(wide), "%s:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin");
        snprintf(time, sizeof(time), "%llu", (unsigned long long)options->time_s);
        setenv("PATH", wide, 1);
        setenv("LC_ALL", "C", 1);
        setenv("SOURCE_DATE_EPOCH", time, 1);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* it cleans up what it made */
        if (dup2(ends->input, STDIN_FILENO) < 0 || dup2(ends->output, STDOUT_FILENO) < 0 ||
            dup2(ends->words, STDERR_FILENO) < 0)
                _exit(EXIT_FAILURE);
        /* exec takes the words as they are and changes none. */
        execvp(options->argv[0], (char *const *)(uintptr_t)options->argv);
        _exit(EXIT_NO_PROGRAM);
}

static void *listen_to(void *context)
{
        struct stream *stream = context;
        char line[LINE_SIZE];

        while (fgets(line, sizeof(line), stream->words)) {
                line[strcspn(line, "\r\n")] = '\0';
                if (line[0] != '\0')
                        stream->said(stream->context, line);
        }
        return NULL;
}

/* A memory file at its start. */
static int make_input(const char *text, int *ret)
{
        _close_ int fd = memfd_create("stdin", MFD_CLOEXEC);
        const size_t size = strlen(text);

        if (fd < 0 || write(fd, text, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) < 0)
                return errno ? -errno : -EIO;
        *ret = TAKE_FD(fd);
        return 0;
}

static int start(struct stream *stream, const struct stream_options *options)
{
        _close_ int input = -EBADF, output_to = -EBADF, words_to = -EBADF;
        int output[2], words[2];
        int rc = make_input(options->input, &input);

        if (rc < 0)
                return rc;
        if (pipe2(output, O_CLOEXEC) < 0)
                return -errno;
        stream->output = output[0];
        output_to = output[1];
        if (pipe2(words, O_CLOEXEC) < 0)
                return -errno;
        words_to = words[1];
        stream->words = fdopen(words[0], "r");
        if (!stream->words) {
                close(words[0]);
                return -ENOMEM;
        }
        stream->child = fork();
        if (stream->child < 0)
                return -errno;
        if (stream->child == 0)
                become(options, &(struct ends){input, output_to, words_to});
        rc = options->started ? options->started(options->context) : 0;
        if (rc < 0)
                return rc;
        rc = pthread_create(&stream->thread, NULL, listen_to, stream);
        stream->has_thread = rc == 0;
        return -rc;
}

int stream_begin(const struct stream_options *options, char *error, struct stream **ret)
{
        struct stream *stream = calloc(1, sizeof(*stream));
        int rc = -ENOMEM;

        if (stream) {
                stream->output = -EBADF;
                stream->child = -1;
                stream->said = options->said;
                stream->context = options->context;
                rc = start(stream, options);
        }
        if (rc < 0) {
                if (stream)
                        (void)stream_end(stream, true);
                return mkimage_fail(error, rc, "cannot run %s: %s", options->argv[0],
                                    strerror(-rc));
        }
        *ret = stream;
        return 0;
}

int stream_fd(const struct stream *stream)
{
        return stream->output;
}

int stream_end(struct stream *stream, bool is_early)
{
        int status = 0, rc = 0;

        if (stream->output >= 0)
                close(stream->output);
        if (stream->child > 0) {
                if (is_early)
                        kill(stream->child, SIGTERM);
                while (waitpid(stream->child, &status, 0) < 0 && errno == EINTR)
                        ;
                if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS)
                        rc = -EIO;
                if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_PROGRAM)
                        rc = -ENOENT;
        }
        if (stream->has_thread)
                pthread_join(stream->thread, NULL);
        if (stream->words)
                (void)fclose(stream->words);
        free(stream);
        return rc;
}
