/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "power/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "power/driver.h"

struct power_run {
        struct loop *loop;
        const struct power_request *request;
        struct power_job *jobs;
        size_t next, in_flight, held;
        int out;
        int rc;
};

static const struct power_driver *const drivers[POWER_DRIVERS] = {
        [DRIVER_IPMI] = &power_ipmi,
};

CLEANUP_DEFINE(struct loop *, loop_free)

struct loop *power_loop(struct power_run *run)
{
        return run->loop;
}

const struct power_request *power_request_of(const struct power_run *run)
{
        return run->request;
}

static void stop_when_done(struct power_run *run)
{
        if (run->next == run->request->count && run->in_flight == 0 && run->held == 0)
                loop_stop(run->loop);
}

static int write_line(int fd, const char *text)
{
        size_t left = strlen(text);

        while (left > 0) {
                const ssize_t done = write(fd, text, left);

                if (done < 0 && errno == EINTR)
                        continue;
                if (done < 0)
                        return -errno;
                text += done;
                left -= (size_t)done;
        }
        return 0;
}

static int tell(const struct power_job *job, const struct power_answer *answer)
{
        const struct power_request *request = job->run->request;
        _doc_ struct doc *line = doc_object();
        _free_ char *text = NULL, *with_newline = NULL;
        int rc;

        doc_set_text(line, "id", job->target->id);
        doc_set_text(line, "verb", power_verb_names[request->verb]);
        doc_set_bool(line, "ok", answer->cause == POWER_OK);
        if (answer->cause != POWER_OK) {
                doc_set_text(line, "cause", power_cause_name(answer->cause));
                doc_set_text(line, "detail", answer->detail);
                doc_set_text(line, "hint", power_cause_hint(answer->cause));
        } else if (request->verb != VERB_STATUS && request->verb != VERB_INFO) {
                doc_set_bool(line, "changed", !answer->is_unchanged);
                doc_set_bool(line, "confirmed", !answer->is_unconfirmed);
                doc_set_text(line, "detail", answer->detail);
        }
        doc_set_text(line, "power", answer->power);
        doc_set_text(line, "suite", answer->suite);
        doc_set(line, "more", answer->more);
        doc_set_number(line, "took_ms", (int64_t)(clock_monotonic_ms() - job->start_ms));
        rc = doc_print(line, DOC_COMPACT, &text);
        if (rc < 0)
                return rc;
        if (asprintf(&with_newline, "%s\n", text) < 0) {
                with_newline = NULL;
                return -ENOMEM;
        }
        return write_line(job->run->out, with_newline);
}

static void start_more(struct power_run *run);

static void start_posted(void *context)
{
        start_more(context);
}

void power_job_end(struct power_job *job, const struct power_answer *answer)
{
        struct power_run *run = job->run;
        int rc = tell(job, answer);

        run->in_flight--;
        if (rc == 0 && run->next < run->request->count)
                rc = loop_post(run->loop, start_posted, run);
        if (rc < 0) { /* nobody listens any more, or no memory */
                run->rc = rc;
                loop_stop(run->loop);
                return;
        }
        stop_when_done(run);
}

void power_hold(struct power_run *run)
{
        run->held++;
}

void power_let_go(struct power_run *run)
{
        run->held--;
        stop_when_done(run);
}

static bool is_possible(const struct power_driver *driver, const struct power_request *request)
{
        return driver && driver->verbs[request->verb] &&
               (request->verb != VERB_BOOT || driver->devices[request->boot_device]);
}

static void start(struct power_run *run, struct power_job *job)
{
        const struct power_driver *driver = drivers[job->target->driver];
        const uint64_t now = clock_monotonic_ms();

        job->run = run;
        job->start_ms = now;
        job->deadline_ms = now + run->request->deadline_ms;
        run->in_flight++;
        if (!is_possible(driver, run->request))
                power_job_end(job,
                              &(struct power_answer){.cause = POWER_UNSUPPORTED,
                                                     .detail = "This driver has no such command"});
        else if (driver->start(job) < 0)
                power_job_end(job, &(struct power_answer){.cause = POWER_OURS});
}

static void start_more(struct power_run *run)
{
        while (run->next < run->request->count && run->in_flight < POWER_IN_FLIGHT_MAX &&
               run->rc == 0) {
                struct power_job *job = &run->jobs[run->next];

                job->target = &run->request->targets[run->next];
                run->next++;
                start(run, job);
        }
}

int power_prepare(void)
{
        int rc = 0;

        for (size_t i = 0; i < ARRAY_SIZE(drivers) && rc == 0; i++)
                if (drivers[i])
                        rc = drivers[i]->prepare();
        return rc;
}

int power_run(const struct power_request *request, int out)
{
        struct power_run run = {.request = request, .out = out};
        CLEANUP(loop_free) struct loop *loop = NULL;
        _free_ struct power_job *jobs = calloc(request->count, sizeof(*jobs));
        int rc;

        if (!jobs)
                return -ENOMEM;
        rc = loop_new(&loop);
        if (rc < 0)
                return rc;
        run.loop = loop;
        run.jobs = jobs;
        rc = loop_post(loop, start_posted, &run);
        if (rc < 0)
                return rc;
        rc = loop_run(loop);
        return rc < 0 ? rc : run.rc;
}
