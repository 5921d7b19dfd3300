/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What operators have done to nodes: install, retry, abort, release, retire, reserve
 *
 * An install is decided in three parts. The logic thread looks at the node, the
 * profile and the image; a reader's thread reads the inventory, which may be
 * megabytes, and picks the disk; then the logic thread looks again, as the world
 * may have moved, and begins it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/images/images.h"
#include "controller/logic/documents.h"
#include "controller/logic/nodes.h"
#include "controller/logic/operations.h"
#include "controller/logic/queue.h"
#include "controller/logic/reservation.h"
#include "controller/logic/ways.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

/* An install on its way through the threads; the first part is the body of the request. */
struct install_job {
        char profile[NODE_NAME_SIZE];
        bool erase, dry_run;

        bool is_retry;
        uint64_t node_revision; /* when it was looked at first */
        struct profile parsed;
        char profile_hash[SHA256_TEXT_SIZE];
        char image_id[IMAGE_ID_SIZE];
        uint64_t image_size;
        struct image_document image; /* what it needs */
        struct disk_id disk;
        char hostname[NODE_NAME_SIZE];
};

static const struct doc_field job_fields[] = {
        DOC_FIELD(struct install_job, profile, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct install_job, erase, DOC_BOOL, 0),
        DOC_FIELD(struct install_job, dry_run, DOC_BOOL, 0),
};
static DOC_TABLE(job_table, struct install_job, "install", job_fields, .is_strict = true);

enum problem prepare_install(struct call *call, char *detail)
{
        return prepare_table(call, &job_table, detail);
}

static enum node_way way_of(const struct install_job *job)
{
        return job->is_retry ? WAY_RETRY : WAY_INSTALL;
}

/* False: it has answered. */
static bool find_image(struct call *call, const char *name, struct image_manifest *ret)
{
        const struct install_job *job = call->data;
        char detail[2 * NODE_NAME_SIZE + 96];
        const char *what = "is broken";
        enum problem problem = PROBLEM_IMAGE_BROKEN;
        int rc = -ENOENT;

        if (call->api->images)
                rc = images_find(call->api->images, name, ret);
        if (rc == 0)
                return true;
        if (rc == -ENOENT) {
                problem = PROBLEM_IMAGE_UNKNOWN;
                what = "there is not";
        } else if (rc == -EBUSY) {
                problem = PROBLEM_BUSY;
                what = "is being replaced at this moment";
        }
        snprintf(detail, sizeof(detail), "Profile '%s' asks for image '%s', which %s.",
                 job->profile, name, what);
        call_refuse(call, problem, detail);
        return false;
}

/* Profile, image and host name; false: it has answered. */
static bool gather(struct call *call, struct install_job *job)
{
        const struct document *entry =
                document_find(call->api->logic, DOCUMENT_PROFILE, job->profile);
        struct image_manifest image = {0};
        char detail[NODE_NAME_SIZE + 32], why[SEED_WHY_SIZE];

        if (!entry) {
                snprintf(detail, sizeof(detail), "There is no profile '%s'.", job->profile);
                call_refuse(call, PROBLEM_PROFILE_UNKNOWN, detail);
                return false;
        }
        job->parsed = *entry->profile;
        if (!seed_is_known(call->api->logic, &job->parsed.seed, why)) {
                call_refuse(call, PROBLEM_REFERENCE, why);
                return false;
        }
        if (seed_hash(call->api->logic, entry, job->profile_hash) < 0) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return false;
        }
        if (profile_hostname(&job->parsed, call->match.name, job->hostname) < 0) {
                call_refuse(call, PROBLEM_HOSTNAME, NULL);
                return false;
        }
        if (!find_image(call, job->parsed.image, &image))
                return false;
        image_id(&image, job->image_id);
        job->image_size = image.size;
        job->image = image_said(call->api->logic, job->parsed.image);
        return true;
}

static struct install_request request_of(const struct call *call, const struct install_job *job)
{
        struct install_request request = {
                .is_retry = job->is_retry,
                .erase = job->erase,
                .profile = &job->parsed,
                .profile_hash = job->profile_hash,
                .image_id = job->image_id,
                .image_size = job->image_size,
                .disk = job->disk,
                .by = call->who.user,
        };

        memcpy(request.hostname, job->hostname, sizeof(request.hostname));
        return request;
}

/* Who may log in there, and what cloud-init gets. */
static void append_seed(struct doc *list, const struct seed_names *seed)
{
        char text[2 * EVENT_TEXT_SIZE];
        size_t used;

        used = (size_t)snprintf(text, sizeof(text), "Its user is %s%s%s; by SSH come%s",
                                seed->user[0] ? "'" : "the one that the image has", seed->user,
                                seed->user[0] ? "'" : "",
                                seed->ssh_key_count > 0 ? "" : " none of our keys");
        for (size_t i = 0; i < seed->ssh_key_count && used < sizeof(text); i++)
                used += (size_t)snprintf(text + used, sizeof(text) - used, "%s the key '%s'",
                                         i > 0 ? "," : "", seed->ssh_keys[i]);
        doc_append_text(list, text);
        if (!seed->user_data[0])
                return;
        snprintf(text, sizeof(text), "cloud-init gets the file '%s' as user data.",
                 seed->user_data);
        doc_append_text(list, text);
}

static struct doc *because_of(const struct node *node, const struct install_request *request)
{
        static const char *const counts[INSTALL_UNTIL_COUNT] = {
                [UNTIL_PHONE_HOME] = "It counts as deployed when cloudie-worker calls from there.",
                [UNTIL_LEASE] = "It counts as deployed when it asks for an address from there.",
                [UNTIL_OPERATOR] = "It counts as deployed when an operator says so.",
        };
        const char *overwrites = install_overwrites(node, request);
        const struct disk_id *disk = &request->disk;
        struct doc *list = doc_list();
        char text[2 * EVENT_TEXT_SIZE], size[TEXT_SIZE_MAX];

        snprintf(text, sizeof(text), "Profile '%s' asks for image '%s' (%s), of %s.",
                 request->profile->name, request->profile->image, request->image_id,
                 text_size(size, request->image_size));
        doc_append_text(list, text);
        snprintf(text, sizeof(text), "Its disk is %s: %s, serial number %s, of %s.", disk->name,
                 disk->model[0] ? disk->model : "model not known",
                 disk->serial[0] ? disk->serial : "not known", text_size(size, disk->size));
        doc_append_text(list, text);
        if (overwrites)
                snprintf(text, sizeof(text), "Whatever is on this disk will be destroyed: %s.",
                         overwrites);
        else
                snprintf(text, sizeof(text),
                         "If this disk holds anything, the install fails and leaves it as it is.");
        doc_append_text(list, text);
        snprintf(text, sizeof(text), "The installed system will be called '%s'.",
                 request->hostname);
        doc_append_text(list, text);
        append_seed(list, &request->profile->seed);
        if (request->profile->done == UNTIL_TCP) {
                snprintf(text, sizeof(text),
                         "It counts as deployed when TCP port %u answers there, at an address that "
                         "a netbootd leased it.",
                         request->profile->done_port);
                doc_append_text(list, text);
                return list;
        }
        doc_append_text(list, counts[request->profile->done]);
        if (reservation_stops(node, WAY_INSTALL, request->by)) {
                snprintf(text, sizeof(text), "It is reserved for '%s': only --force does it.",
                         node->reserved.holder);
                doc_append_text(list, text);
        }
        return list;
}

static void reply_dry_run(struct call *call, const struct node *node,
                          const struct install_request *request)
{
        struct operation operation = {.kind = OPERATION_INSTALL, .disk = request->disk};
        struct doc *answer = doc_object();

        memcpy(operation.profile, request->profile->name, sizeof(operation.profile));
        memcpy(operation.image, request->profile->image, sizeof(operation.image));
        (void)text_copy(operation.profile_hash, sizeof(operation.profile_hash),
                        request->profile_hash);
        (void)text_copy(operation.image_id, sizeof(operation.image_id), request->image_id);
        doc_set(answer, "operation", doc_encode(&operation_table, &operation));
        doc_set(answer, "because", because_of(node, request));
        reply_doc(call, 200, answer);
}

/* What stands in the way, in words. */
static const char *install_advice(struct logic *logic, const struct node *node,
                                  char to[static EVENT_TEXT_SIZE])
{
        if (node->operation.state == OPERATION_WAITING && !node->is_in_conflict) {
                queue_forecast(logic, clock_wall_ms());
                snprintf(to, EVENT_TEXT_SIZE,
                         "It waits for its turn: %llu of the queue. `cloudie operation list` shows "
                         "when that is expected; `cloudie node abort` takes it out.",
                         (unsigned long long)node->place);
                return to;
        }
        if (node->is_in_conflict)
                return "The node is in conflict, and nothing begins before that is decided: accept "
                       "it, if it is the right machine.";
        return node->is_agent_online
                       ? "Its agent is online, and begins at once."
                       : "No agent is online: power the machine on, or restart it if it runs "
                         "its own system, and let it boot from the network; it has no "
                         "BMC here.";
}

/* Logic thread: the disk is picked. */
static void install_end(void *context)
{
        struct call *call = context;
        const struct install_job *job = call->data;
        const struct install_request request = request_of(call, job);
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct node *node = call_node(call);
        struct image_manifest image = {0};
        char id[IMAGE_ID_SIZE];
        char advice[EVENT_TEXT_SIZE];
        const char *why = "";

        if (!node || !find_image(call, job->parsed.image, &image))
                return;
        image_id(&image, id);
        if (strcmp(id, job->image_id) != 0) {
                call_refuse(call, PROBLEM_VERSION, "The image was replaced at this moment.");
                return;
        }
        if (node->revision != job->node_revision) {
                call_refuse(call, PROBLEM_VERSION, "The node was changed at this moment.");
                return;
        }
        if (job->dry_run) {
                reply_dry_run(call, node, &request);
                call_send(call);
                return;
        }
        if (!change) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        if (operation_begin(call->api->logic, node, &request, clock_wall_ms(), change, &why) < 0) {
                call_refuse_way(call, node, way_of(job), why);
                return;
        }
        reply_node(call, node, install_advice(call->api->logic, node, advice));
        call_commit(call, TAKE_PTR(change));
}

/* The first sentence that stands in the way; PROBLEM_NONE: a disk is picked. */
static enum problem pick_disk(struct store_reader *reader, const char *node,
                              struct install_job *job, char why[static PROFILE_WHY_SIZE])
{
        _free_ char *text = NULL;
        _doc_ struct doc *inventory = NULL;
        int rc;

        why[0] = '\0';
        rc = store_read_inventory(reader, node, &text);
        if (rc < 0)
                return rc == -ENOENT ? PROBLEM_INVENTORY_NONE : PROBLEM_STORE;
        rc = doc_parse(text, strlen(text), &doc_limits_inventory, NULL, &inventory);
        if (rc == 0)
                rc = image_pick_disk(&job->image, &job->parsed, inventory, job->image_size, why,
                                     &job->disk);
        if (rc == 0)
                return PROBLEM_NONE;
        if (rc == -ENODEV)
                return PROBLEM_DISK_NONE;
        return rc == -ENOEXEC ? PROBLEM_MACHINE_UNFIT : PROBLEM_NO_MEMORY;
}

/* Reader's thread. */
static void read_and_pick(struct store_reader *reader, void *context)
{
        struct call *call = context;
        char why[PROFILE_WHY_SIZE];
        enum problem problem;

        problem = pick_disk(reader, call->match.name, call->data, why);
        if (problem == PROBLEM_NONE)
                call_post(call, install_end);
        else
                call_refuse(call, problem, why[0] ? why : NULL);
}

static void install_begin(struct call *call, struct node *node, struct install_job *job)
{
        const char *why = "";

        /* What it would do may be asked at any time. */
        if (!job->dry_run && !call_may_begin(call, node, way_of(job)))
                return;
        if (node_may_go(node, way_of(job), &why) < 0) {
                call_refuse_way(call, node, way_of(job), why);
                return;
        }
        job->node_revision = node->revision;
        if (gather(call, job))
                call_read(call, read_and_pick);
}

void handle_node_install(struct call *call)
{
        struct node *node = call_node_to_change(call);

        if (node)
                install_begin(call, node, call->data);
}

void handle_node_retry(struct call *call)
{
        struct node *node = call_node_to_change(call);
        struct install_job *job;

        if (!node)
                return;
        if (node->operation.number == 0) {
                call_refuse(call, PROBLEM_OPERATION_NONE, "Nothing was ever done to this node.");
                return;
        }
        job = calloc(1, sizeof(*job));
        call->data = job;
        if (!job) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        job->is_retry = true;
        memcpy(job->profile, node->operation.profile, sizeof(job->profile));
        install_begin(call, node, job);
}

static const char *abort_advice(const struct node *node)
{
        if (node->operation.step <= INSTALL_AGENT)
                return "No agent had begun: nothing needs to be done on the machine.";
        if (node->operation.step == INSTALL_PHONE_HOME)
                return "Restart the machine to have it run the agent; what it boots from its disk "
                       "is not believed any more.";
        if (node->is_agent_online)
                return "Its agent stops as soon as it reports.";
        return "No agent is online to stop it: power the machine off, or restart it; it has no BMC "
               "here.";
}

void handle_node_abort(struct call *call)
{
        struct node *node = NULL;
        struct store_change *change = call_take_way(call, WAY_ABORT, operation_abort, &node);

        if (!change)
                return;
        reply_node(call, node, abort_advice(node));
        call_commit(call, change);
}

void handle_node_deployed(struct call *call)
{
        struct node *node = NULL;
        struct store_change *change = call_take_way(call, WAY_INSTALLED, operation_confirm, &node);

        if (!change)
                return;
        reply_node(call, node, NULL);
        call_commit(call, change);
}

void handle_node_release(struct call *call)
{
        struct node *node = NULL;
        struct store_change *change = call_take_way(call, WAY_RELEASE, operation_release, &node);

        if (!change)
                return;
        reply_node(call, node,
                   "Restart the machine to have it run the agent; nothing of Cloudie can restart "
                   "it.");
        call_commit(call, change);
}

void handle_node_retire(struct call *call)
{
        struct node *node = NULL;
        struct store_change *change = call_take_way(call, WAY_RETIRE, operation_retire, &node);

        if (!change)
                return;
        reply_node(call, node,
                   "It is left alone from now on: power it off, and take it out, when you like; "
                   "nothing of Cloudie can power it off.");
        call_commit(call, change);
}

void handle_node_unretire(struct call *call)
{
        struct node *node = NULL;
        struct store_change *change = call_take_way(call, WAY_UNRETIRE, operation_unretire, &node);

        if (!change)
                return;
        reply_node(call, node,
                   "It is held, as a machine that was just discovered: accept it to use it.");
        call_commit(call, change);
}

/* POST /api/v1/nodes/NAME/reserve */
struct reserve_wish {
        char holder[AUTH_USER_SIZE];
        char reason[EVENT_TEXT_SIZE / 2];
};
static const struct doc_field reserve_fields[] = {
        DOC_FIELD(struct reserve_wish, holder, DOC_TEXT, 0),
        DOC_FIELD(struct reserve_wish, reason, DOC_TEXT, 0),
};
static DOC_TABLE(reserve_table, struct reserve_wish, "reserve", reserve_fields, .is_strict = true);

enum problem prepare_reserve(struct call *call, char *detail)
{
        return prepare_table(call, &reserve_table, detail);
}

void handle_node_reserve(struct call *call)
{
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        const struct reserve_wish *wish = call->data; /* gone with the call, if it is refused */
        struct node *node = call_node_to_change(call);
        const char *why = "";

        if (!node || !call_may_begin(call, node, WAY_RESERVE))
                return;
        if (!change) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        if (reservation_begin(
                    call->api->logic, node,
                    &(struct reservation_word){wish->holder, wish->reason, call->who.user},
                    clock_wall_ms(), change, &why) < 0) {
                call_refuse_way(call, node, WAY_RESERVE, why);
                return;
        }
        reply_node(call, node,
                   "Nobody else installs, retires or gives it back, but by force. It boots from "
                   "its disk until it is installed.");
        call_commit(call, TAKE_PTR(change));
}

void handle_node_unreserve(struct call *call)
{
        struct node *node = NULL;
        struct store_change *change = call_take_way(call, WAY_UNRESERVE, reservation_end, &node);

        if (!change)
                return;
        reply_node(call, node,
                   node->is_agent_online
                           ? NULL
                           : "Restart the machine to have it run the agent; nothing of Cloudie "
                             "can restart it.");
        call_commit(call, change);
}
