/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "tftp/server.h"

/* A file of any size whose bytes say where they stand. */
static uint8_t byte_at(uint64_t offset)
{
        return (uint8_t)(offset * 7 + (offset >> 9));
}

static ssize_t read_pattern(void *context, uint64_t offset, void *to, size_t size)
{
        uint8_t *bytes = to;
        int *fail_after = context;

        if (fail_after && (*fail_after)-- <= 0)
                return -EIO;
        for (size_t i = 0; i < size; i++)
                bytes[i] = byte_at(offset + i);
        return (ssize_t)size;
}

static struct tftp_request request_with(uint16_t block_size, uint16_t window)
{
        struct tftp_request request = {.name = "f"};

        request.options.has_block_size = block_size != 0;
        request.options.block_size = block_size;
        request.options.has_window = window != 0;
        request.options.window = window;
        return request;
}

static struct tftp_session *session_of(const struct tftp_request *request, uint64_t size,
                                       uint64_t now_ms)
{
        const struct tftp_file file = {.size_bytes = size, .read = read_pattern};
        const struct tftp_limits limits = {.block_size = UINT16_MAX};
        struct tftp_session *session = NULL;

        assert_int_equal(tftp_session_new(request, &file, &limits, now_ms, &session), 0);
        return session;
}

static uint8_t bytes[TFTP_PACKET_SPACE];

/* The next packet of the session, read back; 0 when there is none. */
static int next(struct tftp_session *session, uint64_t now_ms, struct tftp_packet *ret)
{
        const ssize_t size = tftp_session_next(session, now_ms, bytes, sizeof(bytes));

        assert_true(size >= 0);
        if (size == 0)
                return 0;
        assert_int_equal(tftp_packet_parse(reader_over(bytes, (size_t)size), ret), 0);
        return 1;
}

static int ack(struct tftp_session *session, uint16_t block, uint64_t now_ms)
{
        uint8_t packet[TFTP_HEADER_SIZE];

        assert_int_equal(tftp_ack_write(block, packet, sizeof(packet)), 4);
        return tftp_session_receive(session, packet, sizeof(packet), now_ms);
}

static void expect_data(struct tftp_session *session, uint16_t block, uint64_t now_ms)
{
        struct tftp_packet packet = {0};

        assert_int_equal(next(session, now_ms, &packet), 1);
        assert_int_equal(packet.opcode, TFTP_DATA);
        assert_int_equal(packet.block, block);
}

static void expect_nothing(struct tftp_session *session, uint64_t now_ms)
{
        struct tftp_packet packet = {0};

        assert_int_equal(next(session, now_ms, &packet), 0);
}

static void negotiates(void **state)
{
        static const struct {
                const char *name;
                struct tftp_options asked, answered;
                uint16_t block_size, window;
        } cases[] = {
                {"nothing",                  {0},                {0},                                    512, 1              },
                {"a block",
                 {.has_block_size = true, .block_size = 1428},
                 {.has_block_size = true, .block_size = 1428},
                 1428,                                                                                        1              },
                {"a block above our limit",
                 {.has_block_size = true, .block_size = 9000},
                 {.has_block_size = true, .block_size = TFTP_BLOCK_ETHERNET},
                 TFTP_BLOCK_ETHERNET,                                                                         1              },
                {"a window above our limit",
                 {.has_window = true, .window = 65535},
                 {.has_window = true, .window = TFTP_MAX_WINDOW},
                 512,                                                                                         TFTP_MAX_WINDOW},
                {"the size",                 {.has_size = true}, {.has_size = true, .size_bytes = 5000}, 512, 1              },
                {"a timeout",
                 {.has_timeout = true, .timeout_s = 3},
                 {.has_timeout = true, .timeout_s = 3},
                 512,                                                                                         1              },
                {"a rollover",
                 {.has_rollover = true, .rollover = 1},
                 {.has_rollover = true, .rollover = 1},
                 512,                                                                                         1              },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct tftp_request request = {.name = "f", .options = cases[i].asked};
                const struct tftp_file file = {.size_bytes = 5000, .read = read_pattern};
                const struct tftp_limits limits = {0};
                const struct tftp_statistics *statistics;
                struct tftp_session *session = NULL;
                struct tftp_packet packet = {0};

                print_message("%s\n", cases[i].name);
                assert_int_equal(tftp_session_new(&request, &file, &limits, 0, &session), 0);
                statistics = tftp_session_statistics(session);
                assert_int_equal(statistics->block_size, cases[i].block_size);
                assert_int_equal(statistics->window, cases[i].window);
                assert_int_equal(next(session, 0, &packet), 1);
                assert_int_equal(packet.opcode, i == 0 ? TFTP_DATA : TFTP_OACK);
                if (i > 0)
                        assert_memory_equal(&packet.options, &cases[i].answered,
                                            sizeof(cases[i].answered));
                expect_nothing(session, 0);
                tftp_session_free(session);
        }
}

static void serves_only_octets(void **state)
{
        const struct tftp_request request = {.name = "f", .mode = TFTP_MODE_NETASCII};
        const struct tftp_file file = {.size_bytes = 1, .read = read_pattern};
        const struct tftp_limits limits = {0};
        struct tftp_session *session = NULL;

        (void)state;
        assert_int_equal(tftp_session_new(&request, &file, &limits, 0, &session), -EOPNOTSUPP);
        assert_null(session);
}

/* --- a client on a wire that loses, for whole transfers --- */

struct transfer {
        uint32_t random;
        unsigned int loss_percent;
        uint16_t window;
        uint16_t rollover;
        uint64_t now_ms, got_bytes, expected; /* the block that is expected next */
        uint16_t in_window;
        bool is_complete;
        uint64_t ack_ms; /* when the client would repeat its last ACK */
};

static bool is_lost(struct transfer *t)
{
        t->random = t->random * 1103515245u + 12345u;
        return (t->random >> 16) % 100 < t->loss_percent;
}

/* What the client calls a block. */
static uint16_t number_of(const struct transfer *t, uint64_t block)
{
        while (block > UINT16_MAX)
                block -= UINT16_MAX + 1 - t->rollover;
        return (uint16_t)block;
}

static void client_ack(struct transfer *t, struct tftp_session *session)
{
        t->in_window = 0;
        t->ack_ms = t->now_ms + 3000;
        if (!is_lost(t))
                (void)ack(session, number_of(t, t->expected - 1), t->now_ms);
}

/* RFC 7440 4: blocks in order are taken; one that is not is answered with the last that was. */
static void client_receive(struct transfer *t, struct tftp_session *session,
                           const struct tftp_packet *packet, uint16_t block_size)
{
        const size_t size = reader_left(&packet->data);

        if (packet->opcode == TFTP_OACK) {
                client_ack(t, session);
                return;
        }
        assert_int_equal(packet->opcode, TFTP_DATA);
        if (packet->block != number_of(t, t->expected)) {
                client_ack(t, session);
                return;
        }
        for (size_t i = 0; i < size; i += 61)
                assert_int_equal(packet->data.at[i], byte_at(t->got_bytes + i));
        t->got_bytes += size;
        t->expected++;
        t->is_complete = size < block_size;
        if (++t->in_window == t->window || t->is_complete)
                client_ack(t, session);
}

/* Milliseconds that it took. */
static uint64_t transfer_of(const struct tftp_request *request, uint64_t size, unsigned int loss)
{
        const uint16_t block_size = request->options.block_size, window = request->options.window;
        struct transfer t = {.random = 1,
                             .loss_percent = loss,
                             .window = window ? window : 1,
                             .rollover = request->options.rollover,
                             .expected = 1};
        struct tftp_session *session = NULL;
        uint64_t steps = 0;

        t.now_ms = 1000;
        session = session_of(request, size, t.now_ms);
        while (tftp_session_end(session) == TFTP_RUNNING) {
                struct tftp_packet packet = {0};
                uint64_t wake = tftp_session_deadline(session);

                assert_true(++steps < 10000000);
                if (next(session, t.now_ms, &packet)) {
                        if (!is_lost(&t))
                                client_receive(&t, session, &packet, block_size ? block_size : 512);
                        if (window <= 1 || steps % window == 0)
                                t.now_ms++; /* a round trip */
                        continue;
                }
                if (t.now_ms < wake)
                        t.now_ms = wake;
                tftp_session_expire(session, t.now_ms);
        }
        if (loss == 0)
                assert_int_equal(tftp_session_end(session), TFTP_DONE);
        assert_int_equal(t.got_bytes, size);
        assert_true(t.is_complete);
        if (loss == 0)
                assert_int_equal(tftp_session_statistics(session)->blocks_resent, 0);
        if (tftp_session_end(session) == TFTP_DONE)
                assert_int_equal(tftp_session_statistics(session)->bytes_acked, size);
        tftp_session_free(session);
        return t.now_ms - 1000;
}

static uint64_t transfer(uint64_t size, uint16_t block_size, uint16_t window, unsigned int loss)
{
        const struct tftp_request request = request_with(block_size, window);

        return transfer_of(&request, size, loss);
}

static void transfers_whole_files(void **state)
{
        static const uint64_t sizes[] = {0, 1, 511, 512, 513, 1024, 100000};
        static const uint16_t windows[] = {0, 1, 4, 64};

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
                for (size_t k = 0; k < ARRAY_SIZE(windows); k++)
                        for (unsigned int loss = 0; loss <= 20; loss += 5)
                                (void)transfer(sizes[i], 0, windows[k], loss);
}

/* The wire's numbers wrap after 65,535 blocks. */
static void wraps_block_numbers(void **state)
{
        (void)state;
        (void)transfer(UINT64_C(200000) * 8 + 3, 8, 1, 0);
        (void)transfer(UINT64_C(200000) * 8, 8, 16, 0);
        (void)transfer(UINT64_C(70000) * 8, 8, 16, 2);
}

/* Or, for a client that asks for it, to 1. */
static void wraps_block_numbers_as_asked(void **state)
{
        static const struct {
                uint64_t blocks;
                uint16_t window;
                unsigned int loss;
        } cases[] = {
                {65534,  1,  0},
                {65535,  1,  0},
                {65536,  1,  0},
                {200000, 1,  0},
                {200000, 64, 0},
                {70000,  1,  2},
                {70000,  16, 2},
        };

        (void)state;
        for (uint8_t rollover = 0; rollover <= 1; rollover++) {
                for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                        struct tftp_request request = request_with(8, cases[i].window);

                        request.options.has_rollover = true;
                        request.options.rollover = rollover;
                        (void)transfer_of(&request, cases[i].blocks * 8 - 3, cases[i].loss);
                }
        }
}

/* Peers with fixed timers need 14 s and more for this (1 % lost each way, 1 MiB, lock-step). */
static void is_quick_where_packets_are_lost(void **state)
{
        const uint64_t ms = transfer(1 << 20, 1428, 1, 1);

        (void)state;
        print_message("1 MiB at 1 %% loss: %u ms\n", (unsigned int)ms);
        assert_true(ms < 2200); /* 735 of them are round trips */
}

/* --- single cases --- */

static void never_answers_an_old_ack_in_lock_step(void **state)
{
        const struct tftp_request request = request_with(0, 0);
        struct tftp_session *session = session_of(&request, 5000, 1000);

        (void)state;
        expect_data(session, 1, 1000);
        assert_int_equal(ack(session, 1, 1001), 0);
        expect_data(session, 2, 1001);
        assert_int_equal(ack(session, 1, 1002), 0); /* the same again: the apprentice */
        expect_nothing(session, 1002);
        assert_int_equal(ack(session, 0, 1002), -ENOMSG);
        assert_int_equal(ack(session, 3, 1002), -ENOMSG); /* never sent */
        expect_nothing(session, 1002);
        assert_int_equal(ack(session, 2, 1003), 0);
        expect_data(session, 3, 1003);
        tftp_session_free(session);
}

static void goes_back_once_for_a_gap(void **state)
{
        const struct tftp_request request = request_with(512, 4);
        struct tftp_session *session = session_of(&request, 50000, 1000);
        struct tftp_packet packet = {0};

        (void)state;
        assert_int_equal(next(session, 1000, &packet), 1);
        assert_int_equal(ack(session, 0, 1002), 0);
        for (uint16_t i = 1; i <= 4; i++)
                expect_data(session, i, 1002);
        expect_nothing(session, 1002);
        assert_int_equal(ack(session, 2, 1010), 0); /* 3 was lost; 4 made the client say so */
        assert_int_equal(ack(session, 2, 1010), 0); /* and say so again */
        for (uint16_t i = 3; i <= 6; i++)
                expect_data(session, i, 1010);
        assert_int_equal(ack(session, 2, 1010), 0); /* late: not answered within a round trip */
        expect_nothing(session, 1010);
        assert_int_equal(ack(session, 6, 1012), 0);
        expect_data(session, 7, 1012);
        assert_int_equal(tftp_session_statistics(session)->blocks_resent, 2);
        tftp_session_free(session);
}

static void derives_the_timer_from_the_round_trip(void **state)
{
        const struct tftp_request request = request_with(0, 0);
        struct tftp_session *session = session_of(&request, 100000, 1000);
        uint64_t now_ms = 1000, wait = TFTP_TIMER_FIRST_MS;

        (void)state;
        for (uint16_t block = 1; block <= 20; block++) {
                expect_data(session, block, now_ms);
                wait = tftp_session_deadline(session) - now_ms;
                now_ms += 40;
                assert_int_equal(ack(session, block, now_ms), 0);
        }
        assert_in_range(wait, 40, 80);

        /* Silence: each wait is twice the last one, up to the most; then it is given up. */
        expect_data(session, 21, now_ms);
        while (tftp_session_end(session) == TFTP_RUNNING) {
                const uint64_t at = tftp_session_deadline(session);

                tftp_session_expire(session, at - 1); /* early */
                expect_nothing(session, at - 1);
                tftp_session_expire(session, at);
                if (tftp_session_end(session) != TFTP_RUNNING)
                        break;
                expect_data(session, 21, at);
                wait = wait * 2 < TFTP_TIMER_MAX_MS ? wait * 2 : TFTP_TIMER_MAX_MS;
                assert_in_range(tftp_session_deadline(session) - at, wait * 9 / 10, wait * 11 / 10);
        }
        assert_int_equal(tftp_session_end(session), TFTP_TIMED_OUT);
        assert_true(tftp_session_statistics(session)->ended_ms - now_ms >= TFTP_GIVE_UP_MS);
        assert_true(tftp_session_deadline(session) == UINT64_MAX);
        tftp_session_free(session);
}

static void obeys_a_negotiated_timeout(void **state)
{
        struct tftp_request request = request_with(0, 0);
        struct tftp_session *session = NULL;
        struct tftp_packet packet = {0};
        uint64_t at = 1000;

        (void)state;
        request.options.has_timeout = true;
        request.options.timeout_s = 1;
        session = session_of(&request, 100, at);
        for (int i = 0; i < 4; i++) {
                assert_int_equal(next(session, at, &packet), 1);
                assert_int_equal(packet.opcode, TFTP_OACK);
                assert_true(tftp_session_deadline(session) - at <= 1000);
                at = tftp_session_deadline(session);
                tftp_session_expire(session, at);
        }
        tftp_session_free(session);
}

/* What the client's ERROR means: OVMF asks for the size, and aborts. That is normal. */
static void takes_errors_for_what_they_are(void **state)
{
        static const struct {
                bool asks_size;
                int blocks_acked;
                enum tftp_end end;
        } cases[] = {
                {true,  0, TFTP_PROBED },
                {false, 0, TFTP_ABORTED},
                {true,  1, TFTP_ABORTED},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct tftp_request request = request_with(512, 0);
                struct tftp_session *session = NULL;
                struct tftp_packet packet = {0};
                uint8_t error[64];
                ssize_t size;

                request.options.has_size = cases[i].asks_size;
                session = session_of(&request, 5000, 1000);
                assert_int_equal(next(session, 1000, &packet), 1);
                for (int k = 0; k <= cases[i].blocks_acked && cases[i].blocks_acked > 0; k++) {
                        assert_int_equal(ack(session, (uint16_t)k, 1001), 0);
                        assert_int_equal(next(session, 1001, &packet), 1);
                }
                size = tftp_error_write(TFTP_ERROR_OPTION, "User aborted", error, sizeof(error));
                assert_int_equal(tftp_session_receive(session, error, (size_t)size, 1002), 0);
                assert_int_equal(tftp_session_end(session), cases[i].end);
                assert_string_equal(tftp_session_statistics(session)->client_message,
                                    "User aborted");
                expect_nothing(session, 1002);
                tftp_session_free(session);
        }
}

static void tells_when_the_file_fails(void **state)
{
        const struct tftp_request request = request_with(0, 0);
        int fail_after = 1;
        const struct tftp_file file = {
                .size_bytes = 5000, .read = read_pattern, .context = &fail_after};
        const struct tftp_limits limits = {0};
        struct tftp_session *session = NULL;
        struct tftp_packet packet = {0};

        (void)state;
        assert_int_equal(tftp_session_new(&request, &file, &limits, 1000, &session), 0);
        expect_data(session, 1, 1000);
        assert_int_equal(ack(session, 1, 1001), 0);
        assert_int_equal(next(session, 1001, &packet), 1);
        assert_int_equal(packet.opcode, TFTP_ERROR);
        assert_int_equal(tftp_session_end(session), TFTP_READ_FAILED);
        expect_nothing(session, 1001);
        tftp_session_free(session);
}

static void calls_a_lost_last_ack_by_its_name(void **state)
{
        const struct tftp_request request = request_with(0, 0);
        struct tftp_session *session = session_of(&request, 100, 1000);

        (void)state;
        expect_data(session, 1, 1000);
        while (tftp_session_end(session) == TFTP_RUNNING)
                tftp_session_expire(session, tftp_session_deadline(session));
        assert_int_equal(tftp_session_end(session), TFTP_UNCONFIRMED);
        assert_string_equal(tftp_end_name(TFTP_UNCONFIRMED), "unconfirmed");
        tftp_session_free(session);
}

/* Requests that nobody answers: what is sent, whatever was asked for, is little, and soon over. A
 * timeout that the forger chose does not make it more. */
static const struct {
        const char *name;
        struct tftp_options options;
        unsigned int packets_max;
} unanswered[] = {
        {"nothing asked for", {0},                                         4},
        {"a block",           {.has_block_size = true, .block_size = 512}, 4},
        {"a timeout of 1 s",  {.has_timeout = true, .timeout_s = 1},       6},
        {"a window",          {.has_window = true, .window = 64},          4},
};

static void sends_little_to_who_never_answers(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(unanswered); i++) {
                const struct tftp_request request = {.name = "f", .options = unanswered[i].options};
                struct tftp_session *session = session_of(&request, 50000, 1000);
                struct tftp_packet packet = {0};
                unsigned int packets = 0;

                print_message("%s\n", unanswered[i].name);
                while (tftp_session_end(session) == TFTP_RUNNING) {
                        const uint64_t at = tftp_session_deadline(session);

                        while (next(session, at - 1, &packet))
                                packets++;
                        tftp_session_expire(session, at + 1);
                        assert_false(tftp_session_is_answered(session));
                }
                assert_in_range(packets, 1, unanswered[i].packets_max);
                assert_int_equal(tftp_session_end(session), TFTP_TIMED_OUT);
                assert_true(tftp_session_statistics(session)->ended_ms <
                            1000 + TFTP_GIVE_UP_UNANSWERED_MS + TFTP_TIMER_MAX_MS);
                tftp_session_free(session);
        }
}

static void knows_who_answered(void **state)
{
        const struct tftp_request request = request_with(512, 0);
        struct tftp_session *session = session_of(&request, 5000, 1000);
        struct tftp_packet packet = {0};

        (void)state;
        assert_int_equal(next(session, 1000, &packet), 1);
        assert_int_equal(ack(session, 1, 1001), -ENOMSG); /* of a block that was never sent */
        assert_false(tftp_session_is_answered(session));
        assert_int_equal(ack(session, 0, 1001), 0);
        assert_true(tftp_session_is_answered(session));
        tftp_session_free(session);
}

static void refuses_in_words(void **state)
{
        static const struct {
                int rc;
                enum tftp_error_code code;
        } cases[] = {
                {-ENOENT,     TFTP_ERROR_NOT_FOUND},
                {-EACCES,     TFTP_ERROR_ACCESS   },
                {-EOPNOTSUPP, TFTP_ERROR_ILLEGAL  },
                {-EINVAL,     TFTP_ERROR_ACCESS   },
                {-EXDEV,      TFTP_ERROR_UNDEFINED},
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const ssize_t size = tftp_refusal_write(cases[i].rc, bytes, sizeof(bytes));
                struct tftp_packet packet = {0};

                assert_int_equal(tftp_packet_parse(reader_over(bytes, (size_t)size), &packet), 0);
                assert_int_equal(packet.opcode, TFTP_ERROR);
                assert_int_equal(packet.error.code, cases[i].code);
                assert_true(packet.error.message[0] != '\0');
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(negotiates),
                cmocka_unit_test(serves_only_octets),
                cmocka_unit_test(transfers_whole_files),
                cmocka_unit_test(wraps_block_numbers),
                cmocka_unit_test(wraps_block_numbers_as_asked),
                cmocka_unit_test(is_quick_where_packets_are_lost),
                cmocka_unit_test(never_answers_an_old_ack_in_lock_step),
                cmocka_unit_test(goes_back_once_for_a_gap),
                cmocka_unit_test(derives_the_timer_from_the_round_trip),
                cmocka_unit_test(obeys_a_negotiated_timeout),
                cmocka_unit_test(takes_errors_for_what_they_are),
                cmocka_unit_test(tells_when_the_file_fails),
                cmocka_unit_test(calls_a_lost_last_ack_by_its_name),
                cmocka_unit_test(sends_little_to_who_never_answers),
                cmocka_unit_test(knows_who_answered),
                cmocka_unit_test(refuses_in_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
