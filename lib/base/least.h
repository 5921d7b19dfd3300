/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Least: of many items the few that come first, in their order. A page of a list is found so
 * without sorting all that there is: each item is looked at once, and only as many are kept as the
 * page holds.
 */

#include <stdbool.h>
#include <stddef.h>

typedef int (*least_compare_fn)(const void *a, const void *b, void *context);

struct least {
        char *items; /* a heap: the one that comes last is the first */
        size_t item_size, count, most;
        bool is_cut; /* one was left out */
        least_compare_fn compare;
        void *context; /* of compare */
};

/**
 * least_init() - keep at most @most items of @item_size bytes
 *
 * Return: 0, -ENOMEM; -EINVAL for none.
 */
int least_init(struct least *least, size_t item_size, size_t most, least_compare_fn compare,
               void *context);
void least_done(struct least *least);

/* The item is copied, if it is among the first so far. */
void least_add(struct least *least, const void *item);

/* Puts what was kept in order: least_at() then goes from the first to the last. */
void least_sort(struct least *least);
static inline const void *least_at(const struct least *least, size_t index)
{
        return least->items + index * least->item_size;
}

#define _least_ __attribute__((cleanup(least_done)))
