/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/job.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static const struct doc_field job_fields[] = {
        DOC_FIELD(struct job, plan, DOC_OBJECT, DOC_REQUIRED, .table = &install_plan_table),
        DOC_FIELD(struct job, edge, DOC_TEXT, DOC_REQUIRED),
        DOC_TEXTS_FIELD(struct job, controllers, controller_count, DOC_REQUIRED),
        DOC_FIELD(struct job, ca, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct job, signing_key, DOC_TEXT, DOC_REQUIRED),
};
DOC_TABLE(job_table, struct job, "job", job_fields);

static int refuse(char *error, const char *why)
{
        if (error)
                snprintf(error, DOC_ERROR_SIZE, "job: %s", why);
        return -EBADMSG;
}

int job_parse(const char *text, size_t size, char *error, struct job *ret,
              struct public_key *ret_key)
{
        const struct doc_limits limits = {.size = JOB_MAX_SIZE, .depth = 8, .count = 256};
        int rc;

        rc = doc_decode_text(&job_table, text, size, &limits, error, ret);
        if (rc >= 0)
                rc = install_plan_check(&ret->plan, error);
        if (rc < 0)
                return rc;
        /* What is fetched from there is signed; the way there need not be secret. */
        if (!text_has_prefix(ret->edge, "http://") && !text_has_prefix(ret->edge, "https://"))
                return refuse(error, "'edge' is not an http:// URL");
        for (size_t i = 0; i < ret->controller_count; i++)
                if (!text_has_prefix(ret->controllers[i], "https://"))
                        return refuse(error, "a controller is not an https:// URL");
        if (minisign_public_parse(ret->signing_key, ret_key) < 0)
                return refuse(error, "'signing_key' is not a minisign public key");
        return 0;
}
