/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * DHCP server: a message and the facts about it go in, a decision comes out.
 *
 * No socket, no clock, no file: who owns those sends the reply, after the
 * record is on disk where the decision says so. What to boot is not our
 * knowledge: a function of the caller says it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dhcp/class.h"
#include "dhcp/lease.h"
#include "dhcp/message.h"
#include "lib/base/net.h"

/* What a client is told to boot. Zero and "": not said. */
struct dhcp_boot {
        struct ip4_address next_server;  /* siaddr, options 66 and 150 */
        char file[DHCP_TEXT_SIZE];       /* file field and option 67: a name or a URL */
        char vendor_class[32];           /* option 60: "PXEClient", "HTTPClient" */
        char root_path[DHCP_LONG_SIZE];  /* option 17: where the system has its root */
        struct dhcp_blob vendor_options; /* option 43: see dhcp_boot_skip_discovery() */
        bool has_no_proxy;               /* 175.176 = 1: iPXE need not wait for a ProxyDHCP offer */
};

/* Option 43 that says "take the boot file, ask nobody" (PXE 2.1, table 2-1: 6 = 8). */
void dhcp_boot_skip_discovery(struct dhcp_boot *boot);

/**
 * dhcp_boot_fn - say what this client boots
 * @request:  what it said (architecture, is it iPXE, ...)
 * @address:  what it is given
 * @ret:      zeroed
 *
 * Called for each OFFER and for each ACK; must not wait. Return: false if it is to boot nothing.
 */
typedef bool (*dhcp_boot_fn)(void *context, const struct dhcp_message *request,
                             struct ip4_address address, struct dhcp_boot *ret);

/* Addresses for one class of machines; of no class: for all that are in none. */
struct dhcp_class_range {
        struct ip4_address first, last;
        struct dhcp_class class;
};

#define DHCP_MAX_CLASS_RANGES (DHCP_MAX_RANGES - 1)
#define DHCP_MAX_RELAYS       8

/*
 * Networks on one wire (pool.shares_wire) are one: a machine gets one address, of any of them, and
 * what is told with it is that network's. The first ranges whose class matches are for it, in the
 * order in which they stand, those of the network it is heard on before the others'; where none
 * matches, all that have no class.
 */
struct dhcp_network {
        struct dhcp_pool pool; /* first and last: a range without class, after those below */
        struct dhcp_class_range ranges[DHCP_MAX_CLASS_RANGES];
        size_t range_count;
        /* giaddr of those that may speak for its machines; none: each that is on the wire. Only to
         * these lease queries are answered (RFC 4388 5.1). */
        struct ip4_address relays[DHCP_MAX_RELAYS];
        size_t relay_count;
        char captive_portal[DHCP_LONG_SIZE]; /* RFC 8910: a URL; "" none */
        struct dhcp_address_list router;
        struct dhcp_address_list dns;
        char domain[DHCP_DOMAIN_SIZE];
        uint32_t lease_s; /* DHCP_LEASE_MIN_S at least; 0: DHCP_LEASE_DEFAULT_S */
        /* Another server gives addresses here, too: what we do not know is not wrong for that, and
         * nobody is refused but who took our offer (RFC 2131 4.3.2: without a record of the client,
         * remain silent). */
        bool has_neighbour;
};

#define DHCP_LEASE_MIN_S     120 /* shorter than one boot: addresses would change under it */
#define DHCP_LEASE_DEFAULT_S 3600

struct dhcp_server;

/**
 * dhcp_admit_fn - is this client served on this network?
 * @network:    the network's own address
 * @has_lease:  it holds an address of ours there
 *
 * Asked for each message but a release or decline, for clients without a reservation; must not
 * wait. False: silence, and no address is held for it.
 */
typedef bool (*dhcp_admit_fn)(void *context, const struct mac_address *mac,
                              struct ip4_address network, bool has_lease,
                              const struct dhcp_now *now);

/* Is this machine one of ours, though it holds nothing here? Others share what is scarce: see
 * dhcp/unknown.h. Must not wait. */
typedef bool (*dhcp_known_fn)(void *context, const struct mac_address *mac);

/* @boot may be NULL: nobody boots. NULL without memory. */
struct dhcp_server *dhcp_server_new(dhcp_boot_fn boot, void *context);
struct dhcp_server *dhcp_server_free(struct dhcp_server *server);

/* Without it all are served. @context is that of dhcp_server_new(). */
void dhcp_server_set_admission(struct dhcp_server *server, dhcp_admit_fn admit);

/* Without it all are known. */
void dhcp_server_set_known(struct dhcp_server *server, dhcp_known_fn is_known);

/* Return: 0, -EINVAL for a lease below DHCP_LEASE_MIN_S, or as dhcp_leases_add_pool() and
 * dhcp_leases_add_range(). The server is then good for nothing but to be freed. */
int dhcp_server_add_network(struct dhcp_server *server, const struct dhcp_network *network);

/* For reservations, replay, listing and compaction. It is the server's. */
struct dhcp_leases *dhcp_server_leases(struct dhcp_server *server);

/* Facts about a message that its bytes do not say. */
struct dhcp_facts {
        struct ip4_address interface; /* our address where it came in: the server identifier */
        bool is_unicast;              /* it was sent to that address, not broadcast */
        struct ip4_address source;    /* of the datagram; may be unset: nobody looked */
        struct dhcp_now now;
};

/* How the reply travels, RFC 2131 4.1. Always from port 67. */
enum dhcp_route {
        DHCP_ROUTE_NONE,
        DHCP_ROUTE_BROADCAST, /* to 255.255.255.255 port 68, out of the same interface */
        DHCP_ROUTE_UNICAST,   /* to @address port 68: the client has it and answers ARP */
        DHCP_ROUTE_HARDWARE,  /* to @address port 68 in a frame to @mac: it does not answer ARP yet
                               */
        DHCP_ROUTE_RELAY,     /* to @address port 67 */
};

struct dhcp_decision {
        enum dhcp_message_type received; /* DHCP_NONE if it could not be read */
        enum dhcp_message_type reply;    /* DHCP_NONE, or what a server says */
        size_t reply_size;
        uint8_t reply_bytes[DHCP_MESSAGE_MAX];

        enum dhcp_route route;
        struct ip4_address address; /* where the reply goes to */
        uint16_t port;
        struct mac_address mac; /* the client, whatever the route */

        /* What changed in the lease table; goes to the journal. 0 bytes: nothing. */
        size_t record_size;
        uint8_t record[DHCP_LEASE_RECORD_MAX];
        bool must_sync; /* the record must be on disk before the reply is sent */

        bool is_stranger;           /* it was not admitted */
        bool is_new_here;           /* @leased is offered to a machine that had none: ask for it */
        struct ip4_network network; /* where it asked; zero: on none of ours */
        struct ip4_address leased;  /* the address this was about; may be unset */
        char reason[96]; /* why, for the log: plain ASCII of ours, no bytes of the client */

        struct dhcp_message request; /* as parsed; all zero if it could not be read */
};

/**
 * dhcp_server_receive() - decide on one message
 * @bytes:  UDP payload that came to port 67
 * @facts:  where and when
 * @ret:    always filled; reply is DHCP_NONE on failure
 *
 * Nothing is delayed and nothing is sent. Where the record cannot be written,
 * the caller drops the reply: the client asks again.
 *
 * Return: 0 if a decision was made, silence among them.
 *         What dhcp_message_parse() says of bytes that are no message.
 *         -ENOMEM.
 */
int dhcp_server_receive(struct dhcp_server *server, const void *bytes, size_t size,
                        const struct dhcp_facts *facts, struct dhcp_decision *ret);
