/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/base/least.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int least_init(struct least *least, size_t item_size, size_t most, least_compare_fn compare,
               void *context)
{
        if (item_size == 0 || most == 0)
                return -EINVAL;
        *least = (struct least){
                .item_size = item_size, .most = most, .compare = compare, .context = context};
        /* One more, for those that change places. */
        least->items = reallocarray(NULL, most + 1, item_size);
        return least->items ? 0 : -ENOMEM;
}

void least_done(struct least *least)
{
        free(least->items);
        least->items = NULL;
}

static char *at(const struct least *least, size_t index)
{
        return least->items + index * least->item_size;
}

static bool is_after(const struct least *least, size_t a, size_t b)
{
        return least->compare(at(least, a), at(least, b), least->context) > 0;
}

static void swap(const struct least *least, size_t a, size_t b)
{
        char *spare = at(least, least->most);

        memcpy(spare, at(least, a), least->item_size);
        memcpy(at(least, a), at(least, b), least->item_size);
        memcpy(at(least, b), spare, least->item_size);
}

static void rise(const struct least *least, size_t child)
{
        while (child > 0 && is_after(least, child, (child - 1) / 2)) {
                swap(least, child, (child - 1) / 2);
                child = (child - 1) / 2;
        }
}

static void sink(const struct least *least)
{
        size_t parent = 0, child;

        while ((child = 2 * parent + 1) < least->count) {
                if (child + 1 < least->count && is_after(least, child + 1, child))
                        child++;
                if (!is_after(least, child, parent))
                        return;
                swap(least, child, parent);
                parent = child;
        }
}

void least_add(struct least *least, const void *item)
{
        if (least->count < least->most) {
                memcpy(at(least, least->count), item, least->item_size);
                rise(least, least->count++);
                return;
        }
        least->is_cut = true;
        if (least->compare(item, at(least, 0), least->context) >= 0)
                return;
        memcpy(at(least, 0), item, least->item_size);
        sink(least);
}

void least_sort(struct least *least)
{
        qsort_r(least->items, least->count, least->item_size, least->compare, least->context);
}
