/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dnsmasq.conf (dnsmasq(8)) and dnsmasq.leases: a line a word, with a list behind
 * '='. Both may be given in any order: a line of leases begins with a digit. A row a word.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/migrate.h"
#include "lib/base/text.h"

#define ITEMS_MAX 32   /* of a line */
#define TAGS_MAX  64   /* options that wait for their network, and ranges that set a tag */
#define NAMES_MAX 4096 /* of host-record and address */

struct line {
        char text[4 * MIGRATE_WORD_SIZE];
        char *items[ITEMS_MAX];
        size_t count;
        unsigned number;
};

struct tagged {
        char tag[64];
        struct edge_network says;
        size_t network; /* of a range */
        struct migrate_place at;
};

struct known_name {
        struct ip4_address address;
        char name[NODE_NAME_SIZE];
        struct migrate_place at;
};

struct parser {
        struct migration *m;
        struct edge_network says; /* for all */
        struct tagged options[TAGS_MAX], ranges[TAGS_MAX];
        size_t option_count, range_count;
        struct known_name *names; /* owned */
        size_t name_count;
        unsigned depth;
};

static void read_text(struct parser *p, const char *text, size_t size);

/* "set:red", "tag:red", "net:red": the tag; NULL: it is none of these. */
static const char *tag_of(const char *item)
{
        if (text_has_prefix(item, "set:") || text_has_prefix(item, "tag:") ||
            text_has_prefix(item, "net:"))
                return item + 4;
        return NULL;
}

/* "12h", "45m", "3600", "2d", "1w", "infinite" */
static bool is_time(const char *text, uint64_t *ret_s)
{
        static const struct {
                char unit;
                uint32_t seconds;
        } units[] = {
                {'s', 1     },
                {'m', 60    },
                {'h', 3600  },
                {'d', 86400 },
                {'w', 604800}
        };
        const size_t size = strlen(text);
        char digits[12];
        uint32_t by = 1;

        if (strcmp(text, "infinite") == 0) {
                *ret_s = UINT32_MAX;
                return true;
        }
        if (size == 0 || size >= sizeof(digits) || !isdigit((unsigned char)text[0]))
                return false;
        (void)text_copy(digits, sizeof(digits), text);
        for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
                if (text[size - 1] == units[i].unit) {
                        by = units[i].seconds;
                        digits[size - 1] = '\0';
                }
        }
        if (text_parse_u64(digits, UINT32_MAX / by, ret_s) < 0)
                return false;
        *ret_s *= by;
        return true;
}

/* --- dhcp-range --- */

struct range {
        struct ip_address addresses[2];
        size_t address_count;
        struct ip4_address mask;
        uint64_t lease_s;
        unsigned prefix; /* of IPv6 */
        bool is_static, is_proxy, is_router, is_for_some;
        const char *sets;
};

static void range_item(struct parser *p, const struct line *line, const char *item, struct range *r)
{
        static const char *const ignored[] = {"slaac", "ra-names", "ra-stateless", "off-link",
                                              "ra-advrouter"};
        struct ip_address address;
        struct ip4_address mask;
        uint64_t seconds;

        if (text_has_prefix(item, "set:") || text_has_prefix(item, "net:")) {
                r->sets = item + 4;
        } else if (tag_of(item)) {
                r->is_for_some = true;
                migrate_say(p->m, line->number, MIGRATE_LEFT,
                            "the range is for machines with the tag '%s' alone: write 'match' into "
                            "the pool (docs/configuration.md#match)",
                            item + 4);
        } else if (strcmp(item, "static") == 0) {
                r->is_static = true;
        } else if (strcmp(item, "proxy") == 0) {
                r->is_proxy = true;
        } else if (strcmp(item, "ra-only") == 0) {
                r->is_router = true;
        } else if (ip4_parse(item, &mask) == 0 && r->address_count > 0 &&
                   (ntohl(mask.be) >> 24) == 255 && migrate_prefix(mask) > 0) {
                r->mask = mask;
        } else if (ip_parse(item, &address) == 0) {
                if (r->address_count < 2 && !ip4_is_set(r->mask))
                        r->addresses[r->address_count++] = address;
        } else if (r->address_count > 0 && !ip_is_4(r->addresses[0]) &&
                   text_parse_u64(item, 128, &seconds) == 0) {
                r->prefix = (unsigned)seconds;
        } else if (is_time(item, &seconds)) {
                r->lease_s = seconds;
        } else {
                for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
                        if (strcmp(item, ignored[i]) == 0)
                                return;
                migrate_say(p->m, line->number, MIGRATE_LEFT, "'%s' of the range is not understood",
                            item);
        }
}

static void take_range6(struct parser *p, const struct line *line, const struct range *r)
{
        struct migrate_subnet6 *kept;
        struct ip6_network network = {.address = r->addresses[0].six,
                                      .prefix = (uint8_t)(r->prefix ? r->prefix : 64)};
        char text[IP6_TEXT_SIZE];

        if (r->is_router || r->address_count == 0)
                return;
        kept = migrate_subnet6_new(p->m, line->number);
        if (!kept)
                return;
        for (unsigned bit = network.prefix; bit < 128; bit++)
                network.address.bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
        snprintf(kept->is.subnet6, sizeof(kept->is.subnet6), "%.43s/%u",
                 ip6_text(text, &network.address), network.prefix % 129U);
        if (r->address_count == 2) {
                (void)ip_text(kept->is.pool6_first, r->addresses[0]);
                (void)ip_text(kept->is.pool6_last, r->addresses[1]);
        }
}

/* A second range of the same subnet is a second pool of its network. */
static struct edge_network *network_of(struct parser *p, const struct line *line,
                                       struct ip4_address address, unsigned prefix,
                                       size_t *ret_index)
{
        struct edge_network wanted = {0};
        struct migrate_network *made;

        migrate_set_subnet(&wanted, address, prefix);
        for (size_t i = 0; i < p->m->network_count; i++) {
                if (strcmp(p->m->networks[i].is.subnet, wanted.subnet) == 0) {
                        *ret_index = i;
                        return &p->m->networks[i].is;
                }
        }
        *ret_index = p->m->network_count;
        made = migrate_network_new(p->m, line->number);
        if (!made)
                return NULL;
        made->is = wanted;
        return &made->is;
}

static void remember_tag(struct parser *p, const struct line *line, const char *tag, size_t network)
{
        if (p->range_count == TAGS_MAX ||
            text_copy(p->ranges[p->range_count].tag, sizeof(p->ranges[0].tag), tag) < 0)
                migrate_say(p->m, line->number, MIGRATE_LEFT, "the tag '%s' is one too many", tag);
        else
                p->ranges[p->range_count++].network = network;
}

static void take_range(struct parser *p, struct line *line)
{
        struct range r = {0};
        struct edge_network *network;
        size_t index;
        int prefix;

        for (size_t i = 0; i < line->count && line->items[i]; i++)
                range_item(p, line, line->items[i], &r);
        if (r.address_count == 0) {
                migrate_say(p->m, line->number, MIGRATE_LEFT, "the range has no address");
                return;
        }
        if (!ip_is_4(r.addresses[0])) {
                take_range6(p, line, &r);
                return;
        }
        prefix = ip4_is_set(r.mask) ? migrate_prefix(r.mask) : 24;
        if (!ip4_is_set(r.mask))
                migrate_say(p->m, line->number, MIGRATE_CHANGED,
                            "the range has no netmask, dnsmasq takes the interface's: here it is "
                            "/24; see that this is right");
        network = network_of(p, line, ip_to4(r.addresses[0]), (unsigned)prefix, &index);
        if (!network)
                return;
        if (r.is_proxy)
                network->mode = NETWORK_PROXY;
        else if (!r.is_static && !r.is_for_some && r.address_count == 2 && ip_is_4(r.addresses[1]))
                migrate_pool(p->m, line->number, network, ip_to4(r.addresses[0]),
                             ip_to4(r.addresses[1]));
        if (r.is_static)
                network->strangers = STRANGERS_LIST;
        if (r.lease_s > 0)
                network->lease_s = r.lease_s < 60 ? 60 : (uint32_t)r.lease_s;
        if (r.sets)
                remember_tag(p, line, r.sets, index);
}

/* --- dhcp-host --- */

static void host_id(struct parser *p, const struct line *line, const char *id,
                    struct edge_reservation *to)
{
        size_t size = 2;

        if (!strchr(id, ':')) {
                if (text_copy(to->client_id, sizeof(to->client_id), id) < 0 || id[0] == '*')
                        migrate_say(p->m, line->number, MIGRATE_LEFT, "id:%s does not come over",
                                    id);
                if (id[0] == '*')
                        to->client_id[0] = '\0';
                return;
        }
        memcpy(to->client_id, "0x", 3);
        for (; *id && size < sizeof(to->client_id) - 1; id++)
                if (*id != ':')
                        to->client_id[size++] = *id;
        to->client_id[size] = '\0';
}

static void host_item(struct parser *p, const struct line *line, const char *item,
                      struct edge_reservation *to)
{
        const char *mac_text = text_has_prefix(item, "1-") ? item + 2 : item;
        struct ip6_address six;
        struct mac_address mac;
        char inner[IP6_TEXT_SIZE + 2];
        uint64_t seconds;

        if (migrate_mac(mac_text, &mac) == 0) {
                if (mac_is_usable(&to->mac))
                        migrate_say(
                                p->m, line->number, MIGRATE_CHANGED,
                                "the machine has several MACs: the first is the one that boots");
                else
                        to->mac = mac;
        } else if (ip4_parse(item, &to->address) == 0 || strcmp(item, "ignore") == 0) {
                return;
        } else if (item[0] == '[' &&
                   text_copy_bytes(inner, sizeof(inner), item + 1, strcspn(item + 1, "]")) == 0 &&
                   ip6_parse(inner, &six) == 0) {
                (void)ip6_text(to->address6, &six);
        } else if (text_has_prefix(item, "id:")) {
                host_id(p, line, item + 3, to);
        } else if (tag_of(item)) {
                migrate_say(p->m, line->number, MIGRATE_LEFT,
                            "the tag '%s' does not come over: options are a network's", item + 4);
        } else if (is_time(item, &seconds)) {
                migrate_say(p->m, line->number, MIGRATE_CHANGED,
                            "leases are as long as the network says, not %s", item);
        } else if (strchr(item, '*') || strchr(item, ':')) {
                migrate_say(p->m, line->number, MIGRATE_LEFT, "'%s' is not the MAC of one machine",
                            item);
        } else {
                migrate_name(p->m, line->number, item, to->name);
        }
}

static void take_host(struct parser *p, struct line *line)
{
        struct migrate_machine machine = {.is_active = true}, *kept;

        for (size_t i = 0; i < line->count; i++) {
                if (strcmp(line->items[i], "ignore") == 0) {
                        migrate_say(p->m, line->number, MIGRATE_LEFT,
                                    "no machine is ignored by name: 'strangers: list' ignores all "
                                    "that nobody knows");
                        return;
                }
                host_item(p, line, line->items[i], &machine.is);
        }
        if (!mac_is_usable(&machine.is.mac) && !machine.is.client_id[0]) {
                migrate_say(p->m, line->number, MIGRATE_LEFT,
                            "a machine is known by its MAC, and none is said");
                return;
        }
        kept = migrate_machine_new(p->m, line->number);
        if (kept) {
                machine.at = kept->at;
                *kept = machine;
        }
}

/* --- dhcp-option --- */

static struct edge_network *scope_of(struct parser *p, const struct line *line, const char *tag)
{
        for (size_t i = 0; i < p->option_count; i++)
                if (strcmp(p->options[i].tag, tag) == 0)
                        return &p->options[i].says;
        if (p->option_count == TAGS_MAX ||
            text_copy(p->options[p->option_count].tag, sizeof(p->options[0].tag), tag) < 0) {
                migrate_say(p->m, line->number, MIGRATE_LEFT, "the tag '%s' is one too many", tag);
                return NULL;
        }
        p->options[p->option_count].at = (struct migrate_place){p->m->file, line->number};
        return &p->options[p->option_count++].says;
}

static void take_option(struct parser *p, struct line *line)
{
        struct edge_network *scope = &p->says;
        size_t at = 0;

        for (; at < line->count && tag_of(line->items[at]); at++)
                scope = scope ? scope_of(p, line, tag_of(line->items[at])) : NULL;
        if (at == line->count || !scope)
                return;
        if (text_has_prefix(line->items[at], "vendor:") ||
            text_has_prefix(line->items[at], "encap:") ||
            text_has_prefix(line->items[at], "vi-encap:")) {
                (void)migrate_word_say(p->m, line->number, migrate_words_boot, "dhcp-boot");
                return;
        }
        if (at + 1 == line->count) {
                migrate_say(p->m, line->number, MIGRATE_CHANGED,
                            "the option is not told by dnsmasq; here it is told where the network "
                            "says it");
                return;
        }
        migrate_option(p->m, line->number, scope,
                       text_has_prefix(line->items[at], "option:") ? line->items[at] + 7
                                                                   : line->items[at],
                       (const char *const *)&line->items[at + 1], line->count - at - 1);
}

static void take_domain(struct parser *p, struct line *line)
{
        const char *name = line->items[0];

        if (line->count > 1)
                migrate_say(p->m, line->number, MIGRATE_LEFT,
                            "the domain of one subnet: write it into that network");
        else
                migrate_option(p->m, line->number, &p->says, "domain-name", &name, 1);
}

/* --- names --- */

static void add_name(struct parser *p, const struct line *line, const char *name,
                     const char *address)
{
        struct known_name known = {
                .at = {p->m->file, line->number}
        };

        if (ip4_parse(address, &known.address) < 0 || !name[0])
                return;
        migrate_name(p->m, line->number, name, known.name);
        if (!p->names)
                p->names = calloc(NAMES_MAX, sizeof(*p->names));
        if (!p->names)
                p->m->rc = -ENOMEM;
        else if (p->name_count == NAMES_MAX)
                migrate_say(p->m, line->number, MIGRATE_LEFT, "there are more than %d names",
                            NAMES_MAX);
        else if (known.name[0])
                p->names[p->name_count++] = known;
}

/* host-record=NAME[,NAME...],ADDRESS */
static void take_record(struct parser *p, struct line *line)
{
        for (size_t i = 1; i < line->count; i++)
                add_name(p, line, line->items[0], line->items[i]);
}

/* address=/NAME/ADDRESS */
static void take_entry(struct parser *p, struct line *line)
{
        char *state = NULL, *name = strtok_r(line->items[0], "/", &state);
        const char *address = strtok_r(NULL, "/", &state);

        if (name && address)
                add_name(p, line, name, address);
}

/* --- lines --- */

static void take_file(struct parser *p, struct line *line)
{
        const unsigned file = p->m->file;
        _free_ char *text = NULL;
        size_t size = 0;
        int rc = !p->m->include ? -EACCES : p->depth >= MIGRATE_DEPTH_MAX ? -ELOOP : 0;

        if (rc == 0)
                rc = p->m->include(p->m, line->items[0], &text, &size);
        if (rc < 0) {
                migrate_say(p->m, line->number, MIGRATE_WRONG,
                            "conf-file=%s: it is not read (%s): it must lie beside the first file, "
                            "or below",
                            line->items[0], strerror(-rc));
                return;
        }
        p->depth++;
        read_text(p, text, size);
        p->depth--;
        p->m->file = file;
}

static const struct {
        const char *word;
        void (*take)(struct parser *p, struct line *line);
} rows[] = {
        {"dhcp-range",        take_range },
        {"dhcp-host",         take_host  },
        {"dhcp-option",       take_option},
        {"dhcp-option-force", take_option},
        {"domain",            take_domain},
        {"host-record",       take_record},
        {"address",           take_entry },
        {"conf-file",         take_file  },
};

#define STAYS "names are dnsmasq's still: it goes on as a name server (with port 67 free)"
static const struct migrate_word words[] = {
        {"dhcp-authoritative", MIGRATE_LEFT,     NULL                                                         },
        {"dhcp-leasefile",     MIGRATE_LEFT,     NULL                                                         },
        {"dhcp-lease-max",     MIGRATE_LEFT,     NULL                                                         },
        {"dhcp-rapid-commit",  MIGRATE_LEFT,     NULL                                                         },
        {"dhcp-sequential-ip", MIGRATE_LEFT,     NULL                                                         },
        {"dhcp-no-override",   MIGRATE_LEFT,     NULL                                                         },
        {"log-*",              MIGRATE_LEFT,     NULL                                                         },
        {"quiet-*",            MIGRATE_LEFT,     NULL                                                         },
        {"user",               MIGRATE_LEFT,     NULL                                                         },
        {"group",              MIGRATE_LEFT,     NULL                                                         },
        {"pid-file",           MIGRATE_LEFT,     NULL                                                         },
        {"interface",          MIGRATE_REPLACED, "'interfaces' of netbootd.yaml says where it serves"         },
        {"except-interface",   MIGRATE_REPLACED,
         "'interfaces' of netbootd.yaml says where it serves"                                                 },
        {"no-dhcp-interface",  MIGRATE_REPLACED,
         "'interfaces' of netbootd.yaml says where it serves"                                                 },
        {"bind-*",             MIGRATE_LEFT,     NULL                                                         },
        {"listen-address",     MIGRATE_LEFT,     NULL                                                         },
        {"enable-ra",          MIGRATE_REPLACED, "solicitations are answered where 'subnet6' is"              },
        {"dhcp-match",         MIGRATE_LEFT,     "classes are 'match' of a pool (docs/configuration.md#match)"},
        {"dhcp-vendorclass",   MIGRATE_LEFT,
         "classes are 'match' of a pool (docs/configuration.md#match)"                                        },
        {"dhcp-userclass",     MIGRATE_LEFT,
         "classes are 'match' of a pool (docs/configuration.md#match)"                                        },
        {"dhcp-mac",           MIGRATE_LEFT,     "classes are 'match' of a pool (docs/configuration.md#match)"},
        {"dhcp-ignore*",       MIGRATE_LEFT,     "'strangers: list' ignores all machines that nobody knows"   },
        {"dhcp-script",        MIGRATE_LEFT,     "Cloudie tells of leases by its events (docs/operations.md)" },
        {"dhcp-relay",         MIGRATE_LEFT,     "a relay stays where it is, and passes on to the netbootd"   },
        {"shared-network",     MIGRATE_LEFT,     "say the same 'shared_network' in both networks"             },
        {"dhcp-hostsfile",     MIGRATE_WRONG,    "put its lines here, each behind 'dhcp-host='"               },
        {"dhcp-hostsdir",      MIGRATE_WRONG,    "put its lines here, each behind 'dhcp-host='"               },
        {"dhcp-optsfile",      MIGRATE_WRONG,    "put its lines here, each behind 'dhcp-option='"             },
        {"conf-dir",           MIGRATE_WRONG,    "give the files of the folder on the command line"           },
        {"port",               MIGRATE_LEFT,     NULL                                                         },
        {"server",             MIGRATE_LEFT,     NULL                                                         },
        {"local",              MIGRATE_LEFT,     NULL                                                         },
        {"local-service",      MIGRATE_LEFT,     NULL                                                         },
        {"no-*",               MIGRATE_LEFT,     NULL                                                         },
        {"resolv-file",        MIGRATE_LEFT,     NULL                                                         },
        {"strict-order",       MIGRATE_LEFT,     NULL                                                         },
        {"all-servers",        MIGRATE_LEFT,     NULL                                                         },
        {"cache-size",         MIGRATE_LEFT,     NULL                                                         },
        {"expand-hosts",       MIGRATE_LEFT,     NULL                                                         },
        {"domain-needed",      MIGRATE_LEFT,     NULL                                                         },
        {"bogus-priv",         MIGRATE_LEFT,     NULL                                                         },
        {"stop-dns-rebind",    MIGRATE_LEFT,     NULL                                                         },
        {"cname",              MIGRATE_LEFT,     STAYS                                                        },
        {"mx-host",            MIGRATE_LEFT,     STAYS                                                        },
        {"srv-host",           MIGRATE_LEFT,     STAYS                                                        },
        {"ptr-record",         MIGRATE_LEFT,     STAYS                                                        },
        {"txt-record",         MIGRATE_LEFT,     STAYS                                                        },
        {"addn-hosts",         MIGRATE_LEFT,     STAYS                                                        },
        {NULL,                 MIGRATE_LEFT,     NULL                                                         },
};

/* "EXPIRY MAC ADDRESS NAME ID"; of IPv6 behind a line "duid ..." */
static void take_lease(struct parser *p, struct line *line)
{
        struct migrate_machine machine = {
                .is_lease = true, .at = {p->m->file, line->number}
        };
        struct migrate_machine *kept;
        char *state = NULL, *fields[4] = {NULL};
        uint64_t expires_s = 0;

        fields[0] = strtok_r(line->text, " \t", &state);
        for (size_t i = 1; i < ARRAY_SIZE(fields) && fields[i - 1]; i++)
                fields[i] = strtok_r(NULL, " \t", &state);
        if (!fields[3] || text_parse_u64(fields[0], UINT64_MAX, &expires_s) < 0) {
                migrate_say(p->m, line->number, MIGRATE_LEFT, "the lease is not understood");
                return;
        }
        if (ip4_parse(fields[2], &machine.is.address) < 0 ||
            migrate_mac(fields[1], &machine.is.mac) < 0) {
                migrate_say(p->m, line->number, MIGRATE_LEFT,
                            "only leases of IPv4 that a MAC has come over: the machine asks anew");
                return;
        }
        machine.is_active = expires_s == 0 || expires_s > p->m->now_s;
        if (strcmp(fields[3], "*") != 0)
                migrate_name(p->m, line->number, fields[3], machine.is.name);
        kept = migrate_machine_new(p->m, line->number);
        if (kept)
                *kept = machine;
}

/* Blanks around words, and what is behind a '#', mean nothing. */
static char *trim(char *text)
{
        size_t size;

        while (isspace((unsigned char)*text))
                text++;
        size = strlen(text);
        while (size > 0 && isspace((unsigned char)text[size - 1]))
                text[--size] = '\0';
        return text;
}

static void cut_comment(char *text)
{
        bool is_quoted = false;

        for (char *c = text; *c; c++) {
                if (*c == '"')
                        is_quoted = !is_quoted;
                if (*c == '#' && !is_quoted && (c == text || isspace((unsigned char)c[-1]))) {
                        *c = '\0';
                        return;
                }
        }
}

static void split(struct parser *p, struct line *line, char *list)
{
        char *state = NULL;

        line->count = 0;
        for (char *item = strtok_r(list, ",", &state); item; item = strtok_r(NULL, ",", &state)) {
                if (line->count == ITEMS_MAX) {
                        migrate_say(p->m, line->number, MIGRATE_LEFT, "only %d words are read",
                                    ITEMS_MAX);
                        return;
                }
                item = trim(item);
                if (item[0] == '"' && item[strlen(item) - 1] == '"' && item[1]) {
                        item[strlen(item) - 1] = '\0';
                        item++;
                }
                line->items[line->count++] = item;
        }
}

static void take_line(struct parser *p, struct line *line)
{
        char *text, *equals;

        cut_comment(line->text);
        text = trim(line->text);
        if (!*text || text_has_prefix(text, "duid "))
                return;
        if (isdigit((unsigned char)*text)) {
                take_lease(p, line);
                return;
        }
        equals = strchr(text, '=');
        if (equals)
                *equals = '\0';
        text = trim(text);
        if (equals)
                split(p, line, equals + 1);
        for (size_t i = 0; i < ARRAY_SIZE(rows) && equals && line->count > 0; i++) {
                if (strcmp(rows[i].word, text) == 0) {
                        rows[i].take(p, line);
                        return;
                }
        }
        if (!migrate_word_say(p->m, line->number, words, text) &&
            !migrate_word_say(p->m, line->number, migrate_words_boot, text))
                migrate_say(p->m, line->number, MIGRATE_LEFT, "'%s' is not understood", text);
}

static void read_text(struct parser *p, const char *text, size_t size)
{
        struct reader reader = reader_over(text, size);
        _free_ struct line *line = calloc(1, sizeof(*line));
        size_t used = 0;
        uint8_t c;

        if (!line) {
                p->m->rc = -ENOMEM;
                return;
        }
        for (unsigned number = 1; reader_left(&reader) > 0; number++, used = 0) {
                line->number = number;
                line->count = 0;
                while (reader_u8(&reader, &c) == 0 && c != '\n')
                        if (used < sizeof(line->text))
                                line->text[used++] = (char)(c ? c : ' ');
                if (used == sizeof(line->text)) {
                        migrate_say(p->m, number, MIGRATE_LEFT, "the line is too long");
                        continue;
                }
                line->text[used] = '\0';
                take_line(p, line);
        }
}

/* --- the end --- */

static void give_options(struct parser *p)
{
        for (size_t o = 0; o < p->option_count; o++) {
                bool is_used = false;

                for (size_t r = 0; r < p->range_count; r++) {
                        if (strcmp(p->options[o].tag, p->ranges[r].tag) != 0)
                                continue;
                        migrate_inherit(&p->m->networks[p->ranges[r].network].is,
                                        &p->options[o].says);
                        is_used = true;
                }
                p->m->file = p->options[o].at.file;
                if (!is_used)
                        migrate_say(p->m, p->options[o].at.line, MIGRATE_LEFT,
                                    "no range sets the tag '%s': its options are told to nobody",
                                    p->options[o].tag);
        }
        for (size_t i = 0; i < p->m->network_count; i++)
                migrate_inherit(&p->m->networks[i].is, &p->says);
        for (size_t i = 0; i < p->m->subnet6_count; i++)
                migrate_inherit(&p->m->subnets6[i].is, &p->says);
}

static void give_name(struct parser *p, const struct known_name *known)
{
        bool is_used = false;

        for (size_t i = 0; i < p->m->machine_count; i++) {
                struct migrate_machine *machine = &p->m->machines[i];

                if (!ip4_is_equal(machine->is.address, known->address))
                        continue;
                is_used = true;
                if (!machine->is.name[0])
                        memcpy(machine->is.name, known->name, NODE_NAME_SIZE);
        }
        if (is_used)
                return;
        p->m->file = known->at.file;
        migrate_say(p->m, known->at.line, MIGRATE_LEFT,
                    "the name '%s' is of no machine here: it stays in your name server",
                    known->name);
}

void migrate_dnsmasq(struct migration *m, const char *text, size_t size)
{
        const unsigned file = m->file;
        _free_ struct parser *p = calloc(1, sizeof(*p));

        if (!p) {
                m->rc = -ENOMEM;
                return;
        }
        p->m = m;
        read_text(p, text, size);
        give_options(p);
        for (size_t i = 0; i < p->name_count; i++)
                give_name(p, &p->names[i]);
        m->file = file;
        free(p->names);
}
