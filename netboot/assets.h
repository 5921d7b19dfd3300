/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Assets: the netboot package that we serve, kept in a folder of ours and equal
 * to the controller's. A file is served only if its SHA-256 is the manifest's, and as long as it is
 * the file that was hashed; one that was changed is hashed, and fetched, with the next sync.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/fetch/fetch.h"
#include "lib/node/wire.h"
#include "lib/serve/serve.h"

#define ASSETS_MANIFEST  "manifest.json"
#define ASSETS_SIGNATURE "manifest.json.minisig"
#define ASSETS_SITE      "site.cpio"

struct assets;

/* @path: the folder; made if missing. 0, -ENOMEM, -errno. */
int assets_new(const char *path, struct assets **ret);
struct assets *assets_free(struct assets *assets);

/* What is in the folder from last time: hashed; a file that is not whole is not served until the
 * controller was asked. 0, or -ENOENT: no manifest yet. */
int assets_load(struct assets *assets);

/**
 * assets_sync() - become equal to the controller's package
 * @base_url:  ".../edge/v1/assets"
 * @error:     FETCH_ERROR_SIZE bytes: one sentence on failure
 *
 * Each file is written beside the old one and verified; when all are there they take their names at
 * once, and the manifest comes last. Files that are right already are not fetched.
 *
 * Return: 1 if something changed, 0 if not, or -errno; the old files then stand.
 */
int assets_sync(struct assets *assets, struct fetch *fetch, const char *base_url,
                const char *credential, char *error);

/* What is served under a name. */
struct asset_file {
        int fd; /* the caller's to close */
        uint64_t size;
        char etag[72]; /* with its quotes */
        bool has_role;
        enum asset_role role; /* absent for manifest, signature and site.cpio */
};

/* Any thread. 0, -ENOENT: not ours to serve; -errno of opening. */
int assets_open(struct assets *assets, const char *name, struct asset_file *ret);

/* The same for HTTP: what stays open from one request to the next. @ret has no descriptor;
 * @ret_file is the caller's to unref. Also -ENOMEM, -EIO. */
int assets_serve(struct assets *assets, const char *name, struct asset_file *ret,
                 struct serve_file **ret_file);

/* The name of the file of a role. -ENOENT. */
int assets_name_of(struct assets *assets, enum asset_role role, char ret[static WIRE_NAME_SIZE]);
/* There is all that a machine needs to boot: kernel, ramdisk, site.cpio. */
bool assets_are_ready(struct assets *assets);
