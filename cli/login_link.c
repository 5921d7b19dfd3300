/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/login_link.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

#define TOKEN_DIGITS 64
#define PIN_BYTES    32

/* 32 bytes as base64 (RFC 4648 4) always are 43 digits and one '='. */
static void write_pin(const uint8_t bytes[static PIN_BYTES], char *to)
{
        static const char digits[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        uint32_t bits = 0;
        int have = 0;

        memcpy(to, "sha256//", 8);
        to += 8;
        for (size_t i = 0; i < PIN_BYTES; i++) {
                bits = bits << 8 | bytes[i];
                for (have += 8; have >= 6; have -= 6)
                        *to++ = digits[bits >> (have - 6) & 0x3f];
        }
        *to++ = digits[bits << (6 - have) & 0x3f];
        *to++ = '=';
        *to = '\0';
}

static int is_url_byte(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c && strchr(".:-[]", c));
}

int login_link_parse(const char *text, struct credential *ret)
{
        struct credential credential = {0};
        uint8_t pin[PIN_BYTES], token[TOKEN_DIGITS / 2];
        char hex[2 * PIN_BYTES + 1];
        const char *hash;
        size_t len;

        text += strspn(text, " \t\r\n");
        if (text_has_prefix(text, "cloudie login "))
                text += strlen("cloudie login ");
        text += strspn(text, " \t");
        if (!text_has_prefix(text, "https://"))
                return -EINVAL;

        hash = strchr(text, '#');
        if (!hash)
                return -EINVAL;
        len = (size_t)(hash - text);
        if (len > 0 && text[len - 1] == '/')
                len--;
        if (text_copy_bytes(credential.url, sizeof(credential.url), text, len) < 0)
                return -EINVAL;
        for (const char *c = credential.url + strlen("https://"); *c; c++)
                if (!is_url_byte(*c))
                        return -EINVAL;

        hash++;
        if (strcspn(hash, ".") != TOKEN_DIGITS || hash[TOKEN_DIGITS] != '.')
                return -EINVAL;
        (void)text_copy_bytes(credential.token, sizeof(credential.token), hash, TOKEN_DIGITS);
        hash += TOKEN_DIGITS + 1;
        if (text_copy_bytes(hex, sizeof(hex), hash, strcspn(hash, " \t\r\n")) < 0 ||
            text_unhex(hex, pin, sizeof(pin)) < 0 ||
            text_unhex(credential.token, token, sizeof(token)) < 0)
                return -EINVAL;
        write_pin(pin, credential.pin);
        *ret = credential;
        return 0;
}
