/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Spawner: who makes the children of a daemon that has threads and may not exec
 *
 * A process of its own, forked while the daemon had one thread and no secret. It
 * has one thread for ever, so fork() is safe in it; and as nothing is executed,
 * nobody has to be allowed to. Each child is confined (lib/daemon/confine.h) before it
 * reads a byte, talks over one socket, and ends with the daemon.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/confine.h"

/* Children at once; the spawner watches two descriptors of each. */
#define SPAWNER_CHILDREN_MAX 32
#define SPAWNER_HOW_SIZE     96

struct child_kind {
        const char *name; /* of the process, 15 bytes at most */
        /*
         * @socket:  to the daemon
         * @given:   what spawner_spawn() was given, or -EBADF
         * Its result is the child's status: 0, or a number below CHILD_NOT_CONFINED.
         */
        int (*run)(int socket, int given);
        struct confinement confinement;
};

enum { CHILD_NOT_CONFINED = 125 };

struct spawner;

/**
 * spawner_start() - the process
 * @kinds:  borrowed for ever
 *
 * Must be called while there is one thread, and where /dev/null can be opened. It keeps nothing
 * that is open in the daemon.
 *
 * Return: 0, -errno.
 */
int spawner_start(const struct child_kind *kinds, size_t count, struct spawner **ret);
/* Ends it and all its children. Takes NULL. */
struct spawner *spawner_stop(struct spawner *spawner);
CLEANUP_DEFINE(struct spawner *, spawner_stop)
/* Becomes readable when the process has ended: without it there are no children any more. */
int spawner_fd(const struct spawner *spawner);

struct spawned {
        int fd;     /* stream socket to the child; -EBADF: there is none */
        int status; /* inner */
        uint32_t patience_ms;
};
#define SPAWNED_NONE ((struct spawned){.fd = -EBADF, .status = -EBADF})

/**
 * spawner_spawn() - a child; any thread may ask
 * @given:        a descriptor for it, stays the caller's too; -EBADF: none
 * @patience_ms:  what one spawned_read() or spawned_write() may take, however the child divides it;
 *                0: for ever
 *
 * Return: 0; -EPIPE: the spawner has ended; -errno. A child that could not be made or confined is
 *         one that ends at once.
 */
int spawner_spawn(struct spawner *spawner, size_t kind, int given, uint32_t patience_ms,
                  struct spawned *ret);

/* All of @size, or -ETIMEDOUT: it takes too long; -EPIPE: it has ended; -errno. */
int spawned_write(const struct spawned *child, const void *bytes, size_t size);
int spawned_read(const struct spawned *child, void *to, size_t size);

/* Kills it, if it still runs. Takes SPAWNED_NONE, and leaves that. */
void spawned_kill(struct spawned *child);
/* The same, and what became of it before: "it was ended by signal 11 (Segmentation fault)". */
const char *spawned_end(struct spawned *child, char how[static SPAWNER_HOW_SIZE]);

/* For the child: all of @size. 0; -EPIPE: the daemon is gone; -errno. */
int child_read(int fd, void *to, size_t size);
int child_write(int fd, const void *bytes, size_t size);
