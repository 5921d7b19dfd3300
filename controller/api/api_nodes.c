/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes, for people: /api/v1/nodes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/api/explain.h"
#include "controller/logic/held.h"
#include "controller/logic/maintenance.h"
#include "controller/logic/nodes.h"
#include "controller/logic/queue.h"
#include "controller/logic/reservation.h"
#include "controller/logic/workers.h"
#include "lib/base/buffer.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/node/node_document.h"

#define TIMELINE_MAX 5000 /* the newest events: some 100 boots */

struct node *call_node(struct call *call)
{
        struct node *node = node_find(call->api->logic, call->match.name);
        char detail[NODE_NAME_SIZE + 32];

        if (node)
                return node;
        snprintf(detail, sizeof(detail), "There is no node '%s'.", call->match.name);
        call_refuse(call, PROBLEM_NODE_UNKNOWN, detail);
        return NULL;
}

void reply_etag(struct call *call, uint64_t version)
{
        snprintf(call->reply.etag, sizeof(call->reply.etag), "\"%llu\"",
                 (unsigned long long)version);
}

/* @text is an object: its last brace makes place for one member more. @value is JSON. */
static void reply_with_member(struct call *call, const char *text, size_t size, const char *name,
                              const char *value)
{
        _buffer_ struct buffer whole = {0};
        char *taken = NULL;

        buffer_add(&whole, text, size - 1);
        buffer_format(&whole, ",\"%s\":", name);
        buffer_text(&whole, value);
        buffer_text(&whole, "}");
        if (buffer_take(&whole, &taken) < 0)
                taken = NULL;
        reply_text(call, 200, taken);
}

void reply_node(struct call *call, struct node *node, const char *advice)
{
        const char *text = node_text(node);
        char quoted[EVENT_TEXT_SIZE];

        if (text && advice) {
                snprintf(quoted, sizeof(quoted), "\"%s\"", advice);
                reply_with_member(call, text, node->text_size, "advice", quoted);
        } else {
                reply_text(call, 200, text ? strdup(text) : NULL);
        }
        reply_etag(call, node->version);
}

/* Reader's thread: the node's text stands in the reply; the inventory is put into it. */
static void add_inventory(struct store_reader *reader, void *context)
{
        struct call *call = context;
        _free_ char *inventory = NULL, *text = NULL;
        int rc;

        rc = store_read_inventory(reader, call->match.name, &inventory);
        if (rc < 0 && rc != -ENOENT) {
                call_refuse(call, PROBLEM_STORE, "The inventory could not be read.");
                return;
        }
        if (rc == 0) {
                text = TAKE_PTR(call->reply.text);
                reply_with_member(call, text, call->reply.size, "inventory", inventory);
        }
        call_send(call);
}

void reply_add_member(struct call *call, const char *name, const char *value)
{
        _free_ char *text = NULL;

        if (!value || !call->reply.text || call->reply.status != 200)
                return;
        text = TAKE_PTR(call->reply.text);
        reply_with_member(call, text, call->reply.size, name, value);
}

static void add_worker(struct call *call, const struct node *node)
{
        _free_ char *worker = worker_text(call->api->logic, node);

        reply_add_member(call, "worker", worker);
}

/* Where it stands: that changes with others, so it is no part of the node's own text. */
static void add_queue(struct call *call, const struct node *node)
{
        char text[96];

        if (node->operation.state != OPERATION_WAITING)
                return;
        queue_forecast(call->api->logic, clock_wall_ms());
        snprintf(text, sizeof(text), "{\"place\":%llu,\"expected_ms\":%llu}",
                 (unsigned long long)node->place, (unsigned long long)node->expected_ms);
        reply_add_member(call, "queue", text);
}

void handle_node(struct call *call)
{
        struct node *node = call_node(call);

        if (!node)
                return;
        reply_node(call, node, NULL);
        add_worker(call, node);
        add_queue(call, node);
        if (text_is_equal(serve_query(call->request, "inventory"), "1") && call->reply.text &&
            call->reply.status == 200)
                call_read(call, add_inventory);
        else
                call_send(call);
}

struct timeline {
        struct mac_address macs[NODE_MAX_MACS];
        size_t mac_count;
        char boot[BOOT_TEXT_SIZE];
        bool is_page; /* those behind @after, and not the newest */
        uint64_t after, limit;
        uint64_t count, last; /* of those that were read */
        struct buffer text;
};

static int add_event(void *context, uint64_t id, const char *step, const char *body)
{
        struct timeline *timeline = context;

        (void)step;
        timeline->count++;
        timeline->last = id;
        if (timeline->text.size > strlen("{\"items\":["))
                buffer_add(&timeline->text, ",", 1);
        buffer_text(&timeline->text, body);
        return timeline->text.rc;
}

static void read_timeline(struct store_reader *reader, void *context)
{
        struct call *call = context;
        struct timeline *timeline = call->data;
        const struct store_event_query query = {
                .macs = timeline->macs,
                .mac_count = timeline->mac_count,
                .boot = timeline->boot[0] ? timeline->boot : NULL,
                .is_newest = !timeline->is_page,
                .after = timeline->after,
                .limit = timeline->limit,
        };
        char *taken = NULL;
        int rc;

        buffer_text(&timeline->text, "{\"items\":[");
        rc = store_read_events(reader, &query, add_event, timeline);
        buffer_text(&timeline->text, "]");
        if (timeline->is_page && timeline->count == timeline->limit)
                buffer_format(&timeline->text, ",\"next\":\"%llu\"",
                              (unsigned long long)timeline->last);
        buffer_text(&timeline->text, "}");
        if (rc == 0)
                (void)buffer_take(&timeline->text, &taken);
        buffer_done(&timeline->text);
        if (rc < 0)
                reply_problem(call, PROBLEM_STORE, "The events could not be read.");
        else
                reply_text(call, 200, taken);
        call_send(call);
}

/* False: it has answered. */
static bool read_place(struct call *call, struct timeline *timeline)
{
        const char *after = serve_query(call->request, "after");
        const char *limit = serve_query(call->request, "limit");

        timeline->is_page = after != NULL;
        timeline->limit = TIMELINE_MAX;
        if ((!after || text_parse_u64(after, INT64_MAX, &timeline->after) == 0) &&
            (!limit || text_parse_u64(limit, TIMELINE_MAX, &timeline->limit) == 0) &&
            timeline->limit > 0)
                return true;
        call_refuse(call, PROBLEM_QUERY,
                    "limit: a number from 1 to 5000; after: the id of an event");
        return false;
}

void handle_node_timeline(struct call *call)
{
        const char *boot = serve_query(call->request, "boot");
        const struct node *node = call_node(call);
        struct timeline *timeline;

        if (!node)
                return;
        timeline = calloc(1, sizeof(*timeline));
        call->data = timeline;
        if (!timeline) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        if (boot && text_copy(timeline->boot, sizeof(timeline->boot), boot) < 0) {
                call_refuse(call, PROBLEM_QUERY, "boot: a boot number, 16 hex digits");
                return;
        }
        if (!read_place(call, timeline))
                return;
        memcpy(timeline->macs, node->macs, sizeof(timeline->macs));
        timeline->mac_count = node->mac_count;
        call_read(call, read_timeline);
}

/* Why a held machine is on its disk, or is not. */
static void because_of_system(const struct node *node, struct doc *list)
{
        char text[EVENT_TEXT_SIZE + PLAN_ARGUMENTS_SIZE], said[PLAN_REASON_SIZE];

        if (node->phase != PHASE_DISCOVERED || !node->summary.system[0])
                return;
        snprintf(text, sizeof(text), "Nobody accepted it, and it has a system on %s.",
                 node->summary.system);
        doc_append_text(list, text);
        if (node->held.sent[0]) {
                snprintf(text, sizeof(text), "It was told to restart into that, in boot %s.",
                         node->held.sent);
                doc_append_text(list, text);
        }
        if (node->claim && held_explain(node->claim, said) == 0) {
                snprintf(text, sizeof(text), "Of the boot that it is in: %s.", said);
                doc_append_text(list, text);
        }
}

static void because_of(const struct node *node, const struct boot_plan *plan, struct doc *list)
{
        char text[EVENT_TEXT_SIZE + PLAN_ARGUMENTS_SIZE], said[OPERATION_TEXT_SIZE];

        snprintf(text, sizeof(text), "It is in phase '%s'.", node_phase_names[node->phase]);
        doc_append_text(list, text);
        if (node->reserved.holder[0]) {
                snprintf(text, sizeof(text), "It is reserved for '%s'%s%s.", node->reserved.holder,
                         node->reserved.reason[0] ? ": " : "", node->reserved.reason);
                doc_append_text(list, text);
        }
        if (node->is_in_conflict) {
                snprintf(text, sizeof(text), "It is in conflict: %s.", node->conflict_reason);
                doc_append_text(list, text);
        }
        if (node->is_in_maintenance) {
                snprintf(text, sizeof(text), "It is in maintenance, and nothing begins on it: %s.",
                         node->maintenance_reason);
                doc_append_text(list, text);
        }
        if (node->is_quarantined) {
                snprintf(text, sizeof(text), "It is quarantined, and no rule touches it: %s.",
                         node->quarantined_reason);
                doc_append_text(list, text);
        }
        if (node->operation.state != OPERATION_NONE) {
                snprintf(text, sizeof(text), "Operation %llu, step '%s': %s.",
                         (unsigned long long)node->operation.number,
                         operation_steps[node->operation.step].name,
                         operation_text(&node->operation, said));
                doc_append_text(list, text);
        }
        if (node->is_dirty) {
                snprintf(text, sizeof(text), "It is dirty: %s.", node->dirty_reason);
                doc_append_text(list, text);
        }
        because_of_system(node, list);
        snprintf(text, sizeof(text), "So it would boot '%s': %s.", boot_action_names[plan->action],
                 plan->reason);
        doc_append_text(list, text);
        if (!plan->kernel_arguments[0])
                return;
        snprintf(text, sizeof(text), "The site adds the kernel arguments: %s",
                 plan->kernel_arguments);
        doc_append_text(list, text);
}

void handle_node_explain(struct call *call)
{
        const struct node *node = call_node(call);
        struct doc *answer, *because;
        struct boot_plan plan;

        if (!node)
                return;
        node_plan(call->api->logic, node, &plan);
        because = doc_list();
        because_of(node, &plan, because);
        answer = doc_object();
        doc_set(answer, "plan", doc_encode(&boot_plan_table, &plan));
        doc_set(answer, "because", because);
        doc_set(answer, "rules", explain_rules(call->api->logic, node));
        doc_set(answer, "values", explain_values(call->api, node));
        reply_doc(call, 200, answer);
        call_send(call);
}

bool call_may_change(struct call *call, uint64_t version)
{
        const char *wanted = serve_header(call->request, "If-Match");
        char etag[32];

        snprintf(etag, sizeof(etag), "\"%llu\"", (unsigned long long)version);
        if (!wanted || (version > 0 && (strcmp(wanted, "*") == 0 || strcmp(wanted, etag) == 0)))
                return true;
        call_refuse(call, PROBLEM_VERSION, NULL);
        return false;
}

struct node *call_node_to_change(struct call *call)
{
        struct node *node = call_node(call);

        return node && call_may_change(call, node->version) ? node : NULL;
}

/* What stands in the way: an operation, none, or the phase. */
static enum problem problem_of(const struct node *node, enum node_way way)
{
        const bool is_running = node->operation.state == OPERATION_RUNNING ||
                                node->operation.state == OPERATION_WAITING;

        const bool may_retry = node->phase == PHASE_READY || node->phase == PHASE_RESERVED;

        if (way == WAY_ABORT || (way == WAY_RETRY && may_retry && !is_running))
                return PROBLEM_OPERATION_NONE;
        return is_running && way != WAY_ACCEPT ? PROBLEM_OPERATION_RUNNING : PROBLEM_PHASE;
}

void call_refuse_way(struct call *call, const struct node *node, enum node_way way, const char *why)
{
        char detail[EVENT_TEXT_SIZE];

        snprintf(detail, sizeof(detail), "'%s': %s.", node->name, why);
        call_refuse(call, problem_of(node, way), detail);
}

bool call_may_begin(struct call *call, const struct node *node, enum node_way way)
{
        char detail[NODE_NAME_SIZE + EVENT_TEXT_SIZE + 64];

        if (text_is_equal(serve_query(call->request, "force"), "1"))
                return true;
        if (maintenance_stops(node, way)) {
                snprintf(detail, sizeof(detail), "'%s' is in maintenance: %s.", node->name,
                         node->maintenance_reason);
                call_refuse(call, PROBLEM_MAINTENANCE, detail);
                return false;
        }
        if (!reservation_stops(node, way, call->who.user))
                return true;
        snprintf(detail, sizeof(detail), "'%s' is reserved for '%s'%s%s.", node->name,
                 node->reserved.holder, node->reserved.reason[0] ? ": " : "",
                 node->reserved.reason);
        call_refuse(call, PROBLEM_RESERVED, detail);
        return false;
}

struct store_change *call_take_way(struct call *call, enum node_way way, node_way_fn take,
                                   struct node **ret)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct node *node = call_node_to_change(call);
        const char *why = "";

        if (!node || !call_may_begin(call, node, way))
                return NULL;
        if (!change) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return NULL;
        }
        if (take(call->api->logic, node, call->who.user, clock_wall_ms(), change, &why) < 0) {
                call_refuse_way(call, node, way, why);
                return NULL;
        }
        *ret = node;
        return TAKE_PTR(change);
}

/* The body as a document of this node. 0, -EBADMSG with a sentence, -ENOMEM. */
static int read_node(struct call *call, char *error, struct doc **ret)
{
        _doc_ struct doc *document = NULL;
        const char *body, *name;
        size_t size;
        int rc;

        body = serve_body(call->request, &size);
        rc = doc_parse(body, size, &doc_limits_message, error, &document);
        if (rc < 0)
                return rc == -ENOMEM ? rc : -EBADMSG;
        if (doc_is_object(document) && !doc_get(document, "name"))
                (void)doc_set_text(document, "name", call->match.name);
        name = doc_get_text(document, "name");
        if (doc_is_object(document) && (!name || strcmp(name, call->match.name) != 0)) {
                snprintf(error, DOC_ERROR_SIZE, "'name' must be the one in the path, or left out");
                return -EBADMSG;
        }
        rc = node_document_check(document, error);
        if (rc == 0)
                *ret = TAKE_PTR(document);
        return rc;
}

enum problem prepare_node(struct call *call, char *detail)
{
        _doc_ struct doc *document = NULL;
        const int rc = read_node(call, detail, &document);

        if (rc == -ENOMEM)
                return PROBLEM_NO_MEMORY;
        return rc < 0 ? PROBLEM_NODE_MALFORMED : PROBLEM_NONE;
}

void handle_node_put(struct call *call)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct node *node = call_node_to_change(call);
        _doc_ struct doc *document = NULL;
        char error[DOC_ERROR_SIZE];
        bool is_dry;

        if (!node || !call_reads_dry_run(call, &is_dry))
                return;
        if (is_dry) {
                reply_node(call, node, NULL);
                call_send(call);
                return;
        }
        if (!change || read_node(call, error, &document) < 0 ||
            node_put(call->api->logic, node, document, call->who.user, clock_wall_ms(), change) <
                    0) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        reply_node(call, node, NULL);
        call_commit(call, TAKE_PTR(change));
}

void handle_node_accept(struct call *call)
{
        struct node *node = NULL;
        struct store_change *change = call_take_way(call, WAY_ACCEPT, node_accept, &node);

        if (!change)
                return;
        reply_node(call, node, NULL);
        call_commit(call, change);
}

void handle_node_discover(struct call *call)
{
        struct node *node = NULL;
        struct store_change *change = call_take_way(call, WAY_LOOK, held_look, &node);

        if (!change)
                return;
        reply_node(call, node, NULL);
        call_commit(call, change);
}

/* POST /api/v1/nodes/NAME/maintenance */
struct maintenance_wish {
        bool on;
        char reason[EVENT_TEXT_SIZE / 2];
};
static const struct doc_field maintenance_fields[] = {
        DOC_FIELD(struct maintenance_wish, on, DOC_BOOL, DOC_REQUIRED),
        DOC_FIELD(struct maintenance_wish, reason, DOC_TEXT, 0),
};
static DOC_TABLE(maintenance_table, struct maintenance_wish, "maintenance", maintenance_fields,
                 .is_strict = true);

enum problem prepare_maintenance(struct call *call, char *detail)
{
        return prepare_table(call, &maintenance_table, detail);
}

void handle_node_maintenance(struct call *call)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        const struct maintenance_wish *wish = call->data; /* gone with the call, if it is refused */
        struct node *node = call_node_to_change(call);

        if (!node)
                return;
        if (!change) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        maintenance_set(call->api->logic, node,
                        &(struct maintenance_word){wish->on, wish->reason, call->who.user},
                        clock_wall_ms(), change);
        reply_node(call, node,
                   wish->on && node->operation.state == OPERATION_RUNNING
                           ? "An operation runs on it, and goes on; `cloudie node abort` ends it."
                           : NULL);
        call_commit(call, TAKE_PTR(change));
}

void handle_node_delete(struct call *call)
{
        struct node *node = NULL;
        struct store_change *change = call_take_way(call, WAY_DELETE, node_delete, &node);

        if (!change)
                return;
        reply_empty(call, 204);
        call_commit(call, change);
}
