/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strangers, for people: /api/v1/discovery. */
#include <errno.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/discovery.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

/* POST /api/v1/discovery/NETWORK/open */
struct opening_wish {
        uint64_t for_ms;
};
static const struct doc_field wish_fields[] = {
        DOC_FIELD(struct opening_wish, for_ms, DOC_U64, DOC_REQUIRED),
};
static DOC_TABLE(wish_table, struct opening_wish, "opening", wish_fields, .is_strict = true);

enum problem prepare_discovery(struct call *call, char *detail)
{
        return prepare_table(call, &wish_table, detail);
}

static struct doc *network_of(const struct logic *logic, const struct edge_network *network,
                              uint64_t now_ms)
{
        const struct opening *opening = opening_find(logic, network->name);
        struct doc *item = doc_object();

        doc_set_text(item, "name", network->name);
        doc_set_text(item, "subnet", network->subnet);
        doc_set_text(item, "strangers", stranger_policy_names[network->strangers]);
        if (network->strangers == STRANGERS_LIST && opening_is_open(opening, now_ms)) {
                doc_set_number(item, "opened_ms", (int64_t)opening->opened_ms);
                doc_set_number(item, "open_until_ms", (int64_t)opening->until_ms);
                doc_set_text(item, "opened_by", opening->by);
        }
        return item;
}

struct listing {
        const struct api *api;
        struct doc *list;
};

/* The network as its operator called it; else, should it be gone, as the edge did. */
static const char *name_of(const struct api *api, const char *subnet)
{
        for (size_t i = 0; i < api->edge_config.network_count; i++)
                if (strcmp(api->edge_config.networks[i].subnet, subnet) == 0)
                        return api->edge_config.networks[i].name;
        return subnet;
}

static void add_stranger(void *context, const struct stranger_seen *seen)
{
        const struct listing *listing = context;
        char mac[MAC_TEXT_SIZE], uuid[UUID_TEXT_SIZE], firmware[ARCHITECTURE_TEXT_SIZE];
        struct doc *item = doc_object();

        doc_set_text(item, "mac", mac_text(mac, &seen->mac));
        doc_set_text(item, "network", name_of(listing->api, seen->said.subnet));
        doc_set_text(item, "firmware", architecture_text(firmware, seen->said.architecture));
        doc_set_bool(item, "is_ipxe", seen->said.is_ipxe);
        if (uuid_identifies(&seen->said.uuid))
                doc_set_text(item, "uuid", uuid_text(uuid, &seen->said.uuid));
        doc_set_text(item, "vendor_class", seen->said.class);
        doc_set_number(item, "first_seen_ms", (int64_t)seen->first_ms);
        doc_set_number(item, "last_seen_ms", (int64_t)seen->last_ms);
        doc_set_number(item, "count", (int64_t)seen->count);
        doc_append(listing->list, item);
}

void handle_discovery(struct call *call)
{
        const struct api *api = call->api;
        const struct listing listing = {api, doc_list()};
        struct doc *answer = doc_object(), *networks = doc_list();

        for (size_t i = 0; i < api->edge_config.network_count; i++)
                doc_append(networks,
                           network_of(api->logic, &api->edge_config.networks[i], clock_wall_ms()));
        discovery_each(api->logic, add_stranger, (void *)(uintptr_t)&listing);
        doc_set(answer, "networks", networks);
        doc_set(answer, "items", listing.list);
        reply_doc(call, 200, answer);
        call_send(call);
}

/* The network that the path names, if its strangers are not discovered anyhow; NULL: it has
 * answered. */
static const struct edge_network *network_to_change(struct call *call)
{
        const struct edge_config *config = &call->api->edge_config;

        for (size_t i = 0; i < config->network_count; i++) {
                if (strcmp(config->networks[i].name, call->match.name) != 0)
                        continue;
                if (config->networks[i].strangers == STRANGERS_LIST)
                        return &config->networks[i];
                call_refuse(call, PROBLEM_NETWORK_OPEN, NULL);
                return NULL;
        }
        call_refuse(call, PROBLEM_NETWORK_UNKNOWN, NULL);
        return NULL;
}

static void answer(struct call *call, const struct edge_network *network, struct store_change *take)
{
        reply_doc(call, 200, network_of(call->api->logic, network, clock_wall_ms()));
        call_commit(call, take);
}

void handle_discovery_open(struct call *call)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        const struct opening_wish *wish = call->data;
        const struct edge_network *network = network_to_change(call); /* NULL: the call is gone */
        int rc = change ? 0 : -ENOMEM;

        if (!network)
                return;
        if (rc == 0)
                rc = discovery_open(call->api->logic, network->name, wish->for_ms, call->who.user,
                                    clock_wall_ms(), change);
        if (rc == -ERANGE)
                call_refuse(call, PROBLEM_BODY, "opening: 'for_ms' is from a minute to 24 hours");
        else if (rc < 0)
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
        else
                answer(call, network, TAKE_PTR(change));
}

void handle_discovery_close(struct call *call)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        const struct edge_network *network = network_to_change(call);

        if (!network)
                return;
        if (!change)
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
        else if (discovery_close(call->api->logic, network->name, call->who.user, clock_wall_ms(),
                                 change) < 0)
                call_refuse(call, PROBLEM_NETWORK_CLOSED, NULL);
        else
                answer(call, network, TAKE_PTR(change));
}
