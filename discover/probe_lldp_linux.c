/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lldp: the switch at the other end of each cable
 *
 * A switch speaks every 30 s. The socket is opened before the program gives up the
 * network (lldp_open()), or was by who started it (lldp_adopt()), and hears while the
 * other slow ones probe; so this is the last of them, and waits only for what is left of
 * the time that was asked for. Nothing is sent.
 *
 * A cable may end at several: at bridges that do not keep LLDP for themselves, or at a
 * card that speaks beside its switch. Each is told as a member of its own until
 * nics_finish() puts them in order.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
        {.name = "ipv6_address", .kind = FIELD_TEXT, .help = "the same of IPv6"},
        {.name = "vlan",        .kind = FIELD_NUMBER, .help = "VLAN of frames without a tag"},
        {.name = "frame_max",   .kind = FIELD_NUMBER, .help = "bytes of the longest frame"},
        {.name = NULL},
};
/* clang-format on */

/* Member of an interface until nics_finish(); chassis and port are behind it. */
#define HEARD       "heard "
#define HEARD_MAX   128
#define HEARD_CABLE 16 /* of one: who speaks in many names keeps nobody else from being heard */
#define MEMBER_SIZE (sizeof(HEARD) + (size_t)2 * LLDP_TEXT_MAX + 2)

/* Whose messages have come. */
static struct {
        unsigned interface, number; /* of those of the interface, from 0 on */
        char member[MEMBER_SIZE];
} heard[HEARD_MAX];
static size_t heard_count;

static int listener = -EBADF;
static uint64_t opened_ms, listen_ms;

bool lldp_adopt(int fd)
{
        int domain = 0;
        socklen_t size = sizeof(domain);

        if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || domain != AF_PACKET)
                return false;
        listener = fd;
        return true;
}

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

        if (listener < 0) {
                listener = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                                  htons(ETHERTYPE_LLDP));
                if (listener < 0)
                        return;
                (void)bind(listener, (const struct sockaddr *)&any, sizeof(any));
        }
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

void lldp_close(void)
{
        if (listener >= 0)
                close(TAKE_FD(listener));
}

/* NULL: it is no message. */
static struct doc *read_message(const void *bytes, size_t size, char member[static MEMBER_SIZE])
{
        _doc_ struct doc *neighbour = doc_object();

        if (!lldp_parse(bytes, size, neighbour))
                return NULL;
        snprintf(member, MEMBER_SIZE, HEARD "%s %s", doc_get_text(neighbour, "chassis"),
                 doc_get_text(neighbour, "port"));
        return TAKE_PTR(neighbour);
}

static void put_message(struct probe_context *context, const char *name, const char *member,
                        struct doc *take)
{
        struct doc *found = doc_object();

        (void)doc_set_text(found, "name", name);
        (void)doc_set(found, member, take);
        probe_item(context, found);
}

/* The how-manieth of its interface it is; the newest message of each counts. HEARD_MAX: there are
 * too many of them. */
static unsigned number_of(unsigned interface, const char *member)
{
        unsigned number = 0;

        for (size_t i = 0; i < heard_count; i++) {
                if (heard[i].interface != interface)
                        continue;
                if (strcmp(heard[i].member, member) == 0)
                        return heard[i].number;
                number++;
        }
        if (heard_count == HEARD_MAX || number == HEARD_CABLE)
                return HEARD_MAX;
        heard[heard_count].interface = interface;
        heard[heard_count].number = number;
        memcpy(heard[heard_count++].member, member, MEMBER_SIZE);
        return number;
}

/* The note of an interface's first neighbour has its name, the others' a number behind it. */
static const char *note_name(char to[static TREE_NAME_SIZE], const char *name, unsigned number)
{
        if (number == 0)
                snprintf(to, TREE_NAME_SIZE, "lldp/%s", name);
        else
                snprintf(to, TREE_NAME_SIZE, "lldp/%s+%u", name, number);
        return to;
}

/* One message, under the interface that it came by. False: there is none. */
static bool receive(struct probe_context *context)
{
        uint8_t message[LLDP_FRAME_MAX];
        struct sockaddr_ll from = {0};
        socklen_t from_size = sizeof(from);
        char name[IF_NAMESIZE], note[TREE_NAME_SIZE], member[MEMBER_SIZE] = "";
        struct doc *neighbour;
        unsigned number;
        const ssize_t size = recvfrom(listener, message, sizeof(message), 0,
                                      (struct sockaddr *)&from, &from_size);

        if (size < 0)
                return false;
        /* What a daemon of this machine sends is no neighbour's. */
        if (from.sll_pkttype == PACKET_OUTGOING || from.sll_protocol != htons(ETHERTYPE_LLDP) ||
            !if_indextoname((unsigned)from.sll_ifindex, name))
                return true;
        neighbour = read_message(message, (size_t)size, member);
        number = neighbour ? number_of((unsigned)from.sll_ifindex, member) : HEARD_MAX;
        if (number == HEARD_MAX) {
                doc_free(neighbour);
                return true;
        }
        tree_note(context->tree, note_name(note, name, number), message, (size_t)size);
        put_message(context, name, member, neighbour);
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
        char note[TREE_NAME_SIZE], member[MEMBER_SIZE];
        size_t size;

        (void)tree_list(context->tree, "sys/class/net", &names);
        for (size_t i = 0; i < names.count; i++)
                for (unsigned number = 0;
                     number < HEARD_MAX &&
                     tree_recall(context->tree, note_name(note, names.names[i], number), message,
                                 sizeof(message), &size);
                     number++) {
                        struct doc *neighbour = read_message(message, size, member);

                        if (neighbour)
                                put_message(context, names.names[i], member, neighbour);
                }
}

void probe_lldp(struct probe_context *context)
{
        if (!tree_is_live(context->tree))
                recall(context);
        else if (listener >= 0)
                listen_on(context);
}

/* The first is the neighbour: most cables have one. */
static void put_in_order(struct doc *nic)
{
        _doc_ struct doc *members = doc_copy(nic);
        struct doc *others = doc_list(), *value;
        const char *name;

        for (size_t at = 0; doc_next(members, &at, &name, &value) > 0;) {
                if (!text_has_prefix(name, HEARD))
                        continue;
                (void)doc_remove(nic, name);
                if (!doc_get(nic, "neighbour"))
                        (void)doc_set(nic, "neighbour", doc_copy(value));
                else
                        (void)doc_append(others, doc_copy(value));
        }
        if (doc_count(others) > 0)
                (void)doc_set(nic, "other_neighbours", others);
        else
                doc_free(others);
}

void nics_finish(struct doc *section)
{
        struct doc *items = doc_get(section, "items");

        for (size_t i = 0; i < doc_count(items); i++)
                put_in_order(doc_at(items, i));
}
