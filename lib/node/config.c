/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a netbootd is to serve
 *
 * The lists are as long as the site is big, so they are not fields of a table
 * but read element by element, each through its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/node/wire.h"

const char *const boot_protocol_names[BOOT_PROTOCOL_COUNT + 1] = {
        [BOOT_PROTOCOL_HTTP] = "http",
        [BOOT_PROTOCOL_TFTP] = "tftp",
};

const char *const stranger_policy_names[STRANGER_POLICY_COUNT + 1] = {
        [STRANGERS_DISCOVER] = "discover",
        [STRANGERS_LIST] = "list",
};

const char *const network_mode_names[NETWORK_MODE_COUNT + 1] = {
        [NETWORK_AUTHORITATIVE] = "authoritative",
        [NETWORK_PROXY] = "proxy",
        [NETWORK_LISTEN] = "listen",
};

static const struct doc_field match_fields[] = {
        DOC_TEXTS_FIELD(struct edge_match, architectures, architecture_count, 0,
                        .help = "firmware, any of these: uefi-x86-64, or a number of option 93"),
        DOC_FIELD(struct edge_match, vendor_class, DOC_TEXT, 0,
                  .help = "what its vendor class (option 60) begins with"),
        DOC_FIELD(struct edge_match, user_class, DOC_TEXT, 0,
                  .help = "one of its user classes (option 77)"),
        DOC_FIELD(struct edge_match, relay, DOC_IP4, 0, .help = "address of the relay (giaddr)"),
        DOC_FIELD(struct edge_match, circuit, DOC_TEXT, 0,
                  .help = "port, as the relay says it (option 82, circuit id)"),
        DOC_FIELD(struct edge_match, remote, DOC_TEXT, 0,
                  .help = "switch, as the relay says it (option 82, remote id)"),
        DOC_FIELD(struct edge_match, mac_prefix, DOC_TEXT, 0,
                  .help = "how its MAC begins: 52:54:00"),
};
static DOC_TABLE(match_table, struct edge_match, NULL, match_fields);

static const struct doc_field pool_fields[] = {
        DOC_FIELD(struct edge_pool, first, DOC_IP4, DOC_REQUIRED, .help = "first address"),
        DOC_FIELD(struct edge_pool, last, DOC_IP4, DOC_REQUIRED, .help = "last address"),
        DOC_FIELD(struct edge_pool, match, DOC_OBJECT, 0, .table = &match_table,
                  .help = "which machines it is for; all that are in no class"),
};
static DOC_TABLE(pool_table, struct edge_pool, NULL, pool_fields);

static const struct doc_field network_fields[] = {
        DOC_FIELD(struct edge_network, name, DOC_TEXT, DOC_REQUIRED, .help = "for people"),
        DOC_FIELD(struct edge_network, subnet, DOC_TEXT, DOC_REQUIRED,
                  .help = "address and prefix, 10.77.0.0/24"),
        /* As with 'strangers' below. */
        DOC_FIELD(struct edge_network, mode, DOC_ENUM, DOC_UNLESS_ZERO, .names = network_mode_names,
                  .help = "authoritative (default), proxy beside another DHCP server, or listen"),
        DOC_FIELD(struct edge_network, shared_network, DOC_TEXT, 0,
                  .help = "networks that say the same name here are on one wire"),
        DOC_FIELD(struct edge_network, pool_first, DOC_IP4, 0,
                  .help = "first address given to machines without a reservation"),
        DOC_FIELD(struct edge_network, pool_last, DOC_IP4, 0, .help = "last such address"),
        DOC_LIST_FIELD(struct edge_network, pools, pool_count, 0, &pool_table,
                       .help = "more addresses, for classes of machines"),
        DOC_TEXTS_FIELD(struct edge_network, relays, relay_count, 0,
                        .help = "relays that may speak for this network; any that is on it"),
        DOC_FIELD(struct edge_network, captive_portal, DOC_TEXT, 0,
                  .help = "URL of a captive portal's API, told to machines (RFC 8910)"),
        DOC_FIELD(struct edge_network, router, DOC_IP4, 0,
                  .help = "default route told to machines"),
        DOC_FIELD(struct edge_network, dns, DOC_IP4, 0, .help = "name server told to machines"),
        DOC_FIELD(struct edge_network, domain, DOC_TEXT, 0, .help = "domain told to machines"),
        DOC_FIELD(struct edge_network, lease_s, DOC_U32, 0,
                  .help = "length of a lease in seconds; 3600 when not said"),
        DOC_FIELD(struct edge_network, protocol, DOC_ENUM, 0, .names = boot_protocol_names,
                  .help = "how loader, script, kernel and ramdisk travel: http (default), tftp"),
        DOC_FIELD(struct edge_network, reload_ipxe, DOC_BOOL, 0,
                  .help = "have the iPXE of a network card load ours first"),
        DOC_FIELD(struct edge_network, https_boot, DOC_BOOL, 0,
                  .help = "UEFI HTTP Boot goes by HTTPS, and not without"),
        /* A netbootd that does not know the word refuses the network, but for the default. */
        DOC_FIELD(struct edge_network, strangers, DOC_ENUM, DOC_UNLESS_ZERO,
                  .names = stranger_policy_names,
                  .help = "machines that nobody knows: discover (default), or only list"),
        DOC_FIELD(struct edge_network, subnet6, DOC_TEXT, 0,
                  .help = "IPv6 prefix of the same network, fd77::/64: DHCPv6 is answered there"),
        DOC_FIELD(struct edge_network, pool6_first, DOC_TEXT, 0,
                  .help = "first IPv6 address given to machines"),
        DOC_FIELD(struct edge_network, pool6_last, DOC_TEXT, 0, .help = "last such address"),
        DOC_FIELD(struct edge_network, dns6, DOC_TEXT, 0,
                  .help = "IPv6 name server told to machines"),
        DOC_FIELD(struct edge_network, root_path, DOC_TEXT, 0,
                  .help = "root of their system, told to machines that ask (option 17)"),
};
DOC_TABLE(edge_network_table, struct edge_network, "network", network_fields, .is_strict = true);
/* On the wire: what a newer controller says besides is skipped. */
static DOC_TABLE(heard_network_table, struct edge_network, "network", network_fields);

static const struct doc_field reservation_fields[] = {
        DOC_FIELD(struct edge_reservation, mac, DOC_MAC, 0),
        DOC_FIELD(struct edge_reservation, client_id, DOC_TEXT, 0),
        DOC_FIELD(struct edge_reservation, uuid, DOC_UUID, 0),
        DOC_FIELD(struct edge_reservation, circuit, DOC_TEXT, 0),
        DOC_FIELD(struct edge_reservation, remote, DOC_TEXT, 0),
        DOC_FIELD(struct edge_reservation, address, DOC_IP4, DOC_REQUIRED),
        DOC_FIELD(struct edge_reservation, address6, DOC_TEXT, 0),
        DOC_FIELD(struct edge_reservation, name, DOC_TEXT, 0),
        DOC_FIELD(struct edge_reservation, root_path, DOC_TEXT, 0),
};
DOC_TABLE(edge_reservation_table, struct edge_reservation, "reservation", reservation_fields,
          .is_strict = true);

static const struct doc_field disk_fields[] = {
        DOC_FIELD(struct edge_disk, mac, DOC_MAC, DOC_REQUIRED),
        DOC_FIELD(struct edge_disk, esp, DOC_UUID, 0),
};
static DOC_TABLE(disk_table, struct edge_disk, "disk", disk_fields);

struct known_row {
        struct mac_address mac;
};
static const struct doc_field known_fields[] = {
        DOC_FIELD(struct known_row, mac, DOC_MAC, DOC_REQUIRED),
};
static DOC_TABLE(known_table, struct known_row, "known", known_fields);
_Static_assert(sizeof(struct known_row) == sizeof(struct mac_address), "a list of MACs");

static const struct doc_field opening_fields[] = {
        DOC_FIELD(struct edge_opening, network, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct edge_opening, until_ms, DOC_U64, DOC_REQUIRED),
};
static DOC_TABLE(opening_table, struct edge_opening, "opening", opening_fields);

static const struct doc_field port_fields[] = {
        DOC_FIELD(struct edge_port, mac, DOC_MAC, DOC_REQUIRED),
        DOC_FIELD(struct edge_port, port, DOC_U32, DOC_REQUIRED, .max = UINT16_MAX),
        DOC_FIELD(struct edge_port, operation, DOC_U64, DOC_REQUIRED),
};
static DOC_TABLE(port_table, struct edge_port, "port", port_fields);

static const struct list_row {
        const char *name;
        const struct doc_table *table; /* of one element */
        size_t max;
} network_list = {"networks", &heard_network_table, CONFIG_MAX_NETWORKS},
  reservation_list = {"reservations", &edge_reservation_table, CONFIG_MAX_RESERVATIONS},
  disk_list = {"disks", &disk_table, CONFIG_MAX_DISKS},
  known_list = {"known", &known_table, CONFIG_MAX_KNOWN},
  opening_list = {"openings", &opening_table, CONFIG_MAX_NETWORKS},
  port_list = {"ports", &port_table, CONFIG_MAX_PORTS};

/* One list of structs, on the heap. */
static int decode_list(const struct list_row *row, const struct doc *object, char *error,
                       void **ret, size_t *ret_count)
{
        const struct doc *list = doc_get(object, row->name);
        const size_t count = doc_count(list);
        _free_ char *items = NULL;
        int rc;

        *ret = NULL;
        *ret_count = 0;
        if (!list)
                return 0;
        if (!doc_is_list(list) || count > row->max) {
                if (error)
                        snprintf(error, DOC_ERROR_SIZE,
                                 "'%s' must be a list of at most %zu entries", row->name, row->max);
                return -EBADMSG;
        }

        items = calloc(count ? count : 1, row->table->struct_size);
        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                rc = doc_decode(row->table, doc_at(list, i), error,
                                items + i * row->table->struct_size);
                if (rc < 0)
                        return rc;
        }

        *ret = TAKE_PTR(items);
        *ret_count = count;
        return 0;
}

int edge_config_decode(const struct doc *object, char *error, struct edge_config *ret)
{
        struct edge_config config = {0};
        void *items[6] = {NULL};
        const struct {
                const struct list_row *row;
                size_t *count;
        } lists[] = {
                {&network_list,     &config.network_count    },
                {&reservation_list, &config.reservation_count},
                {&disk_list,        &config.disk_count       },
                {&known_list,       &config.known_count      },
                {&opening_list,     &config.opening_count    },
                {&port_list,        &config.port_count       },
        };
        int rc = 0;

        _Static_assert(ARRAY_SIZE(lists) == ARRAY_SIZE(items), "a place for each");
        for (size_t i = 0; i < ARRAY_SIZE(lists) && rc == 0; i++)
                rc = decode_list(lists[i].row, object, error, &items[i], lists[i].count);
        config.networks = items[0];
        config.reservations = items[1];
        config.disks = items[2];
        config.known = items[3];
        config.openings = items[4];
        config.ports = items[5];
        if (rc < 0) {
                edge_config_done(&config);
                return rc;
        }
        config.version = (uint64_t)doc_get_number(object, "version", 0);
        *ret = config;
        return 0;
}

static struct doc *encode_list(const struct doc_table *table, const void *items, size_t count)
{
        _doc_ struct doc *list = doc_list();
        const char *at = items;

        for (size_t i = 0; i < count; i++)
                if (doc_append(list, doc_encode(table, at + i * table->struct_size)) < 0)
                        return NULL;
        return TAKE_PTR(list);
}

struct doc *edge_config_encode(const struct edge_config *config)
{
        _doc_ struct doc *object = doc_object();
        const struct {
                const struct list_row *row;
                const void *items;
                size_t count;
        } lists[] = {
                {&network_list,     config->networks,     config->network_count    },
                {&reservation_list, config->reservations, config->reservation_count},
                {&disk_list,        config->disks,        config->disk_count       },
                {&known_list,       config->known,        config->known_count      },
                {&opening_list,     config->openings,     config->opening_count    },
                {&port_list,        config->ports,        config->port_count       },
        };

        if (doc_set_number(object, "version", (int64_t)config->version) < 0)
                return NULL;
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
                struct doc *list = encode_list(lists[i].row->table, lists[i].items, lists[i].count);

                if (!list || doc_set(object, lists[i].row->name, list) < 0)
                        return NULL;
        }
        return TAKE_PTR(object);
}

void edge_config_done(struct edge_config *config)
{
        free(config->networks);
        free(config->reservations);
        free(config->disks);
        free(config->known);
        free(config->openings);
        free(config->ports);
        *config = (struct edge_config){0};
}
