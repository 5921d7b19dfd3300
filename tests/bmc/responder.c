/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * BMCs for the tests: RMCP+ responders on loopback, a UDP port each, with cipher
 * suites 3 and 17, and with bad manners where a test asks for them. ipmitool and
 * FreeIPMI's programs are what says that they speak as BMCs do
 * (power/test_power.py); what they cannot do is shown against ipmi_sim.
 *
 *   bmc-responder FIRST-PORT COUNT [MANNER]
 */

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define USER     "admin"
#define PASSWORD "cloudie"
#define PACKET   512

enum manner {
        POLITE,
        DEAD_FIFTH, /* each fifth never answers */
        OLD,        /* suite 3 alone */
        SHORT,      /* answers to commands lack their end */
        LONG,       /* and here are followed by 300 bytes */
        STRANGER,   /* they are of another session */
        UNSIGNED,   /* without code and encryption */
        COPY,       /* each is sent twice, and then the one before once more */
        BUSY,       /* each command: node busy, the first two times */
        FULL,       /* no room for a session, the first time */
        LIAR,       /* takes a change of power, and does nothing */
        DEAF,       /* to each first datagram of a kind: it is lost */
        NONSENSE,   /* 64 bytes of anything, before each answer */
        DENIES,     /* every command: insufficient privilege */
        FLAPPING,   /* on, off, on, off */
        MANNERS
};
static const char *const manner_names[MANNERS] = {
        "polite", "dead-fifth", "old",  "short", "long",     "stranger", "unsigned", "copy",
        "busy",   "full",       "liar", "deaf",  "nonsense", "denies",   "flapping"};

struct bmc {
        int fd;
        bool is_dead;
        uint32_t console, managed, sequence;
        uint8_t suite, role, name_size;
        uint8_t console_random[16], managed_random[16];
        uint8_t name[16];
        uint8_t sik[32], k1[32], k2[32];
        bool is_on;
        uint8_t boot[5];
        unsigned asked, refused, heard;
        uint8_t last[PACKET];
        size_t last_size;
};

static enum manner manner;
static const uint8_t guid[16] = {0xa1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                 0xa1, 0x23, 0x45, 0x67, 0,    0,    0,    1};

static uint32_t get32(const uint8_t *p)
{
        return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
        for (int i = 0; i < 4; i++)
                p[i] = (uint8_t)(v >> (8 * i));
}

static const EVP_MD *hash_of(const struct bmc *b)
{
        return b->suite == 17 ? EVP_sha256() : EVP_sha1();
}

static size_t hmac(const struct bmc *b, const void *key, size_t key_size, const void *bytes,
                   size_t size, uint8_t *to)
{
        unsigned len = 0;

        HMAC(hash_of(b), key, (int)key_size, bytes, size, to, &len);
        return len;
}

static size_t code_size(const struct bmc *b)
{
        return b->suite == 17 ? 16 : 12;
}

static void transmit(struct bmc *b, const uint8_t *bytes, size_t size)
{
        if (manner == NONSENSE) {
                uint8_t junk[64];

                RAND_bytes(junk, sizeof(junk));
                memcpy(junk, bytes, 6); /* just like one */
                (void)!send(b->fd, junk, sizeof(junk), 0);
        }
        (void)!send(b->fd, bytes, size, 0);
        if (manner == COPY) {
                (void)!send(b->fd, bytes, size, 0);
                (void)!send(b->fd, b->last, b->last_size, 0);
                memcpy(b->last, bytes, size);
                b->last_size = size;
        }
}

static void send_setup(struct bmc *b, uint8_t payload, const uint8_t *body, size_t size)
{
        uint8_t p[PACKET] = {6, 0, 0xff, 7, 6, payload};

        p[14] = (uint8_t)size;
        p[15] = (uint8_t)(size >> 8);
        memcpy(p + 16, body, size);
        transmit(b, p, 16 + size);
}

/* 13.18: the algorithms that it names are those of a suite, or they are refused. */
static void take_open(struct bmc *b, const uint8_t *m, size_t size)
{
        uint8_t r[36] = {m[0], 0, m[1] ? m[1] : 4, 0};

        if (size < 32)
                return;
        b->console = get32(m + 4);
        if (m[12] == 3 && m[20] == 4 && m[28] == 1 && manner != OLD)
                b->suite = 17;
        else if (m[12] == 1 && m[20] == 1 && m[28] == 1)
                b->suite = 3;
        else
                r[1] = 0x11;
        if (manner == FULL && b->refused++ == 0)
                r[1] = 0x01;
        put32(r + 4, b->console);
        RAND_bytes((uint8_t *)&b->managed, sizeof(b->managed));
        b->managed |= 1;
        put32(r + 8, b->managed);
        memcpy(r + 12, m + 8, 24);
        send_setup(b, 0x11, r, r[1] ? 8 : 36);
}

static void take_rakp1(struct bmc *b, const uint8_t *m, size_t size)
{
        uint8_t r[40 + 32] = {m[0]}, text[128];
        size_t at = 0, len;

        if (size < 28 || m[27] > 16 || size - 28 < m[27])
                return;
        memcpy(b->console_random, m + 8, 16);
        b->role = m[24];
        b->name_size = m[27];
        memcpy(b->name, m + 28, b->name_size);
        put32(r + 4, b->console);
        if (b->name_size != strlen(USER) || memcmp(b->name, USER, b->name_size) != 0) {
                r[1] = 0x0d;
                send_setup(b, 0x13, r, 8);
                return;
        }
        RAND_bytes(b->managed_random, 16);
        memcpy(r + 8, b->managed_random, 16);
        memcpy(r + 24, guid, 16);
        put32(text, b->console);
        put32(text + 4, b->managed);
        memcpy(text + 8, b->console_random, 16);
        memcpy(text + 24, b->managed_random, 16);
        memcpy(text + 40, guid, 16);
        at = 56;
        text[at++] = b->role;
        text[at++] = b->name_size;
        memcpy(text + at, b->name, b->name_size);
        at += b->name_size;
        len = hmac(b, PASSWORD, strlen(PASSWORD), text, at, r + 40);
        send_setup(b, 0x13, r, 40 + len);
}

static void take_rakp3(struct bmc *b, const uint8_t *m, size_t size)
{
        uint8_t r[8 + 32] = {m[0]}, text[128], wanted[32], one[20], two[20];
        size_t at = 0, len;

        if (size < 8)
                return;
        put32(r + 4, b->console);
        memcpy(text, b->managed_random, 16);
        put32(text + 16, b->console);
        text[20] = b->role;
        text[21] = b->name_size;
        memcpy(text + 22, b->name, b->name_size);
        len = hmac(b, PASSWORD, strlen(PASSWORD), text, 22 + (size_t)b->name_size, wanted);
        if (size - 8 != len || memcmp(wanted, m + 8, len) != 0) {
                r[1] = 0x0f;
                send_setup(b, 0x15, r, 8);
                return;
        }
        memcpy(text, b->console_random, 16);
        memcpy(text + 16, b->managed_random, 16);
        at = 32;
        text[at++] = b->role;
        text[at++] = b->name_size;
        memcpy(text + at, b->name, b->name_size);
        len = hmac(b, PASSWORD, strlen(PASSWORD), text, at + b->name_size, b->sik);
        memset(one, 1, sizeof(one));
        memset(two, 2, sizeof(two));
        hmac(b, b->sik, len, one, sizeof(one), b->k1);
        hmac(b, b->sik, len, two, sizeof(two), b->k2);
        memcpy(text, b->console_random, 16);
        put32(text + 16, b->managed);
        memcpy(text + 20, guid, 16);
        hmac(b, b->sik, len, text, 36, r + 8);
        b->sequence = 0;
        send_setup(b, 0x15, r, 8 + code_size(b));
}

/* Plain commands: the completion code and data. Its size. */
static size_t chassis(struct bmc *b, uint8_t command, const uint8_t *data, size_t size, uint8_t *to)
{
        to[0] = 0;
        switch (command) {
        case 0x01:
                if (manner == FLAPPING)
                        b->is_on = !b->is_on;
                to[1] = b->is_on;
                to[2] = to[3] = 0;
                return 4;
        case 0x02:
                if (size < 1)
                        break;
                if (manner != LIAR)
                        b->is_on = data[0] == 1 || data[0] == 2 || data[0] == 3 ||
                                   (data[0] == 4 && b->is_on);
                return 1;
        case 0x04:
                return 1;
        case 0x08:
                if (size == 6 && data[0] == 5)
                        memcpy(b->boot, data + 1, 5);
                return 1;
        case 0x09:
                to[1] = 1;
                to[2] = size > 0 ? data[0] : 0;
                memcpy(to + 3, b->boot, 5);
                return 8;
        default:
                break;
        }
        to[0] = 0xc1;
        return 1;
}

static size_t application(uint8_t command, uint8_t *to)
{
        static const uint8_t device[] = {0, 0x20, 1, 3, 0x25, 2, 0x8f, 0x57, 1, 0, 0x34, 0x12};

        to[0] = 0;
        switch (command) {
        case 0x01:
                memcpy(to, device, sizeof(device));
                return sizeof(device);
        case 0x3b:
                to[1] = 3;
                return 2;
        case 0x3c:
                return 1;
        case 0x54: /* cipher suites of the channel: 22.15 */
                memcpy(to + 1,
                       (uint8_t[]){1, 0xc0, 3, 0x01, 0x41, 0x81, 0xc0, 17, 0x03, 0x44, 0x81}, 11);
                return 12;
        default:
                to[0] = 0xc1;
                return 1;
        }
}

static size_t answer_of(struct bmc *b, const uint8_t *m, size_t size, uint8_t *to)
{
        if (manner == BUSY && b->asked++ < 2) {
                to[0] = 0xc0;
                return 1;
        }
        if (manner == DENIES && m[5] != 0x3c) {
                to[0] = 0xd4;
                return 1;
        }
        if (m[1] >> 2 == 0)
                return chassis(b, m[5], m + 6, size - 7, to);
        return application(m[5], to);
}

static uint8_t sum(const uint8_t *p, size_t size)
{
        uint8_t total = 0;

        while (size-- > 0)
                total += *p++;
        return (uint8_t)-total;
}

/* The message of the answer to @m: 13.8. */
static size_t make_message(struct bmc *b, const uint8_t *m, size_t size, uint8_t *to)
{
        size_t len;

        to[0] = m[3];
        to[1] = (uint8_t)((m[1] >> 2 | 1) << 2);
        to[2] = sum(to, 2);
        to[3] = m[0];
        to[4] = m[4];
        to[5] = m[5];
        len = 6 + answer_of(b, m, size, to + 6);
        if (manner == SHORT && len > 7)
                len = 7;
        if (manner == LONG) {
                memset(to + len, 0x55, 200);
                len += 200;
        }
        to[len] = sum(to + 3, len - 3);
        return len + 1;
}

static size_t aes(const struct bmc *b, bool is_out, const uint8_t *iv, const uint8_t *from,
                  size_t size, uint8_t *to)
{
        EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
        int len = 0;

        EVP_CipherInit_ex(c, EVP_aes_128_cbc(), NULL, b->k2, iv, is_out);
        EVP_CIPHER_CTX_set_padding(c, 0);
        EVP_CipherUpdate(c, to, &len, from, (int)size);
        EVP_CIPHER_CTX_free(c);
        return (size_t)len;
}

static void send_message(struct bmc *b, const uint8_t *message, size_t size)
{
        uint8_t p[PACKET + 256] = {6, 0, 0xff, 7, 6, 0xc0}, plain[PACKET], code[32];
        size_t pad = (16 - (size + 1) % 16) % 16, len, at;

        put32(p + 6, manner == STRANGER ? b->console + 1 : b->console);
        put32(p + 10, ++b->sequence);
        memcpy(plain, message, size);
        for (size_t i = 0; i < pad; i++)
                plain[size + i] = (uint8_t)(i + 1);
        plain[size + pad] = (uint8_t)pad;
        RAND_bytes(p + 16, 16);
        if (manner == UNSIGNED) {
                p[5] = 0;
                p[14] = (uint8_t)size;
                memcpy(p + 16, message, size);
                transmit(b, p, 16 + size);
                return;
        }
        len = 16 + aes(b, true, p + 16, plain, size + pad + 1, p + 32);
        p[14] = (uint8_t)len;
        p[15] = (uint8_t)(len >> 8);
        at = 16 + len;
        pad = (4 - (at - 4 + 2) % 4) % 4;
        memset(p + at, 0xff, pad);
        at += pad;
        p[at++] = (uint8_t)pad;
        p[at++] = 7;
        hmac(b, b->k1, b->suite == 17 ? 32 : 20, p + 4, at - 4, code);
        memcpy(p + at, code, code_size(b));
        transmit(b, p, at + code_size(b));
}

static void take_command(struct bmc *b, const uint8_t *p, size_t size)
{
        uint8_t plain[PACKET], message[PACKET], code[32];
        const size_t len = size >= 16 ? (size_t)(p[14] | p[15] << 8) : 0;

        if (size < 16 || len < 32 || len % 16 != 0 || size - 16 < len + code_size(b) ||
            get32(p + 6) != b->managed)
                return;
        hmac(b, b->k1, b->suite == 17 ? 32 : 20, p + 4, size - 4 - code_size(b), code);
        if (memcmp(code, p + size - code_size(b), code_size(b)) != 0)
                return;
        aes(b, false, p + 16, p + 32, len - 16, plain);
        if ((size_t)plain[len - 17] + 8 > len - 16)
                return;
        send_message(b, message, make_message(b, plain, len - 17 - plain[len - 17], message));
}

/* What is asked before a session, as IPMI 1.5 has it: the capabilities of the channel, 22.13. */
static void take_before_session(struct bmc *b, const uint8_t *p, size_t size)
{
        uint8_t r[PACKET] = {6, 0, 0xff, 7}, *m = r + 14;
        size_t len = 15;

        if (size < 14 + 7 || p[14 + 1] >> 2 != 6)
                return;
        m[0] = p[14 + 3];
        m[1] = 7 << 2;
        m[2] = sum(m, 2);
        m[3] = p[14];
        m[4] = p[14 + 4];
        m[5] = p[14 + 5];
        if (m[5] == 0x38) {
                memcpy(m + 6, (uint8_t[]){0, 1, 0x80, 0x04, 0x02, 0, 0, 0, 0}, 9);
        } else {
                len = 6 + application(m[5], m + 6);
        }
        m[len] = sum(m + 3, len - 3);
        r[13] = (uint8_t)(len + 1);
        (void)!send(b->fd, r, 14 + len + 1, 0);
}

static void take(struct bmc *b, const uint8_t *p, size_t size)
{
        const uint8_t payload = size > 5 ? p[5] & 0x3f : 0;

        if (size < 16 || p[3] != 7 || b->is_dead)
                return;
        if (manner == DEAF && b->heard++ % 2 == 0)
                return;
        if (p[4] != 6)
                take_before_session(b, p, size);
        else if (payload == 0x10)
                take_open(b, p + 16, size - 16);
        else if (payload == 0x12)
                take_rakp1(b, p + 16, size - 16);
        else if (payload == 0x14)
                take_rakp3(b, p + 16, size - 16);
        else if (payload == 0)
                take_command(b, p, size);
}

static int open_port(uint16_t port)
{
        const struct sockaddr_in at = {.sin_family = AF_INET,
                                       .sin_port = htons(port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0) {
                perror("bmc-responder");
                exit(1);
        }
        return fd;
}

static void serve(int epoll, struct bmc *b)
{
        uint8_t p[PACKET];
        struct sockaddr_in from;
        socklen_t from_size = sizeof(from);
        ssize_t size;

        (void)epoll;
        size = recvfrom(b->fd, p, sizeof(p), MSG_DONTWAIT, (struct sockaddr *)&from, &from_size);
        if (size <= 0)
                return;
        /* Answers go to who asked last: one at a time is enough for a test. */
        if (connect(b->fd, (struct sockaddr *)&from, from_size) == 0)
                take(b, p, (size_t)size);
        (void)connect(b->fd, &(struct sockaddr){.sa_family = AF_UNSPEC}, sizeof(struct sockaddr));
}

int main(int argc, char **argv)
{
        const struct rlimit files = {1 << 15, 1 << 15};
        const int epoll = epoll_create1(EPOLL_CLOEXEC);
        size_t count;
        struct bmc *bmcs;

        if (argc < 3 || argc > 4)
                return 2;
        for (size_t i = 0; argc == 4 && i < MANNERS; i++)
                if (strcmp(argv[3], manner_names[i]) == 0)
                        manner = (enum manner)i;
        if (argc == 4 && strcmp(argv[3], manner_names[manner]) != 0)
                return 2;
        (void)setrlimit(RLIMIT_NOFILE, &files);
        count = (size_t)atoi(argv[2]);
        bmcs = calloc(count, sizeof(*bmcs));
        if (!bmcs)
                return 1;
        for (size_t i = 0; i < count; i++) {
                struct epoll_event event = {.events = EPOLLIN, .data.ptr = &bmcs[i]};

                bmcs[i].fd = open_port((uint16_t)(atoi(argv[1]) + (int)i));
                bmcs[i].is_dead = manner == DEAD_FIFTH && i % 5 == 4;
                bmcs[i].is_on = i % 2 != 0;
                if (epoll_ctl(epoll, EPOLL_CTL_ADD, bmcs[i].fd, &event) < 0)
                        return 1;
        }
        (void)printf("ready\n");
        (void)fflush(stdout);
        for (;;) {
                struct epoll_event events[64];
                const int n = epoll_wait(epoll, events, 64, -1);

                for (int i = 0; i < n; i++)
                        serve(epoll, events[i].data.ptr);
        }
}
