/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kea-dhcp4.conf and kea-dhcp6.conf: JSON with comments and commas at the end, as
 * Kea takes it. That is made JSON first, and each object is told the line it
 * begins on, so that a finding has one. A row a key.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/migrate.h"
#include "lib/base/buffer.h"
#include "lib/base/text.h"

#define LINE_KEY "@line" /* no key of Kea's */

/* Kea's own limits are none; a site of 4,096 reservations has 100,000 values. */
static const struct doc_limits limits = {
        .size = 2 * MIGRATE_SIZE_MAX, .depth = 24, .count = 1000000};

/* --- JSON of what Kea takes --- */

struct cleaner {
        struct migration *m;
        struct reader text;
        struct buffer out;
        unsigned line;
        bool is_comma_due; /* before whatever comes, unless an end does */
};

static int peek(const struct cleaner *c)
{
        return reader_left(&c->text) > 0 ? *c->text.at : 0;
}

static void put(struct cleaner *c, uint8_t byte)
{
        buffer_add(&c->out, &byte, 1);
}

static void skip_line(struct cleaner *c)
{
        while (reader_left(&c->text) > 0 && peek(c) != '\n')
                (void)reader_skip(&c->text, 1);
}

static void skip_remark(struct cleaner *c)
{
        uint8_t byte, before = 0;

        (void)reader_skip(&c->text, 1);
        while (reader_u8(&c->text, &byte) == 0) {
                if (byte == '\n') {
                        c->line++;
                        put(c, byte);
                }
                if (before == '*' && byte == '/')
                        return;
                before = byte;
        }
}

static void copy_string(struct cleaner *c)
{
        uint8_t byte, before = 0;

        put(c, '"');
        while (reader_u8(&c->text, &byte) == 0) {
                put(c, byte);
                if (byte == '\n')
                        c->line++;
                if (byte == '"' && before != '\\')
                        return;
                before = before == '\\' ? 0 : byte;
        }
}

static void skip_include(struct cleaner *c)
{
        migrate_say(c->m, c->line, MIGRATE_WRONG,
                    "<?include?> is not followed: put the file's text in its place");
        skip_line(c);
}

static void clean_one(struct cleaner *c, uint8_t byte)
{
        if (c->is_comma_due && byte != '}' && byte != ']')
                put(c, ',');
        c->is_comma_due = byte == ',' || byte == '{';
        if (byte == '"')
                copy_string(c);
        else if (byte == '{')
                buffer_format(&c->out, "{\"" LINE_KEY "\":%u", c->line);
        else if (byte != ',')
                put(c, byte);
}

static void clean(struct cleaner *c)
{
        uint8_t byte;

        while (reader_u8(&c->text, &byte) == 0) {
                if (byte == '\n') {
                        c->line++;
                        put(c, byte);
                } else if (byte == ' ' || byte == '\t' || byte == '\r') {
                        put(c, ' ');
                } else if (byte == '#' || (byte == '/' && peek(c) == '/')) {
                        skip_line(c);
                } else if (byte == '/' && peek(c) == '*') {
                        skip_remark(c);
                } else if (byte == '<' && peek(c) == '?') {
                        skip_include(c);
                } else {
                        clean_one(c, byte);
                }
        }
}

/* --- keys --- */

struct scope {
        struct edge_network says;
        struct edge_network *network; /* NULL: outside of a subnet */
        struct edge_network *subnet6;
        bool is_6; /* inside of Dhcp6 */
};

struct key {
        const char *name;
        void (*take)(struct migration *m, struct scope *scope, const struct doc *value,
                     unsigned line);
};

static unsigned line_of(const struct doc *object)
{
        return (unsigned)doc_get_number(object, LINE_KEY, 1);
}

static void take_object(struct migration *m, struct scope *scope, const struct doc *object,
                        const struct key *keys, const struct migrate_word *words);

static void take_lifetime(struct migration *m, struct scope *scope, const struct doc *value,
                          unsigned line)
{
        char text[24];
        const char *values = text;

        snprintf(text, sizeof(text), "%" PRId64, doc_number(value));
        migrate_option(m, line, &scope->says, "dhcp-lease-time", &values, 1);
}

/* "10.0.0.1, 10.0.0.2" */
static void take_option(struct migration *m, struct scope *scope, const struct doc *option)
{
        const char *name = doc_get_text(option, "name"), *data = doc_get_text(option, "data");
        const char *values[16];
        char number[24], words[MIGRATE_WORD_SIZE * 2], *state = NULL;
        size_t count = 0;

        if (!data || text_copy(words, sizeof(words), data) < 0)
                data = NULL;
        if (!name) {
                snprintf(number, sizeof(number), "%s%" PRId64, scope->is_6 ? "option6:" : "",
                         doc_get_number(option, "code", 0));
                name = number;
        }
        if (!data || text_is_equal(doc_get_text(option, "space"), "vendor-4491") ||
            (doc_get(option, "csv-format") && !doc_get_bool(option, "csv-format", true))) {
                migrate_say(m, line_of(option), MIGRATE_LEFT,
                            "Cloudie does not tell the option '%s'", name);
                return;
        }
        for (char *word = strtok_r(words, ", ", &state); word && count < ARRAY_SIZE(values);
             word = strtok_r(NULL, ", ", &state))
                values[count++] = word;
        migrate_option(m, line_of(option), &scope->says, name, values, count);
}

static void take_options(struct migration *m, struct scope *scope, const struct doc *value,
                         unsigned line)
{
        (void)line;
        for (size_t i = 0; i < doc_count(value); i++)
                take_option(m, scope, doc_at(value, i));
}

static void take_pool6(struct migration *m, struct edge_network *subnet, struct ip_address first,
                       struct ip_address last, unsigned line)
{
        if (subnet->pool6_first[0]) {
                migrate_say(m, line, MIGRATE_LEFT,
                            "a network has one pool of IPv6, which is the first");
                return;
        }
        (void)ip_text(subnet->pool6_first, first);
        (void)ip_text(subnet->pool6_last, last);
}

static void take_pool(struct migration *m, struct scope *scope, const struct doc *pool)
{
        const char *text = doc_get_text(pool, "pool");
        struct ip_address first, last;

        if (doc_get(pool, "client-class") || doc_get(pool, "client-classes") ||
            doc_get(pool, "require-client-classes"))
                migrate_say(m, line_of(pool), MIGRATE_LEFT,
                            "the pool is for some machines: write it with 'match' "
                            "(docs/configuration.md#match)");
        else if (!text || migrate_range(text, &first, &last) < 0 ||
                 ip_is_4(first) != (scope->network != NULL))
                migrate_say(m, line_of(pool), MIGRATE_WRONG, "pool: '%s' is none",
                            text ? text : "");
        else if (scope->network)
                migrate_pool(m, line_of(pool), scope->network, ip_to4(first), ip_to4(last));
        else if (scope->subnet6)
                take_pool6(m, scope->subnet6, first, last, line_of(pool));
        if (doc_count(doc_get(pool, "option-data")) > 0)
                migrate_say(m, line_of(pool), MIGRATE_LEFT,
                            "options of one pool are not told; its network's are");
}

static void take_pools(struct migration *m, struct scope *scope, const struct doc *value,
                       unsigned line)
{
        (void)line;
        for (size_t i = 0; i < doc_count(value); i++)
                take_pool(m, scope, doc_at(value, i));
}

static void add_relay(struct migration *m, struct edge_network *network, const char *text,
                      unsigned line)
{
        if (network->relay_count == CONFIG_MAX_RELAYS)
                migrate_say(m, line, MIGRATE_WRONG, "there are more than %d relays",
                            CONFIG_MAX_RELAYS);
        else if (!text || text_copy(network->relays[network->relay_count], IP_TEXT_SIZE, text) < 0)
                migrate_say(m, line, MIGRATE_LEFT, "the relay is no address");
        else
                network->relay_count++;
}

static void take_relay(struct migration *m, struct scope *scope, const struct doc *value,
                       unsigned line)
{
        const struct doc *list = doc_get(value, "ip-addresses");

        if (!scope->network)
                return;
        for (size_t i = 0; i < doc_count(list); i++)
                add_relay(m, scope->network, doc_text(doc_at(list, i)), line);
        if (doc_get(value, "ip-address"))
                add_relay(m, scope->network, doc_get_text(value, "ip-address"), line);
}

/* --- reservations --- */

static bool take_marks(struct migration *m, const struct doc *host, struct edge_reservation *to)
{
        const char *mac = doc_get_text(host, "hw-address"), *id = doc_get_text(host, "client-id");
        const char *circuit = doc_get_text(host, "circuit-id");

        if (mac && migrate_mac(mac, &to->mac) == 0)
                return true;
        if (id) {
                size_t size = 2;

                memcpy(to->client_id, "0x", 3);
                for (; *id && size < sizeof(to->client_id) - 1; id++)
                        if (*id != ':')
                                to->client_id[size++] = *id;
                to->client_id[size] = '\0';
                return *id == '\0';
        }
        if (circuit && circuit[0] == '\'') {
                const size_t size = strlen(circuit);

                return text_copy_bytes(to->circuit, sizeof(to->circuit), circuit + 1,
                                       size > 2 ? size - 2 : 0) == 0;
        }
        if (circuit)
                return text_copy(to->circuit, sizeof(to->circuit), circuit) == 0;
        migrate_say(m, line_of(host), MIGRATE_LEFT,
                    "the reservation has no MAC, client id or circuit that Cloudie knows it by%s",
                    doc_get(host, "duid") ? ": a machine of IPv6 is known by its MAC" : "");
        return false;
}

static void take_reservation(struct migration *m, const struct doc *host)
{
        const char *address = doc_get_text(host, "ip-address");
        const char *six = doc_text(doc_at(doc_get(host, "ip-addresses"), 0));
        struct migrate_machine machine = {.is_active = true}, *kept;
        struct ip6_address address6;

        if (!take_marks(m, host, &machine.is))
                return;
        if (address && ip4_parse(address, &machine.is.address) < 0)
                migrate_say(m, line_of(host), MIGRATE_WRONG, "'%s' is no address", address);
        if (six && ip6_parse(six, &address6) == 0)
                (void)ip6_text(machine.is.address6, &address6);
        if (doc_get_text(host, "hostname"))
                migrate_name(m, line_of(host), doc_get_text(host, "hostname"), machine.is.name);
        if (doc_count(doc_get(host, "option-data")) > 0)
                migrate_say(m, line_of(host), MIGRATE_LEFT,
                            "options of one machine are not told; its network's are");
        if (doc_get(host, "next-server") || doc_get(host, "boot-file-name"))
                (void)migrate_word_say(m, line_of(host), migrate_words_boot, "boot-file-name");
        if (doc_get(host, "client-classes"))
                migrate_say(m, line_of(host), MIGRATE_LEFT,
                            "classes are 'match' of a pool (docs/configuration.md#match)");
        kept = migrate_machine_new(m, line_of(host));
        if (kept) {
                machine.at = kept->at;
                *kept = machine;
        }
}

static void take_reservations(struct migration *m, struct scope *scope, const struct doc *value,
                              unsigned line)
{
        (void)scope;
        (void)line;
        for (size_t i = 0; i < doc_count(value); i++)
                take_reservation(m, doc_at(value, i));
}

/* --- subnets --- */

static const struct key subnet_keys[] = {
        {"valid-lifetime", take_lifetime    },
        {"option-data",    take_options     },
        {"pools",          take_pools       },
        {"relay",          take_relay       },
        {"reservations",   take_reservations},
        {NULL,             NULL             },
};

#define CLASSES   "classes are 'match' of a pool (docs/configuration.md#match)"
#define ELSEWHERE "it says how Kea runs, which is netbootd.yaml's here"
static const struct migrate_word words[] = {
        {LINE_KEY,                       MIGRATE_LEFT,     NULL                                               },
        {"id",                           MIGRATE_LEFT,     NULL                                               },
        {"subnet",                       MIGRATE_LEFT,     NULL                                               },
        {"name",                         MIGRATE_LEFT,     NULL                                               },
        {"comment",                      MIGRATE_LEFT,     NULL                                               },
        {"user-context",                 MIGRATE_LEFT,     NULL                                               },
        {"renew-timer",                  MIGRATE_LEFT,     NULL                                               },
        {"rebind-timer",                 MIGRATE_LEFT,     NULL                                               },
        {"calculate-tee-times",          MIGRATE_LEFT,     NULL                                               },
        {"min-valid-lifetime",           MIGRATE_LEFT,     NULL                                               },
        {"max-valid-lifetime",           MIGRATE_LEFT,     NULL                                               },
        {"preferred-lifetime",           MIGRATE_LEFT,     NULL                                               },
        {"authoritative",                MIGRATE_LEFT,     NULL                                               },
        {"interface",                    MIGRATE_LEFT,     NULL                                               },
        {"reservation-mode",             MIGRATE_LEFT,     NULL                                               },
        {"reservations-*",               MIGRATE_LEFT,     NULL                                               },
        {"host-reservation-identifiers", MIGRATE_LEFT,     NULL                                               },
        {"match-client-id",              MIGRATE_LEFT,     NULL                                               },
        {"echo-client-id",               MIGRATE_LEFT,     NULL                                               },
        {"store-extended-info",          MIGRATE_LEFT,     NULL                                               },
        {"expired-leases-processing",    MIGRATE_LEFT,     NULL                                               },
        {"interfaces-config",            MIGRATE_REPLACED,
         "'interfaces' of netbootd.yaml says where it serves"                                                 },
        {"lease-database",               MIGRATE_REPLACED, "leases are in the netbootd's journal"             },
        {"hosts-database*",              MIGRATE_LEFT,
         "reservations in a database do not come over: export them as CSV"                                    },
        {"control-socket*",              MIGRATE_REPLACED, "cloudied's API takes its place (docs/protocol.md)"},
        {"loggers",                      MIGRATE_LEFT,     NULL                                               },
        {"sanity-checks",                MIGRATE_LEFT,     NULL                                               },
        {"multi-threading",              MIGRATE_LEFT,     NULL                                               },
        {"dhcp-queue-control",           MIGRATE_LEFT,     NULL                                               },
        {"decline-probation-period",     MIGRATE_LEFT,     NULL                                               },
        {"server-id",                    MIGRATE_LEFT,     ELSEWHERE                                          },
        {"server-tag",                   MIGRATE_LEFT,     ELSEWHERE                                          },
        {"hooks-libraries",              MIGRATE_LEFT,     "libraries of Kea's do not come over"              },
        {"client-class*",                MIGRATE_LEFT,     CLASSES                                            },
        {"require-client-classes",       MIGRATE_LEFT,     CLASSES                                            },
        {"option-def",                   MIGRATE_LEFT,     "Cloudie tells no options of your own"             },
        {"dhcp-ddns",                    MIGRATE_LEFT,     "Cloudie makes no entries in the DNS for leases"   },
        {"ddns-*",                       MIGRATE_LEFT,     "Cloudie makes no entries in the DNS for leases"   },
        {"pd-pools",                     MIGRATE_LEFT,     "prefixes are somebody else's to delegate"         },
        {"rapid-commit",                 MIGRATE_LEFT,     NULL                                               },
        {NULL,                           MIGRATE_LEFT,     NULL                                               },
};

static void take_subnet4(struct migration *m, const struct doc *subnet)
{
        const char *text = doc_get_text(subnet, "subnet");
        struct scope scope = {0};
        struct migrate_network *network;
        struct ip4_network parsed;

        if (!text || ip4_network_parse(text, &parsed) < 0) {
                migrate_say(m, line_of(subnet), MIGRATE_WRONG, "subnet: '%s' is none",
                            text ? text : "");
                return;
        }
        network = migrate_network_new(m, line_of(subnet));
        if (!network)
                return;
        migrate_set_subnet(&network->is, parsed.address, parsed.prefix);
        scope.network = &network->is;
        take_object(m, &scope, subnet, subnet_keys, words);
        migrate_inherit(&network->is, &scope.says);
}

static void take_subnet6(struct migration *m, const struct doc *subnet)
{
        const char *text = doc_get_text(subnet, "subnet");
        struct scope scope = {.is_6 = true};
        struct migrate_subnet6 *kept;
        struct ip6_network parsed;

        if (!text || ip6_network_parse(text, &parsed) < 0) {
                migrate_say(m, line_of(subnet), MIGRATE_WRONG, "subnet: '%s' is none",
                            text ? text : "");
                return;
        }
        kept = migrate_subnet6_new(m, line_of(subnet));
        if (!kept)
                return;
        (void)text_copy(kept->is.subnet6, sizeof(kept->is.subnet6), text);
        scope.subnet6 = &kept->is;
        take_object(m, &scope, subnet, subnet_keys, words);
        migrate_inherit(&kept->is, &scope.says);
}

static void take_subnets4(struct migration *m, struct scope *scope, const struct doc *value,
                          unsigned line)
{
        (void)scope;
        (void)line;
        for (size_t i = 0; i < doc_count(value); i++)
                take_subnet4(m, doc_at(value, i));
}

static void take_subnets6(struct migration *m, struct scope *scope, const struct doc *value,
                          unsigned line)
{
        (void)scope;
        (void)line;
        for (size_t i = 0; i < doc_count(value); i++)
                take_subnet6(m, doc_at(value, i));
}

static const struct key shared_keys[] = {
        {"valid-lifetime", take_lifetime    },
        {"option-data",    take_options     },
        {"subnet4",        take_subnets4    },
        {"subnet6",        take_subnets6    },
        {"reservations",   take_reservations},
        {NULL,             NULL             },
};

static void inherit_from(struct migration *m, const struct scope *scope, size_t first,
                         size_t first6)
{
        for (size_t i = first; i < m->network_count; i++)
                migrate_inherit(&m->networks[i].is, &scope->says);
        for (size_t i = first6; i < m->subnet6_count; i++)
                migrate_inherit(&m->subnets6[i].is, &scope->says);
}

static void take_shared(struct migration *m, struct scope *outer, const struct doc *value,
                        unsigned line)
{
        (void)line;
        for (size_t i = 0; i < doc_count(value); i++) {
                const struct doc *shared = doc_at(value, i);
                const char *name = doc_get_text(shared, "name");
                const size_t first = m->network_count, first6 = m->subnet6_count;
                struct scope scope = {.is_6 = outer->is_6};

                if (!name || text_copy(scope.says.shared_network, sizeof(scope.says.shared_network),
                                       name) < 0)
                        migrate_say(m, line_of(shared), MIGRATE_WRONG,
                                    "the shared network has no name, or a long one");
                take_object(m, &scope, shared, shared_keys, words);
                inherit_from(m, &scope, first, first6);
        }
}

static const struct key server_keys[] = {
        {"valid-lifetime",  take_lifetime    },
        {"option-data",     take_options     },
        {"subnet4",         take_subnets4    },
        {"subnet6",         take_subnets6    },
        {"shared-networks", take_shared      },
        {"reservations",    take_reservations},
        {NULL,              NULL             },
};

static void take_object(struct migration *m, struct scope *scope, const struct doc *object,
                        const struct key *keys, const struct migrate_word *left)
{
        const struct doc *found;
        struct doc *value;
        const char *name;
        size_t at = 0;

        while (doc_next(object, &at, &name, &value) > 0) {
                const struct key *key = keys;

                while (key->name && strcmp(key->name, name) != 0)
                        key++;
                found = doc_at(value, 0);
                if (key->name)
                        key->take(m, scope, value, line_of(object));
                else if (!migrate_word_say(m, found ? line_of(found) : line_of(object), left,
                                           name) &&
                         !migrate_word_say(m, line_of(object), migrate_words_boot, name))
                        migrate_say(m, line_of(object), MIGRATE_LEFT, "'%s' is not understood",
                                    name);
        }
}

static void take_server(struct migration *m, const struct doc *server, bool is_6)
{
        const size_t first = m->network_count, first6 = m->subnet6_count;
        struct scope scope = {.is_6 = is_6};

        take_object(m, &scope, server, server_keys, words);
        inherit_from(m, &scope, first, first6);
}

static void take_whole(struct migration *m, const struct doc *whole)
{
        struct doc *value;
        const char *name;
        size_t at = 0, servers = 0;

        while (doc_next(whole, &at, &name, &value) > 0) {
                if (strcmp(name, "Dhcp4") == 0 || strcmp(name, "Dhcp6") == 0) {
                        take_server(m, value, name[4] == '6');
                        servers++;
                } else if (strcmp(name, LINE_KEY) != 0) {
                        migrate_say(m, line_of(whole), MIGRATE_LEFT, "'%s' does not come over",
                                    name);
                }
        }
        if (servers == 0)
                migrate_say(m, 1, MIGRATE_WRONG, "it has neither 'Dhcp4' nor 'Dhcp6'");
}

static bool is_leases(const char *text, size_t size)
{
        return size >= 8 && memcmp(text, "address,", 8) == 0;
}

void migrate_kea(struct migration *m, const char *text, size_t size)
{
        struct cleaner cleaner = {.m = m, .text = reader_over(text, size), .line = 1};
        _doc_ struct doc *whole = NULL;
        _free_ char *json = NULL;
        char error[DOC_ERROR_SIZE] = "";
        size_t json_size;
        int rc;

        if (is_leases(text, size)) {
                migrate_kea_leases(m, text, size);
                return;
        }
        cleaner.out.limit = limits.size;
        clean(&cleaner);
        json_size = cleaner.out.size;
        rc = buffer_take(&cleaner.out, &json);
        if (rc < 0) {
                buffer_done(&cleaner.out);
                migrate_say(m, 1, MIGRATE_WRONG, "it is too large");
                return;
        }
        rc = doc_parse(json, json_size, &limits, error, &whole);
        if (rc < 0)
                migrate_say(m, 1, MIGRATE_WRONG, "it is not what Kea takes: %s", error);
        else
                take_whole(m, whole);
}
