/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside controller/store only, but for tests that look at what a change holds. */

#include "controller/store/engine.h"

struct store_change {
        struct list link; /* in the queue */
        struct op *first, **last;
        size_t count, bytes;
        bool is_failed; /* a row is missing: it must not be committed */
        store_done_fn done;
        void *context;
};
