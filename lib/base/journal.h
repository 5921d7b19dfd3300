/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Journal: records that are on disk when we say so.
 *
 * A file of checksummed records that only grows at its end, preallocated so
 * that a sync writes data alone. Records are opaque bytes of at most
 * JOURNAL_RECORD_MAX. On opening, every whole record is replayed; a torn tail
 * (a record that was being written when the power went) is cut off and never
 * trusted. Damage to a record that was already synced when a later one was
 * written is not a torn tail: opening then fails rather than forget leases
 * silently. (Within the last batch, damage and tearing look the same.)
 *
 * journal_append() only collects. journal_commit() hands what was collected to
 * the journal's own thread, which writes and syncs it as one batch, and then
 * calls back. After a failed write or sync nothing more is promised: the
 * journal refuses all further commits with the same error (after EIO the page
 * cache no longer tells what is on disk), until journal_mend() has made a new file.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/loop.h"

#define JOURNAL_RECORD_MAX 65536

struct journal;

typedef int (*journal_replay_fn)(void *context, const void *record, size_t size);
typedef void (*journal_done_fn)(void *context, int rc);

/**
 * journal_open() - open or create, and replay
 * @path:     the file; a new one is made with mode 0600, its folder synced. Beside it lie
 *            PATH.lock, and PATH.new during a compaction
 * @loop:     whose thread the done functions are called on; all calls come from it
 * @replay:   called once for each record, oldest first; a negative return ends opening with it
 * @context:  for @replay
 * @ret:      written only on success
 *
 * Return: 0 on success.
 *         -EBADMSG if a record in the middle is damaged, or it is not a journal.
 *         -EPROTONOSUPPORT if a newer version made it.
 *         -EBUSY if another process has it open.
 *         -errno of open, read, lock.
 */
int journal_open(const char *path, struct loop *loop, journal_replay_fn replay, void *context,
                 struct journal **ret);

/* Commits what was collected, waits for it and for a compaction, closes. Takes NULL, and may be
 * called by a done function. Done functions that have not run
 * yet are dropped. */
struct journal *journal_close(struct journal *journal);

/* Return: 0; -E2BIG for a record above the maximum; -ENOMEM; -ENOBUFS when JOURNAL_PENDING_MAX
 * bytes wait for the disk; or the error that broke the journal. */
int journal_append(struct journal *journal, const void *record, size_t size);
#define JOURNAL_PENDING_MAX ((size_t)8 << 20)

/**
 * journal_commit() - have all that was appended synced
 * @done:  called on the loop's thread with 0 once it is on disk, or with the error
 *
 * Many commits may wait; they complete in order, and one sync may serve several.
 *
 * Return: 0, -ENOMEM, or the error that broke the journal; @done is then not called.
 */
int journal_commit(struct journal *journal, journal_done_fn done, void *context);

/**
 * journal_compact() - replace the file by the records that still count
 * @write:  called at once, on this thread: appends each such record to @to
 *
 * The new file is written and synced beside the old one by the journal's
 * thread, then renamed over it; records appended meanwhile go to both.
 * journal_size() tells when it is worth it.
 *
 * If the new file cannot be written the old one stands, and may be compacted again later.
 *
 * Return: 0, -EALREADY while one is under way, what @write returned if negative, or the error that
 * broke the journal.
 */
struct journal_snapshot;
typedef int (*journal_snapshot_fn)(void *context, struct journal_snapshot *to);
int journal_snapshot_append(struct journal_snapshot *to, const void *record, size_t size);
int journal_compact(struct journal *journal, journal_snapshot_fn write, void *context);

/* It refuses commits, and wants journal_mend(). */
bool journal_is_broken(struct journal *journal);

/**
 * journal_mend() - begin anew after a failure, in a new file
 * @write:    as of journal_compact(); it must write all that was ever promised and still counts
 * @done:     called on the loop's thread: 0, and the journal works as if nothing had happened; or
 *            why it is still broken
 * @context:  for both
 *
 * The journal's thread writes the new file beside the broken one, syncs it, reads it back and
 * renames it over the other. Of the broken one nothing is trusted. What is appended meanwhile comes
 * behind it; commits are refused until @done.
 *
 * Return: 0; -EALREADY if it is not broken, or while a compaction or a mending is under way;
 *         -ENOMEM; or what @write returned. @done is called only after 0.
 */
int journal_mend(struct journal *journal, journal_snapshot_fn write, journal_done_fn done,
                 void *context);

/* Bytes of records on disk, and how many of them there are. */
uint64_t journal_size(const struct journal *journal);
uint64_t journal_count(const struct journal *journal);
