/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* /metrics of an edge, in the text format of Prometheus. Pure. */

#include <stdbool.h>

#include "lib/base/buffer.h"
#include "lib/node/lease_report.h"

struct metrics {
        bool is_healthy;        /* as /healthz says */
        bool is_journal_broken; /* no lease is given */
        size_t event_count;     /* that wait for the controller */
        size_t pool_count;
        struct lease_pool pools[LEASE_POOLS_MAX];
};

void metrics_write(const struct metrics *metrics, struct buffer *to);
