/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One question, one answer, both of a fixed size; behind an answer that has one,
 * the frame. The child was told once, before it read a byte, how large the image
 * is and how hard to compress.
 */
#include "cli/import_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import.h"
#include "lib/base/cleanup.h"

/* A frame takes some 100 ms, or as long as the disk does that holds it. */
#define PATIENCE_MS 300000

/* Two buffers of 4 MiB, what zstd needs at level 19, and what libc keeps. */
#define READER_MEMORY ((uint64_t)256 << 20)

enum { KIND_READER };

struct setting {
        uint64_t size;
        int32_t level;
        uint32_t nothing;
};

#define ASKS_LOOK UINT64_MAX /* in place of a frame's number */

struct answer {
        int32_t rc; /* 0, -errno */
        uint32_t sector_size;
        uint32_t stored; /* so many bytes of the frame follow; 0: none, it was a look */
        uint32_t is_zero;
        struct sha256 plain;
};

/* ---- in the child ---- */

struct job {
        int fd;
        struct setting setting;
        struct image_encoder *encoder;
        uint8_t *plain, *stored;
};

static void job_done(struct job *job)
{
        image_encoder_free(job->encoder);
        free(job->plain);
        free(job->stored);
}

static int read_frame(const struct job *job, uint64_t number, size_t *ret_size)
{
        const uint64_t size = job->setting.size, at = number * IMAGE_FRAME_SIZE;

        if (number > size / IMAGE_FRAME_SIZE || at >= size)
                return -EINVAL;
        *ret_size = size - at < IMAGE_FRAME_SIZE ? (size_t)(size - at) : IMAGE_FRAME_SIZE;
        return import_read(job->fd, at, job->plain, *ret_size);
}

static int look(const struct job *job, struct answer *ret)
{
        size_t size = 0;
        int rc = import_sector_size(job->fd, &ret->sector_size);

        if (rc == 0)
                rc = read_frame(job, 0, &size);
        return rc < 0 ? rc : sha256_of(job->plain, size, &ret->plain);
}

static int encode(const struct job *job, uint64_t number, struct answer *ret)
{
        struct image_frame frame = {0};
        size_t size = 0;
        int rc = read_frame(job, number, &size);

        if (rc == 0)
                rc = image_frame_encode(job->encoder, job->plain, size, job->stored, &frame);
        if (rc < 0)
                return rc;
        ret->stored = frame.stored;
        ret->is_zero = frame.is_zero;
        ret->plain = frame.plain;
        return 0;
}

static int answer_one(int socket, const struct job *job)
{
        struct answer answer = {0};
        uint64_t number;
        int rc;

        rc = child_read(socket, &number, sizeof(number));
        if (rc < 0)
                return rc;
        answer.rc = number == ASKS_LOOK ? look(job, &answer) : encode(job, number, &answer);
        rc = child_write(socket, &answer, sizeof(answer));
        if (rc == 0 && answer.stored > 0)
                rc = child_write(socket, job->stored, answer.stored);
        return rc;
}

static int run(int socket, int given)
{
        __attribute__((cleanup(job_done))) struct job job = {.fd = given};
        int rc;

        if (child_read(socket, &job.setting, sizeof(job.setting)) < 0)
                return EXIT_FAILURE;
        job.plain = malloc(IMAGE_FRAME_SIZE);
        job.stored = malloc(IMAGE_STORED_MAX);
        if (!job.plain || !job.stored || image_encoder_new(job.setting.level, &job.encoder) < 0)
                return EXIT_FAILURE;
        do {
                rc = answer_one(socket, &job);
        } while (rc == 0);
        return rc == -EPIPE ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct child_kind import_reader_kind = {"image-read", run, {.memory_bytes = READER_MEMORY}};

/* ---- in the command ---- */

struct import_reader {
        struct spawner *spawner;
        struct spawned child;
};

int import_reader_new(int fd, uint64_t size, int level, struct import_reader **ret)
{
        const struct setting setting = {.size = size, .level = level};
        CLEANUP(import_reader_free) struct import_reader *reader = calloc(1, sizeof(*reader));
        int rc;

        if (!reader)
                return -ENOMEM;
        reader->child = SPAWNED_NONE;
        rc = spawner_start(&import_reader_kind, 1, &reader->spawner);
        if (rc == 0)
                rc = spawner_spawn(reader->spawner, KIND_READER, fd, PATIENCE_MS, &reader->child);
        if (rc == 0)
                rc = spawned_write(&reader->child, &setting, sizeof(setting));
        if (rc < 0)
                return rc;
        *ret = TAKE_PTR(reader);
        return 0;
}

struct import_reader *import_reader_free(struct import_reader *reader)
{
        if (reader) {
                spawned_kill(&reader->child);
                spawner_stop(reader->spawner);
                free(reader);
        }
        return NULL;
}

static int no_answer(struct import_reader *reader, int rc, char *why)
{
        char how[SPAWNER_HOW_SIZE];
        const char *reason = strerror(-rc);

        if (rc == -ETIMEDOUT)
                reason = "it stood still for five minutes";
        else if (rc == -EPROTO)
                reason = "what it said makes no sense";
        else if (reader->child.fd >= 0)
                reason = spawned_end(&reader->child, how);
        snprintf(why, IMPORT_READER_SIZE, "the process that reads it gave no answer: %s", reason);
        spawned_kill(&reader->child);
        return -EOWNERDEAD;
}

static int ask(struct import_reader *reader, uint64_t number, char *why, struct answer *ret)
{
        int rc = reader->child.fd < 0 ? -EPIPE : 0;

        if (rc == 0)
                rc = spawned_write(&reader->child, &number, sizeof(number));
        if (rc == 0)
                rc = spawned_read(&reader->child, ret, sizeof(*ret));
        if (rc == 0 && (ret->rc > 0 || ret->rc < -4095))
                rc = -EPROTO;
        if (rc < 0)
                return no_answer(reader, rc, why);
        if (ret->rc < 0)
                snprintf(why, IMPORT_READER_SIZE, "%s",
                         ret->rc == -EPIPE ? "it became shorter while it was read"
                                           : strerror(-ret->rc));
        return ret->rc;
}

int import_reader_look(struct import_reader *reader, char why[static IMPORT_READER_SIZE],
                       struct import_look *ret)
{
        struct answer answer = {0};
        const int rc = ask(reader, ASKS_LOOK, why, &answer);

        if (rc < 0)
                return rc;
        if (answer.stored != 0 || (answer.sector_size != 512 && answer.sector_size != 4096))
                return no_answer(reader, -EPROTO, why);
        *ret = (struct import_look){answer.sector_size, answer.plain};
        return 0;
}

int import_reader_frame(struct import_reader *reader, uint64_t number, uint8_t *stored,
                        char why[static IMPORT_READER_SIZE], struct image_frame *ret)
{
        struct answer answer = {0};
        int rc = ask(reader, number, why, &answer);

        if (rc < 0)
                return rc;
        if (answer.stored == 0 || answer.stored > IMAGE_STORED_MAX)
                return no_answer(reader, -EPROTO, why);
        rc = spawned_read(&reader->child, stored, answer.stored);
        if (rc < 0)
                return no_answer(reader, rc, why);
        *ret = (struct image_frame){
                .stored = answer.stored, .is_zero = answer.is_zero != 0, .plain = answer.plain};
        return 0;
}
