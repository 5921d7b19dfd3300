/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an agent may send, by its first byte: a claim, an inventory, events. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "controller/logic/claims.h"
#include "controller/logic/identity.h"

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
        struct report *report = calloc(1, sizeof(*report));
        char error[DOC_ERROR_SIZE], name[NODE_NAME_SIZE];

        if (report && report_decode(text, size, error, report) == 0) {
                node_name_default(&report->summary, &(struct mac_address){{2}}, name);
                if (!node_name_is_valid(name) || report->mac_count > NODE_MAX_MACS)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *text = (const char *)data + 1;

        if (size < 1)
                return 0;
        if (data[0] == 'c')
                try_claim(text, size - 1);
        else if (data[0] == 'i')
                try_inventory(text, size - 1);
        else
                try_events(text, size - 1);
        return 0;
}
