/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Whatever a file says, what comes out of it without a 'wrong' is what a netbootd can serve. */

#include <stdint.h>
#include <stdlib.h>

#include "cli/migrate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline int fuzz_migrate(void (*read)(struct migration *m, const char *text, size_t size),
                               const uint8_t *data, size_t size)
{
        CLEANUP(migration_free) struct migration *m = migration_new(1795168800);
        _doc_ struct doc *networks = NULL, *reservations = NULL, *rules = NULL;

        if (!m || migrate_file_begin(m, "file") < 0)
                return 0;
        read(m, (const char *)data, size);
        migrate_finish(m, NULL);
        networks = migrate_networks_doc(m);
        reservations = migrate_reservations_doc(m);
        rules = migrate_rules_doc(m);
        if (doc_count(networks) != m->network_count ||
            doc_count(reservations) + doc_count(rules) > 2 * m->machine_count)
                abort();
        for (size_t i = 0; m->wrong_count == 0 && i < m->network_count; i++) {
                const struct edge_config alone = {.networks = &m->networks[i].is,
                                                  .network_count = 1};

                if (edge_config_check(&alone, NULL) < 0)
                        abort();
        }
        return 0;
}
