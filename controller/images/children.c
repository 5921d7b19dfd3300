/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What strangers wrote is decompressed in children: one an upload, one for a
 * verification. None of them has a key, a database, another's image or the network;
 * the worst that it can do is to say something wrong of the one image it was
 * given, and whoever installs that hashes every frame again.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/images/inner.h"
#include "lib/daemon/log.h"

/* A frame takes 10 ms. Whoever needs a minute for one stands still, or his disk does. */
#define PATIENCE_MS 60000
/* How soon somebody who waits for a child sees that we are to stop. */
#define TICK_MS 200

/* Two buffers of 4 MiB, a window of 8, and what libc keeps. */
#define UNPACK_MEMORY ((uint64_t)64 << 20)
/* The table of the largest image, too: 185 MB. */
#define VERIFY_MEMORY ((uint64_t)320 << 20)

enum { GOES_ON = 1 };

struct question {
        uint32_t stored, plain;
};

struct answer {
        int32_t rc; /* 0, -errno, GOES_ON */
        uint32_t is_zero;
        uint64_t frame;
        struct sha256 plain;
};

/* ---- in the child ---- */

static int unpack_one(int socket, struct image_decoder *decoder, uint8_t *stored, uint8_t *plain)
{
        struct question question;
        struct answer answer = {0};
        int rc;

        rc = child_read(socket, &question, sizeof(question));
        if (rc == 0 && (question.stored > IMAGE_STORED_MAX || question.plain > IMAGE_FRAME_SIZE))
                rc = -EINVAL;
        if (rc == 0)
                rc = child_read(socket, stored, question.stored);
        if (rc < 0)
                return rc;
        answer.rc = image_frame_unpack(decoder, reader_over(stored, question.stored), plain,
                                       question.plain, &answer.plain);
        answer.is_zero = answer.rc == 0 && image_is_zero(plain, question.plain);
        return child_write(socket, &answer, sizeof(answer));
}

static int run_unpack(int socket, int given)
{
        CLEANUP(image_decoder_free) struct image_decoder *decoder = NULL;
        _free_ uint8_t *stored = malloc(IMAGE_STORED_MAX), *plain = malloc(IMAGE_FRAME_SIZE);
        int rc;

        (void)given;
        if (!stored || !plain || image_decoder_new(&decoder) < 0)
                return EXIT_FAILURE;
        do {
                rc = unpack_one(socket, decoder, stored, plain);
        } while (rc == 0);
        return rc == -EPIPE ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool tell_progress(void *context, uint64_t frame)
{
        const struct answer answer = {.rc = GOES_ON, .frame = frame};

        return child_write(*(const int *)context, &answer, sizeof(answer)) == 0;
}

static int run_verify(int socket, int given)
{
        struct image_manifest manifest;
        struct answer answer = {0};

        if (child_read(socket, &manifest, sizeof(manifest)) < 0)
                return EXIT_FAILURE;
        answer.rc = image_verify_fd(given, &manifest, tell_progress, &socket, &answer.frame);
        return child_write(socket, &answer, sizeof(answer)) < 0;
}

const struct child_kind images_children[IMAGES_CHILD_COUNT] = {
        [IMAGES_CHILD_UNPACK] = {"image-unpack", run_unpack, {.memory_bytes = UNPACK_MEMORY}},
        [IMAGES_CHILD_VERIFY] = {"image-verify", run_verify, {.memory_bytes = VERIFY_MEMORY}},
};

/* ---- in the daemon ---- */

/* A child says what it likes: of what it says only what is possible is taken. */
static int error_of(const struct answer *answer)
{
        return answer->rc > 0 || answer->rc < -4095 ? -EBADMSG : answer->rc;
}

/* Why there is no answer. @how: for what became of the child. */
static const char *describe_end(struct spawned *child, int rc, char how[static SPAWNER_HOW_SIZE])
{
        if (rc == -ETIMEDOUT)
                return "it stood still for a minute";
        if (rc == -EPROTO)
                return "what it said makes no sense";
        return child->fd < 0 ? strerror(-rc) : spawned_end(child, how);
}

static int ask(const struct spawned *child, struct reader stored, uint32_t size, struct answer *ret)
{
        const struct question question = {(uint32_t)reader_left(&stored), size};
        int rc;

        rc = spawned_write(child, &question, sizeof(question));
        if (rc == 0)
                rc = spawned_write(child, stored.at, question.stored);
        if (rc == 0)
                rc = spawned_read(child, ret, sizeof(*ret));
        return rc;
}

/* Also once more in a new one, where an older one was gone before it was asked. */
static int ask_some_child(struct upload *upload, struct reader stored, uint32_t size,
                          struct answer *ret)
{
        const bool is_new = upload->child.fd < 0;
        int rc = 0;

        if (!is_new) {
                rc = ask(&upload->child, stored, size, ret);
                if (rc != -EPIPE)
                        return rc;
                spawned_kill(&upload->child);
        }
        rc = spawner_spawn(upload->spawner, IMAGES_CHILD_UNPACK, -EBADF, PATIENCE_MS,
                           &upload->child);
        return rc < 0 ? rc : ask(&upload->child, stored, size, ret);
}

int unpack_by_child(void *context, struct reader stored, uint32_t size, struct image_frame *ret)
{
        struct upload *upload = context;
        char how[SPAWNER_HOW_SIZE];
        struct answer answer = {0};
        int rc;

        if (reader_left(&stored) > IMAGE_STORED_MAX)
                return -EBADMSG;
        rc = ask_some_child(upload, stored, size, &answer);
        if (rc < 0) {
                snprintf(upload->why, sizeof(upload->why),
                         "The process that decompresses the frame gave no answer: %s.",
                         describe_end(&upload->child, rc, how));
                spawned_kill(&upload->child);
                log_warning("image.unread", "name=%s reason=%s", upload->wanted.name,
                            QUOTE(upload->why));
                return -EBADMSG;
        }
        ret->plain = answer.plain;
        ret->is_zero = answer.is_zero;
        return error_of(&answer);
}

/* 0: there is an answer that ends it; -EPROTO: one that no sound child gives. It tells of each
 * frame once and in order, so it cannot go on for ever. */
static int await(struct images *images, const struct spawned *child, uint64_t frames,
                 struct answer *ret)
{
        uint64_t waited_ms = 0, told = 0;

        for (;;) {
                const int rc = spawned_read(child, ret, sizeof(*ret));

                if (rc < 0 && rc != -ETIMEDOUT)
                        return rc;
                if (atomic_load(&images->is_stopping))
                        return -ECANCELED;
                if (rc == 0 && ret->rc != GOES_ON)
                        return 0;
                if (rc == 0 && (ret->frame != told++ || told > frames))
                        return -EPROTO;
                waited_ms = rc == 0 ? 0 : waited_ms + TICK_MS;
                if (waited_ms >= PATIENCE_MS)
                        return -ETIMEDOUT;
        }
}

int verify_by_child(struct images *images, int fd, const struct image_manifest *manifest, char *how,
                    uint64_t *ret_frame)
{
        struct spawned child = SPAWNED_NONE;
        char end[SPAWNER_HOW_SIZE];
        struct answer answer = {0};
        int rc;

        *ret_frame = UINT64_MAX;
        rc = spawner_spawn(images->spawner, IMAGES_CHILD_VERIFY, fd, TICK_MS, &child);
        if (rc == 0)
                rc = spawned_write(&child, manifest, sizeof(*manifest));
        if (rc == 0)
                rc = await(images, &child, image_frame_count(manifest), &answer);
        if (rc == 0) {
                *ret_frame = answer.frame;
                rc = error_of(&answer);
        } else if (rc != -ECANCELED) {
                rc = IMAGES_FAIL(how, -EOWNERDEAD,
                                 "The process that reads the image gave no answer: %s.",
                                 describe_end(&child, rc, end));
        }
        spawned_kill(&child);
        return rc;
}
