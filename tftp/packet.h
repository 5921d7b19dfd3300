/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* TFTP packets: RFC 1350 5, options of RFC 2347, 2348 (blksize), 2349 (timeout, tsize), 7440. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/reader.h"

enum {
        TFTP_PORT = 69,
};

enum tftp_opcode {
        TFTP_RRQ = 1,
        TFTP_WRQ = 2,
        TFTP_DATA = 3,
        TFTP_ACK = 4,
        TFTP_ERROR = 5,
        TFTP_OACK = 6,
};

enum tftp_error_code {
        TFTP_ERROR_UNDEFINED = 0,
        TFTP_ERROR_NOT_FOUND = 1,
        TFTP_ERROR_ACCESS = 2,
        TFTP_ERROR_ILLEGAL = 4,
        TFTP_ERROR_UNKNOWN_ID = 5,
        TFTP_ERROR_OPTION = 8,
};

enum tftp_mode {
        TFTP_MODE_OCTET,
        TFTP_MODE_NETASCII,
};

#define TFTP_REQUEST_MAX   512 /* RFC 2347: a request fits into 512 bytes */
#define TFTP_NAME_SIZE     256
#define TFTP_MESSAGE_SIZE  128
#define TFTP_BLOCK_DEFAULT 512   /* RFC 1350 */
#define TFTP_BLOCK_MIN     8     /* RFC 2348 */
#define TFTP_BLOCK_MAX     65464 /* RFC 2348 */
#define TFTP_HEADER_SIZE   4

/* Options that were said; unsaid, or said with a value that their RFC does not allow: has_ is
 * false (RFC 2347: a server leaves such an option out of its answer). */
struct tftp_options {
        bool has_block_size, has_size, has_timeout, has_window, has_rollover;
        uint16_t block_size; /* blksize */
        uint64_t size_bytes; /* tsize: 0 in a request to read */
        uint8_t timeout_s;   /* timeout: 1..255 */
        uint16_t window;     /* windowsize: 1..65535 */
        uint8_t rollover;    /* rollover, of no RFC: the block behind 65,535 is number 0, or 1 */
};

struct tftp_request {
        char name[TFTP_NAME_SIZE]; /* as it came: tftp_path_parse() next */
        enum tftp_mode mode;
        struct tftp_options options;
};

struct tftp_packet {
        enum tftp_opcode opcode;
        union {
                struct tftp_request request; /* RRQ, WRQ */
                struct {
                        uint16_t block;
                        struct reader data; /* DATA; looks into the packet */
                };
                struct {
                        uint16_t code;                   /* enum tftp_error_code, or any other */
                        char message[TFTP_MESSAGE_SIZE]; /* cut where too long; any bytes */
                } error;
                struct tftp_options options; /* OACK */
        };
};

/**
 * tftp_packet_parse() - read one packet
 * @ret:  written only on success
 *
 * Names of options and modes are read in either case. Unknown options are skipped.
 *
 * Return: 0.
 *         -EBADMSG if it is cut short, an option comes twice, a request is above
 *         TFTP_REQUEST_MAX, or its name is empty or too long.
 *         -EOPNOTSUPP for a mode other than octet and netascii ("mail" is obsolete).
 *         -ENOMSG for an unknown opcode.
 */
int tftp_packet_parse(struct reader bytes, struct tftp_packet *ret);

/* The packet that comes most, alone: 0, or -ENOMSG if it is something else. */
int tftp_ack_parse(struct reader bytes, uint16_t *ret_block);

/* Each returns the bytes written, or -EMSGSIZE if @size is too small. */
ssize_t tftp_request_write(const struct tftp_request *request, void *to, size_t size); /* RRQ */
ssize_t tftp_ack_write(uint16_t block, void *to, size_t size);
ssize_t tftp_oack_write(const struct tftp_options *options, void *to, size_t size);
ssize_t tftp_error_write(enum tftp_error_code code, const char *message, void *to, size_t size);
