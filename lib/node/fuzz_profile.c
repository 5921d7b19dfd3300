/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An operator's text: a profile whose every field can be used, or a sentence. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/node/profile.h"
#include "lib/node/summary.h"
#include "lib/node/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct profile *profile)
{
        char name[NODE_NAME_SIZE];

        if (!node_name_is_valid(profile->name) || !asset_name_is_safe(profile->image) ||
            profile_hostname(profile, "x", name) < 0 || !node_name_is_valid(name) ||
            profile->pick >= DISK_PICK_COUNT || profile->holding >= DISK_HOLDING_COUNT)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char error[DOC_ERROR_SIZE] = "", why[PROFILE_WHY_SIZE];
        struct profile profile = {0};
        struct doc *document = NULL;
        struct disk_id disk = {0};

        if (doc_parse_yaml((const char *)data, size, &doc_limits_message, NULL, &document) < 0)
                return 0;
        if (profile_decode(document, error, &profile) == 0)
                use(&profile);
        else if (!error[0] || strlen(error) >= sizeof(error))
                abort();
        /* The same text as an inventory: a disk by which it can be found again, or a sentence. */
        if (profile_pick_disk(&profile, document, 4096, why, &disk) < 0) {
                if (!why[0] || strlen(why) >= sizeof(why))
                        abort();
        } else if ((!disk.serial[0] && !disk.wwn[0]) || disk.size < 4096) {
                abort();
        }
        doc_free(document);
        return 0;
}
