/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Inside the journal: what the loop's thread (journal.c) and the writer
 * (journal_writer.c) share. Nobody else includes this.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "lib/base/buffer.h"
#include "lib/base/journal.h"
#include "lib/base/journal_file.h"
#include "lib/base/list.h"

struct journal_waiter {
        struct list link;
        journal_done_fn done;
        void *context;
        int rc;
};

enum journal_compaction {
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
        int rc;                        /* what broke the journal, or 0 */
        struct journal_waiter *mender; /* wants it mended; NULL: nobody does */
        bool has_lost;                 /* a record that came meanwhile was refused */
        bool is_closing;
        struct buffer queue;  /* records not yet taken by the writer */
        size_t in_batch;      /* bytes that the writer is writing */
        struct list waiting;  /* commits not yet taken by the writer */
        struct list finished; /* commits whose done function shall be called */
        enum journal_compaction state;
        size_t tail_from; /* when WANTED: records in the queue before this are in the snapshot */

        /* The mending's: the writer's; or the compaction's: its thread's while RUNNING, but the
         * tail the writer's. */
        struct journal_snapshot snapshot;
        struct journal_file new_file;
        struct buffer tail;
        int compaction_rc;
        pthread_t compactor;
        bool has_compactor;
};

/* Sets size and count to what the file holds; before the writer runs, or by it. */
void journal_note_extent(struct journal *journal);

/* The writer's thread; runs until is_closing, and then until all is written. */
void *journal_writer_main(void *context);
