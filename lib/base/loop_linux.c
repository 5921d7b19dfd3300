/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One turn of the loop: wait, then descriptors, then due timers, then what was
 * posted. Nothing is called while a turn's own lists are being changed:
 *
 *   - A removed descriptor may still stand in the list of events of this turn.
 *     So it is only marked, and freed when the turn is over.
 *   - Due timers are first moved out of the heap, then called one by one from a
 *     list; disarming takes a timer out of whichever it is in. A timer that is
 *     armed for the past in its own callback runs in the next turn, and starves
 *     nobody.
 *   - Posted calls are taken as a batch; those posted meanwhile wait for the
 *     next turn.
 */
#include "lib/base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/list.h"

#define EVENTS_PER_TURN 64
#define FIRST_SPACE     16
#define NOT_IN_HEAP     SIZE_MAX

struct loop_fd {
        struct loop *loop;
        struct list link; /* loop->fds, or loop->removed */
        int fd;
        loop_fd_fn fn; /* NULL once removed */
        void *context;
};

struct loop_timer {
        struct loop *loop;
        struct list all; /* loop->timers */
        struct list due; /* in this turn's list of due timers, or in none */
        size_t place;    /* in the heap, or NOT_IN_HEAP */
        uint64_t at_ms;
        uint64_t order; /* of arming: timers of the same time run first armed, first called */
        loop_fn fn;
        void *context;
};

struct call {
        loop_fn fn;
        void *context;
};

struct calls {
        struct call *at;
        size_t count, space;
};

struct loop {
        int epoll;
        int wakeup; /* an eventfd: something was posted, or loop_stop() */
        atomic_bool is_stopped;

        struct list fds;
        struct list removed;

        struct list timers;
        size_t timer_count;
        struct loop_timer **heap; /* the earliest is the first; holds timer_count at least */
        size_t heap_count, heap_space;
        uint64_t armed;

        pthread_mutex_t lock; /* guards posted */
        struct calls posted;
        struct calls running; /* the batch of this turn */
};

int loop_new(struct loop **ret)
{
        struct epoll_event event = {.events = EPOLLIN};
        struct loop *loop;
        int rc;

        loop = calloc(1, sizeof(*loop));
        if (!loop)
                return -ENOMEM;
        list_init(&loop->fds);
        list_init(&loop->removed);
        list_init(&loop->timers);
        pthread_mutex_init(&loop->lock, NULL);
        loop->wakeup = -EBADF;
        loop->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (loop->epoll >= 0)
                loop->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        /* The wakeup is the one entry without an object. */
        if (loop->wakeup < 0 || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wakeup, &event) < 0) {
                rc = -errno;
                loop_free(loop);
                return rc;
        }
        *ret = loop;
        return 0;
}

static void free_fds(struct list *fds)
{
        LIST_FOR_EACH(fds, at)
        {
                list_remove(at);
                free(container_of(at, struct loop_fd, link));
        }
}

struct loop *loop_free(struct loop *loop)
{
        if (!loop)
                return NULL;
        free_fds(&loop->fds);
        free_fds(&loop->removed);
        LIST_FOR_EACH(&loop->timers, at)
        free(container_of(at, struct loop_timer, all));
        free(loop->heap);
        free(loop->posted.at);
        free(loop->running.at);
        cleanup_close(&loop->wakeup);
        cleanup_close(&loop->epoll);
        pthread_mutex_destroy(&loop->lock);
        free(loop);
        return NULL;
}

/* Descriptors */

int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *context,
                struct loop_fd **ret)
{
        _free_ struct loop_fd *handle = malloc(sizeof(*handle));
        struct epoll_event event;

        if (!handle)
                return -ENOMEM;
        *handle = (struct loop_fd){.loop = loop, .fd = fd, .fn = fn, .context = context};
        event = (struct epoll_event){.events = events, .data.ptr = handle};
        if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
                return -errno;

        list_append(&loop->fds, &handle->link);
        *ret = TAKE_PTR(handle);
        return 0;
}

int loop_set_events(struct loop_fd *fd, uint32_t events)
{
        struct epoll_event event = {.events = events, .data.ptr = fd};

        return epoll_ctl(fd->loop->epoll, EPOLL_CTL_MOD, fd->fd, &event) < 0 ? -errno : 0;
}

void loop_remove_fd(struct loop_fd *fd)
{
        if (!fd)
                return;
        epoll_ctl(fd->loop->epoll, EPOLL_CTL_DEL, fd->fd, NULL);
        fd->fn = NULL;
        list_remove(&fd->link);
        list_append(&fd->loop->removed, &fd->link);
}

static void run_fds(struct loop *loop, const struct epoll_event *events, int count)
{
        for (int i = 0; i < count; i++) {
                struct loop_fd *fd = events[i].data.ptr;
                uint64_t wakeups;

                if (!fd)
                        (void)!read(loop->wakeup, &wakeups, sizeof(wakeups));
                else if (fd->fn)
                        fd->fn(fd->context, events[i].events);
        }
}

/* Timers: a binary heap, where each timer knows its place */

static bool is_earlier(const struct loop_timer *a, const struct loop_timer *b)
{
        return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void heap_put(struct loop *loop, size_t place, struct loop_timer *timer)
{
        loop->heap[place] = timer;
        timer->place = place;
}

/* Finds the place for a timer, beginning with a free one at @place. */
static void heap_settle(struct loop *loop, size_t place, struct loop_timer *timer)
{
        while (place > 0 && is_earlier(timer, loop->heap[(place - 1) / 2])) {
                heap_put(loop, place, loop->heap[(place - 1) / 2]);
                place = (place - 1) / 2;
        }
        for (;;) {
                size_t child = 2 * place + 1;

                if (child >= loop->heap_count)
                        break;
                if (child + 1 < loop->heap_count &&
                    is_earlier(loop->heap[child + 1], loop->heap[child]))
                        child++;
                if (!is_earlier(loop->heap[child], timer))
                        break;
                heap_put(loop, place, loop->heap[child]);
                place = child;
        }
        heap_put(loop, place, timer);
}

static void heap_take(struct loop_timer *timer)
{
        struct loop *loop = timer->loop;
        struct loop_timer *last = loop->heap[--loop->heap_count];

        if (last != timer)
                heap_settle(loop, timer->place, last);
        timer->place = NOT_IN_HEAP;
}

int loop_add_timer(struct loop *loop, loop_fn fn, void *context, struct loop_timer **ret)
{
        struct loop_timer *timer;

        /* Room for every timer there is, so that arming cannot fail. */
        if (loop->timer_count == loop->heap_space) {
                size_t space = loop->heap_space ? loop->heap_space * 2 : FIRST_SPACE;
                struct loop_timer **heap =
                        reallocarray(loop->heap, space, sizeof(struct loop_timer *));

                if (!heap)
                        return -ENOMEM;
                loop->heap = heap;
                loop->heap_space = space;
        }
        timer = malloc(sizeof(*timer));
        if (!timer)
                return -ENOMEM;
        *timer = (struct loop_timer){
                .loop = loop, .place = NOT_IN_HEAP, .fn = fn, .context = context};
        list_init(&timer->due);
        list_append(&loop->timers, &timer->all);
        loop->timer_count++;
        *ret = timer;
        return 0;
}

void loop_timer_arm(struct loop_timer *timer, uint64_t at_monotonic_ms)
{
        struct loop *loop = timer->loop;

        loop_timer_disarm(timer);
        timer->at_ms = at_monotonic_ms;
        timer->order = loop->armed++;
        heap_settle(loop, loop->heap_count++, timer);
}

void loop_timer_disarm(struct loop_timer *timer)
{
        list_remove(&timer->due);
        if (timer->place != NOT_IN_HEAP)
                heap_take(timer);
}

void loop_remove_timer(struct loop_timer *timer)
{
        if (!timer)
                return;
        loop_timer_disarm(timer);
        list_remove(&timer->all);
        timer->loop->timer_count--;
        free(timer);
}

static void run_timers(struct loop *loop)
{
        uint64_t now_ms = loop->heap_count > 0 ? clock_monotonic_ms() : 0;
        struct list due;

        list_init(&due);
        while (loop->heap_count > 0 && loop->heap[0]->at_ms <= now_ms) {
                struct loop_timer *timer = loop->heap[0];

                heap_take(timer);
                list_append(&due, &timer->due);
        }
        /* A callback may take any timer out of this list, so the first one is always asked anew. */
        while (!list_is_empty(&due)) {
                struct loop_timer *timer = container_of(due.next, struct loop_timer, due);

                list_remove(&timer->due);
                timer->fn(timer->context); /* may free the timer */
        }
}

/* How long to sleep, as epoll_wait() wants it. */
static int wait_ms(struct loop *loop)
{
        uint64_t now_ms, left_ms;

        if (loop->heap_count == 0)
                return -1;
        now_ms = clock_monotonic_ms();
        if (loop->heap[0]->at_ms <= now_ms)
                return 0;
        left_ms = loop->heap[0]->at_ms - now_ms;
        return left_ms > INT32_MAX ? INT32_MAX : (int)left_ms;
}

/* Posted calls */

static void wake(struct loop *loop)
{
        uint64_t one = 1;

        /* It can only fail when the counter is full, and then the loop is awake. */
        (void)!write(loop->wakeup, &one, sizeof(one));
}

static int add_call(struct calls *calls, struct call call)
{
        if (calls->count >= LOOP_POST_MAX)
                return -EAGAIN;
        if (calls->count == calls->space) {
                size_t space = calls->space ? calls->space * 2 : FIRST_SPACE;
                struct call *at = reallocarray(calls->at, space, sizeof(*at));

                if (!at)
                        return -ENOMEM;
                calls->at = at;
                calls->space = space;
        }
        calls->at[calls->count++] = call;
        return 0;
}

int loop_post(struct loop *loop, loop_fn fn, void *context)
{
        bool was_empty;
        int rc;

        pthread_mutex_lock(&loop->lock);
        was_empty = loop->posted.count == 0;
        rc = add_call(&loop->posted, (struct call){.fn = fn, .context = context});
        pthread_mutex_unlock(&loop->lock);
        /* Whoever posted the first one has woken the loop; it takes all of them. */
        if (rc == 0 && was_empty)
                wake(loop);
        return rc;
}

static void run_posted(struct loop *loop)
{
        struct calls batch;

        pthread_mutex_lock(&loop->lock);
        batch = loop->posted;
        loop->posted = loop->running;
        loop->posted.count = 0;
        pthread_mutex_unlock(&loop->lock);

        loop->running = batch;
        for (size_t i = 0; i < batch.count; i++)
                batch.at[i].fn(batch.at[i].context);
}

int loop_run(struct loop *loop)
{
        struct epoll_event events[EVENTS_PER_TURN];

        while (!atomic_exchange(&loop->is_stopped, false)) {
                int count = epoll_wait(loop->epoll, events, EVENTS_PER_TURN, wait_ms(loop));

                if (count < 0 && errno != EINTR)
                        return -errno;
                run_fds(loop, events, count);
                run_timers(loop);
                run_posted(loop);
                free_fds(&loop->removed);
        }
        return 0;
}

void loop_stop(struct loop *loop)
{
        atomic_store(&loop->is_stopped, true);
        wake(loop);
}
