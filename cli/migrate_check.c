/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was read is put together, and what does not fit is found before anything is written. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/migrate.h"
#include "lib/base/text.h"
#include "lib/doc/diff.h"

__attribute__((format(printf, 4, 5))) static void say_at(struct migration *m,
                                                         struct migrate_place at,
                                                         enum migrate_verdict verdict,
                                                         const char *sentence, ...)
{
        char text[MIGRATE_TEXT_SIZE];
        va_list args;

        va_start(args, sentence);
        vsnprintf(text, sizeof(text), sentence, args);
        va_end(args);
        m->file = at.file;
        migrate_say(m, at.line, verdict, "%s", text);
}

/* --- IPv6 --- */

static struct edge_network *wire_of(struct migration *m, const struct edge_network *six)
{
        for (size_t i = 0; six->shared_network[0] && i < m->network_count; i++)
                if (strcmp(m->networks[i].is.shared_network, six->shared_network) == 0 &&
                    !m->networks[i].is.subnet6[0])
                        return &m->networks[i].is;
        return m->network_count == 1 && m->subnet6_count == 1 ? &m->networks[0].is : NULL;
}

static void join_subnets6(struct migration *m)
{
        for (size_t i = 0; i < m->subnet6_count; i++) {
                const struct edge_network *six = &m->subnets6[i].is;
                struct edge_network *network = wire_of(m, six);

                if (!network) {
                        say_at(m, m->subnets6[i].at, MIGRATE_LEFT,
                               "which network of IPv4 is on the wire of %s is not said: write "
                               "'subnet6' and its pool into that",
                               six->subnet6);
                        continue;
                }
                memcpy(network->subnet6, six->subnet6, sizeof(network->subnet6));
                memcpy(network->pool6_first, six->pool6_first, sizeof(network->pool6_first));
                memcpy(network->pool6_last, six->pool6_last, sizeof(network->pool6_last));
                memcpy(network->dns6, six->dns6, sizeof(network->dns6));
                migrate_inherit(network, six);
        }
}

/* --- machines --- */

/* Hosts before leases, then as they were written. */
static int compare_places(const struct migrate_machine *a, const struct migrate_machine *b)
{
        if (a->is_lease != b->is_lease)
                return a->is_lease ? 1 : -1;
        if (a->at.file != b->at.file)
                return a->at.file < b->at.file ? -1 : 1;
        return a->at.line == b->at.line ? 0 : a->at.line < b->at.line ? -1 : 1;
}

static int by_address(const void *left, const void *right)
{
        const struct migrate_machine *a = *(struct migrate_machine *const *)left;
        const struct migrate_machine *b = *(struct migrate_machine *const *)right;
        const uint32_t x = ntohl(a->is.address.be), y = ntohl(b->is.address.be);

        return x != y ? (x < y ? -1 : 1) : compare_places(a, b);
}

static int by_mac(const void *left, const void *right)
{
        const struct migrate_machine *a = *(struct migrate_machine *const *)left;
        const struct migrate_machine *b = *(struct migrate_machine *const *)right;
        const int order = memcmp(&a->is.mac, &b->is.mac, sizeof(a->is.mac));

        return order != 0 ? order : compare_places(a, b);
}

/* Of the lines that leases have of one address the last counts; @all is sorted by address. */
static void choose_leases(struct migration *m, struct migrate_machine **all)
{
        const struct migrate_machine *later = NULL;

        for (size_t i = m->machine_count; i-- > 0; later = all[i]) {
                struct migrate_machine *machine = all[i];

                if (!machine->is_lease)
                        continue;
                machine->is_gone = !machine->is_active || !mac_is_usable(&machine->is.mac) ||
                                   (later && later->is_lease &&
                                    ip4_is_equal(later->is.address, machine->is.address));
                m->expired_count += !machine->is_active;
        }
}

static void find_same_address(struct migration *m, struct migrate_machine **all)
{
        const struct migrate_machine *last = NULL;
        char text[IP4_TEXT_SIZE];

        for (size_t i = 0; i < m->machine_count; i++) {
                struct migrate_machine *machine = all[i];

                if (machine->is_gone || !ip4_is_set(machine->is.address))
                        continue;
                if (!last || !ip4_is_equal(last->is.address, machine->is.address)) {
                        last = machine;
                        continue;
                }
                if (machine->is_lease && !last->is_lease) {
                        machine->is_gone = true;
                        if (!mac_is_equal(&machine->is.mac, &last->is.mac) &&
                            mac_is_usable(&last->is.mac))
                                say_at(m, machine->at, MIGRATE_LEFT,
                                       "another machine has a lease of %s, which is reserved",
                                       ip4_text(text, machine->is.address));
                        continue;
                }
                if (mac_is_usable(&machine->is.mac) &&
                    mac_is_equal(&machine->is.mac, &last->is.mac)) {
                        machine->is_gone = true; /* said twice alike */
                        continue;
                }
                say_at(m, machine->at, MIGRATE_WRONG,
                       "the address %s is another machine's, too: line %u of %s",
                       ip4_text(text, machine->is.address), last->at.line, m->files[last->at.file]);
        }
}

static void find_same_mac(struct migration *m, struct migrate_machine **all)
{
        const struct migrate_machine *last = NULL;
        char text[MAC_TEXT_SIZE];

        for (size_t i = 0; i < m->machine_count; i++) {
                struct migrate_machine *machine = all[i];

                if (machine->is_gone || !mac_is_usable(&machine->is.mac))
                        continue;
                if (!last || !mac_is_equal(&last->is.mac, &machine->is.mac)) {
                        last = machine;
                } else if (machine->is_lease) {
                        /* It has an address of its own: that counts. */
                        machine->is_gone = true;
                } else {
                        say_at(m, machine->at, MIGRATE_WRONG,
                               "the MAC %s is another machine's, too: line %u of %s",
                               mac_text(text, &machine->is.mac), last->at.line,
                               m->files[last->at.file]);
                }
        }
}

static bool is_inside(const struct migration *m, const struct doc *present, struct ip4_address ip)
{
        const struct doc *networks = doc_get(present, "networks");
        struct ip4_network network;

        for (size_t i = 0; i < m->network_count; i++)
                if (ip4_network_parse(m->networks[i].is.subnet, &network) == 0 &&
                    ip4_network_has(&network, ip))
                        return true;
        for (size_t i = 0; i < doc_count(networks); i++) {
                const char *text = doc_get_text(doc_at(networks, i), "subnet");

                if (text && ip4_network_parse(text, &network) == 0 && ip4_network_has(&network, ip))
                        return true;
        }
        return false;
}

static void find_outside(struct migration *m, const struct doc *present)
{
        char text[IP4_TEXT_SIZE];
        size_t count = 0;

        for (size_t i = 0; i < m->machine_count; i++) {
                struct migrate_machine *machine = &m->machines[i];

                if (machine->is_gone || !ip4_is_set(machine->is.address))
                        continue;
                if (!is_inside(m, present, machine->is.address)) {
                        say_at(m, machine->at, machine->is_lease ? MIGRATE_LEFT : MIGRATE_WRONG,
                               "the address %s is in no network",
                               ip4_text(text, machine->is.address));
                        machine->is_gone = machine->is_lease;
                } else if (++count == CONFIG_MAX_RESERVATIONS + 1) {
                        say_at(m, machine->at, MIGRATE_WRONG,
                               "there are more than %d machines with an address: leave out leases "
                               "files first",
                               CONFIG_MAX_RESERVATIONS);
                }
        }
}

static void check_machines(struct migration *m, const struct doc *present)
{
        _free_ struct migrate_machine **all = calloc(m->machine_count + 1, sizeof(*all));

        if (!all) {
                m->rc = -ENOMEM;
                return;
        }
        for (size_t i = 0; i < m->machine_count; i++) {
                all[i] = &m->machines[i];
                /* A reservation has one mark, and the MAC is what firmware and systems share. */
                if (mac_is_usable(&all[i]->is.mac))
                        all[i]->is.client_id[0] = '\0';
        }
        qsort(all, m->machine_count, sizeof(struct migrate_machine *), by_address);
        choose_leases(m, all);
        find_same_address(m, all);
        qsort(all, m->machine_count, sizeof(struct migrate_machine *), by_mac);
        find_same_mac(m, all);
        find_outside(m, present);
        for (size_t i = 0; i < m->machine_count; i++)
                m->lease_count += m->machines[i].is_lease && !m->machines[i].is_gone;
}

/* --- networks --- */

static bool has_pool(const struct edge_network *network)
{
        return ip4_is_set(network->pool_first) || network->pool_count > 0 ||
               network->pool6_first[0];
}

/* A network that gives addresses to reservations alone: one of them is its pool, which nobody gets
 * as it is reserved. */
static void fill_pool(struct migration *m, struct migrate_network *network)
{
        struct ip4_network subnet;

        if (ip4_network_parse(network->is.subnet, &subnet) < 0)
                return;
        for (size_t i = 0; i < m->machine_count; i++) {
                const struct migrate_machine *machine = &m->machines[i];

                if (machine->is_gone || !ip4_is_set(machine->is.address) ||
                    !ip4_network_has(&subnet, machine->is.address))
                        continue;
                network->is.pool_first = network->is.pool_last = machine->is.address;
                network->is.strangers = STRANGERS_LIST;
                say_at(m, network->at, MIGRATE_CHANGED,
                       "%s has no range: its pool is one reserved address, and 'strangers: list'",
                       network->is.subnet);
                return;
        }
}

/* An option for all may name the router of another network. */
static void check_router(struct migration *m, struct migrate_network *network)
{
        struct ip4_network subnet;
        char text[IP4_TEXT_SIZE];

        if (!ip4_is_set(network->is.router) || ip4_network_parse(network->is.subnet, &subnet) < 0 ||
            ip4_network_has(&subnet, network->is.router))
                return;
        if (network->is.mode == NETWORK_AUTHORITATIVE)
                say_at(m, network->at, MIGRATE_CHANGED,
                       "the router %s is not in %s, and is not told there",
                       ip4_text(text, network->is.router), network->is.subnet);
        network->is.router = (struct ip4_address){0};
}

static void check_networks(struct migration *m)
{
        size_t kept = 0;

        for (size_t i = 0; i < m->network_count; i++) {
                struct migrate_network *network = &m->networks[i];
                const struct edge_config alone = {.networks = &network->is, .network_count = 1};
                char error[DOC_ERROR_SIZE];

                if (network->is.mode == NETWORK_AUTHORITATIVE && !has_pool(&network->is)) {
                        fill_pool(m, network);
                        if (!has_pool(&network->is)) {
                                say_at(m, network->at, MIGRATE_LEFT,
                                       "%s has neither a range that comes over nor a machine",
                                       network->is.subnet);
                                continue;
                        }
                }
                check_router(m, network);
                if (edge_config_check(&alone, error) < 0)
                        say_at(m, network->at, MIGRATE_WRONG, "%s", error);
                m->networks[kept++] = *network;
        }
        m->network_count = kept;
}

static uint32_t number_of(struct ip4_address ip)
{
        return ntohl(ip.be);
}

static struct edge_pool pool_at(const struct edge_network *network, size_t index)
{
        if (index < network->pool_count)
                return network->pools[index];
        return (struct edge_pool){.first = network->pool_first, .last = network->pool_last};
}

static void find_overlaps(struct migration *m, const struct migrate_network *network)
{
        const size_t count = network->is.pool_count + ip4_is_set(network->is.pool_first);
        char a[IP4_TEXT_SIZE], b[IP4_TEXT_SIZE];

        for (size_t i = 0; i < count; i++) {
                const struct edge_pool one = pool_at(&network->is, i);

                for (size_t j = 0; j < i; j++) {
                        const struct edge_pool other = pool_at(&network->is, j);

                        if (number_of(one.first) <= number_of(other.last) &&
                            number_of(other.first) <= number_of(one.last))
                                say_at(m, network->at, MIGRATE_WRONG,
                                       "pools of %s overlap: those that begin with %s and %s",
                                       network->is.subnet, ip4_text(a, one.first),
                                       ip4_text(b, other.first));
                }
        }
}

static bool has_like(const struct doc *list, const struct doc *wanted)
{
        for (size_t i = 0; i < doc_count(list); i++) {
                const struct doc *have = doc_at(list, i);
                const char *name;
                struct doc *value;
                size_t at = 0;
                bool is_same = true;

                while (is_same && doc_next(wanted, &at, &name, &value) > 0) {
                        is_same = doc_is_same(value, doc_get(have, name));
                }
                if (is_same && doc_count(wanted) > 0)
                        return true;
        }
        return false;
}

static struct doc *encoded_network(const struct edge_network *network)
{
        struct doc *one = doc_encode(&edge_network_table, network);

        /* The default goes without saying. */
        if (network->protocol == 0)
                (void)doc_remove(one, "protocol");
        return one;
}

/* What is there already goes: the same command may be given twice. */
static void leave_out(struct migration *m, const struct doc *present)
{
        size_t kept = 0;

        for (size_t i = 0; i < m->network_count; i++) {
                _doc_ struct doc *one = encoded_network(&m->networks[i].is);

                if (!has_like(doc_get(present, "networks"), one))
                        m->networks[kept++] = m->networks[i];
        }
        m->network_count = kept;
        for (size_t i = 0; i < m->machine_count; i++) {
                struct migrate_machine *machine = &m->machines[i];
                _doc_ struct doc *one = doc_encode(&edge_reservation_table, &machine->is);

                if (!machine->is_gone && ip4_is_set(machine->is.address) &&
                    has_like(doc_get(present, "reservations"), one))
                        machine->is.address = (struct ip4_address){0};
        }
}

static struct doc *joined(const struct doc *present, const char *key, struct doc *take)
{
        _doc_ struct doc *ours = take;
        struct doc *all =
                doc_is_list(doc_get(present, key)) ? doc_copy(doc_get(present, key)) : doc_list();

        for (size_t i = 0; i < doc_count(ours); i++)
                (void)doc_append(all, doc_copy(doc_at(ours, i)));
        return all;
}

/* As cloudied does at its start. */
static void check_whole(struct migration *m, const struct doc *present)
{
        _doc_ struct doc *whole = doc_object();
        struct edge_config config = {0};
        char error[DOC_ERROR_SIZE] = "no memory";
        int rc;

        (void)doc_set_number(whole, "version", 1);
        (void)doc_set(whole, "networks", joined(present, "networks", migrate_networks_doc(m)));
        (void)doc_set(whole, "reservations",
                      joined(present, "reservations", migrate_reservations_doc(m)));
        rc = edge_config_decode(whole, error, &config);
        if (rc == 0) {
                rc = edge_config_check(&config, error);
                edge_config_done(&config);
        }
        if (rc < 0)
                migrate_say(m, 0, MIGRATE_WRONG, "all together: %s", error);
}

void migrate_finish(struct migration *m, const struct doc *present)
{
        if (m->rc < 0)
                return;
        join_subnets6(m);
        check_machines(m, present);
        for (size_t i = 0; i < m->network_count; i++)
                find_overlaps(m, &m->networks[i]);
        check_networks(m);
        leave_out(m, present);
        if (m->wrong_count == 0)
                check_whole(m, present);
}

struct doc *migrate_networks_doc(const struct migration *m)
{
        struct doc *list = doc_list();

        for (size_t i = 0; i < m->network_count; i++)
                if (doc_append(list, encoded_network(&m->networks[i].is)) < 0)
                        return doc_free(list);
        return list;
}

struct doc *migrate_reservations_doc(const struct migration *m)
{
        struct doc *list = doc_list();

        for (size_t i = 0; i < m->machine_count; i++) {
                const struct migrate_machine *machine = &m->machines[i];

                if (machine->is_gone || !ip4_is_set(machine->is.address))
                        continue;
                if (doc_append(list, doc_encode(&edge_reservation_table, &machine->is)) < 0)
                        return doc_free(list);
        }
        return list;
}

/* It names and labels the machine when it is discovered, and does nothing else. */
static struct doc *rule_of(const struct migrate_machine *machine)
{
        struct doc *rule = doc_object(), *spec = doc_object();
        char mac[MAC_TEXT_SIZE], text[MAC_TEXT_SIZE + 16];

        (void)mac_text(mac, &machine->is.mac);
        snprintf(text, sizeof(text), "machine-%s", mac);
        for (char *c = text; *c; c++)
                if (*c == ':')
                        *c = '-';
        (void)doc_set_text(rule, "kind", "rule");
        (void)doc_set_text(rule, "name", text);
        (void)doc_set_number(spec, "priority", 1000);
        snprintf(text, sizeof(text), "mac='%s'", mac);
        (void)doc_set_text(spec, "match", text);
        (void)doc_set_text(spec, "action", "hold");
        if (machine->is.name[0])
                (void)doc_set_text(spec, "names", machine->is.name);
        if (doc_count(machine->labels) > 0)
                (void)doc_set(spec, "labels", doc_copy(machine->labels));
        (void)doc_set(rule, "spec", spec);
        return rule;
}

struct doc *migrate_rules_doc(const struct migration *m)
{
        struct doc *list = doc_list();

        for (size_t i = 0; i < m->machine_count; i++) {
                const struct migrate_machine *machine = &m->machines[i];

                if (machine->is_gone || !machine->labels || !mac_is_usable(&machine->is.mac))
                        continue;
                if (doc_append(list, rule_of(machine)) < 0)
                        return doc_free(list);
        }
        return list;
}
