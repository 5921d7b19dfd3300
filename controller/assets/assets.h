/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Assets: the files that netbootd serves to machines. Those of the netboot
 * package are checked against its manifest once, at the start; the manifest is
 * signed with this site's key. Read by many threads, never changed.
 */

#include <stddef.h>
#include <stdint.h>

#include "controller/assets/site.h"
#include "lib/base/cleanup.h"
#include "lib/trust/signature.h"

#define ASSETS_ERROR_SIZE 512

struct assets;

struct assets_options {
        const char *package; /* folder with manifest.json; NULL or "": none, only site.cpio */
        const char *own;     /* folder for what we make: site.cpio, manifest.json.minisig */
        const struct signing_key *key;
        struct site_facts site;
};

/**
 * assets_open() - check the package, sign its manifest, make site.cpio
 * @error:  ASSETS_ERROR_SIZE bytes: one sentence that names the file
 *
 * Return: 0; -ENOENT: a file is missing; -EBADMSG: a file or the manifest is not what it should
 *         be; -errno.
 */
int assets_open(const struct assets_options *options, char *error, struct assets **ret);
struct assets *assets_free(struct assets *assets);
CLEANUP_DEFINE(struct assets *, assets_free)

#define ASSET_ETAG_SIZE 68 /* a SHA-256 in hex between quotes */

/* 0; -ENOENT: no such asset; -ESTALE: the file is not the one that was checked; -errno. */
int assets_file(const struct assets *assets, const char *name, int *ret_fd,
                char ret_etag[static ASSET_ETAG_SIZE]);
