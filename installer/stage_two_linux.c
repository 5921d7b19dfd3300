/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/stage_two_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"
#include "lib/node/wire.h"
#include "lib/trust/hash.h"

#define STAGE_TWO_MAX  ((uint64_t)256 << 20) /* in memory: far above the budget of 16 MB */
#define MANIFEST_LIMIT ((size_t)1 << 20)
#define URL_SIZE       (SITE_URL_SIZE + 128)
#define SEALS          (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static int get(struct fetch *fetch, const struct site *site, const char *name,
               struct fetch_request *request, char *error, struct fetch_response *ret)
{
        char url[URL_SIZE];
        int rc;

        snprintf(url, sizeof(url), "%s/assets/%s", site->edge, name);
        request->url = url;
        rc = fetch_do(fetch, request, error, ret);
        if (rc < 0)
                return rc;
        if (ret->status == 200)
                return 0;
        snprintf(error, FETCH_ERROR_SIZE, "%s answered with status %u", url, ret->status);
        return -EPROTO;
}

/* What both processes believe of a manifest. */
static int judge_manifest(const struct public_key *key, struct reader text, struct reader signature,
                          char *error, struct asset_manifest *ret)
{
        _doc_ struct doc *object = NULL;
        int rc;

        rc = minisign_verify(key, text.at, reader_left(&text), (const char *)signature.at,
                             reader_left(&signature));
        if (rc < 0) {
                snprintf(error, FETCH_ERROR_SIZE,
                         "manifest.json of the edge is not signed by our controller");
                return -EKEYREJECTED;
        }
        rc = doc_parse((const char *)text.at, reader_left(&text), &doc_limits_message, error,
                       &object);
        return rc < 0 ? rc : asset_manifest_decode(object, error, ret);
}

static int find_file(const struct asset_manifest *manifest, char *error, const struct asset **ret)
{
        *ret = asset_manifest_role(manifest, ROLE_STAGE_TWO);
        if (*ret && (*ret)->size <= STAGE_TWO_MAX)
                return 0;
        snprintf(error, FETCH_ERROR_SIZE, "the netboot package has no usable stage two");
        return -ENOENT;
}

static int keep_in_memory(const char *name, const struct fetch_response *text, int *ret)
{
        _close_ int fd = memfd_create(name, MFD_CLOEXEC);

        if (fd < 0)
                return -errno;
        if (write(fd, text->body, text->body_size) != (ssize_t)text->body_size)
                return -EIO;
        *ret = TAKE_FD(fd);
        return 0;
}

static int get_manifest(struct fetch *fetch, const struct site *site, char *error,
                        struct stage_two_files *files, struct asset_manifest *ret)
{
        struct fetch_request request = {.limit = MANIFEST_LIMIT};
        _response_ struct fetch_response text = {0}, signature = {0};
        int rc;

        rc = get(fetch, site, "manifest.json", &request, error, &text);
        if (rc >= 0)
                rc = get(fetch, site, "manifest.json.minisig", &request, error, &signature);
        if (rc >= 0)
                rc = judge_manifest(&site->signing_key, reader_over(text.body, text.body_size),
                                    reader_over(signature.body, signature.body_size), error, ret);
        if (rc >= 0)
                rc = keep_in_memory("manifest", &text, &files->manifest);
        if (rc >= 0)
                rc = keep_in_memory("signature", &signature, &files->signature);
        return rc;
}

struct sink {
        int fd;
        uint64_t left; /* bytes that the manifest still allows */
        struct sha256_stream *hash;
};

static int take_bytes(void *context, const void *bytes, size_t size)
{
        struct sink *sink = context;
        const char *at = bytes;

        if (size > sink->left)
                return -EKEYREJECTED;
        sink->left -= size;
        for (size_t done = 0; done < size;) {
                const ssize_t n = write(sink->fd, at + done, size - done);

                if (n < 0)
                        return -errno;
                done += (size_t)n;
        }
        return sink->hash ? sha256_stream_add(sink->hash, bytes, size) : 0;
}

static int refuse(const struct asset *file, char *error)
{
        snprintf(error, FETCH_ERROR_SIZE,
                 "%s is not the file that the manifest names: it was cut or changed on its way",
                 file->name);
        return -EKEYREJECTED;
}

static int check(struct sink *sink, const struct asset *file, char *error)
{
        struct sha256 want, have;
        int rc;

        if (sink->left != 0)
                return refuse(file, error);
        if (!sink->hash)
                return 0;
        rc = sha256_stream_end(sink->hash, &have);
        if (rc < 0)
                return rc;
        return sha256_parse(file->sha256, &want) == 0 && sha256_is_equal(&want, &have)
                       ? 0
                       : refuse(file, error);
}

static int get_file(struct fetch *fetch, const struct site *site, const struct asset *file,
                    struct sha256_stream *hash, char *error, int *ret)
{
        _response_ struct fetch_response response = {0};
        _close_ int fd = memfd_create("stage-two", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        struct sink sink = {.fd = fd, .left = file->size, .hash = hash};
        struct fetch_request request = {.sink = take_bytes, .sink_context = &sink};
        int rc;

        if (fd < 0)
                return -errno;
        rc = get(fetch, site, file->name, &request, error, &response);
        if (rc >= 0)
                rc = check(&sink, file, error);
        if (rc < 0)
                return rc;
        /* From here on the bytes that are verified are the bytes that are mounted. */
        if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
                return -errno;
        *ret = TAKE_FD(fd);
        return 0;
}

static void files_done(struct stage_two_files *files)
{
        const int fds[] = {files->file, files->manifest, files->signature};

        for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
                if (fds[i] >= 0)
                        close(fds[i]);
}

static int fetch_files(struct fetch *fetch, const struct site *site, struct sha256_stream *hash,
                       char *error, struct stage_two *ret, struct stage_two_files *files)
{
        const uint64_t start = clock_monotonic_ms();
        struct asset_manifest manifest;
        const struct asset *file;
        int rc;

        *files = (struct stage_two_files){-EBADF, -EBADF, -EBADF};
        rc = get_manifest(fetch, site, error, files, &manifest);
        if (rc >= 0)
                rc = find_file(&manifest, error, &file);
        if (rc >= 0)
                rc = get_file(fetch, site, file, hash, error, &files->file);
        if (rc < 0) {
                files_done(files);
                return rc;
        }
        ret->bytes = file->size;
        ret->took_ms = clock_monotonic_ms() - start;
        memcpy(ret->version, manifest.kernel_version, sizeof(ret->version));
        return 0;
}

int stage_two_fetch_files(struct fetch *fetch, const struct site *site, char *error,
                          struct stage_two *ret, struct stage_two_files *ret_files)
{
        return fetch_files(fetch, site, NULL, error, ret, ret_files);
}

int stage_two_fetch(struct fetch *fetch, const struct site *site, char *error,
                    struct stage_two *ret, int *ret_fd)
{
        CLEANUP(sha256_stream_free) struct sha256_stream *hash = NULL;
        struct stage_two_files files;
        int rc = sha256_stream_new(&hash);

        if (rc >= 0)
                rc = fetch_files(fetch, site, hash, error, ret, &files);
        if (rc < 0)
                return rc;
        *ret_fd = TAKE_FD(files.file);
        files_done(&files);
        return 0;
}

/* All of a memory file, once: it may be changed while it is looked at. */
static int recall(int fd, char **ret, size_t *ret_size)
{
        _free_ char *bytes = malloc(MANIFEST_LIMIT);
        ssize_t size;

        if (!bytes)
                return -ENOMEM;
        size = pread(fd, bytes, MANIFEST_LIMIT, 0);
        if (size < 0)
                return -errno;
        *ret = TAKE_PTR(bytes);
        *ret_size = (size_t)size;
        return 0;
}

static int check_file(int fd, const struct asset *file, char *error)
{
        const int seals = fcntl(fd, F_GET_SEALS);
        struct sha256 want, have;
        struct stat st;
        int rc;

        if (seals < 0 || (seals & SEALS) != SEALS || lseek(fd, 0, SEEK_SET) != 0)
                return refuse(file, error);
        if (fstat(fd, &st) < 0)
                return -errno;
        /* First, or a file of exabytes, all of it a hole, keeps the first process for years. */
        if ((uint64_t)st.st_size != file->size)
                return refuse(file, error);
        rc = sha256_of_fd(fd, &have, NULL);
        if (rc < 0)
                return rc;
        return sha256_parse(file->sha256, &want) == 0 && sha256_is_equal(&want, &have)
                       ? 0
                       : refuse(file, error);
}

/* Drivers of another kernel would all be refused, one by one: better one clear sentence. */
int stage_two_check_kernel(const char *version, char *error)
{
        struct utsname kernel;

        if (uname(&kernel) < 0)
                return -errno;
        if (text_is_equal(kernel.release, version))
                return 0;
        snprintf(error, FETCH_ERROR_SIZE,
                 "it is for kernel %s, and %s runs: the netboot package was replaced "
                 "during this boot",
                 version, kernel.release);
        return -ENOEXEC;
}

int stage_two_check(const struct stage_two_files *files, const struct public_key *key, char *error)
{
        _free_ char *text = NULL, *signature = NULL;
        size_t size = 0, signature_size = 0;
        struct asset_manifest manifest;
        const struct asset *file;
        int rc;

        rc = recall(files->manifest, &text, &size);
        if (rc >= 0)
                rc = recall(files->signature, &signature, &signature_size);
        if (rc >= 0)
                rc = judge_manifest(key, reader_over(text, size),
                                    reader_over(signature, signature_size), error, &manifest);
        if (rc >= 0)
                rc = stage_two_check_kernel(manifest.kernel_version, error);
        if (rc >= 0)
                rc = find_file(&manifest, error, &file);
        return rc < 0 ? rc : check_file(files->file, file, error);
}

int stage_mount(int fd, const char *root)
{
        struct loop_config config = {
                .fd = (uint32_t)fd,
                .info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR,
        };
        _close_ int control = -EBADF, device = -EBADF;
        char path[32];
        int number;

        control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
        if (control < 0)
                return -errno;
        number = ioctl(control, LOOP_CTL_GET_FREE);
        if (number < 0)
                return -errno;
        snprintf(path, sizeof(path), "/dev/loop%d", number);
        device = open(path, O_RDONLY | O_CLOEXEC);
        if (device < 0)
                return -errno;
        if (ioctl(device, LOOP_CONFIGURE, &config) < 0)
                return -errno;

        if (mkdir(root, 0755) < 0 && errno != EEXIST)
                return -errno;
        if (mount(path, root, "squashfs", MS_RDONLY | MS_NODEV | MS_NOSUID, NULL) < 0)
                return -errno;
        return 0;
}
