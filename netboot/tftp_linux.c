/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TFTP on the wire
 *
 * Requests come to port 69; each transfer then has a socket of its own (RFC
 * 1350 4), connected to its client, so that the kernel throws away what anybody
 * else sends there. The protocol is the engine's (tftp/server.h).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "netboot/datagrams.h"
#include "netboot/delivery.h"
#include "netboot/flood.h"
#include "netboot/shared_file.h"
#include "netboot/tftp.h"
#include "tftp/packet.h"
#include "tftp/server.h"
#include "tftp/table.h"

/* Requests handled in one go before transfers have their turn. */
#define RECEIVE_BATCH 32
#define UDP4_HEADERS  28 /* IP and UDP */
#define UDP6_HEADERS  48
/* Packets of one client in one go: a window's worth of answers, and no more before others. */
#define RECEIVE_MAX 64

/* One of an interface: of IPv4, or of IPv6. */
struct tftp_port {
        struct tftp_service *service;
        const struct netboot_interface *interface;
        int fd;
        struct loop_fd *watch;
};

/* Who asks, and which address of ours it asked. */
struct peer {
        struct ip_address address, ours;
        uint16_t port;
};

struct transfer {
        struct tftp_entry entry;
        struct tftp_port *port;
        struct peer peer;
        struct tftp_request request;
        struct boot_path path;
        bool is_waiting; /* for its script; nothing below is there yet, and it must not be freed */

        int fd;
        struct loop_fd *watch;
        struct loop_timer *timer;
        uint64_t armed_ms; /* when the timer rings: at the deadline, or before it */
        bool is_plain;     /* see datagrams_send() */
        struct tftp_session *session;
        struct shared_file *file; /* an asset */
        char *text;               /* or a script */
        uint64_t size;
        bool has_role;
        enum asset_role role;
};

struct tftp_service {
        struct tftp_service_options options;
        struct tftp_port ports[2 * NETBOOTD_MAX_INTERFACES];
        struct tftp_table *transfers;
        struct shared_files *files;
        struct flood flood; /* of lines about what is not served, and whom nobody answered */
        struct datagrams out;
};

static void refuse(struct tftp_port *port, const struct peer *peer, const char *name, int rc)
{
        uint8_t packet[TFTP_HEADER_SIZE + TFTP_MESSAGE_SIZE];
        const ssize_t size = tftp_refusal_write(rc, packet, sizeof(packet));
        struct sockaddr_storage to;
        const socklen_t to_size =
                ip_to_socket(peer->address, peer->port, port->interface->index, &to);
        char ip[IP_TEXT_SIZE];

        if (flood_allows_line(&port->service->flood, "tftp.refused"))
                log_info("tftp.refused", "name=%s ip=%s reason=%s", QUOTE(name),
                         ip_text(ip, peer->address), QUOTE(strerror(-rc)));
        if (size > 0)
                (void)sendto(port->fd, packet, (size_t)size, 0, (const struct sockaddr *)&to,
                             to_size);
}

static void transfer_free(struct transfer *t)
{
        tftp_table_remove(t->port->service->transfers, &t->entry);
        loop_remove_fd(t->watch);
        loop_remove_timer(t->timer);
        tftp_session_free(t->session);
        if (t->fd >= 0)
                close(t->fd);
        shared_file_close(t->file);
        free(t->text);
        free(t);
}

static void transfer_end(struct transfer *t, enum tftp_end end)
{
        const struct tftp_statistics *s = tftp_session_statistics(t->session);
        struct tftp_service *service = t->port->service;
        const bool is_answered = tftp_session_is_answered(t->session);
        char ip[IP_TEXT_SIZE];

        if (is_answered || flood_allows_line(&service->flood, "tftp.unanswered"))
                log_info("tftp",
                         "name=%s ip=%s end=%s bytes=%llu blocks=%llu resent=%llu block_size=%u "
                         "window=%u took_ms=%llu said=%s",
                         QUOTE(t->request.name), ip_text(ip, t->peer.address), tftp_end_name(end),
                         (unsigned long long)s->bytes_acked, (unsigned long long)s->blocks_sent,
                         (unsigned long long)s->blocks_resent, s->block_size, s->window,
                         (unsigned long long)(clock_monotonic_ms() - s->started_ms),
                         QUOTE(s->client_message));
        if (is_answered && !t->text && end != TFTP_PROBED) {
                struct delivery d = {
                        .to = t->peer.address,
                        .transport = TRANSPORT_TFTP,
                        .has_role = t->has_role,
                        .role = t->role,
                        /* A loader that starts at once need not acknowledge its last block. */
                        .is_whole = end == TFTP_DONE || end == TFTP_UNCONFIRMED,
                        .size = s->size_bytes,
                        .bytes = end == TFTP_UNCONFIRMED ? s->size_bytes : s->bytes_acked,
                        .took_ms = clock_monotonic_ms() - s->started_ms,
                };

                (void)text_copy(d.name, sizeof(d.name), t->path.name);
                delivery_note(service->options.boots, service->options.events, &d);
        }
        transfer_free(t);
}

/* All that may be sent now. What the socket does not take is lost like a packet on the wire.
 * Whether something was. */
static bool send_window(struct transfer *t, uint64_t now_ms)
{
        struct datagrams *out = &t->port->service->out;
        bool is_sent = false;
        size_t space;
        uint8_t *to;
        ssize_t size;

        do {
                to = datagrams_space(out, &space);
                size = to ? tftp_session_next(t->session, now_ms, to, space) : -EMSGSIZE;
                if (size > 0)
                        datagrams_add(out, (size_t)size);
                else
                        datagrams_send(out, t->fd, &t->is_plain);
                is_sent = is_sent || size > 0;
        } while (size != 0);
        return is_sent;
}

/* Sets the clock for what comes next. The transfer may be gone then. A deadline moves with each
 * block, and mostly on: a timer that rings too early costs less than one that moves as often. */
static void transfer_settle(struct transfer *t)
{
        const enum tftp_end end = tftp_session_end(t->session);
        uint64_t deadline_ms;

        if (end != TFTP_RUNNING) {
                transfer_end(t, end);
                return;
        }
        deadline_ms = tftp_session_deadline(t->session);
        if (deadline_ms < t->armed_ms) {
                t->armed_ms = deadline_ms;
                loop_timer_arm(t->timer, deadline_ms);
        }
}

static void transfer_go_on(struct transfer *t, uint64_t now_ms)
{
        (void)send_window(t, now_ms);
        transfer_settle(t);
}

/*
 * We are told once of what comes (EPOLLET), so all is read; but in lock-step only until there is a
 * block to answer it by, as nothing else comes before that is answered: one call less a block.
 * What stays there, as a client said it twice or gave up, is read with the next, or when the clock
 * rings.
 */
static void read_answers(struct transfer *t, uint64_t now_ms)
{
        const bool is_lock_step = tftp_session_statistics(t->session)->window == 1;
        uint8_t packet[TFTP_REQUEST_MAX]; /* what a reader sends is short */
        bool is_sent = false;

        for (size_t i = 0; i < RECEIVE_MAX && !(is_sent && is_lock_step); i++) {
                const ssize_t size = recv(t->fd, packet, sizeof(packet), 0);

                if (size < 0 && errno == EAGAIN)
                        break;
                if (size < 0)
                        continue; /* ECONNREFUSED: anybody can forge that; silence decides */
                (void)tftp_session_receive(t->session, packet, (size_t)size, now_ms);
                is_sent = send_window(t, now_ms);
        }
        if (tftp_session_is_answered(t->session))
                tftp_table_set(t->port->service->transfers, &t->entry, TFTP_ANSWERED);
}

static void transfer_receive(void *context, uint32_t events)
{
        struct transfer *t = context;

        (void)events;
        read_answers(t, clock_monotonic_ms());
        transfer_settle(t);
}

static void transfer_expire(void *context)
{
        const uint64_t now_ms = clock_monotonic_ms();
        struct transfer *t = context;

        t->armed_ms = UINT64_MAX;
        read_answers(t, now_ms);
        tftp_session_expire(t->session, now_ms);
        transfer_go_on(t, now_ms);
}

static ssize_t read_file(void *context, uint64_t offset, void *to, size_t size)
{
        const struct transfer *t = context;

        return shared_file_read(t->file, offset, to, size);
}

static ssize_t read_text(void *context, uint64_t offset, void *to, size_t size)
{
        const struct transfer *t = context;

        if (offset > t->size || size > t->size - offset)
                return -EINVAL;
        memcpy(to, t->text + offset, size);
        return (ssize_t)size;
}

static int open_socket(struct transfer *t)
{
        const unsigned interface = t->port->interface->index;
        struct sockaddr_storage from, to;
        const socklen_t from_size = ip_to_socket(t->peer.ours, 0, interface, &from);
        const socklen_t to_size = ip_to_socket(t->peer.address, t->peer.port, interface, &to);

        t->fd = socket(from.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (t->fd < 0)
                return -errno;
        if (bind(t->fd, (const struct sockaddr *)&from, from_size) < 0 ||
            connect(t->fd, (const struct sockaddr *)&to, to_size) < 0)
                return -errno;
        return 0;
}

static int transfer_start(struct transfer *t)
{
        const unsigned mtu = t->port->interface->mtu;
        const unsigned headers =
                (ip_is_4(t->peer.address) ? UDP4_HEADERS : UDP6_HEADERS) + TFTP_HEADER_SIZE;
        const struct tftp_file file = {
                .size_bytes = t->size,
                .read = t->text ? read_text : read_file,
                .context = t,
        };
        const struct tftp_limits limits = {
                .block_size = mtu > headers + TFTP_BLOCK_DEFAULT && mtu <= 1500
                                      ? (uint16_t)(mtu - headers)
                                      : 0,
        };
        struct loop *loop = t->port->service->options.loop;
        int rc;

        rc = tftp_session_new(&t->request, &file, &limits, clock_monotonic_ms(), &t->session);
        if (rc == 0)
                rc = open_socket(t);
        if (rc == 0)
                rc = loop_add_fd(loop, t->fd, EPOLLIN | EPOLLET, transfer_receive, t, &t->watch);
        if (rc == 0)
                rc = loop_add_timer(loop, transfer_expire, t, &t->timer);
        return rc;
}

static void start_or_refuse(struct transfer *t, int rc)
{
        if (rc == 0)
                rc = transfer_start(t);
        if (rc == 0) {
                tftp_table_set(t->port->service->transfers, &t->entry, TFTP_UNANSWERED);
                transfer_go_on(t, clock_monotonic_ms());
                return;
        }
        refuse(t->port, &t->peer, t->request.name, rc);
        transfer_free(t);
}

static void script_came(void *context, int rc, char *take_text, size_t size)
{
        struct transfer *t = context;

        t->is_waiting = false;
        t->text = take_text;
        t->size = size;
        start_or_refuse(t, rc);
}

static int open_asset(struct transfer *t)
{
        struct asset_file file;
        int rc;

        rc = assets_open(t->port->service->options.assets, t->path.name, &file);
        if (rc < 0)
                return rc == -ENOENT ? rc : -EIO;
        if (t->path.kind == BOOT_PATH_LOADER &&
            !(file.has_role && (file.role == ROLE_LOADER || file.role == ROLE_SECOND_LOADER))) {
                close(file.fd);
                return -ENOENT;
        }
        rc = shared_file_open(t->port->service->files, file.fd, file.size, &t->file);
        if (rc < 0)
                return rc;
        t->size = file.size;
        t->has_role = file.has_role;
        t->role = file.role;
        return 0;
}

static int write_grub_configuration(struct transfer *t)
{
        size_t size = 0;
        const int rc = scripts_grub_configuration(t->port->service->options.scripts,
                                                  t->peer.address, &t->text, &size);

        t->size = size;
        return rc;
}

static struct transfer *transfer_of(struct tftp_entry *entry)
{
        return container_of(entry, struct transfer, entry);
}

/* Makes room for one more of this share: -EBUSY if there is none to be had. */
static int make_room(struct tftp_service *service, struct ip_address share)
{
        struct tftp_entry *leaves = NULL;
        char ip[IP_TEXT_SIZE];
        int rc;

        rc = tftp_table_admit(service->transfers, share, &leaves);
        if (rc < 0 || !leaves)
                return rc;
        if (flood_allows_line(&service->flood, "tftp.displaced"))
                log_info("tftp.displaced", "name=%s ip=%s reason=%s",
                         QUOTE(transfer_of(leaves)->request.name),
                         ip_text(ip, transfer_of(leaves)->peer.address),
                         "\"never answered, and others wait\"");
        transfer_free(transfer_of(leaves));
        return 0;
}

static void transfer_begin(struct tftp_port *port, const struct peer *peer, struct ip_address share,
                           const struct tftp_request *request, const struct boot_path *path)
{
        struct tftp_service *service = port->service;
        struct transfer *t = calloc(1, sizeof(*t));
        int rc = t ? tftp_table_add(service->transfers, share, peer->address, peer->port, &t->entry)
                   : -ENOMEM;

        if (rc < 0) {
                refuse(port, peer, request->name, rc);
                free(t);
                return;
        }
        t->port = port;
        t->peer = *peer;
        t->request = *request;
        t->path = *path;
        t->fd = -1;
        t->armed_ms = UINT64_MAX;

        if (path->kind == BOOT_PATH_SCRIPT) {
                const struct script_question question = {.mac = path->mac,
                                                         .language = path->language,
                                                         .from = peer->address,
                                                         .transport = TRANSPORT_TFTP};

                t->is_waiting = true;
                scripts_ask(service->options.scripts, &question, script_came, t);
        } else if (path->kind == BOOT_PATH_GRUB) {
                start_or_refuse(t, write_grub_configuration(t));
        } else {
                start_or_refuse(t, open_asset(t));
        }
}

static void handle_request(struct tftp_port *port, const struct peer *peer,
                           const struct tftp_request *request)
{
        struct tftp_service *service = port->service;
        const struct ip_address share = boots_share_of(service->options.boots, peer->address);
        struct tftp_entry *old =
                tftp_table_find(service->transfers, share, peer->address, peer->port);
        struct boot_path path;
        int rc;

        if (old && (transfer_of(old)->is_waiting ||
                    strcmp(transfer_of(old)->request.name, request->name) == 0))
                return; /* it is being served: GRUB repeats a request every 0.4 s */
        if (old)
                transfer_free(transfer_of(old)); /* the client went on to something else */
        rc = boot_path_parse(request->name, TRANSPORT_TFTP, &path);
        if (rc == 0)
                rc = make_room(service, share);
        if (rc < 0)
                refuse(port, peer, request->name, rc);
        else
                transfer_begin(port, peer, share, request, &path);
}

/* The address of IPv6 that it was sent to: not set for a group's. */
static struct ip_address address_asked(struct msghdr *message)
{
        for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
                struct ip_address ip = {0};
                struct in6_pktinfo info;

                if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_PKTINFO)
                        continue;
                memcpy(&info, CMSG_DATA(c), sizeof(info));
                if (!IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
                        memcpy(ip.six.bytes, &info.ipi6_addr, sizeof(ip.six.bytes));
                return ip;
        }
        return (struct ip_address){0};
}

/* Bytes; -errno. */
static ssize_t receive_packet(const struct tftp_port *port, void *bytes, size_t size,
                              struct peer *ret)
{
        struct sockaddr_storage from = {0};
        union {
                struct cmsghdr header;
                char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
        } control;
        struct iovec part = {.iov_base = bytes, .iov_len = size};
        struct msghdr message = {.msg_name = &from,
                                 .msg_namelen = sizeof(from),
                                 .msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control)};
        const ssize_t got = recvmsg(port->fd, &message, 0);

        if (got < 0)
                return -errno;
        ret->address = ip_of_socket(&from);
        ret->port = ip_socket_port(&from);
        ret->ours =
                ip_is_4(ret->address) ? ip_of4(port->interface->address) : address_asked(&message);
        return got;
}

static bool receive_one(struct tftp_port *port)
{
        uint8_t bytes[TFTP_REQUEST_MAX + 1]; /* one more: a longer request is seen to be so */
        struct tftp_packet packet;
        struct peer peer = {0};
        ssize_t size;
        int rc;

        size = receive_packet(port, bytes, sizeof(bytes), &peer);
        if (size < 0)
                return size == -EINTR;
        if (peer.port == 0 || !ip_is_set(peer.ours) ||
            (!ip_is_4(peer.address) && !site_has_ip6(port->service->options.site)))
                return true;
        rc = tftp_packet_parse(reader_over(bytes, (size_t)size), &packet);
        if (rc == -EOPNOTSUPP)
                refuse(port, &peer, "", rc);
        else if (rc < 0)
                return true; /* no answer to noise: we are nobody's amplifier */
        else if (packet.opcode == TFTP_RRQ)
                handle_request(port, &peer, &packet.request);
        else if (packet.opcode == TFTP_WRQ)
                refuse(port, &peer, packet.request.name, -EACCES);
        return true;
}

static void receive(void *context, uint32_t events)
{
        (void)events;
        for (size_t i = 0; i < RECEIVE_BATCH && receive_one(context); i++)
                continue;
}

int tftp_service_new(const struct tftp_service_options *options, struct tftp_service **ret)
{
        struct tftp_service *service = calloc(1, sizeof(*service));
        int rc;

        if (!service)
                return -ENOMEM;
        service->options = *options;
        service->transfers = tftp_table_new();
        service->files = shared_files_new();
        if (!service->transfers || !service->files) {
                tftp_service_free(service);
                return -ENOMEM;
        }
        for (size_t i = 0; i < 2 * options->interfaces->count; i++) {
                struct tftp_port *port = &service->ports[i];

                port->service = service;
                port->interface = &options->interfaces->at[i / 2];
                port->fd = i % 2 == 0 ? port->interface->tftp_fd : port->interface->tftp6_fd;
                if (port->fd < 0)
                        continue;
                rc = loop_add_fd(options->loop, port->fd, EPOLLIN, receive, port, &port->watch);
                if (rc < 0) {
                        tftp_service_free(service);
                        return rc;
                }
        }
        *ret = service;
        return 0;
}

struct tftp_service *tftp_service_free(struct tftp_service *service)
{
        struct tftp_entry *entry;

        if (!service)
                return NULL;
        while (service->transfers && (entry = tftp_table_any(service->transfers)))
                transfer_free(transfer_of(entry));
        tftp_table_free(service->transfers);
        shared_files_free(service->files);
        for (size_t i = 0; i < ARRAY_SIZE(service->ports); i++)
                loop_remove_fd(service->ports[i].watch);
        free(service);
        return NULL;
}
