/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Boots: what is known of each machine that boots now. Who leases which address,
 * which loader it was given, what it is to boot.
 *
 * The one thing that the threads of netbootd share about machines; every call
 * takes a mutex for a few instructions and never waits.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/ip.h"
#include "lib/node/plan.h"

/* How long after our loader went out whole what speaks iPXE is ours. It starts within seconds; a
 * machine that was reset in between would at worst run the script with its card's iPXE. */
#define BOOTS_LOADER_MS 120000

/* A plan is served this long without being asked for anew: well below the 10 minutes after which
 * its boot number can no longer be claimed. */
#define BOOTS_PLAN_MS 300000

struct boots;

struct boots *boots_new(void); /* NULL without memory */
struct boots *boots_free(struct boots *boots);

/* The lease of this address is on disk; who had it before has it no more. A MAC leases one address
 * of each kind: of IPv4, and of IPv6. 0, -ENOSPC, -ENOMEM. */
int boots_lease(struct boots *boots, const struct mac_address *mac, struct ip_address address);
/* It gave it back. */
void boots_unlease(struct boots *boots, const struct mac_address *mac, struct ip_address address);

bool boots_is_leased(struct boots *boots, const struct mac_address *mac, struct ip_address address);
/* What this MAC leases: of IPv4, of IPv6; how many. */
#define BOOTS_ADDRESSES 2
size_t boots_addresses(struct boots *boots, const struct mac_address *mac,
                       struct ip_address ret[static BOOTS_ADDRESSES]);
/* Who leases this address. For the timeline alone: an address proves nothing. */
bool boots_mac_of(struct boots *boots, struct ip_address address, struct mac_address *ret);
/* Whose limits count for this address: a host of IPv6 may take any address of its network, so those
 * share one (ip_share()); a machine that leases its address is who it is, and has its own. */
struct ip_address boots_share_of(struct boots *boots, struct ip_address address);

/* Our loader was delivered, whole, to this address. */
void boots_loader_delivered(struct boots *boots, struct ip_address address, uint64_t now_ms);
bool boots_has_our_loader(struct boots *boots, const struct mac_address *mac, uint64_t now_ms);

/* What to ask the controller, and the number by which its answer is known again. */
struct boots_question {
        struct plan_request request;
        uint64_t number;
};

/**
 * boots_plan_want() - a new boot begins: what was planned before does not count
 * @request:  what to ask with; kept for boots_plan_again()
 *
 * Nor does an answer that is under way: the controller may have given it before this boot began,
 * and an install must not be told to the boot after it. It is thrown away when it comes, and the
 * question asked anew.
 *
 * Return: true if the caller must now ask @ret; false if a question is under way already, or the
 * address is not leased to this MAC.
 */
bool boots_plan_want(struct boots *boots, const struct plan_request *request,
                     struct boots_question *ret);

/* A script is asked for from this address, and there is no plan: true if the caller must ask, with
 * @ret. @is_ipxe: by an iPXE, as its script is; used where nothing but the lease is known. */
bool boots_plan_again(struct boots *boots, const struct mac_address *mac, struct ip_address address,
                      bool is_ipxe, struct boots_question *ret);

enum boots_answer {
        ANSWER_TAKEN,
        ANSWER_DROPPED,  /* nobody waits for it any more: the lease went to another */
        ANSWER_OUTDATED, /* a new boot began since it was asked: ask @ret_next */
};

/* The answer to a question; @plan NULL: there is none. */
enum boots_answer boots_plan_set(struct boots *boots, const struct boots_question *question,
                                 const struct boot_plan *plan, uint64_t now_ms,
                                 struct boots_question *ret_next);

enum boots_plan_state {
        PLAN_NONE,
        PLAN_ASKED, /* under way */
        PLAN_READY,
};
enum boots_plan_state boots_plan_get(struct boots *boots, const struct mac_address *mac,
                                     uint64_t now_ms, struct boot_plan *ret);

/* A machine that waits asks every 5 s: of equal answers one is told of in so long, or else a rack
 * that waits for its controller would drive all else out of the events that wait with it. */
#define BOOTS_TOLD_MS 30000

/* It got a script that does this: is that news for the timeline? What runs the agent always is, as
 * who asks for that twice has failed once. */
bool boots_is_news(struct boots *boots, const struct mac_address *mac, enum boot_action action,
                   uint64_t now_ms);

/* Its boot number, or "". Returns @to. */
const char *boots_number(struct boots *boots, const struct mac_address *mac,
                         char to[static BOOT_TEXT_SIZE]);
