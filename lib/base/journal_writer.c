/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The writer takes the whole queue at a time, as one batch: one write, one
 * sync. While it waits for the disk the next batch collects, so batches are as
 * large as the disk is slow. It alone owns the file.
 *
 * A compaction writes the new file in a thread of its own, as that may take
 * seconds; the writer meanwhile keeps a copy of what it writes to the old one
 * (the tail), adds it at the end, and changes files.
 */
#include "lib/base/journal_writer.h"

#include <errno.h>
#include <unistd.h>

#include "lib/base/journal_record.h"

/* Compaction: the thread, then what the writer does before and after it */

static void *compactor_main(void *context)
{
        struct journal *j = context;
        struct buffer *records = &j->snapshot.records;
        int rc;

        rc = journal_file_create(j->path_new, &j->new_file);
        if (rc == 0)
                rc = journal_file_write(&j->new_file, records->bytes, records->size);
        j->compaction_rc = rc;

        pthread_mutex_lock(&j->lock);
        j->state = COMPACTION_WRITTEN;
        pthread_cond_signal(&j->changed);
        pthread_mutex_unlock(&j->lock);
        return NULL;
}

static void compaction_start(struct journal *j)
{
        int rc = pthread_create(&j->compactor, NULL, compactor_main, j);

        j->has_compactor = rc == 0;
        if (rc == 0)
                return;
        pthread_mutex_lock(&j->lock);
        j->compaction_rc = -rc;
        j->state = COMPACTION_WRITTEN;
        pthread_mutex_unlock(&j->lock);
}

/*
 * Adds the tail, and puts the new file in the place of the old one. Up to the
 * rename a failure changes nothing: the old file has every record. After it
 * nobody knows which of the two a power cut would leave, and the journal is
 * broken.
 */
static int compaction_install(struct journal *j)
{
        int rc = j->compaction_rc;

        if (rc == 0)
                rc = j->tail.rc;
        if (rc == 0)
                rc = journal_file_write(&j->new_file, j->tail.bytes, j->tail.size);
        if (rc < 0) {
                unlink(j->path_new);
                return 0;
        }
        rc = journal_file_rename(j->path_new, j->path);
        if (rc < 0)
                return rc;
        journal_file_close(&j->file);
        j->file = j->new_file;
        j->new_file.fd = -EBADF;
        return 0;
}

void journal_note_extent(struct journal *j)
{
        atomic_store(&j->size, j->file.end - JOURNAL_HEADER_SIZE);
        atomic_store(&j->count, j->file.count);
}

/* Called with the lock held, which is let go while the disk works. */
static void compaction_finish(struct journal *j)
{
        int rc = j->rc;

        pthread_mutex_unlock(&j->lock);
        if (j->has_compactor)
                pthread_join(j->compactor, NULL);
        j->has_compactor = false;
        if (rc == 0)
                rc = compaction_install(j);
        else
                unlink(j->path_new);
        journal_file_close(&j->new_file);
        buffer_done(&j->snapshot.records);
        buffer_done(&j->tail);
        journal_note_extent(j);
        pthread_mutex_lock(&j->lock);
        j->rc = rc;
        j->state = COMPACTION_NONE;
}

/* Mending */

static int mend_file(struct journal *j)
{
        const struct buffer *records = &j->snapshot.records;
        struct journal_file file = {.fd = -EBADF};
        int rc;

        rc = journal_file_create(j->path_new, &file);
        if (rc == 0)
                rc = journal_file_write(&file, records->bytes, records->size);
        if (rc == 0)
                rc = journal_file_verify(&file, j->path_new);
        if (rc == 0)
                rc = journal_file_rename(j->path_new, j->path);
        if (rc < 0) {
                unlink(j->path_new);
                journal_file_close(&file);
                return rc;
        }
        journal_file_close(&j->file);
        j->file = file;
        journal_note_extent(j);
        return 0;
}

/* Called with the lock held, which is let go while the disk works. */
static void mend(struct journal *j)
{
        int rc;

        pthread_mutex_unlock(&j->lock);
        rc = mend_file(j);
        buffer_done(&j->snapshot.records);
        pthread_mutex_lock(&j->lock);
        if (rc == 0 && j->has_lost)
                rc = -ENOBUFS; /* the file is whole, and lacks what came since */
        if (rc == 0)
                j->rc = 0;
        else
                j->queue.size = 0;
        j->mender->rc = rc;
        list_append(&j->finished, &j->mender->link);
        j->mender = NULL;
        (void)!write(j->wakeup[1], "", 1);
}

/* The writer */

static void move_all(struct list *from, struct list *to, int rc)
{
        LIST_FOR_EACH(from, at)
        {
                container_of(at, struct journal_waiter, link)->rc = rc;
                list_remove(at);
                list_append(to, at);
        }
}

/* Called with the lock held, which is let go while the disk works. */
static void write_batch(struct journal *j)
{
        struct buffer records = j->queue;
        bool is_starting = j->state == COMPACTION_WANTED;
        size_t tail_from = is_starting ? j->tail_from : 0;
        bool has_tail = j->state != COMPACTION_NONE;
        struct list waiting;
        int rc = j->rc;

        j->queue = j->batch;
        j->in_batch = records.size;
        list_init(&waiting);
        move_all(&j->waiting, &waiting, 0);
        if (is_starting)
                j->state = COMPACTION_RUNNING;
        pthread_mutex_unlock(&j->lock);

        if (rc == 0)
                rc = journal_file_write(&j->file, records.bytes, records.size);
        journal_note_extent(j);
        if (has_tail && records.size > tail_from)
                buffer_add(&j->tail, records.bytes + tail_from, records.size - tail_from);
        if (is_starting)
                compaction_start(j);
        records.size = 0;
        j->batch = records;

        pthread_mutex_lock(&j->lock);
        if (j->rc == 0)
                j->rc = rc;
        j->in_batch = 0;
        if (!list_is_empty(&waiting)) {
                move_all(&waiting, &j->finished, rc);
                (void)!write(j->wakeup[1], "", 1); /* a full pipe wakes as well */
        }
}

static bool has_batch(const struct journal *j)
{
        return !list_is_empty(&j->waiting) || j->state == COMPACTION_WANTED ||
               (j->is_closing && j->queue.size > 0);
}

void *journal_writer_main(void *context)
{
        struct journal *j = context;

        pthread_mutex_lock(&j->lock);
        for (;;) {
                if (j->mender && !j->is_closing)
                        mend(j);
                else if (has_batch(j))
                        write_batch(j);
                else if (j->state == COMPACTION_WRITTEN)
                        compaction_finish(j);
                else if (j->is_closing && j->state == COMPACTION_NONE)
                        break;
                else
                        pthread_cond_wait(&j->changed, &j->lock);
        }
        pthread_mutex_unlock(&j->lock);
        return NULL;
}
