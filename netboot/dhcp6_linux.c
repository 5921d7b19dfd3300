/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DHCPv6 on the wire
 *
 * Decisions are the engine's (dhcp/v6_server.h). Here a datagram comes in, and
 * the answer goes back to where it came from: a client's link-local address, or
 * a relay's. A reply that promises an address goes out of the journal's done
 * function, when the lease is on disk, as an ACK of IPv4 does.
 */
#include "netboot/dhcp6.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "dhcp/v6_client.h"
#include "dhcp/v6_server.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/node/stranger.h"
#include "netboot/flood.h"
#include "netboot/packet.h"
#include "netboot/pending.h"
#include "netboot/strangers.h"
#include "pxe/answer.h"

/* Messages handled in one go before timers and other sockets have their turn. */
#define RECEIVE_BATCH 64

struct port {
        struct dhcp6_service *service;
        const struct netboot_interface *interface;
        struct loop_fd *watch;
};

struct dhcp6_service {
        struct dhcp_service_options options;
        struct leases *leases;
        struct port ports[NETBOOTD_MAX_INTERFACES];
        struct pending pending;
        struct flood flood; /* of lines and events */
        struct strangers strangers;
        /* What dhcp6_service_boot() said during the decision under way. */
        struct pxe_answer6 answer;
};

/* An answer that goes out now, or when the disk has what it promises. */
struct reply {
        struct pending_reply pending;
        struct port *port;
        enum dhcp6_message_type received, type;
        struct sockaddr_in6 to;
        uint64_t received_ms;
        struct mac_address mac;
        struct dhcp6_duid duid;
        struct ip6_address leased;
        bool is_told;        /* in log and timeline: no flood */
        bool is_in_timeline; /* firmware, a loader, or our agent */
        bool wants_plan;
        struct plan_request plan;
        char text[EVENT_TEXT_SIZE]; /* for the timeline */
        char reason[96];
        size_t size;
        uint8_t bytes[DHCP6_MESSAGE_MAX];
};

bool dhcp6_service_boot(void *context, const struct dhcp6_message *request,
                        const struct mac_address *mac, const struct ip6_network *network,
                        struct dhcp6_boot *ret)
{
        struct dhcp6_service *service = context;
        struct edge_network edge;
        struct pxe_site site;

        if (site_find(service->options.site, ip_of6(&network->address), &edge, &site) < 0)
                return false;
        pxe_answer_make6(request, mac, &site, &service->answer);
        *ret = service->answer.boot;
        return service->answer.kind != PXE_ANSWER_NONE;
}

bool dhcp6_service_knows(void *context, const struct mac_address *mac)
{
        const struct dhcp6_service *service = context;

        return site_knows(service->options.site, mac);
}

bool dhcp6_service_admit(void *context, const struct mac_address *mac,
                         const struct ip6_network *network, bool has_lease,
                         const struct dhcp_now *now)
{
        const struct dhcp6_service *service = context;

        return site_serves6(service->options.site, mac, network, has_lease, now->wall_ms);
}

static void log_reply(const struct reply *reply, const char *reason)
{
        char duid[DHCP6_DUID_TEXT_SIZE], mac[MAC_TEXT_SIZE], ip[IP6_TEXT_SIZE];

        if (!reply->is_told)
                return;
        log_info("dhcp6", "mac=%s duid=%s on=%s received=%s reply=%s ip=%s reason=%s",
                 mac_text(mac, &reply->mac), dhcp6_duid_text(duid, &reply->duid),
                 reply->port->interface->name, dhcp6_message_type_name(reply->received),
                 dhcp6_message_type_name(reply->type), ip6_text(ip, &reply->leased), QUOTE(reason));
}

static void add_event(const struct reply *reply, enum node_step step, uint64_t took_ms)
{
        struct node_event event = {.mac = reply->mac,
                                   .address = ip_of6(&reply->leased),
                                   .step = step,
                                   .took_ms = took_ms};

        if (!reply->is_in_timeline || !reply->is_told)
                return;
        (void)text_copy(event.text, sizeof(event.text), reply->text);
        events_add(reply->port->service->options.events, &event);
}

/* The message gives an address: a REPLY, whatever was asked with, that has one of ours. */
static bool gives_address(const struct reply *reply)
{
        return reply->type == DHCP6_REPLY && ip6_is_set(&reply->leased) &&
               (reply->received == DHCP6_REQUEST || reply->received == DHCP6_SOLICIT ||
                reply->received == DHCP6_RENEW || reply->received == DHCP6_REBIND);
}

static void reply_send(struct reply *reply)
{
        const struct dhcp_service_options *options = &reply->port->service->options;
        const bool is_lease = gives_address(reply);
        const char *reason = reply->reason;

        /* Before the client hears of it: its next packet may come at once. */
        if (is_lease && mac_is_usable(&reply->mac) &&
            boots_lease(options->boots, &reply->mac, ip_of6(&reply->leased)) < 0 && reply->is_told)
                log_warning("boots.full", "reason=\"this machine gets no script\"");
        if (sendto(reply->port->interface->dhcp6_fd, reply->bytes, reply->size, 0,
                   (const struct sockaddr *)&reply->to, sizeof(reply->to)) < 0)
                reason = strerror(errno);
        log_reply(reply, reason);
        if (reason != reply->reason)
                return;
        if (reply->type == DHCP6_ADVERTISE)
                add_event(reply, STEP_DHCP_OFFER, clock_monotonic_ms() - reply->received_ms);
        else if (is_lease)
                add_event(reply, STEP_DHCP_ACK, clock_monotonic_ms() - reply->received_ms);
        if (is_lease && reply->wants_plan)
                edge_want_plan(options->edge, &reply->plan);
}

static void reply_committed(struct pending_reply *pending, int rc)
{
        struct reply *reply = container_of(pending, struct reply, pending);

        if (rc == 0) {
                reply_send(reply);
        } else {
                reply->type = DHCP6_NONE;
                log_reply(reply, "no reply: the lease could not be written to disk");
        }
        free(reply);
}

/* OVMF says its UUID in the order of SMBIOS, iPXE in that of the text. */
static struct uuid uuid_of(const struct dhcp6_options *options)
{
        struct uuid uuid = {0};

        if (!dhcp6_duid_uuid(&options->client_id, &uuid))
                return (struct uuid){0};
        return dhcp6_options_is_ipxe(options) ? uuid : uuid_from_smbios(uuid.bytes);
}

static struct reply *reply_new(struct port *port, const struct dhcp6_decision *d,
                               const struct sockaddr_in6 *from, uint64_t received_ms)
{
        const struct dhcp6_options *options = &d->request.options;
        const struct pxe_answer6 *answer = &port->service->answer;
        /* That it took one; not that it keeps it. */
        const bool is_agent = strcmp(options->user_class, DHCP6_CLIENT_CLASS) == 0 &&
                              (d->received == DHCP6_SOLICIT || d->received == DHCP6_REQUEST);
        const bool is_boot = pxe_is_boot_client6(options);
        struct reply *reply = calloc(1, sizeof(*reply));

        if (!reply)
                return NULL;
        reply->pending.done = reply_committed;
        reply->port = port;
        reply->received_ms = received_ms;
        reply->received = d->received;
        reply->type = d->reply;
        reply->to = *from;
        reply->to.sin6_port = htons(d->port);
        reply->mac = d->mac;
        reply->duid = d->request.options.client_id;
        reply->leased = d->leased;
        (void)text_copy(reply->reason, sizeof(reply->reason), d->reason);
        reply->size = d->reply_size;
        memcpy(reply->bytes, d->reply_bytes, d->reply_size);
        reply->is_told = flood_allows_line(&port->service->flood, "dhcp6");

        reply->is_in_timeline = mac_is_usable(&d->mac) && (is_boot || is_agent);
        reply->wants_plan = reply->is_in_timeline && answer->kind != PXE_ANSWER_NONE;
        reply->plan = (struct plan_request){.mac = d->mac,
                                            .address = ip_of6(&d->leased),
                                            .uuid = uuid_of(options),
                                            .architecture = options->architecture,
                                            .is_ipxe = dhcp6_options_is_ipxe(options)};
        if (is_agent)
                (void)text_copy(reply->text, sizeof(reply->text), "the agent's own");
        else if (answer->reason)
                snprintf(reply->text, sizeof(reply->text), "%s%s%s", answer->reason,
                         answer->boot.url[0] ? ": " : "", answer->boot.url);
        return reply;
}

/* One sync for all identities of a message: the last record takes those before it with it. */
static void reply_commit(struct reply *reply, const struct dhcp6_decision *d)
{
        struct dhcp6_service *service = reply->port->service;
        const struct dhcp6_record *last = &d->records[d->record_count - 1];
        int rc = 0;

        for (size_t i = 0; rc == 0 && i + 1 < d->record_count; i++)
                rc = leases_keep(service->leases, d->records[i].bytes, d->records[i].size);
        if (rc == 0)
                rc = pending_commit(&service->pending, &reply->pending, last->bytes, last->size);
        if (rc == 0)
                return;
        reply->type = DHCP6_NONE;
        log_reply(reply, rc == -EBUSY ? "no reply: too many wait for the disk"
                                      : "no reply: the lease journal cannot be written");
        free(reply);
}

static void add_discover_event(struct port *port, const struct dhcp6_decision *d)
{
        const struct dhcp6_options *options = &d->request.options;
        struct node_event event = {.mac = d->mac, .step = STEP_DHCP_DISCOVER};

        if (d->received != DHCP6_SOLICIT || !mac_is_usable(&d->mac) ||
            !pxe_is_boot_client6(options))
                return;
        snprintf(event.text, sizeof(event.text), "IPv6, %s%.200s",
                 dhcp6_options_is_ipxe(options) ? "iPXE, " : "", options->vendor_class);
        events_add(port->service->options.events, &event);
}

/* As with IPv4: a machine that nobody knows asks to boot. */
static void note_stranger(struct port *port, const struct dhcp6_decision *d, uint64_t now_ms)
{
        struct dhcp6_service *service = port->service;
        const struct dhcp6_options *options = &d->request.options;
        struct stranger stranger = {.is_ipxe = dhcp6_options_is_ipxe(options)};
        struct edge_network network;
        struct pxe_site site;
        uint64_t left_out = 0;

        if (d->received != DHCP6_SOLICIT || !mac_is_usable(&d->mac) ||
            !pxe_is_boot_client6(options) ||
            !strangers_tell(&service->strangers, &d->mac, now_ms, &left_out))
                return;
        if (site_find(service->options.site, ip_of6(&d->network.address), &network, &site) == 0)
                (void)text_copy(stranger.subnet, sizeof(stranger.subnet), network.subnet);
        stranger.architecture = options->has_architecture ? options->architecture : ARCH_BIOS;
        stranger.uuid = uuid_of(options);
        snprintf(stranger.class, sizeof(stranger.class), "%.*s", (int)sizeof(stranger.class) - 1,
                 options->vendor_class);
        strangers_report(service->options.events, &d->mac, port->interface->name, &stranger,
                         left_out);
}

static void decide(struct port *port, struct reader bytes, const struct sockaddr_in6 *from,
                   bool is_unicast)
{
        struct dhcp6_service *service = port->service;
        struct dhcp6_facts facts = {
                .is_unicast = is_unicast,
                .now = {.monotonic_ms = clock_monotonic_ms(), .wall_ms = clock_wall_ms()},
        };
        struct edge_network6 network;
        struct dhcp6_decision d;
        struct reply *reply;
        int rc;

        if (!leases_server6(service->leases))
                return; /* no configuration yet: the start said so */
        memcpy(facts.source.bytes, &from->sin6_addr, sizeof(facts.source.bytes));
        (void)site_find6(service->options.site, port->interface->addresses6,
                         port->interface->address6_count, &facts.interface, &network);
        service->answer = (struct pxe_answer6){.kind = PXE_ANSWER_NONE};
        rc = dhcp6_server_receive(leases_server6(service->leases), bytes.at, reader_left(&bytes),
                                  &facts, &d);
        if (rc < 0) {
                log_debug("dhcp6.unreadable", "on=%s bytes=%zu reason=%s", port->interface->name,
                          reader_left(&bytes), QUOTE(strerror(-rc)));
                return;
        }
        if (d.is_stranger) {
                note_stranger(port, &d, facts.now.monotonic_ms);
                return;
        }
        if (d.reply == DHCP6_ADVERTISE && leases_is_broken(service->leases)) { /* as with IPv4 */
                d.reply = DHCP6_NONE;
                (void)text_copy(d.reason, sizeof(d.reason),
                                "no offer: the lease journal cannot be written");
        }
        reply = reply_new(port, &d, from, facts.now.monotonic_ms);
        if (!reply)
                return;
        if (reply->is_told)
                add_discover_event(port, &d);
        if (d.must_sync && d.reply != DHCP6_NONE) {
                reply_commit(reply, &d);
                return;
        }
        /* A release does not take the script away: firmware gives its address back when it hands
         * the card over to GRUB, and that goes on with it. Nobody else gets it while others are
         * free. */
        for (size_t i = 0; i < d.record_count; i++)
                (void)leases_keep(service->leases, d.records[i].bytes, d.records[i].size);
        if (d.reply == DHCP6_NONE)
                log_reply(reply, reply->reason);
        else
                reply_send(reply);
        free(reply);
}

static bool receive_one(struct port *port)
{
        struct in6_pktinfo info = {.ipi6_addr = IN6ADDR_ANY_INIT};
        struct sockaddr_in6 from;
        struct packet packet;
        const int rc = packet_receive(port->interface->dhcp6_fd, &packet, IPPROTO_IPV6,
                                      IPV6_PKTINFO, &info, sizeof(info));

        if (rc < 0)
                return rc == -EINTR;
        memcpy(&from, &packet.any, sizeof(from));
        /* Was it sent to an address of ours, and not to a group? */
        decide(port, reader_over(packet.bytes, packet.size), &from,
               rc > 0 && !IN6_IS_ADDR_MULTICAST(&info.ipi6_addr));
        return true;
}

static void receive(void *context, uint32_t events)
{
        (void)events;
        for (size_t i = 0; i < RECEIVE_BATCH && receive_one(context); i++)
                continue;
}

int dhcp6_service_new(const struct dhcp_service_options *options, struct dhcp6_service **ret)
{
        struct dhcp6_service *service = calloc(1, sizeof(*service));

        if (!service)
                return -ENOMEM;
        service->options = *options;
        pending_init(&service->pending);
        *ret = service;
        return 0;
}

int dhcp6_service_start(struct dhcp6_service *service, struct leases *leases)
{
        int rc;

        service->leases = leases;
        service->pending.leases = leases;
        for (size_t i = 0; i < service->options.interfaces->count; i++) {
                struct port *port = &service->ports[i];

                port->service = service;
                port->interface = &service->options.interfaces->at[i];
                if (port->interface->dhcp6_fd < 0)
                        continue;
                rc = loop_add_fd(service->options.loop, port->interface->dhcp6_fd, EPOLLIN, receive,
                                 port, &port->watch);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

struct dhcp6_service *dhcp6_service_free(struct dhcp6_service *service)
{
        struct pending_reply *pending;

        if (!service)
                return NULL;
        for (size_t i = 0; i < NETBOOTD_MAX_INTERFACES; i++)
                loop_remove_fd(service->ports[i].watch);
        while ((pending = pending_take(&service->pending)))
                free(container_of(pending, struct reply, pending)); /* the journal dropped them */
        free(service);
        return NULL;
}
