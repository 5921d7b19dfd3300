/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Cleanup by attribute: what a function owns is released where its scope ends.
 *
 *   _free_ char *text = NULL;       free()
 *   _close_ int fd = -EBADF;        close()
 *   return TAKE_PTR(text);          ownership leaves the scope
 *
 * A type with its own free function gets its mark with CLEANUP_DEFINE():
 *
 *   CLEANUP_DEFINE(struct loop *, loop_free)
 *   CLEANUP(loop_free) struct loop *loop = NULL;
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *p)
{
        free(*(void **)p);
}

static inline void cleanup_close(const int *fd)
{
        if (*fd >= 0)
                close(*fd);
}

#define _free_  __attribute__((cleanup(cleanup_free)))
#define _close_ __attribute__((cleanup(cleanup_close)))

#define CLEANUP_DEFINE(type, function)                                                             \
        static inline void cleanup_##function(type *p)                                             \
        {                                                                                          \
                if (*p)                                                                            \
                        function(*p);                                                              \
        }
#define CLEANUP(function) __attribute__((cleanup(cleanup_##function)))

#define TAKE_PTR(p)                                                                                \
        ({                                                                                         \
                __typeof__(p) *take_from = &(p);                                                   \
                __typeof__(p) taken = *take_from;                                                  \
                *take_from = NULL;                                                                 \
                taken;                                                                             \
        })

#define TAKE_FD(fd)                                                                                \
        ({                                                                                         \
                int *take_from = &(fd);                                                            \
                int taken = *take_from;                                                            \
                *take_from = -EBADF;                                                               \
                taken;                                                                             \
        })

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
