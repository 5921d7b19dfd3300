/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every parser of text and addresses. What one accepts, its printer must give back. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/net.h"
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_right)
{
        if (!is_right)
                abort();
}

static void addresses(const char *text)
{
        struct ip4_network network;
        struct ip4_address ip, ip_again;
        struct mac_address mac, mac_again;
        struct uuid uuid, uuid_again;
        char to[UUID_TEXT_SIZE];

        if (mac_parse(text, &mac) == 0) {
                check(mac_parse(mac_text(to, &mac), &mac_again) == 0);
                check(mac_is_equal(&mac, &mac_again));
        }
        if (ip4_parse(text, &ip) == 0) {
                check(strcmp(ip4_text(to, ip), text) == 0);
                check(ip4_parse(to, &ip_again) == 0 && ip4_is_equal(ip, ip_again));
        }
        if (ip4_network_parse(text, &network) == 0) {
                check(ip4_network_has(&network, network.address));
                check(ip4_network_has(&network, ip4_network_broadcast(&network)));
        }
        if (uuid_parse(text, &uuid) == 0) {
                check(uuid_parse(uuid_text(to, &uuid), &uuid_again) == 0);
                check(memcmp(&uuid, &uuid_again, sizeof(uuid)) == 0);
                (void)uuid_identifies(&uuid);
        }
}

static void numbers(const char *text)
{
        uint64_t number = 0, bytes = 0;
        char to[TEXT_SIZE_MAX];

        if (text_parse_u64(text, UINT64_MAX, &number) == 0)
                check(text_parse_size(text, &bytes) == 0 && bytes == number);
        if (text_parse_size(text, &bytes) == 0)
                check(strlen(text_size(to, bytes)) < sizeof(to));
}

static void escapes(const char *text)
{
        char to[64], again[4 * sizeof(to)];

        text_escape(to, sizeof(to), text);
        check(strlen(to) < sizeof(to));
        for (const char *p = to; *p; p++)
                check((uint8_t)*p >= 0x20 && *p != 0x7f && *p != '"');
        /* What was escaped is safe: of it only the backslashes would be escaped again. */
        text_escape(again, sizeof(again), to);
        for (const char *p = strchr(again, '\\'); p; p = strchr(p + 1, '\\'))
                check(strncmp(p, "\\x5c", 4) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text = malloc(size + 1);
        char copy[32];
        uint8_t bytes[8];

        if (!text)
                return 0;
        if (size > 0)
                memcpy(text, data, size);
        text[size] = '\0';

        addresses(text);
        numbers(text);
        escapes(text);
        (void)text_unhex(text, bytes, sizeof(bytes));
        if (text_copy_bytes(copy, sizeof(copy), data, size) == 0)
                check(strcmp(copy, text) == 0);
        free(text);
        return 0;
}
