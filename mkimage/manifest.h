/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * manifest.json: what the package holds, with sizes and hashes. cloudied signs
 * its exact bytes; firmware and agent trust a file by it. Nothing in it tells of
 * time or place, so that the same package has the same manifest.
 */

#include "lib/doc/value.h"

struct manifest_file {
        const char *name;
        const char *role; /* as asset_role_names of lib/node/wire.h */
};

/**
 * manifest_write() - hash the files of a folder and write its manifest.json
 * @manifest:  object with whatever else it says; "files" is added
 * @error:     MKIMAGE_ERROR_SIZE bytes
 *
 * Return: 0 or -errno.
 */
int manifest_write(struct doc *manifest, const struct manifest_file *files, size_t count,
                   const char *folder, char *error);

#define MANIFEST_NAME "manifest.json"
