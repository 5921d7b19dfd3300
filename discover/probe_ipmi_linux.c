/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ipmi: what the BMC itself tells, asked through the kernel's driver
 *
 * Some fifty messages of some 10 ms each: this runs beside the other probes. What is
 * asked changes nothing. A BMC that has not answered once is asked no more.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "discover/probe.h"
#include "lib/base/text.h"
#include "lib/bmc/ipmi.h"

#define TIMEOUT_MS 1500 /* of one message; crew.h gives the whole of a unit 5000 */
#define LAN_MAX    4    /* channels of the kind: two cards are many */
#define SHOWN_MAX  16   /* users: those of the standard's own limit on names */
#define IP6_SETS   4    /* addresses of each kind that are asked for */

/* clang-format off */
const struct field bmc_user_fields[] = {
        {.name = "id",        .kind = FIELD_NUMBER, .help = "number of the user"},
        {.name = "name",      .kind = FIELD_TEXT,   .help = "absent: without a name"},
        {.name = "privilege", .kind = FIELD_TEXT,   .help = "callback, user, operator, administrator, oem"},
        {.name = NULL},
};

const struct field bmc_lan_fields[] = {
        {.name = "channel",     .kind = FIELD_NUMBER,  .help = "number of the channel"},
        {.name = "mac",         .kind = FIELD_TEXT, .is_identity = true, .help = "address of its card"},
        {.name = "ipv4",        .kind = FIELD_TEXT,    .help = "address; absent: none"},
        {.name = "netmask",     .kind = FIELD_TEXT,    .help = "netmask"},
        {.name = "gateway",     .kind = FIELD_TEXT,    .help = "default gateway"},
        {.name = "ipv4_source", .kind = FIELD_TEXT,    .help = "static, dhcp, firmware, other"},
        {.name = "ipv6",        .kind = FIELD_TEXTS,   .help = "addresses"},
        {.name = "vlan",        .kind = FIELD_NUMBER,  .help = "VLAN; absent: none"},
        {.name = "cipher_suites", .kind = FIELD_NUMBERS, .help = "that somebody may log in with"},
        {.name = "cipher_zero", .kind = FIELD_BOOL,    .help = "suite 0 is among them: anybody who knows a name may log in"},
        {.name = "anonymous_login", .kind = FIELD_BOOL, .help = "without a name and a password"},
        {.name = "null_user",   .kind = FIELD_BOOL,    .help = "without a name, but with a password"},
        {.name = "users",       .kind = FIELD_ITEMS, .inner = bmc_user_fields, .help = "who may log in over it; of the first channel they stand beside lan"},
        {.name = NULL},
};
/* clang-format on */

/* ------------------------------------------------------------ messages */

struct link {
        struct tree *tree;
        int fd; /* -EBADF in a snapshot */
        long sequence;
        bool is_silent; /* a message was not answered in time */
        uint8_t answer[IPMI_ANSWER_MAX];
        size_t size;
};

static int send_request(struct link *l, const struct ipmi_request *request)
{
        uint8_t data[sizeof(request->data)];
        struct ipmi_system_interface_addr bmc = {.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE,
                                                 .channel = IPMI_BMC_CHANNEL};
        struct ipmi_req message = {
                .addr = (unsigned char *)&bmc,
                .addr_len = sizeof(bmc),
                .msgid = ++l->sequence,
                .msg = {.netfn = request->net_function,
                        .cmd = request->command,
                        .data_len = request->size,
                        .data = data},
        };

        memcpy(data, request->data, sizeof(data));
        return ioctl(l->fd, IPMICTL_SEND_COMMAND, &message) == 0 ? 0 : -errno;
}

/* An answer to an earlier message, which came late, is passed over. */
static int receive_answer(struct link *l)
{
        struct pollfd polled = {.fd = l->fd, .events = POLLIN};
        struct ipmi_addr address;

        for (;;) {
                struct ipmi_recv message = {
                        .addr = (unsigned char *)&address,
                        .addr_len = sizeof(address),
                        .msg = {.data = l->answer, .data_len = sizeof(l->answer)},
                };

                if (poll(&polled, 1, TIMEOUT_MS) <= 0)
                        return -ETIMEDOUT;
                if (ioctl(l->fd, IPMICTL_RECEIVE_MSG_TRUNC, &message) < 0 && errno != EMSGSIZE)
                        return -errno;
                if (message.recv_type != IPMI_RESPONSE_RECV_TYPE || message.msgid != l->sequence)
                        continue;
                l->size = message.msg.data_len;
                return l->size > sizeof(l->answer) ? -EMSGSIZE : 0;
        }
}

/* Leaves the answer in @l. False if there is none. */
static bool ask(struct link *l, struct ipmi_request request)
{
        char name[64], data[2 * sizeof(request.data) + 1];

        text_hex(data, request.data, request.size);
        snprintf(name, sizeof(name), "ipmi/%02x-%02x-%s", request.net_function, request.command,
                 data);
        l->size = 0;
        if (!tree_is_live(l->tree))
                return tree_recall(l->tree, name, l->answer, sizeof(l->answer), &l->size);
        if (l->is_silent)
                return false;
        if (send_request(l, &request) < 0 || receive_answer(l) < 0) {
                l->is_silent = true;
                return false;
        }
        tree_note(l->tree, name, l->answer, l->size);
        return true;
}

/* ----------------------------------------------------------------- device */

static struct doc *take_device(struct link *l)
{
        struct ipmi_device device;
        struct doc *doc;
        char text[16];

        if (!ask(l, ipmi_ask_device()) || ipmi_device_parse(l->answer, l->size, &device) < 0)
                return NULL;
        doc = doc_object();
        (void)doc_set_bool(doc, "present", true);
        (void)doc_set_text(doc, "vendor", ipmi_maker(device.manufacturer));
        snprintf(text, sizeof(text), "%u.%02x", device.firmware_major, device.firmware_minor);
        (void)doc_set_text(doc, "firmware", text);
        snprintf(text, sizeof(text), "%u.%u", device.ipmi_major, device.ipmi_minor);
        (void)doc_set_text(doc, "ipmi_version", text);
        return doc;
}

/* ------------------------------------------------------------------ users */

/* Those who may log in over the channel. */
static struct doc *take_users(struct link *l, uint8_t channel)
{
        struct doc *list = doc_list();
        uint8_t count = 1;

        for (uint8_t id = 1; id <= count && id <= SHOWN_MAX; id++) {
                struct ipmi_user access;
                char name[IPMI_USER_NAME_SIZE];
                struct doc *user;

                if (!ask(l, ipmi_ask_user(channel, id)) ||
                    ipmi_user_parse(l->answer, l->size, &access) < 0)
                        continue;
                count = access.max;
                if (!access.is_enabled || !access.can_message)
                        continue;
                user = doc_object();
                (void)doc_set_number(user, "id", id);
                if (ask(l, ipmi_ask_user_name(id)) &&
                    ipmi_user_name_parse(l->answer, l->size, name) == 0)
                        field_set_text(user, "name", name);
                (void)doc_set_text(user, "privilege", ipmi_privilege_name(access.privilege));
                (void)doc_append(list, user);
        }
        return list;
}

/* -------------------------------------------------------------------- LAN */

/* Numbers of the channels that are a network; how many. */
static size_t find_channels(struct link *l, uint8_t ret[static LAN_MAX])
{
        size_t count = 0;
        uint8_t medium;

        for (uint8_t channel = 1; channel < IPMI_CHANNELS_MAX && count < LAN_MAX; channel++)
                if (ask(l, ipmi_ask_channel(channel)) &&
                    ipmi_channel_parse(l->answer, l->size, &medium) == 0 &&
                    medium == IPMI_MEDIUM_LAN)
                        ret[count++] = channel;
        return count;
}

static void set_ip4(struct link *l, uint8_t channel, struct doc *lan)
{
        static const struct {
                enum ipmi_lan_parameter parameter;
                const char *name;
        } rows[] = {
                {IPMI_LAN_ADDRESS, "ipv4"   },
                {IPMI_LAN_NETMASK, "netmask"},
                {IPMI_LAN_GATEWAY, "gateway"},
        };
        struct ip4_address ip;
        char text[IP4_TEXT_SIZE];
        const char *source;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (ask(l, ipmi_ask_lan(channel, rows[i].parameter, 0)) &&
                    ipmi_lan_ip4_parse(l->answer, l->size, &ip) == 0 && ip.be != 0)
                        (void)doc_set_text(lan, rows[i].name, ip4_text(text, ip));
        if (ask(l, ipmi_ask_lan(channel, IPMI_LAN_SOURCE, 0)) &&
            ipmi_lan_source_parse(l->answer, l->size, &source) == 0)
                (void)doc_set_text(lan, "ipv4_source", source);
}

static void set_ip6(struct link *l, uint8_t channel, struct doc *lan)
{
        static const enum ipmi_lan_parameter kinds[] = {IPMI_LAN_STATIC_IP6, IPMI_LAN_DYNAMIC_IP6};
        static const uint8_t none[16];
        struct doc *list = doc_list();
        char text[INET6_ADDRSTRLEN];
        uint8_t ip[16];

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                for (uint8_t set = 0; set < IP6_SETS; set++) {
                        if (!ask(l, ipmi_ask_lan(channel, kinds[i], set)) ||
                            ipmi_lan_ip6_parse(l->answer, l->size, ip) < 0)
                                break;
                        if (memcmp(ip, none, sizeof(ip)) != 0 &&
                            inet_ntop(AF_INET6, ip, text, sizeof(text)))
                                (void)doc_append_text(list, text);
                }
        if (doc_count(list) > 0)
                (void)doc_set(lan, "ipv6", list);
        else
                doc_free(list);
}

static void set_ciphers(struct link *l, uint8_t channel, struct doc *lan)
{
        struct ipmi_ciphers ciphers;
        struct doc *list;
        bool has_zero = false;

        if (!ask(l, ipmi_ask_lan(channel, IPMI_LAN_CIPHERS, 0)) ||
            ipmi_lan_ciphers_parse(l->answer, l->size, &ciphers) < 0)
                return;
        if (ask(l, ipmi_ask_lan(channel, IPMI_LAN_CIPHER_COUNT, 0)))
                (void)ipmi_lan_ciphers_count(l->answer, l->size, &ciphers);
        if (!ask(l, ipmi_ask_lan(channel, IPMI_LAN_CIPHER_PRIVILEGES, 0)) ||
            ipmi_lan_ciphers_limit(l->answer, l->size, &ciphers) < 0)
                return;
        list = doc_list();
        for (size_t i = 0; i < ciphers.count; i++) {
                (void)doc_append_number(list, ciphers.ids[i]);
                has_zero |= ciphers.ids[i] == 0;
        }
        (void)doc_set(lan, "cipher_suites", list);
        (void)doc_set_bool(lan, "cipher_zero", has_zero);
}

static struct doc *take_lan(struct link *l, uint8_t channel)
{
        struct doc *lan = doc_object();
        struct ipmi_logins logins;
        struct mac_address mac;
        uint16_t vlan;
        char text[MAC_TEXT_SIZE];

        (void)doc_set_number(lan, "channel", channel);
        if (ask(l, ipmi_ask_lan(channel, IPMI_LAN_MAC, 0)) &&
            ipmi_lan_mac_parse(l->answer, l->size, &mac) == 0 && mac_is_usable(&mac))
                (void)doc_set_text(lan, "mac", mac_text(text, &mac));
        set_ip4(l, channel, lan);
        set_ip6(l, channel, lan);
        if (ask(l, ipmi_ask_lan(channel, IPMI_LAN_VLAN, 0)) &&
            ipmi_lan_vlan_parse(l->answer, l->size, &vlan) == 0 && vlan > 0)
                (void)doc_set_number(lan, "vlan", vlan);
        set_ciphers(l, channel, lan);
        if (ask(l, ipmi_ask_logins(channel)) &&
            ipmi_logins_parse(l->answer, l->size, &logins) == 0) {
                (void)doc_set_bool(lan, "anonymous_login", logins.has_anonymous);
                (void)doc_set_bool(lan, "null_user", logins.has_null_user);
        }
        return lan;
}

/* What has no name is of the whole section. */
static void put(struct probe_context *context, const char *name, struct doc *list)
{
        struct doc *found = doc_object();

        (void)doc_set(found, name, list);
        probe_item(context, found);
}

static void take_all(struct probe_context *context, struct link *l)
{
        uint8_t channels[LAN_MAX];
        struct doc *found, *list;
        size_t count = 0;

        if (probe_begin(context, "ipmi")) {
                found = take_device(l);
                if (!found) {
                        probe_error(context, "the BMC does not answer");
                        return;
                }
                probe_item(context, found);
        }
        if (probe_begin(context, "ipmi LAN")) {
                count = find_channels(l, channels);
                list = doc_list();
                for (size_t i = 0; i < count; i++) {
                        struct doc *lan = take_lan(l, channels[i]);

                        if (i > 0)
                                (void)doc_set(lan, "users", take_users(l, channels[i]));
                        (void)doc_append(list, lan);
                }
                put(context, "lan", list);
        }
        if (probe_begin(context, "ipmi users")) {
                count = count > 0 ? count : find_channels(l, channels);
                if (count > 0)
                        put(context, "users", take_users(l, channels[0]));
        }
        if (l->is_silent)
                probe_error(context, "the BMC stopped answering");
}

void probe_ipmi(struct probe_context *context)
{
        struct link l = {.tree = context->tree, .fd = -EBADF};
        _close_ int fd = -EBADF;

        if (tree_is_live(context->tree)) {
                fd = open("/dev/ipmi0", O_RDONLY | O_CLOEXEC);
                if (fd < 0)
                        return; /* there is no driver, or nobody but root may ask */
                l.fd = fd;
        } else if (!tree_has(context->tree, TREE_ANSWERS "/ipmi")) {
                return;
        }
        take_all(context, &l);
}
