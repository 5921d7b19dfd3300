/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * DHCPv6 server: a message and the facts about it go in, a decision comes out.
 *
 * No socket, no clock, no file, as dhcp/server.h. What to boot is not our
 * knowledge: a function of the caller says it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dhcp/server.h"
#include "dhcp/v6_lease.h"
#include "dhcp/v6_message.h"
#include "lib/base/ip6.h"
#include "lib/base/net.h"

/* What a client is told to boot. Zero and "": not said. */
struct dhcp6_boot {
        char url[DHCP6_TEXT_SIZE];    /* option 59 */
        struct dhcp6_blob parameters; /* option 60 */
        char vendor_class[32];        /* option 16: "HTTPClient" for UEFI 2.10 24.7 */
};

/**
 * dhcp6_boot_fn - say what this client boots
 * @request:  what it said (architecture, is it iPXE, ...)
 * @mac:      of its card; all zero: not known
 * @network:  where it asks
 * @ret:      zeroed
 *
 * Called where option 59 is asked for; must not wait. Return: false if it is to boot nothing.
 */
typedef bool (*dhcp6_boot_fn)(void *context, const struct dhcp6_message *request,
                              const struct mac_address *mac, const struct ip6_network *network,
                              struct dhcp6_boot *ret);

/**
 * dhcp6_admit_fn - is this client served on this network?
 * @mac:        all zero: not known
 * @has_lease:  one of its identities holds an address of ours there
 *
 * Asked for each message but a release or decline, for clients without a reservation; must not
 * wait. False: silence, and no address is held for it.
 */
typedef bool (*dhcp6_admit_fn)(void *context, const struct mac_address *mac,
                               const struct ip6_network *network, bool has_lease,
                               const struct dhcp_now *now);

struct dhcp6_network {
        struct dhcp6_pool pool;
        struct dhcp6_address_list dns;
        char domain[DHCP6_DOMAIN_SIZE];
        uint32_t lease_s;   /* valid lifetime; DHCP_LEASE_MIN_S at least; 0: DHCP_LEASE_DEFAULT_S */
        uint8_t preference; /* option 7; 255: clients look no further */
        bool no_rapid_commit; /* another server may answer here, too (RFC 8415 18.3.1) */
        /* Whose messages are believed for this network's machines, by the address they come from;
         * none: each relay that names a link of it. */
        struct ip6_address relays[DHCP_MAX_RELAYS];
        size_t relay_count;
};

struct dhcp6_server;

/* @ours: the server's name, the same in each run. @boot may be NULL. NULL without memory. */
struct dhcp6_server *dhcp6_server_new(const struct dhcp6_duid *ours, dhcp6_boot_fn boot,
                                      void *context);
struct dhcp6_server *dhcp6_server_free(struct dhcp6_server *server);

/* Without it all are served. @context is that of dhcp6_server_new(). */
void dhcp6_server_set_admission(struct dhcp6_server *server, dhcp6_admit_fn admit);

/* Without it all are known. Others do not get the last addresses, and share what is scarce: see
 * dhcp/unknown.h. */
void dhcp6_server_set_known(struct dhcp6_server *server, dhcp_known_fn is_known);

/* Return: 0, -EINVAL for a lease below DHCP_LEASE_MIN_S or too many relays, or as
 * dhcp6_leases_add_pool(). */
int dhcp6_server_add_network(struct dhcp6_server *server, const struct dhcp6_network *network);

/* For reservations, replay, listing and compaction. It is the server's. */
struct dhcp6_leases *dhcp6_server_leases(struct dhcp6_server *server);

/* Facts about a message that its bytes do not say. */
struct dhcp6_facts {
        struct ip6_address interface; /* our address in the network of where it came in; may be
                                         unset: then only relays are served there */
        struct ip6_address source;    /* who sent it: a client or a relay */
        bool is_unicast;              /* it was sent to an address of ours, not to a group */
        struct dhcp_now now;
};

/* What changed in the lease table; goes to the journal. */
struct dhcp6_record {
        size_t size;
        uint8_t bytes[DHCP6_LEASE_RECORD_MAX];
};

struct dhcp6_decision {
        enum dhcp6_message_type received; /* DHCP6_NONE if it could not be read */
        enum dhcp6_message_type reply;    /* DHCP6_NONE, DHCP6_ADVERTISE or DHCP6_REPLY */
        size_t reply_size;
        uint8_t reply_bytes[DHCP6_MESSAGE_MAX];
        struct ip6_address to; /* the source, with its zone */
        uint16_t port;

        size_t record_count;
        struct dhcp6_record records[DHCP6_MAX_IA];
        bool must_sync; /* the records must be on disk before the reply is sent */

        bool is_stranger;           /* it was not admitted */
        struct ip6_network network; /* where it asked; ::/0: on none of ours */
        struct mac_address mac;     /* of its card; all zero: not known */
        struct ip6_address leased;  /* the first address this was about; may be unset */
        char reason[96]; /* why, for the log: plain ASCII of ours, no bytes of the client */

        struct dhcp6_message request; /* as parsed; all zero if it could not be read */
};

/**
 * dhcp6_server_receive() - decide on one message
 * @bytes:  UDP payload that came to port 547
 * @facts:  where and when
 * @ret:    always filled; reply is DHCP6_NONE on failure
 *
 * Nothing is delayed and nothing is sent. Where the records cannot be written, the caller drops the
 * reply: the client asks again.
 *
 * Return: 0 if a decision was made, silence among them.
 *         What dhcp6_message_parse() says of bytes that are no message.
 *         -ENOMEM.
 */
int dhcp6_server_receive(struct dhcp6_server *server, const void *bytes, size_t size,
                         const struct dhcp6_facts *facts, struct dhcp6_decision *ret);
