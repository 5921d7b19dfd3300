/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Traits of nodes that reported to an older release: made of the inventory that is
 * kept, or filters and rules would pass such machines over in silence until they
 * boot the next time. One after the other, with readers that have other work, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/nodes.h"
#include "controller/logic/rules.h"
#include "lib/base/clock.h"
#include "lib/daemon/log.h"

struct trait_fill {
        struct api *api;
        char node[NODE_NAME_SIZE], hash[STORE_HASH_SIZE];
        struct traits *traits; /* NULL: there was no memory for them */
};

static void fill_next(struct api *api);

static void finish(struct trait_fill *fill)
{
        struct api *api = fill->api;

        traits_free(fill->traits);
        free(fill);
        api->is_filling = false;
        atomic_fetch_sub(&api->live, 1);
}

/* Logic thread. */
static void end(void *context)
{
        struct trait_fill *fill = context;
        struct api *api = fill->api;
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct node *node = node_find(api->logic, fill->node);
        const uint64_t now_ms = clock_wall_ms();
        int rc = 0;

        /* What reported or was renamed meanwhile is looked at as it is now. */
        if (change && fill->traits && node && !node->traits &&
            strcmp(node->inventory_hash, fill->hash) == 0) {
                node_set_traits(node, fill->traits, now_ms, change);
                if (rules_apply(api->logic, node, now_ms, change))
                        node_save(api->logic, node, now_ms, change);
                rc = store_submit(api->store, TAKE_PTR(change), orders_committed, api);
        }
        if (rc < 0)
                api_break(api, rc);
        finish(fill);
        if (rc == 0 && !api->is_stop_asked && store_has_room(api->store))
                fill_next(api);
}

/* Reader's thread. */
static void read_and_make(struct store_reader *reader, void *context)
{
        struct trait_fill *fill = context;
        _free_ char *text = NULL;
        _doc_ struct doc *inventory = NULL;
        int rc;

        rc = store_read_inventory(reader, fill->node, &text);
        if (rc == 0)
                rc = doc_parse(text, strlen(text), &doc_limits_inventory, NULL, &inventory);
        /* One that cannot be read has none, and is not read for ever. */
        if (rc < 0)
                log_warning("traits.unreadable", "node=%s", fill->node);
        if (rc != -ENOMEM)
                (void)traits_of(inventory, &fill->traits);
        if (loop_post(fill->api->loop, end, fill) < 0)
                finish(fill);
}

static void fill_next(struct api *api)
{
        struct logic *logic = api->logic;
        size_t place = node_place_after(logic, api->filled_up_to);
        const struct node *node = NULL;
        struct trait_fill *fill;

        for (; place < logic->node_count && !node; place++)
                if (logic->sorted[place]->inventory_hash[0] && !logic->sorted[place]->traits)
                        node = logic->sorted[place];
        if (!node) {
                logic->lacks_traits = false;
                return;
        }
        fill = calloc(1, sizeof(*fill));
        if (!fill)
                return;
        fill->api = api;
        memcpy(fill->node, node->name, sizeof(fill->node));
        memcpy(fill->hash, node->inventory_hash, sizeof(fill->hash));
        memcpy(api->filled_up_to, node->name, sizeof(api->filled_up_to));
        api->is_filling = true;
        atomic_fetch_add(&api->live, 1);
        if (store_read(api->store, read_and_make, fill) < 0) {
                api->filled_up_to[0] = '\0';
                finish(fill);
        }
}

void trait_fills_tick(struct api *api)
{
        if (api->logic->lacks_traits && !api->is_filling && store_has_room(api->store))
                fill_next(api);
}
