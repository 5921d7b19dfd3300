/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * TFTP session: one file being read by one client. Packets and the time go in;
 * packets and a deadline come out. Who owns the socket looks the name up, and
 * gives each session a port of its own (RFC 1350 4).
 *
 *   rc = tftp_session_new(&request, &file, &limits, now, &session);
 *   while ((n = tftp_session_next(session, now, packet, sizeof(packet))) > 0)
 *           send(packet, n);
 *   ... tftp_session_receive() or tftp_session_expire(), and the same loop again,
 *   until tftp_session_end() is not TFTP_RUNNING.
 *
 * There is no client session: nothing of ours fetches by TFTP. Packets are read and written for
 * both sides (tftp/packet.h), by the tests, too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tftp/packet.h"

#define TFTP_MAX_WINDOW     64    /* blocks in flight: 90 kB, what a switch buffers for a port */
#define TFTP_BLOCK_ETHERNET 1468  /* 1500 - 20 (IP) - 8 (UDP) - 4: no fragments */
#define TFTP_GIVE_UP_MS     30000 /* without a block getting through */
/* Without a first answer: a client that is still there asks again, and whose name was forged is
 * sent four packets and no more. */
#define TFTP_GIVE_UP_UNANSWERED_MS 5000
#define TFTP_TIMER_FIRST_MS        500  /* before anything was measured */
#define TFTP_TIMER_MIN_MS          20   /* scheduling noise of a busy client */
#define TFTP_TIMER_MAX_MS          4000 /* what OVMF waits itself */

/**
 * tftp_read_fn - read a part of the file
 * @offset:  from its start
 * @size:    bytes wanted; never past the size given at the start
 *
 * Return: bytes read: less than @size ends the session as a read error, as does a negative errno.
 */
typedef ssize_t (*tftp_read_fn)(void *context, uint64_t offset, void *to, size_t size);

struct tftp_file {
        uint64_t size_bytes;
        tftp_read_fn read;
        void *context;
};

struct tftp_limits {
        uint16_t block_size; /* at most: from the interface's MTU; 0: TFTP_BLOCK_ETHERNET */
        uint16_t window;     /* at most; 0: TFTP_MAX_WINDOW */
};

enum tftp_end {
        TFTP_RUNNING,
        TFTP_DONE,        /* every byte was acknowledged */
        TFTP_UNCONFIRMED, /* all was sent; the last acknowledgement never came */
        TFTP_PROBED,    /* the client only asked for the size (OVMF: ERROR 8 after tsize); normal */
        TFTP_ABORTED,   /* the client sent an ERROR */
        TFTP_TIMED_OUT, /* the client fell silent */
        TFTP_READ_FAILED, /* the file could not be read; the client was told */
        TFTP_END_COUNT,
};

const char *tftp_end_name(enum tftp_end end); /* "done", "timed-out", ... */

struct tftp_statistics {
        uint64_t bytes_acked;
        uint64_t size_bytes;
        uint64_t blocks_sent, blocks_resent;
        uint64_t started_ms, ended_ms; /* ended_ms is 0 while it runs */
        uint16_t block_size, window;
        char client_message[TFTP_MESSAGE_SIZE]; /* TFTP_ABORTED: what it said; any bytes */
        uint16_t client_code;
};

struct tftp_session;

/**
 * tftp_session_new() - begin to serve a request
 * @request:  an RRQ
 * @file:     copied; its context must live as long as the session
 *
 * Return: 0; -EOPNOTSUPP for a mode other than octet; -ENOMEM. tftp_refusal_write() makes the
 *         answer out of such an error.
 */
int tftp_session_new(const struct tftp_request *request, const struct tftp_file *file,
                     const struct tftp_limits *limits, uint64_t now_ms, struct tftp_session **ret);
struct tftp_session *tftp_session_free(struct tftp_session *session);

/**
 * tftp_session_next() - the next packet to send now
 * @size:  at least TFTP_HEADER_SIZE + the block size; TFTP_PACKET_SPACE always does
 *
 * Return: its bytes; 0 if there is none until something comes in or the deadline passes.
 *         -EMSGSIZE if @size is too small.
 */
ssize_t tftp_session_next(struct tftp_session *session, uint64_t now_ms, void *to, size_t size);
#define TFTP_PACKET_SPACE (TFTP_HEADER_SIZE + TFTP_BLOCK_MAX)

/* A packet of this client came. Return: 0; -EBADMSG or -ENOMSG if it means nothing here. */
int tftp_session_receive(struct tftp_session *session, const void *bytes, size_t size,
                         uint64_t now_ms);

/* Monotonic; UINT64_MAX once it has ended. */
uint64_t tftp_session_deadline(const struct tftp_session *session);

/* The deadline has come. Harmless when called early. */
void tftp_session_expire(struct tftp_session *session, uint64_t now_ms);

enum tftp_end tftp_session_end(const struct tftp_session *session);
/* Its client has acknowledged something: it is where the request said it is. */
bool tftp_session_is_answered(const struct tftp_session *session);
const struct tftp_statistics *tftp_session_statistics(const struct tftp_session *session);

/**
 * tftp_refusal_write() - the ERROR packet for a request that is not served
 * @rc:  -ENOENT, -EACCES (a write request), -EOPNOTSUPP (mode), -EINVAL (a name that leaves the
 *       root), -EBADMSG, -EBUSY (too many sessions); anything else is "undefined"
 *
 * Return: bytes written, or -EMSGSIZE.
 */
ssize_t tftp_refusal_write(int rc, void *to, size_t size);
