/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/assets/assets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buffer.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/node/wire.h"
#include "lib/trust/hash.h"

#define MANIFEST_MAX_SIZE 65536 /* MANIFEST_MAX_FILES rows are some 8 KiB */

struct row {
        char name[WIRE_NAME_SIZE];
        int folder; /* descriptor; of struct assets */
        uint64_t size;
        char etag[ASSET_ETAG_SIZE];
};

struct assets {
        int package, own; /* folders, -EBADF: none */
        struct row rows[MANIFEST_MAX_FILES + 3];
        size_t count;
};

__attribute__((format(printf, 3, 4))) static int fail(char *error, int rc, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        vsnprintf(error, ASSETS_ERROR_SIZE, format, args);
        va_end(args);
        return rc;
}

static int add_row(struct assets *assets, const char *name, int folder, uint64_t size,
                   const char *sha256)
{
        struct row *row = &assets->rows[assets->count];

        if (assets->count >= ARRAY_SIZE(assets->rows))
                return -E2BIG;
        if (text_copy(row->name, sizeof(row->name), name) < 0)
                return -E2BIG;
        row->folder = folder;
        row->size = size;
        snprintf(row->etag, sizeof(row->etag), "\"%.64s\"", sha256);
        assets->count++;
        return 0;
}

/* Puts what we made into our own folder, as a file: it is served as files are. */
static int add_own(struct assets *assets, const char *folder, const char *name, const void *bytes,
                   size_t size)
{
        _free_ char *path = NULL;
        struct buffer text = {0};
        char hex[SHA256_TEXT_SIZE];
        struct sha256 hash;
        int rc;

        buffer_format(&text, "%s/%s", folder, name);
        rc = buffer_take(&text, &path);
        if (rc == 0)
                rc = sha256_of(bytes, size, &hash);
        if (rc == 0)
                rc = file_replace(path, bytes, size, 0644);
        if (rc == 0)
                rc = add_row(assets, name, assets->own, size, sha256_text(hex, &hash));
        return rc;
}

static int check_file(struct assets *assets, const char *package, const struct asset *file,
                      char *error)
{
        struct sha256 hash;
        char hex[SHA256_TEXT_SIZE];
        uint64_t size = 0;
        _close_ int fd = -EBADF;
        int rc;

        fd = openat(assets->package, file->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return fail(error, -errno,
                            "%s/%s: %s, but manifest.json names it; build the netboot package "
                            "again (cloudie-mkimage netboot)",
                            package, file->name, strerror(errno));
        rc = sha256_of_fd(fd, &hash, &size);
        if (rc < 0)
                return fail(error, rc, "%s/%s: %s", package, file->name, strerror(-rc));
        if (size != file->size || strcmp(sha256_text(hex, &hash), file->sha256) != 0)
                return fail(error, -EBADMSG,
                            "%s/%s is not the file that manifest.json names (its SHA-256 or size "
                            "differs); build the netboot package again (cloudie-mkimage netboot)",
                            package, file->name);
        return add_row(assets, file->name, assets->package, size, hex);
}

static int check_manifest(struct assets *assets, const struct assets_options *options,
                          const char *text, size_t size, char *error)
{
        _free_ struct asset_manifest *manifest = calloc(1, sizeof(*manifest));
        _doc_ struct doc *object = NULL;
        char what[DOC_ERROR_SIZE] = "";
        char hex[SHA256_TEXT_SIZE];
        struct sha256 hash;
        int rc;

        if (!manifest)
                return -ENOMEM;
        rc = doc_parse(text, size, &doc_limits_message, what, &object);
        if (rc == 0)
                rc = asset_manifest_decode(object, what, manifest);
        if (rc < 0)
                return fail(error, rc, "%s/manifest.json: %s", options->package, what);
        for (size_t i = 0; i < manifest->count; i++) {
                rc = check_file(assets, options->package, &manifest->files[i], error);
                if (rc < 0)
                        return rc;
        }
        rc = sha256_of(text, size, &hash);
        return rc < 0 ? rc
                      : add_row(assets, "manifest.json", assets->package, size,
                                sha256_text(hex, &hash));
}

static int open_package(struct assets *assets, const struct assets_options *options, char *error)
{
        _free_ char *text = NULL, *signature = NULL;
        size_t size = 0;
        int rc;

        assets->package = open(options->package, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (assets->package < 0)
                return fail(error, -errno, "netboot_package: %s: %s", options->package,
                            strerror(errno));
        rc = file_read(assets->package, "manifest.json", MANIFEST_MAX_SIZE, &text, &size);
        if (rc < 0)
                return fail(error, rc,
                            "%s/manifest.json: %s; netboot_package must be a folder made by "
                            "cloudie-mkimage netboot",
                            options->package, strerror(-rc));
        rc = check_manifest(assets, options, text, size, error);
        if (rc < 0)
                return rc;
        rc = minisign_sign(options->key, text, size, "cloudie netboot package", &signature);
        if (rc == 0)
                rc = add_own(assets, options->own, "manifest.json.minisig", signature,
                             strlen(signature));
        return rc;
}

int assets_open(const struct assets_options *options, char *error, struct assets **ret)
{
        CLEANUP(assets_free) struct assets *assets = calloc(1, sizeof(*assets));
        _free_ char *site = NULL;
        size_t size;
        int rc;

        if (!assets)
                return -ENOMEM;
        error[0] = '\0';
        assets->package = assets->own = -EBADF;
        rc = file_make_folders(options->own, 0755);
        if (rc < 0)
                return fail(error, rc, "%s: %s", options->own, strerror(-rc));
        assets->own = open(options->own, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (assets->own < 0)
                return fail(error, -errno, "%s: %s", options->own, strerror(errno));

        rc = site_make(&options->site, &site, &size);
        if (rc == 0)
                rc = add_own(assets, options->own, "site.cpio", site, size);
        if (rc == 0 && options->package && options->package[0])
                rc = open_package(assets, options, error);
        if (rc < 0) {
                if (!error[0])
                        (void)fail(error, rc, "%s: %s", options->own, strerror(-rc));
                return rc;
        }
        *ret = TAKE_PTR(assets);
        return 0;
}

struct assets *assets_free(struct assets *assets)
{
        if (!assets)
                return NULL;
        if (assets->package >= 0)
                close(assets->package);
        if (assets->own >= 0)
                close(assets->own);
        free(assets);
        return NULL;
}

int assets_file(const struct assets *assets, const char *name, int *ret_fd,
                char ret_etag[static ASSET_ETAG_SIZE])
{
        _close_ int fd = -EBADF;
        struct stat st;

        for (size_t i = 0; i < assets->count; i++) {
                const struct row *row = &assets->rows[i];

                if (strcmp(row->name, name) != 0)
                        continue;
                fd = openat(row->folder, row->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
                if (fd < 0 || fstat(fd, &st) < 0)
                        return -errno;
                if ((uint64_t)st.st_size != row->size)
                        return -ESTALE;
                memcpy(ret_etag, row->etag, sizeof(row->etag));
                *ret_fd = TAKE_FD(fd);
                return 0;
        }
        return -ENOENT;
}
