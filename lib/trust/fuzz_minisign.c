/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A stranger's signature and public key: no text that we did not sign verifies. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/trust/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct public_key key = {
                {0xd7, 0x5a, 0x98, 0x01}
        };
        _free_ char *text = calloc(1, size + 1), *line = NULL;
        struct public_key parsed, again;

        if (!text)
                return 0;
        if (minisign_verify(&key, "x", 1, (const char *)data, size) == 0)
                abort();
        if (size > 0)
                memcpy(text, data, size);
        if (minisign_public_parse(text, &parsed) < 0)
                return 0;
        if (minisign_public_text(&parsed, &line) < 0 || minisign_public_parse(line, &again) < 0 ||
            memcmp(&parsed, &again, sizeof(parsed)) != 0)
                abort();
        return 0;
}
