/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the server's threads to the logic thread
 *
 * What can be refused without knowing anything is refused here: unknown paths,
 * wrong methods, strangers, bodies that are not what they should be. So the
 * logic thread sees only what is well-formed and from somebody.
 */
#include "controller/api/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/api/networks.h"
#include "controller/logic/edges.h"
#include "controller/logic/operations.h"
#include "controller/logic/rules.h"
#include "controller/logic/settings.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

#define EXPIRE_TICKS 10 /* seconds between looks at what is too old */

static const struct {
        enum auth_kind kind;
        enum auth_role role;
        enum problem stranger;
} needs[ROUTE_NEED_COUNT] = {
        [NEED_NOTHING] = {AUTH_USER,  ROLE_NOBODY,   PROBLEM_NONE         },
        [NEED_EDGE] = {AUTH_EDGE,  ROLE_NOBODY,   PROBLEM_TOKEN_UNKNOWN},
        [NEED_AGENT] = {AUTH_AGENT, ROLE_NOBODY,   PROBLEM_TOKEN_STALE  },
        [NEED_VIEWER] = {AUTH_USER,  ROLE_VIEWER,   PROBLEM_TOKEN_UNKNOWN},
        [NEED_OPERATOR] = {AUTH_USER,  ROLE_OPERATOR, PROBLEM_TOKEN_UNKNOWN},
        [NEED_ADMIN] = {AUTH_USER,  ROLE_ADMIN,    PROBLEM_TOKEN_UNKNOWN},
};

/* PROBLEM_NONE: may pass. */
static enum problem authenticate(struct api *api, struct serve_request *request,
                                 enum route_need need, struct identity *ret)
{
        const char *token;

        if (need == NEED_NOTHING)
                return PROBLEM_NONE;
        token = serve_bearer(request);
        if (!token)
                return PROBLEM_TOKEN_MISSING;
        if (!auth_book_find(api->book, token, clock_wall_ms(), ret) ||
            ret->kind != needs[need].kind)
                return needs[need].stranger;
        return ret->role < needs[need].role ? PROBLEM_ROLE : PROBLEM_NONE;
}

static bool is_within_rate(struct call *call)
{
        const unsigned flags = call->match.route->flags;
        const char *peer = serve_peer(call->request);
        const uint64_t now_ms = clock_monotonic_ms();

        if ((flags & ROUTE_GUESSES) && !auth_rate_take(call->api->guesses, peer, now_ms))
                return false;
        return !(flags & ROUTE_COSTS) || auth_rate_take(call->api->claims, peer, now_ms);
}

static enum problem admit(struct call *call)
{
        const char *path = serve_path(call->request);
        enum problem problem;

        if (!is_within_rate(call))
                problem = PROBLEM_TOO_MANY;
        else
                problem =
                        authenticate(call->api, call->request, call->match.route->need, &call->who);
        if (problem != PROBLEM_NONE && call_may_log(call))
                log_info("request.refused", "peer=%s path=%s code=%s", serve_peer(call->request),
                         QUOTE(path), problem_rows[problem].code);
        return problem;
}

static void run_on_logic(void *context)
{
        struct call *call = context;
        struct api *api = call->api;
        const struct route *route = call->match.route;
        struct edge *edge;

        if (atomic_load(&api->is_stopping)) {
                call_refuse(call, PROBLEM_STOPPING, NULL);
                return;
        }
        if ((route->flags & ROUTE_WRITES) && !store_has_room(api->store)) {
                call_refuse(call, PROBLEM_BUSY, NULL);
                return;
        }
        if (route->need == NEED_EDGE) {
                edge = edge_find(api->logic, call->who.id);
                if (!edge) {
                        call_refuse(call, PROBLEM_TOKEN_UNKNOWN, NULL);
                        return;
                }
                edge->heard_ms = clock_wall_ms();
        }
        if (once_begin(call))
                route->handle(call);
}

/* True: it is answered. */
static bool refuse_unrouted(struct call *call)
{
        const int rc = route_find(routes, route_count, serve_method(call->request),
                                  serve_path(call->request), &call->match);

        if (rc == 0)
                return false;
        if (rc == -EPERM)
                route_allow(routes, route_count, serve_path(call->request), call->reply.allow);
        call_refuse(call, rc == -EPERM ? PROBLEM_METHOD : PROBLEM_NO_PATH, NULL);
        return true;
}

void api_handle(void *context, struct serve_request *request)
{
        struct api *api = context;
        struct call *call = calloc(1, sizeof(*call));
        char detail[DOC_ERROR_SIZE] = "";
        const struct route *route;
        enum problem problem;

        if (!call) {
                serve_answer(request, 503, NULL, NULL, 0, NULL);
                return;
        }
        call->api = api;
        call->request = request;
        /* Counted before the look at is_stopping: api_stop() waits for those that looked too
         * early. */
        atomic_fetch_add(&api->live, 1);
        if (atomic_load(&api->is_stopping)) {
                call_refuse(call, PROBLEM_STOPPING, NULL);
                return;
        }
        if (refuse_unrouted(call))
                return;
        route = call->match.route;
        problem = admit(call);
        if (problem == PROBLEM_NONE)
                problem = call_check(call, detail);
        if (problem == PROBLEM_NONE)
                problem = once_prepare(call, detail);
        if (problem == PROBLEM_NONE && route->prepare)
                problem = route->prepare(call, detail);
        if (problem != PROBLEM_NONE) {
                call_refuse(call, problem, detail[0] ? detail : NULL);
                return;
        }
        if (route->flags & ROUTE_IN_PLACE)
                route->handle(call);
        else
                call_post(call, run_on_logic);
}

/* Whoever will be refused has nothing of his kept in memory, and reads why he is refused. */
size_t api_body_limit(void *context, struct serve_request *request)
{
        struct route_match match;
        struct identity who;

        if (route_find(routes, route_count, serve_method(request), serve_path(request), &match) <
                    0 ||
            authenticate(context, request, match.route->need, &who) != PROBLEM_NONE)
                return SERVE_BODY_IGNORED;
        return match.route->body_max;
}

/* Store thread: an event is on disk. */
static void event_committed(void *context, uint64_t id, const char *step, const char *body)
{
        struct api *api = context;

        /* First: nobody may have heard of a later event than there is. */
        atomic_store(&api->last_event, id);
        if (serve_ring_add(api->ring, id, step, body) < 0)
                log_warning("events.dropped", "id=%llu reason=\"no memory\"",
                            (unsigned long long)id);
}

/* Store thread: memory is ahead of the disk, so the daemon ends, and starts from what is there. */
static void store_broken(void *context, const char *why)
{
        struct api *api = context;

        log_error("store.failed", "reason=%s", QUOTE(why));
        atomic_store(&api->is_broken, true);
        loop_stop(api->loop);
}

static void expire(struct api *api)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();

        if (!change || !store_has_room(api->store))
                return;
        logic_tick(api->logic, clock_wall_ms(), change);
        if (store_change_count(change) > 0)
                (void)store_submit(api->store, TAKE_PTR(change), NULL, NULL);
}

static void watch_operations(struct api *api)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        int rc = 0;

        if (!change || !store_has_room(api->store))
                return;
        operations_watch(api->logic, &api->watch, clock_wall_ms(), clock_monotonic_ms(), change);
        rules_tick(api->logic, clock_wall_ms(), change);
        if (store_change_count(change) > 0)
                rc = store_submit(api->store, TAKE_PTR(change), orders_committed, api);
        if (rc < 0)
                api_break(api, rc);
}

static void tick(void *context)
{
        struct api *api = context;
        const uint64_t now_ms = clock_monotonic_ms();

        if (api->is_stop_asked) {
                if (atomic_load(&api->live) == 0)
                        loop_stop(api->loop);
                loop_timer_arm(api->tick, now_ms + 5);
                return;
        }
        watch_operations(api);
        images_note(api);
        rule_installs_tick(api);
        trait_fills_tick(api);
        orders_tick(api, now_ms);
        if (++api->ticks % EXPIRE_TICKS == 0) {
                expire(api);
                images_tick(api, now_ms);
        }
        loop_timer_arm(api->tick, now_ms + TICK_MS);
}

void api_stop(struct api *api)
{
        api->is_stop_asked = true;
        atomic_store(&api->is_stopping, true);
        orders_end(api);
        images_stop(api->images);
        loop_timer_arm(api->tick, 0);
}

bool api_is_sound(const struct api *api)
{
        return !atomic_load(&api->is_broken);
}

bool api_has_user(const struct api *api)
{
        return auth_book_count(api->book, AUTH_USER) > 0;
}

static int start(struct api *api, const struct api_options *options, char *error)
{
        const struct store_hooks store_hooks = {event_committed, store_broken, api};
        const struct logic_hooks logic_hooks = {orders_wake, orders_next_change, api};
        char what[STORE_ERROR_SIZE] = "";
        int rc;

        api->under_way = map_new(API_CONNECTIONS);
        api->book = auth_book_new();
        api->guesses = auth_rate_new(GUESSES_PER_MINUTE);
        api->claims = auth_rate_new(CLAIMS_PER_MINUTE);
        api->lines = auth_rate_new(LINES_PER_MINUTE);
        api->all_lines = auth_rate_new(ALL_LINES_PER_MINUTE);
        api->login_folder = strdup(options->login_folder);
        api->state = strdup(options->state);
        api->join_token_file = strdup(options->join_token_file);
        if (!api->under_way || !api->book || !api->guesses || !api->claims || !api->lines ||
            !api->all_lines || !api->login_folder || !api->join_token_file || !api->state)
                return -ENOMEM;
        rc = serve_ring_new(RING_EVENTS, &api->ring);
        if (rc == 0)
                rc = logic_new(api->book, &logic_hooks, options->kernel_arguments, &api->logic);
        if (rc < 0)
                return rc;
        api->logic->beat_s = options->beat_s;
        rc = settings_configure(api->logic, &options->limits, options->kernel_arguments);
        if (rc < 0)
                return rc;
        api->logic->vault = options->vault;

        rc = store_open(&options->store, &store_hooks, what, &api->store);
        if (rc == 0)
                rc = logic_load(api->logic, api->store, what);
        if (rc < 0) {
                snprintf(error, API_ERROR_SIZE, "%s", what);
                return rc;
        }
        atomic_store(&api->last_event, api->logic->last_event);
        operations_resume(api->logic, clock_wall_ms());
        rc = networks_make(api);
        if (rc == 0)
                rc = edge_config_make(api);
        if (rc == 0)
                rc = leases_index(api);
        if (rc < 0)
                return rc;
        rc = join_token_load(api);
        if (rc < 0) {
                snprintf(error, API_ERROR_SIZE, "%s: %s", options->join_token_file,
                         rc == -EBADMSG ? "this is no join token; remove the file, and a fresh one "
                                          "is made at the next start"
                                        : strerror(-rc));
                return rc;
        }
        rc = loop_add_timer(api->loop, tick, api, &api->tick);
        if (rc == 0)
                loop_timer_arm(api->tick, clock_monotonic_ms() + TICK_MS);
        return rc;
}

int api_new(const struct api_options *options, char *error, struct api **ret)
{
        CLEANUP(api_free) struct api *api = calloc(1, sizeof(*api));
        int rc;

        if (!api)
                return -ENOMEM;
        error[0] = '\0';
        api->loop = options->loop;
        api->assets = options->assets;
        api->images = options->images;
        api->edge_config = *options->edge_config;
        api->configured = options->edge_config->networks;
        api->configured_count = options->edge_config->network_count;
        api->started_ms = clock_monotonic_ms();
        pthread_mutex_init(&api->once_lock, NULL);
        list_init(&api->waiting);
        list_init(&api->stale);
        rc = start(api, options, error);
        if (rc < 0) {
                if (!error[0])
                        snprintf(error, API_ERROR_SIZE, "cannot start: %s", strerror(-rc));
                return rc;
        }
        *ret = TAKE_PTR(api);
        return 0;
}

struct api *api_free(struct api *api)
{
        if (!api)
                return NULL;
        loop_remove_timer(api->tick);
        store_close(api->store);
        logic_free(api->logic);
        auth_book_free(api->book);
        auth_rate_free(api->guesses);
        auth_rate_free(api->claims);
        auth_rate_free(api->lines);
        auth_rate_free(api->all_lines);
        serve_ring_free(api->ring);
        map_free(api->under_way);
        pthread_mutex_destroy(&api->once_lock);
        free(api->config);
        free(api->networks);
        free(api->reserved);
        free(api->login_folder);
        free(api->state);
        free(api->join_token_file);
        free(api);
        return NULL;
}
