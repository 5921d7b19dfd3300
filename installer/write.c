/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The steps `wipe` and `write`
 *
 * Several threads, each with a connection of its own: one decompresses while
 * another waits for the disk. Who is free takes the next frames in their order,
 * so that the disk is written from front to back. The first frame is left to the
 * step `table`; its place is zero until then.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "installer/frames.h"
#include "installer/memory.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/disk/holds.h"

#define WRITERS_MAX    16 /* more connections than this no disk and no edge needs */
#define WRITER_MEMORY  ((uint64_t)9 << 20) /* a stored frame, a plain one, and what zstd holds */
#define ZERO_RUN_MAX   64 /* frames in one go: 256 MiB, seconds where a disk must write them */
#define TAIL_ZERO_SIZE ((uint64_t)1 << 20) /* of an old backup table, with sectors of any size */

struct work {
        struct install *in;
        pthread_mutex_t lock; /* guards all below */
        uint64_t next, end;   /* frames */
        uint64_t done, total; /* bytes */
        uint64_t written, zeroed;
        bool is_failed;
        struct writer_thread *writers;
        size_t count;
};

struct writer_thread {
        struct work *work;
        struct frame_reader reader;
        pthread_t thread;
        bool is_started;
};

static int fail_disk(struct install *in, const char *what, int rc)
{
        return install_fail(in, CAUSE_DISK_FAILED, "%s cannot be %s: %s", in->disk.name, what,
                            strerror(-rc));
}

int install_wipe(struct install *in, char *text)
{
        const int rc = disk_wipe(in->disk.fd);

        if (rc < 0)
                return fail_disk(in, "wiped", rc);
        snprintf(text, EVENT_TEXT_SIZE, "partition tables and superblocks of %s", in->disk.name);
        return 0;
}

/* From here until `table` the disk has no partition table, neither in front nor at its end. */
static int clear_tables(struct install *in)
{
        const uint64_t size = in->disk.size;
        const uint64_t head = size < IMAGE_FRAME_SIZE ? size : IMAGE_FRAME_SIZE;
        const uint64_t tail = size < TAIL_ZERO_SIZE ? size : TAIL_ZERO_SIZE;
        int rc;

        rc = disk_zero(&in->disk, 0, head);
        if (rc >= 0)
                rc = disk_zero(&in->disk, size - tail, tail);
        if (rc >= 0)
                rc = disk_sync(&in->disk);
        return rc < 0 ? fail_disk(in, "written", rc) : 0;
}

/* 1 and what is to be done next; 0: nothing is left. */
static int take_span(struct work *work, struct frame_span *ret, bool *ret_is_zero)
{
        struct image_frame frame;
        uint64_t count = 0;

        pthread_mutex_lock(&work->lock);
        if (!work->is_failed && work->next < work->end) {
                const uint64_t left = work->end - work->next;

                do {
                        image_table_frame(work->in->table, work->next + count, &frame);
                        if (count == 0)
                                *ret_is_zero = frame.is_zero;
                        if (!frame.is_zero)
                                break;
                        count++;
                } while (count < left && count < ZERO_RUN_MAX);
                if (!*ret_is_zero)
                        count = frame_run(work->in, work->next);
                *ret = (struct frame_span){work->next, count};
                work->next += count;
        }
        pthread_mutex_unlock(&work->lock);
        return count > 0;
}

static void add_done(struct work *work, uint64_t written, uint64_t zeroed)
{
        uint64_t done;

        pthread_mutex_lock(&work->lock);
        work->written += written;
        work->zeroed += zeroed;
        work->done += written + zeroed;
        done = work->done;
        pthread_mutex_unlock(&work->lock);
        report_bytes(&work->in->report, done, work->total);
}

static int write_frame(void *context, uint64_t number, const void *plain, size_t size)
{
        struct work *work = context;
        const int rc = disk_write(&work->in->disk, number * IMAGE_FRAME_SIZE, plain, size);

        if (rc < 0)
                return fail_disk(work->in, "written", rc);
        add_done(work, size, 0);
        return 0;
}

static int zero_frames(struct work *work, struct frame_span span)
{
        struct install *in = work->in;
        const uint64_t last = span.first + span.count - 1;
        const uint64_t size =
                (span.count - 1) * IMAGE_FRAME_SIZE + image_frame_size(&in->manifest, last);
        const int rc = disk_zero(&in->disk, span.first * IMAGE_FRAME_SIZE, size);

        if (rc < 0)
                return fail_disk(in, "written", rc);
        add_done(work, 0, size);
        return 0;
}

/* The others need not wait for an edge, or fetch what is of no use any more. */
static void stop_all(struct work *work)
{
        pthread_mutex_lock(&work->lock);
        work->is_failed = true;
        atomic_store(&work->in->source.is_given_up, true);
        for (size_t i = 0; i < work->count; i++)
                if (work->writers[i].reader.fetch)
                        fetch_cancel(work->writers[i].reader.fetch);
        pthread_mutex_unlock(&work->lock);
}

static void *run_writer(void *context)
{
        struct writer_thread *writer = context;
        struct work *work = writer->work;
        struct frame_span span;
        bool is_zero = false;
        int rc = 0;

        while (rc >= 0 && take_span(work, &span, &is_zero)) {
                if (is_zero)
                        rc = zero_frames(work, span);
                else
                        rc = frame_read_run(work->in, &writer->reader, span, write_frame, work);
        }
        if (rc < 0)
                stop_all(work);
        return NULL;
}

static size_t writer_count(uint64_t frames)
{
        const long cores = sysconf(_SC_NPROCESSORS_ONLN);
        const uint64_t by_memory = memory_available() / 4 / WRITER_MEMORY;
        uint64_t count = cores > 0 ? (uint64_t)cores : 1;

        count = count < by_memory ? count : by_memory;
        count = count < frames ? count : frames;
        count = count < WRITERS_MAX ? count : WRITERS_MAX;
        return count > 0 ? (size_t)count : 1;
}

/* All frames but the first. One thread that starts is enough. */
static int run_writers(struct work *work)
{
        struct writer_thread writers[WRITERS_MAX] = {0};
        const size_t wanted = writer_count(work->end - work->next);
        size_t started = 0;

        pthread_mutex_lock(&work->lock); /* until all stand in the list */
        work->writers = writers;
        for (size_t i = 0; i < wanted; i++) {
                writers[i].work = work;
                if (frame_reader_init(&writers[i].reader) < 0 ||
                    pthread_create(&writers[i].thread, NULL, run_writer, &writers[i]) != 0)
                        break;
                writers[i].is_started = true;
                started++;
        }
        work->count = started;
        pthread_mutex_unlock(&work->lock);

        for (size_t i = 0; i < started; i++)
                pthread_join(writers[i].thread, NULL);
        for (size_t i = 0; i < wanted; i++)
                frame_reader_done(&writers[i].reader);
        work->writers = NULL;
        if (started == 0)
                return install_fail(work->in, CAUSE_OUT_OF_MEMORY, "to write the image");
        return work->is_failed ? -ECANCELED : 0;
}

int install_write(struct install *in, char *text)
{
        char written[TEXT_SIZE_MAX], zeroed[TEXT_SIZE_MAX];
        struct work work = {.in = in,
                            .next = 1,
                            .end = image_frame_count(&in->manifest),
                            .total = in->manifest.size - in->head_size};
        int rc;

        rc = clear_tables(in);
        if (rc < 0)
                return rc;
        pthread_mutex_init(&work.lock, NULL);
        disk_set_direct(&in->disk, true);
        if (work.next < work.end)
                rc = run_writers(&work);
        disk_set_direct(&in->disk, false);
        pthread_mutex_destroy(&work.lock);
        if (rc < 0)
                return rc;
        rc = disk_sync(&in->disk);
        if (rc < 0)
                return fail_disk(in, "written", rc);
        snprintf(text, EVENT_TEXT_SIZE, "%s written, %s zeroed", text_size(written, work.written),
                 text_size(zeroed, work.zeroed));
        return 0;
}
