/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The words of the wire: /edge/v1 and /agent/v1. docs/protocol.md says how they are used. */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/ip6.h"
#include "lib/base/net.h"
#include "lib/doc/table.h"
#include "lib/node/plan.h"
#include "lib/node/step.h"

#define WIRE_TOKEN_SIZE     65 /* 64 hex digits */
#define WIRE_KEY_SIZE       45 /* base64 of an Ed25519 public key */
#define WIRE_SIGNATURE_SIZE 89 /* base64 of an Ed25519 signature */
#define WIRE_NAME_SIZE      64

/* POST /edge/v1/join */
struct edge_join {
        char token[WIRE_TOKEN_SIZE];
        char name[WIRE_NAME_SIZE];
};
struct edge_joined {
        char credential[WIRE_TOKEN_SIZE];
};
extern const struct doc_table edge_join_table, edge_joined_table;

/*
 * GET /edge/v1/config: what the controller has a netbootd serve. Also the form of
 * `networks` in cloudied.yaml.
 */
enum boot_protocol { BOOT_PROTOCOL_HTTP, BOOT_PROTOCOL_TFTP, BOOT_PROTOCOL_COUNT };
extern const char *const boot_protocol_names[BOOT_PROTOCOL_COUNT + 1]; /* "http", "tftp" */

/* What becomes of machines that the controller does not know. */
enum stranger_policy {
        STRANGERS_DISCOVER,
        STRANGERS_LIST, /* they are told nothing, and listed: beside somebody else's DHCP server */
        STRANGER_POLICY_COUNT
};
extern const char *const stranger_policy_names[STRANGER_POLICY_COUNT + 1]; /* "discover", "list" */

/* What a netbootd does where DHCP is concerned. */
enum network_mode {
        NETWORK_AUTHORITATIVE, /* it gives the addresses */
        NETWORK_PROXY,         /* somebody else's server gives them: it only says what to boot */
        NETWORK_LISTEN,        /* it tells nobody anything, and lists who asked to boot */
        NETWORK_MODE_COUNT
};
extern const char *const network_mode_names[NETWORK_MODE_COUNT + 1];

#define CONFIG_MAX_POOL         65536 /* addresses of one network: what a netbootd holds, a /16 */
#define CONFIG_MAX_POOL6        (1 << 20) /* of IPv6: a bit each */
#define CONFIG_MAX_NETWORKS     64
#define CONFIG_MAX_RESERVATIONS 4096
#define CONFIG_MAX_ROUTERS      4
#define CONFIG_MAX_POOLS        8      /* of one network, beside pool_first and pool_last */
#define CONFIG_MAX_RELAYS       8      /* of one network */
#define CONFIG_MAX_DISKS        100000 /* machines that boot their disk: all nodes of a site */
#define CONFIG_MAX_KNOWN        100000 /* MACs of nodes: as many */
#define CONFIG_MAX_PORTS        4096 /* machines that restart into what was just installed, at once */

/* Bytes that a machine or a relay says, as text: "0x00010a" in hexadecimal, else as they are. */
#define EDGE_BYTES_TEXT_SIZE 64
#define EDGE_BYTES_MAX       60

/* @size: at least EDGE_BYTES_MAX. Bytes; 0 for ""; -EINVAL for an odd or too long "0x...". */
ssize_t edge_bytes_parse(const char *text, uint8_t *to);

/* Which machines a pool is for: all that is said must be true of one. */
struct edge_match {
        char architectures[4][24]; /* any of these: a name of architecture_text(), or a number */
        size_t architecture_count;
        char vendor_class[64]; /* what option 60 begins with */
        char user_class[64];   /* one of option 77 */
        struct ip4_address relay;
        char circuit[EDGE_BYTES_TEXT_SIZE], remote[EDGE_BYTES_TEXT_SIZE]; /* option 82 */
        char mac_prefix[MAC_TEXT_SIZE];                                   /* "52:54:00" */
};

struct edge_pool {
        struct ip4_address first, last; /* inclusive */
        struct edge_match match;
};

/* The numbers of option 93 that a name stands for. Their count, at most 2; 0: it is no name. */
size_t edge_architecture_parse(const char *name, uint16_t ret[static 2]);
/* Bytes of a MAC's beginning: 1 to 6; 0 for ""; -EINVAL. */
ssize_t edge_mac_prefix_parse(const char *text, uint8_t ret[static 6]);

/* "nfs://10.77.0.2/freebsd": option 17, as the loader of the system wants it. */
#define EDGE_ROOT_SIZE 256

struct edge_network {
        char name[WIRE_NAME_SIZE];
        char subnet[20]; /* "10.77.0.0/24" */
        enum network_mode mode;
        char shared_network[WIRE_NAME_SIZE]; /* those that say the same are one wire; "" none */
        struct ip4_address pool_first, pool_last; /* inclusive; both zero: only what pools say */
        struct edge_pool pools[CONFIG_MAX_POOLS];
        size_t pool_count;
        /* Those that may speak for it: giaddr, and of IPv6 where their messages come from. */
        char relays[CONFIG_MAX_RELAYS][IP_TEXT_SIZE];
        size_t relay_count;
        char captive_portal[256];  /* RFC 8910, a URL; "" none */
        struct ip4_address router; /* zero: none is told */
        struct ip4_address dns;    /* zero: none is told */
        char domain[128];
        uint32_t lease_s;            /* 0: 3600 */
        enum boot_protocol protocol; /* how loader, script, kernel and ramdisk travel */
        bool reload_ipxe;            /* have an iPXE of the card load ours first */
        bool https_boot;             /* UEFI HTTP Boot by HTTPS alone */
        enum stranger_policy strangers;
        /* As texts; "": none. A netbootd that does not know them serves IPv4 alone. */
        char subnet6[48];                                           /* "fd77::/64" */
        char pool6_first[IP6_TEXT_SIZE], pool6_last[IP6_TEXT_SIZE]; /* inclusive */
        char dns6[IP6_TEXT_SIZE];
        char root_path[EDGE_ROOT_SIZE]; /* as of struct edge_reservation, for those that say none */
};
extern const struct doc_table edge_network_table;

/* Of a MAC, or of whoever says the client id, the UUID, or is at this port: one of the four. */
struct edge_reservation {
        struct mac_address mac;
        char client_id[EDGE_BYTES_TEXT_SIZE];
        struct uuid uuid;
        char circuit[EDGE_BYTES_TEXT_SIZE], remote[EDGE_BYTES_TEXT_SIZE];
        struct ip4_address address;
        char address6[IP6_TEXT_SIZE]; /* by mac or uuid alone; "": none */
        char name[NODE_NAME_SIZE];    /* host name told to the machine; "" none */
        /* Where its system has its root, told over IPv4 to whatever of it asks; "" its network's.
         */
        char root_path[EDGE_ROOT_SIZE];
};
extern const struct doc_table edge_reservation_table;

/* A network whose strangers an operator has discovered for a while, though its policy is `list`. */
struct edge_opening {
        char network[WIRE_NAME_SIZE];
        uint64_t until_ms; /* wall clock; it may lie in the past: see DISCOVERY_GRACE_MS */
};
/* An opening is an afternoon's work. One that ends later than this and the grace below, by the
 * clock of whoever reads it, is not believed: one of the two clocks is wrong. */
#define DISCOVERY_MAX_MS (24ULL * 60 * 60 * 1000)
#define DISCOVERY_MIN_MS (60ULL * 1000) /* shorter than a boot is a mistake */
/* A machine that was given an address before the end may finish its boot. */
#define DISCOVERY_GRACE_MS (10ULL * 60 * 1000)
/* A machine whose install ends when something answers at this TCP port. */
struct edge_port {
        struct mac_address mac;
        uint32_t port;
        uint64_t operation; /* its number, given back in the event: an older install's answer ends
                               no newer one */
};
/* A machine of a deployed node. */
struct edge_disk {
        struct mac_address mac;
        struct uuid esp; /* as of struct boot_plan */
};

struct edge_config {
        uint64_t version;
        struct edge_network *networks; /* both arrays are owned */
        size_t network_count;
        struct edge_reservation *reservations;
        size_t reservation_count;
        struct edge_disk *disks; /* owned; these boot their disk while the controller is away */
        size_t disk_count;
        struct mac_address *known; /* owned; the MACs of nodes: what is scarce is for them */
        size_t known_count;
        struct edge_opening *openings; /* owned; at most one a network */
        size_t opening_count;
        struct edge_port *ports; /* owned; to be looked for at what these machines lease */
        size_t port_count;
};
int edge_config_decode(const struct doc *object, char *error, struct edge_config *ret);
struct doc *edge_config_encode(const struct edge_config *config);
void edge_config_done(struct edge_config *config);

/* The network's addresses of IPv6, which edge_config_check() has checked. */
struct edge_network6 {
        struct ip6_network network;
        struct ip6_address first, last; /* unset: the edge gives none */
        struct ip6_address dns;         /* unset: none is told */
};
/* False: there are none. */
bool edge_network6_get(const struct edge_network *network, struct edge_network6 *ret);

/* The edge gives addresses of IPv4 there: by its mode, and as it has pools of them. */
bool edge_network_gives_ip4(const struct edge_network *network);

/* edge_config_check()'s part for these. 0, or -EINVAL with a sentence. */
int edge_config_check_networks6(const struct edge_config *config, char *error);

/* Checks what a table cannot: pools inside the subnet, subnets apart, reservations inside.
 * 0, or -EINVAL with a sentence. */
int edge_config_check(const struct edge_config *config, char *error);

/* POST /agent/v1/claim */
struct agent_claim {
        char boot[BOOT_TEXT_SIZE];
        char public_key[WIRE_KEY_SIZE];
        char signature[WIRE_SIGNATURE_SIZE]; /* over CLAIM_PREFIX and the boot number */
        struct mac_address mac;              /* interface that booted */
        struct ip_address address;
        struct uuid uuid; /* SMBIOS type 1 */
        char version[32];
};
#define CLAIM_PREFIX "cloudie-claim-v1:"
struct agent_claimed {
        char node[NODE_NAME_SIZE];
        char token[WIRE_TOKEN_SIZE];
        uint64_t generation;
        uint64_t now_ms; /* the controller's clock, so that a timeline has one; 0: not said */
};
extern const struct doc_table agent_claim_table, agent_claimed_table;

/* GET /agent/v1/orders */
enum agent_order {
        ORDER_HOLD,
        ORDER_REBOOT,  /* restart the machine, through the firmware */
        ORDER_INSTALL, /* fetch the plan, and do it */
        ORDER_COUNT
};
extern const char *const agent_order_names[ORDER_COUNT + 1]; /* "hold", "reboot", "install" */
struct agent_orders {
        uint64_t generation;
        enum agent_order order;
        char reason[PLAN_REASON_SIZE];
};
extern const struct doc_table agent_orders_table;

/* A list of events: POST /edge/v1/events and /agent/v1/events. At most EVENTS_MAX in one call. */
#define EVENTS_MAX 256
struct doc *node_events_encode(const struct node_event *events, size_t count);
/* Fills at most EVENTS_MAX; -E2BIG for more. */
int node_events_decode(const struct doc *object, char *error,
                       struct node_event ret[static EVENTS_MAX], size_t *ret_count);

/* netboot/manifest.json, made by cloudie-mkimage, signed by cloudied. */
enum asset_role {
        ROLE_KERNEL,
        ROLE_RAMDISK,
        ROLE_STAGE_TWO,
        ROLE_LOADER,
        ROLE_SECOND_LOADER, /* what a loader loads by itself */
        ROLE_BOOT_IMAGE,    /* all of these as one disk, for UEFI HTTP Boot */
        ROLE_COUNT
};
extern const char
        *const asset_role_names[ROLE_COUNT + 1]; /* "kernel", "ramdisk", "stage-two",
                                                    "loader", "second-loader", "boot-image" */
#define MANIFEST_MAX_FILES 32
struct asset {
        char name[WIRE_NAME_SIZE]; /* [a-z0-9.-]+, no leading dot */
        uint64_t size;
        char sha256[65];
        enum asset_role role;
};
struct asset_manifest {
        char kernel_version[64];
        struct asset files[MANIFEST_MAX_FILES];
        size_t count;
};
int asset_manifest_decode(const struct doc *object, char *error, struct asset_manifest *ret);
const struct asset *asset_manifest_find(const struct asset_manifest *manifest, const char *name);
const struct asset *asset_manifest_role(const struct asset_manifest *manifest,
                                        enum asset_role role);
bool asset_name_is_safe(const char *name);
