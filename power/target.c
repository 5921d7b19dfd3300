/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "power/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/doc/table.h"

#define IDENTIFY_MAX_S 254 /* 255 is for ever */

const char *const power_verb_names[POWER_VERBS + 1] = {
        "status", "on", "off", "cycle", "reset", "soft", "diag", "boot", "identify", "info", NULL};
const char *const boot_device_names[BOOT_DEVICES + 1] = {NULL,   "none", "disk",  "pxe",
                                                         "http", "bios", "cdrom", NULL};
static const char *const driver_names[POWER_DRIVERS + 1] = {"none", "ipmi", NULL};

static const struct doc_field target_fields[] = {
        DOC_FIELD(struct power_target, id, DOC_TEXT, DOC_REQUIRED,
                  .help = "goes back with the answer"),
        DOC_FIELD(struct power_target, driver, DOC_ENUM, DOC_REQUIRED, .names = driver_names),
        DOC_FIELD(struct power_target, address, DOC_IP, DOC_REQUIRED),
        DOC_FIELD(struct power_target, port, DOC_U32, 0, .max = 65535),
        DOC_FIELD(struct power_target, user, DOC_TEXT, 0),
        DOC_FIELD(struct power_target, password, DOC_TEXT, 0),
        DOC_FIELD(struct power_target, key, DOC_TEXT, 0, .help = "K_g"),
        DOC_FIELD(struct power_target, privilege, DOC_TEXT, 0),
        DOC_FIELD(struct power_target, suite, DOC_U32, 0, .max = 255),
};
static DOC_TABLE(target_table, struct power_target, NULL, target_fields, .is_strict = true);

/* As it is written; the rest of the program reads struct power_request. */
struct head {
        unsigned verb, device;
        uint32_t deadline_ms, identify_s;
        bool persistent, uefi;
        struct doc *targets;
};

static const struct doc_field head_fields[] = {
        DOC_FIELD(struct head, verb, DOC_ENUM, DOC_REQUIRED, .names = power_verb_names),
        DOC_FIELD(struct head, device, DOC_ENUM, 0, .names = boot_device_names),
        DOC_FIELD(struct head, deadline_ms, DOC_U32, 0, .max = POWER_DEADLINE_MAX_MS),
        DOC_FIELD(struct head, identify_s, DOC_U32, 0, .max = IDENTIFY_MAX_S),
        DOC_FIELD(struct head, persistent, DOC_BOOL, 0),
        DOC_FIELD(struct head, uefi, DOC_BOOL, 0),
        DOC_FIELD(struct head, targets, DOC_TREE, DOC_REQUIRED),
};
static DOC_TABLE(head_table, struct head, NULL, head_fields, .is_strict = true);

static const struct doc_limits limits = {
        .size = POWER_REQUEST_SIZE_MAX, .depth = 4, .count = (size_t)POWER_TARGETS_MAX * 12};

void power_request_done(struct power_request *request)
{
        if (request->targets)
                explicit_bzero(request->targets, request->count * sizeof(*request->targets));
        free(request->targets);
        *request = (struct power_request){0};
}

static int take_targets(const struct doc *list, char *error, struct power_request *request)
{
        char why[DOC_ERROR_SIZE];
        int rc;

        if (!doc_is_list(list) || doc_count(list) == 0) {
                (void)snprintf(error, DOC_ERROR_SIZE, "'targets' is not a list with members");
                return -EBADMSG;
        }
        if (doc_count(list) > POWER_TARGETS_MAX) {
                (void)snprintf(error, DOC_ERROR_SIZE, "more than %d targets", POWER_TARGETS_MAX);
                return -E2BIG;
        }
        request->targets = calloc(doc_count(list), sizeof(*request->targets));
        if (!request->targets)
                return -ENOMEM;
        request->count = doc_count(list);
        for (size_t i = 0; i < request->count; i++) {
                rc = doc_decode(&target_table, doc_at(list, i), why, &request->targets[i]);
                if (rc < 0) {
                        (void)snprintf(error, DOC_ERROR_SIZE, "target %zu: %.160s", i, why);
                        return rc;
                }
        }
        return 0;
}

int power_request_parse(const char *text, size_t size, char *error, struct power_request *ret)
{
        struct head head = {.deadline_ms = POWER_DEADLINE_MS};
        struct power_request request;
        int rc;

        rc = doc_decode_text(&head_table, text, size, &limits, error, &head);
        request = (struct power_request){
                .verb = head.verb,
                .deadline_ms = head.deadline_ms,
                .boot_device = head.device,
                .is_persistent = head.persistent,
                .is_uefi = head.uefi,
                .identify_s = head.identify_s,
        };
        if (rc == 0)
                rc = take_targets(head.targets, error, &request);
        if (rc == 0 && request.verb == VERB_BOOT && request.boot_device == BOOT_UNSAID) {
                (void)snprintf(error, DOC_ERROR_SIZE, "'boot' needs a device");
                rc = -EBADMSG;
        }
        doc_release(&head_table, &head);
        if (rc < 0) {
                power_request_done(&request);
                return rc;
        }
        *ret = request;
        return 0;
}
