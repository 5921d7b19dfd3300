/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/stage_two_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/node/wire.h"
#include "lib/trust/hash.h"

#define STAGE_TWO_MAX  ((uint64_t)256 << 20) /* in memory: far above the budget of 16 MB */
#define MANIFEST_LIMIT ((size_t)1 << 20)
#define URL_SIZE       (SITE_URL_SIZE + 128)

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

static int get_manifest(struct fetch *fetch, const struct site *site, char *error,
                        struct asset_manifest *ret)
{
        struct fetch_request request = {.limit = MANIFEST_LIMIT};
        _response_ struct fetch_response text = {0}, signature = {0};
        _doc_ struct doc *object = NULL;
        int rc;

        rc = get(fetch, site, "manifest.json", &request, error, &text);
        if (rc >= 0)
                rc = get(fetch, site, "manifest.json.minisig", &request, error, &signature);
        if (rc < 0)
                return rc;

        rc = minisign_verify(&site->signing_key, text.body, text.body_size, signature.body,
                             signature.body_size);
        if (rc < 0) {
                snprintf(error, FETCH_ERROR_SIZE,
                         "manifest.json of %s is not signed by our controller", site->edge);
                return -EKEYREJECTED;
        }
        rc = doc_parse(text.body, text.body_size, &doc_limits_message, error, &object);
        return rc < 0 ? rc : asset_manifest_decode(object, error, ret);
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
        return sha256_stream_add(sink->hash, bytes, size);
}

static int check(struct sink *sink, const struct asset *file, char *error)
{
        struct sha256 want, have;
        int rc;

        rc = sha256_stream_end(sink->hash, &have);
        if (rc < 0)
                return rc;
        if (sink->left == 0 && sha256_parse(file->sha256, &want) == 0 &&
            sha256_is_equal(&want, &have))
                return 0;
        snprintf(error, FETCH_ERROR_SIZE,
                 "%s is not the file that the manifest names: it was cut or changed on its way",
                 file->name);
        return -EKEYREJECTED;
}

int stage_two_fetch(struct fetch *fetch, const struct site *site, char *error,
                    struct stage_two *ret, int *ret_fd)
{
        CLEANUP(sha256_stream_free) struct sha256_stream *hash = NULL;
        _response_ struct fetch_response response = {0};
        struct fetch_request request = {.sink = take_bytes};
        struct asset_manifest manifest;
        const uint64_t start = clock_monotonic_ms();
        const struct asset *file;
        _close_ int fd = -EBADF;
        struct sink sink;
        int rc;

        rc = get_manifest(fetch, site, error, &manifest);
        if (rc < 0)
                return rc;
        file = asset_manifest_role(&manifest, ROLE_STAGE_TWO);
        if (!file || file->size > STAGE_TWO_MAX) {
                snprintf(error, FETCH_ERROR_SIZE, "the netboot package has no usable stage two");
                return -ENOENT;
        }

        fd = memfd_create("stage-two", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return -errno;
        rc = sha256_stream_new(&hash);
        if (rc < 0)
                return rc;
        sink = (struct sink){.fd = fd, .left = file->size, .hash = hash};
        request.sink_context = &sink;
        rc = get(fetch, site, file->name, &request, error, &response);
        if (rc >= 0)
                rc = check(&sink, file, error);
        if (rc < 0)
                return rc;

        /* From here on the bytes that were verified are the bytes that are mounted. */
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
                return -errno;

        ret->bytes = file->size;
        ret->took_ms = clock_monotonic_ms() - start;
        memcpy(ret->version, manifest.kernel_version, sizeof(ret->version));
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int stage_two_mount(int fd)
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

        if (mkdir(STAGE_TWO_ROOT, 0755) < 0 && errno != EEXIST)
                return -errno;
        if (mount(path, STAGE_TWO_ROOT, "squashfs", MS_RDONLY | MS_NODEV | MS_NOSUID, NULL) < 0)
                return -errno;
        return 0;
}
