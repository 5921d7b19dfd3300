/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Machines that boot now
 *
 * An entry lives as long as its MAC leases an address, so that there are never
 * more of them than addresses to lease; a plan is kept only where one was told.
 */
#include "netboot/boots.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "dhcp/lease.h"
#include "lib/base/cleanup.h"
#include "lib/base/map.h"
#include "lib/base/text.h"

struct boot {
        struct mac_address mac;
        struct ip_address addresses[BOOTS_ADDRESSES]; /* of IPv4, of IPv6; at least one is set */
        uint64_t loader_ms;                           /* 0: none was delivered */
        enum boots_plan_state state;
        struct plan_request request;
        uint64_t number;  /* PLAN_ASKED: of the question that is under way */
        bool is_outdated; /* its answer does not count: a new boot began */
        struct boot_plan
                *plan; /* PLAN_READY; its boot number is good for the timeline afterwards */
        uint64_t plan_ms;
        bool is_told; /* of a script with this action, then */
        enum boot_action told;
        uint64_t told_ms;
};

struct boots {
        pthread_mutex_t mutex;
        struct map *by_mac, *by_address; /* the same boots */
        uint64_t questions;              /* numbers given so far: no two boots share one */
};

struct boots *boots_new(void)
{
        struct boots *boots = calloc(1, sizeof(*boots));

        if (!boots)
                return NULL;
        pthread_mutex_init(&boots->mutex, NULL);
        boots->by_mac = map_new(DHCP_MAX_LEASES);
        boots->by_address = map_new((size_t)2 * DHCP_MAX_LEASES);
        if (!boots->by_mac || !boots->by_address)
                return boots_free(boots);
        return boots;
}

static void boot_free(struct boot *boot)
{
        free(boot->plan);
        free(boot);
}

struct boots *boots_free(struct boots *boots)
{
        size_t at = 0;
        void *boot;

        if (!boots)
                return NULL;
        while (boots->by_mac && map_next(boots->by_mac, &at, &boot))
                boot_free(boot);
        map_free(boots->by_mac);
        map_free(boots->by_address);
        pthread_mutex_destroy(&boots->mutex);
        free(boots);
        return NULL;
}

static void lock_release(pthread_mutex_t **mutex)
{
        pthread_mutex_unlock(*mutex);
}

/* Held until the end of the scope. */
#define LOCKED(boots)                                                                              \
        __attribute__((cleanup(lock_release))) pthread_mutex_t *held = &(boots)->mutex;            \
        pthread_mutex_lock(held)

static struct boot *find(const struct boots *boots, const struct mac_address *mac)
{
        return map_find(boots->by_mac, mac->bytes, sizeof(mac->bytes));
}

/* Of its two places, the one for an address of this kind. */
static struct ip_address *place_of(struct boot *boot, struct ip_address address)
{
        return &boot->addresses[ip_is_4(address) ? 0 : 1];
}

static bool has_address(struct boot *boot, struct ip_address address)
{
        return ip_is_set(address) && ip_is_equal(*place_of(boot, address), address);
}

static void forget(struct boots *boots, struct boot *boot)
{
        map_remove(boots->by_mac, boot->mac.bytes, sizeof(boot->mac.bytes));
        for (size_t i = 0; i < ARRAY_SIZE(boot->addresses); i++)
                if (ip_is_set(boot->addresses[i]))
                        map_remove(boots->by_address, &boot->addresses[i],
                                   sizeof(boot->addresses[i]));
        boot_free(boot);
}

/* It has this address no more. What was planned for it there does not count any more; without any
 * address it is forgotten. True: it is. */
static bool take_away(struct boots *boots, struct boot *boot, struct ip_address address)
{
        const bool is_only = !ip_is_set(boot->addresses[ip_is_4(address) ? 1 : 0]);

        if (is_only) {
                forget(boots, boot);
                return true;
        }
        map_remove(boots->by_address, &address, sizeof(address));
        *place_of(boot, address) = (struct ip_address){0};
        if (ip_is_equal(boot->request.address, address)) {
                boot->state = PLAN_NONE;
                boot->request = (struct plan_request){0};
                boot->loader_ms = 0;
                boot->is_told = false;
        }
        return false;
}

static struct boot *boot_new(struct boots *boots, const struct mac_address *mac)
{
        struct boot *boot = calloc(1, sizeof(*boot));

        if (!boot)
                return NULL;
        boot->mac = *mac;
        if (map_set(boots->by_mac, mac->bytes, sizeof(mac->bytes), boot) < 0) {
                boot_free(boot);
                return NULL;
        }
        return boot;
}

int boots_lease(struct boots *boots, const struct mac_address *mac, struct ip_address address)
{
        LOCKED(boots);
        struct boot *boot = find(boots, mac), *other;
        struct ip_address *place;
        int rc;

        if (boot && has_address(boot, address))
                return 0;
        other = map_find(boots->by_address, &address, sizeof(address));
        if (other)
                (void)take_away(boots, other, address);
        if (boot && ip_is_set(*place_of(boot, address)) &&
            take_away(boots, boot, *place_of(boot, address)))
                boot = NULL;
        if (!boot)
                boot = boot_new(boots, mac);
        if (!boot)
                return -ENOMEM;
        place = place_of(boot, address);
        *place = address;
        rc = map_set(boots->by_address, place, sizeof(*place), boot);
        if (rc == 0)
                return 0;
        *place = (struct ip_address){0};
        if (!ip_is_set(boot->addresses[0]) && !ip_is_set(boot->addresses[1]))
                forget(boots, boot);
        return rc;
}

void boots_unlease(struct boots *boots, const struct mac_address *mac, struct ip_address address)
{
        LOCKED(boots);
        struct boot *boot = find(boots, mac);

        if (boot && has_address(boot, address))
                (void)take_away(boots, boot, address);
}

bool boots_is_leased(struct boots *boots, const struct mac_address *mac, struct ip_address address)
{
        LOCKED(boots);
        struct boot *boot = find(boots, mac);

        return boot && has_address(boot, address);
}

size_t boots_addresses(struct boots *boots, const struct mac_address *mac,
                       struct ip_address ret[static BOOTS_ADDRESSES])
{
        LOCKED(boots);
        const struct boot *boot = find(boots, mac);
        size_t count = 0;

        for (size_t i = 0; boot && i < ARRAY_SIZE(boot->addresses); i++)
                if (ip_is_set(boot->addresses[i]))
                        ret[count++] = boot->addresses[i];
        return count;
}

bool boots_mac_of(struct boots *boots, struct ip_address address, struct mac_address *ret)
{
        LOCKED(boots);
        const struct boot *boot = map_find(boots->by_address, &address, sizeof(address));

        if (!boot)
                return false;
        *ret = boot->mac;
        return true;
}

struct ip_address boots_share_of(struct boots *boots, struct ip_address address)
{
        struct mac_address mac;

        return boots_mac_of(boots, address, &mac) ? address : ip_share(address);
}

void boots_loader_delivered(struct boots *boots, struct ip_address address, uint64_t now_ms)
{
        LOCKED(boots);
        struct boot *boot =
                map_find(boots->by_address, address.six.bytes, sizeof(address.six.bytes));

        if (boot)
                boot->loader_ms = now_ms;
}

bool boots_has_our_loader(struct boots *boots, const struct mac_address *mac, uint64_t now_ms)
{
        LOCKED(boots);
        const struct boot *boot = find(boots, mac);

        return boot && boot->loader_ms && now_ms - boot->loader_ms < BOOTS_LOADER_MS;
}

/* From now on only the answer to this question counts. With the mutex held. */
static void ask(struct boots *boots, struct boot *boot, struct boots_question *ret)
{
        boot->state = PLAN_ASKED;
        boot->is_outdated = false;
        boot->number = ++boots->questions;
        *ret = (struct boots_question){boot->request, boot->number};
}

bool boots_plan_want(struct boots *boots, const struct plan_request *request,
                     struct boots_question *ret)
{
        LOCKED(boots);
        struct boot *boot = find(boots, &request->mac);

        if (!boot || !has_address(boot, request->address))
                return false;
        boot->request = *request;
        boot->is_told = false;
        if (boot->state == PLAN_ASKED) {
                /* One question a machine at a time, however often it says that it boots. */
                boot->is_outdated = true;
                return false;
        }
        ask(boots, boot, ret);
        return true;
}

bool boots_plan_again(struct boots *boots, const struct mac_address *mac, struct ip_address address,
                      bool is_ipxe, struct boots_question *ret)
{
        LOCKED(boots);
        struct boot *boot = find(boots, mac);

        if (!boot || !has_address(boot, address) || boot->state == PLAN_ASKED)
                return false;
        /* After a restart of ours nothing is known but the lease. */
        boot->request.address = address;
        if (!mac_is_equal(&boot->request.mac, mac))
                boot->request =
                        (struct plan_request){.mac = *mac, .address = address, .is_ipxe = is_ipxe};
        ask(boots, boot, ret);
        return true;
}

enum boots_answer boots_plan_set(struct boots *boots, const struct boots_question *question,
                                 const struct boot_plan *plan, uint64_t now_ms,
                                 struct boots_question *ret_next)
{
        LOCKED(boots);
        struct boot *boot = find(boots, &question->request.mac);

        if (!boot || boot->state != PLAN_ASKED || boot->number != question->number)
                return ANSWER_DROPPED;
        if (plan && boot->is_outdated) {
                ask(boots, boot, ret_next);
                return ANSWER_OUTDATED;
        }
        boot->state = PLAN_NONE;
        if (!plan)
                return ANSWER_TAKEN; /* the next script asks */
        if (!boot->plan)
                boot->plan = malloc(sizeof(*boot->plan));
        if (!boot->plan)
                return ANSWER_TAKEN;
        *boot->plan = *plan;
        boot->plan_ms = now_ms;
        boot->state = PLAN_READY;
        return ANSWER_TAKEN;
}

enum boots_plan_state boots_plan_get(struct boots *boots, const struct mac_address *mac,
                                     uint64_t now_ms, struct boot_plan *ret)
{
        LOCKED(boots);
        struct boot *boot = find(boots, mac);

        if (!boot || boot->state == PLAN_NONE)
                return PLAN_NONE;
        if (boot->state == PLAN_ASKED)
                return PLAN_ASKED;
        if (now_ms - boot->plan_ms >= BOOTS_PLAN_MS) {
                boot->state = PLAN_NONE;
                return PLAN_NONE;
        }
        *ret = *boot->plan;
        /* The controller did not know yet; the next script is another question. */
        if (boot->plan->action == BOOT_ASK_AGAIN)
                boot->state = PLAN_NONE;
        return PLAN_READY;
}

bool boots_is_news(struct boots *boots, const struct mac_address *mac, enum boot_action action,
                   uint64_t now_ms)
{
        LOCKED(boots);
        struct boot *boot = find(boots, mac);

        if (!boot || boot_action_runs_agent(action))
                return true;
        if (boot->is_told && boot->told == action && now_ms - boot->told_ms < BOOTS_TOLD_MS)
                return false;
        boot->is_told = true;
        boot->told = action;
        boot->told_ms = now_ms;
        return true;
}

const char *boots_number(struct boots *boots, const struct mac_address *mac,
                         char to[static BOOT_TEXT_SIZE])
{
        LOCKED(boots);
        const struct boot *boot = find(boots, mac);

        to[0] = '\0';
        if (boot && boot->state == PLAN_READY)
                (void)text_copy(to, BOOT_TEXT_SIZE, boot->plan->boot);
        return to;
}
