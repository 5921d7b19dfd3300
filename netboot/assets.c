/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/assets.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/trust/hash.h"
#include "netboot/beneath.h"

/* The largest asset: stage two of a release is 16 MB; ten times that is a wrong file. */
#define ASSET_MAX ((uint64_t)256 << 20)
/* manifest.json of MANIFEST_MAX_FILES files, its signature, site.cpio with three small files. */
#define SMALL_MAX    ((size_t)1 << 20)
#define CONTENT_TYPE "application/octet-stream"
/* A file that does not come at all; a slow one may take as long as bytes still come. */
#define SILENCE_MS 10000

/* Files without a role, in the order in which they are fetched: the manifest last of all, so that
 * a manifest in the folder says that all it names is there. */
static const char *const plain_names[] = {ASSETS_SITE, ASSETS_SIGNATURE, ASSETS_MANIFEST};
enum { PLAIN_SITE, PLAIN_SIGNATURE, PLAIN_MANIFEST, PLAIN_COUNT };

/* Of a file that came, and waits for the others of its manifest: no asset's name has this dot. */
#define PART_SIZE (WIRE_NAME_SIZE + 8)

/* Which bytes a name stands for, as far as the file system tells: another file, or one that was
 * written to, is not what was hashed. */
struct identity {
        ino_t inode;
        off_t size;
        struct timespec written;
};

struct assets {
        char path[256];
        int folder_fd;
        char etags[PLAIN_COUNT][80]; /* of the controller; the sync thread's alone */
        atomic_bool is_damaged;      /* a file is not what it was: the next sync looks at all */

        pthread_mutex_t mutex; /* for what follows, and so that names and manifest change at once */
        struct asset_manifest manifest;
        bool is_whole[MANIFEST_MAX_FILES];              /* its SHA-256 was checked */
        struct identity identities[MANIFEST_MAX_FILES]; /* of those */
        struct serve_file *kept[MANIFEST_MAX_FILES];    /* of those that were served; or NULL */
};

int assets_new(const char *path, struct assets **ret)
{
        struct assets *assets = calloc(1, sizeof(*assets));
        int rc;

        if (!assets)
                return -ENOMEM;
        assets->folder_fd = -EBADF;
        pthread_mutex_init(&assets->mutex, NULL);
        rc = text_copy(assets->path, sizeof(assets->path), path);
        if (rc == 0)
                rc = file_make_folders(path, 0755);
        if (rc == 0) {
                assets->folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                rc = assets->folder_fd < 0 ? -errno : 0;
        }
        if (rc < 0) {
                assets_free(assets);
                return rc;
        }
        *ret = assets;
        return 0;
}

static void drop_kept(struct assets *assets)
{
        for (size_t i = 0; i < ARRAY_SIZE(assets->kept); i++)
                assets->kept[i] = serve_file_unref(assets->kept[i]);
}

struct assets *assets_free(struct assets *assets)
{
        if (!assets)
                return NULL;
        drop_kept(assets);
        if (assets->folder_fd >= 0)
                close(assets->folder_fd);
        pthread_mutex_destroy(&assets->mutex);
        free(assets);
        return NULL;
}

static int open_file(const struct assets *assets, const char *name, struct stat *ret)
{
        return beneath_open(assets->folder_fd, name, ret);
}

static const char *part_name(const struct asset *asset, char to[static PART_SIZE])
{
        snprintf(to, PART_SIZE, ".%s.part", asset->name);
        return to;
}

/* Does the file @name hold what the manifest says of @asset? */
static bool is_right(const struct assets *assets, const char *name, const struct asset *asset)
{
        char text[SHA256_TEXT_SIZE];
        struct sha256 hash;
        struct stat st = {0};
        _close_ int fd = open_file(assets, name, &st);

        return fd >= 0 && (uint64_t)st.st_size == asset->size &&
               sha256_of_fd(fd, &hash, NULL) == 0 &&
               strcmp(sha256_text(text, &hash), asset->sha256) == 0;
}

static int manifest_parse(const char *text, size_t size, struct asset_manifest *ret)
{
        _doc_ struct doc *doc = NULL;
        int rc;

        rc = doc_parse(text, size, &doc_limits_message, NULL, &doc);
        if (rc < 0)
                return rc;
        return asset_manifest_decode(doc, NULL, ret);
}

/* Gives each part its name; -ENOENT is one that was right as it was. With the mutex held. */
static int rename_parts(const struct assets *assets, const struct asset_manifest *manifest)
{
        char part[PART_SIZE];

        for (size_t i = 0; i < manifest->count; i++)
                if (renameat(assets->folder_fd, part_name(&manifest->files[i], part),
                             assets->folder_fd, manifest->files[i].name) < 0 &&
                    errno != ENOENT)
                        return -errno;
        return 0;
}

static struct identity identity_of(const struct stat *st)
{
        return (struct identity){st->st_ino, st->st_size, st->st_mtim};
}

static bool is_same(const struct identity *a, const struct identity *b)
{
        return a->inode == b->inode && a->size == b->size &&
               a->written.tv_sec == b->written.tv_sec && a->written.tv_nsec == b->written.tv_nsec;
}

/* These files were hashed and are served from here on. With the mutex held. */
static void take_manifest(struct assets *assets, const struct asset_manifest *manifest,
                          const bool is_whole[MANIFEST_MAX_FILES])
{
        struct stat st;

        drop_kept(assets);
        assets->manifest = *manifest;
        for (size_t i = 0; i < manifest->count; i++) {
                assets->is_whole[i] =
                        is_whole[i] && fstatat(assets->folder_fd, manifest->files[i].name, &st,
                                               AT_SYMLINK_NOFOLLOW) == 0;
                if (assets->is_whole[i])
                        assets->identities[i] = identity_of(&st);
        }
}

/* A machine must not get the kernel of one package and the ramdisk of another. */
static int install(struct assets *assets, const struct asset_manifest *manifest,
                   const bool is_whole[MANIFEST_MAX_FILES])
{
        int rc;

        pthread_mutex_lock(&assets->mutex);
        rc = rename_parts(assets, manifest);
        if (rc == 0)
                take_manifest(assets, manifest, is_whole);
        else
                memset(assets->is_whole, 0, sizeof(assets->is_whole)); /* some of each: none */
        pthread_mutex_unlock(&assets->mutex);
        return rc;
}

int assets_load(struct assets *assets)
{
        bool is_whole[MANIFEST_MAX_FILES] = {false};
        struct asset_manifest manifest;
        _free_ char *text = NULL;
        size_t size;
        int rc;

        rc = file_read(assets->folder_fd, ASSETS_MANIFEST, SMALL_MAX, &text, &size);
        if (rc < 0)
                return rc;
        rc = manifest_parse(text, size, &manifest);
        if (rc < 0)
                return rc;
        for (size_t i = 0; i < manifest.count; i++)
                is_whole[i] = is_right(assets, manifest.files[i].name, &manifest.files[i]);
        pthread_mutex_lock(&assets->mutex);
        take_manifest(assets, &manifest, is_whole);
        pthread_mutex_unlock(&assets->mutex);
        return 0;
}

struct sync {
        struct assets *assets;
        struct fetch *fetch;
        const char *base_url, *credential;
        char *error;
};

/* Where a file is written while it comes. */
struct download {
        int fd;
        uint64_t left;
        struct sha256_stream *hash;
};

static int download_sink(void *context, const void *bytes, size_t size)
{
        struct download *d = context;
        const char *at = bytes;

        if (size > d->left)
                return -EFBIG;
        d->left -= size;
        if (sha256_stream_add(d->hash, bytes, size) < 0)
                return -EIO;
        while (size > 0) {
                const ssize_t n = write(d->fd, at, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                at += n;
                size -= (size_t)n;
        }
        return 0;
}

static int refuse(struct sync *s, int rc, const char *name, const char *why)
{
        snprintf(s->error, FETCH_ERROR_SIZE, "%s: %s", name, why);
        return rc;
}

/* The bytes that came are the ones that the manifest names, and are on disk. */
static int download_check(struct sync *s, struct download *d, const struct asset *asset)
{
        char text[SHA256_TEXT_SIZE];
        struct sha256 hash;

        if (sha256_stream_end(d->hash, &hash) < 0)
                return -EIO;
        if (d->left != 0 || strcmp(sha256_text(text, &hash), asset->sha256) != 0)
                return refuse(s, -EBADMSG, asset->name,
                              "what came is not what the manifest names (SHA-256)");
        return fsync(d->fd) < 0 ? refuse(s, -errno, asset->name, strerror(errno)) : 0;
}

/* Into its part. */
static int download_asset(struct sync *s, const struct asset *asset)
{
        CLEANUP(sha256_stream_free) struct sha256_stream *hash = NULL;
        _response_ struct fetch_response response = {0};
        char url[512], part[PART_SIZE];
        const int folder = s->assets->folder_fd;
        int rc;

        if (asset->size > ASSET_MAX)
                return refuse(s, -EFBIG, asset->name, "larger than any asset should be");
        rc = sha256_stream_new(&hash);
        if (rc < 0)
                return rc;
        snprintf(url, sizeof(url), "%s/%s", s->base_url, asset->name);

        _close_ int fd = openat(folder, part_name(asset, part),
                                O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (fd < 0)
                return refuse(s, -errno, asset->name, strerror(errno));
        struct download d = {.fd = fd, .left = asset->size, .hash = hash};
        const struct fetch_request request = {
                .url = url,
                .bearer = s->credential,
                .silence_ms = SILENCE_MS,
                .sink = download_sink,
                .sink_context = &d,
        };

        rc = fetch_do(s->fetch, &request, s->error, &response);
        if (rc == 0 && response.status != 200)
                rc = refuse(s, -EPROTO, asset->name, "the controller does not have it");
        if (rc == 0)
                rc = download_check(s, &d, asset);
        if (rc < 0)
                unlinkat(folder, part, 0);
        return rc;
}

/* 1: @ret_text is new; 0: not modified. */
static int fetch_plain(struct sync *s, size_t which, struct fetch_response *ret)
{
        char url[512], condition[128];
        const char *const headers[] = {condition, NULL};
        const struct fetch_request request = {
                .url = url,
                .bearer = s->credential,
                .timeout_ms = SILENCE_MS,
                .limit = SMALL_MAX,
                .headers = s->assets->etags[which][0] ? headers : NULL,
        };
        int rc;

        snprintf(url, sizeof(url), "%s/%s", s->base_url, plain_names[which]);
        snprintf(condition, sizeof(condition), "If-None-Match: %s", s->assets->etags[which]);
        rc = fetch_do(s->fetch, &request, s->error, ret);
        if (rc < 0)
                return rc;
        if (ret->status == 304)
                return 0;
        if (ret->status != 200)
                return refuse(s, -ENOENT, plain_names[which], "the controller does not have it");
        return 1;
}

static int store_plain(struct sync *s, size_t which, const struct fetch_response *response)
{
        char path[sizeof(s->assets->path) + WIRE_NAME_SIZE];
        int rc;

        snprintf(path, sizeof(path), "%s/%s", s->assets->path, plain_names[which]);
        rc = file_replace(path, response->body, response->body_size, 0644);
        if (rc < 0)
                return refuse(s, rc, plain_names[which], strerror(-rc));
        (void)text_copy(s->assets->etags[which], sizeof(s->assets->etags[which]), response->etag);
        return 0;
}

static int sync_site(struct sync *s)
{
        _response_ struct fetch_response response = {0};
        int rc;

        rc = fetch_plain(s, PLAIN_SITE, &response);
        if (rc <= 0)
                return rc;
        rc = store_plain(s, PLAIN_SITE, &response);
        return rc < 0 ? rc : 1;
}

/* The file, or its part, holds what the manifest says; a part of something else is gone. */
static int sync_asset(struct sync *s, const struct asset *asset)
{
        char part[PART_SIZE];

        if (is_right(s->assets, part_name(asset, part), asset))
                return 0; /* it came with a try that failed later */
        unlinkat(s->assets->folder_fd, part, 0);
        return is_right(s->assets, asset->name, asset) ? 0 : download_asset(s, asset);
}

static int sync_manifest(struct sync *s)
{
        _response_ struct fetch_response response = {0}, signature = {0};
        bool is_whole[MANIFEST_MAX_FILES] = {false};
        struct asset_manifest manifest;
        int rc, has_signature;

        rc = fetch_plain(s, PLAIN_MANIFEST, &response);
        if (rc <= 0)
                return rc;
        rc = manifest_parse(response.body, response.body_size, &manifest);
        if (rc < 0)
                return refuse(s, rc, ASSETS_MANIFEST, "it is not a manifest");
        for (size_t i = 0; i < manifest.count; i++) {
                rc = sync_asset(s, &manifest.files[i]);
                if (rc < 0)
                        return rc;
                is_whole[i] = true;
        }
        has_signature = fetch_plain(s, PLAIN_SIGNATURE, &signature);
        if (has_signature < 0)
                return has_signature;
        rc = install(s->assets, &manifest, is_whole);
        if (rc < 0)
                return refuse(s, rc, ASSETS_MANIFEST, strerror(-rc));
        if (has_signature)
                rc = store_plain(s, PLAIN_SIGNATURE, &signature);
        if (rc == 0)
                rc = store_plain(s, PLAIN_MANIFEST, &response);
        return rc < 0 ? rc : 1;
}

int assets_sync(struct assets *assets, struct fetch *fetch, const char *base_url,
                const char *credential, char *error)
{
        struct sync s = {assets, fetch, base_url, credential, error};
        int site, manifest;

        if (atomic_exchange(&assets->is_damaged, false))
                assets->etags[PLAIN_MANIFEST][0] = '\0';
        site = sync_site(&s);
        if (site < 0)
                return site;
        manifest = sync_manifest(&s);
        if (manifest < 0)
                return manifest;
        return site || manifest;
}

static bool is_plain(const char *name)
{
        for (size_t i = 0; i < PLAIN_COUNT; i++)
                if (strcmp(plain_names[i], name) == 0)
                        return true;
        return false;
}

/* What the manifest says of a file that we have whole, or NULL. With the mutex held. */
static const struct asset *find(const struct assets *assets, const char *name)
{
        const struct asset *found = asset_manifest_find(&assets->manifest, name);

        return found && assets->is_whole[found - assets->manifest.files] ? found : NULL;
}

/* @found is opened, if it still is what was hashed. With the mutex held. */
static int open_found(struct assets *assets, const struct asset *found, struct stat *ret)
{
        const size_t i = (size_t)(found - assets->manifest.files);
        _close_ int fd = open_file(assets, found->name, ret);
        const struct identity now = fd >= 0 ? identity_of(ret) : (struct identity){0};

        if (fd >= 0 && is_same(&now, &assets->identities[i]))
                return TAKE_FD(fd);
        if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
                return fd;
        assets->is_whole[i] = false;
        atomic_store(&assets->is_damaged, true);
        log_warning("asset.changed",
                    "name=%s reason=\"it is not the file that was verified: it is not served until "
                    "the controller was asked\"",
                    found->name);
        return -ENOENT;
}

/* A file of the manifest: the one that it names, however soon another takes its place. */
static int open_asset(struct assets *assets, const char *name, struct asset *ret_asset,
                      struct stat *ret)
{
        const struct asset *found;
        int fd = -ENOENT;

        pthread_mutex_lock(&assets->mutex);
        found = find(assets, name);
        if (found) {
                *ret_asset = *found;
                fd = open_found(assets, found, ret);
        }
        pthread_mutex_unlock(&assets->mutex);
        return fd;
}

int assets_open(struct assets *assets, const char *name, struct asset_file *ret)
{
        struct asset_file file = {0};
        struct asset asset = {0};
        struct stat st = {0};

        if (!asset_name_is_safe(name))
                return -ENOENT;
        file.has_role = !is_plain(name);

        _close_ int fd = file.has_role ? open_asset(assets, name, &asset, &st)
                                       : open_file(assets, name, &st);

        if (fd < 0)
                return fd;
        file.role = asset.role;
        file.size = (uint64_t)st.st_size;
        if (file.has_role)
                snprintf(file.etag, sizeof(file.etag), "\"%s\"", asset.sha256);
        else
                snprintf(file.etag, sizeof(file.etag), "\"%llx-%llx.%lx\"",
                         (unsigned long long)st.st_ino, (unsigned long long)st.st_mtim.tv_sec,
                         (unsigned long)st.st_mtim.tv_nsec);
        file.fd = TAKE_FD(fd);
        *ret = file;
        return 0;
}

/* @found has its file open, and that file still has the name. With the mutex held. */
static int keep_found(struct assets *assets, const struct asset *found)
{
        const size_t i = (size_t)(found - assets->manifest.files);
        struct identity now;
        struct stat st;
        int fd;

        if (assets->kept[i] &&
            fstatat(assets->folder_fd, found->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
                now = identity_of(&st);
                if (is_same(&now, &assets->identities[i]))
                        return 0;
        }
        assets->kept[i] = serve_file_unref(assets->kept[i]);
        fd = open_found(assets, found, &st);
        if (fd < 0)
                return fd;
        return serve_file_new(fd, CONTENT_TYPE, found->sha256, &assets->kept[i]);
}

static int serve_asset(struct assets *assets, const char *name, struct asset_file *ret,
                       struct serve_file **ret_file)
{
        const struct asset *found;
        int rc = -ENOENT;

        pthread_mutex_lock(&assets->mutex);
        found = find(assets, name);
        if (found)
                rc = keep_found(assets, found);
        if (rc == 0) {
                *ret = (struct asset_file){
                        .fd = -EBADF, .size = found->size, .has_role = true, .role = found->role};
                *ret_file = serve_file_ref(assets->kept[found - assets->manifest.files]);
        }
        pthread_mutex_unlock(&assets->mutex);
        return rc;
}

int assets_serve(struct assets *assets, const char *name, struct asset_file *ret,
                 struct serve_file **ret_file)
{
        struct asset_file file;
        int rc;

        if (!is_plain(name))
                return serve_asset(assets, name, ret, ret_file);
        rc = assets_open(assets, name, &file);
        if (rc == 0)
                rc = serve_file_new(file.fd, CONTENT_TYPE, file.etag, ret_file);
        if (rc < 0)
                return rc;
        file.fd = -EBADF;
        *ret = file;
        return 0;
}

int assets_name_of(struct assets *assets, enum asset_role role, char ret[static WIRE_NAME_SIZE])
{
        const struct asset *found;
        int rc = -ENOENT;

        pthread_mutex_lock(&assets->mutex);
        found = asset_manifest_role(&assets->manifest, role);
        if (found)
                rc = text_copy(ret, WIRE_NAME_SIZE, found->name);
        pthread_mutex_unlock(&assets->mutex);
        return rc;
}

bool assets_are_ready(struct assets *assets)
{
        static const enum asset_role needed[] = {ROLE_KERNEL, ROLE_RAMDISK};
        struct asset_file file;
        bool is_there = true;

        pthread_mutex_lock(&assets->mutex);
        for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
                const struct asset *asset = asset_manifest_role(&assets->manifest, needed[i]);

                is_there = is_there && asset && find(assets, asset->name);
        }
        pthread_mutex_unlock(&assets->mutex);
        if (!is_there || assets_open(assets, ASSETS_SITE, &file) < 0)
                return false;
        close(file.fd);
        return true;
}
