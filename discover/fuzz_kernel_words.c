/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "discover/kernel_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = malloc(size + 1);
        char word[KERNEL_WORD_SIZE];
        const char *at = text;

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        while (kernel_word_next(&at, word))
                if (!memchr(word, 0, sizeof(word)) || !word[0])
                        __builtin_trap();
        for (at = text; kernel_missing_firmware_next(&at, word);)
                if (!word[0])
                        __builtin_trap();
        free(text);
        return 0;
}
