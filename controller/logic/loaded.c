/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A node of a dump: a machine that this controller has not seen, as another one
 * knew it. It is read as a row of the store is; what only the other one could
 * know (an operation that ran, who spoke last) is left behind.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controller/logic/events.h"
#include "controller/logic/gone.h"
#include "controller/logic/nodes.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

static const char *const taken_names[] = {"phase",     "first_seen_ms", "esp",      "macs",
                                          "installed", "summary",       "named_by", "rule",
                                          "profile",   "reserved"};

static struct doc *maintenance_of(const struct doc *conditions)
{
        struct doc *list = doc_list();

        for (size_t i = 0; i < doc_count(conditions); i++)
                if (text_is_equal(doc_get_text(doc_at(conditions, i), "name"), "maintenance"))
                        (void)doc_append(list, doc_copy(doc_at(conditions, i)));
        return list;
}

static struct doc *written_of(const struct doc *document)
{
        const struct doc *said = doc_get(document, "status");
        struct doc *object = doc_object(), *status = doc_object();

        for (size_t i = 0; i < ARRAY_SIZE(taken_names); i++)
                (void)doc_set(status, taken_names[i], doc_copy(doc_get(said, taken_names[i])));
        (void)doc_set(status, "conditions", maintenance_of(doc_get(said, "conditions")));
        (void)doc_set(object, "labels", doc_copy(doc_get(document, "labels")));
        (void)doc_set(object, "spec", doc_copy(doc_get(document, "spec")));
        (void)doc_set(object, "status", status);
        return object;
}

static int refuse(char *error, int rc, const char *name, const char *why)
{
        snprintf(error, DOC_ERROR_SIZE, "'%s': %s.", name, why);
        return rc;
}

static int decode(const char *name, const struct doc *document, char *error, struct node **ret)
{
        struct store_document row = {.kind = "node", .name = name};
        _doc_ struct doc *object = written_of(document);
        _free_ char *text = NULL;
        int rc;

        if (!node_name_is_valid(name))
                return refuse(error, -EBADMSG, name, "this is no name of a node");
        rc = doc_print(object, DOC_COMPACT, &text);
        if (rc < 0)
                return rc;
        row.body = text;
        rc = node_decode(&row, ret);
        if (rc == -EBADMSG)
                return refuse(error, rc, name, "its status is none that a dump has");
        if (rc == 0 && ((*ret)->phase == PHASE_RESERVED) != ((*ret)->reserved.holder[0] != '\0')) {
                *ret = node_free(*ret);
                return refuse(error, -EBADMSG, name,
                              "status.reserved.holder says whose a node in phase 'reserved' is, "
                              "and is of no other");
        }
        if (rc == 0 && ((*ret)->phase == PHASE_NONE || (*ret)->phase >= PHASE_COUNT)) {
                *ret = node_free(*ret);
                return refuse(error, -EBADMSG, name, "status.phase is none of a node");
        }
        return rc;
}

static int check_macs(const struct logic *logic, const struct node *node, char *error)
{
        char text[MAC_TEXT_SIZE], why[NODE_NAME_SIZE + 64];

        for (size_t i = 0; i < node->mac_count; i++) {
                const struct node *owner = node_find_mac(logic, &node->macs[i]);

                if (!owner)
                        continue;
                snprintf(why, sizeof(why), "the node '%s' has its MAC %s", owner->name,
                         mac_text(text, &node->macs[i]));
                return refuse(error, -EEXIST, node->name, why);
        }
        return 0;
}

int node_load(struct logic *logic, const struct node_load *load, uint64_t now_ms,
              struct store_change *change, char *error, struct node **ret)
{
        CLEANUP(node_free) struct node *node = NULL;
        struct node_event event = {.at_ms = now_ms, .step = STEP_DOCUMENT};
        int rc;

        if (node_find(logic, load->name))
                return refuse(error, -EEXIST, load->name, "there is a node of this name");
        rc = decode(load->name, load->document, error, &node);
        if (rc == 0)
                rc = check_macs(logic, node, error);
        if (rc == 0)
                rc = node_add(logic, node);
        if (rc < 0)
                return rc;
        *ret = TAKE_PTR(node);
        (*ret)->version = gone_take(logic, "node", load->name);
        (*ret)->is_written = true;
        node_save(logic, *ret, now_ms, change);
        snprintf(event.text, sizeof(event.text), "%s loaded node '%s' from a dump, phase '%s'",
                 load->by, load->name, node_phase_names[(*ret)->phase]);
        event_add(logic, *ret, &event, change);
        log_info("node.loaded", "node=%s phase=%s by=%s", load->name,
                 node_phase_names[(*ret)->phase], QUOTE(load->by));
        return 0;
}
