/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/manifest.h"
#include "lib/doc/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted may be calculated with, and is the same when it is written and read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct image_manifest manifest, again;
        char error[DOC_ERROR_SIZE], id[IMAGE_ID_SIZE];
        _free_ char *text = NULL;
        uint64_t count;

        if (image_manifest_parse((const char *)data, size, error, &manifest) < 0)
                return 0;
        count = image_frame_count(&manifest);
        image_id(&manifest, id);
        if (count == 0 || count > IMAGE_FRAMES_MAX || !image_id_is_valid(id) ||
            image_frame_size(&manifest, count - 1) == 0 ||
            image_table_offset(&manifest) < IMAGE_TABLE_HEAD + count ||
            image_table_offset(&manifest) > manifest.stored_size)
                abort();
        if (image_manifest_print(&manifest, &text) < 0)
                abort();
        memset(&again, 0, sizeof(again));
        if (image_manifest_parse(text, strlen(text), error, &again) < 0 ||
            strcmp(again.name, manifest.name) != 0 || strcmp(again.os, manifest.os) != 0 ||
            again.size != manifest.size || again.stored_size != manifest.stored_size)
                abort();
        return 0;
}
