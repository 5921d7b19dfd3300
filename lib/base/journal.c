/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Three threads at most:
 *
 *   - The loop's thread puts records and commits into a queue, and calls back.
 *   - The writer takes the whole queue at a time, as one batch: one write, one
 *     sync. While it waits for the disk the next batch collects, so batches are
 *     as large as the disk is slow. It alone owns the file.
 *   - A compaction writes the new file in a thread of its own, as that may take
 *     seconds; the writer meanwhile keeps a copy of what it writes to the old
 *     one (the tail), adds it at the end, and changes files.
 *
 * Completions come back through a pipe that belongs to the journal, and not
 * through loop_post(): its queue can be full, and a completion must not get
 * lost; and closing can take a descriptor out of the loop, but no posted call.
 */
#include "lib/base/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/journal_file.h"
#include "lib/base/journal_record.h"
#include "lib/base/list.h"

/* A state that still counts and is larger than this belongs in a database. */
#define SNAPSHOT_MAX ((size_t)512 << 20)

struct waiter {
        struct list link;
        journal_done_fn done;
        void *context;
        int rc;
};

enum compaction_state {
        COMPACTION_NONE,
        COMPACTION_WANTED,  /* the snapshot is taken; the writer has not seen it */
        COMPACTION_RUNNING, /* its thread writes the new file; the tail collects */
        COMPACTION_WRITTEN, /* that thread is done; the writer shall finish it */
};

struct journal_snapshot {
        struct buffer records;
};

struct journal {
        char *path;
        char *path_new;
        int lock_fd;
        struct loop *loop;
        int wakeup[2]; /* a pipe: a byte in it says that there are finished commits */
        struct loop_fd *wakeup_handle;
        bool *is_closed; /* where a running complete() wants to be told */
        _Atomic uint64_t size, count;

        pthread_t writer;
        struct journal_file file; /* the writer's */
        struct buffer batch;      /* the writer's: the records that it is writing */

        pthread_mutex_t lock; /* guards all below */
        pthread_cond_t changed;
        int rc; /* what broke the journal, or 0 */
        bool is_closing;
        struct buffer queue;  /* records not yet taken by the writer */
        size_t in_batch;      /* bytes that the writer is writing */
        struct list waiting;  /* commits not yet taken by the writer */
        struct list finished; /* commits whose done function shall be called */
        enum compaction_state state;
        size_t tail_from; /* when WANTED: records in the queue before this are in the snapshot */

        /* The compaction's: its thread's while RUNNING, but the tail the writer's. */
        struct journal_snapshot snapshot;
        struct journal_file new_file;
        struct buffer tail;
        int compaction_rc;
        pthread_t compactor;
        bool has_compactor;
};

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

static void note_extent(struct journal *j)
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
        note_extent(j);
        pthread_mutex_lock(&j->lock);
        j->rc = rc;
        j->state = COMPACTION_NONE;
}

/* The writer */

static void move_all(struct list *from, struct list *to, int rc)
{
        LIST_FOR_EACH(from, at)
        {
                container_of(at, struct waiter, link)->rc = rc;
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
        note_extent(j);
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

static void *writer_main(void *context)
{
        struct journal *j = context;

        pthread_mutex_lock(&j->lock);
        for (;;) {
                if (has_batch(j))
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

/* The loop's thread */

/* Calls the done functions of finished commits. Any of them may close the journal. */
static void complete(void *context, uint32_t events)
{
        struct journal *j = context;
        bool is_closed = false;
        struct list finished;
        char bytes[64];

        (void)events;
        list_init(&finished);
        while (read(j->wakeup[0], bytes, sizeof(bytes)) == (ssize_t)sizeof(bytes))
                ;
        pthread_mutex_lock(&j->lock);
        LIST_FOR_EACH(&j->finished, at)
        {
                list_remove(at);
                list_append(&finished, at);
        }
        pthread_mutex_unlock(&j->lock);

        j->is_closed = &is_closed;
        LIST_FOR_EACH(&finished, at)
        {
                struct waiter *waiter = container_of(at, struct waiter, link);

                if (!is_closed)
                        waiter->done(waiter->context, waiter->rc);
                free(waiter);
        }
        if (!is_closed)
                j->is_closed = NULL;
}

static void free_waiters(struct list *waiters)
{
        LIST_FOR_EACH(waiters, at)
        free(container_of(at, struct waiter, link));
}

/* What journal_open() made, as far as it came. */
static void release(struct journal *j)
{
        loop_remove_fd(j->wakeup_handle);
        cleanup_close(&j->wakeup[0]);
        cleanup_close(&j->wakeup[1]);
        journal_file_close(&j->file);
        cleanup_close(&j->lock_fd); /* last: now another may open it */
        free_waiters(&j->waiting);
        free_waiters(&j->finished);
        buffer_done(&j->queue);
        buffer_done(&j->batch);
        pthread_cond_destroy(&j->changed);
        pthread_mutex_destroy(&j->lock);
        free(j->path);
        free(j->path_new);
        free(j);
}

static struct journal *journal_new(const char *path, struct loop *loop)
{
        struct journal *j = calloc(1, sizeof(*j));

        if (!j)
                return NULL;
        j->loop = loop;
        j->lock_fd = j->wakeup[0] = j->wakeup[1] = j->file.fd = j->new_file.fd = -EBADF;
        list_init(&j->waiting);
        list_init(&j->finished);
        pthread_mutex_init(&j->lock, NULL);
        pthread_cond_init(&j->changed, NULL);
        j->path = strdup(path);
        if (asprintf(&j->path_new, "%s.new", path) < 0)
                j->path_new = NULL;
        if (!j->path || !j->path_new) {
                release(j);
                return NULL;
        }
        return j;
}

/* The file under its name: the one that is there, or a new one. */
static int open_file(struct journal *j, journal_replay_fn replay, void *context)
{
        int rc;

        unlink(j->path_new); /* what a compaction left that did not come to its end */
        rc = journal_file_open(j->path, replay, context, &j->file);
        if (rc != -ENOENT)
                return rc;
        rc = journal_file_create(j->path_new, &j->file);
        if (rc < 0)
                return rc;
        return journal_file_rename(j->path_new, j->path);
}

static int start_writer(struct journal *j)
{
        sigset_t all, before;
        int rc;

        if (pipe2(j->wakeup, O_CLOEXEC | O_NONBLOCK) < 0)
                return -errno;
        rc = loop_add_fd(j->loop, j->wakeup[0], EPOLLIN, complete, j, &j->wakeup_handle);
        if (rc < 0)
                return rc;
        /* Signals are the program's business, and go to its own thread. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        rc = pthread_create(&j->writer, NULL, writer_main, j);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return -rc;
}

int journal_open(const char *path, struct loop *loop, journal_replay_fn replay, void *context,
                 struct journal **ret)
{
        struct journal *j = journal_new(path, loop);
        int rc;

        if (!j)
                return -ENOMEM;
        rc = journal_file_lock(path, &j->lock_fd);
        if (rc == 0)
                rc = open_file(j, replay, context);
        if (rc == 0) {
                note_extent(j);
                rc = start_writer(j);
        }
        if (rc < 0) {
                release(j);
                return rc;
        }
        *ret = j;
        return 0;
}

struct journal *journal_close(struct journal *journal)
{
        if (!journal)
                return NULL;
        if (journal->is_closed)
                *journal->is_closed = true;
        pthread_mutex_lock(&journal->lock);
        journal->is_closing = true;
        pthread_cond_signal(&journal->changed);
        pthread_mutex_unlock(&journal->lock);
        pthread_join(journal->writer, NULL);
        release(journal);
        return NULL;
}

/* With the lock held. */
static int add_record(struct journal *j, const void *record, size_t size)
{
        if (j->rc < 0)
                return j->rc;
        if (j->queue.size + j->in_batch + JOURNAL_FRAME_SIZE + size > JOURNAL_PENDING_MAX)
                return -ENOBUFS;
        return journal_record_add(&j->queue, record, size);
}

int journal_append(struct journal *journal, const void *record, size_t size)
{
        int rc;

        if (size > JOURNAL_RECORD_MAX)
                return -E2BIG;
        pthread_mutex_lock(&journal->lock);
        rc = add_record(journal, record, size);
        pthread_mutex_unlock(&journal->lock);
        return rc;
}

int journal_commit(struct journal *journal, journal_done_fn done, void *context)
{
        struct waiter *waiter = malloc(sizeof(*waiter));
        int rc;

        if (!waiter)
                return -ENOMEM;
        *waiter = (struct waiter){.done = done, .context = context};
        pthread_mutex_lock(&journal->lock);
        rc = journal->rc;
        if (rc == 0) {
                list_append(&journal->waiting, &waiter->link);
                pthread_cond_signal(&journal->changed);
                waiter = NULL;
        }
        pthread_mutex_unlock(&journal->lock);
        free(waiter);
        return rc;
}

int journal_snapshot_append(struct journal_snapshot *to, const void *record, size_t size)
{
        return journal_record_add(&to->records, record, size);
}

int journal_compact(struct journal *journal, journal_snapshot_fn write, void *context)
{
        struct journal_snapshot snapshot = {.records.limit = SNAPSHOT_MAX};
        int rc;

        pthread_mutex_lock(&journal->lock);
        rc = journal->rc;
        if (rc == 0 && journal->state != COMPACTION_NONE)
                rc = -EALREADY;
        pthread_mutex_unlock(&journal->lock);
        if (rc == 0)
                rc = write(context, &snapshot);
        if (rc < 0) {
                buffer_done(&snapshot.records);
                return rc;
        }

        /* Only this thread begins one, so there is still none. */
        pthread_mutex_lock(&journal->lock);
        journal->snapshot = snapshot;
        journal->tail_from = journal->queue.size;
        journal->state = COMPACTION_WANTED;
        pthread_cond_signal(&journal->changed);
        pthread_mutex_unlock(&journal->lock);
        return 0;
}

uint64_t journal_size(const struct journal *journal)
{
        return atomic_load(&journal->size);
}

uint64_t journal_count(const struct journal *journal)
{
        return atomic_load(&journal->count);
}
