/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line of a .pub file; and the bytes as the key inside one. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/node/ssh_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *line)
{
        struct ssh_key key, again;
        char text[sizeof(key) + 2];

        if (ssh_key_parse(line, &key) < 0)
                return;
        snprintf(text, sizeof(text), "%s %s", key.type, key.key);
        if (ssh_key_parse(text, &again) < 0 || strcmp(again.key, key.key) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const types[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"};
        _free_ char *line = malloc(size + 1), *base64 = NULL, *whole = NULL;

        if (!line)
                return 0;
        memcpy(line, data, size);
        line[size] = '\0';
        check_line(line);
        if (base64_encode(data, size, &base64) < 0)
                return 0;
        whole = malloc(strlen(base64) + 64);
        for (size_t i = 0; whole && i < ARRAY_SIZE(types); i++) {
                snprintf(whole, strlen(base64) + 64, "%s %s x", types[i], base64);
                check_line(whole);
        }
        return 0;
}
