/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * POST /edge/v1/leases: which addresses a netbootd has given to whom.
 *
 * An edge tells what changed, a part at a time; a cycle is one telling of all,
 * and what came after it. Texts hold addresses of both families.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/ip6.h"
#include "lib/base/net.h"
#include "lib/doc/table.h"
#include "lib/node/wire.h"

#define LEASE_REPORT_MAX 256 /* leases in one: 60 kB */
/* Each network's plain pool, its classes, and its IPv6. */
#define LEASE_POOLS_MAX    ((size_t)CONFIG_MAX_NETWORKS * (CONFIG_MAX_POOLS + 2))
#define LEASE_REPORT_BYTES ((size_t)256 << 10) /* of one as JSON: no more */
#define LEASE_CLIENT_SIZE                                                                          \
        65 /* of a DUID in hexadecimal the first 32 bytes; those in use have 18                    \
            */

enum lease_word {
        LEASE_GONE,     /* nobody's any more */
        LEASE_BOUND,    /* somebody's, until it expires */
        LEASE_DECLINED, /* it rests: somebody else was seen to use it */
        LEASE_WORD_COUNT
};
extern const char *const lease_word_names[LEASE_WORD_COUNT + 1]; /* "gone", "bound", "declined" */

struct lease_row {
        char address[IP6_TEXT_SIZE];
        enum lease_word state;
        struct mac_address mac;         /* all zero: not known */
        char client[LEASE_CLIENT_SIZE]; /* DUID; "" where it is IPv4 */
        uint32_t iaid;
        uint32_t lease_s;    /* as it was granted */
        uint64_t expires_ms; /* the edge's wall clock */
        char name[NODE_NAME_SIZE];
};

struct lease_pool {
        char network[WIRE_NAME_SIZE];
        char first[IP6_TEXT_SIZE], last[IP6_TEXT_SIZE];
        uint32_t size, taken; /* addresses: all, and those offered, leased, or at rest */
};

struct lease_report {
        uint64_t cycle; /* rises with each telling of all */
        bool is_first;  /* of its cycle: what was told before is old */
        bool is_whole;  /* all was told: what is still old is gone */
        bool has_pools; /* the list of pools is the new one */
        struct lease_row rows[LEASE_REPORT_MAX];
        size_t row_count;
        struct lease_pool pools[LEASE_POOLS_MAX];
        size_t pool_count;
};

extern const struct doc_table lease_report_table; /* its addresses are texts here */
struct doc *lease_report_encode(const struct lease_report *report);
/* 0, -EBADMSG with a sentence; what is no address is refused. */
int lease_report_decode(const struct doc *object, char *error, struct lease_report *ret);

/* The answer. */
struct lease_answer {
        bool again; /* the controller does not know this cycle: begin a new one */
};
extern const struct doc_table lease_answer_table;

/* 16 bytes that sort as addresses do, of IPv4 as ::ffff:a.b.c.d. -EINVAL: it is none. */
int lease_address_parse(const char *text, struct ip6_address *ret);
