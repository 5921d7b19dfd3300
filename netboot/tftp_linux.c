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
#include "netboot/tftp.h"
#include "tftp/packet.h"
#include "tftp/server.h"
#include "tftp/table.h"

/* Requests handled in one go before transfers have their turn. */
#define RECEIVE_BATCH 32
#define UDP_HEADERS   28 /* IP and UDP */

struct tftp_port {
        struct tftp_service *service;
        const struct netboot_interface *interface;
        struct loop_fd *watch;
};

struct transfer {
        struct tftp_entry entry;
        struct tftp_port *port;
        struct sockaddr_in peer;
        struct tftp_request request;
        struct boot_path path;
        bool is_waiting; /* for its script; nothing below is there yet, and it must not be freed */

        int fd;
        struct loop_fd *watch;
        struct loop_timer *timer;
        struct tftp_session *session;
        int file_fd; /* an asset */
        char *text;  /* or a script */
        uint64_t size;
        bool has_role;
        enum asset_role role;
};

struct tftp_service {
        struct tftp_service_options options;
        struct tftp_port ports[NETBOOTD_MAX_INTERFACES];
        struct tftp_table *transfers;
        struct flood flood; /* of lines about what is not served, and whom nobody answered */
        struct datagrams out;
};

static struct ip4_address address_of(const struct sockaddr_in *peer)
{
        return (struct ip4_address){peer->sin_addr.s_addr};
}

static void refuse(struct tftp_port *port, const struct sockaddr_in *peer, const char *name, int rc)
{
        uint8_t packet[TFTP_HEADER_SIZE + TFTP_MESSAGE_SIZE];
        const ssize_t size = tftp_refusal_write(rc, packet, sizeof(packet));
        char ip[IP4_TEXT_SIZE];

        if (flood_allows_line(&port->service->flood, "tftp.refused"))
                log_info("tftp.refused", "name=%s ip=%s reason=%s", QUOTE(name),
                         ip4_text(ip, address_of(peer)), QUOTE(strerror(-rc)));
        if (size > 0)
                (void)sendto(port->interface->tftp_fd, packet, (size_t)size, 0,
                             (const struct sockaddr *)peer, sizeof(*peer));
}

static void transfer_free(struct transfer *t)
{
        tftp_table_remove(t->port->service->transfers, &t->entry);
        loop_remove_fd(t->watch);
        loop_remove_timer(t->timer);
        tftp_session_free(t->session);
        if (t->fd >= 0)
                close(t->fd);
        if (t->file_fd >= 0)
                close(t->file_fd);
        free(t->text);
        free(t);
}

static void transfer_end(struct transfer *t, enum tftp_end end)
{
        const struct tftp_statistics *s = tftp_session_statistics(t->session);
        struct tftp_service *service = t->port->service;
        const bool is_answered = tftp_session_is_answered(t->session);
        char ip[IP4_TEXT_SIZE];

        if (is_answered || flood_allows_line(&service->flood, "tftp.unanswered"))
                log_info("tftp",
                         "name=%s ip=%s end=%s bytes=%llu blocks=%llu resent=%llu block_size=%u "
                         "window=%u took_ms=%llu said=%s",
                         QUOTE(t->request.name), ip4_text(ip, address_of(&t->peer)),
                         tftp_end_name(end), (unsigned long long)s->bytes_acked,
                         (unsigned long long)s->blocks_sent, (unsigned long long)s->blocks_resent,
                         s->block_size, s->window,
                         (unsigned long long)(clock_monotonic_ms() - s->started_ms),
                         QUOTE(s->client_message));
        if (is_answered && !t->text && end != TFTP_PROBED) {
                struct delivery d = {
                        .to = address_of(&t->peer),
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

/* All that may be sent now. What the socket does not take is lost like a packet on the wire. */
static void send_window(struct transfer *t)
{
        struct datagrams *out = &t->port->service->out;
        size_t space;
        uint8_t *to;
        ssize_t size;

        do {
                to = datagrams_space(out, &space);
                size = to ? tftp_session_next(t->session, clock_monotonic_ms(), to, space)
                          : -EMSGSIZE;
                if (size > 0)
                        datagrams_add(out, (size_t)size);
                else
                        datagrams_send(out, t->fd);
        } while (size != 0);
}

/* Sends, and sets the clock for what comes next. The transfer may be gone then. */
static void transfer_go_on(struct transfer *t)
{
        enum tftp_end end;

        send_window(t);
        end = tftp_session_end(t->session);
        if (end != TFTP_RUNNING)
                transfer_end(t, end);
        else
                loop_timer_arm(t->timer, tftp_session_deadline(t->session));
}

static void transfer_expire(void *context)
{
        struct transfer *t = context;

        tftp_session_expire(t->session, clock_monotonic_ms());
        transfer_go_on(t);
}

/* One packet: a reader sends no second one before it has an answer to the first. */
static void transfer_receive(void *context, uint32_t events)
{
        struct transfer *t = context;
        uint8_t packet[TFTP_REQUEST_MAX]; /* what a reader sends is short */
        const ssize_t size = recv(t->fd, packet, sizeof(packet), 0);

        (void)events;
        if (size < 0)
                return; /* also ECONNREFUSED: anybody can forge that; silence decides */
        (void)tftp_session_receive(t->session, packet, (size_t)size, clock_monotonic_ms());
        if (tftp_session_is_answered(t->session))
                tftp_table_set(t->port->service->transfers, &t->entry, TFTP_ANSWERED);
        transfer_go_on(t);
}

static ssize_t read_file(void *context, uint64_t offset, void *to, size_t size)
{
        const struct transfer *t = context;
        const ssize_t n = pread(t->file_fd, to, size, (off_t)offset);

        return n < 0 ? -errno : n;
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
        const struct sockaddr_in from = {
                .sin_family = AF_INET,
                .sin_addr = {.s_addr = t->port->interface->address.be},
        };

        t->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (t->fd < 0)
                return -errno;
        if (bind(t->fd, (const struct sockaddr *)&from, sizeof(from)) < 0 ||
            connect(t->fd, (const struct sockaddr *)&t->peer, sizeof(t->peer)) < 0)
                return -errno;
        return 0;
}

static int transfer_start(struct transfer *t)
{
        const unsigned mtu = t->port->interface->mtu;
        const struct tftp_file file = {
                .size_bytes = t->size,
                .read = t->text ? read_text : read_file,
                .context = t,
        };
        const struct tftp_limits limits = {
                .block_size =
                        mtu > UDP_HEADERS + TFTP_HEADER_SIZE + TFTP_BLOCK_DEFAULT && mtu <= 1500
                                ? (uint16_t)(mtu - UDP_HEADERS - TFTP_HEADER_SIZE)
                                : 0,
        };
        struct loop *loop = t->port->service->options.loop;
        int rc;

        rc = tftp_session_new(&t->request, &file, &limits, clock_monotonic_ms(), &t->session);
        if (rc == 0)
                rc = open_socket(t);
        if (rc == 0)
                rc = loop_add_fd(loop, t->fd, EPOLLIN, transfer_receive, t, &t->watch);
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
                transfer_go_on(t);
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
        t->file_fd = file.fd;
        t->size = file.size;
        t->has_role = file.has_role;
        t->role = file.role;
        return 0;
}

static int write_grub_configuration(struct transfer *t)
{
        size_t size = 0;
        const int rc = scripts_grub_configuration(t->port->service->options.scripts,
                                                  address_of(&t->peer), &t->text, &size);

        t->size = size;
        return rc;
}

static struct transfer *transfer_of(struct tftp_entry *entry)
{
        return container_of(entry, struct transfer, entry);
}

/* Makes room for one more of this address: -EBUSY if there is none to be had. */
static int make_room(struct tftp_service *service, const struct sockaddr_in *peer)
{
        struct tftp_entry *leaves = NULL;
        char ip[IP4_TEXT_SIZE];
        int rc;

        rc = tftp_table_admit(service->transfers, address_of(peer), &leaves);
        if (rc < 0 || !leaves)
                return rc;
        if (flood_allows_line(&service->flood, "tftp.displaced"))
                log_info("tftp.displaced", "name=%s ip=%s reason=%s",
                         QUOTE(transfer_of(leaves)->request.name),
                         ip4_text(ip, address_of(&transfer_of(leaves)->peer)),
                         "\"never answered, and others wait\"");
        transfer_free(transfer_of(leaves));
        return 0;
}

static void transfer_begin(struct tftp_port *port, const struct sockaddr_in *peer,
                           const struct tftp_request *request, const struct boot_path *path)
{
        struct tftp_service *service = port->service;
        struct transfer *t = calloc(1, sizeof(*t));
        int rc = t ? tftp_table_add(service->transfers, address_of(peer), peer->sin_port, &t->entry)
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
        t->fd = t->file_fd = -1;

        if (path->kind == BOOT_PATH_SCRIPT) {
                const struct script_question question = {.mac = path->mac,
                                                         .language = path->language,
                                                         .from = address_of(peer),
                                                         .transport = TRANSPORT_TFTP};

                t->is_waiting = true;
                scripts_ask(service->options.scripts, &question, script_came, t);
        } else if (path->kind == BOOT_PATH_GRUB) {
                start_or_refuse(t, write_grub_configuration(t));
        } else {
                start_or_refuse(t, open_asset(t));
        }
}

static void handle_request(struct tftp_port *port, const struct sockaddr_in *peer,
                           const struct tftp_request *request)
{
        struct tftp_service *service = port->service;
        struct tftp_entry *old =
                tftp_table_find(service->transfers, address_of(peer), peer->sin_port);
        struct boot_path path;
        int rc;

        if (old && (transfer_of(old)->is_waiting ||
                    strcmp(transfer_of(old)->request.name, request->name) == 0))
                return; /* it is being served: GRUB repeats a request every 0.4 s */
        if (old)
                transfer_free(transfer_of(old)); /* the client went on to something else */
        rc = boot_path_parse(request->name, TRANSPORT_TFTP, &path);
        if (rc == 0)
                rc = make_room(service, peer);
        if (rc < 0)
                refuse(port, peer, request->name, rc);
        else
                transfer_begin(port, peer, request, &path);
}

static bool receive_one(struct tftp_port *port)
{
        uint8_t bytes[TFTP_REQUEST_MAX + 1]; /* one more: a longer request is seen to be so */
        struct sockaddr_in peer = {0};
        socklen_t peer_size = sizeof(peer);
        struct tftp_packet packet;
        ssize_t size;
        int rc;

        size = recvfrom(port->interface->tftp_fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&peer,
                        &peer_size);
        if (size < 0)
                return errno == EINTR;
        if (peer_size != sizeof(peer) || peer.sin_family != AF_INET || peer.sin_port == 0)
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
        if (!service->transfers) {
                tftp_service_free(service);
                return -ENOMEM;
        }
        for (size_t i = 0; i < options->interfaces->count; i++) {
                struct tftp_port *port = &service->ports[i];

                port->service = service;
                port->interface = &options->interfaces->at[i];
                if (port->interface->tftp_fd < 0)
                        continue;
                rc = loop_add_fd(options->loop, port->interface->tftp_fd, EPOLLIN, receive, port,
                                 &port->watch);
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
        for (size_t i = 0; i < NETBOOTD_MAX_INTERFACES; i++)
                loop_remove_fd(service->ports[i].watch);
        free(service);
        return NULL;
}
