/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Worker: what an installed system says of itself, once when it phones home and
 * then with each beat. docs/protocol.md has the calls.
 *
 * Each message is signed as a whole by the key that the worker made at its first
 * start: the controller keeps the public half alone, and what it answers is no
 * secret. So a lost answer, a restart of either side, costs nothing.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/net.h"
#include "lib/doc/table.h"
#include "lib/node/install.h"
#include "lib/node/ssh_key.h"
#include "lib/node/wire.h"

/* Limits: what one machine makes the controller hold, some 20 KiB at most. */
#define WORKER_ADDRESSES_MAX  32 /* a host of containers has more; the first ones are told */
#define WORKER_HOST_KEYS_MAX  8  /* three types are usual */
#define WORKER_CHECKS_MAX     16
#define WORKER_BODY_MAX       ((size_t)32 << 10) /* all of these at their longest, as JSON */

#define WORKER_ADDRESS_SIZE   50 /* INET6_ADDRSTRLEN and "/128" */
#define WORKER_INTERFACE_SIZE 16 /* IFNAMSIZ */
#define WORKER_KERNEL_SIZE    96
#define WORKER_CHECK_SIZE     24
#define WORKER_CHECK_TEXT     160

struct worker_address {
        char interface[WORKER_INTERFACE_SIZE];
        struct mac_address mac;
        char address[WORKER_ADDRESS_SIZE]; /* "10.77.0.100/24", "fd00::1/64" */
};

/* Each is worse than the one before. */
enum health_state { HEALTH_OK, HEALTH_WARNING, HEALTH_BAD, HEALTH_STATE_COUNT };
extern const char *const health_state_names[HEALTH_STATE_COUNT + 1]; /* "ok", "warning", "bad" */

struct worker_check {
        char name[WORKER_CHECK_SIZE]; /* "systemd", "memory" */
        enum health_state state;
        char text[WORKER_CHECK_TEXT];
};

struct worker_facts {
        char kernel[WORKER_KERNEL_SIZE]; /* "6.1.0-37-amd64" */
        uint64_t uptime_s;
        struct worker_address addresses[WORKER_ADDRESSES_MAX];
        size_t address_count;
        struct ssh_key host_keys[WORKER_HOST_KEYS_MAX];
        size_t host_key_count;
        struct worker_check health[WORKER_CHECKS_MAX];
        size_t check_count;
};
extern const struct doc_table worker_facts_table;

/* POST /agent/v1/phone-home; and, without the secret, POST /agent/v1/beat. */
struct phone_home {
        uint64_t generation;
        char node[NODE_NAME_SIZE];
        char secret[INSTALL_SECRET_SIZE];
        char public_key[WIRE_KEY_SIZE]; /* "": it will not beat */
        char version[32];               /* of cloudie-worker */
        char system[128];               /* PRETTY_NAME of its os-release, or what it is */
        char hostname[NODE_NAME_SIZE];
        struct ip_address address; /* from which it calls */
        struct worker_facts facts;
};
extern const struct doc_table phone_home_table, beat_table;

/*
 * The header that signs a message: base64 of an Ed25519 signature over the prefix
 * and the body, byte by byte. Two prefixes, so that neither passes for the other.
 */
#define WORKER_SIGNATURE_HEADER "Cloudie-Signature"
#define PHONE_HOME_PREFIX       "cloudie-phone-home-v1:"
#define BEAT_PREFIX             "cloudie-beat-v1:"

/* The answer to both. */
struct worker_answer {
        char node[NODE_NAME_SIZE];
        enum node_phase phase;
        uint32_t beat_s; /* until the next beat; the worker adds its jitter. 0: as before */
};
extern const struct doc_table worker_answer_table;

#define BEAT_S        60 /* what the controller asks for */
#define BEAT_MIN_S    1  /* what a worker does at most and at least, whoever asks */
#define BEAT_MAX_S    3600
#define BEATS_MISSED  3     /* in a row: the node is degraded */
#define BEAT_GRACE_MS 20000 /* jitter of the worker, and a machine that is busy */

/**
 * worker_facts_check() - what a table cannot: that an address is one, a name a name, a key a key
 * @error:  DOC_ERROR_SIZE bytes; NULL: not told
 *
 * Return: 0; -EBADMSG with a sentence; -ENOMEM.
 */
int worker_facts_check(const struct worker_facts *facts, char *error);

/* The worst of its checks, the first of several; NULL: it says nothing of its health. */
const struct worker_check *worker_facts_worst(const struct worker_facts *facts);
