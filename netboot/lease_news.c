/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/lease_news.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/list.h"
#include "lib/base/map.h"
#include "lib/base/text.h"

/* An address whose lease is news: of IPv4 as ::ffff:a.b.c.d. */
struct changed {
        struct list link;
        struct ip6_address address;
};

struct lease_news {
        /* The thread of the tables'. */
        struct map *by_address; /* struct changed */
        struct list queue;      /* the same, oldest first */
        uint64_t cycle;
        bool wants_all;  /* the next report begins a cycle */
        bool is_telling; /* the cycle's first telling of all has not come to its end */
        uint64_t made_ms;

        pthread_mutex_t mutex; /* for what follows; the report is its taker's while is_ready */
        pthread_cond_t came;
        struct lease_report *report;
        bool is_ready, is_again, is_stopped;
};

struct lease_news *lease_news_new(void)
{
        struct lease_news *news = calloc(1, sizeof(*news));
        pthread_condattr_t attributes;

        if (!news)
                return NULL;
        list_init(&news->queue);
        pthread_mutex_init(&news->mutex, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&news->came, &attributes);
        pthread_condattr_destroy(&attributes);
        news->report = calloc(1, sizeof(*news->report));
        news->by_address = map_new(LEASE_NEWS_MAX);
        news->wants_all = true;
        return news->report && news->by_address ? news : lease_news_free(news);
}

static void drop(struct lease_news *news, struct changed *changed)
{
        map_remove(news->by_address, changed->address.bytes, sizeof(changed->address.bytes));
        list_remove(&changed->link);
        free(changed);
}

static void drop_all(struct lease_news *news)
{
        LIST_FOR_EACH(&news->queue, at)
        drop(news, container_of(at, struct changed, link));
}

struct lease_news *lease_news_free(struct lease_news *news)
{
        if (!news)
                return NULL;
        if (news->by_address)
                drop_all(news);
        map_free(news->by_address);
        pthread_cond_destroy(&news->came);
        pthread_mutex_destroy(&news->mutex);
        free(news->report);
        free(news);
        return NULL;
}

static struct ip6_address mapped(struct ip4_address four)
{
        struct ip6_address address = {0};

        address.bytes[10] = address.bytes[11] = 0xff;
        memcpy(address.bytes + 12, &four.be, sizeof(four.be));
        return address;
}

static bool is_mapped(const struct ip6_address *address, struct ip4_address *ret)
{
        static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

        memcpy(&ret->be, address->bytes + 12, sizeof(ret->be));
        return memcmp(address->bytes, prefix, sizeof(prefix)) == 0;
}

/* Without memory, or room: all of it is news then. */
static void note(struct lease_news *news, const struct ip6_address *address)
{
        struct changed *changed;

        if (map_find(news->by_address, address->bytes, sizeof(address->bytes)))
                return;
        changed = malloc(sizeof(*changed));
        if (changed) {
                changed->address = *address;
                if (map_set(news->by_address, address->bytes, sizeof(address->bytes), changed) ==
                    0) {
                        list_append(&news->queue, &changed->link);
                        return;
                }
        }
        free(changed);
        news->wants_all = true;
}

void lease_news_note(struct lease_news *news, const void *record, size_t size)
{
        struct dhcp_lease lease;
        struct dhcp6_lease lease6;
        struct ip6_address address;

        if (news->wants_all)
                return;
        if (dhcp_lease_record_parse(record, size, &lease) == 0)
                address = mapped(lease.address);
        else if (dhcp6_lease_record_parse(record, size, &lease6) == 0)
                address = lease6.address;
        else
                return;
        note(news, &address);
}

void lease_news_note_all(struct lease_news *news)
{
        news->wants_all = true;
}

static enum lease_word word_of(enum dhcp_lease_state state)
{
        if (state == DHCP_LEASE_BOUND)
                return LEASE_BOUND;
        return state == DHCP_LEASE_DECLINED ? LEASE_DECLINED : LEASE_GONE;
}

static void fill(struct lease_row *row, const struct dhcp_lease *lease)
{
        row->state = word_of(lease->state);
        row->mac = lease->mac;
        row->lease_s = lease->lease_s;
        row->expires_ms = lease->expires_ms;
        (void)text_copy(row->name, sizeof(row->name), lease->hostname);
}

static void fill6(struct lease_row *row, const struct dhcp6_lease *lease)
{
        char duid[DHCP6_DUID_TEXT_SIZE];

        row->state = word_of(lease->state);
        row->mac = lease->mac;
        row->iaid = lease->iaid;
        row->lease_s = lease->lease_s;
        row->expires_ms = lease->expires_ms;
        (void)text_copy(row->name, sizeof(row->name), lease->hostname);
        dhcp6_duid_text(duid, &lease->duid);
        duid[LEASE_CLIENT_SIZE - 1] = '\0';
        (void)text_copy(row->client, sizeof(row->client), duid);
}

/* As it is now; what the table knows no more is gone. */
static void fill_row(struct lease_row *row, const struct ip6_address *address,
                     const struct dhcp_leases *leases, const struct dhcp6_leases *leases6)
{
        const struct dhcp6_lease *lease6;
        const struct dhcp_lease *lease;
        struct ip4_address four;

        *row = (struct lease_row){.state = LEASE_GONE};
        if (is_mapped(address, &four)) {
                ip4_text(row->address, four);
                lease = dhcp_leases_find_address(leases, four);
                if (lease)
                        fill(row, lease);
        } else {
                ip6_text(row->address, address);
                lease6 = dhcp6_leases_find_address(leases6, address);
                if (lease6)
                        fill6(row, lease6);
        }
}

/* A cycle begins: all that is somebody's is news, and nothing else. */
static void begin(struct lease_news *news, const struct dhcp_leases *leases,
                  const struct dhcp6_leases *leases6)
{
        const struct dhcp6_lease *lease6;
        const struct dhcp_lease *lease;
        size_t at = 0;

        drop_all(news);
        news->wants_all = false;
        news->is_telling = true;
        news->cycle = clock_wall_ms() > news->cycle ? clock_wall_ms() : news->cycle + 1;
        while (dhcp_leases_next(leases, &at, &lease)) {
                const struct ip6_address address = mapped(lease->address);

                if (word_of(lease->state) != LEASE_GONE)
                        note(news, &address);
        }
        at = 0;
        while (dhcp6_leases_next(leases6, &at, &lease6))
                if (word_of(lease6->state) != LEASE_GONE)
                        note(news, &lease6->address);
}

static bool is_free(struct lease_news *news)
{
        bool is_free;

        pthread_mutex_lock(&news->mutex);
        is_free = !news->is_ready;
        if (is_free && news->is_again)
                news->wants_all = true;
        if (is_free)
                news->is_again = false;
        pthread_mutex_unlock(&news->mutex);
        return is_free;
}

bool lease_news_make(struct lease_news *news, const struct dhcp_leases *leases,
                     const struct dhcp6_leases *leases6, const struct lease_pool *pools,
                     size_t count, uint64_t now_ms)
{
        struct lease_report *report = news->report;
        bool is_first;

        if (!is_free(news))
                return false;
        is_first = news->wants_all;
        if (is_first)
                begin(news, leases, leases6);
        if (!is_first && !news->is_telling && list_is_empty(&news->queue) &&
            now_ms - news->made_ms < LEASE_NEWS_QUIET_MS)
                return false;

        news->made_ms = now_ms;
        report->cycle = news->cycle;
        report->is_first = is_first;
        report->row_count = 0;
        LIST_FOR_EACH(&news->queue, at)
        {
                struct changed *changed = container_of(at, struct changed, link);

                if (report->row_count == LEASE_REPORT_MAX)
                        break;
                fill_row(&report->rows[report->row_count++], &changed->address, leases, leases6);
                drop(news, changed);
        }
        report->is_whole = news->is_telling && list_is_empty(&news->queue);
        if (report->is_whole)
                news->is_telling = false;
        report->has_pools = true;
        report->pool_count = count;
        memcpy(report->pools, pools, count * sizeof(pools[0]));

        pthread_mutex_lock(&news->mutex);
        news->is_ready = true;
        pthread_cond_broadcast(&news->came);
        pthread_mutex_unlock(&news->mutex);
        return true;
}

const struct lease_report *lease_news_take(struct lease_news *news, unsigned wait_ms)
{
        const struct lease_report *report = NULL;
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_sec += wait_ms / 1000;
        t.tv_nsec += (long)(wait_ms % 1000) * 1000000;
        if (t.tv_nsec >= 1000000000) {
                t.tv_sec++;
                t.tv_nsec -= 1000000000;
        }
        pthread_mutex_lock(&news->mutex);
        while (!news->is_ready && !news->is_stopped)
                if (pthread_cond_timedwait(&news->came, &news->mutex, &t) != 0)
                        break;
        if (news->is_ready && !news->is_stopped)
                report = news->report;
        pthread_mutex_unlock(&news->mutex);
        return report;
}

void lease_news_told(struct lease_news *news, bool again)
{
        pthread_mutex_lock(&news->mutex);
        news->is_ready = false;
        news->is_again |= again;
        pthread_mutex_unlock(&news->mutex);
}

void lease_news_stop(struct lease_news *news)
{
        pthread_mutex_lock(&news->mutex);
        news->is_stopped = true;
        pthread_cond_broadcast(&news->came);
        pthread_mutex_unlock(&news->mutex);
}
