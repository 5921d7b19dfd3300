/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What netbootds call: /edge/v1. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/boots.h"
#include "controller/logic/edges.h"
#include "controller/logic/events.h"
#include "controller/logic/nodes.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

/* Makes a fresh token and puts its hash aside; the file holds the token and a newline. */
static int join_token_write(const char *path, struct sha256 *ret)
{
        char token[TOKEN_TEXT_SIZE + 1];
        struct sha256 hash;
        int rc;

        rc = token_new(token);
        if (rc == 0)
                rc = token_hash(token, &hash);
        if (rc == 0) {
                token[TOKEN_TEXT_SIZE - 1] = '\n';
                rc = file_replace(path, token, TOKEN_TEXT_SIZE, 0600);
        }
        secret_erase(token, sizeof(token));
        if (rc == 0)
                *ret = hash;
        return rc;
}

int join_token_load(struct api *api)
{
        _free_ char *token = NULL;
        size_t size = 0;
        int rc;

        rc = file_read(AT_FDCWD, api->join_token_file, TOKEN_TEXT_SIZE, &token, &size);
        if (rc == -ENOENT)
                return join_token_write(api->join_token_file, &api->join_hash);
        if (rc < 0)
                return rc == -EFBIG ? -EBADMSG : rc;
        token[strcspn(token, "\n")] = '\0';
        /* An emptied file must not make "" the token. */
        rc = strlen(token) == TOKEN_TEXT_SIZE - 1 ? token_hash(token, &api->join_hash) : -EBADMSG;
        secret_erase(token, size);
        return rc;
}

enum problem prepare_join(struct call *call, char *detail)
{
        return prepare_table(call, &edge_join_table, detail);
}

/* Logic thread again: the next token is on disk, so the old one opens nothing any more. */
static void join_end(void *context)
{
        struct call *call = context;
        const struct edge_join *join = call->data;
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct edge_joined answer = {0};
        int rc = -ENOMEM;

        call->api->is_joining = false;
        if (change)
                rc = edge_join(call->api->logic, join->name, clock_wall_ms(), change,
                               answer.credential);
        if (rc < 0)
                reply_problem(call, rc == -ENOSPC ? PROBLEM_FULL : PROBLEM_NO_MEMORY, NULL);
        else
                reply_table(call, &edge_joined_table, &answer);
        secret_erase(&answer, sizeof(answer));
        call_commit(call, TAKE_PTR(change));
}

static void join_failed(void *context)
{
        struct call *call = context;

        call->api->is_joining = false;
        call_refuse(call, PROBLEM_STORE, "The next join token could not be written.");
}

/* Reader's thread: the disk may be slow. */
static void join_replace_token(struct store_reader *reader, void *context)
{
        struct call *call = context;
        struct sha256 hash;
        int rc;

        (void)reader;
        rc = join_token_write(call->api->join_token_file, &hash);
        if (rc < 0)
                log_error("join-token.failed", "file=%s reason=%s", call->api->join_token_file,
                          QUOTE(strerror(-rc)));
        else
                call->api->join_hash = hash; /* is_joining keeps the logic thread away from it */
        /* Never refused by a full loop: then nobody could join any more. */
        while (loop_post(call->api->loop, rc < 0 ? join_failed : join_end, call) < 0)
                sched_yield();
}

void handle_edge_join(struct call *call)
{
        const struct edge_join *join = call->data;
        struct api *api = call->api;
        struct sha256 hash;

        if (api->is_joining) {
                call_refuse(call, PROBLEM_BUSY, "Another netbootd is joining at this moment.");
                return;
        }
        if (token_hash(join->token, &hash) < 0 ||
            !secret_is_equal(hash.bytes, api->join_hash.bytes, sizeof(hash.bytes))) {
                if (call_may_log(call))
                        log_warning("edge.refused", "peer=%s edge=%s reason=\"wrong join token\"",
                                    serve_peer(call->request), QUOTE(join->name));
                call_refuse(call, PROBLEM_JOIN_WRONG, NULL);
                return;
        }
        if (store_read(api->store, join_replace_token, call) < 0) {
                call_refuse(call, PROBLEM_BUSY, NULL);
                return;
        }
        api->is_joining = true;
}

void handle_edge_config(struct call *call)
{
        const char *known = serve_header(call->request, "If-None-Match");

        if (edge_config_make(call->api) < 0) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        if (known && strcmp(known, call->api->config_etag) == 0)
                reply_empty(call, 304);
        else
                reply_text(call, 200, strdup(call->api->config));
        memcpy(call->reply.etag, call->api->config_etag, sizeof(call->reply.etag));
        call_send(call);
}

enum problem prepare_plan(struct call *call, char *detail)
{
        const enum problem problem = prepare_table(call, &plan_request_table, detail);
        const struct plan_request *request = call->data;

        if (problem != PROBLEM_NONE || mac_is_usable(&request->mac))
                return problem;
        snprintf(detail, DOC_ERROR_SIZE, "plan request: no card has this 'mac'");
        return PROBLEM_BODY;
}

/* A number is told only once it is on disk; a repeat does not wait for the disk again. */
static void send_plan(struct call *call, struct boot *boot, struct store_change *take)
{
        CLEANUP(store_change_free) struct store_change *change = take;
        struct store *store = call->api->store;

        if (!boot || (store_change_count(change) == 0 && store_is_done(store, boot->change))) {
                call_send(call);
                return;
        }
        if (store_change_count(change) > 0)
                boot->change = store_last(store) + 1; /* this thread alone submits */
        call_commit(call, TAKE_PTR(change));
}

void handle_edge_plan(struct call *call)
{
        const struct plan_request *request = call->data;
        struct logic *logic = call->api->logic;
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct boot *boot = NULL;
        struct boot_plan plan;
        int rc = change ? 0 : -ENOMEM;

        node_plan(logic, node_find_mac(logic, &request->mac), &plan);
        if (rc == 0 && boot_action_runs_agent(plan.action))
                rc = boot_give(logic, &request->mac, request->address, clock_wall_ms(), change,
                               &boot);
        if (rc < 0) {
                call_refuse(call, rc == -ENOSPC ? PROBLEM_FULL : PROBLEM_NO_MEMORY, NULL);
                return;
        }
        if (boot)
                memcpy(plan.boot, boot->row.number, sizeof(plan.boot));
        reply_table(call, &boot_plan_table, &plan);
        send_plan(call, boot, TAKE_PTR(change));
}

enum problem prepare_events(struct call *call, char *detail)
{
        struct event_list *list = calloc(1, sizeof(*list));
        _doc_ struct doc *object = NULL;
        const char *body;
        size_t size;

        call->data = list;
        if (!list)
                return PROBLEM_NO_MEMORY;
        body = serve_body(call->request, &size);
        if (doc_parse(body, size, &doc_limits_message, detail, &object) < 0 ||
            node_events_decode(object, detail, list->events, &list->count) < 0)
                return PROBLEM_BODY;
        return PROBLEM_NONE;
}

static void reply_acknowledged(struct call *call, uint64_t seq)
{
        struct doc *answer = doc_object();

        doc_set_number(answer, "acknowledged", (int64_t)seq);
        reply_doc(call, 200, answer);
}

void handle_edge_events(struct call *call)
{
        const struct event_list *list = call->data;
        struct logic *logic = call->api->logic;
        struct edge *edge = edge_find(logic, call->who.id);
        struct store_change *change = store_change_new();

        if (!change) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        reply_acknowledged(call, events_of_edge(logic, edge, list->events, list->count,
                                                clock_wall_ms(), change));
        call_commit(call, change);
}

void handle_edge_asset(struct call *call)
{
        static const struct {
                const char *suffix, *type;
        } types[] = {
                {".json",    "application/json"        },
                {".minisig", "text/plain"              },
                {"",         "application/octet-stream"},
        };
        char etag[ASSET_ETAG_SIZE];
        size_t i = 0;
        int fd, rc;

        rc = assets_file(call->api->assets, call->match.name, &fd, etag);
        if (rc < 0) {
                if (rc != -ENOENT)
                        log_error("asset.failed", "name=%s reason=%s", QUOTE(call->match.name),
                                  QUOTE(strerror(-rc)));
                call_refuse(call, rc == -ENOENT ? PROBLEM_ASSET_UNKNOWN : PROBLEM_ASSET_CHANGED,
                            NULL);
                return;
        }
        while (!text_has_suffix(call->match.name, types[i].suffix))
                i++;
        serve_answer_file(call->request, fd, types[i].type, etag, NULL, NULL);
        call_end(call);
}
