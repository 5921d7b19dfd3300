/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Conflict: is an address in use that we think free?
 *
 * When a machine is offered an address that nobody had, all on the wire are asked for it (RFC
 * 5227), and nobody waits: the OFFER goes out at once. Who answers before the machine takes it
 * turns the ACK into a NAK, and the address into quarantine. Behind a relay nobody can be asked.
 *
 * Only answers to what was asked count, so that nobody can say it of any address at any time.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dhcp/arp.h"
#include "dhcp/lease.h"
#include "lib/base/loop.h"
#include "netboot/interface.h"
#include "netboot/leases.h"

#define CONFLICT_MAX_ASKED 64   /* at a time; what is above is not asked for: a flood of offers */
#define CONFLICT_WAIT_MS   3000 /* an answer that comes later is not one to our question */

/* So many addresses in use by one card, one after the other, are not that: a router answers for all
 * there are (proxy ARP), and nobody would boot beside it. */
#define CONFLICT_MAX_OF_ONE 4
#define CONFLICT_FORGET_MS  DHCP_QUARANTINE_MS

/* All zero is a fresh one. */
struct conflicts {
        struct {
                struct ip4_address address;
                uint64_t asked_ms;
        } asked[CONFLICT_MAX_ASKED];
        size_t next;
        struct mac_address answerer; /* the last one that was believed */
        size_t answers;              /* its own, without another's between them */
        uint64_t answered_ms;
};

/* Notes that it is asked for; false: too many are. */
bool conflicts_ask(struct conflicts *conflicts, struct ip4_address address, uint64_t now_ms);
bool conflicts_was_asked(const struct conflicts *conflicts, struct ip4_address address,
                         uint64_t now_ms);

/* Is an answer of this card to be believed? Then note it. */
bool conflicts_believes(const struct conflicts *conflicts, const struct mac_address *seen,
                        uint64_t now_ms);
void conflicts_note(struct conflicts *conflicts, const struct mac_address *seen, uint64_t now_ms);

/* conflict_linux.c: the questions and answers of one interface. */
struct conflict_watch;

/* From now on answers go into the lease table, and into the log. 0, -ENOMEM, -errno. */
int conflict_watch_new(struct loop *loop, const struct netboot_interface *interface,
                       struct leases *leases, struct conflict_watch **ret);
struct conflict_watch *conflict_watch_free(struct conflict_watch *watch); /* takes NULL */

/* Asks for an address before it is offered. */
void conflict_watch_ask(struct conflict_watch *watch, struct ip4_address address);
/* Takes the answers that are there. */
void conflict_watch_drain(struct conflict_watch *watch);
