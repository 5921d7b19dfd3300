/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A program that is read from while it runs, and that says meanwhile how far it is. */

#include <stdbool.h>
#include <stdint.h>

struct stream;

struct stream_options {
        const char *const *argv; /* NULL-ended; argv[0] is looked up as run_program() does */
        const char *input;       /* what it reads from stdin; "" for nothing */
        uint64_t time_s;         /* SOURCE_DATE_EPOCH: when all that it makes was made */
        /* A line that it wrote to stderr. Called on another thread, up to stream_end(). */
        void (*said)(void *context, const char *line);
        /* Once it runs, and while this process has one thread still: what is given up here, the
         * program keeps. 0, or -errno that ends it; may be NULL. */
        int (*started)(void *context);
        void *context;
};

/**
 * stream_begin() - start it
 * @options:  argv and input are needed for this call alone
 *
 * Return: 0; end with stream_end(). -errno, @error says what.
 */
int stream_begin(const struct stream_options *options, char *error, struct stream **ret);

/* What it writes to stdout. The stream's. */
int stream_fd(const struct stream *stream);

/**
 * stream_end() - wait for its end, which it is asked for if it does not come by itself
 * @is_early:  what it writes is of no use any more
 *
 * Return: 0; -ENOENT if there is no such program; -EIO if it failed. The stream is freed.
 */
int stream_end(struct stream *stream, bool is_early);
