/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/progress.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void lines_add(struct lines *lines, const void *bytes, size_t size, line_fn fn, void *context)
{
        const char *at = bytes;

        for (size_t i = 0; i < size; i++) {
                if (at[i] == '\n')
                        lines_end(lines, fn, context);
                else if (lines->size < sizeof(lines->line) - 1)
                        lines->line[lines->size++] = at[i];
        }
}

void lines_end(struct lines *lines, line_fn fn, void *context)
{
        if (lines->size == 0)
                return;
        lines->line[lines->size] = '\0';
        lines->size = 0;
        fn(context, lines->line);
}

void progress_book_init(struct progress_book *book, uint64_t generation)
{
        *book = (struct progress_book){.generation = generation, .step = INSTALL_CHECK};
}

static void keep(struct progress_book *book, const struct install_progress *news)
{
        struct install_progress *newest = &book->newest[news->step];
        const bool was_told_of = newest->generation != 0;

        if (!was_told_of || newest->state != news->state)
                book->is_urgent[news->step] = true;
        *newest = *news;
        book->is_untold[news->step] = true;
        book->step = news->step;
}

int progress_book_add(struct progress_book *book, const char *line)
{
        struct install_progress news = {.generation = 0};
        int rc;

        rc = doc_decode_text(&install_progress_table, line, strlen(line), &doc_limits_message, NULL,
                             &news);
        if (rc < 0)
                return rc;
        if (news.generation != book->generation || !operation_steps[news.step].is_agents ||
            news.step == INSTALL_REBOOT)
                return -EBADMSG;
        keep(book, &news);
        return 0;
}

void progress_book_fail(struct progress_book *book, enum node_cause cause, const char *text)
{
        struct install_progress news = {.generation = book->generation,
                                        .step = book->step,
                                        .state = PROGRESS_FAILED,
                                        .cause = cause};

        snprintf(news.text, sizeof(news.text), "%s", text);
        keep(book, &news);
}

bool progress_book_is_failed(const struct progress_book *book)
{
        return book->newest[book->step].generation != 0 &&
               book->newest[book->step].state == PROGRESS_FAILED;
}

void progress_book_end(struct progress_book *book, bool is_good, const char *how,
                       const char *last_line)
{
        struct install_progress news = {.generation = book->generation,
                                        .step = book->step,
                                        .state = PROGRESS_FAILED,
                                        .cause = CAUSE_INSTALLER_CRASHED};

        if (is_good || progress_book_is_failed(book))
                return;
        /* The last step that it spoke of went well: it did not come to speak of the next. */
        if (book->newest[book->step].generation != 0 &&
            book->newest[book->step].state == PROGRESS_DONE && book->step < INSTALL_BOOT)
                news.step = (enum operation_step)(book->step + 1);
        snprintf(news.text, sizeof(news.text), "%s%s%s", how, last_line[0] ? ": " : "", last_line);
        keep(book, &news);
}

int progress_book_next(const struct progress_book *book, uint64_t now_ms, bool is_ending,
                       struct install_progress *ret)
{
        for (size_t i = 0; i < OPERATION_STEP_COUNT; i++) {
                if (!book->is_untold[i])
                        continue;
                /* Bytes of a step that is over are of no interest before its last word. */
                if (!book->is_urgent[i] && !is_ending && now_ms - book->told_ms < PROGRESS_PAUSE_MS)
                        continue;
                *ret = book->newest[i];
                return 1;
        }
        return 0;
}

void progress_book_told(struct progress_book *book, enum operation_step step, uint64_t now_ms)
{
        book->is_untold[step] = book->is_urgent[step] = false;
        book->told_ms = now_ms;
}

void progress_book_repeat(struct progress_book *book)
{
        if (book->newest[book->step].generation != 0)
                book->is_untold[book->step] = book->is_urgent[book->step] = true;
}
