/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Images, fetched once for a rack
 *
 * Machines ask for frames of an image by the thousand, and the controller may be
 * far away: so the first one who asks has the whole file fetched, and all are served from
 * here. An image takes its time, manifests must not wait behind it: one thread
 * fetches images, one at a time, another the small files.
 */
#include "netboot/images.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/fetch/fetch.h"
#include "lib/trust/secret.h"
#include "netboot/flood.h"

/* A file that does not come at all; a slow one may take as long as bytes still come. */
#define SILENCE_MS 10000
/* A manifest has some hundred bytes, a signature as well. */
#define SMALL_MAX ((uint64_t)1 << 20)
/* A failure that goes on is told once, not every time that a machine asks. */
#define TELL_AGAIN_MS 60000
/* Written in steps, so that the journal's sync never waits behind a gigabyte of ours. */
#define SYNC_BYTES ((uint64_t)16 << 20)
/* Of a copy that is hashed; between two of them we may be told to end. */
#define HASH_STEP      ((size_t)1 << 20)
#define CONDITION_SIZE (SHA256_TEXT_SIZE + 32)

struct wanted {
        char name[WIRE_NAME_SIZE];
        struct ip_address from;
        bool is_running;
};

struct miss {
        char name[WIRE_NAME_SIZE];
        struct ip_address from;
        int rc;
        uint64_t until_ms; /* monotonic */
};

enum { LANE_IMAGES, LANE_SMALL, LANE_COUNT };

struct lane {
        struct images *images;
        bool is_small;
        struct fetch *fetch;
        pthread_t thread;
        bool is_started;
};

struct images {
        char url[320];
        bool (*credential)(void *context, char ret[static WIRE_TOKEN_SIZE]);
        void *context;
        struct lane lanes[LANE_COUNT];

        pthread_mutex_t mutex; /* for what follows, and what is in the store */
        pthread_cond_t changed;
        struct image_store *store;
        /* Of both lanes, oldest first; who runs stays until it is done. */
        struct wanted queue[LANE_COUNT * IMAGES_MAX_QUEUED];
        size_t queued;
        struct miss misses[IMAGES_MAX_MISSES];
        struct flood flood; /* of lines about what is not there */
        bool is_stopped;
};

int images_new(const struct images_options *options, struct images **ret)
{
        const struct fetch_trust trust = {
                .ca_file = options->ca_file && options->ca_file[0] ? options->ca_file : NULL};
        struct images *images = calloc(1, sizeof(*images));
        int rc;

        if (!images)
                return -ENOMEM;
        pthread_mutex_init(&images->mutex, NULL);
        pthread_cond_init(&images->changed, NULL);
        images->credential = options->credential;
        images->context = options->context;
        rc = text_copy(images->url, sizeof(images->url), options->base_url);
        for (size_t i = 0; rc == 0 && i < LANE_COUNT; i++) {
                images->lanes[i].images = images;
                images->lanes[i].is_small = i == LANE_SMALL;
                rc = fetch_new(&trust, &images->lanes[i].fetch);
        }
        if (rc == 0)
                rc = image_store_new(&options->store, &images->store);
        if (rc < 0) {
                images_free(images);
                return rc;
        }
        *ret = images;
        return 0;
}

struct images *images_free(struct images *images)
{
        if (!images)
                return NULL;
        pthread_mutex_lock(&images->mutex);
        images->is_stopped = true;
        pthread_cond_broadcast(&images->changed);
        pthread_mutex_unlock(&images->mutex);
        for (size_t i = 0; i < LANE_COUNT; i++) {
                struct lane *lane = &images->lanes[i];

                if (lane->is_started) {
                        fetch_cancel(lane->fetch);
                        pthread_join(lane->thread, NULL);
                }
                fetch_free(lane->fetch);
        }
        image_store_free(images->store);
        pthread_cond_destroy(&images->changed);
        pthread_mutex_destroy(&images->mutex);
        free(images);
        return NULL;
}

/* ---- what was not there; with the mutex held ---- */

static const struct miss *miss_find(const struct images *images, const char *name, uint64_t now_ms)
{
        for (size_t i = 0; i < IMAGES_MAX_MISSES; i++)
                if (images->misses[i].until_ms > now_ms &&
                    strcmp(images->misses[i].name, name) == 0)
                        return &images->misses[i];
        return NULL;
}

/* How many names this address asked for that are not there. */
static size_t miss_count(const struct images *images, struct ip_address from, uint64_t now_ms)
{
        size_t count = 0;

        for (size_t i = 0; i < IMAGES_MAX_MISSES; i++)
                if (images->misses[i].until_ms > now_ms && images->misses[i].rc == -ENOENT &&
                    ip_is_equal(images->misses[i].from, from))
                        count++;
        return count;
}

static uint64_t miss_ms(int rc)
{
        if (rc == -ENOSPC)
                return IMAGES_FULL_MS;
        return rc == -ENOENT || rc == -EBADMSG ? IMAGES_MISS_MS : IMAGES_RETRY_MS;
}

/* In the place of the one before of this name, or of the one that is forgotten first. */
static void miss_add(struct images *images, const struct wanted *wanted, int rc)
{
        struct miss *place = &images->misses[0];

        for (size_t i = 0; i < IMAGES_MAX_MISSES; i++) {
                struct miss *miss = &images->misses[i];

                if (strcmp(miss->name, wanted->name) == 0) {
                        place = miss;
                        break;
                }
                if (miss->until_ms < place->until_ms)
                        place = miss;
        }
        *place = (struct miss){
                .from = wanted->from, .rc = rc, .until_ms = clock_monotonic_ms() + miss_ms(rc)};
        (void)text_copy(place->name, sizeof(place->name), wanted->name);
}

/* ---- who asks ---- */

/* The controller is to be asked for this file, if it may be. With the mutex held. */
static void want(struct images *images, const char *name, struct ip_address from, uint64_t now_ms)
{
        const bool is_small = image_name_is_small(name);
        size_t of_lane = 0, of_address = 0;
        struct wanted *place;

        for (size_t i = 0; i < images->queued; i++) {
                if (strcmp(images->queue[i].name, name) == 0)
                        return;
                if (image_name_is_small(images->queue[i].name) != is_small)
                        continue;
                of_lane++;
                of_address += ip_is_equal(images->queue[i].from, from);
        }
        if (of_lane == IMAGES_MAX_QUEUED || of_address >= IMAGES_MAX_QUEUED_ADDRESS ||
            miss_count(images, from, now_ms) >= IMAGES_MAX_MISSES_ADDRESS)
                return;
        place = &images->queue[images->queued++];
        *place = (struct wanted){.from = from};
        (void)text_copy(place->name, sizeof(place->name), name);
        pthread_cond_broadcast(&images->changed);
}

static int open_entry(struct images *images, struct image_entry *entry, uint64_t now_ms,
                      struct image_file *ret)
{
        const int fd = image_store_open(images->store, entry, now_ms);

        if (fd < 0)
                return fd == -ENOENT ? -EAGAIN : fd;
        *ret = (struct image_file){.fd = fd, .entry = entry};
        memcpy(ret->etag, entry->etag, sizeof(ret->etag));
        return 0;
}

static bool is_fresh(const struct image_entry *entry, uint64_t now_ms)
{
        return !image_name_is_small(entry->name) ||
               (entry->came_ms > 0 && now_ms - entry->came_ms < IMAGES_FRESH_MS);
}

/* Manifests and signatures are renewed anyhow. */
static bool may_be_doubted(const struct image_entry *entry, uint64_t now_ms)
{
        return !image_name_is_small(entry->name) &&
               (entry->came_ms == 0 || now_ms - entry->came_ms >= IMAGES_DOUBT_MS);
}

static int open_file(struct images *images, const char *name, struct ip_address from,
                     bool is_doubted, struct image_file *ret)
{
        const uint64_t now_ms = clock_monotonic_ms();
        struct image_entry *entry;
        const struct miss *miss;
        int rc = -EAGAIN;

        pthread_mutex_lock(&images->mutex);
        entry = image_store_find(images->store, name);
        miss = miss_find(images, name, now_ms);
        is_doubted = is_doubted && entry && may_be_doubted(entry, now_ms);
        if (entry && ((!is_doubted && is_fresh(entry, now_ms)) || (miss && miss->rc != -ENOENT)))
                rc = open_entry(images, entry, now_ms, ret);
        else if (miss)
                rc = miss->rc;
        else
                want(images, name, from, now_ms);
        pthread_mutex_unlock(&images->mutex);
        return rc;
}

int images_open(struct images *images, const char *name, struct ip_address from,
                struct image_file *ret)
{
        return open_file(images, name, from, false, ret);
}

int images_open_anew(struct images *images, const char *name, struct ip_address from,
                     struct image_file *ret)
{
        return open_file(images, name, from, true, ret);
}

void images_close(struct images *images, struct image_entry *entry)
{
        pthread_mutex_lock(&images->mutex);
        entry->users--;
        entry->used_ms = clock_monotonic_ms();
        pthread_mutex_unlock(&images->mutex);
}

/* ---- who fetches ---- */

enum { COPY_IS_RIGHT = 1 }; /* what we have is what the controller has */

struct download {
        struct images *images;
        int fd;
        uint64_t size, max, synced;
        struct sha256_stream *hash;
};

static int write_all(int fd, const char *at, size_t size)
{
        while (size > 0) {
                const ssize_t n = write(fd, at, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                at += n;
                size -= (size_t)n;
        }
        return 0;
}

/* What can never fit must not empty the cache first. */
static int download_size(void *context, uint64_t bytes)
{
        const struct download *d = context;
        int rc;

        pthread_mutex_lock(&d->images->mutex);
        rc = image_store_could_hold(d->images->store, bytes, clock_monotonic_ms());
        pthread_mutex_unlock(&d->images->mutex);
        return rc;
}

static int download_sink(void *context, const void *bytes, size_t size)
{
        struct download *d = context;
        int rc;

        if (size > d->max - d->size)
                return -EFBIG;
        pthread_mutex_lock(&d->images->mutex);
        rc = image_store_make_room(d->images->store, d->size + size, clock_monotonic_ms());
        pthread_mutex_unlock(&d->images->mutex);
        if (rc == 0)
                rc = sha256_stream_add(d->hash, bytes, size);
        if (rc == 0)
                rc = write_all(d->fd, bytes, size);
        if (rc < 0)
                return rc;
        d->size += size;
        if (d->size - d->synced < SYNC_BYTES)
                return 0;
        d->synced = d->size;
        return fsync(d->fd) < 0 ? -errno : 0;
}

/* The bytes that came are the ones that the controller's ETag names, and are on disk. */
static int download_check(const struct download *d, const struct fetch_response *response,
                          struct sha256 *ret, char *error)
{
        char text[SHA256_TEXT_SIZE], wanted[SHA256_TEXT_SIZE + 2];
        int rc;

        rc = sha256_stream_end(d->hash, ret);
        if (rc < 0)
                return rc;
        snprintf(wanted, sizeof(wanted), "\"%s\"", sha256_text(text, ret));
        if (strcmp(wanted, response->etag) != 0) {
                snprintf(error, FETCH_ERROR_SIZE,
                         "what came is not what the controller names (SHA-256)");
                return -EBADMSG;
        }
        return fsync(d->fd) < 0 ? -errno : 0;
}

static int check_status(unsigned status, char *error)
{
        if (status == 200)
                return 0;
        if (status == 404) {
                snprintf(error, FETCH_ERROR_SIZE, "the controller has no such image");
                return -ENOENT;
        }
        snprintf(error, FETCH_ERROR_SIZE, "the controller answered with status %u", status);
        return -EHOSTUNREACH;
}

/* -ECANCELED: we are to end. */
static int hash_copy(struct images *images, int fd, struct sha256 *ret)
{
        CLEANUP(sha256_stream_free) struct sha256_stream *hash = NULL;
        _free_ char *bytes = malloc(HASH_STEP);
        bool is_stopped = false;
        ssize_t n = 0;
        int rc;

        rc = bytes ? sha256_stream_new(&hash) : -ENOMEM;
        while (rc == 0 && !is_stopped && (n = read(fd, bytes, HASH_STEP)) > 0) {
                rc = sha256_stream_add(hash, bytes, (size_t)n);
                pthread_mutex_lock(&images->mutex);
                is_stopped = images->is_stopped;
                pthread_mutex_unlock(&images->mutex);
        }
        if (rc == 0 && n < 0)
                rc = -errno;
        if (rc == 0 && is_stopped)
                rc = -ECANCELED;
        return rc < 0 ? rc : sha256_stream_end(hash, ret);
}

/* Of a copy that somebody doubts, the condition under which the controller sends its own: anybody
 * may doubt, and what is right costs us a look and it no image. "": there is none, or it cannot be
 * read. */
static void condition_make(struct images *images, const char *name, char ret[static CONDITION_SIZE])
{
        char text[SHA256_TEXT_SIZE];
        struct image_file copy = {.fd = -EBADF};
        struct image_entry *entry;
        struct sha256 hash;

        ret[0] = '\0';
        pthread_mutex_lock(&images->mutex);
        entry = image_name_is_small(name) ? NULL : image_store_find(images->store, name);
        if (entry)
                (void)open_entry(images, entry, clock_monotonic_ms(), &copy);
        pthread_mutex_unlock(&images->mutex);
        if (copy.fd < 0)
                return;
        if (hash_copy(images, copy.fd, &hash) == 0)
                snprintf(ret, CONDITION_SIZE, "If-None-Match: \"%s\"", sha256_text(text, &hash));
        close(copy.fd);
        images_close(images, copy.entry);
}

/* Into the part. @ret_size and @ret_hash are of what came. Or COPY_IS_RIGHT. */
static int download(struct lane *lane, const char *name, int fd, char *error, struct download *ret,
                    struct sha256 *ret_hash)
{
        char condition[CONDITION_SIZE];
        const char *const headers[] = {condition, NULL};
        CLEANUP(sha256_stream_free) struct sha256_stream *hash = NULL;
        _response_ struct fetch_response response = {0};
        char url[512], credential[WIRE_TOKEN_SIZE];
        struct fetch_request request = {
                .url = url,
                .bearer = credential,
                .silence_ms = SILENCE_MS,
                .limit = SMALL_MAX,
                .sink = download_sink,
                .sink_context = ret,
                .sink_size = download_size,
        };
        int rc;

        rc = sha256_stream_new(&hash);
        if (rc < 0)
                return rc;
        *ret = (struct download){.images = lane->images,
                                 .fd = fd,
                                 .max = lane->is_small ? SMALL_MAX : UINT64_MAX,
                                 .hash = hash};
        snprintf(url, sizeof(url), "%s/%s", lane->images->url, name);
        condition_make(lane->images, name, condition);
        if (condition[0])
                request.headers = headers;
        if (!lane->images->credential(lane->images->context, credential)) {
                snprintf(error, FETCH_ERROR_SIZE, "not joined to a controller yet");
                return -EHOSTUNREACH;
        }
        rc = fetch_do(lane->fetch, &request, error, &response);
        secret_erase(credential, sizeof(credential));
        if (rc == 0 && condition[0] && response.status == 304)
                rc = COPY_IS_RIGHT;
        if (rc == 0)
                rc = check_status(response.status, error);
        if (rc == 0)
                rc = download_check(ret, &response, ret_hash, error);
        ret->hash = NULL;
        return rc;
}

/* With the mutex held. */
static void note_right(struct images *images, const char *name)
{
        struct image_entry *entry = image_store_find(images->store, name);

        if (entry)
                entry->came_ms = clock_monotonic_ms();
}

/* One file, from the controller to its name; or COPY_IS_RIGHT. */
static int fetch_one(struct lane *lane, const char *name, char *error, uint64_t *ret_size)
{
        struct images *images = lane->images;
        struct download d = {0};
        struct sha256 hash = {0};
        int rc;

        pthread_mutex_lock(&images->mutex);
        _close_ int fd = image_store_part_open(images->store, name);
        pthread_mutex_unlock(&images->mutex);

        if (fd < 0)
                return fd;
        rc = download(lane, name, fd, error, &d, &hash);
        pthread_mutex_lock(&images->mutex);
        if (rc == 0)
                rc = image_store_part_take(images->store, name, d.size, &hash,
                                           clock_monotonic_ms());
        else
                image_store_part_drop(images->store, name);
        if (rc == COPY_IS_RIGHT)
                note_right(images, name);
        pthread_mutex_unlock(&images->mutex);
        *ret_size = d.size;
        return rc;
}

/* What a machine is told by @rc: one of those that images_open() returns. */
static int reason_of(int rc)
{
        switch (rc) {
        case 0:
        case -ENOENT:
        case -ENOSPC:
        case -EBADMSG:
                return rc;
        case -EDQUOT:
                return -ENOSPC;
        case -EFBIG: /* a manifest of a megabyte */
                return -EBADMSG;
        default:
                return -EHOSTUNREACH;
        }
}

static void finish(struct images *images, const struct wanted *wanted, int rc)
{
        const uint64_t now_ms = clock_monotonic_ms();
        struct image_entry *entry;

        pthread_mutex_lock(&images->mutex);
        for (size_t i = 0; i < images->queued; i++) {
                if (strcmp(images->queue[i].name, wanted->name) != 0)
                        continue;
                images->queued--;
                memmove(&images->queue[i], &images->queue[i + 1],
                        (images->queued - i) * sizeof(images->queue[0]));
                break;
        }
        if (rc < 0)
                miss_add(images, wanted, reason_of(rc));
        entry = rc == -ENOENT ? image_store_find(images->store, wanted->name) : NULL;
        if (entry)
                image_store_remove(images->store, entry, now_ms);
        pthread_mutex_unlock(&images->mutex);
}

/* The same failed for the same reason not long ago: machines ask again and again while they wait.
 * With the mutex held. */
static bool was_told(const struct images *images, const struct wanted *wanted, int rc)
{
        const uint64_t now_ms = clock_monotonic_ms();

        for (size_t i = 0; i < IMAGES_MAX_MISSES; i++)
                if (images->misses[i].rc == reason_of(rc) &&
                    now_ms < images->misses[i].until_ms + TELL_AGAIN_MS &&
                    strcmp(images->misses[i].name, wanted->name) == 0)
                        return true;
        return false;
}

static void tell(struct images *images, const struct wanted *wanted, int rc, const char *error,
                 uint64_t size, uint64_t took_ms)
{
        char ip[IP_TEXT_SIZE];
        bool is_told;

        pthread_mutex_lock(&images->mutex);
        is_told = rc >= 0 || (rc != -ECANCELED && !was_told(images, wanted, rc));
        is_told = is_told && flood_allows_line(&images->flood, "image");
        pthread_mutex_unlock(&images->mutex);
        if (!is_told)
                return;
        if (rc == 0)
                log_info("image.fetched", "name=%s bytes=%llu took_ms=%llu for=%s", wanted->name,
                         (unsigned long long)size, (unsigned long long)took_ms,
                         ip_text(ip, wanted->from));
        else if (rc == COPY_IS_RIGHT)
                log_info("image.right", "name=%s took_ms=%llu for=%s", wanted->name,
                         (unsigned long long)took_ms, ip_text(ip, wanted->from));
        else
                log_warning("image.failed", "name=%s for=%s reason=%s", wanted->name,
                            ip_text(ip, wanted->from),
                            QUOTE(rc == -ENOSPC || !error[0] ? strerror(-rc) : error));
}

/* The next one of this lane; false at the end. Waits. */
static bool next(struct lane *lane, struct wanted *ret)
{
        struct images *images = lane->images;
        bool is_found = false;

        pthread_mutex_lock(&images->mutex);
        while (!images->is_stopped && !is_found) {
                for (size_t i = 0; i < images->queued && !is_found; i++) {
                        struct wanted *w = &images->queue[i];

                        if (w->is_running || image_name_is_small(w->name) != lane->is_small)
                                continue;
                        w->is_running = is_found = true;
                        *ret = *w;
                }
                if (!is_found)
                        pthread_cond_wait(&images->changed, &images->mutex);
        }
        is_found = is_found && !images->is_stopped;
        pthread_mutex_unlock(&images->mutex);
        return is_found;
}

static void *lane_run(void *context)
{
        struct lane *lane = context;
        struct wanted wanted;

        while (next(lane, &wanted)) {
                const uint64_t start_ms = clock_monotonic_ms();
                char error[FETCH_ERROR_SIZE] = "";
                uint64_t size = 0;
                const int rc = fetch_one(lane, wanted.name, error, &size);

                tell(lane->images, &wanted, rc, error, size, clock_monotonic_ms() - start_ms);
                finish(lane->images, &wanted, rc);
        }
        return NULL;
}

int images_start(struct images *images)
{
        for (size_t i = 0; i < LANE_COUNT; i++) {
                struct lane *lane = &images->lanes[i];
                const int rc = pthread_create(&lane->thread, NULL, lane_run, lane);

                if (rc != 0)
                        return -rc;
                lane->is_started = true;
        }
        return 0;
}
