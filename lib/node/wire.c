/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

static const struct doc_field join_fields[] = {
        DOC_FIELD(struct edge_join, token, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct edge_join, name, DOC_TEXT, DOC_REQUIRED),
};
DOC_TABLE(edge_join_table, struct edge_join, "join", join_fields);

static const struct doc_field joined_fields[] = {
        DOC_FIELD(struct edge_joined, credential, DOC_TEXT, DOC_REQUIRED),
};
DOC_TABLE(edge_joined_table, struct edge_joined, "answer to join", joined_fields);

static const struct doc_field claim_fields[] = {
        DOC_FIELD(struct agent_claim, boot, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct agent_claim, public_key, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct agent_claim, signature, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct agent_claim, mac, DOC_MAC, DOC_REQUIRED),
        DOC_FIELD(struct agent_claim, address, DOC_IP, 0),
        DOC_FIELD(struct agent_claim, uuid, DOC_UUID, 0),
        DOC_FIELD(struct agent_claim, version, DOC_TEXT, 0),
};
DOC_TABLE(agent_claim_table, struct agent_claim, "claim", claim_fields);

static const struct doc_field claimed_fields[] = {
        DOC_FIELD(struct agent_claimed, node, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct agent_claimed, token, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct agent_claimed, generation, DOC_U64, DOC_ALWAYS),
        DOC_FIELD(struct agent_claimed, now_ms, DOC_U64, 0),
};
DOC_TABLE(agent_claimed_table, struct agent_claimed, "answer to a claim", claimed_fields);

const char *const agent_order_names[ORDER_COUNT + 1] = {
        [ORDER_HOLD] = "hold",
        [ORDER_REBOOT] = "reboot",
        [ORDER_INSTALL] = "install",
};

static const struct doc_field orders_fields[] = {
        DOC_FIELD(struct agent_orders, generation, DOC_U64, DOC_ALWAYS),
        DOC_FIELD(struct agent_orders, order, DOC_ENUM, DOC_REQUIRED, .names = agent_order_names),
        DOC_FIELD(struct agent_orders, reason, DOC_TEXT, 0),
};
DOC_TABLE(agent_orders_table, struct agent_orders, "orders", orders_fields);

struct doc *node_events_encode(const struct node_event *events, size_t count)
{
        _doc_ struct doc *message = doc_object();
        struct doc *list = doc_list();

        for (size_t i = 0; i < count; i++)
                if (doc_append(list, doc_encode(&node_event_table, &events[i])) < 0) {
                        doc_free(list);
                        return NULL;
                }
        if (doc_set(message, "events", list) < 0)
                return NULL;
        return TAKE_PTR(message);
}

int node_events_decode(const struct doc *object, char *error,
                       struct node_event ret[static EVENTS_MAX], size_t *ret_count)
{
        const struct doc *list = doc_get(object, "events");
        const size_t count = doc_count(list);
        int rc;

        if (!doc_is_list(list)) {
                if (error)
                        snprintf(error, DOC_ERROR_SIZE, "events: 'events' is missing or no list");
                return -EBADMSG;
        }
        if (count > EVENTS_MAX) {
                if (error)
                        snprintf(error, DOC_ERROR_SIZE, "events: %zu in one message; at most %d",
                                 count, EVENTS_MAX);
                return -E2BIG;
        }

        for (size_t i = 0; i < count; i++) {
                ret[i] = (struct node_event){0};
                rc = doc_decode(&node_event_table, doc_at(list, i), error, &ret[i]);
                if (rc < 0)
                        return rc;
        }
        *ret_count = count;
        return 0;
}
