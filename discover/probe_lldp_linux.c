/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lldp: the switch at the other end of each cable
 *
 * A switch speaks every 30 s. The socket is opened before the program gives up the
 * network (lldp_open()), and hears while the other slow ones probe; so this is the last
 * of them, and waits only for what is left of the time that was asked for. Nothing is
 * sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "discover/lldp.h"
#include "discover/probe.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

#define ETHERTYPE_LLDP 0x88cc
#define TICK_MS        100 /* crew.h takes who says nothing for 300 ms for stalled */
#define MESSAGES_MAX   1000

/* clang-format off */
const struct field nic_neighbour_fields[] = {
        {.name = "chassis",     .kind = FIELD_TEXT, .is_identity = true, .help = "identity of the switch, often a MAC"},
        {.name = "port",        .kind = FIELD_TEXT, .help = "identity of its port"},
        {.name = "port_description",   .kind = FIELD_TEXT, .help = "as it is set up there"},
        {.name = "system_name",        .kind = FIELD_TEXT, .is_identity = true, .help = "name of the switch"},
        {.name = "system_description", .kind = FIELD_TEXT, .help = "model and version, often"},
        {.name = "address",     .kind = FIELD_TEXT,   .help = "IPv4 address by which it is managed"},
        {.name = "vlan",        .kind = FIELD_NUMBER, .help = "VLAN of frames without a tag"},
        {.name = "frame_max",   .kind = FIELD_NUMBER, .help = "bytes of the longest frame"},
        {.name = NULL},
};
/* clang-format on */

static int listener = -EBADF;
static uint64_t opened_ms, listen_ms;

void lldp_open(unsigned seconds)
{
        const struct sockaddr_ll any = {.sll_family = AF_PACKET,
                                        .sll_protocol = htons(ETHERTYPE_LLDP)};
        /* 7.1: the nearest bridge, of any kind. */
        struct packet_mreq group = {
                .mr_type = PACKET_MR_MULTICAST,
                .mr_alen = 6,
                .mr_address = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e}
        };
        struct if_nameindex *names;

        listener =
                socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETHERTYPE_LLDP));
        if (listener < 0)
                return;
        (void)bind(listener, (const struct sockaddr *)&any, sizeof(any));
        listen_ms = (uint64_t)seconds * 1000;
        opened_ms = clock_monotonic_ms();
        names = if_nameindex();
        for (const struct if_nameindex *i = names; i && i->if_index != 0; i++) {
                group.mr_ifindex = (int)i->if_index;
                (void)setsockopt(listener, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &group,
                                 sizeof(group));
        }
        if (names)
                if_freenameindex(names);
}

static void take_message(struct probe_context *context, const char *name, const void *bytes,
                         size_t size)
{
        _doc_ struct doc *found = doc_object(), *neighbour = doc_object();

        if (!lldp_parse(bytes, size, neighbour))
                return;
        (void)doc_set_text(found, "name", name);
        (void)doc_set(found, "neighbour", TAKE_PTR(neighbour));
        probe_item(context, TAKE_PTR(found));
}

/* One message, under the interface that it came by. False: there is none. */
static bool receive(struct probe_context *context)
{
        uint8_t message[LLDP_FRAME_MAX];
        struct sockaddr_ll from = {0};
        socklen_t from_size = sizeof(from);
        char name[IF_NAMESIZE], note[64];
        const ssize_t size = recvfrom(listener, message, sizeof(message), 0,
                                      (struct sockaddr *)&from, &from_size);

        if (size < 0)
                return false;
        /* What a daemon of this machine sends is no neighbour's. */
        if (from.sll_pkttype == PACKET_OUTGOING || from.sll_protocol != htons(ETHERTYPE_LLDP) ||
            !if_indextoname((unsigned)from.sll_ifindex, name))
                return true;
        snprintf(note, sizeof(note), "lldp/%s", name);
        tree_note(context->tree, note, message, (size_t)size);
        take_message(context, name, message, (size_t)size);
        return true;
}

static void listen_on(struct probe_context *context)
{
        struct pollfd polled = {.fd = listener, .events = POLLIN};
        int messages = 0;

        while (clock_monotonic_ms() - opened_ms < listen_ms && messages < MESSAGES_MAX) {
                if (!probe_begin(context, "LLDP"))
                        continue;
                if (poll(&polled, 1, TICK_MS) > 0)
                        messages += receive(context);
        }
        /* What came meanwhile. */
        while (messages++ < MESSAGES_MAX && probe_begin(context, "LLDP") && receive(context))
                ;
}

static void recall(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        uint8_t message[LLDP_FRAME_MAX];
        char note[TREE_NAME_SIZE + 16];
        size_t size;

        (void)tree_list(context->tree, "sys/class/net", &names);
        for (size_t i = 0; i < names.count; i++) {
                snprintf(note, sizeof(note), "lldp/%s", names.names[i]);
                if (tree_recall(context->tree, note, message, sizeof(message), &size))
                        take_message(context, names.names[i], message, size);
        }
}

void probe_lldp(struct probe_context *context)
{
        if (!tree_is_live(context->tree))
                recall(context);
        else if (listener >= 0)
                listen_on(context);
}
