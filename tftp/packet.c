/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TFTP packets
 *
 * One row an option: its name, the values that its RFC allows, and where the
 * value is kept. The same rows read a request, read an OACK, and write both.
 */
#include "tftp/packet.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/writer.h"

struct option_row {
        const char *name;
        uint64_t min, max;
        void (*store)(struct tftp_options *options, uint64_t value);
        bool (*get)(const struct tftp_options *options, uint64_t *ret); /* false: not said */
};

static void store_block_size(struct tftp_options *options, uint64_t value)
{
        options->has_block_size = true;
        options->block_size = (uint16_t)value;
}

static bool get_block_size(const struct tftp_options *options, uint64_t *ret)
{
        *ret = options->block_size;
        return options->has_block_size;
}

static void store_size(struct tftp_options *options, uint64_t value)
{
        options->has_size = true;
        options->size_bytes = value;
}

static bool get_size(const struct tftp_options *options, uint64_t *ret)
{
        *ret = options->size_bytes;
        return options->has_size;
}

static void store_timeout(struct tftp_options *options, uint64_t value)
{
        options->has_timeout = true;
        options->timeout_s = (uint8_t)value;
}

static bool get_timeout(const struct tftp_options *options, uint64_t *ret)
{
        *ret = options->timeout_s;
        return options->has_timeout;
}

static void store_window(struct tftp_options *options, uint64_t value)
{
        options->has_window = true;
        options->window = (uint16_t)value;
}

static bool get_window(const struct tftp_options *options, uint64_t *ret)
{
        *ret = options->window;
        return options->has_window;
}

static void store_rollover(struct tftp_options *options, uint64_t value)
{
        options->has_rollover = true;
        options->rollover = (uint8_t)value;
}

static bool get_rollover(const struct tftp_options *options, uint64_t *ret)
{
        *ret = options->rollover;
        return options->has_rollover;
}

static const struct option_row rows[] = {
        {"blksize",    TFTP_BLOCK_MIN, TFTP_BLOCK_MAX, store_block_size, get_block_size},
        {"tsize",      0,              UINT64_MAX,     store_size,       get_size      },
        {"timeout",    1,              UINT8_MAX,      store_timeout,    get_timeout   },
        {"windowsize", 1,              UINT16_MAX,     store_window,     get_window    },
        {"rollover",   0,              1,              store_rollover,   get_rollover  },
};

/*
 * Pairs of texts to the end of the packet. RFC 2347: an option comes at most
 * once. A value that is no number, or out of its range, counts as not said: the
 * server then leaves it out of its answer, and the client goes on without it.
 */
static int options_parse(struct reader *r, struct tftp_options *ret)
{
        bool is_said[ARRAY_SIZE(rows)] = {false};

        while (reader_left(r) > 0) {
                const char *name, *value;

                if (reader_text(r, &name) < 0)
                        return -EBADMSG;
                if (name[0] == '\0') /* padding behind the last option */
                        return 0;
                if (reader_text(r, &value) < 0)
                        return -EBADMSG;
                for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                        uint64_t number;

                        if (strcasecmp(name, rows[i].name) != 0)
                                continue;
                        if (is_said[i])
                                return -EBADMSG;
                        is_said[i] = true;
                        if (text_parse_u64(value, rows[i].max, &number) == 0 &&
                            number >= rows[i].min)
                                rows[i].store(ret, number);
                }
        }
        return 0;
}

static void options_write(const struct tftp_options *options, struct writer *w)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char text[24];
                uint64_t number;

                if (!rows[i].get(options, &number))
                        continue;
                snprintf(text, sizeof(text), "%" PRIu64, number);
                writer_text(w, rows[i].name);
                writer_u8(w, '\0');
                writer_text(w, text);
                writer_u8(w, '\0');
        }
}

static int mode_parse(const char *text, enum tftp_mode *ret)
{
        if (strcasecmp(text, "octet") == 0)
                *ret = TFTP_MODE_OCTET;
        else if (strcasecmp(text, "netascii") == 0)
                *ret = TFTP_MODE_NETASCII;
        else
                return -EOPNOTSUPP;
        return 0;
}

/* RFC 1350 figure 5-1, RFC 2347 */
static int request_parse(struct reader *r, struct tftp_packet *packet)
{
        struct tftp_request *request = &packet->request;
        const char *name, *mode;
        int rc;

        if (reader_left(r) > TFTP_REQUEST_MAX - sizeof(uint16_t) || reader_text(r, &name) < 0 ||
            name[0] == '\0' || text_copy(request->name, sizeof(request->name), name) < 0 ||
            reader_text(r, &mode) < 0)
                return -EBADMSG;
        rc = mode_parse(mode, &request->mode);
        if (rc < 0)
                return rc;
        return options_parse(r, &request->options);
}

/* RFC 1350 figure 5-2 */
static int data_parse(struct reader *r, struct tftp_packet *packet)
{
        int rc;

        rc = reader_be16(r, &packet->block);
        if (rc < 0)
                return rc;
        return reader_take(r, reader_left(r), &packet->data);
}

/* RFC 1350 figure 5-3. Some clients pad it. */
static int ack_parse(struct reader *r, struct tftp_packet *packet)
{
        return reader_be16(r, &packet->block);
}

/* RFC 1350 figure 5-4. Some clients forget the NUL byte, or the text. */
static int error_parse(struct reader *r, struct tftp_packet *packet)
{
        const size_t most = sizeof(packet->error.message) - 1;
        size_t len;
        int rc;

        rc = reader_be16(r, &packet->error.code);
        if (rc < 0)
                return rc;
        len = strnlen((const char *)r->at, reader_left(r) < most ? reader_left(r) : most);
        return reader_copy(r, packet->error.message, len); /* zeroed before */
}

/* RFC 2347 */
static int oack_parse(struct reader *r, struct tftp_packet *packet)
{
        return options_parse(r, &packet->options);
}

static const struct {
        enum tftp_opcode opcode;
        int (*parse)(struct reader *r, struct tftp_packet *packet);
} packets[] = {
        {TFTP_RRQ,   request_parse},
        {TFTP_WRQ,   request_parse},
        {TFTP_DATA,  data_parse   },
        {TFTP_ACK,   ack_parse    },
        {TFTP_ERROR, error_parse  },
        {TFTP_OACK,  oack_parse   },
};

int tftp_packet_parse(struct reader bytes, struct tftp_packet *ret)
{
        struct tftp_packet packet = {0};
        uint16_t opcode;
        int rc;

        rc = reader_be16(&bytes, &opcode);
        if (rc < 0)
                return rc;
        for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
                if (opcode != (uint16_t)packets[i].opcode)
                        continue;
                packet.opcode = packets[i].opcode;
                rc = packets[i].parse(&bytes, &packet);
                if (rc < 0)
                        return rc;
                *ret = packet;
                return 0;
        }
        return -ENOMSG;
}

int tftp_ack_parse(struct reader bytes, uint16_t *ret_block)
{
        uint16_t opcode, block;

        if (reader_be16(&bytes, &opcode) < 0 || opcode != TFTP_ACK ||
            reader_be16(&bytes, &block) < 0)
                return -ENOMSG;
        *ret_block = block;
        return 0;
}

static ssize_t written(const struct writer *w)
{
        const ssize_t size = writer_size(w);

        return size < 0 ? -EMSGSIZE : size;
}

ssize_t tftp_request_write(const struct tftp_request *request, void *to, size_t size)
{
        struct writer w = writer_over(to, size < TFTP_REQUEST_MAX ? size : TFTP_REQUEST_MAX);

        writer_be16(&w, TFTP_RRQ);
        writer_text(&w, request->name);
        writer_u8(&w, '\0');
        writer_text(&w, request->mode == TFTP_MODE_OCTET ? "octet" : "netascii");
        writer_u8(&w, '\0');
        options_write(&request->options, &w);
        return written(&w);
}

ssize_t tftp_ack_write(uint16_t block, void *to, size_t size)
{
        struct writer w = writer_over(to, size);

        writer_be16(&w, TFTP_ACK);
        writer_be16(&w, block);
        return written(&w);
}

ssize_t tftp_oack_write(const struct tftp_options *options, void *to, size_t size)
{
        struct writer w = writer_over(to, size);

        writer_be16(&w, TFTP_OACK);
        options_write(options, &w);
        return written(&w);
}

ssize_t tftp_error_write(enum tftp_error_code code, const char *message, void *to, size_t size)
{
        struct writer w = writer_over(to, size);

        writer_be16(&w, TFTP_ERROR);
        writer_be16(&w, (uint16_t)code);
        writer_text(&w, message);
        writer_u8(&w, '\0');
        return written(&w);
}
