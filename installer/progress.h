/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Progress: what cloudie-install says, and what of it the controller does not know
 * yet. Of each step the newest state is kept, so that the last word of a step is
 * never lost, however long the controller is away. Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/node/install.h"

#define LINES_MAX_SIZE 2048 /* of a line; what is longer is cut */

struct lines {
        char line[LINES_MAX_SIZE];
        size_t size;
};
typedef void (*line_fn)(void *context, const char *line);

/* The next bytes of a stream; @fn is called for each line that they complete. */
void lines_add(struct lines *lines, const void *bytes, size_t size, line_fn fn, void *context);
/* The stream ended: what stands there without a line feed is a line, too. */
void lines_end(struct lines *lines, line_fn fn, void *context);

#define PROGRESS_PAUSE_MS 1000 /* between two reports of bytes; other news do not wait */

struct progress_book {
        uint64_t generation;
        struct install_progress newest[OPERATION_STEP_COUNT];
        bool is_untold[OPERATION_STEP_COUNT];
        bool is_urgent[OPERATION_STEP_COUNT]; /* not only bytes changed */
        enum operation_step step;             /* the last that was heard of */
        uint64_t told_ms;
};

void progress_book_init(struct progress_book *book, uint64_t generation);

/* A line of cloudie-install. 0; -EBADMSG: it is none, or of another generation, or of a step that
 * is not its. */
int progress_book_add(struct progress_book *book, const char *line);

/* It ended; @is_good: as one that did all. What then lacks a last word gets one: @how and
 * @last_line say why. */
void progress_book_end(struct progress_book *book, bool is_good, const char *how,
                       const char *last_line);
/* It cannot even begin. */
void progress_book_fail(struct progress_book *book, enum node_cause cause, const char *text);
bool progress_book_is_failed(const struct progress_book *book);

/**
 * progress_book_next() - what is to be told now, in the order of the steps
 * @is_ending:  bytes do not wait either
 *
 * Return: 1 and @ret; 0: nothing now.
 */
int progress_book_next(const struct progress_book *book, uint64_t now_ms, bool is_ending,
                       struct install_progress *ret);
/* It was acknowledged. */
void progress_book_told(struct progress_book *book, enum operation_step step, uint64_t now_ms);
/* The last news is told once more. */
void progress_book_repeat(struct progress_book *book);
