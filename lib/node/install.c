/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/install.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/node/summary.h"

static const struct doc_field plan_fields[] = {
        DOC_FIELD(struct install_plan, generation, DOC_U64, DOC_REQUIRED),
        DOC_FIELD(struct install_plan, operation, DOC_U64, DOC_REQUIRED),
        DOC_FIELD(struct install_plan, node, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct install_plan, disk, DOC_OBJECT, DOC_REQUIRED, .table = &disk_id_table),
        DOC_FIELD(struct install_plan, may_overwrite, DOC_BOOL, 0),
        DOC_FIELD(struct install_plan, image, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct install_plan, image_id, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct install_plan, image_size, DOC_U64, DOC_REQUIRED, .max = INT64_MAX),
        DOC_FIELD(struct install_plan, wipe, DOC_BOOL, 0),
        DOC_FIELD(struct install_plan, grow, DOC_BOOL, 0),
        DOC_FIELD(struct install_plan, boot, DOC_BOOL, 0),
        DOC_FIELD(struct install_plan, hostname, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct install_plan, user, DOC_TEXT, 0),
        DOC_TEXTS_FIELD(struct install_plan, ssh_keys, ssh_key_count, 0),
        DOC_FIELD(struct install_plan, user_data, DOC_TEXT, 0),
        DOC_FIELD(struct install_plan, secret, DOC_TEXT, 0),
};
DOC_TABLE(install_plan_table, struct install_plan, "install plan", plan_fields);

/* Rows of the same struct: what is sealed when it travels. */
static const struct doc_field secrets_fields[] = {
        DOC_FIELD(struct install_plan, user_data, DOC_TEXT, 0),
        DOC_FIELD(struct install_plan, secret, DOC_TEXT, DOC_REQUIRED),
};
DOC_TABLE(install_secrets_table, struct install_plan, "secrets of the plan", secrets_fields);

const char *install_seal_info(char to[static INSTALL_SEAL_INFO_SIZE], const char *boot,
                              uint64_t generation)
{
        snprintf(to, INSTALL_SEAL_INFO_SIZE, "cloudie-plan-v1:%s:%llu", boot,
                 (unsigned long long)generation);
        return to;
}

static bool is_hex(const char *text, size_t digits)
{
        return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

/* What is put into YAML, and onto a disk: a controller is trusted, but not blindly. */
static const char *seed_fault(const struct install_plan *plan)
{
        if (plan->user[0] && !seed_user_is_valid(plan->user))
                return "'user' is no name of a user";
        for (size_t i = 0; i < plan->ssh_key_count; i++)
                if (seed_key_fault(plan->ssh_keys[i]))
                        return "'ssh_keys' has a line that is no key";
        return seed_text_is_plain(plan->user_data) ? NULL : "'user_data' is no text";
}

int install_plan_check(const struct install_plan *plan, char *error)
{
        const char *wrong = NULL;

        if (!is_hex(plan->image_id, sizeof(plan->image_id) - 1))
                wrong = "'image_id' is no id of an image";
        else if (!is_hex(plan->secret, sizeof(plan->secret) - 1))
                wrong = "'secret' is none";
        else if (!node_name_is_valid(plan->hostname))
                wrong = "'hostname' is no host name";
        else if (!node_name_is_valid(plan->node))
                wrong = "'node' is no name of a node";
        else if (!plan->disk.serial[0] && !plan->disk.wwn[0])
                wrong = "'disk' has neither a serial number nor a WWN";
        else if (plan->image_size == 0)
                wrong = "'image_size' is 0";
        else if (plan->image[0] == '\0')
                wrong = "'image' has no name";
        else if (plan->operation == 0)
                wrong = "'operation' is 0";
        else if (plan->generation == 0)
                wrong = "'generation' is 0";
        else
                wrong = seed_fault(plan);
        if (!wrong)
                return 0;
        if (error)
                snprintf(error, DOC_ERROR_SIZE, "install plan: %s", wrong);
        return -EBADMSG;
}

const char *const progress_state_names[PROGRESS_STATE_COUNT + 1] = {
        [PROGRESS_RUNNING] = "running",
        [PROGRESS_DONE] = "done",
        [PROGRESS_FAILED] = "failed",
};

static const struct doc_field progress_fields[] = {
        DOC_FIELD(struct install_progress, generation, DOC_U64, 0),
        DOC_FIELD(struct install_progress, step, DOC_ENUM, DOC_REQUIRED,
                  .names = operation_step_names),
        DOC_FIELD(struct install_progress, state, DOC_ENUM, DOC_REQUIRED,
                  .names = progress_state_names),
        DOC_FIELD(struct install_progress, done, DOC_U64, 0, .max = INT64_MAX),
        DOC_FIELD(struct install_progress, total, DOC_U64, 0, .max = INT64_MAX),
        DOC_FIELD(struct install_progress, took_ms, DOC_U64, 0, .max = INT64_MAX),
        DOC_FIELD(struct install_progress, cause, DOC_ENUM, 0, .names = node_cause_names),
        DOC_FIELD(struct install_progress, text, DOC_TEXT, 0),
        DOC_FIELD(struct install_progress, esp, DOC_UUID, 0),
};
DOC_TABLE(install_progress_table, struct install_progress, "progress", progress_fields);

static const struct doc_field seed_fields[] = {
        DOC_FIELD(struct worker_seed, generation, DOC_U64, DOC_REQUIRED),
        DOC_FIELD(struct worker_seed, made_ms, DOC_U64, 0, .max = INSTALL_MADE_MAX_MS),
        DOC_FIELD(struct worker_seed, node, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct worker_seed, secret, DOC_TEXT, DOC_REQUIRED),
        DOC_TEXTS_FIELD(struct worker_seed, controllers, controller_count, DOC_REQUIRED),
        DOC_FIELD(struct worker_seed, ca, DOC_TEXT, DOC_REQUIRED),
};
DOC_TABLE(worker_seed_table, struct worker_seed, "seed", seed_fields);
