/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/node/wire.h"

const char *const asset_role_names[ROLE_COUNT + 1] = {
        [ROLE_KERNEL] = "kernel",
        [ROLE_RAMDISK] = "ramdisk",
        [ROLE_STAGE_TWO] = "stage-two",
        [ROLE_LOADER] = "loader",
        [ROLE_SECOND_LOADER] = "second-loader",
        [ROLE_BOOT_IMAGE] = "boot-image",
};

static const struct doc_field asset_fields[] = {
        DOC_FIELD(struct asset, name, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct asset, size, DOC_U64, DOC_REQUIRED, .max = (uint64_t)1 << 32),
        DOC_FIELD(struct asset, sha256, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct asset, role, DOC_ENUM, DOC_REQUIRED, .names = asset_role_names),
};
static DOC_TABLE(asset_table, struct asset, "file", asset_fields);

static const struct doc_field manifest_fields[] = {
        DOC_FIELD(struct asset_manifest, kernel_version, DOC_TEXT, 0),
        DOC_LIST_FIELD(struct asset_manifest, files, count, DOC_REQUIRED, &asset_table),
};
static DOC_TABLE(manifest_table, struct asset_manifest, "manifest", manifest_fields);

bool asset_name_is_safe(const char *name)
{
        const size_t len = strlen(name);

        return len > 0 && len < WIRE_NAME_SIZE && name[0] != '.' &&
               strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == len;
}

int asset_manifest_decode(const struct doc *object, char *error, struct asset_manifest *ret)
{
        struct asset_manifest manifest = {0};
        uint8_t hash[32];
        int rc;

        rc = doc_decode(&manifest_table, object, error, &manifest);
        if (rc < 0)
                return rc;

        for (size_t i = 0; i < manifest.count; i++) {
                const struct asset *file = &manifest.files[i];

                if (asset_name_is_safe(file->name) && strlen(file->sha256) == 2 * sizeof(hash) &&
                    text_unhex(file->sha256, hash, sizeof(hash)) == 0 &&
                    asset_manifest_find(&manifest, file->name) == file)
                        continue;
                if (error)
                        snprintf(error, DOC_ERROR_SIZE,
                                 "manifest: file %zu has an unsafe or repeated name, or no SHA-256",
                                 i);
                return -EBADMSG;
        }

        *ret = manifest;
        return 0;
}

const struct asset *asset_manifest_find(const struct asset_manifest *manifest, const char *name)
{
        for (size_t i = 0; i < manifest->count; i++)
                if (strcmp(manifest->files[i].name, name) == 0)
                        return &manifest->files[i];
        return NULL;
}

const struct asset *asset_manifest_role(const struct asset_manifest *manifest, enum asset_role role)
{
        for (size_t i = 0; i < manifest->count; i++)
                if (manifest->files[i].role == role)
                        return &manifest->files[i];
        return NULL;
}
