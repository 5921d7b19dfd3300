/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Codec: the datagrams of an RMCP+ session (IPMI 2.0 revision 1.1, chapter 13)
 * as structs. The one door to FreeIPMI's packet layer. No socket, no clock.
 *
 * What is parsed was sent by a BMC, or by who pretends to be one: a length that
 * does not fit, a sum or a code that is wrong is -EBADMSG, and the caller goes on
 * waiting as if nothing had come.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/cleanup.h"
#include "lib/bmc/ipmi.h"

#define IPMI_NAME_MAX     16 /* 13.20 */
#define IPMI_PASSWORD_MAX 20
#define IPMI_KEY_MAX      20 /* K_g */
#define IPMI_RANDOM_SIZE  16
#define IPMI_GUID_SIZE    16
#define IPMI_CODE_MAX     64   /* of an exchange; SHA-256 has 32 */
#define IPMI_PACKET_MAX   1024 /* none that we send or wait for comes near */

/* Only the two suites that real BMCs want: 3 (SHA-1, AES) and 17 (SHA-256, AES). 22.15.2. */
struct ipmi_suite {
        uint8_t id;
        uint8_t authentication, integrity, confidentiality;
};
const struct ipmi_suite *ipmi_suite_find(uint8_t id); /* NULL: not spoken here */

/* Both sides of a session while it is made: 13.20 to 13.24. */
struct ipmi_handshake {
        const struct ipmi_suite *suite;
        uint32_t console, managed; /* each side's number for the session */
        uint8_t console_random[IPMI_RANDOM_SIZE], managed_random[IPMI_RANDOM_SIZE];
        uint8_t guid[IPMI_GUID_SIZE];
        uint8_t privilege; /* the most that will be asked for: 2 user, 3 operator, 4 administrator
                            */
        char user[IPMI_NAME_MAX + 1];
        uint8_t password[IPMI_PASSWORD_MAX], key[IPMI_KEY_MAX];
        size_t password_size, key_size; /* of the second 0: there is none, the password is it */
};

struct ipmi_keys {
        const struct ipmi_suite *suite;
        uint8_t session[IPMI_CODE_MAX], integrity[IPMI_CODE_MAX], confidentiality[IPMI_CODE_MAX];
        size_t session_size, integrity_size, confidentiality_size;
};

struct ipmi_codec;
struct ipmi_codec *ipmi_codec_new(void);                      /* NULL: no memory. For one thread */
struct ipmi_codec *ipmi_codec_free(struct ipmi_codec *codec); /* takes NULL; returns NULL */
CLEANUP_DEFINE(struct ipmi_codec *, ipmi_codec_free)

/* A datagram into @to. Its size; -ENOBUFS: it does not fit; -EPROTO: the library refuses. */
ssize_t ipmi_put_open(struct ipmi_codec *codec, const struct ipmi_handshake *h, uint8_t tag,
                      void *to, size_t size);
ssize_t ipmi_put_rakp1(struct ipmi_codec *codec, const struct ipmi_handshake *h, uint8_t tag,
                       void *to, size_t size);
ssize_t ipmi_put_rakp3(struct ipmi_codec *codec, const struct ipmi_handshake *h, uint8_t tag,
                       void *to, size_t size);

struct ipmi_place {        /* of a message in its session */
        uint32_t session;  /* the receiver's number */
        uint32_t sequence; /* of the datagram */
        uint8_t requester; /* sequence of the request, six bits; an answer repeats it */
};
ssize_t ipmi_put_request(struct ipmi_codec *codec, const struct ipmi_keys *keys,
                         const struct ipmi_place *place, const struct ipmi_request *request,
                         void *to, size_t size);

enum ipmi_setup_kind { IPMI_OPEN_ANSWER, IPMI_RAKP2, IPMI_RAKP4, IPMI_SETUP_KINDS };

struct ipmi_setup {
        uint8_t tag,
                status;    /* the status: 13.24, table 13-15; other than 0: nothing below counts */
        uint8_t privilege; /* that the session may have at most; of IPMI_OPEN_ANSWER */
        uint32_t console, managed;
        uint8_t random[IPMI_RANDOM_SIZE], guid[IPMI_GUID_SIZE]; /* of IPMI_RAKP2 */
};
/* 0, -EBADMSG. A refusal need not be whole: tag and status are enough. */
int ipmi_take_setup(struct ipmi_codec *codec, enum ipmi_setup_kind kind, const void *bytes,
                    size_t size, struct ipmi_setup *ret);

/* Whether the RAKP 2, or 4, that was just taken was made by who knows the password, or K_g.
 * 0, -EKEYREJECTED. */
int ipmi_check_rakp2(struct ipmi_codec *codec, const struct ipmi_handshake *h);
int ipmi_check_rakp4(struct ipmi_codec *codec, const struct ipmi_handshake *h,
                     const struct ipmi_keys *keys);
int ipmi_make_keys(const struct ipmi_handshake *h, struct ipmi_keys *ret); /* 0, -EPROTO */

struct ipmi_response {
        struct ipmi_place place;
        uint8_t net_function, command;
        uint8_t answer[IPMI_ANSWER_MAX]; /* begins with the completion code */
        size_t size;
};
/* 0; -EBADMSG: also of one that is not encrypted, or whose code is not the session's. */
int ipmi_take_response(struct ipmi_codec *codec, const struct ipmi_keys *keys, const void *bytes,
                       size_t size, struct ipmi_response *ret);
