/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>

#include "installer/progress.h"

#define GENERATION 7

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_line(void *context, const char *line)
{
        (void)progress_book_add(context, line);
}

/* However it ends, there is a last word, and all that is to be told can be. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct progress_book book;
        static struct lines lines;
        struct install_progress next;

        lines.size = 0;
        progress_book_init(&book, GENERATION);
        lines_add(&lines, data, size / 2, on_line, &book);
        lines_add(&lines, data + size / 2, size - size / 2, on_line, &book);
        lines_end(&lines, on_line, &book);
        progress_book_end(&book, false, "ended", "");
        if (!progress_book_is_failed(&book))
                abort();
        for (size_t i = 0; progress_book_next(&book, 0, true, &next); i++) {
                if (next.generation != GENERATION || i > OPERATION_STEP_COUNT)
                        abort();
                progress_book_told(&book, next.step, 0);
        }
        return 0;
}
