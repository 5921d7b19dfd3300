/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Report: what cloudie-install prints, a line of JSON a piece of news. Any thread may report. */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/node/install.h"

#define REPORT_PAUSE_MS 500 /* bytes at most so often: what a person can follow */

struct report {
        int fd;
        pthread_mutex_t lock; /* guards all below */
        struct install_progress now;
        uint64_t step_started_ms, told_ms;
        bool is_failed;
};

void report_init(struct report *report, int fd, uint64_t generation);
void report_step(struct report *report, enum operation_step step);
/* Of the disk as it is now: it stands in all that follows. */
void report_esp(struct report *report, const struct uuid *esp);
/* Told when the last line is REPORT_PAUSE_MS old. */
void report_bytes(struct report *report, uint64_t done, uint64_t total);
void report_done(struct report *report, const char *text);
/* The first failure is told; later ones are not. */
void report_failed(struct report *report, enum node_cause cause, const char *text);
