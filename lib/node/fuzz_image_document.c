/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is understood is bounded, and a machine that is refused is told why. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/node/image_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct profile profile = {.pick = PICK_FIRST};
        _doc_ struct doc *document = NULL;
        struct image_document image;
        struct disk_id disk;
        char why[PROFILE_WHY_SIZE] = "";

        if (doc_parse((const char *)data, size, &doc_limits_message, NULL, &document) < 0 ||
            image_document_decode(document, NULL, &image) < 0)
                return 0;
        if (!image.name[0] || image.disk_bytes > INT64_MAX || image.memory_bytes > INT64_MAX)
                abort();
        /* The same text stands for the machine: it is nobody's inventory. */
        if (image_pick_disk(&image, &profile, document, 1, why, &disk) == 0 || !why[0])
                abort();
        return 0;
}
