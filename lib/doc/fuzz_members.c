/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is wanted, a new line, and the text. Of JSON comes JSON, and picking twice changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/doc/members.h"

static const struct doc_limits limits = {(size_t)1 << 20, MEMBERS_DEPTH - 2, 20000};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
        CLEANUP(members_free) struct members *members = NULL;
        _doc_ struct doc *whole = NULL, *picked = NULL;
        _buffer_ struct buffer once = {0}, twice = {0};
        char names[MEMBERS_SIZE_MAX], error[DOC_ERROR_SIZE];
        const char *text;
        size_t left;

        if (!line || (size_t)(line - data) >= sizeof(names))
                return 0;
        memcpy(names, data, (size_t)(line - data));
        names[line - data] = '\0';
        if (members_parse(names, error, &members) < 0)
                return 0;
        text = (const char *)line + 1;
        left = size - (size_t)(line - data) - 1;
        if (members_pick(members, "items", text, left, &once) < 0 || once.size == 0 ||
            doc_parse(text, left, &limits, NULL, &whole) < 0)
                return 0;
        if (doc_parse(once.bytes, once.size, &limits, NULL, &picked) < 0)
                abort();
        if (members_pick(members, "items", once.bytes, once.size, &twice) < 0 ||
            twice.size != once.size || memcmp(twice.bytes, once.bytes, once.size) != 0)
                abort();
        return 0;
}
