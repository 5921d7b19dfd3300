/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Driver: how one kind of BMC is spoken to, a file each. All jobs of a run share
 * one loop; a driver never waits. A job ends by exactly one power_job_end().
 */

#include <stdint.h>

#include "lib/base/loop.h"
#include "lib/doc/value.h"
#include "power/cause.h"
#include "power/target.h"

struct power_run;

struct power_job {
        struct power_run *run;
        const struct power_target *target;
        uint64_t start_ms, deadline_ms; /* monotonic */
        void *state;                    /* the driver's */
};

struct power_driver {
        const char *name;
        bool verbs[POWER_VERBS]; /* what it can do at all */
        bool devices[BOOT_DEVICES];
        /* Before the process is confined: what its libraries read. 0, -errno. */
        int (*prepare)(void);
        /* Begins. 0; -errno: it could not even begin, and the job is not ended by it. */
        int (*start)(struct power_job *job);
};

extern const struct power_driver power_ipmi;

struct loop *power_loop(struct power_run *run);
const struct power_request *power_request_of(const struct power_run *run);

/* What ends a job: its answer goes to stdout as one line. */
struct power_answer {
        enum power_cause cause;
        const char *detail;  /* one sentence; NULL: the cause says it all */
        const char *power;   /* "on", "off"; NULL: not known */
        bool is_unchanged;   /* it was so before */
        bool is_unconfirmed; /* the BMC cannot report whether it was done */
        const char *suite;   /* how the session was made; NULL: it was not */
        struct doc *more;    /* taken: further members; NULL: none */
};
void power_job_end(struct power_job *job, const struct power_answer *answer);

/* A driver may live a little longer than its job, to say good-bye. The run waits for it. */
void power_hold(struct power_run *run);
void power_let_go(struct power_run *run);
