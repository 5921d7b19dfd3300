/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's threads
 *
 * One sync costs a disk a fixed time whatever it holds, so the thread that
 * writes takes all that has gathered since the last commit into the next one:
 * the slower the disk, the larger the batch, and nobody waits longer than two
 * syncs. After a failed commit nothing more is promised: memory is then ahead
 * of the disk, so the daemon must start again from what is on it.
 */
#include "controller/store/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controller/store/change.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

struct read_job {
        struct list link;
        store_read_fn fn;
        void *context;
};

struct reader_thread {
        struct store *store;
        struct store_reader *reader;
        pthread_t thread;
};

struct store {
        struct engine *engine;
        struct store_hooks hooks;

        pthread_mutex_t lock; /* guards all below */
        pthread_cond_t changed, readable;
        struct list queue; /* struct store_change */
        size_t queued, queued_bytes;
        uint64_t submitted; /* changes so far; those queued are the last of them */
        struct list reads;  /* struct read_job */
        size_t read_count;
        bool is_closing, is_broken;

        pthread_t writer;
        struct reader_thread readers[STORE_READERS];
        size_t thread_count; /* readers that run */
        bool has_writer;
};

/* For something to write, or until it is time for a look at the connection. Under the lock. */
static void wait_for_changes(struct store *store)
{
        struct timespec until;
        int rc = 0;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += STORE_LOOK_MS / 1000;
        while (list_is_empty(&store->queue) && !store->is_closing && rc != ETIMEDOUT)
                rc = store->engine->kind->look
                             ? pthread_cond_timedwait(&store->changed, &store->lock, &until)
                             : pthread_cond_wait(&store->changed, &store->lock);
}

/* Up to STORE_BATCH_MAX changes into @batch; it may stay empty. False: closing, and nothing is
 * left. */
static bool take_batch(struct store *store, struct list *batch)
{
        size_t count = 0;
        bool is_closing;

        list_init(batch);
        pthread_mutex_lock(&store->lock);
        wait_for_changes(store);
        while (!list_is_empty(&store->queue) && count++ < STORE_BATCH_MAX) {
                struct list *at = store->queue.next;

                list_remove(at);
                list_append(batch, at);
        }
        is_closing = store->is_closing;
        pthread_mutex_unlock(&store->lock);
        return !list_is_empty(batch) || !is_closing;
}

static int apply_all(struct store *store, struct list *batch)
{
        int rc;

        LIST_FOR_EACH(batch, at)
        {
                const struct store_change *change = container_of(at, struct store_change, link);

                for (const struct op *op = change->first; op; op = op->next) {
                        rc = store->engine->kind->apply(store->engine, op);
                        if (rc < 0)
                                return rc;
                }
        }
        return 0;
}

static bool has_rows(struct list *batch)
{
        LIST_FOR_EACH(batch, at)
        {
                if (container_of(at, struct store_change, link)->count > 0)
                        return true;
        }
        return false;
}

static int commit_batch(struct store *store, struct list *batch)
{
        int rc;

        if (!has_rows(batch))
                return store->engine->kind->look && list_is_empty(batch)
                               ? store->engine->kind->look(store->engine)
                               : 0;
        rc = store->engine->kind->begin(store->engine);
        if (rc < 0)
                return rc;
        rc = apply_all(store, batch);
        if (rc == 0)
                rc = store->engine->kind->commit(store->engine);
        return rc;
}

static void mark_broken(struct store *store)
{
        if (store->hooks.broken)
                store->hooks.broken(store->hooks.context, store->engine->error);
        store->engine->kind->rollback(store->engine);
        pthread_mutex_lock(&store->lock);
        store->is_broken = true;
        pthread_mutex_unlock(&store->lock);
}

static void tell_events(struct store *store, const struct store_change *change)
{
        if (!store->hooks.event)
                return;
        for (const struct op *op = change->first; op; op = op->next)
                if (op->kind == OP_ADD_EVENT)
                        store->hooks.event(store->hooks.context, op->event.id,
                                           node_step_names[op->event.step], op->body);
}

static void finish_batch(struct store *store, struct list *batch, int rc)
{
        LIST_FOR_EACH(batch, at)
        {
                struct store_change *change = container_of(at, struct store_change, link);

                list_remove(at);
                if (rc == 0)
                        tell_events(store, change);
                pthread_mutex_lock(&store->lock);
                store->queued--;
                store->queued_bytes -= change->bytes;
                pthread_mutex_unlock(&store->lock);
                if (change->done)
                        change->done(change->context, rc);
                store_change_free(change);
        }
}

static void *write_thread(void *context)
{
        struct store *store = context;
        struct list batch;
        int rc = 0;

        while (take_batch(store, &batch)) {
                if (rc == 0) {
                        rc = commit_batch(store, &batch);
                        if (rc < 0)
                                mark_broken(store);
                }
                finish_batch(store, &batch, rc);
        }
        return NULL;
}

static struct read_job *take_read(struct store *store)
{
        struct read_job *job = NULL;

        pthread_mutex_lock(&store->lock);
        while (list_is_empty(&store->reads) && !store->is_closing)
                pthread_cond_wait(&store->readable, &store->lock);
        if (!list_is_empty(&store->reads)) {
                job = container_of(store->reads.next, struct read_job, link);
                list_remove(&job->link);
                store->read_count--;
        }
        pthread_mutex_unlock(&store->lock);
        return job;
}

static void *read_thread(void *context)
{
        const struct reader_thread *self = context;
        struct read_job *job;

        while ((job = take_read(self->store))) {
                job->fn(self->reader, job->context);
                free(job);
        }
        return NULL;
}

static int start_threads(struct store *store)
{
        int rc;

        rc = pthread_create(&store->writer, NULL, write_thread, store);
        if (rc != 0)
                return -rc;
        store->has_writer = true;
        pthread_setname_np(store->writer, "store");

        for (size_t i = 0; i < STORE_READERS; i++) {
                struct reader_thread *r = &store->readers[i];

                r->store = store;
                rc = store->engine->kind->reader_open(store->engine, &r->reader);
                if (rc < 0)
                        return rc;
                rc = pthread_create(&r->thread, NULL, read_thread, r);
                if (rc != 0) {
                        store->engine->kind->reader_close(r->reader);
                        return -rc;
                }
                pthread_setname_np(r->thread, "store-read");
                store->thread_count++;
        }
        return 0;
}

static const struct {
        const char *prefix;
        const struct engine_kind *kind;
} engines[] = {
        {"postgresql://", &engine_postgres},
        {"postgres://",   &engine_postgres},
        {"",              &engine_sqlite  },
};

static const struct engine_kind *kind_of(const char *where)
{
        size_t i = 0;

        while (!text_has_prefix(where, engines[i].prefix))
                i++;
        return engines[i].kind;
}

bool store_is_shared(const char *where)
{
        return kind_of(where)->take_seat != NULL;
}

/* A seat is the engine that store_open() goes on with. */
static struct engine *engine_of(struct store_seat *seat)
{
        return (struct engine *)seat;
}

int store_seat_open(const struct store_place *place, char *error, struct store_seat **ret)
{
        struct engine *engine = NULL;
        const int rc = kind_of(place->where)->open(place, error, &engine);

        if (rc == 0)
                *ret = (struct store_seat *)engine;
        return rc;
}

struct store_seat *store_seat_close(struct store_seat *seat)
{
        if (seat)
                engine_of(seat)->kind->close(engine_of(seat));
        return NULL;
}

int store_seat_take(struct store_seat *seat, const char *address, char *ret_holder)
{
        struct engine *engine = engine_of(seat);

        ret_holder[0] = '\0';
        return engine->kind->take_seat ? engine->kind->take_seat(engine, address, ret_holder) : 1;
}

const char *store_seat_error(struct store_seat *seat)
{
        return engine_of(seat)->error;
}

/* A process that was killed has the seat until the database has noticed. */
static int wait_for_seat(struct engine *engine, char *error)
{
        const struct timespec pause = {.tv_nsec = 20000000};
        const uint64_t end_ms = clock_monotonic_ms() + STORE_SEAT_WAIT_MS;
        char holder[STORE_ADDRESS_SIZE];
        int rc;

        do {
                rc = store_seat_take((struct store_seat *)engine, "", holder);
                if (rc != 0)
                        break;
                nanosleep(&pause, NULL);
        } while (clock_monotonic_ms() < end_ms);
        if (rc == 1)
                return 0;
        if (rc < 0)
                snprintf(error, STORE_ERROR_SIZE, "%s", engine->error);
        else
                snprintf(error, STORE_ERROR_SIZE, "%.180s: another cloudied writes it",
                         engine->name);
        return rc < 0 ? rc : -EBUSY;
}

static int open_engine(struct store *store, const struct store_place *place, char *error)
{
        int rc;

        store->engine = engine_of(place->seat);
        if (store->engine)
                return 0;
        rc = kind_of(place->where)->open(place, error, &store->engine);
        return rc < 0 ? rc : wait_for_seat(store->engine, error);
}

static void init_conditions(struct store *store)
{
        pthread_condattr_t monotonic;

        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&store->changed, &monotonic);
        pthread_cond_init(&store->readable, NULL);
        pthread_condattr_destroy(&monotonic);
}

int store_open(const struct store_place *place, const struct store_hooks *hooks, char *error,
               struct store **ret)
{
        CLEANUP(store_close) struct store *store = calloc(1, sizeof(*store));
        int rc;

        if (!store)
                return -ENOMEM;
        if (hooks)
                store->hooks = *hooks;
        list_init(&store->queue);
        list_init(&store->reads);
        pthread_mutex_init(&store->lock, NULL);
        init_conditions(store);

        rc = open_engine(store, place, error);
        if (rc < 0)
                return rc;
        rc = start_threads(store);
        if (rc < 0)
                return rc;
        *ret = TAKE_PTR(store);
        return 0;
}

struct store *store_close(struct store *store)
{
        if (!store)
                return NULL;
        pthread_mutex_lock(&store->lock);
        store->is_closing = true;
        pthread_cond_broadcast(&store->changed);
        pthread_cond_broadcast(&store->readable);
        pthread_mutex_unlock(&store->lock);

        if (store->has_writer)
                pthread_join(store->writer, NULL);
        for (size_t i = 0; i < store->thread_count; i++) {
                pthread_join(store->readers[i].thread, NULL);
                store->engine->kind->reader_close(store->readers[i].reader);
        }
        if (store->engine)
                store->engine->kind->close(store->engine);
        pthread_cond_destroy(&store->changed);
        pthread_cond_destroy(&store->readable);
        pthread_mutex_destroy(&store->lock);
        free(store);
        return NULL;
}

int store_load(struct store *store, struct store_load *load, char *error)
{
        return engine_load(store->engine, load, error);
}

bool store_has_room(struct store *store)
{
        bool has_room;

        pthread_mutex_lock(&store->lock);
        has_room = store->queued < STORE_QUEUE_MAX && store->queued_bytes < STORE_QUEUE_BYTES_MAX;
        pthread_mutex_unlock(&store->lock);
        return has_room;
}

uint64_t store_last(struct store *store)
{
        uint64_t last;

        pthread_mutex_lock(&store->lock);
        last = store->submitted;
        pthread_mutex_unlock(&store->lock);
        return last;
}

bool store_is_done(struct store *store, uint64_t number)
{
        bool is_done;

        pthread_mutex_lock(&store->lock);
        is_done = number <= store->submitted - store->queued && !store->is_broken;
        pthread_mutex_unlock(&store->lock);
        return is_done;
}

int store_submit(struct store *store, struct store_change *take, store_done_fn done, void *context)
{
        CLEANUP(store_change_free) struct store_change *change = take;
        int rc = 0;

        if (!change || change->is_failed)
                return -ENOMEM;
        change->done = done;
        change->context = context;

        pthread_mutex_lock(&store->lock);
        if (store->is_broken || store->is_closing) {
                rc = -EIO;
        } else {
                store->queued++;
                store->submitted++;
                store->queued_bytes += change->bytes;
                list_append(&store->queue, &TAKE_PTR(change)->link);
                pthread_cond_signal(&store->changed);
        }
        pthread_mutex_unlock(&store->lock);
        return rc;
}

int store_read(struct store *store, store_read_fn fn, void *context)
{
        struct read_job *job = calloc(1, sizeof(*job));
        bool is_taken;

        if (!job)
                return -ENOMEM;
        job->fn = fn;
        job->context = context;

        pthread_mutex_lock(&store->lock);
        is_taken = store->read_count < STORE_READS_MAX && !store->is_closing;
        if (is_taken) {
                list_append(&store->reads, &job->link);
                store->read_count++;
                pthread_cond_signal(&store->readable);
        }
        pthread_mutex_unlock(&store->lock);

        if (!is_taken)
                free(job);
        return is_taken ? 0 : -EAGAIN;
}
