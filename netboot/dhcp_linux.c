/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DHCP on the wire
 *
 * Decisions are the engine's (dhcp/server.h). Here a datagram comes in, and the
 * answer goes out the way RFC 2131 4.1 says: as a frame to a MAC that has no
 * address yet, to an address, to everybody, or to a relay. An ACK goes out of
 * the journal's done function, when the lease is on disk.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "dhcp/frame.h"
#include "dhcp/proxy.h"
#include "dhcp/server.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/node/stranger.h"
#include "netboot/backlog.h"
#include "netboot/conflict.h"
#include "netboot/dhcp.h"
#include "netboot/flood.h"
#include "netboot/packet.h"
#include "netboot/pending.h"
#include "netboot/strangers.h"
#include "netboot/watch.h"
#include "pxe/answer.h"

/* Messages of the boot port that are handled before timers and other sockets have their turn. */
#define RECEIVE_BATCH 64
/* Batches that are read in one go, and DISCOVERs that are answered before it is read again: few, as
 * a REQUEST that came meanwhile goes first. */
#define RECEIVE_BATCHES 8
#define DISCOVER_BATCH  32
/* Our agent's own DHCP is no boot of firmware: no plan is asked for it. */
#define AGENT_CLASS "cloudie" /* of dhcp/client.c */

struct dhcp_port {
        struct dhcp_service *service;
        const struct netboot_interface *interface;
        struct loop_fd *watch, *proxy_watch;
        struct backlog *backlog;
        struct loop_timer *turn; /* of those that wait in the backlog */
        struct watch *foreign;
        struct conflict_watch *conflicts;
        struct router *router;
};

struct dhcp_service {
        struct dhcp_service_options options;
        struct leases *leases;
        struct dhcp_port ports[NETBOOTD_MAX_INTERFACES];
        struct pending pending;
        struct flood flood; /* of lines and events */
        uint64_t dropped, dropped_told_ms;
        struct strangers strangers;
        /* What dhcp_service_boot() said during the decision under way. */
        enum pxe_answer_kind answer_kind;
        const char *answer_reason;
        char answer_file[PXE_URL_SIZE];
};

/* An answer that goes out now, or when the disk has what it promises. */
struct reply {
        struct pending_reply pending;
        struct dhcp_port *port;
        int fd; /* a datagram goes out of */
        uint64_t received_ms;
        enum dhcp_message_type received, type;
        enum dhcp_route route;
        struct ip4_address address; /* it goes to */
        uint16_t to_port;
        struct mac_address mac;
        struct ip4_address leased;
        char reason[96];

        bool is_told;        /* in log and timeline: no flood */
        bool is_in_timeline; /* firmware, a loader, or our agent */
        bool is_systems;     /* nothing of these, and it takes an address anew */
        bool wants_plan;
        struct plan_request plan;
        char text[EVENT_TEXT_SIZE]; /* for the timeline */

        size_t size;
        uint8_t bytes[DHCP_MESSAGE_MAX];
};

bool dhcp_service_boot(void *context, const struct dhcp_message *request,
                       struct ip4_address address, struct dhcp_boot *ret)
{
        const struct dhcp_options *options = &request->options;
        struct dhcp_service *service = context;
        struct edge_network network;
        struct pxe_answer answer;
        struct pxe_site site;

        if (site_find(service->options.site, ip_of4(address), &network, &site) < 0)
                return false;
        pxe_answer_make(
                request,
                boots_has_our_loader(service->options.boots, &request->mac, clock_monotonic_ms()),
                &site, &answer);
        service->answer_kind = answer.kind;
        service->answer_reason = answer.reason;
        (void)text_copy(service->answer_file, sizeof(service->answer_file), answer.boot.file);
        *ret = answer.boot;
        /* By whose address it is, and not by what it calls itself: the loader of an assigned system
         * asks once more, without any class. Firmware that is told nothing else is not told this.
         */
        if (dhcp_options_wants(options, DHCP_OPT_ROOT_PATH) &&
            site_root_path(service->options.site, address, ret->root_path) &&
            answer.kind == PXE_ANSWER_NONE)
                return !dhcp_options_is_pxe(options) && !dhcp_options_is_http(options);
        return answer.kind != PXE_ANSWER_NONE;
}

bool dhcp_service_admit(void *context, const struct mac_address *mac, struct ip4_address network,
                        bool has_lease, const struct dhcp_now *now)
{
        const struct dhcp_service *service = context;

        return site_serves(service->options.site, mac, network, has_lease, now->wall_ms);
}

bool dhcp_service_knows(void *context, const struct mac_address *mac)
{
        const struct dhcp_service *service = context;

        return site_knows(service->options.site, mac);
}

static int send_frame(const struct reply *reply)
{
        const struct netboot_interface *interface = reply->port->interface;
        const struct sockaddr_ll to = {.sll_family = AF_PACKET,
                                       .sll_protocol = htons(ETHERTYPE_IP),
                                       .sll_ifindex = (int)interface->index,
                                       .sll_halen = 6};
        const struct dhcp_frame frame = {
                .to_mac = reply->mac,
                .from_mac = interface->mac,
                .from = interface->address,
                .to = reply->address,
                .from_port = DHCP_PORT_SERVER,
                .to_port = reply->to_port,
                .payload = reader_over(reply->bytes, reply->size),
        };
        uint8_t bytes[DHCP_FRAME_HEADER_SIZE + DHCP_MESSAGE_MAX];
        const ssize_t size = dhcp_frame_write(&frame, bytes, sizeof(bytes));

        if (size < 0)
                return (int)size;
        if (sendto(interface->packet_fd, bytes, (size_t)size, 0, (const struct sockaddr *)&to,
                   sizeof(to)) < 0)
                return -errno;
        return 0;
}

static int send_datagram(const struct reply *reply, struct ip4_address address)
{
        const struct netboot_interface *interface = reply->port->interface;
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons(reply->to_port),
                                 .sin_addr = {.s_addr = address.be}};
        const struct in_pktinfo info = {.ipi_ifindex = (int)interface->index,
                                        .ipi_spec_dst = {.s_addr = interface->address.be}};
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
        } control = {.bytes = {0}};
        struct iovec part = {.iov_base = (void *)(uintptr_t)reply->bytes, .iov_len = reply->size};
        struct msghdr message = {.msg_name = &to,
                                 .msg_namelen = sizeof(to),
                                 .msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control)};

        control.header.cmsg_level = IPPROTO_IP;
        control.header.cmsg_type = IP_PKTINFO;
        control.header.cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(&control.header), &info, sizeof(info));
        return sendmsg(reply->fd, &message, 0) < 0 ? -errno : 0;
}

static int reply_transmit(const struct reply *reply)
{
        switch (reply->route) {
        case DHCP_ROUTE_NONE:
                return 0;
        case DHCP_ROUTE_BROADCAST:
                return send_datagram(reply, (struct ip4_address){INADDR_BROADCAST});
        case DHCP_ROUTE_HARDWARE:
                return send_frame(reply);
        case DHCP_ROUTE_UNICAST:
        case DHCP_ROUTE_RELAY:
                return send_datagram(reply, reply->address);
        }
        return -EINVAL;
}

static void log_reply(const struct reply *reply, const char *reason)
{
        char mac[MAC_TEXT_SIZE], ip[IP4_TEXT_SIZE];

        if (!reply->is_told)
                return;
        log_info("dhcp", "mac=%s on=%s received=%s reply=%s ip=%s reason=%s",
                 mac_text(mac, &reply->mac), reply->port->interface->name,
                 dhcp_message_type_name(reply->received), dhcp_message_type_name(reply->type),
                 ip4_text(ip, reply->leased), QUOTE(reason));
}

static void add_event(const struct reply *reply, enum node_step step, uint64_t took_ms)
{
        struct node_event event = {.mac = reply->mac,
                                   .address = ip_of4(reply->leased),
                                   .step = step,
                                   .took_ms = took_ms};

        if (!reply->is_in_timeline || !reply->is_told)
                return;
        (void)text_copy(event.text, sizeof(event.text), reply->text);
        events_add(reply->port->service->options.events, &event);
}

/* What runs on a disk takes an address: not firmware, no loader, none of ours. */
static void note_system(const struct reply *reply)
{
        const struct dhcp_service *service = reply->port->service;
        struct node_event event = {
                .mac = reply->mac, .address = ip_of4(reply->leased), .step = STEP_SYSTEM};

        if (reply->is_systems && reply->is_told &&
            site_boots_disk(service->options.site, &reply->mac, NULL))
                events_add(service->options.events, &event);
}

static void reply_send(struct reply *reply)
{
        static const enum node_step steps[DHCP_MESSAGE_TYPE_COUNT] = {
                [DHCP_OFFER] = STEP_DHCP_OFFER,
                [DHCP_ACK] = STEP_DHCP_ACK,
                [DHCP_NAK] = STEP_DHCP_NAK,
        };
        struct dhcp_service *service = reply->port->service;
        const bool is_lease = reply->received == DHCP_REQUEST && reply->type == DHCP_ACK;
        int rc;

        /* Before the client hears of it: its next packet may come at once. */
        if (is_lease &&
            boots_lease(service->options.boots, &reply->mac, ip_of4(reply->leased)) < 0 &&
            reply->is_told)
                log_warning("boots.full", "reason=\"this machine gets no script\"");
        rc = reply_transmit(reply);
        log_reply(reply, rc < 0 ? strerror(-rc) : reply->reason);
        if (rc < 0)
                return;
        add_event(reply, steps[reply->type], clock_monotonic_ms() - reply->received_ms);
        if (is_lease)
                note_system(reply);
        if (is_lease && reply->wants_plan)
                edge_want_plan(service->options.edge, &reply->plan);
}

static void reply_committed(struct pending_reply *pending, int rc)
{
        struct reply *reply = container_of(pending, struct reply, pending);

        if (rc == 0) {
                reply_send(reply);
        } else {
                reply->type = DHCP_NONE;
                log_reply(reply, "no ACK: the lease could not be written to disk");
        }
        free(reply);
}

static struct reply *reply_new(struct dhcp_port *port, const struct dhcp_decision *d,
                               uint64_t received_ms)
{
        const struct dhcp_options *options = &d->request.options;
        const bool is_agent = text_has_prefix(options->vendor_class, AGENT_CLASS);
        const bool is_boot = pxe_is_boot_client(options);
        struct dhcp_service *service = port->service;
        struct reply *reply = calloc(1, sizeof(*reply));

        if (!reply)
                return NULL;
        reply->pending.done = reply_committed;
        reply->port = port;
        reply->fd = port->interface->dhcp_fd;
        reply->received_ms = received_ms;
        reply->received = d->received;
        reply->type = d->reply;
        reply->route = d->route;
        reply->address = d->address;
        reply->to_port = d->port;
        reply->mac = d->mac;
        reply->leased = d->leased;
        (void)text_copy(reply->reason, sizeof(reply->reason), d->reason);
        reply->size = d->reply_size;
        memcpy(reply->bytes, d->reply_bytes, d->reply_size);

        /* That it took one; not that it keeps it (RFC 2131 4.3.2: ciaddr). */
        reply->is_in_timeline = is_boot || (is_agent && !ip4_is_set(d->request.ciaddr));
        reply->is_systems = !is_boot && !is_agent && !ip4_is_set(d->request.ciaddr);
        reply->wants_plan = is_boot && !is_agent && service->answer_kind != PXE_ANSWER_NONE;
        reply->plan = (struct plan_request){.mac = d->mac,
                                            .address = ip_of4(d->leased),
                                            .architecture = options->architecture,
                                            .is_ipxe = dhcp_options_is_ipxe(options)};
        (void)dhcp_options_uuid(options, &reply->plan.uuid);
        if (is_agent)
                (void)text_copy(reply->text, sizeof(reply->text), "the agent's own");
        else if (service->answer_reason)
                snprintf(reply->text, sizeof(reply->text), "%s%s%s", service->answer_reason,
                         service->answer_file[0] ? ": " : "", service->answer_file);
        return reply;
}

static void reply_commit(struct reply *reply, const struct dhcp_decision *d)
{
        const int rc = pending_commit(&reply->port->service->pending, &reply->pending, d->record,
                                      d->record_size);

        if (rc == 0)
                return;
        reply->type = DHCP_NONE;
        log_reply(reply, rc == -EBUSY ? "no ACK: too many wait for the disk"
                                      : "no ACK: the lease journal cannot be written");
        free(reply);
}

static void add_discover_event(struct dhcp_port *port, const struct dhcp_decision *d)
{
        const struct dhcp_options *options = &d->request.options;
        struct node_event event = {.mac = d->mac, .step = STEP_DHCP_DISCOVER};

        if (d->received != DHCP_DISCOVER || !pxe_is_boot_client(options))
                return;
        snprintf(event.text, sizeof(event.text), "%s%.200s",
                 dhcp_options_is_ipxe(options) ? "iPXE, " : "", options->vendor_class);
        events_add(port->service->options.events, &event);
}

/* A machine that nobody knows asks to boot: once an attempt it is told of. What only wants an
 * address is none of our business. */
static void note_stranger(struct dhcp_port *port, const struct dhcp_decision *d, uint64_t now_ms)
{
        struct dhcp_service *service = port->service;
        const struct dhcp_options *options = &d->request.options;
        struct stranger stranger = {.is_ipxe = dhcp_options_is_ipxe(options)};
        char ip[IP4_TEXT_SIZE];
        uint64_t left_out = 0;

        if (d->received != DHCP_DISCOVER || !pxe_is_boot_client(options) ||
            !strangers_tell(&service->strangers, &d->mac, now_ms, &left_out))
                return;
        snprintf(stranger.subnet, sizeof(stranger.subnet), "%s/%u",
                 ip4_text(ip, d->network.address), (unsigned)d->network.prefix);
        stranger.architecture = options->has_architecture ? options->architecture : ARCH_BIOS;
        (void)dhcp_options_uuid(options, &stranger.uuid);
        snprintf(stranger.class, sizeof(stranger.class), "%.*s", (int)sizeof(stranger.class) - 1,
                 options->vendor_class);
        strangers_report(service->options.events, &d->mac, port->interface->name, &stranger,
                         left_out);
}

static void forget_answer(struct dhcp_service *service)
{
        service->answer_kind = PXE_ANSWER_NONE;
        service->answer_reason = NULL;
        service->answer_file[0] = '\0';
}

/* A boot client takes an address of the other server's: its script is for that one, and its plan is
 * asked for as if the address were ours. What does not boot is none of our business. */
static void note_address(struct reply *reply, const struct dhcp_options *options)
{
        struct dhcp_service *service = reply->port->service;

        if (!dhcp_options_is_pxe(options) && !dhcp_options_is_http(options))
                return;
        if (site_mode(service->options.site, reply->leased) != NETWORK_PROXY)
                return; /* it says none, or one of a network that we know nothing of */
        if (boots_lease(service->options.boots, &reply->mac, ip_of4(reply->leased)) < 0) {
                if (reply->is_told)
                        log_warning("boots.full", "reason=\"this machine gets no script\"");
                return;
        }
        (void)text_copy(reply->text, sizeof(reply->text), "by another server");
        add_event(reply, STEP_DHCP_ACK, 0);
        edge_want_plan(service->options.edge, &reply->plan);
}

static struct ip4_network subnet_of(struct dhcp_service *service, struct ip4_address address)
{
        struct ip4_network subnet = {0};
        struct edge_network network;
        struct pxe_site site;

        if (site_find(service->options.site, ip_of4(address), &network, &site) == 0)
                (void)ip4_network_parse(network.subnet, &subnet); /* was checked */
        return subnet;
}

/* A network where we are a proxy. @source: NULL but for the boot port. */
static void decide_as_proxy(struct dhcp_port *port, const struct dhcp_message *request,
                            struct ip4_address network, const struct sockaddr_in *source)
{
        struct dhcp_service *service = port->service;
        const struct dhcp_now now = {.monotonic_ms = clock_monotonic_ms(),
                                     .wall_ms = clock_wall_ms()};
        struct dhcp_proxy_facts facts = {.interface = port->interface->address};
        struct dhcp_decision d;
        struct reply *reply;

        if (source) {
                facts.is_boot_port = true;
                facts.source.be = source->sin_addr.s_addr;
                facts.source_port = ntohs(source->sin_port);
        }
        forget_answer(service);
        dhcp_proxy_decide(request, &facts, dhcp_service_boot, service, &d);
        d.network = subnet_of(service, network);
        if (!dhcp_service_admit(service, &d.mac, network, false, &now)) {
                note_stranger(port, &d, now.monotonic_ms);
                return;
        }
        reply = reply_new(port, &d, now.monotonic_ms);
        if (!reply)
                return;
        reply->fd = source ? port->interface->proxy_fd : reply->fd;
        reply->is_told = flood_allows_line(&service->flood, "dhcp");
        if (reply->is_told)
                add_discover_event(port, &d);
        if (d.received == DHCP_REQUEST && !source)
                note_address(reply, &request->options);
        if (d.reply == DHCP_NONE)
                log_reply(reply, reply->reason);
        else
                reply_send(reply);
        free(reply);
}

/* A network where we only listen: who asks to boot is listed, whoever it is. */
static void decide_to_listen(struct dhcp_port *port, const struct dhcp_message *request,
                             struct ip4_address network)
{
        struct dhcp_decision d = {.received = request->options.type, .mac = request->mac};

        d.request = *request;
        d.network = subnet_of(port->service, network);
        note_stranger(port, &d, clock_monotonic_ms());
}

/* Somebody else's network, by what the controller told: true if that is all there is to it. The
 * network is the relay's where there is one. */
static bool is_beside(struct dhcp_port *port, const struct packet *packet, bool is_boot_port)
{
        struct ip4_address network = port->interface->address;
        struct dhcp_message request;
        enum network_mode mode;

        if (!site_has_modes(port->service->options.site))
                return false;
        if (dhcp_message_parse(reader_over(packet->bytes, packet->size), &request) < 0)
                return false;
        if (is_boot_port)
                network.be = packet->from.sin_addr.s_addr; /* it is what we may note as its own */
        else if (ip4_is_set(request.giaddr))
                network = request.giaddr;
        mode = site_mode(port->service->options.site, network);
        if (mode == NETWORK_PROXY)
                decide_as_proxy(port, &request, network, is_boot_port ? &packet->from : NULL);
        else if (mode == NETWORK_LISTEN && !is_boot_port)
                decide_to_listen(port, &request, network);
        return mode != NETWORK_AUTHORITATIVE;
}

static void decide(struct dhcp_port *port, const void *bytes, size_t size,
                   struct ip4_address source, bool is_unicast)
{
        struct dhcp_service *service = port->service;
        const struct dhcp_facts facts = {
                .interface = port->interface->address,
                .is_unicast = is_unicast,
                .source = source,
                .now = {.monotonic_ms = clock_monotonic_ms(), .wall_ms = clock_wall_ms()},
        };
        struct dhcp_decision d;
        struct reply *reply;
        int rc;

        if (!leases_server(service->leases))
                return; /* no configuration yet: the start said so */
        forget_answer(service);
        rc = dhcp_server_receive(leases_server(service->leases), bytes, size, &facts, &d);
        if (rc < 0) {
                log_debug("dhcp.unreadable", "on=%s bytes=%zu reason=%s", port->interface->name,
                          size, QUOTE(strerror(-rc)));
                return;
        }

        if (d.is_stranger) {
                note_stranger(port, &d, facts.now.monotonic_ms);
                return;
        }
        if (d.received == DHCP_RELEASE || d.received == DHCP_DECLINE)
                boots_unlease(service->options.boots, &d.mac, ip_of4(d.leased));
        /* It could have no ACK. Without our offer it takes that of another server, if there is one.
         */
        if (d.reply == DHCP_OFFER && leases_is_broken(service->leases)) {
                d.reply = DHCP_NONE;
                (void)text_copy(d.reason, sizeof(d.reason),
                                "no offer: the lease journal cannot be written");
        }
        reply = reply_new(port, &d, facts.now.monotonic_ms);
        if (!reply)
                return;
        reply->is_told = flood_allows_line(&service->flood, "dhcp");
        if (reply->is_told)
                add_discover_event(port, &d);
        if (d.reply == DHCP_ACK && d.received == DHCP_REQUEST) {
                reply_commit(reply, &d);
                return;
        }
        if (d.is_new_here)
                conflict_watch_ask(port->conflicts, d.leased);
        if (d.record_size > 0)
                (void)leases_keep(service->leases, d.record, d.record_size);
        if (d.reply == DHCP_NONE)
                log_reply(reply, reply->reason);
        else
                reply_send(reply);
        free(reply);
}

static void handle(struct dhcp_port *port, const struct packet *packet)
{
        /* To us alone? A machine behind a relay renews so, from a network that is not ours. */
        if (!is_beside(port, packet, false))
                decide(port, packet->bytes, packet->size,
                       (struct ip4_address){packet->from.sin_addr.s_addr},
                       packet->to.s_addr == port->interface->address.be);
}

static void count_dropped(struct dhcp_service *service)
{
        const uint64_t now_ms = clock_monotonic_ms();

        service->dropped++;
        if (service->dropped_told_ms > 0 && now_ms - service->dropped_told_ms < FLOOD_TELL_MS)
                return;
        log_warning("dhcp.overload", "dropped=%llu reason=%s", (unsigned long long)service->dropped,
                    QUOTE("more machines ask than there is time for: these ask again"));
        service->dropped = 0;
        service->dropped_told_ms = now_ms;
}

/* A DISCOVER waits for its turn, or is dropped; the others had an answer, and go first. */
static void sort_in(struct dhcp_port *port, struct packet *packet)
{
        struct mac_address mac;
        const enum dhcp_message_type type =
                dhcp_message_peek(reader_over(packet->bytes, packet->size), &mac);

        if (type != DHCP_DISCOVER && type != DHCP_NONE) {
                handle(port, packet);
        } else if (backlog_has_room(port->backlog, false) ||
                   (backlog_has_room(port->backlog, true) && type != DHCP_NONE &&
                    site_knows(port->service->options.site, &mac))) {
                backlog_add(port->backlog, packet);
                return;
        } else {
                count_dropped(port->service);
        }
        backlog_give_back(port->backlog, packet);
}

/* True: there may be more. */
static bool receive_batch(struct dhcp_port *port)
{
        struct packet *packets[PACKET_BATCH];
        ssize_t count;

        backlog_batch(port->backlog, packets);
        count = packet_receive_some(port->interface->dhcp_fd, packets, PACKET_BATCH);
        for (ssize_t i = 0; i < PACKET_BATCH; i++) {
                if (i < count)
                        sort_in(port, packets[i]);
                else
                        backlog_give_back(port->backlog, packets[i]);
        }
        return count == PACKET_BATCH;
}

static void answer_waiting(void *context)
{
        struct dhcp_port *port = context;
        struct packet *packet;

        for (size_t i = 0; i < DISCOVER_BATCH && (packet = backlog_next(port->backlog)); i++) {
                handle(port, packet);
                backlog_give_back(port->backlog, packet);
        }
        if (port->backlog->count > 0)
                loop_timer_arm(port->turn, 0); /* behind what came meanwhile */
}

static void receive_boot_port(void *context, uint32_t events)
{
        struct dhcp_port *port = context;

        (void)events;
        for (size_t i = 0; i < RECEIVE_BATCH; i++) {
                struct in_pktinfo info;
                struct packet packet;

                if (packet_receive(port->interface->proxy_fd, &packet, IPPROTO_IP, IP_PKTINFO,
                                   &info, sizeof(info)) < 0)
                        return;
                (void)is_beside(port, &packet, true);
        }
}

static void receive(void *context, uint32_t events)
{
        struct dhcp_port *port = context;

        (void)events;
        conflict_watch_drain(port->conflicts); /* before the request that an answer spoils */
        for (size_t i = 0; i < RECEIVE_BATCHES && receive_batch(port); i++)
                continue;
        answer_waiting(port);
}

int dhcp_service_new(const struct dhcp_service_options *options, struct dhcp_service **ret)
{
        struct dhcp_service *service = calloc(1, sizeof(*service));

        if (!service)
                return -ENOMEM;
        service->options = *options;
        pending_init(&service->pending);
        *ret = service;
        return 0;
}

/* What an interface does beside answering. */
static int start_others(struct dhcp_service *service, struct dhcp_port *port)
{
        struct loop *loop = service->options.loop;
        const struct netboot_interface *interface = port->interface;
        int rc = 0;

        if (interface->proxy_fd < 0)
                log_warning("proxy.off", "on=%s reason=\"UDP port 4011 is taken\"",
                            interface->name);
        else
                rc = loop_add_fd(loop, interface->proxy_fd, EPOLLIN, receive_boot_port, port,
                                 &port->proxy_watch);
        if (rc == 0 && interface->watch_fd >= 0)
                rc = watch_new(loop, service->options.events, service->options.interfaces,
                               interface, &port->foreign);
        if (rc < 0)
                return rc;
        if (interface->router_fd >= 0)
                return router_new(loop, interface, service->options.site, &port->router);
        log_info("router.off", "on=%s reason=\"no IPv6 on this host\"", interface->name);
        return 0;
}

int dhcp_service_start(struct dhcp_service *service, struct leases *leases)
{
        int rc;

        service->leases = leases;
        service->pending.leases = leases;
        for (size_t i = 0; i < service->options.interfaces->count; i++) {
                struct dhcp_port *port = &service->ports[i];

                port->service = service;
                port->interface = &service->options.interfaces->at[i];
                if (port->interface->dhcp_fd < 0)
                        continue;
                port->backlog = backlog_new();
                if (!port->backlog)
                        return -ENOMEM;
                rc = loop_add_timer(service->options.loop, answer_waiting, port, &port->turn);
                if (rc == 0)
                        rc = loop_add_fd(service->options.loop, port->interface->dhcp_fd, EPOLLIN,
                                         receive, port, &port->watch);
                if (rc == 0)
                        rc = conflict_watch_new(service->options.loop, port->interface, leases,
                                                &port->conflicts);
                if (rc == 0)
                        rc = start_others(service, port);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

struct dhcp_service *dhcp_service_free(struct dhcp_service *service)
{
        struct pending_reply *pending;

        if (!service)
                return NULL;
        for (size_t i = 0; i < NETBOOTD_MAX_INTERFACES; i++) {
                loop_remove_fd(service->ports[i].watch);
                loop_remove_fd(service->ports[i].proxy_watch);
                loop_remove_timer(service->ports[i].turn);
                backlog_free(service->ports[i].backlog);
                watch_free(service->ports[i].foreign);
                conflict_watch_free(service->ports[i].conflicts);
                router_free(service->ports[i].router);
        }
        while ((pending = pending_take(&service->pending)))
                free(container_of(pending, struct reply, pending)); /* the journal dropped them */
        free(service);
        return NULL;
}
