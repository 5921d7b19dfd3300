/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The steps of an install
 *
 * Nothing is written before the disk is known to be the right one and the image
 * to be the site's and to fit. Then what makes a disk boot goes first, and comes
 * last: whatever ends the run between leaves a disk without a partition table.
 */
#include "installer/install.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"

/* clang-format off */
static const struct {
        int (*run)(struct install *in, char *text);
        size_t asked_by; /* where the plan's bool is that asks for it; 0: always */
        enum operation_step step;
        bool is_writing;
} steps[] = {
        {install_check, 0, INSTALL_CHECK, false},
        {install_image, 0, INSTALL_IMAGE, false},
        {install_wipe, offsetof(struct install_plan, wipe), INSTALL_WIPE, true},
        {install_write, 0, INSTALL_WRITE, true},
        {install_seed, 0, INSTALL_SEED, true},
        {install_table, 0, INSTALL_TABLE, true},
        {install_boot, offsetof(struct install_plan, boot), INSTALL_BOOT, true},
};
/* clang-format on */

int install_fail(struct install *in, enum node_cause cause, const char *format, ...)
{
        char text[EVENT_TEXT_SIZE], line[EVENT_TEXT_SIZE];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        report_failed(&in->report, cause, text_escape(line, sizeof(line), text));
        return -ECANCELED;
}

static bool is_asked(const struct install_plan *plan, size_t asked_by)
{
        bool is;

        if (asked_by == 0)
                return true;
        memcpy(&is, (const char *)plan + asked_by, sizeof(is));
        return is;
}

static int run_steps(struct install *in)
{
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                char text[EVENT_TEXT_SIZE] = "";
                int rc;

                if (!is_asked(&in->job->plan, steps[i].asked_by) ||
                    (steps[i].is_writing && in->options->is_dry_run))
                        continue;
                report_step(&in->report, steps[i].step);
                rc = steps[i].run(in, text);
                /* A step that forgot to say why must not end without a word. */
                if (rc < 0)
                        return install_fail(in, CAUSE_INTERNAL, "%s", strerror(-rc));
                report_done(&in->report, text);
        }
        return 0;
}

static struct install *install_free(struct install *in)
{
        image_table_free(in->table);
        image_source_done(&in->source);
        free(in->table_bytes);
        free(in->head);
        if (in->disk.fd >= 0)
                close(in->disk.fd);
        pthread_mutex_destroy(&in->report.lock);
        free(in);
        return NULL;
}
CLEANUP_DEFINE(struct install *, install_free)

int install_run(const struct job *job, const struct public_key *key,
                const struct install_options *options)
{
        CLEANUP(install_free) struct install *in = calloc(1, sizeof(*in));

        if (!in)
                return -ENOMEM;
        in->job = job;
        in->key = key;
        in->options = options;
        in->disk.fd = -EBADF;
        report_init(&in->report, STDOUT_FILENO, job->plan.generation);
        return run_steps(in);
}
