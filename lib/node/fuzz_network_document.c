/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whatever is understood can be served, and its name is one. */
#include <stdlib.h>
#include <string.h>

#include "lib/node/network_document.h"
#include "lib/node/seed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _doc_ struct doc *document = NULL;
        struct edge_network network;
        const struct edge_config config = {.networks = &network, .network_count = 1};

        if (doc_parse((const char *)data, size, &doc_limits_message, NULL, &document) < 0 ||
            network_document_decode(document, NULL, &network) < 0)
                return 0;
        if (edge_config_check(&config, NULL) < 0 || !seed_name_is_valid(network.name))
                abort();
        return 0;
}
