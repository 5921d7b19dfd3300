/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an agent or an installed system may send, by its first byte: a claim, an
 * inventory, progress, a phone-home, a beat, events.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/claims.h"
#include "controller/logic/identity.h"
#include "controller/logic/nodes.h"
#include "controller/logic/phone_home.h"
#include "controller/logic/progress.h"
#include "controller/logic/workers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_claim(const char *text, size_t size)
{
        char error[DOC_ERROR_SIZE];
        struct agent_claim claim = {0};

        if (doc_decode_text(&agent_claim_table, text, size, &doc_limits_message, error, &claim) ==
            0)
                (void)claim_check(&claim);
}

static void try_inventory(const char *text, size_t size)
{
        struct report *report = NULL;
        char error[DOC_ERROR_SIZE], name[NODE_NAME_SIZE];

        if (report_decode(text, size, error, &report) == 0) {
                node_name_default(&report->summary, &(struct mac_address){{2}}, name);
                if (!node_name_is_valid(name) || report->mac_count > NODE_MAX_MACS)
                        abort();
                drift_compare(&report->look, report->lasting, report->lasting, report->lasting);
                if (report->look.changes > 0 || report->look.drift > 0)
                        abort();
        }
        free(report);
}

static void try_events(const char *text, size_t size)
{
        struct node_event *events = calloc(EVENTS_MAX, sizeof(*events));
        _doc_ struct doc *object = NULL;
        char error[DOC_ERROR_SIZE];
        size_t count = 0;

        if (events && doc_parse(text, size, &doc_limits_message, error, &object) == 0 &&
            node_events_decode(object, error, events, &count) == 0) {
                struct store_change *change = store_change_new();

                for (size_t i = 0; i < count; i++)
                        store_add_event(change, &events[i]);
                store_change_free(change);
        }
        free(events);
}

/* A logic with one node, whose install is about to write. */
static struct node *busy_node(struct logic *logic)
{
        struct store_document row = {
                .kind = "node",
                .name = "sn1",
                .version = 1,
                .body = "{\"status\":{\"phase\":\"ready\",\"generation\":3,\"operation\":{"
                        "\"number\":1,\"kind\":\"install\",\"state\":\"running\",\"generation\":3,"
                        "\"step\":\"wipe\",\"attempt\":1,\"deadline_ms\":9}}}",
        };
        struct node *node = NULL;

        if (node_decode(&row, &node) < 0 || node_add(logic, node) < 0)
                abort();
        return node;
}

/* And its worker beats: what is taken can be stored, and read again. */
static void try_beat(const char *text, size_t size)
{
        const struct logic_hooks hooks = {0};
        struct store_document row = {
                .kind = "node",
                .name = "sn1",
                .version = 1,
                .body = "{\"status\":{\"phase\":\"deployed\",\"generation\":3}}",
        };
        struct auth_book *book = auth_book_new();
        struct store_change *change = store_change_new();
        struct phone_home *says = calloc(1, sizeof(*says));
        struct logic *logic = NULL;
        struct node *node = NULL;
        char error[DOC_ERROR_SIZE];
        _free_ char *kept = NULL;

        if (!says || logic_new(book, &hooks, "", &logic) < 0 || node_decode(&row, &node) < 0 ||
            node_add(logic, node) < 0)
                abort();
        row.body = "{\"public_key\":\"k\",\"generation\":3}";
        if (worker_restore(logic, &row) < 0)
                abort();
        if (doc_decode_text(&beat_table, text, size, &doc_limits_message, error, says) == 0 &&
            worker_facts_check(&says->facts, error) == 0)
                (void)worker_beat(logic, says, 1, change);
        row.body = kept = worker_text(logic, node);
        if (!kept || worker_restore(logic, &row) < 0)
                abort();
        free(says);
        store_change_free(change);
        logic_free(logic);
        auth_book_free(book);
}

/* What was taken can be stored, and read again. */
static void check_node(struct node *node)
{
        struct store_document row = {.kind = "node", .name = "sn1", .version = node->version};
        struct node *copy = NULL;

        row.body = node_text(node);
        if (!row.body || node_decode(&row, &copy) < 0 ||
            copy->operation.step != node->operation.step ||
            strcmp(copy->operation.evidence, node->operation.evidence) != 0)
                abort();
        node_free(copy);
}

static void try_install(char kind, const char *text, size_t size)
{
        const struct logic_hooks hooks = {0};
        struct install_progress progress = {0};
        struct phone_home says = {0};
        struct auth_book *book = auth_book_new();
        struct store_change *change = store_change_new();
        struct logic *logic = NULL;
        struct node *node, *deployed = NULL;
        char error[DOC_ERROR_SIZE];

        if (logic_new(book, &hooks, "", &logic) < 0)
                abort();
        node = busy_node(logic);
        if (kind == 'p' && doc_decode_text(&install_progress_table, text, size, &doc_limits_message,
                                           error, &progress) == 0)
                (void)operation_progress(logic, node, &progress, 1, change);
        if (kind == 'h' &&
            doc_decode_text(&phone_home_table, text, size, &doc_limits_message, error, &says) ==
                    0 &&
            operation_phone_home(logic, &says, 1, change, &deployed) == PHONE_HOME_TAKEN)
                abort(); /* there is no secret */
        check_node(node);
        store_change_free(change);
        logic_free(logic);
        auth_book_free(book);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *text = (const char *)data + 1;

        if (size < 1)
                return 0;
        if (data[0] == 'c')
                try_claim(text, size - 1);
        else if (data[0] == 'i')
                try_inventory(text, size - 1);
        else if (data[0] == 'b')
                try_beat(text, size - 1);
        else if (data[0] == 'p' || data[0] == 'h')
                try_install((char)data[0], text, size - 1);
        else
                try_events(text, size - 1);
        return 0;
}
