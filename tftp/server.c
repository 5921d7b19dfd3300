/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TFTP sessions
 *
 * Blocks are numbered in 64 bits here and in 16 on the wire: a number that comes
 * in means the block nearest above the last one acknowledged, so that a file of
 * any size works. The wire wraps to 0, or to 1 for a client that asks for it.
 *
 * The window of RFC 7440 goes back to the first block that is missing. An
 * acknowledgement seen twice is never answered in lock-step (the sorcerer's
 * apprentice, RFC 1123 4.2.3.1); with a window it means a gap, and makes us go
 * back once a round trip.
 *
 * The timer follows the measured round trip (RFC 6298): with a fixed one, as all
 * servers of today have, one lost packet in a hundred makes a transfer fifty
 * times slower. A timeout that the client negotiates (RFC 2349) is its upper
 * bound.
 */
#include "tftp/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/base/writer.h"

struct tftp_session {
        struct tftp_file file;
        struct tftp_options options; /* as negotiated */
        uint16_t block_size;
        uint16_t window;
        uint64_t last; /* number of the last block, which is shorter than the others */

        bool is_answered;
        bool is_started; /* the OACK was acknowledged, or there was none to send */
        bool is_oack_due;
        bool is_size_asked;
        uint64_t oacks_sent;
        uint64_t acked; /* all blocks up to this one have arrived */
        uint64_t next;  /* the block to send next */
        uint64_t high;  /* the highest block sent so far */

        /* Round trip: of a block sent only once (Karn). Scaled by 8 and 4, as RFC 6298's authors
         * do. */
        bool is_timing;
        uint64_t timed_block, timed_ms;
        bool has_round_trip;
        uint64_t smooth_8, variance_4;
        uint64_t timer_ms;

        uint64_t deadline_ms, progress_ms, went_back_ms;
        enum tftp_end end;
        struct tftp_statistics statistics;
};

const char *tftp_end_name(enum tftp_end end)
{
        static const char *const names[TFTP_END_COUNT] = {
                [TFTP_RUNNING] = "running",         [TFTP_DONE] = "done",
                [TFTP_UNCONFIRMED] = "unconfirmed", [TFTP_PROBED] = "probed",
                [TFTP_ABORTED] = "aborted",         [TFTP_TIMED_OUT] = "timed-out",
                [TFTP_READ_FAILED] = "read-failed",
        };

        return (size_t)end < ARRAY_SIZE(names) ? names[end] : "unknown";
}

static uint16_t least(uint16_t a, uint16_t b)
{
        return a < b ? a : b;
}

/* RFC 2347: the answer holds only what was asked for; sizes may be less than asked. */
static void negotiate(struct tftp_session *session, const struct tftp_options *asked,
                      const struct tftp_limits *limits)
{
        const uint16_t block_max = limits->block_size ? limits->block_size : TFTP_BLOCK_ETHERNET;
        const uint16_t window_max = limits->window ? limits->window : TFTP_MAX_WINDOW;
        struct tftp_options *options = &session->options;

        *options = *asked;
        options->block_size = least(asked->block_size, block_max);
        options->window = least(asked->window, least(window_max, TFTP_MAX_WINDOW));
        options->size_bytes = session->file.size_bytes;

        session->block_size = options->has_block_size ? options->block_size : TFTP_BLOCK_DEFAULT;
        session->window = options->has_window ? options->window : 1;
        session->is_oack_due = options->has_block_size || options->has_size ||
                               options->has_timeout || options->has_window || options->has_rollover;
        session->is_started = !session->is_oack_due;
        session->is_size_asked = options->has_size;
}

int tftp_session_new(const struct tftp_request *request, const struct tftp_file *file,
                     const struct tftp_limits *limits, uint64_t now_ms, struct tftp_session **ret)
{
        struct tftp_session *session;

        if (request->mode != TFTP_MODE_OCTET)
                return -EOPNOTSUPP;
        session = calloc(1, sizeof(*session));
        if (!session)
                return -ENOMEM;

        session->file = *file;
        negotiate(session, &request->options, limits);
        session->last = file->size_bytes / session->block_size + 1;
        session->next = 1;
        session->timer_ms = TFTP_TIMER_FIRST_MS;
        session->deadline_ms = now_ms + session->timer_ms;
        session->progress_ms = now_ms;
        session->statistics.size_bytes = file->size_bytes;
        session->statistics.started_ms = now_ms;
        session->statistics.block_size = session->block_size;
        session->statistics.window = session->window;
        *ret = session;
        return 0;
}

struct tftp_session *tftp_session_free(struct tftp_session *session)
{
        free(session);
        return NULL;
}

static void session_end(struct tftp_session *session, enum tftp_end end, uint64_t now_ms)
{
        session->end = end;
        session->deadline_ms = UINT64_MAX;
        session->statistics.ended_ms = now_ms;
}

/* --- numbers --- */

/* What a block is called on the wire. Behind 65,535 comes 0, or 1, and then 0 is never said again.
 */
static uint16_t number_of(const struct tftp_session *session, uint64_t block)
{
        if (session->options.rollover == 0 || block == 0)
                return (uint16_t)block;
        return (uint16_t)((block - 1) % UINT16_MAX + 1);
}

/* How many blocks behind the last one that has arrived a number is; UINT64_MAX: none has it. */
static uint64_t ahead_of(const struct tftp_session *session, uint16_t number)
{
        const uint16_t acked = number_of(session, session->acked);

        if (session->options.rollover == 0)
                return (uint16_t)(number - acked);
        if (acked == 0)
                return number;
        return number == 0 ? UINT64_MAX : (uint64_t)(number + UINT16_MAX - acked) % UINT16_MAX;
}

/* --- the timer --- */

static uint64_t timer_max_ms(const struct tftp_session *session)
{
        return session->options.has_timeout ? session->options.timeout_s * UINT64_C(1000)
                                            : TFTP_TIMER_MAX_MS;
}

static void timer_set(struct tftp_session *session, uint64_t timer_ms)
{
        if (timer_ms < TFTP_TIMER_MIN_MS)
                timer_ms = TFTP_TIMER_MIN_MS;
        if (timer_ms > timer_max_ms(session))
                timer_ms = timer_max_ms(session);
        session->timer_ms = timer_ms;
}

/* RFC 6298 2, in integers. */
static void round_trip_add(struct tftp_session *session, uint64_t sample_ms)
{
        if (!session->has_round_trip) {
                session->has_round_trip = true;
                session->smooth_8 = sample_ms * 8;
                session->variance_4 = sample_ms * 2;
        } else {
                const uint64_t smooth = session->smooth_8 / 8;
                const uint64_t off = smooth > sample_ms ? smooth - sample_ms : sample_ms - smooth;

                session->variance_4 += off - session->variance_4 / 4;
                session->smooth_8 += sample_ms - smooth;
        }
        timer_set(session, session->smooth_8 / 8 + session->variance_4);
}

static void timing_begin(struct tftp_session *session, uint64_t block, uint64_t now_ms)
{
        session->is_timing = true;
        session->timed_block = block;
        session->timed_ms = now_ms;
}

static void timing_end(struct tftp_session *session, uint64_t acked, uint64_t now_ms)
{
        if (!session->is_timing || acked < session->timed_block)
                return;
        session->is_timing = false;
        round_trip_add(session, now_ms - session->timed_ms);
}

/* --- what goes out --- */

static ssize_t next_oack(struct tftp_session *session, uint64_t now_ms, void *to, size_t size)
{
        if (!session->is_oack_due)
                return 0;
        session->is_oack_due = false;
        session->deadline_ms = now_ms + session->timer_ms;
        if (session->oacks_sent++ == 0)
                timing_begin(session, 0, now_ms);
        return tftp_oack_write(&session->options, to, size);
}

static ssize_t read_failed(struct tftp_session *session, uint64_t now_ms, void *to, size_t size)
{
        session_end(session, TFTP_READ_FAILED, now_ms);
        return tftp_error_write(TFTP_ERROR_UNDEFINED, "the file could not be read", to, size);
}

static void count_sent(struct tftp_session *session, uint64_t block, uint64_t window_end,
                       uint64_t now_ms)
{
        session->statistics.blocks_sent++;
        if (block <= session->high) {
                session->statistics.blocks_resent++;
                session->is_timing = false;
                return;
        }
        session->high = block;
        if (block == window_end) /* the one that is answered */
                timing_begin(session, block, now_ms);
}

static ssize_t next_data(struct tftp_session *session, uint64_t now_ms, void *to, size_t size)
{
        const uint64_t block = session->next;
        const uint64_t offset = (block - 1) * session->block_size;
        const uint64_t left = session->file.size_bytes - offset;
        const size_t want = left < session->block_size ? (size_t)left : session->block_size;
        const uint64_t window_end = session->acked + session->window < session->last
                                            ? session->acked + session->window
                                            : session->last;
        struct writer w = writer_over(to, size);
        ssize_t got = 0;

        if (size < TFTP_HEADER_SIZE + want)
                return -EMSGSIZE;
        writer_be16(&w, TFTP_DATA);
        writer_be16(&w, number_of(session, block));
        if (want > 0)
                got = session->file.read(session->file.context, offset, w.at, want);
        if (got < 0 || (size_t)got != want)
                return read_failed(session, now_ms, to, size);

        count_sent(session, block, window_end, now_ms);
        session->next = block + 1;
        session->deadline_ms = now_ms + session->timer_ms;
        return (ssize_t)(TFTP_HEADER_SIZE + want);
}

ssize_t tftp_session_next(struct tftp_session *session, uint64_t now_ms, void *to, size_t size)
{
        if (session->end != TFTP_RUNNING)
                return 0;
        if (!session->is_started)
                return next_oack(session, now_ms, to, size);
        if (session->next > session->last || session->next - session->acked > session->window)
                return 0;
        return next_data(session, now_ms, to, size);
}

/* --- what comes in --- */

/* Begin again behind the last block that has arrived; at most once a round trip. */
static void go_back(struct tftp_session *session, uint64_t now_ms)
{
        const uint64_t round_trip = session->smooth_8 / 8 > 0 ? session->smooth_8 / 8 : 1;

        if (now_ms - session->went_back_ms < round_trip)
                return;
        session->went_back_ms = now_ms;
        session->next = session->acked + 1;
}

static void take_progress(struct tftp_session *session, uint64_t acked, uint64_t now_ms)
{
        struct tftp_statistics *statistics = &session->statistics;
        const uint64_t bytes = acked * session->block_size;

        timing_end(session, acked, now_ms);
        session->is_answered = true;
        session->acked = acked;
        session->progress_ms = now_ms;
        session->deadline_ms = now_ms + session->timer_ms;
        statistics->bytes_acked = bytes < statistics->size_bytes ? bytes : statistics->size_bytes;
        if (session->next <= acked)
                session->next = acked + 1;

        if (acked == session->last)
                session_end(session, TFTP_DONE, now_ms);
        else if (acked < session->high) /* in the midst of a window: there is a gap behind it */
                go_back(session, now_ms);
}

static int receive_ack(struct tftp_session *session, uint16_t number, uint64_t now_ms)
{
        const uint64_t ahead = ahead_of(session, number);

        if (!session->is_started) {
                if (number != 0)
                        return -ENOMSG;
                session->is_started = true;
                take_progress(session, 0, now_ms);
                return 0;
        }
        if (ahead > session->high - session->acked)
                return -ENOMSG; /* old, or of blocks that were never sent */
        if (ahead > 0)
                take_progress(session, session->acked + ahead, now_ms);
        else if (session->window > 1 && session->high > session->acked)
                go_back(session, now_ms);
        return 0;
}

static void receive_error(struct tftp_session *session, const struct tftp_packet *packet,
                          uint64_t now_ms)
{
        const bool is_probe = session->is_size_asked && session->acked == 0;

        session->statistics.client_code = packet->error.code;
        memcpy(session->statistics.client_message, packet->error.message,
               sizeof(session->statistics.client_message));
        session_end(session, is_probe ? TFTP_PROBED : TFTP_ABORTED, now_ms);
}

int tftp_session_receive(struct tftp_session *session, const void *bytes, size_t size,
                         uint64_t now_ms)
{
        struct tftp_packet packet;
        uint16_t block;
        int rc;

        if (session->end != TFTP_RUNNING)
                return -ENOMSG;
        if (tftp_ack_parse(reader_over(bytes, size), &block) == 0)
                return receive_ack(session, block, now_ms);
        rc = tftp_packet_parse(reader_over(bytes, size), &packet);
        if (rc < 0)
                return rc;

        if (packet.opcode != TFTP_ERROR)
                return -ENOMSG;
        receive_error(session, &packet, now_ms);
        return 0;
}

uint64_t tftp_session_deadline(const struct tftp_session *session)
{
        return session->deadline_ms;
}

void tftp_session_expire(struct tftp_session *session, uint64_t now_ms)
{
        const uint64_t patience_ms =
                session->is_answered ? TFTP_GIVE_UP_MS : TFTP_GIVE_UP_UNANSWERED_MS;

        if (session->end != TFTP_RUNNING || now_ms < session->deadline_ms)
                return;
        if (now_ms - session->progress_ms >= patience_ms) {
                session_end(session,
                            session->high == session->last ? TFTP_UNCONFIRMED : TFTP_TIMED_OUT,
                            now_ms);
                return;
        }

        /* Doubled until a block that was sent once is answered (RFC 6298 5.5, Karn). */
        session->is_timing = false;
        timer_set(session, session->timer_ms * 2);
        session->deadline_ms = now_ms + session->timer_ms;
        if (session->is_started)
                session->next = session->acked + 1;
        else
                session->is_oack_due = true;
}

enum tftp_end tftp_session_end(const struct tftp_session *session)
{
        return session->end;
}

bool tftp_session_is_answered(const struct tftp_session *session)
{
        return session->is_answered;
}

const struct tftp_statistics *tftp_session_statistics(const struct tftp_session *session)
{
        return &session->statistics;
}

ssize_t tftp_refusal_write(int rc, void *to, size_t size)
{
        static const struct {
                int rc;
                enum tftp_error_code code;
                const char *message;
        } rows[] = {
                {-ENOENT,       TFTP_ERROR_NOT_FOUND, "no such file"                             },
                {-EACCES,       TFTP_ERROR_ACCESS,    "this server is read-only"                 },
                {-EINVAL,       TFTP_ERROR_ACCESS,    "this name is not served"                  },
                {-ENAMETOOLONG, TFTP_ERROR_NOT_FOUND, "the name is too long"                     },
                {-EOPNOTSUPP,   TFTP_ERROR_ILLEGAL,   "only octet (binary) mode is served"       },
                {-EBADMSG,      TFTP_ERROR_ILLEGAL,   "malformed request"                        },
                {-EBUSY,        TFTP_ERROR_UNDEFINED, "too many transfers, try again in a moment"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].rc == rc)
                        return tftp_error_write(rows[i].code, rows[i].message, to, size);
        return tftp_error_write(TFTP_ERROR_UNDEFINED, "the server failed", to, size);
}
