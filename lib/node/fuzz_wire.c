/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What agents, edges and the builder of media say: every message of the wire, from the same bytes.
 */
#include "lib/node/summary.h"
#include "lib/node/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode_all(const struct doc *object)
{
        static struct node_event events[EVENTS_MAX];
        struct mac_address macs[NODE_MAX_MACS];
        char error[DOC_ERROR_SIZE], name[NODE_NAME_SIZE];
        struct asset_manifest manifest;
        struct node_summary summary;
        struct edge_config config;
        struct plan_request request = {0};
        struct boot_plan plan = {0};
        struct agent_claim claim = {0};
        struct agent_orders orders = {0};
        size_t count;

        (void)doc_decode(&plan_request_table, object, error, &request);
        if (doc_decode(&boot_plan_table, object, error, &plan) == 0)
                (void)boot_plan_check(&plan);
        (void)doc_decode(&agent_claim_table, object, error, &claim);
        (void)doc_decode(&agent_orders_table, object, error, &orders);
        (void)node_events_decode(object, error, events, &count);
        (void)asset_manifest_decode(object, error, &manifest);
        if (edge_config_decode(object, error, &config) == 0) {
                (void)edge_config_check(&config, error);
                doc_free(edge_config_encode(&config));
                edge_config_done(&config);
        }
        (void)node_macs_of(object, macs);
        if (node_summary_of(object, &summary) == 0) {
                node_name_default(&summary, &claim.mac, name);
                if (!node_name_is_valid(name))
                        __builtin_trap();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct doc *object;

        if (doc_parse((const char *)data, size, &doc_limits_message, NULL, &object) < 0)
                return 0;
        decode_all(object);
        doc_free(object);
        return 0;
}
