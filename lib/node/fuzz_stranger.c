/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read is written such that it is read again as the same. */
#include <stdlib.h>
#include <string.h>

#include "lib/node/stranger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char text[EVENT_TEXT_SIZE] = "", once[EVENT_TEXT_SIZE], twice[EVENT_TEXT_SIZE];
        struct stranger stranger, again;

        memcpy(text, data, size < sizeof(text) - 1 ? size : sizeof(text) - 1);
        if (stranger_parse(text, &stranger) < 0)
                return 0;
        if (stranger_parse(stranger_text(once, &stranger), &again) < 0 ||
            strcmp(once, stranger_text(twice, &again)) != 0)
                abort();
        return 0;
}
