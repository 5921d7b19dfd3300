/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * GET /api/v1/nodes. The texts of the nodes are there already: a list of 1,000 is a copy of 1 MB.
 * In another order than that of names each node is looked at once, and the page is kept.
 */
#include <stdio.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/api/select.h"
#include "controller/logic/fields.h"
#include "controller/logic/nodes.h"
#include "lib/base/buffer.h"
#include "lib/base/least.h"
#include "lib/base/text.h"

#define LIST_MAX 1000 /* nodes in one answer: some 1 MB */

struct page {
        struct logic *logic;
        struct filter *select;
        const char *after; /* name of the last node of the page before; "" */
        uint64_t limit;
        int field; /* that orders; -1: names */
        bool is_down;
        struct buffer text;
        uint64_t count;
};

/* 0, -ENOMEM. */
static int add_node(struct page *page, struct node *node)
{
        if (!node_text(node))
                return -ENOMEM;
        if (page->count++ > 0)
                buffer_add(&page->text, ",", 1);
        buffer_add(&page->text, node->text, node->text_size);
        return 0;
}

static void end_page(struct page *page, const struct node *last, bool is_more)
{
        buffer_text(&page->text, "]");
        if (last && is_more)
                buffer_format(&page->text, ",\"next\":\"%s\"", last->name);
        buffer_text(&page->text, "}");
}

static int write_by_name(struct page *page)
{
        size_t place = node_place_after(page->logic, page->after);
        const struct node *last = NULL;

        for (; place < page->logic->node_count && page->count < page->limit; place++) {
                struct node *node = page->logic->sorted[place];

                if (!node_is_selected(node, page->select))
                        continue;
                if (add_node(page, node) < 0)
                        return -ENOMEM;
                last = node;
        }
        end_page(page, last, place < page->logic->node_count);
        return 0;
}

static int compare(const void *a, const void *b, void *context)
{
        const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
        const struct page *page = context;
        const int order = node_field_compare(x, y, page->field);

        if (order != 0)
                return page->is_down ? -order : order;
        return strcmp(x->name, y->name);
}

/* @cursor: the node that page->after names; NULL: from the start. */
static int write_ordered(struct page *page, struct node *cursor)
{
        const struct logic *logic = page->logic;
        struct node *node = NULL;
        _least_ struct least least = {0};

        if (least_init(&least, sizeof(node), page->limit, compare, page) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < logic->node_count; i++)
                if (node_is_selected(logic->sorted[i], page->select) &&
                    (!cursor || compare(&logic->sorted[i], &cursor, page) > 0))
                        least_add(&least, &logic->sorted[i]);
        least_sort(&least);
        for (size_t i = 0; i < least.count; i++) {
                node = *(struct node *const *)least_at(&least, i);
                if (add_node(page, node) < 0)
                        return -ENOMEM;
        }
        end_page(page, node, least.is_cut);
        return 0;
}

/* "FIELD", or "-FIELD" from the last to the first. False: it has answered. */
static bool read_order(struct call *call, struct page *page)
{
        const char *text = serve_query(call->request, "sort");
        _buffer_ struct buffer said = {0};
        struct filter_field field = {.id = -1};

        page->field = -1;
        if (!text)
                return true;
        page->is_down = text[0] == '-';
        text += page->is_down;
        if (node_field_bind(text, &field) && node_field_orders(field.id)) {
                page->field = field.id;
                return true;
        }
        buffer_text(&said, "sort: one of these, or with a - before it:");
        for (int i = 0; node_field_name((size_t)i); i++)
                if (node_field_orders(i))
                        buffer_format(&said, "%s %s", i > 0 ? "," : "", node_field_name((size_t)i));
        call_refuse(call, PROBLEM_QUERY, said.bytes);
        return false;
}

/* False: it has answered. */
static bool read_page(struct call *call, struct page *page)
{
        const char *limit = serve_query(call->request, "limit");
        const char *after = serve_query(call->request, "after");

        page->logic = call->api->logic;
        page->after = after ? after : "";
        page->limit = LIST_MAX;
        if (limit && (text_parse_u64(limit, LIST_MAX, &page->limit) < 0 || page->limit == 0)) {
                call_refuse(call, PROBLEM_QUERY, "limit: a number from 1 to 1000");
                return false;
        }
        return read_order(call, page) && call_select(call, &page->select);
}

void handle_nodes(struct call *call)
{
        struct page page = {0};
        struct node *cursor;
        char *taken = NULL;
        int rc;

        if (!read_page(call, &page))
                return;
        buffer_text(&page.text, "{\"items\":[");
        cursor = page.after[0] ? node_find(page.logic, page.after) : NULL;
        if (page.field >= 0 && page.after[0] && !cursor) {
                call_refuse(call, PROBLEM_QUERY,
                            "after: this node is not there any more; begin with the first page");
        } else {
                rc = page.field >= 0 ? write_ordered(&page, cursor) : write_by_name(&page);
                if (rc == 0 && buffer_take(&page.text, &taken) < 0)
                        taken = NULL;
                reply_text(call, 200, taken);
                call_send(call);
        }
        buffer_done(&page.text);
        filter_free(page.select);
}
