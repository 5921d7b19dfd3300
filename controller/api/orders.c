/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Orders, and the agents that wait for them
 *
 * An order may cost a disk, so it is told only when what it stands on is on the
 * controller's own: an order that a crash could take back was none. Who asks in
 * between waits for the disk like anybody else.
 */
#include <errno.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/claims.h"
#include "controller/logic/progress.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

uint64_t orders_next_change(void *context)
{
        struct api *api = context;

        api->orders_change = store_last(api->store) + 1; /* the logic thread alone submits */
        return api->orders_change;
}

bool orders_are_settled(struct api *api, const struct claim *claim)
{
        return !claim->node || store_is_done(api->store, claim->node->orders_change);
}

/* Answers an agent that waits; its claim no longer knows it. */
static void stop_waiting(struct call *call)
{
        list_remove(&call->link);
        call->api->waiting_count--;
        call->claim->waiter = NULL;
        call->claim = NULL;
}

/* That it was told is no news for the agent: nobody waits for the disk. False: it must not be. */
static bool note_told(struct api *api, struct node *node, uint64_t now_ms)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        bool may_be_told;
        int rc = 0;

        if (!change)
                return true; /* it is told again, or the plan says so */
        may_be_told = operation_polled(api->logic, node, now_ms, change);
        if (store_change_count(change) > 0)
                rc = store_submit(api->store, TAKE_PTR(change), NULL, NULL);
        if (rc < 0)
                api_break(api, rc);
        return may_be_told;
}

static void send_orders(struct call *call, struct claim *claim, struct agent_orders *orders)
{
        const uint64_t now_ms = clock_wall_ms();

        claim_polled(claim, now_ms);
        if (orders->order == ORDER_INSTALL && !note_told(call->api, claim->node, now_ms))
                claim_orders(call->api->logic, claim, orders);
        reply_table(call, &agent_orders_table, orders);
        call_send(call);
}

/* They are above what it knows, or it is late: its work is done, and it should restart. */
static bool are_news(const struct agent_orders *orders, uint64_t generation)
{
        return orders->generation > generation || orders->order == ORDER_REBOOT;
}

static void answer_waiter(struct api *api, struct claim *claim)
{
        struct call *call = claim->waiter;
        struct agent_orders orders;

        claim_orders(api->logic, claim, &orders);
        stop_waiting(call);
        send_orders(call, claim, &orders);
}

void orders_wake(void *context, struct claim *claim, bool is_stale)
{
        struct api *api = context;
        struct call *call = claim->waiter;

        if (!is_stale) {
                call->is_woken = api->has_woken = true;
                return;
        }
        /* It stops asking for good when it hears this, so that must not be taken back. */
        stop_waiting(call);
        call->change = orders_next_change(api);
        list_append(&api->stale, &call->link);
}

/* True: it goes on waiting for the disk. */
static bool settle(struct api *api, struct call *call)
{
        struct claim *claim = call->claim;
        struct agent_orders orders;

        if (!call->is_woken)
                return false;
        if (!orders_are_settled(api, claim))
                return true;
        call->is_woken = false;
        claim_orders(api->logic, claim, &orders);
        if (are_news(&orders, call->generation))
                answer_waiter(api, claim);
        return false;
}

static void settle_stale(struct api *api)
{
        LIST_FOR_EACH(&api->stale, at)
        {
                struct call *call = container_of(at, struct call, link);

                if (!store_is_done(api->store, call->change))
                        break; /* in the order of their changes */
                list_remove(&call->link);
                call_refuse(call, PROBLEM_TOKEN_STALE, NULL);
        }
}

void orders_settle(void *context)
{
        struct api *api = context;
        bool has_woken = false;

        settle_stale(api);
        if (!api->has_woken)
                return;
        LIST_FOR_EACH(&api->waiting, at)
        {
                has_woken |= settle(api, container_of(at, struct call, link));
        }
        api->has_woken = has_woken;
}

void orders_committed(void *context, int rc)
{
        struct api *api = context;

        /* Should the loop be full, the next tick looks. */
        if (rc == 0)
                (void)loop_post(api->loop, orders_settle, api);
}

void orders_tick(struct api *api, uint64_t now_monotonic_ms)
{
        orders_settle(api);
        LIST_FOR_EACH(&api->waiting, at)
        {
                struct call *call = container_of(at, struct call, link);

                /* In the order of their deadlines: all wait equally long. */
                if (call->deadline_ms > now_monotonic_ms)
                        break;
                if (orders_are_settled(api, call->claim))
                        answer_waiter(api, call->claim);
        }
}

void orders_end(struct api *api)
{
        LIST_FOR_EACH(&api->waiting, at)
        {
                struct call *call = container_of(at, struct call, link);

                stop_waiting(call);
                call_refuse(call, PROBLEM_STOPPING, NULL);
        }
        LIST_FOR_EACH(&api->stale, at)
        {
                struct call *call = container_of(at, struct call, link);

                list_remove(&call->link);
                call_refuse(call, PROBLEM_STOPPING, NULL);
        }
}

static void wait_for_orders(struct call *call, struct claim *claim, uint64_t generation)
{
        struct api *api = call->api;

        if (api->waiting_count >= WAITING_MAX) {
                call_refuse(call, PROBLEM_BUSY, "More agents wait than the controller may hold.");
                return;
        }
        claim_polled(claim, clock_wall_ms());
        claim->waiter = call;
        call->claim = claim;
        call->generation = generation;
        call->deadline_ms = clock_monotonic_ms() + ORDERS_WAIT_MS - TICK_MS;
        list_append(&api->waiting, &call->link);
        api->waiting_count++;
}

/* The agent asked again, so it gave that one up. */
static void give_up(struct claim *claim)
{
        struct call *call = claim->waiter;

        stop_waiting(call);
        call_refuse(call, PROBLEM_BUSY, "The agent asked for orders a second time.");
}

void handle_agent_orders(struct call *call)
{
        struct api *api = call->api;
        const char *text = serve_query(call->request, "generation");
        struct claim *claim = call_claim(call);
        struct agent_orders orders;
        uint64_t generation = 0;
        bool is_settled;

        if (!claim)
                return;
        if (text && text_parse_u64(text, INT64_MAX, &generation) < 0) {
                call_refuse(call, PROBLEM_QUERY, "orders: 'generation' must be a number");
                return;
        }
        if (claim->waiter)
                give_up(claim);
        claim_orders(api->logic, claim, &orders);
        is_settled = orders_are_settled(api, claim);
        if (is_settled && are_news(&orders, generation)) {
                send_orders(call, claim, &orders);
                return;
        }
        if (!is_settled)
                call->is_woken = api->has_woken = true;
        wait_for_orders(call, claim, generation);
}
