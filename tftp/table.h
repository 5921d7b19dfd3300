/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * TFTP table: the transfers of one server, and who has to leave when it is full.
 *
 * Anybody can send a request in the name of an address that is not its own.
 * Who answers from there has proved that it is one's own; who has not, holds a
 * place only until somebody else wants it. So a flood of forged requests pushes
 * out forged requests, and a client that answers within a round trip is served.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/ip.h"
#include "lib/base/list.h"

/* Each has a socket: with it, HTTP's connections and the journal within 8,192 descriptors. */
#define TFTP_MAX_SESSIONS 4096
/* Of one address: GRUB opens one at a time, iPXE a few. */
#define TFTP_MAX_SESSIONS_CLIENT 16
/* That nobody answered yet. At 1,000 forged requests a second one that is not forged stays for a
 * second, which is five times the round trip around the earth; and 3,072 remain for who answers. */
#define TFTP_MAX_UNANSWERED 1024
/* An address with more than these unanswered ones gives way before all others do. */
#define TFTP_FAIR_UNANSWERED 4

enum tftp_standing {
        TFTP_HELD,       /* waits for something of ours: it stays */
        TFTP_UNANSWERED, /* its client has not shown itself yet */
        TFTP_ANSWERED,   /* it has: it stays */
};

struct tftp_client;

/* One transfer's place in the table; part of the caller's object. */
struct tftp_entry {
        struct list of_client, unanswered;
        struct tftp_client *client;
        struct ip_address address;
        uint16_t port;
        enum tftp_standing standing;
};

struct tftp_table;

struct tftp_table *tftp_table_new(void); /* NULL without memory */
/* All entries must be gone. Takes NULL; returns NULL. */
struct tftp_table *tftp_table_free(struct tftp_table *table);

size_t tftp_table_count(const struct tftp_table *table);

/* The transfer to this port of this address, among those of its share (below), or NULL. */
struct tftp_entry *tftp_table_find(const struct tftp_table *table, struct ip_address share,
                                   struct ip_address address, uint16_t port);

/* Any entry, or NULL: for the end. */
struct tftp_entry *tftp_table_any(const struct tftp_table *table);

/**
 * tftp_table_admit() - is there room for one more of this address?
 * @share:       whose limits count: its address, or what ip_share() says where a host may take any
 *               address that it likes
 * @ret_leaves:  NULL, or the one that must be removed before tftp_table_add()
 *
 * Return: 0; -EBUSY if there is none, and nobody who may be sent away.
 */
int tftp_table_admit(const struct tftp_table *table, struct ip_address share,
                     struct tftp_entry **ret_leaves);

/**
 * tftp_table_add() - a transfer begins, TFTP_HELD
 * @entry:  the caller's, until tftp_table_remove()
 *
 * Return: 0; -EBUSY at a limit; -ENOMEM.
 */
int tftp_table_add(struct tftp_table *table, struct ip_address share, struct ip_address address,
                   uint16_t port, struct tftp_entry *entry);
void tftp_table_set(struct tftp_table *table, struct tftp_entry *entry,
                    enum tftp_standing standing);
void tftp_table_remove(struct tftp_table *table, struct tftp_entry *entry);
