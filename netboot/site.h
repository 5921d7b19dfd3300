/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Site: the networks that the controller has us serve, our own address in each, and which machines
 * boot their disk while it is away. */

#include <stdbool.h>

#include "lib/node/wire.h"
#include "netboot/interface.h"
#include "pxe/answer.h"

struct site;

/* Our own, of all interfaces. */
#define SITE_MAX_ADDRESSES (NETBOOTD_MAX_INTERFACES * (1 + NETBOOT_MAX_ADDRESSES6))

/* @https_port: 0: no HTTPS. NULL without memory. */
struct site *site_new(uint16_t http_port, uint16_t https_port);
struct site *site_free(struct site *site);

/* In the place of those before; @count: SITE_MAX_ADDRESSES at most. Any thread. */
void site_set_addresses(struct site *site, const struct ip_address *addresses, size_t count);

/* Takes networks and disks over; @config was checked. Any thread. 0 or -ENOMEM. */
int site_apply(struct site *site, const struct edge_config *config);

/* The network that holds @address, and how it boots: from an address of ours of the same kind.
 * -ENOENT. Any thread. */
int site_find(struct site *site, struct ip_address address, struct edge_network *ret_network,
              struct pxe_site *ret_pxe);

/* What we do in the network that holds @address; NETWORK_AUTHORITATIVE for all others, where nobody
 * is served anyhow. Any thread. */
enum network_mode site_mode(struct site *site, struct ip4_address address);

/* Where the system of the machine with this address has its root: what its reservation says, else
 * its network. False: none is said. Any thread. */
bool site_root_path(struct site *site, struct ip4_address address, char ret[static EDGE_ROOT_SIZE]);

/* Some network has another mode than that. Any thread. */
bool site_has_modes(struct site *site);

/* This machine is deployed, as far as the controller told: it boots its disk while the controller
 * is away. @ret_esp: by which partition, as of struct boot_plan; may be NULL. Any thread. */
bool site_boots_disk(struct site *site, const struct mac_address *mac, struct uuid *ret_esp);

/**
 * site_serves() - is this machine served on this network, by what the controller told?
 * @network:    the network's own address
 * @has_lease:  it holds an address of ours
 * @wall_ms:    now, of the clock that openings are in
 *
 * Where strangers are only listed: nodes; all while the network is open; who got an address then
 * for DISCOVERY_GRACE_MS more, to end its boot. Any thread.
 */
bool site_serves(struct site *site, const struct mac_address *mac, struct ip4_address network,
                 bool has_lease, uint64_t wall_ms);

/* The controller has a node with this MAC. Any thread. */
bool site_knows(struct site *site, const struct mac_address *mac);

/**
 * site_find6() - the network that has one of these addresses of IPv6
 * @addresses:  those of an interface of ours
 * @ret_ours:   which of them; may be NULL
 * @ret:        its IPv6 part
 *
 * Return: 0, or -ENOENT. Any thread.
 */
int site_find6(struct site *site, const struct ip6_address *addresses, size_t count,
               struct ip6_address *ret_ours, struct edge_network6 *ret);

/* Some network has a part of IPv6. Any thread. */
bool site_has_ip6(struct site *site);

/* As site_serves(), by the network's IPv6 address. Any thread. */
bool site_serves6(struct site *site, const struct mac_address *mac,
                  const struct ip6_network *network, bool has_lease, uint64_t wall_ms);

/* Our address of IPv4 in this network, else any of ours; unset: none at all. Any thread. */
struct ip4_address site_address_in(struct site *site, const struct ip4_network *network);
