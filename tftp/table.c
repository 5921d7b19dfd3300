/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who leaves: the oldest unanswered one. Of the same address, where that is at
 * its limit; else of an address that has many; else of all. Each is found in a
 * few steps, however many there are: a flood must not make the search its help.
 */
#include "tftp/table.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/map.h"

struct tftp_client {
        struct list greedy; /* among those with more than TFTP_FAIR_UNANSWERED */
        struct list entries;
        struct ip_address share;
        size_t count, unanswered;
};

struct tftp_table {
        struct map *clients;
        struct list unanswered; /* the oldest first */
        struct list greedy;
        size_t count, unanswered_count;
};

struct tftp_table *tftp_table_new(void)
{
        struct tftp_table *table = calloc(1, sizeof(*table));

        if (!table)
                return NULL;
        list_init(&table->unanswered);
        list_init(&table->greedy);
        table->clients = map_new(TFTP_MAX_SESSIONS);
        return table->clients ? table : tftp_table_free(table);
}

struct tftp_table *tftp_table_free(struct tftp_table *table)
{
        if (!table)
                return NULL;
        map_free(table->clients);
        free(table);
        return NULL;
}

size_t tftp_table_count(const struct tftp_table *table)
{
        return table->count;
}

static struct tftp_client *client_find(const struct tftp_table *table, struct ip_address share)
{
        return map_find(table->clients, share.six.bytes, sizeof(share.six.bytes));
}

struct tftp_entry *tftp_table_find(const struct tftp_table *table, struct ip_address share,
                                   struct ip_address address, uint16_t port)
{
        const struct tftp_client *client = client_find(table, share);

        if (!client)
                return NULL;
        LIST_FOR_EACH(&client->entries, at)
        {
                struct tftp_entry *entry = container_of(at, struct tftp_entry, of_client);

                if (entry->port == port && ip_is_equal(entry->address, address))
                        return entry;
        }
        return NULL;
}

struct tftp_entry *tftp_table_any(const struct tftp_table *table)
{
        const struct tftp_client *client;
        void *value = NULL;
        size_t at = 0;

        if (!map_next(table->clients, &at, &value))
                return NULL;
        client = value;
        return container_of(client->entries.next, struct tftp_entry, of_client);
}

static struct tftp_entry *oldest_of(const struct tftp_client *client)
{
        LIST_FOR_EACH(&client->entries, at)
        {
                struct tftp_entry *entry = container_of(at, struct tftp_entry, of_client);

                if (entry->standing == TFTP_UNANSWERED)
                        return entry;
        }
        return NULL;
}

static struct tftp_entry *oldest(const struct tftp_table *table)
{
        if (!list_is_empty(&table->greedy))
                return oldest_of(container_of(table->greedy.next, struct tftp_client, greedy));
        if (!list_is_empty(&table->unanswered))
                return container_of(table->unanswered.next, struct tftp_entry, unanswered);
        return NULL;
}

int tftp_table_admit(const struct tftp_table *table, struct ip_address share,
                     struct tftp_entry **ret_leaves)
{
        const struct tftp_client *client = client_find(table, share);
        struct tftp_entry *leaves;

        if (client && client->count >= TFTP_MAX_SESSIONS_CLIENT) {
                leaves = oldest_of(client);
        } else if (table->count >= TFTP_MAX_SESSIONS ||
                   table->unanswered_count >= TFTP_MAX_UNANSWERED) {
                leaves = oldest(table);
        } else {
                *ret_leaves = NULL;
                return 0;
        }
        if (!leaves)
                return -EBUSY;
        *ret_leaves = leaves;
        return 0;
}

static struct tftp_client *client_new(struct tftp_table *table, struct ip_address share)
{
        struct tftp_client *client = calloc(1, sizeof(*client));

        if (!client)
                return NULL;
        client->share = share;
        list_init(&client->greedy);
        list_init(&client->entries);
        if (map_set(table->clients, share.six.bytes, sizeof(share.six.bytes), client) < 0) {
                free(client);
                return NULL;
        }
        return client;
}

int tftp_table_add(struct tftp_table *table, struct ip_address share, struct ip_address address,
                   uint16_t port, struct tftp_entry *entry)
{
        struct tftp_client *client = client_find(table, share);

        if (table->count >= TFTP_MAX_SESSIONS ||
            (client && client->count >= TFTP_MAX_SESSIONS_CLIENT))
                return -EBUSY;
        if (!client)
                client = client_new(table, share);
        if (!client)
                return -ENOMEM;

        entry->client = client;
        entry->address = address;
        entry->port = port;
        entry->standing = TFTP_HELD;
        list_init(&entry->unanswered);
        list_append(&client->entries, &entry->of_client);
        client->count++;
        table->count++;
        return 0;
}

/* An address is greedy while it has more than its share; who became so first gives way first. */
static void count_unanswered(struct tftp_table *table, struct tftp_client *client)
{
        const bool is_greedy = client->unanswered > TFTP_FAIR_UNANSWERED;

        if (is_greedy && list_is_empty(&client->greedy))
                list_append(&table->greedy, &client->greedy);
        else if (!is_greedy)
                list_remove(&client->greedy);
}

void tftp_table_set(struct tftp_table *table, struct tftp_entry *entry, enum tftp_standing standing)
{
        struct tftp_client *client = entry->client;

        if (entry->standing == standing)
                return;
        if (entry->standing == TFTP_UNANSWERED) {
                list_remove(&entry->unanswered);
                table->unanswered_count--;
                client->unanswered--;
        }
        if (standing == TFTP_UNANSWERED) {
                list_append(&table->unanswered, &entry->unanswered);
                table->unanswered_count++;
                client->unanswered++;
        }
        entry->standing = standing;
        count_unanswered(table, client);
}

void tftp_table_remove(struct tftp_table *table, struct tftp_entry *entry)
{
        struct tftp_client *client = entry->client;

        tftp_table_set(table, entry, TFTP_HELD);
        list_remove(&entry->of_client);
        table->count--;
        if (--client->count > 0)
                return;
        (void)map_remove(table->clients, client->share.six.bytes, sizeof(client->share.six.bytes));
        free(client);
}
