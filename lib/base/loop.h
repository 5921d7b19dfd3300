/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Loop: one thread that waits for descriptors, timers and posted work.
 *
 * All calls belong to the loop's own thread, except loop_post() and
 * loop_stop(), which any thread may make. Callbacks run one at a time.
 */

#include <stdint.h>

struct loop;
struct loop_fd;
struct loop_timer;

typedef void (*loop_fd_fn)(void *context, uint32_t events); /* EPOLLIN, EPOLLOUT, ... */
typedef void (*loop_fn)(void *context);

int loop_new(struct loop **ret);           /* -errno */
struct loop *loop_free(struct loop *loop); /* what is still posted is dropped, never run */

/* Runs until loop_stop(). Return: 0, or -errno of the wait. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/**
 * loop_add_fd() - call @fn whenever @fd is ready
 * @events:  EPOLLIN and EPOLLOUT, level-triggered but for who adds EPOLLET
 * @ret:     handle for loop_set_events() and loop_remove_fd(); the descriptor stays the caller's
 *
 * Return: 0, -ENOMEM, or what epoll_ctl(2) says.
 */
int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fd_fn fn, void *context,
                struct loop_fd **ret);
int loop_set_events(struct loop_fd *fd, uint32_t events);

/* Safe inside any callback, its own too; takes NULL. Call it before closing the descriptor. */
void loop_remove_fd(struct loop_fd *fd);

/* A timer starts disarmed. One-shot: arm again in the callback to repeat. */
int loop_add_timer(struct loop *loop, loop_fn fn, void *context, struct loop_timer **ret);
void loop_timer_arm(struct loop_timer *timer, uint64_t at_monotonic_ms);
void loop_timer_disarm(struct loop_timer *timer);
void loop_remove_timer(struct loop_timer *timer); /* takes NULL */

/**
 * loop_post() - have the loop's thread call @fn(@context); from any thread
 *
 * Posted calls run in the order in which they were posted.
 *
 * Return: 0, -ENOMEM, or -EAGAIN when LOOP_POST_MAX calls wait: the loop is not
 * keeping up, and the caller must shed load.
 */
int loop_post(struct loop *loop, loop_fn fn, void *context);
#define LOOP_POST_MAX 65536
