/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Leases: what each edge said of its own. They are the edges' and stand in their
 * journals; here is a copy in memory, as old as the edge was heard last.
 */

#include "controller/logic/logic.h"
#include "lib/node/lease_report.h"

/* Of one edge: as many as a netbootd holds, of both families. */
#define LEASES_SEEN_MAX ((size_t)2 * 65536)

struct lease_seen {
        struct ip6_address key; /* its address: lease_address_parse() */
        uint64_t cycle;         /* in which it was told last */
        struct lease_row row;
};

struct lease_book {
        struct map *rows; /* struct lease_seen, by key */
        uint64_t cycle;   /* 0: none yet */
        uint64_t heard_ms;
        bool is_whole; /* all was told, and not only what changed */
        struct lease_pool pools[LEASE_POOLS_MAX];
        size_t pool_count;
};

struct lease_book *lease_book_free(struct lease_book *book); /* takes NULL; returns NULL */

/**
 * leases_told() - an edge says which addresses are whose
 * @ret_again:  it shall say all, from the start: the cycle is none that we know
 *
 * Return: 0, -ENOSPC above LEASES_SEEN_MAX, -ENOMEM: the rest is kept, and all wanted again.
 */
int leases_told(struct edge *edge, const struct lease_report *report, uint64_t now_ms,
                bool *ret_again);

/* Is it somebody's still? What ran out is told by nobody. */
bool lease_stands(const struct lease_seen *lease, uint64_t now_ms);
/* Of how many that is so; @book may be NULL. Walks them all. */
size_t leases_count(const struct lease_book *book, uint64_t now_ms);
