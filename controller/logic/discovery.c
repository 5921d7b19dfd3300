/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/discovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/events.h"
#include "controller/logic/kept.h"
#include "controller/logic/nodes.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

static const struct doc_field opening_fields[] = {
        DOC_FIELD(struct opening, opened_ms, DOC_U64, 0),
        DOC_FIELD(struct opening, until_ms, DOC_U64, DOC_REQUIRED),
        DOC_FIELD(struct opening, by, DOC_TEXT, 0),
        DOC_FIELD(struct opening, is_over, DOC_BOOL, 0),
};
static DOC_TABLE(opening_table, struct opening, "opening", opening_fields);
static const struct kept_kind kind = {OPENING_KIND, &opening_table};

struct opening *opening_find(const struct logic *logic, const char *network)
{
        return kept_find(logic->openings, network);
}

bool opening_is_open(const struct opening *opening, uint64_t now_ms)
{
        return opening && now_ms < opening->until_ms;
}

static int add(struct logic *logic, const char *network, struct opening **ret)
{
        struct opening *opening = calloc(1, sizeof(*opening));
        int rc = opening ? 0 : -ENOMEM;

        if (rc == 0)
                rc = text_copy(opening->network, sizeof(opening->network), network);
        if (rc == 0)
                rc = map_set(logic->openings, opening->network, strlen(opening->network), opening);
        if (rc < 0)
                free(opening);
        else
                *ret = opening;
        return rc;
}

/* On disk, and for the edges to hear at their next question. */
static void save(struct logic *logic, struct opening *opening, uint64_t now_ms,
                 struct store_change *change)
{
        logic->disks_version++;
        kept_save(&kind, opening->network, opening, &opening->version, now_ms, change);
}

static void tell(struct logic *logic, const char *network, const char *what, uint64_t now_ms,
                 struct store_change *change)
{
        struct node_event event = {.at_ms = now_ms, .step = STEP_DISCOVERY};

        snprintf(event.text, sizeof(event.text), "network '%s': %s", network, what);
        event_add(logic, NULL, &event, change);
        log_info("discovery", "network=%s what=%s", QUOTE(network), QUOTE(what));
}

int discovery_open(struct logic *logic, const char *network, uint64_t for_ms, const char *by,
                   uint64_t now_ms, struct store_change *change)
{
        struct opening *opening = opening_find(logic, network);
        char what[160];
        int rc = 0;

        if (for_ms < DISCOVERY_MIN_MS || for_ms > DISCOVERY_MAX_MS)
                return -ERANGE;
        if (!opening)
                rc = add(logic, network, &opening);
        if (rc < 0)
                return rc;
        opening->opened_ms = now_ms;
        opening->until_ms = now_ms + for_ms;
        opening->is_over = false;
        (void)snprintf(opening->by, sizeof(opening->by), "%s", by);
        snprintf(what, sizeof(what), "%s has strangers discovered for %llu minutes", by,
                 (unsigned long long)(for_ms / 60000));
        tell(logic, network, what, now_ms, change);
        save(logic, opening, now_ms, change);
        return 0;
}

static void end(struct logic *logic, struct opening *opening, const char *what, uint64_t now_ms,
                struct store_change *change)
{
        opening->is_over = true;
        tell(logic, opening->network, what, now_ms, change);
        save(logic, opening, now_ms, change);
}

int discovery_close(struct logic *logic, const char *network, const char *by, uint64_t now_ms,
                    struct store_change *change)
{
        struct opening *opening = opening_find(logic, network);
        char what[160];

        if (!opening_is_open(opening, now_ms))
                return -ENOENT;
        opening->until_ms = now_ms;
        snprintf(what, sizeof(what), "%s ended it: strangers are only listed", by);
        end(logic, opening, what, now_ms, change);
        return 0;
}

static void forget(struct logic *logic, struct opening *opening, uint64_t now_ms,
                   struct store_change *change)
{
        const struct store_document row = {
                .kind = OPENING_KIND,
                .name = opening->network,
                .version = opening->version + 1,
                .at_ms = now_ms,
        };

        store_delete_document(change, &row);
        logic->disks_version++;
        map_remove(logic->openings, opening->network, strlen(opening->network));
        free(opening);
}

void discovery_expire(struct logic *logic, uint64_t now_ms, struct store_change *change)
{
        size_t at = 0;
        void *value;

        while (map_next(logic->openings, &at, &value)) {
                struct opening *opening = value;

                if (!opening->is_over && !opening_is_open(opening, now_ms))
                        end(logic, opening, "its time is over: strangers are only listed", now_ms,
                            change);
                if (opening->is_over && age_ms(now_ms, opening->until_ms) > DISCOVERY_GRACE_MS)
                        forget(logic, opening, now_ms, change);
        }
}

int opening_restore(struct logic *logic, const struct store_document *row)
{
        struct opening read = {0}, *opening = NULL;
        _doc_ struct doc *object = NULL;
        int rc;

        rc = doc_parse(row->body, strlen(row->body), &doc_limits_message, NULL, &object);
        if (rc == 0)
                rc = doc_decode(&opening_table, object, NULL, &read);
        if (rc == -ENOMEM)
                return rc;
        if (rc < 0) {
                /* Closed is the safe side. */
                log_warning("opening.unreadable", "network=%s", QUOTE(row->name));
                return 0;
        }
        rc = add(logic, row->name, &opening);
        if (rc < 0)
                return rc;
        memcpy(read.network, opening->network, sizeof(read.network));
        read.version = row->version;
        *opening = read;
        return 0;
}

/* ---- who asked ---- */

/* The one that was seen longest ago goes. */
static void make_room(struct logic *logic)
{
        struct stranger_seen *oldest = NULL;
        size_t at = 0;
        void *value;

        while (map_next(logic->strangers, &at, &value)) {
                struct stranger_seen *seen = value;

                if (!oldest || seen->last_ms < oldest->last_ms)
                        oldest = seen;
        }
        if (!oldest)
                return;
        map_remove(logic->strangers, oldest->mac.bytes, sizeof(oldest->mac.bytes));
        free(oldest);
}

void discovery_note(struct logic *logic, const struct node_event *event, uint64_t now_ms)
{
        struct stranger_seen *seen =
                map_find(logic->strangers, event->mac.bytes, sizeof(event->mac.bytes));
        struct stranger said;

        if (!mac_is_usable(&event->mac) || stranger_parse(event->text, &said) < 0)
                return;
        if (!seen) {
                if (map_count(logic->strangers) >= STRANGERS_MAX)
                        make_room(logic);
                seen = calloc(1, sizeof(*seen));
                if (!seen)
                        return;
                seen->mac = event->mac;
                seen->first_ms = now_ms;
                if (map_set(logic->strangers, seen->mac.bytes, sizeof(seen->mac.bytes), seen) < 0) {
                        free(seen);
                        return;
                }
        }
        seen->said = said;
        seen->last_ms = now_ms;
        seen->count++;
}

static int newest_first(const void *a, const void *b)
{
        const struct stranger_seen *const *x = a, *const *y = b;

        if ((*x)->last_ms != (*y)->last_ms)
                return (*x)->last_ms < (*y)->last_ms ? 1 : -1;
        return memcmp(&(*x)->mac, &(*y)->mac, sizeof((*x)->mac));
}

void discovery_each(const struct logic *logic, stranger_fn fn, void *context)
{
        _free_ const struct stranger_seen **all =
                calloc(map_count(logic->strangers) + 1, sizeof(struct stranger_seen *));
        size_t at = 0, count = 0;
        void *value;

        while (all && map_next(logic->strangers, &at, &value))
                if (!node_find_mac(logic, &((struct stranger_seen *)value)->mac))
                        all[count++] = value;
        if (all)
                qsort(all, count, sizeof(all[0]), newest_first);
        for (size_t i = 0; i < count; i++)
                fn(context, all[i]);
}

static void free_all(struct map *map)
{
        size_t at = 0;
        void *value;

        while (map && map_next(map, &at, &value))
                free(value);
        map_free(map);
}

void discovery_done(struct logic *logic)
{
        free_all(logic->openings);
        free_all(logic->strangers);
}
