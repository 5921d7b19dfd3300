/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/tpm2.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"
#include "lib/base/writer.h"

#define NO_SESSIONS     0x8001
#define GET_CAPABILITY  0x0000017a
#define READ_PUBLIC     0x00000173
#define PROPERTIES      6 /* TPM_CAP_TPM_PROPERTIES */
#define PT_MANUFACTURER 0x00000105
#define PT_FIRMWARE_1   0x0000010b
#define PT_FIRMWARE_2   0x0000010c
#define PROPERTY_COUNT  8
#define RSA_KEY         0x81010001U /* TCG, Provisioning Guidance 7.8 */

size_t tpm2_ask_maker(uint8_t to[static TPM2_COMMAND_MAX])
{
        struct writer w = writer_over(to, TPM2_COMMAND_MAX);

        writer_be16(&w, NO_SESSIONS);
        writer_be32(&w, 22);
        writer_be32(&w, GET_CAPABILITY);
        writer_be32(&w, PROPERTIES);
        writer_be32(&w, PT_MANUFACTURER);
        writer_be32(&w, PROPERTY_COUNT);
        return (size_t)writer_size(&w);
}

size_t tpm2_ask_key(uint8_t to[static TPM2_COMMAND_MAX])
{
        struct writer w = writer_over(to, TPM2_COMMAND_MAX);

        writer_be16(&w, NO_SESSIONS);
        writer_be32(&w, 14);
        writer_be32(&w, READ_PUBLIC);
        writer_be32(&w, RSA_KEY);
        return (size_t)writer_size(&w);
}

/* Past the header, if the command ended well. */
static bool open_answer(const void *answer, size_t size, struct reader *ret)
{
        struct reader r = reader_over(answer, size);
        uint32_t length, code;
        uint16_t tag;

        if (reader_be16(&r, &tag) < 0 || reader_be32(&r, &length) < 0 ||
            reader_be32(&r, &code) < 0 || tag != NO_SESSIONS || code != 0 || length != size)
                return false;
        *ret = r;
        return true;
}

static void put_letters(char to[static 5], uint32_t value)
{
        for (int i = 0; i < 4; i++)
                to[i] = (char)(value >> (24 - 8 * i));
        to[4] = '\0';
        for (size_t len = strlen(to); len > 0 && to[len - 1] == ' '; len--)
                to[len - 1] = '\0';
}

bool tpm2_maker_parse(const void *answer, size_t size, char vendor[static 5],
                      char firmware[static 32])
{
        uint32_t capability, count, property, value, high = 0, low = 0;
        struct reader r;
        uint8_t more;

        vendor[0] = '\0';
        if (!open_answer(answer, size, &r) || reader_u8(&r, &more) < 0 ||
            reader_be32(&r, &capability) < 0 || capability != PROPERTIES ||
            reader_be32(&r, &count) < 0)
                return false;
        for (uint32_t i = 0;
             i < count && reader_be32(&r, &property) == 0 && reader_be32(&r, &value) == 0; i++) {
                if (property == PT_MANUFACTURER)
                        put_letters(vendor, value);
                else if (property == PT_FIRMWARE_1)
                        high = value;
                else if (property == PT_FIRMWARE_2)
                        low = value;
        }
        snprintf(firmware, 32, "%u.%u.%u.%u", high >> 16, high & 0xffff, low >> 16, low & 0xffff);
        return vendor[0] != '\0';
}

/* A length of two bytes, and so many. */
static bool take_sized(struct reader *r, struct reader *ret)
{
        uint16_t size;

        return reader_be16(r, &size) == 0 && reader_take(r, size, ret) == 0;
}

bool tpm2_key_parse(const void *answer, size_t size, char ret[static TPM2_KEY_SIZE])
{
        static const struct {
                uint16_t algorithm;
                uint8_t size;
                const char *name;
        } hashes[] = {
                {0x0004, 20, "sha1:"  },
                {0x000b, 32, "sha256:"},
                {0x000c, 48, "sha384:"},
                {0x000d, 64, "sha512:"},
        };
        struct reader r, public, name;
        uint16_t algorithm;

        if (!open_answer(answer, size, &r) || !take_sized(&r, &public) || !take_sized(&r, &name) ||
            reader_be16(&name, &algorithm) < 0)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(hashes); i++) {
                if (hashes[i].algorithm != algorithm || hashes[i].size != reader_left(&name))
                        continue;
                (void)text_copy(ret, TPM2_KEY_SIZE, hashes[i].name);
                text_hex(ret + strlen(ret), name.at, hashes[i].size);
                return true;
        }
        return false;
}
