/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A node as a document: what is stored, and what the API shows (docs/protocol.md). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/conditions.h"
#include "controller/logic/ended.h"
#include "controller/logic/nodes.h"
#include "lib/base/text.h"

/* Part of `status` that is a plain field each. */
static const struct doc_field status_fields[] = {
        DOC_FIELD(struct node, phase, DOC_ENUM, DOC_REQUIRED, .names = node_phase_names),
        DOC_FIELD(struct node, address, DOC_IP, 0),
        DOC_FIELD(struct node, boot, DOC_TEXT, 0),
        DOC_FIELD(struct node, first_seen_ms, DOC_U64, 0),
        DOC_FIELD(struct node, last_seen_ms, DOC_U64, 0),
        DOC_FIELD(struct node, generation, DOC_U64, DOC_ALWAYS),
        DOC_FIELD(struct node, decided_claim, DOC_U64, 0),
        DOC_FIELD(struct node, inventory_hash, DOC_TEXT, 0),
        DOC_FIELD(struct node, accepted_hash, DOC_TEXT, 0),
        DOC_FIELD(struct node, esp, DOC_UUID, 0),
        DOC_FIELD(struct node, edge, DOC_U64, 0),
        DOC_FIELD(struct node, named_by, DOC_TEXT, 0),
        DOC_FIELD(struct node, rule, DOC_TEXT, 0),
        DOC_FIELD(struct node, profile, DOC_TEXT, 0),
        DOC_FIELD(struct node, is_install_wanted, DOC_BOOL, 0),
        DOC_FIELD(struct node, rule_failures, DOC_U32, 0),
        DOC_FIELD(struct node, summary, DOC_OBJECT, DOC_ALWAYS, .table = &node_summary_table),
};
static DOC_TABLE(status_table, struct node, "node", status_fields);

static const struct doc_field install_fields[] = {
        DOC_FIELD(struct install_facts, erase, DOC_BOOL, 0),
        DOC_FIELD(struct install_facts, may_overwrite, DOC_BOOL, 0),
        DOC_FIELD(struct install_facts, wipe, DOC_BOOL, 0),
        DOC_FIELD(struct install_facts, grow, DOC_BOOL, 0),
        DOC_FIELD(struct install_facts, boot, DOC_BOOL, 0),
        DOC_FIELD(struct install_facts, is_touched, DOC_BOOL, 0),
        DOC_FIELD(struct install_facts, is_rules, DOC_BOOL, 0),
        DOC_FIELD(struct install_facts, hostname, DOC_TEXT, 0),
        DOC_FIELD(struct install_facts, image_size, DOC_U64, 0, .max = INT64_MAX),
        DOC_FIELD(struct install_facts, seed, DOC_OBJECT, 0, .table = &seed_names_table),
};
static DOC_TABLE(install_table, struct install_facts, "install", install_fields);

static const struct doc_field held_fields[] = {
        DOC_FIELD(struct held_facts, sent, DOC_TEXT, 0),
        DOC_FIELD(struct held_facts, sent_ms, DOC_U64, 0),
        DOC_FIELD(struct held_facts, is_wanted, DOC_BOOL, 0),
};
static DOC_TABLE(held_table, struct held_facts, "held", held_fields);

static const struct doc_field reserved_fields[] = {
        DOC_FIELD(struct reservation, holder, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct reservation, since_ms, DOC_U64, 0),
        DOC_FIELD(struct reservation, reason, DOC_TEXT, 0),
};
static DOC_TABLE(reserved_table, struct reservation, "reserved", reserved_fields);

static struct doc *encode(const struct node *node)
{
        struct doc *object = doc_object();
        struct doc *status = doc_encode(&status_table, node);
        struct doc *macs = doc_list();
        char text[MAC_TEXT_SIZE];

        for (size_t i = 0; i < node->mac_count; i++)
                doc_append_text(macs, mac_text(text, &node->macs[i]));
        doc_set(status, "macs", macs);
        doc_set(status, "conditions", node_conditions_encode(node));
        if (node->operation.number > 0) {
                doc_set(status, "operation", doc_encode(&operation_table, &node->operation));
                doc_set(status, "steps", steps_encode(node->step_ms));
                doc_set(status, "install", doc_encode(&install_table, &node->install));
        }
        if (node->held.sent[0] || node->held.is_wanted)
                doc_set(status, "held", doc_encode(&held_table, &node->held));
        if (node->reserved.holder[0])
                doc_set(status, "reserved", doc_encode(&reserved_table, &node->reserved));
        if (node->installed.serial[0] || node->installed.wwn[0])
                doc_set(status, "installed", doc_encode(&disk_id_table, &node->installed));

        doc_set_text(object, "kind", "node");
        doc_set_text(object, "name", node->name);
        doc_set_number(object, "version", (int64_t)node->version);
        doc_set(object, "labels", doc_copy(node->labels));
        doc_set(object, "spec", doc_copy(node->spec));
        doc_set(object, "status", status);
        return object;
}

const char *node_text(struct node *node)
{
        _doc_ struct doc *object = NULL;

        if (node->text)
                return node->text;
        object = encode(node);
        if (doc_print(object, DOC_COMPACT, &node->text) < 0)
                return NULL;
        node->text_size = strlen(node->text);
        return node->text;
}

void node_touch(struct node *node)
{
        free(node->text);
        node->text = NULL;
        node->text_size = 0;
}

/* What people keep with a node stands before its status, and may have members of the same name. */
static char *find_last(char *text, const char *what)
{
        char *last = NULL;

        for (char *at = strstr(text, what); at; at = strstr(at + 1, what))
                last = at;
        return last;
}

void node_saw(struct node *node, struct ip_address address, uint64_t now_ms)
{
        char was[48], is[48], *at;

        snprintf(was, sizeof(was), "\"last_seen_ms\":%" PRIu64 ",", node->last_seen_ms);
        snprintf(is, sizeof(is), "\"last_seen_ms\":%" PRIu64 ",", now_ms);
        at = node->text && strlen(was) == strlen(is) ? find_last(node->text, was) : NULL;
        node->last_seen_ms = now_ms;
        if (ip_is_set(address) && memcmp(&address, &node->address, sizeof(address)) != 0) {
                node->address = address;
                at = NULL;
        }
        if (at)
                memcpy(at, is, strlen(is));
        else
                node_touch(node);
}

void node_write(struct node *node, uint64_t now_ms, struct store_change *change)
{
        struct store_document row = {.kind = "node", .name = node->name, .at_ms = now_ms};
        const bool is_written = node->is_written;

        node->version += is_written;
        node->is_written = false;
        node->revision++;
        node_touch(node);
        row.version = node->version;
        row.body = node_text(node);
        /* The history is for what people wrote: else a day of progress would push that out. */
        if (is_written)
                store_put_document(change, &row);
        else
                store_keep_document(change, &row);
}

/* What a document of an older version lacks, the node lacks. */
static int decode_install(const struct doc *status, struct node *node)
{
        const struct {
                const char *name;
                const struct doc_table *table;
                void *to;
        } parts[] = {
                {"operation", &operation_table, &node->operation},
                {"install",   &install_table,   &node->install  },
                {"installed", &disk_id_table,   &node->installed},
                {"held",      &held_table,      &node->held     },
                {"reserved",  &reserved_table,  &node->reserved },
        };
        int rc = 0;

        for (size_t i = 0; i < ARRAY_SIZE(parts) && rc == 0; i++) {
                const struct doc *part = doc_get(status, parts[i].name);

                if (part)
                        rc = doc_decode(parts[i].table, part, NULL, parts[i].to);
        }
        steps_decode(doc_get(status, "steps"), node->step_ms);
        if (node->operation.number == 0)
                node->operation = (struct operation){0};
        return rc;
}

static struct doc *copy_or_new(const struct doc *object)
{
        return doc_is_object(object) ? doc_copy(object) : doc_object();
}

int node_decode(const struct store_document *row, struct node **ret)
{
        CLEANUP(node_free) struct node *node = node_new();
        _doc_ struct doc *object = NULL;
        const struct doc *macs;
        int rc;

        if (!node)
                return -ENOMEM;
        rc = doc_parse(row->body, strlen(row->body), &doc_limits_message, NULL, &object);
        if (rc == 0)
                rc = doc_decode(&status_table, doc_get(object, "status"), NULL, node);
        if (rc == 0)
                rc = decode_install(doc_get(object, "status"), node);
        if (rc < 0)
                return rc;
        if (text_copy(node->name, sizeof(node->name), row->name) < 0)
                return -EBADMSG;
        node->version = row->version;
        /* Of a store that did not keep it apart. */
        if (!node->profile[0])
                memcpy(node->profile, node->operation.profile, sizeof(node->profile));
        doc_free(node->labels);
        doc_free(node->spec);
        node->labels = copy_or_new(doc_get(object, "labels"));
        node->spec = copy_or_new(doc_get(object, "spec"));
        node_conditions_decode(doc_get(object, "status.conditions"), node);
        macs = doc_get(object, "status.macs");
        for (size_t i = 0; i < doc_count(macs) && node->mac_count < NODE_MAX_MACS; i++) {
                const char *text = doc_text(doc_at(macs, i));

                if (text && mac_parse(text, &node->macs[node->mac_count]) == 0)
                        node->mac_count++;
        }
        if (!node->labels || !node->spec)
                return -ENOMEM;
        *ret = TAKE_PTR(node);
        return 0;
}
