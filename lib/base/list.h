/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * List: doubly linked, its links inside the objects. The head is a link, too;
 * an object that is in no list has a link that points to itself.
 */

#include <stdbool.h>
#include <stddef.h>

struct list {
        struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
        l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
        return l->next == l;
}

static inline void list_append(struct list *head, struct list *l)
{
        l->prev = head->prev;
        l->next = head;
        head->prev->next = l;
        head->prev = l;
}

/* Safe on an object that is in no list. */
static inline void list_remove(struct list *l)
{
        l->prev->next = l->next;
        l->next->prev = l->prev;
        list_init(l);
}

#define container_of(pointer, type, member)                                                        \
        ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define LIST_FOR_EACH(head, at)                                                                    \
        for (struct list *at = (head)->next, *at##_next = at->next; at != (head);                  \
             at = at##_next, at##_next = at->next)
