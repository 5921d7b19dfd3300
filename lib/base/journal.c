/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The side of the loop's thread: it puts records and commits into a queue for
 * the writer (journal_writer.c), and calls back.
 *
 * Completions come back through a pipe that belongs to the journal, and not
 * through loop_post(): its queue can be full, and a completion must not get
 * lost; and closing can take a descriptor out of the loop, but no posted call.
 */
#include "lib/base/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "lib/base/cleanup.h"
#include "lib/base/journal_record.h"
#include "lib/base/journal_writer.h"

/* A state that still counts and is larger than this belongs in a database. */
#define SNAPSHOT_MAX ((size_t)512 << 20)

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
                struct journal_waiter *waiter = container_of(at, struct journal_waiter, link);

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
        free(container_of(at, struct journal_waiter, link));
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
        free(j->mender);
        buffer_done(&j->snapshot.records);
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
        rc = pthread_create(&j->writer, NULL, journal_writer_main, j);
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
                journal_note_extent(j);
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
        int rc = -ENOBUFS;

        if (j->rc < 0 && !j->mender)
                return j->rc;
        if (j->queue.size + j->in_batch + JOURNAL_FRAME_SIZE + size <= JOURNAL_PENDING_MAX)
                rc = journal_record_add(&j->queue, record, size);
        j->has_lost |= rc < 0;
        return rc;
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
        struct journal_waiter *waiter = malloc(sizeof(*waiter));
        int rc;

        if (!waiter)
                return -ENOMEM;
        *waiter = (struct journal_waiter){.done = done, .context = context};
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

bool journal_is_broken(struct journal *journal)
{
        bool is_broken;

        pthread_mutex_lock(&journal->lock);
        is_broken = journal->rc < 0;
        pthread_mutex_unlock(&journal->lock);
        return is_broken;
}

int journal_mend(struct journal *journal, journal_snapshot_fn write, journal_done_fn done,
                 void *context)
{
        struct journal_snapshot snapshot = {.records.limit = SNAPSHOT_MAX};
        struct journal_waiter *waiter;
        int rc = 0;

        pthread_mutex_lock(&journal->lock);
        if (journal->rc == 0 || journal->mender || journal->state != COMPACTION_NONE)
                rc = -EALREADY;
        pthread_mutex_unlock(&journal->lock);
        if (rc == 0)
                rc = write(context, &snapshot);
        waiter = rc == 0 ? malloc(sizeof(*waiter)) : NULL;
        if (!waiter) {
                buffer_done(&snapshot.records);
                return rc < 0 ? rc : -ENOMEM;
        }
        *waiter = (struct journal_waiter){.done = done, .context = context};

        /* A broken journal stays so, and only this thread begins a mending. */
        pthread_mutex_lock(&journal->lock);
        journal->snapshot = snapshot;
        journal->queue.size = 0; /* it is in the snapshot */
        journal->has_lost = false;
        journal->mender = waiter;
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
