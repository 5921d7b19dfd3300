/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "lib/base/clock.h"
#include "lib/daemon/log.h"

#define ADDRESSES_MAX 2 /* of IPv4 and of IPv6 */

struct row {
        struct edge_port wanted;
        uint64_t next_ms;
        uint32_t id;               /* of the question that is under way; 0: none is */
        unsigned turn;             /* of its addresses */
        struct ip_address address; /* that is asked about */
};

struct ports {
        struct ports_options options;
        struct loop_timer *timer;
        struct loop_fd *watch; /* NULL: the prober has ended */
        struct row *rows;      /* sorted */
        size_t count;
        size_t at;        /* whose turn it is: the first must not always be asked first */
        uint32_t last_id; /* a question of rows that have gone is of nobody */
};

static int compare(const void *a, const void *b)
{
        const struct edge_port *one = &((const struct row *)a)->wanted;
        const struct edge_port *two = &((const struct row *)b)->wanted;
        const int order = memcmp(&one->mac, &two->mac, sizeof(one->mac));

        if (order != 0)
                return order;
        if (one->operation != two->operation)
                return one->operation < two->operation ? -1 : 1;
        return one->port < two->port ? -1 : one->port > two->port;
}

static bool has_address(const struct ports *ports, const struct row *row)
{
        struct ip_address addresses[ADDRESSES_MAX];
        const size_t count =
                ports->options.addresses(ports->options.context, &row->wanted.mac, addresses);

        for (size_t i = 0; i < count; i++)
                if (ip_is_equal(addresses[i], row->address))
                        return true;
        return false;
}

/* -EAGAIN, -EPIPE: nobody else needs to be asked about now. */
static int ask(struct ports *ports, struct row *row, uint64_t now_ms)
{
        struct ip_address addresses[ADDRESSES_MAX];
        const size_t count =
                ports->options.addresses(ports->options.context, &row->wanted.mac, addresses);
        int rc;

        if (count == 0) {
                row->next_ms = now_ms + PORTS_EVERY_MS;
                return 0;
        }
        if (++ports->last_id == 0)
                ports->last_id = 1;

        const struct prober_question question = {ports->last_id, row->wanted.port,
                                                 addresses[row->turn % count]};

        rc = prober_ask(ports->options.prober, &question);
        if (rc < 0)
                return rc;
        row->turn++;
        row->address = question.address;
        row->id = question.id;
        row->next_ms = now_ms + PORTS_EVERY_MS;
        return 0;
}

static void on_timer(void *context)
{
        struct ports *ports = context;
        const uint64_t now_ms = clock_monotonic_ms();
        int rc = 0;

        for (size_t i = 0; i < ports->count && rc == 0; i++) {
                struct row *row = &ports->rows[ports->at];

                if (row->id == 0 && now_ms >= row->next_ms)
                        rc = ask(ports, row, now_ms);
                if (rc == 0)
                        ports->at = (ports->at + 1) % ports->count;
        }
        if (ports->count > 0 && ports->watch)
                loop_timer_arm(ports->timer, now_ms + PORTS_EVERY_MS / 4);
}

static void tell(const struct ports *ports, const struct row *row)
{
        struct node_event event = {
                .mac = row->wanted.mac,
                .address = row->address,
                .step = STEP_PORT,
                .operation = row->wanted.operation,
        };
        char mac[MAC_TEXT_SIZE], ip[IP_TEXT_SIZE];

        snprintf(event.text, sizeof(event.text), "port %u answers", row->wanted.port);
        log_info("port", "mac=%s ip=%s port=%u operation=%llu", mac_text(mac, &row->wanted.mac),
                 ip_text(ip, row->address), row->wanted.port,
                 (unsigned long long)row->wanted.operation);
        events_add(ports->options.events, &event);
}

static void take(struct ports *ports, const struct prober_answer *answer)
{
        for (size_t i = 0; i < ports->count; i++) {
                struct row *row = &ports->rows[i];

                if (row->id == 0 || row->id != answer->id)
                        continue;
                row->id = 0;
                /* The lease may have ended, and gone to another, while it was asked. */
                if (!answer->is_open || !has_address(ports, row))
                        return;
                row->turn--; /* the next time the same */
                row->next_ms = clock_monotonic_ms() + PORTS_AGAIN_MS;
                tell(ports, row);
                return;
        }
}

static void on_answer(void *context, uint32_t events)
{
        struct ports *ports = context;
        struct prober_answer answer;
        int rc;

        (void)events;
        while ((rc = prober_hear(ports->options.prober, &answer)) > 0)
                take(ports, &answer);
        if (rc == 0)
                return;
        log_error("ports.ended",
                  "reason=\"the process that looks for ports has ended: no port is looked for "
                  "until this program starts again\"");
        loop_remove_fd(ports->watch);
        ports->watch = NULL;
}

int ports_new(const struct ports_options *options, struct ports **ret)
{
        struct ports *ports = calloc(1, sizeof(*ports));
        int rc;

        if (!ports)
                return -ENOMEM;
        ports->options = *options;
        rc = loop_add_timer(options->loop, on_timer, ports, &ports->timer);
        if (rc == 0)
                rc = loop_add_fd(options->loop, prober_fd(options->prober), EPOLLIN, on_answer,
                                 ports, &ports->watch);
        if (rc < 0) {
                ports_free(ports);
                return rc;
        }
        *ret = ports;
        return 0;
}

struct ports *ports_free(struct ports *ports)
{
        if (!ports)
                return NULL;
        loop_remove_fd(ports->watch);
        loop_remove_timer(ports->timer);
        free(ports->rows);
        free(ports);
        return NULL;
}

int ports_apply(struct ports *ports, const struct edge_port *rows, size_t count)
{
        struct row *made = calloc(count + 1, sizeof(*made));

        if (!made)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                const struct row *before;

                made[i].wanted = rows[i];
                before = ports->count == 0 ? NULL
                                           : bsearch(&made[i], ports->rows, ports->count,
                                                     sizeof(*made), compare);
                if (before)
                        made[i] = *before;
        }
        qsort(made, count, sizeof(*made), compare);
        free(ports->rows);
        ports->rows = made;
        ports->count = count;
        ports->at = 0;
        if (count > 0 && ports->watch)
                loop_timer_arm(ports->timer, clock_monotonic_ms());
        return 0;
}
