/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

/* One write a line: below PIPE_BUF it arrives whole. Nobody reads any more: the install goes on. */
static void tell(struct report *report)
{
        _doc_ struct doc *object = doc_encode(&install_progress_table, &report->now);
        _free_ char *text = NULL;
        char line[2048];
        int size;

        report->told_ms = clock_monotonic_ms();
        if (doc_print(object, DOC_COMPACT, &text) < 0)
                return;
        size = snprintf(line, sizeof(line), "%s\n", text);
        if (size < 0 || (size_t)size >= sizeof(line))
                return;
        while (write(report->fd, line, (size_t)size) < 0 && errno == EINTR)
                ;
}

void report_init(struct report *report, int fd, uint64_t generation)
{
        *report = (struct report){.fd = fd, .now.generation = generation};
        pthread_mutex_init(&report->lock, NULL);
}

void report_step(struct report *report, enum operation_step step)
{
        pthread_mutex_lock(&report->lock);
        report->now = (struct install_progress){.generation = report->now.generation,
                                                .step = step,
                                                .state = PROGRESS_RUNNING,
                                                .esp = report->now.esp};
        report->step_started_ms = clock_monotonic_ms();
        tell(report);
        pthread_mutex_unlock(&report->lock);
}

void report_esp(struct report *report, const struct uuid *esp)
{
        pthread_mutex_lock(&report->lock);
        report->now.esp = *esp;
        pthread_mutex_unlock(&report->lock);
}

void report_bytes(struct report *report, uint64_t done, uint64_t total)
{
        pthread_mutex_lock(&report->lock);
        report->now.done = done;
        report->now.total = total;
        if (!report->is_failed && clock_monotonic_ms() - report->told_ms >= REPORT_PAUSE_MS)
                tell(report);
        pthread_mutex_unlock(&report->lock);
}

/* Called locked. */
static void end_step(struct report *report, enum progress_state state, enum node_cause cause,
                     const char *text)
{
        report->now.state = state;
        report->now.cause = cause;
        report->now.took_ms = clock_monotonic_ms() - report->step_started_ms;
        snprintf(report->now.text, sizeof(report->now.text), "%s", text);
        tell(report);
}

void report_done(struct report *report, const char *text)
{
        pthread_mutex_lock(&report->lock);
        end_step(report, PROGRESS_DONE, CAUSE_NONE, text);
        pthread_mutex_unlock(&report->lock);
}

void report_failed(struct report *report, enum node_cause cause, const char *text)
{
        pthread_mutex_lock(&report->lock);
        if (!report->is_failed)
                end_step(report, PROGRESS_FAILED, cause, text);
        report->is_failed = true;
        pthread_mutex_unlock(&report->lock);
}
