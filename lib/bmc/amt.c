/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/bmc/amt.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"

#define VERSION_MAJOR 1
#define VERSION_MINOR 1
#define ANSWER_BIT    0x00800000U
#define BIOS_SIZE     65
#define VERSIONS_MAX  50
#define FIELD_SIZE    20

const uint8_t amt_client[16] = {0x28, 0x00, 0xf8, 0x12, 0xb7, 0xb4, 0x2d, 0x4b,
                                0xac, 0xa8, 0x46, 0xe0, 0xff, 0x65, 0x81, 0x4c};

static void put_le32(uint8_t *to, uint32_t number)
{
        for (int i = 0; i < 4; i++)
                to[i] = (uint8_t)(number >> 8 * i);
}

void amt_ask(uint8_t to[static AMT_REQUEST_SIZE], enum amt_question question)
{
        memset(to, 0, AMT_REQUEST_SIZE);
        to[0] = VERSION_MAJOR;
        to[1] = VERSION_MINOR;
        put_le32(to + 4, (uint32_t)question);
}

/* What is behind the status. */
static int open_answer(const void *answer, size_t size, enum amt_question question,
                       struct reader *ret)
{
        struct reader r = reader_over(answer, size);
        uint32_t command, length, status;
        uint8_t major, minor;

        if (reader_u8(&r, &major) < 0 || reader_u8(&r, &minor) < 0 || reader_skip(&r, 2) < 0 ||
            reader_le32(&r, &command) < 0 || reader_le32(&r, &length) < 0 ||
            major != VERSION_MAJOR || command != ((uint32_t)question | ANSWER_BIT) ||
            length != reader_left(&r) || reader_le32(&r, &status) < 0)
                return -EBADMSG;
        if (status != 0)
                return -EREMOTEIO;
        *ret = r;
        return 0;
}

/* A length, and a field that is always as long. */
static int take_text(struct reader *r, char to[static AMT_TEXT_SIZE])
{
        struct reader field;
        uint16_t length;

        if (reader_le16(r, &length) < 0 || reader_take(r, FIELD_SIZE, &field) < 0 ||
            length > FIELD_SIZE)
                return -EBADMSG;
        return text_copy_bytes(to, AMT_TEXT_SIZE, field.at,
                               strnlen((const char *)field.at, length)) < 0
                       ? -EBADMSG
                       : 0;
}

int amt_versions_parse(const void *answer, size_t size, struct amt_versions *ret)
{
        struct amt_versions found = {.amt = ""};
        const struct {
                const char *what;
                char *to;
        } wanted[] = {
                {"AMT",          found.amt  },
                {"Build Number", found.build},
                {"Sku",          found.sku  },
        };
        char what[AMT_TEXT_SIZE], version[AMT_TEXT_SIZE];
        struct reader r;
        uint32_t count;
        int rc;

        rc = open_answer(answer, size, AMT_CODE_VERSIONS, &r);
        if (rc < 0)
                return rc;
        if (reader_skip(&r, BIOS_SIZE) < 0 || reader_le32(&r, &count) < 0 || count > VERSIONS_MAX)
                return -EBADMSG;
        for (uint32_t i = 0; i < count; i++) {
                if (take_text(&r, what) < 0 || take_text(&r, version) < 0)
                        return -EBADMSG;
                for (size_t j = 0; j < ARRAY_SIZE(wanted); j++)
                        if (strcmp(what, wanted[j].what) == 0)
                                (void)text_copy(wanted[j].to, AMT_TEXT_SIZE, version);
        }
        *ret = found;
        return 0;
}

int amt_state_parse(const void *answer, size_t size, const char **ret)
{
        static const char *const states[] = {"none", "in-progress", "done"};
        struct reader r;
        uint32_t state;
        int rc;

        rc = open_answer(answer, size, AMT_PROVISIONING_STATE, &r);
        if (rc < 0)
                return rc;
        if (reader_le32(&r, &state) < 0 || state >= ARRAY_SIZE(states))
                return -EBADMSG;
        *ret = states[state];
        return 0;
}
