/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Crew: probes run in a process of their own, so that a device that hangs in the
 * kernel costs its own answer and nothing else.
 *
 * One worker asks everything, in order. Where it stalls at a device, it is left
 * waiting there and a second one goes on behind that device: devices that hang
 * wait beside each other, each with its own deadline. A worker that crashes is
 * replaced in the same way.
 */

#include "discover/probe.h"
#include "discover/snapshot.h"

struct crew_times {
        unsigned stall_ms;  /* at one device, before another worker goes on without it */
        unsigned device_ms; /* after which a device is given up */
        unsigned total_ms;  /* after which everything is */
};
extern const struct crew_times crew_times_default;

struct crew_job;
struct crew_result;
typedef void (*crew_complete_fn)(const struct crew_job *job, struct crew_result *results);

struct crew_job {
        const struct probe *probes;
        size_t count;
        const struct slow_probe *slow; /* what runs beside them */
        size_t slow_count;
        const char *only; /* names with commas; NULL: all */
        struct tree *tree;
        const struct crew_times *times;
        struct snapshot *snapshot; /* gets what the probes read; NULL: nobody wants it */
        crew_complete_fn complete; /* adds what takes all of them; NULL: nothing */
};

/* What came back of one probe; the caller's. */
struct crew_result {
        struct doc *section; /* NULL: the probe did not end */
        struct doc *items, *errors;
};

#define CREW_PROBES_MAX 32

/**
 * crew_run() - run the wanted probes
 * @results:      one a probe, in its order, and then one a slow probe
 * @ret_partial:  something was given up, and stands in the errors
 *
 * Return: 0, -ENOMEM, -E2BIG above CREW_PROBES_MAX.
 */
int crew_run(const struct crew_job *job, struct crew_result *results, bool *ret_partial);

bool crew_is_wanted(const char *only, const char *name);

/* All of it put together, as the probes' fields say. NULL without memory. */
struct doc *crew_inventory(const struct crew_job *job);
