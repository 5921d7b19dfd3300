/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/fetch/event.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
        size_t count;
        size_t bytes;
};

static int count(void *context, const char *id, const char *name, const char *data)
{
        struct seen *seen = context;

        seen->count++;
        seen->bytes += strlen(id) + strlen(name) + strlen(data);
        return 0;
}

/* However the bytes are cut into pieces, the events are the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct seen at_once = {0};
        struct seen in_pieces = {0};
        struct event_parser parser;

        event_parser_init(&parser);
        (void)event_parser_add(&parser, data, size, count, &at_once);
        event_parser_done(&parser);

        event_parser_init(&parser);
        for (size_t i = 0; i < size; i++)
                (void)event_parser_add(&parser, data + i, 1, count, &in_pieces);
        event_parser_done(&parser);
        if (at_once.count != in_pieces.count || at_once.bytes != in_pieces.bytes)
                abort();
        return 0;
}
