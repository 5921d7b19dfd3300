/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal with a real loop, real threads and a real disk; only the sync can be made to fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/crc32c.h"
#include "lib/base/file.h"
#include "lib/base/journal.h"
#include "lib/base/journal_record.h"

/* Stands before the C library's: counts, delays, or fails as a dying disk does. */
static atomic_int syncs, sync_error, sync_delay_ms;

int fdatasync(int fd)
{
        int error = atomic_load(&sync_error);

        atomic_fetch_add(&syncs, 1);
        usleep((useconds_t)atomic_load(&sync_delay_ms) * 1000);
        if (error) {
                errno = error;
                return -1;
        }
        return (int)syscall(SYS_fdatasync, fd);
}

static char folder[] = "/tmp/test-journal-XXXXXX";
static struct loop *loop;
static struct journal *journal;

static int enter_folder(void **state)
{
        (void)state;
        return !mkdtemp(folder) || chdir(folder) < 0 ? -1 : 0;
}

static int leave_folder(void **state)
{
        char command[64];

        (void)state;
        snprintf(command, sizeof(command), "rm -rf %s", folder);
        return chdir("/") < 0 || system(command) != 0 ? -1 : 0;
}

static int begin(void **state)
{
        (void)state;
        unlink("j");
        atomic_store(&sync_error, 0);
        atomic_store(&sync_delay_ms, 0);
        journal = NULL;
        return loop_new(&loop);
}

static int end(void **state)
{
        (void)state;
        journal = journal_close(journal);
        loop = loop_free(loop);
        return 0;
}

/* Records are numbers with some text; a replay adds them up. */
struct record {
        unsigned number;
        char filler[60];
};

struct sum {
        unsigned count;
        unsigned last;
        uint64_t total;
};

static int add_up(void *context, const void *bytes, size_t size)
{
        struct sum *sum = context;
        struct record record;

        assert_int_equal(size, sizeof(record));
        memcpy(&record, bytes, sizeof(record));
        sum->count++;
        sum->last = record.number;
        sum->total += record.number;
        return 0;
}

static int append(unsigned number)
{
        struct record record = {.number = number};

        memset(record.filler, 'f', sizeof(record.filler));
        return journal_append(journal, &record, sizeof(record));
}

static int open_it(struct sum *sum)
{
        *sum = (struct sum){0};
        return journal_open("j", loop, add_up, sum, &journal);
}

static struct {
        int calls;
        int rc;
        int failures;
        int stop_at;
        int order[64];
} done;

static void note_done(void *context, int rc)
{
        done.order[done.calls++ % 64] = (int)(uintptr_t)context;
        done.rc = rc;
        done.failures += rc < 0;
        if (done.calls == done.stop_at)
                loop_stop(loop);
}

/* Runs the loop until that many commits have called back in all. */
static void wait_for(int calls)
{
        done.stop_at = calls;
        if (done.calls < calls)
                assert_int_equal(loop_run(loop), 0);
        assert_int_equal(done.calls, calls);
}

static void commit_and_wait(void)
{
        done.calls = 0;
        assert_int_equal(journal_commit(journal, note_done, NULL), 0);
        wait_for(1);
        assert_int_equal(done.rc, 0);
}

static void what_was_committed_is_there_again(void **state)
{
        struct sum sum;
        struct stat st;

        (void)state;
        assert_int_equal(open_it(&sum), 0);
        assert_int_equal(sum.count, 0);
        assert_int_equal(stat("j", &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        for (unsigned i = 1; i <= 1000; i++)
                assert_int_equal(append(i), 0);
        commit_and_wait();
        assert_int_equal(journal_count(journal), 1000);
        assert_int_equal(journal_size(journal), 1000 * (24 + sizeof(struct record)));
        append(1001); /* closing commits what was only collected */
        journal = journal_close(journal);

        assert_int_equal(open_it(&sum), 0);
        assert_int_equal(sum.count, 1001);
        assert_int_equal(sum.last, 1001);
        assert_int_equal(journal_count(journal), 1001);
}

static void another_opener_is_turned_away(void **state)
{
        struct journal *other = NULL;
        struct sum sum;

        (void)state;
        assert_int_equal(open_it(&sum), 0);
        assert_int_equal(journal_open("j", loop, add_up, &sum, &other), -EBUSY);
        assert_null(other);
        journal = journal_close(journal);
        assert_int_equal(open_it(&sum), 0);
}

static void what_is_no_journal_is_left_alone(void **state)
{
        _free_ char *text = NULL;
        struct sum sum;

        (void)state;
        assert_int_equal(file_replace("j", "shopping list", 13, 0600), 0);
        assert_int_equal(open_it(&sum), -EBADMSG);
        assert_int_equal(file_read(AT_FDCWD, "j", 100, &text, NULL), 0);
        assert_string_equal(text, "shopping list");
        assert_int_equal(file_replace("j", "", 0, 0600), 0);
        assert_int_equal(open_it(&sum), -EBADMSG);
        assert_int_equal(journal_open("nowhere/j", loop, add_up, &sum, &journal), -ENOENT);
}

static void many_commits_share_a_sync(void **state)
{
        enum { COMMITS = 1000 };
        struct sum sum;
        int before;

        (void)state;
        assert_int_equal(open_it(&sum), 0);
        atomic_store(&sync_delay_ms, 5);
        before = atomic_load(&syncs);
        done.calls = 0;
        for (unsigned i = 1; i <= COMMITS; i++) {
                assert_int_equal(append(i), 0);
                assert_int_equal(journal_commit(journal, note_done, (void *)(uintptr_t)i), 0);
        }
        assert_int_equal(done.calls, 0); /* never from within journal_commit() */
        wait_for(COMMITS);
        assert_in_range(atomic_load(&syncs) - before, 1, 50);
        for (int i = 0; i < 64; i++) /* the last 64, in order */
                assert_int_equal(done.order[(COMMITS - 64 + i) % 64], COMMITS - 63 + i);
        journal = journal_close(journal);
        assert_int_equal(open_it(&sum), 0);
        assert_int_equal(sum.count, COMMITS);
}

static void nothing_is_done_before_the_sync(void **state)
{
        uint64_t before_ms;
        struct sum sum;

        (void)state;
        assert_int_equal(open_it(&sum), 0);
        atomic_store(&sync_delay_ms, 50);
        before_ms = clock_monotonic_ms();
        append(1);
        commit_and_wait();
        assert_true(clock_monotonic_ms() - before_ms >= 50);
}

static void a_failed_sync_breaks_it_for_good(void **state)
{
        struct sum sum;

        (void)state;
        assert_int_equal(open_it(&sum), 0);
        append(1);
        commit_and_wait();

        atomic_store(&sync_error, EIO);
        atomic_store(&sync_delay_ms, 20);
        done.calls = 0;
        append(2);
        assert_int_equal(journal_commit(journal, note_done, NULL), 0);
        wait_for(1);
        assert_int_equal(done.rc, -EIO);

        /* The disk seems well again: that does not bring back what it dropped. */
        atomic_store(&sync_error, 0);
        assert_int_equal(append(3), -EIO);
        assert_int_equal(journal_commit(journal, note_done, NULL), -EIO);
        assert_int_equal(journal_compact(journal, NULL, NULL), -EIO);
        assert_int_equal(done.calls, 1);
        assert_int_equal(journal_count(journal), 1);
}

/* Those that wait behind the failing batch must not report success, either. */
static void all_that_wait_hear_of_the_failure(void **state)
{
        struct sum sum;
        int accepted = 0;

        (void)state;
        assert_int_equal(open_it(&sum), 0);
        atomic_store(&sync_error, EIO);
        atomic_store(&sync_delay_ms, 5);
        done.calls = done.failures = 0;
        for (unsigned i = 0; i < 40; i++) {
                if (append(i) == 0 && journal_commit(journal, note_done, NULL) == 0)
                        accepted++;
                usleep(500);
        }
        assert_in_range(accepted, 1, 40);
        wait_for(accepted);
        assert_int_equal(done.failures, accepted);
}

static void limits(void **state)
{
        static uint8_t big[JOURNAL_RECORD_MAX + 1];
        struct sum sum;
        int rc, count = 0;

        (void)state;
        assert_int_equal(open_it(&sum), 0);
        assert_int_equal(journal_append(journal, big, sizeof(big)), -E2BIG);
        while ((rc = journal_append(journal, big, JOURNAL_RECORD_MAX)) == 0)
                count++;
        assert_int_equal(rc, -ENOBUFS);
        assert_int_equal(count, 127); /* 128 of them and their frames are above 8 MiB */
        commit_and_wait();
        assert_int_equal(journal_append(journal, big, JOURNAL_RECORD_MAX), 0);
}

static void close_from_done(void *context, int rc)
{
        (void)context;
        assert_int_equal(rc, 0);
        done.calls++;
        journal = journal_close(journal);
        loop_stop(loop);
}

static void it_may_be_closed_by_a_done_function(void **state)
{
        struct sum sum;

        (void)state;
        assert_int_equal(open_it(&sum), 0);
        done.calls = 0;
        append(1);
        for (int i = 0; i < 3; i++)
                journal_commit(journal, close_from_done, NULL);
        loop_run(loop);
        assert_int_equal(done.calls, 1); /* the others were dropped */
        assert_null(journal_close(NULL));
}

/* Torn and damaged files; every byte of them is tried in test_journal_record.c. */

static void break_file(const void *bytes, size_t size, off_t at)
{
        _close_ int fd = open("j", O_WRONLY | O_CLOEXEC);

        assert_int_equal(pwrite(fd, bytes, size, at), size);
}

static void a_torn_tail_is_cut_and_never_comes_back(void **state)
{
        size_t frame = JOURNAL_FRAME_SIZE + sizeof(struct record);
        char junk[] = "torn";
        struct sum sum;

        (void)state;
        for (unsigned n = 0; n < 2 * frame; n += 19) {
                unlink("j");
                assert_int_equal(open_it(&sum), 0);
                append(1);
                commit_and_wait();
                for (unsigned i = 2; i <= 4; i++) /* one batch, in which records 2 or 3 tear */
                        append(i);
                commit_and_wait();
                journal = journal_close(journal);
                break_file(junk, sizeof(junk), (off_t)(JOURNAL_HEADER_SIZE + frame + n));

                assert_int_equal(open_it(&sum), 0);
                assert_in_range(sum.count, 1, 2 + n / frame);
                append(10);
                commit_and_wait();
                journal = journal_close(journal);

                /* The intact records behind the tear are gone, though a new one fits before them.
                 */
                assert_int_equal(open_it(&sum), 0);
                assert_int_equal(sum.last, 10);
                assert_in_range(sum.count, 2, 3 + n / frame);
                assert_int_equal(journal_count(journal), sum.count);
                journal = journal_close(journal);
        }
}

static void damage_before_a_later_batch_is_refused(void **state)
{
        struct sum sum;

        (void)state;
        assert_int_equal(open_it(&sum), 0);
        for (unsigned i = 1; i <= 20; i++) {
                append(i);
                commit_and_wait();
        }
        journal = journal_close(journal);
        break_file("X", 1, JOURNAL_HEADER_SIZE + 10 * (JOURNAL_FRAME_SIZE + 64) + 40);
        assert_int_equal(open_it(&sum), -EBADMSG);
        assert_int_equal(open_it(&sum), -EBADMSG); /* opening did not cut it, either */
        assert_null(journal);
}

/* The child tells by a pipe what it was promised; then it is killed in the middle of its work. */

static int promise_pipe = -1;
static unsigned next_number;

static void promise(void *context, int rc)
{
        unsigned number = (unsigned)(uintptr_t)context;

        if (rc < 0)
                _exit(2);
        (void)!write(promise_pipe, &number, sizeof(number));
        for (int i = 0; i < 3; i++)
                append(++next_number);
        journal_commit(journal, promise, (void *)(uintptr_t)next_number);
}

static void be_the_child(void)
{
        struct sum sum;

        if (loop_new(&loop) < 0 || open_it(&sum) < 0)
                _exit(3);
        next_number = sum.last;
        for (int i = 0; i < 8; i++) {
                append(++next_number);
                journal_commit(journal, promise, (void *)(uintptr_t)next_number);
        }
        loop_run(loop);
        _exit(4);
}

static void a_kill_loses_nothing_promised(void **state)
{
        unsigned before = 0;

        (void)state;
        for (int round = 0; round < 12; round++) {
                unsigned number, promised = 0;
                int pipes[2], status;
                struct sum sum;
                pid_t child;

                assert_int_equal(pipe(pipes), 0);
                child = fork();
                assert_true(child >= 0);
                if (child == 0) {
                        promise_pipe = pipes[1];
                        be_the_child();
                }
                close(pipes[1]);
                for (int i = 0; i < 50 + 37 * round; i++)
                        assert_int_equal(read(pipes[0], &promised, sizeof(promised)),
                                         sizeof(promised));
                kill(child, SIGKILL);
                while (read(pipes[0], &number, sizeof(number)) == (ssize_t)sizeof(number))
                        promised = number;
                close(pipes[0]);
                assert_int_equal(waitpid(child, &status, 0), child);
                assert_true(WIFSIGNALED(status));

                assert_int_equal(open_it(&sum), 0);
                assert_true(sum.last >= promised);
                assert_true(promised > before);
                assert_int_equal(sum.count, sum.last); /* 1, 2, 3 ... without a gap */
                assert_int_equal(sum.total, (uint64_t)sum.last * (sum.last + 1) / 2);
                before = sum.last;
                journal = journal_close(journal);
        }
}

/* Compaction. The state that counts is one number: records 1..n become a single record. */

static unsigned snapshot_of, snapshot_copies;

static int write_snapshot(void *context, struct journal_snapshot *to)
{
        struct record record = {.number = snapshot_of};

        (void)context;
        for (unsigned i = 0; i < snapshot_copies; i++)
                assert_int_equal(journal_snapshot_append(to, &record, sizeof(record)), 0);
        return 0;
}

static void run_until_compacted(unsigned below)
{
        for (int i = 0; i < 1000 && journal_count(journal) > below; i++)
                usleep(5000);
        assert_true(journal_count(journal) <= below);
}

static void compaction_keeps_what_is_appended_meanwhile(void **state)
{
        unsigned number = 0;
        struct sum sum;

        (void)state;
        assert_int_equal(open_it(&sum), 0);
        while (number < 30000)
                assert_int_equal(append(++number), 0);
        commit_and_wait();

        /* These are in the queue when the snapshot is taken, and in the snapshot. */
        atomic_store(&sync_delay_ms, 10);
        done.calls = 0;
        for (int i = 0; i < 10; i++)
                append(++number);
        journal_commit(journal, note_done, NULL);
        for (int i = 0; i < 10; i++)
                append(++number);
        snapshot_of = number;
        snapshot_copies = 5000;
        assert_int_equal(journal_compact(journal, write_snapshot, NULL), 0);
        assert_int_equal(journal_compact(journal, write_snapshot, NULL), -EALREADY);
        for (int i = 0; i < 200; i++) { /* these are not */
                append(++number);
                journal_commit(journal, note_done, NULL);
                if (i % 10 == 0)
                        usleep(1000);
        }
        wait_for(201);
        assert_int_equal(done.rc, 0);
        run_until_compacted(5200);
        atomic_store(&sync_delay_ms, 0);
        append(++number);
        commit_and_wait();
        assert_int_equal(journal_count(journal), 5201);
        journal = journal_close(journal);

        assert_int_equal(open_it(&sum), 0);
        assert_int_equal(sum.count, 5201);
        assert_int_equal(sum.last, number);
        assert_int_equal(access("j.new", F_OK), -1);
}

static void closing_waits_for_a_compaction(void **state)
{
        struct sum sum;

        (void)state;
        assert_int_equal(open_it(&sum), 0);
        for (unsigned i = 0; i < 1000; i++)
                append(i);
        snapshot_copies = 1;
        snapshot_of = 7;
        assert_int_equal(journal_compact(journal, write_snapshot, NULL), 0);
        append(8);
        journal = journal_close(journal);
        assert_int_equal(open_it(&sum), 0);
        assert_int_equal(sum.count, 2);
        assert_int_equal(sum.total, 15);
}

static void a_compaction_that_fails_changes_nothing(void **state)
{
        struct sum sum;

        (void)state;
        assert_int_equal(open_it(&sum), 0);
        for (unsigned i = 1; i <= 100; i++)
                append(i);
        commit_and_wait();
        assert_int_equal(mkdir("j.new", 0700), 0); /* so the new file cannot be made */
        assert_int_equal(journal_compact(journal, write_snapshot, NULL), 0);
        append(101);
        commit_and_wait();
        journal = journal_close(journal);
        assert_int_equal(rmdir("j.new"), 0);
        assert_int_equal(open_it(&sum), 0);
        assert_int_equal(sum.count, 101);

        /* What a compaction left that was killed is swept away. */
        journal = journal_close(journal);
        assert_int_equal(file_replace("j.new", "half", 4, 0600), 0);
        assert_int_equal(open_it(&sum), 0);
        assert_int_equal(access("j.new", F_OK), -1);
}

/* Mending. What counts is one record more than was promised. */

static void note_mended(void *context, int rc)
{
        (void)context;
        done.calls++;
        done.rc = rc;
        loop_stop(loop);
}

static void break_it(void)
{
        struct sum sum;

        assert_int_equal(open_it(&sum), 0);
        append(1);
        commit_and_wait();
        assert_int_equal(journal_mend(journal, write_snapshot, note_mended, NULL), -EALREADY);
        atomic_store(&sync_error, EIO);
        append(2);
        done.calls = 0;
        assert_int_equal(journal_commit(journal, note_done, NULL), 0);
        wait_for(1);
        assert_int_equal(done.rc, -EIO);
        done.calls = 0;
        snapshot_of = 3;
        snapshot_copies = 1;
}

static void a_broken_one_is_mended(void **state)
{
        struct sum sum;

        (void)state;
        break_it();
        atomic_store(&sync_error, 0);
        atomic_store(&sync_delay_ms, 20);
        assert_int_equal(journal_mend(journal, write_snapshot, note_mended, NULL), 0);
        assert_int_equal(journal_mend(journal, write_snapshot, note_mended, NULL), -EALREADY);
        assert_int_equal(append(4), 0);
        assert_int_equal(journal_commit(journal, note_done, NULL), -EIO); /* not yet */
        loop_run(loop);
        assert_int_equal(done.calls, 1);
        assert_int_equal(done.rc, 0);
        atomic_store(&sync_delay_ms, 0);
        append(5);
        commit_and_wait();
        journal = journal_close(journal);

        assert_int_equal(open_it(&sum), 0);
        assert_int_equal(sum.count, 3); /* 3 stands for all before, then 4 and 5 */
        assert_int_equal(sum.total, 12);
        assert_int_equal(access("j.new", F_OK), -1);
}

static void a_mending_that_fails_may_be_tried_again(void **state)
{
        struct sum sum;

        (void)state;
        break_it();
        for (int i = 0; i < 3; i++) {
                assert_int_equal(journal_mend(journal, write_snapshot, note_mended, NULL), 0);
                loop_run(loop);
                assert_int_equal(done.rc, -EIO);
                assert_int_equal(append(4), -EIO);
                assert_int_equal(journal_commit(journal, note_done, NULL), -EIO);
        }
        atomic_store(&sync_error, 0);
        assert_int_equal(journal_mend(journal, write_snapshot, note_mended, NULL), 0);
        loop_run(loop);
        assert_int_equal(done.rc, 0);
        journal = journal_close(journal);
        assert_int_equal(open_it(&sum), 0);
        assert_int_equal(sum.count, 1);
        assert_int_equal(sum.last, 3);
}

static void closing_does_not_wait_for_a_mending(void **state)
{
        struct sum sum;

        (void)state;
        break_it();
        assert_int_equal(journal_mend(journal, write_snapshot, note_mended, NULL), 0);
        journal = journal_close(journal);
        assert_int_equal(done.calls, 0);
        atomic_store(&sync_error, 0);
        assert_int_equal(open_it(&sum), 0);
        assert_int_not_equal(sum.count, 0);
}

static void a_newer_version_is_refused(void **state)
{
        uint8_t header[JOURNAL_HEADER_SIZE];
        uint32_t crc;
        struct sum sum;

        (void)state;
        journal_header_write(header, 7);
        header[16] = 2;
        crc = crc32c(0, header, 24);
        for (size_t i = 0; i < sizeof(crc); i++)
                header[24 + i] = (uint8_t)(crc >> 8 * i);
        assert_int_equal(file_replace("j", (const char *)header, sizeof(header), 0600), 0);
        assert_int_equal(open_it(&sum), -EPROTONOSUPPORT);
        assert_null(journal);
}

#define JOURNAL_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
        const struct CMUnitTest tests[] = {
                JOURNAL_TEST(what_was_committed_is_there_again),
                JOURNAL_TEST(another_opener_is_turned_away),
                JOURNAL_TEST(what_is_no_journal_is_left_alone),
                JOURNAL_TEST(many_commits_share_a_sync),
                JOURNAL_TEST(nothing_is_done_before_the_sync),
                JOURNAL_TEST(a_failed_sync_breaks_it_for_good),
                JOURNAL_TEST(all_that_wait_hear_of_the_failure),
                JOURNAL_TEST(limits),
                JOURNAL_TEST(it_may_be_closed_by_a_done_function),
                JOURNAL_TEST(a_torn_tail_is_cut_and_never_comes_back),
                JOURNAL_TEST(damage_before_a_later_batch_is_refused),
                JOURNAL_TEST(a_kill_loses_nothing_promised),
                JOURNAL_TEST(compaction_keeps_what_is_appended_meanwhile),
                JOURNAL_TEST(closing_waits_for_a_compaction),
                JOURNAL_TEST(a_compaction_that_fails_changes_nothing),
                JOURNAL_TEST(a_broken_one_is_mended),
                JOURNAL_TEST(a_mending_that_fails_may_be_tried_again),
                JOURNAL_TEST(closing_does_not_wait_for_a_mending),
                JOURNAL_TEST(a_newer_version_is_refused),
        };

        return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
