/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Session: one RMCP+ session with one BMC (IPMI 2.0 revision 1.1, 13.14 to 13.32),
 * without a socket and without a clock. Datagrams and the time go in; datagrams,
 * the time of the next one, and events come out.
 *
 * One request is under way at a time. What does not belong to it, or to the
 * session, is dropped: a BMC, or somebody in its name, that sends nonsense delays
 * nothing but itself. A session ends when its owner says so: it has no deadline.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/cleanup.h"
#include "lib/bmc/ipmi.h"
#include "power/cause.h"
#include "power/ipmi_codec.h"

#define IPMI_SUITES_MAX 2

struct ipmi_login {
        char user[IPMI_NAME_MAX + 1];
        uint8_t password[IPMI_PASSWORD_MAX], key[IPMI_KEY_MAX];
        size_t password_size, key_size;
        uint8_t privilege;
        uint8_t suites[IPMI_SUITES_MAX]; /* in this order; the next one if the BMC refuses one */
        size_t suite_count;
};

/* Fresh for each session, and again after ipmi_session_start(). */
struct ipmi_chance {
        uint8_t random[IPMI_RANDOM_SIZE];
        uint32_t session; /* not 0 */
        uint8_t tag;
};

enum ipmi_event {
        IPMI_NOTHING,
        IPMI_READY,  /* requests may be made */
        IPMI_ANSWER, /* ipmi_session_answer() has it */
        IPMI_AGAIN,  /* the BMC has no session to give: start anew, later */
        IPMI_FAILED, /* ipmi_session_cause() says why */
        IPMI_CLOSED, /* the BMC knows that it is over */
};

struct ipmi_session;

/* @codec outlives it. NULL: no memory. */
struct ipmi_session *ipmi_session_new(struct ipmi_codec *codec, const struct ipmi_login *login);
struct ipmi_session *ipmi_session_free(struct ipmi_session *session); /* takes NULL; returns NULL */
CLEANUP_DEFINE(struct ipmi_session *, ipmi_session_free)

/* Begins, or begins anew. */
void ipmi_session_start(struct ipmi_session *session, const struct ipmi_chance *chance,
                        uint64_t now_ms);

/* When a datagram is due; UINT64_MAX: none before something comes. */
uint64_t ipmi_session_due(const struct ipmi_session *session);

/**
 * ipmi_session_send() - the datagram that is due
 * @to:  IPMI_PACKET_MAX bytes
 *
 * First sendings and repetitions alike; the times between those double.
 *
 * Return: its size, 0: none is due; -EPROTO: the library refuses.
 */
ssize_t ipmi_session_send(struct ipmi_session *session, uint64_t now_ms, void *to);

/* Takes a datagram of the BMC. */
enum ipmi_event ipmi_session_receive(struct ipmi_session *session, const void *bytes, size_t size,
                                     uint64_t now_ms);

/* Asks; only when it is ready, or has answered. */
void ipmi_session_ask(struct ipmi_session *session, const struct ipmi_request *request,
                      uint64_t now_ms);
/* The last answer, from its completion code on. */
const uint8_t *ipmi_session_answer(const struct ipmi_session *session, size_t *ret_size);

/* Tells the BMC that it is over, so that its few places become free; only where one may ask. */
void ipmi_session_close(struct ipmi_session *session, uint64_t now_ms);

bool ipmi_session_is_open(const struct ipmi_session *session);
enum power_cause ipmi_session_cause(const struct ipmi_session *session);
uint8_t ipmi_session_suite(const struct ipmi_session *session); /* the one in use */

/* What it waits for, for people: "an answer to its session request". */
const char *ipmi_session_waits_for(const struct ipmi_session *session);

/* BMCs answer within some ms; a datagram that was lost costs this, then twice as much, ... */
#define IPMI_REPEAT_MS     250
#define IPMI_REPEAT_MAX_MS 2000
