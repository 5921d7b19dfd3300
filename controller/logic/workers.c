/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Beats
 *
 * A beat says all that a worker has to say, so nothing depends on the one before
 * it, and none has to be on disk: a crash costs WORKER_SAVE_MS of what the next
 * beat says again. Only a condition that changes is saved at once.
 */
#include "controller/logic/workers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/events.h"
#include "controller/logic/kept.h"
#include "controller/logic/line.h"
#include "controller/logic/nodes.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/trust/signature.h"

struct worker {
        char node[NODE_NAME_SIZE];
        char public_key[WIRE_KEY_SIZE];
        uint64_t generation;
        uint64_t since_ms;     /* it phoned home */
        uint64_t last_beat_ms; /* or phone-home */
        struct doc *says;
        uint64_t heard_ms; /* as last_beat_ms; 0: not since the start */
        uint64_t saved_ms;
        uint64_t version;
};

static const struct doc_field worker_fields[] = {
        DOC_FIELD(struct worker, public_key, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct worker, generation, DOC_U64, DOC_REQUIRED),
        DOC_FIELD(struct worker, since_ms, DOC_U64, 0),
        DOC_FIELD(struct worker, last_beat_ms, DOC_U64, 0),
        DOC_FIELD(struct worker, says, DOC_TREE, 0),
};
static DOC_TABLE(worker_table, struct worker, "worker", worker_fields);
static const struct kept_kind kind = {WORKER_KIND, &worker_table};

static struct worker *worker_free(struct worker *worker)
{
        if (worker)
                doc_free(worker->says);
        free(worker);
        return NULL;
}
CLEANUP_DEFINE(struct worker *, worker_free)

int worker_signature_check(const char *public_key, const char *signature, const char *prefix,
                           const void *body, size_t size)
{
        const size_t prefix_size = strlen(prefix);
        uint8_t bytes[ED25519_SIGNATURE_SIZE];
        _free_ char *whole = NULL;
        struct public_key key;
        int rc;

        if (!signature)
                return -EKEYREJECTED;
        rc = base64_decode_exact(public_key, key.bytes, sizeof(key.bytes));
        if (rc == 0)
                rc = base64_decode_exact(signature, bytes, sizeof(bytes));
        if (rc < 0)
                return rc;
        whole = malloc(prefix_size + size);
        if (!whole)
                return -ENOMEM;
        memcpy(whole, prefix, prefix_size);
        memcpy(whole + prefix_size, body, size);
        return signature_verify(&key, whole, prefix_size + size, bytes);
}

static struct worker *find(const struct logic *logic, const char *node)
{
        return kept_find(logic->workers, node);
}

static void save(struct worker *worker, const char *node, uint64_t now_ms,
                 struct store_change *change)
{
        kept_save(&kind, node, worker, &worker->version, now_ms, change);
        worker->saved_ms = now_ms;
}

/* Without what only shows who speaks. */
static struct doc *encode_says(const struct phone_home *says)
{
        struct doc *object = doc_encode(&worker_facts_table, &says->facts);
        char address[IP_TEXT_SIZE];

        doc_set_text(object, "version", says->version);
        if (says->system[0])
                doc_set_text(object, "system", says->system);
        if (says->hostname[0])
                doc_set_text(object, "hostname", says->hostname);
        if (ip_is_set(says->address))
                doc_set_text(object, "address", ip_text(address, says->address));
        return object;
}

/* That it became degraded (for @reason), or is well again (""). */
static void tell(struct logic *logic, const struct node *node, const char *reason, uint64_t now_ms,
                 struct store_change *change)
{
        struct node_event event = {.at_ms = now_ms, .step = STEP_HEALTH};

        snprintf(event.text, sizeof(event.text), "%s%.200s",
                 reason[0] ? "degraded: " : "well again", reason);
        event_add(logic, node, &event, change);
        log_info("node.degraded", "node=%s is=%s reason=%s", node->name, reason[0] ? "yes" : "no",
                 QUOTE(reason));
}

/* Sets, changes or (@reason NULL) ends the condition, and saves the node if that is news. */
static void set_degraded(struct logic *logic, struct node *node, const char *reason,
                         uint64_t now_ms, struct store_change *change)
{
        char line[EVENT_TEXT_SIZE] = "";

        if (reason)
                line_copy(line, sizeof(line), reason);
        if (node->is_degraded == (reason != NULL) && strcmp(line, node->degraded_reason) == 0)
                return;
        if (node->is_degraded != (reason != NULL)) {
                node->degraded_since_ms = reason ? now_ms : 0;
                tell(logic, node, line, now_ms, change);
        }
        node->is_degraded = reason != NULL;
        memcpy(node->degraded_reason, line, sizeof(line));
        node_save(logic, node, now_ms, change);
}

/* The reason for which its own word makes it degraded; NULL: none. Bad alone counts. */
static const char *reason_of_health(const struct worker_facts *facts, char *to, size_t size)
{
        const struct worker_check *worst = worker_facts_worst(facts);

        if (!worst || worst->state != HEALTH_BAD)
                return NULL;
        snprintf(to, size, "%s: %s", worst->name, worst->text[0] ? worst->text : "bad");
        return to;
}

static int hear(struct logic *logic, struct node *node, struct worker *worker,
                const struct phone_home *says, uint64_t now_ms, struct store_change *change)
{
        const bool is_judged = worker->heard_ms == 0 ||
                               age_ms(now_ms, worker->heard_ms) >= WORKER_JUDGE_MS ||
                               now_ms < worker->heard_ms;
        char reason[WORKER_CHECK_SIZE + WORKER_CHECK_TEXT + 8];
        struct doc *fresh;

        node_saw(node, says->address, now_ms);
        worker->last_beat_ms = worker->heard_ms = now_ms;
        if (!is_judged)
                return 0;
        fresh = encode_says(says);
        if (!fresh)
                return -ENOMEM;
        doc_free(worker->says);
        worker->says = fresh;
        set_degraded(logic, node, reason_of_health(&says->facts, reason, sizeof(reason)), now_ms,
                     change);
        if (age_ms(now_ms, worker->saved_ms) >= WORKER_SAVE_MS)
                save(worker, node->name, now_ms, change);
        return 0;
}

static int add(struct logic *logic, const char *node, struct worker *worker)
{
        struct worker *earlier = find(logic, node);
        int rc = map_set(logic->workers, node, strlen(node), worker);

        if (rc < 0)
                return rc;
        (void)text_copy(worker->node, sizeof(worker->node), node);
        worker_free(earlier);
        return 0;
}

int worker_take(struct logic *logic, struct node *node, const struct phone_home *says,
                uint64_t now_ms, struct store_change *change)
{
        CLEANUP(worker_free) struct worker *fresh = NULL;
        struct worker *worker;
        int rc;

        if (!says->public_key[0]) {
                worker_forget(logic, node, now_ms, change);
                return 0;
        }
        fresh = calloc(1, sizeof(*fresh));
        if (!fresh)
                return -ENOMEM;
        memcpy(fresh->public_key, says->public_key, sizeof(fresh->public_key));
        fresh->generation = says->generation;
        fresh->since_ms = now_ms;
        worker = find(logic, node->name);
        fresh->version = worker ? worker->version : 0;
        fresh->saved_ms = now_ms; /* below */
        rc = add(logic, node->name, fresh);
        if (rc < 0)
                return rc;
        worker = TAKE_PTR(fresh);
        rc = hear(logic, node, worker, says, now_ms, change);
        save(worker, node->name, now_ms, change);
        return rc;
}

static bool is_sender(const struct worker *worker, const struct phone_home *says)
{
        return worker && says->public_key[0] && worker->generation == says->generation &&
               strcmp(worker->public_key, says->public_key) == 0;
}

/* It says the name that its node had when it was installed, and is known by its key. */
static struct worker *find_sender(const struct logic *logic, const struct phone_home *says)
{
        struct worker *worker = find(logic, says->node);
        size_t at = 0;
        void *value;

        if (is_sender(worker, says))
                return worker;
        while (map_next(logic->workers, &at, &value))
                if (is_sender(value, says))
                        return value;
        return NULL;
}

bool worker_is_same(const struct logic *logic, const struct phone_home *says)
{
        return find_sender(logic, says) != NULL;
}

struct node *worker_node(const struct logic *logic, const struct phone_home *says)
{
        const struct worker *worker = find_sender(logic, says);

        return worker ? node_find(logic, worker->node) : NULL;
}

int worker_beat(struct logic *logic, const struct phone_home *says, uint64_t now_ms,
                struct store_change *change)
{
        struct worker *worker = find_sender(logic, says);
        struct node *node = worker ? node_find(logic, worker->node) : NULL;

        if (!node || node->phase != PHASE_DEPLOYED)
                return -ENOENT;
        return hear(logic, node, worker, says, now_ms, change);
}

void worker_forget(struct logic *logic, struct node *node, uint64_t now_ms,
                   struct store_change *change)
{
        struct worker *worker = find(logic, node->name);
        struct store_document row = {.kind = WORKER_KIND, .name = node->name, .at_ms = now_ms};

        node->is_degraded = false;
        node->degraded_since_ms = 0;
        node->degraded_reason[0] = '\0';
        node_touch(node);
        if (!worker)
                return;
        row.version = worker->version + 1;
        store_delete_document(change, &row);
        map_remove(logic->workers, node->name, strlen(node->name));
        worker_free(worker);
}

int worker_move(struct logic *logic, const char *from, const char *to)
{
        struct worker *worker = find(logic, from);
        const int rc = kept_move(logic->workers, from, to);

        if (worker && rc == 0)
                (void)text_copy(worker->node, sizeof(worker->node), to);
        return rc;
}

int worker_restore(struct logic *logic, const struct store_document *row)
{
        CLEANUP(worker_free) struct worker *worker = calloc(1, sizeof(*worker));
        int rc;

        if (!worker)
                return -ENOMEM;
        rc = doc_decode_text(&worker_table, row->body, strlen(row->body), &doc_limits_message, NULL,
                             worker);
        if (rc == -ENOMEM)
                return rc;
        if (rc < 0) {
                /* One installed system is a stranger from now on, until it is installed anew. */
                log_warning("worker.unreadable", "node=%s", QUOTE(row->name));
                return 0;
        }
        worker->version = row->version;
        worker->saved_ms = worker->last_beat_ms;
        rc = add(logic, row->name, worker);
        if (rc == 0)
                (void)TAKE_PTR(worker);
        return rc;
}

void workers_free(struct logic *logic)
{
        size_t at = 0;
        void *value;

        while (logic->workers && map_next(logic->workers, &at, &value))
                worker_free(value);
        map_free(logic->workers);
}

void workers_expire(struct logic *logic, uint64_t now_ms, struct store_change *change)
{
        const uint64_t limit_ms = 1000ULL * logic->beat_s * BEATS_MISSED + BEAT_GRACE_MS;
        size_t noted = 0;
        char reason[EVENT_TEXT_SIZE];

        snprintf(reason, sizeof(reason), "no beat of its worker for %u s",
                 (unsigned)(limit_ms / 1000));
        for (size_t i = 0; i < logic->node_count && noted < EXPIRE_ROWS_MAX; i++) {
                struct node *node = logic->sorted[i];
                struct worker *worker;

                if (node->phase != PHASE_DEPLOYED)
                        continue;
                worker = find(logic, node->name);
                if (!worker)
                        continue;
                /* After a start, or with a clock that was set back, the waiting begins now. */
                if (worker->heard_ms == 0 || worker->heard_ms > now_ms)
                        worker->heard_ms = now_ms;
                if (age_ms(now_ms, worker->heard_ms) < limit_ms ||
                    strcmp(node->degraded_reason, reason) == 0)
                        continue;
                set_degraded(logic, node, reason, now_ms, change);
                noted++;
        }
}

void workers_resume(struct logic *logic)
{
        size_t at = 0;
        void *value;

        while (map_next(logic->workers, &at, &value))
                ((struct worker *)value)->heard_ms = 0;
}

uint64_t worker_heard_ms(const struct logic *logic, const struct node *node)
{
        const struct worker *worker = find(logic, node->name);

        return worker ? worker->last_beat_ms : 0;
}

char *worker_text(const struct logic *logic, const struct node *node)
{
        const struct worker *worker = find(logic, node->name);
        _doc_ struct doc *object = NULL;
        char *text = NULL;

        if (!worker)
                return NULL;
        object = doc_encode(&worker_table, worker);
        return doc_print(object, DOC_COMPACT, &text) < 0 ? NULL : text;
}
