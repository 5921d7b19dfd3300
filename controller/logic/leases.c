/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/leases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void drop(struct lease_book *book, struct lease_seen *lease)
{
        map_remove(book->rows, lease->key.bytes, sizeof(lease->key.bytes));
        free(lease);
}

struct lease_book *lease_book_free(struct lease_book *book)
{
        size_t at = 0;
        void *value;

        if (!book)
                return NULL;
        while (book->rows && map_next(book->rows, &at, &value))
                free(value);
        map_free(book->rows);
        free(book);
        return NULL;
}

static struct lease_book *book_of(struct edge *edge)
{
        struct lease_book *book = edge->leases;

        if (book)
                return book;
        book = calloc(1, sizeof(*book));
        if (!book)
                return NULL;
        book->rows = map_new(LEASES_SEEN_MAX);
        edge->leases = book->rows ? book : lease_book_free(book);
        return edge->leases;
}

static int take_row(struct lease_book *book, const struct lease_row *row)
{
        struct lease_seen *lease;
        struct ip6_address key;
        int rc;

        (void)lease_address_parse(row->address, &key); /* was checked */
        lease = map_find(book->rows, key.bytes, sizeof(key.bytes));
        if (row->state == LEASE_GONE) {
                if (lease)
                        drop(book, lease);
                return 0;
        }
        if (!lease) {
                lease = calloc(1, sizeof(*lease));
                if (!lease)
                        return -ENOMEM;
                lease->key = key;
                rc = map_set(book->rows, key.bytes, sizeof(key.bytes), lease);
                if (rc < 0) {
                        free(lease);
                        return rc;
                }
        }
        lease->row = *row;
        lease->cycle = book->cycle;
        return 0;
}

static void drop_old(struct lease_book *book)
{
        size_t at = 0;
        void *value;

        while (map_next(book->rows, &at, &value)) {
                struct lease_seen *lease = value;

                if (lease->cycle != book->cycle)
                        drop(book, lease);
        }
}

/* What ran out is told by nobody. True: there is room. */
static bool drop_expired(struct lease_book *book, uint64_t now_ms)
{
        const size_t before = map_count(book->rows);
        size_t at = 0;
        void *value;

        while (map_next(book->rows, &at, &value))
                if (!lease_stands(value, now_ms))
                        drop(book, value);
        return map_count(book->rows) < before;
}

static int take_rows(struct lease_book *book, const struct lease_report *report, uint64_t now_ms)
{
        bool is_swept = false; /* once a report: that walks all there are */
        int rc = 0;

        for (size_t i = 0; i < report->row_count && rc == 0; i++) {
                rc = take_row(book, &report->rows[i]);
                if (rc == -ENOSPC && !is_swept && drop_expired(book, now_ms)) {
                        is_swept = true;
                        rc = take_row(book, &report->rows[i]);
                }
        }
        return rc;
}

int leases_told(struct edge *edge, const struct lease_report *report, uint64_t now_ms,
                bool *ret_again)
{
        struct lease_book *book = book_of(edge);
        int rc;

        *ret_again = true;
        if (!book)
                return -ENOMEM;
        if (report->is_first) {
                book->cycle = report->cycle;
                book->is_whole = false;
        }
        if (report->cycle != book->cycle)
                return 0;
        rc = take_rows(book, report, now_ms);
        if (rc < 0)
                return rc;
        if (report->is_whole) {
                drop_old(book);
                book->is_whole = true;
        }
        if (report->has_pools) {
                memcpy(book->pools, report->pools, report->pool_count * sizeof(book->pools[0]));
                book->pool_count = report->pool_count;
        }
        book->heard_ms = now_ms;
        *ret_again = false;
        return 0;
}

bool lease_stands(const struct lease_seen *lease, uint64_t now_ms)
{
        return lease->row.expires_ms > now_ms;
}

size_t leases_count(const struct lease_book *book, uint64_t now_ms)
{
        size_t count = 0, at = 0;
        void *value;

        while (book && map_next(book->rows, &at, &value))
                count += lease_stands(value, now_ms);
        return count;
}
