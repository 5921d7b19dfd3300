/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Installs that rules want: decided as those of operators are (api_operations.c),
 * and nobody waits for an answer. What the site lacks (an image, a profile) is
 * waited for; what the machine lacks is a failure, and after three of them it is
 * quarantined.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/logic/documents.h"
#include "controller/logic/nodes.h"
#include "controller/logic/operations.h"
#include "controller/logic/rules.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

#define BEGIN_MAX    64                  /* at each tick: readers have other work, too */
#define SITE_WAIT_MS (10ULL * 60 * 1000) /* before it is tried once more what the site lacks */

struct rule_install {
        struct api *api;
        char node[NODE_NAME_SIZE], by[NODE_NAME_SIZE + 16];
        uint64_t revision; /* of the node, when it was looked at */
        struct profile profile;
        char profile_hash[SHA256_TEXT_SIZE];
        char image_id[IMAGE_ID_SIZE];
        uint64_t image_size;
        struct image_document image; /* what it needs */
        struct disk_id disk;
        char hostname[NODE_NAME_SIZE];
        char why[PROFILE_WHY_SIZE]; /* no disk will do */
        int rc;                     /* of reading */
};

static void finish(struct rule_install *job)
{
        struct api *api = job->api;

        free(job);
        atomic_fetch_sub(&api->live, 1);
}

/* What an install needs of the site; false: it is not there, and @why says so. */
static bool gather(struct rule_install *job, const struct node *node,
                   char why[static SEED_WHY_SIZE])
{
        struct logic *logic = job->api->logic;
        const struct document *document = document_find(logic, DOCUMENT_PROFILE, node->profile);
        struct image_manifest image = {0};
        int rc;

        if (!document) {
                snprintf(why, SEED_WHY_SIZE, "there is no profile '%s'", node->profile);
                return false;
        }
        job->profile = *document->profile;
        if (!seed_is_known(logic, &job->profile.seed, why))
                return false;
        rc = job->api->images ? images_find(job->api->images, job->profile.image, &image) : -ENOENT;
        if (rc < 0) {
                snprintf(why, SEED_WHY_SIZE, "the image '%s' %s", job->profile.image,
                         rc == -ENOENT ? "is not there" : "cannot be used now");
                return false;
        }
        image_id(&image, job->image_id);
        job->image_size = image.size;
        job->image = image_said(logic, job->profile.image);
        if (seed_hash(logic, document, job->profile_hash) < 0 ||
            profile_hostname(&job->profile, node->name, job->hostname) < 0) {
                snprintf(why, SEED_WHY_SIZE, "'hostname' of profile '%s' makes no host name of it",
                         node->profile);
                return false;
        }
        return true;
}

/* Logic thread. */
static void end(void *context)
{
        struct rule_install *job = context;
        struct api *api = job->api;
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct node *node = node_find(api->logic, job->node);
        const uint64_t now_ms = clock_wall_ms();
        const struct install_request request = {
                .profile = &job->profile,
                .profile_hash = job->profile_hash,
                .image_id = job->image_id,
                .image_size = job->image_size,
                .disk = job->disk,
                .by = job->by,
                .is_rules = true,
        };
        struct install_request whole = request;
        const char *why = "";
        int rc = 0;

        memcpy(whole.hostname, job->hostname, sizeof(whole.hostname));
        /* The node changed meanwhile: it is looked at once more, if that is still wanted. */
        if (change && node && node->revision == job->revision && node->is_install_wanted &&
            !rule_install_is_void(api->logic, node)) {
                if (job->why[0]) {
                        rule_install_failed(api->logic, node, job->why, now_ms, change);
                        node_save(api->logic, node, now_ms, change);
                } else if (job->rc == 0 &&
                           operation_begin(api->logic, node, &whole, now_ms, change, &why) < 0) {
                        log_warning("rule.install", "node=%s reason=%s", node->name, QUOTE(why));
                }
                if (store_change_count(change) > 0)
                        rc = store_submit(api->store, TAKE_PTR(change), orders_committed, api);
        }
        if (rc < 0)
                api_break(api, rc);
        finish(job);
}

/* Reader's thread. */
static void read_and_pick(struct store_reader *reader, void *context)
{
        struct rule_install *job = context;
        _free_ char *text = NULL;
        _doc_ struct doc *inventory = NULL;
        int rc;

        rc = store_read_inventory(reader, job->node, &text);
        if (rc == 0)
                rc = doc_parse(text, strlen(text), &doc_limits_inventory, NULL, &inventory);
        if (rc == 0)
                (void)image_pick_disk(&job->image, &job->profile, inventory, job->image_size,
                                      job->why, &job->disk);
        job->rc = rc;
        if (loop_post(job->api->loop, end, job) < 0)
                finish(job);
}

static void begin(struct api *api, struct node *node, uint64_t now_ms)
{
        struct rule_install *job = calloc(1, sizeof(*job));
        char why[SEED_WHY_SIZE] = "";

        if (!job)
                return;
        job->api = api;
        job->revision = node->revision;
        memcpy(job->node, node->name, sizeof(job->node));
        snprintf(job->by, sizeof(job->by), "rule '%s'", node->rule);
        atomic_fetch_add(&api->live, 1);
        node->rule_after_ms = now_ms + RULE_PAUSE_MS;
        if (!gather(job, node, why)) {
                node->rule_after_ms = now_ms + SITE_WAIT_MS;
                log_warning("rule.install", "node=%s rule=%s reason=%s", node->name, node->rule,
                            QUOTE(why));
                finish(job);
        } else if (store_read(api->store, read_and_pick, job) < 0) {
                finish(job);
        }
}

/* Who deletes a rule, or mends it, has no machine installed by what it said before. */
static void drop(struct api *api, struct node *node, uint64_t now_ms)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        int rc;

        if (!change || !store_has_room(api->store))
                return;
        rule_install_drop(api->logic, node, now_ms, change);
        node_save(api->logic, node, now_ms, change);
        rc = store_submit(api->store, TAKE_PTR(change), NULL, NULL);
        if (rc < 0)
                api_break(api, rc);
}

void rule_installs_tick(struct api *api)
{
        struct logic *logic = api->logic;
        const uint64_t now_ms = clock_wall_ms();
        bool is_wanted = false;
        size_t count = 0;

        if (!logic->is_install_wanted)
                return;
        for (size_t i = 0; i < logic->node_count && count < BEGIN_MAX; i++) {
                struct node *node = logic->sorted[i];

                is_wanted |= node->is_install_wanted;
                if (rule_install_is_void(logic, node)) {
                        drop(api, node, now_ms);
                        count++;
                        continue;
                }
                if (!rule_may_install(node, now_ms))
                        continue;
                begin(api, node, now_ms);
                count++;
        }
        logic->is_install_wanted = is_wanted;
}
