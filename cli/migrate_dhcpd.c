/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dhcpd.conf and dhcpd.leases of ISC DHCP 4 (dhcpd.conf(5), dhcpd.leases(5)): words
 * that end in ';', or in a block of such. A row a word, and one a block. What a
 * block says holds for those inside it, whatever the order.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cli/migrate.h"
#include "lib/base/text.h"

#define WORDS_MAX 40 /* of a statement; more are counted as one too many */

struct statement {
        char words[WORDS_MAX][MIGRATE_WORD_SIZE];
        bool is_quoted[WORDS_MAX];
        size_t count;
        unsigned line;
        char end; /* ';', '{', '}', or 0: the text ended */
};

/* What is said where one is. */
struct scope {
        struct edge_network says;
        struct migrate_network *network; /* the subnet that one is in */
        struct migrate_subnet6 *subnet6;
        struct migrate_machine *machine; /* of a host or a lease */
        struct {
                struct ip4_address first, last;
                unsigned line;
        } ranges[CONFIG_MAX_POOLS + 1];
        size_t range_count;
        bool is_pool, is_for_some; /* a pool; one that not everybody may have */
        uint64_t ends_s;
};

struct parser {
        struct migration *m;
        struct reader text;
        unsigned line, depth; /* of blocks and includes */
        unsigned level;       /* blocks of this text */
        struct statement now;
        int held; /* a character that was read too far; 0: none */
};

static void block(struct parser *p, struct scope *scope);

/* --- words --- */

static int next_char(struct parser *p)
{
        uint8_t c;

        if (p->held) {
                const int held = p->held;

                p->held = 0;
                return held;
        }
        if (reader_u8(&p->text, &c) < 0)
                return 0;
        if (c == '\n')
                p->line++;
        return c ? c : ' ';
}

static int skip_blanks(struct parser *p)
{
        int c = next_char(p);

        while (c && (isspace(c) || c == '#')) {
                if (c == '#')
                        while (c && c != '\n')
                                c = next_char(p);
                else
                        c = next_char(p);
        }
        return c;
}

static bool ends_word(int c)
{
        return c == 0 || isspace(c) || strchr(";{},\"#", c);
}

/* One word into the statement; what does not fit is cut. */
static void read_word(struct parser *p, int c)
{
        struct statement *s = &p->now;
        const size_t at = s->count < WORDS_MAX ? s->count++ : WORDS_MAX - 1;
        const bool is_quoted = c == '"';
        size_t size = 0;

        if (is_quoted)
                c = next_char(p);
        while (is_quoted ? c && c != '"' : !ends_word(c)) {
                if (is_quoted && c == '\\')
                        c = next_char(p);
                if (size < MIGRATE_WORD_SIZE - 1)
                        s->words[at][size++] = (char)c;
                c = next_char(p);
        }
        if (!is_quoted)
                p->held = c;
        s->words[at][size] = '\0';
        s->is_quoted[at] = is_quoted;
}

/* Commas part words, and are told by nothing else. */
static void read_statement(struct parser *p)
{
        int c = skip_blanks(p);

        memset(p->now.words, 0, sizeof(p->now.words));
        p->now.count = 0;
        p->now.line = p->line;
        while (c && !strchr(";{}", c)) {
                if (c != ',')
                        read_word(p, c);
                c = skip_blanks(p);
        }
        p->now.end = (char)c;
}

static const char *word(const struct parser *p, size_t index)
{
        return index < p->now.count ? p->now.words[index] : "";
}

static bool is_word(const struct parser *p, size_t index, const char *text)
{
        return strcasecmp(word(p, index), text) == 0;
}

static void skip_block(struct parser *p)
{
        size_t depth = 1;

        while (depth > 0) {
                const int c = skip_blanks(p);

                if (c == 0)
                        return;
                if (c == '"')
                        read_word(p, c);
                depth += c == '{';
                depth -= c == '}';
        }
}

/* --- statements --- */

static void take_option(struct parser *p, struct scope *scope)
{
        const char *values[WORDS_MAX];
        size_t count = 0;
        const char *name = word(p, 1);

        for (size_t i = 2; i < p->now.count; i++)
                values[count++] = p->now.words[i];
        if (strcmp(name, "host-name") == 0 && scope->machine && count > 0)
                migrate_name(p->m, p->now.line, values[0], scope->machine->is.name);
        else if (strcmp(name, "dhcp-client-identifier") == 0 && scope->machine && count > 0) {
                char id[EDGE_BYTES_TEXT_SIZE] = "0x";
                size_t size = 2;

                if (p->now.is_quoted[2]) {
                        if (text_copy(scope->machine->is.client_id, sizeof(id), values[0]) < 0)
                                migrate_say(p->m, p->now.line, MIGRATE_LEFT, "the id is too long");
                        return;
                }
                for (const char *c = values[0]; *c && size < sizeof(id) - 1; c++)
                        if (*c != ':')
                                id[size++] = *c;
                id[size] = '\0';
                memcpy(scope->machine->is.client_id, id, sizeof(id));
        } else if (strcmp(word(p, 3), "=") == 0 || strcmp(name, "space") == 0 ||
                   strcmp(word(p, 2), "code") == 0) {
                migrate_say(p->m, p->now.line, MIGRATE_LEFT,
                            "option %s is one of your own: Cloudie tells none of these", name);
        } else {
                migrate_option(p->m, p->now.line, &scope->says, name, values, count);
        }
}

static void take_lease_time(struct parser *p, struct scope *scope)
{
        const char *value = word(p, 1);

        if (value[0])
                migrate_option(p->m, p->now.line, &scope->says, "dhcp-lease-time", &value, 1);
}

static void take_range(struct parser *p, struct scope *scope)
{
        const size_t at = is_word(p, 1, "dynamic-bootp") ? 2 : 1;
        const char *last = word(p, at + 1)[0] ? word(p, at + 1) : word(p, at);
        struct ip4_address first, end;

        if (!scope->network || ip4_parse(word(p, at), &first) < 0 || ip4_parse(last, &end) < 0) {
                migrate_say(p->m, p->now.line, MIGRATE_WRONG, "range: it is none in a subnet");
        } else if (scope->range_count == ARRAY_SIZE(scope->ranges)) {
                migrate_say(p->m, p->now.line, MIGRATE_WRONG, "range: there are more than %d",
                            CONFIG_MAX_POOLS + 1);
        } else {
                scope->ranges[scope->range_count].first = first;
                scope->ranges[scope->range_count].last = end;
                scope->ranges[scope->range_count++].line = p->now.line;
        }
}

static void take_range6(struct parser *p, struct scope *scope)
{
        struct ip_address first, last;
        char range[2 * MIGRATE_WORD_SIZE + 2];

        if (strchr(word(p, 1), '/'))
                snprintf(range, sizeof(range), "%s", word(p, 1));
        else
                snprintf(range, sizeof(range), "%s-%s", word(p, 1), word(p, 2));
        if (!scope->subnet6 || migrate_range(range, &first, &last) < 0 || ip_is_4(first)) {
                migrate_say(p->m, p->now.line, MIGRATE_WRONG, "range6: it is none in a subnet6");
        } else if (scope->subnet6->is.pool6_first[0]) {
                migrate_say(p->m, p->now.line, MIGRATE_LEFT,
                            "range6: a network has one pool of IPv6, which is the first");
        } else {
                (void)ip_text(scope->subnet6->is.pool6_first, first);
                (void)ip_text(scope->subnet6->is.pool6_last, last);
        }
}

static void take_hardware(struct parser *p, struct scope *scope)
{
        if (!scope->machine || !is_word(p, 1, "ethernet") ||
            migrate_mac(word(p, 2), &scope->machine->is.mac) < 0)
                migrate_say(p->m, p->now.line, MIGRATE_LEFT, "hardware: '%s %s' is no MAC",
                            word(p, 1), word(p, 2));
}

static void take_address(struct parser *p, struct scope *scope)
{
        if (!scope->machine || ip4_parse(word(p, 1), &scope->machine->is.address) < 0)
                migrate_say(p->m, p->now.line, MIGRATE_LEFT,
                            "fixed-address: '%s' is no address of IPv4: write the address in place "
                            "of the name",
                            word(p, 1));
        else if (p->now.count > 2)
                migrate_say(p->m, p->now.line, MIGRATE_CHANGED,
                            "fixed-address: the machine has the first alone, %s", word(p, 1));
}

static void take_address6(struct parser *p, struct scope *scope)
{
        struct ip6_address address;

        if (!scope->machine || ip6_parse(word(p, 1), &address) < 0)
                migrate_say(p->m, p->now.line, MIGRATE_LEFT, "fixed-address6: '%s' is none",
                            word(p, 1));
        else
                (void)ip6_text(scope->machine->is.address6, &address);
}

/* `deny unknown-clients` is our `strangers: list`; a pool for some is no pool for all. */
static void take_permission(struct parser *p, struct scope *scope)
{
        const bool allows = is_word(p, 0, "allow");

        if (is_word(p, 1, "unknown-clients") || is_word(p, 1, "known-clients")) {
                if (allows != is_word(p, 1, "known-clients"))
                        return;
                scope->says.strangers = STRANGERS_LIST;
                migrate_say(p->m, p->now.line, MIGRATE_CHANGED,
                            "%s %s: 'strangers: list': machines that nobody knows are told nothing "
                            "in the whole network",
                            word(p, 0), word(p, 1));
        } else if (scope->is_pool && (is_word(p, 1, "members") || is_word(p, 1, "dynamic"))) {
                scope->is_for_some = true;
                migrate_say(p->m, p->now.line, MIGRATE_LEFT,
                            "the pool is for some machines: write it with 'match' "
                            "(docs/configuration.md#match)");
        } else if (is_word(p, 1, "booting") || is_word(p, 1, "bootp")) {
                migrate_say(
                        p->m, p->now.line, MIGRATE_LEFT,
                        "Cloudie answers DHCP, and no BOOTP; whoever may boot 'strangers' says");
        } else {
                migrate_say(p->m, p->now.line, MIGRATE_LEFT, "%s %s: there is no such switch",
                            word(p, 0), word(p, 1));
        }
}

static void take_include(struct parser *p, struct scope *scope)
{
        const unsigned file = p->m->file;
        struct parser inner = {.m = p->m, .line = 1, .depth = p->depth + 1};
        _free_ char *text = NULL;
        size_t size = 0;
        int rc = !p->m->include ? -EACCES : p->depth >= MIGRATE_DEPTH_MAX ? -ELOOP : 0;

        if (rc == 0)
                rc = p->m->include(p->m, word(p, 1), &text, &size);
        if (rc < 0) {
                migrate_say(p->m, p->now.line, MIGRATE_WRONG,
                            "include %s: it is not read (%s): it must lie beside the first "
                            "file, or below",
                            word(p, 1), strerror(-rc));
                return;
        }
        inner.text = reader_over(text, size);
        block(&inner, scope);
        if (inner.now.end == '}')
                migrate_say(p->m, inner.now.line, MIGRATE_WRONG, "'}' without a block");
        p->m->file = file;
}

/* "2026/11/20": three numbers. */
static bool three_numbers(const char *text, const char *between, int ret[static 3])
{
        char copy[MIGRATE_WORD_SIZE], *state = NULL;
        size_t count = 0;

        (void)text_copy(copy, sizeof(copy), text);
        for (char *part = strtok_r(copy, between, &state); part;
             part = strtok_r(NULL, between, &state)) {
                uint64_t number;

                if (count == 3 || text_parse_u64(part, 9999, &number) < 0)
                        return false;
                ret[count++] = (int)number;
        }
        return count == 3;
}

/* "ends 4 2026/11/20 10:00:00", "ends epoch 1795168800", "ends never" */
static void take_ends(struct parser *p, struct scope *scope)
{
        int day[3], hour[3];

        if (is_word(p, 1, "never"))
                scope->ends_s = UINT64_MAX;
        else if (is_word(p, 1, "epoch"))
                (void)text_parse_u64(word(p, 2), UINT32_MAX, &scope->ends_s);
        else if (three_numbers(word(p, 2), "/", day) && three_numbers(word(p, 3), ":", hour)) {
                struct tm tm = {.tm_year = day[0] - 1900,
                                .tm_mon = day[1] - 1,
                                .tm_mday = day[2],
                                .tm_hour = hour[0],
                                .tm_min = hour[1],
                                .tm_sec = hour[2]};
                const time_t then = timegm(&tm);

                scope->ends_s = then > 0 ? (uint64_t)then : 0;
        }
}

static void take_binding(struct parser *p, struct scope *scope)
{
        if (scope->machine && is_word(p, 1, "state"))
                scope->machine->is_active = is_word(p, 2, "active");
}

static void take_client_name(struct parser *p, struct scope *scope)
{
        if (scope->machine && scope->machine->is_lease)
                migrate_name(p->m, p->now.line, word(p, 1), scope->machine->is.name);
}

static const struct {
        const char *word;
        void (*take)(struct parser *p, struct scope *scope);
} statements[] = {
        {"option",             take_option     },
        {"supersede",          take_option     },
        {"default-lease-time", take_lease_time },
        {"range",              take_range      },
        {"range6",             take_range6     },
        {"hardware",           take_hardware   },
        {"fixed-address",      take_address    },
        {"fixed-address6",     take_address6   },
        {"allow",              take_permission },
        {"deny",               take_permission },
        {"ignore",             take_permission },
        {"include",            take_include    },
        {"ends",               take_ends       },
        {"binding",            take_binding    },
        {"client-hostname",    take_client_name},
};

#define DDNS "Cloudie makes no entries in the DNS for leases"
static const struct migrate_word words[] = {
        {"authoritative",        MIGRATE_LEFT,     NULL                                                         },
        {"not",                  MIGRATE_CHANGED,  "Cloudie is authoritative where it gives addresses"          },
        {"max-lease-time",       MIGRATE_LEFT,     NULL                                                         },
        {"min-lease-time",       MIGRATE_LEFT,     NULL                                                         },
        {"preferred-lifetime",   MIGRATE_LEFT,     NULL                                                         },
        {"log-facility",         MIGRATE_LEFT,     NULL                                                         },
        {"use-host-decl-names",  MIGRATE_LEFT,     NULL                                                         },
        {"pid-file-name",        MIGRATE_LEFT,     NULL                                                         },
        {"lease-file-name",      MIGRATE_LEFT,     NULL                                                         },
        {"authoring-byte-order", MIGRATE_LEFT,     NULL                                                         },
        {"server-duid",          MIGRATE_LEFT,     NULL                                                         },
        {"local-address",        MIGRATE_REPLACED, "'interfaces' of netbootd.yaml says where it serves"         },
        {"server-identifier",    MIGRATE_REPLACED, "it is the address of the interface"                         },
        {"ping-check",           MIGRATE_REPLACED, "addresses are asked for by ARP"                             },
        {"one-lease-per-client", MIGRATE_LEFT,     NULL                                                         },
        {"ddns-*",               MIGRATE_LEFT,     DDNS                                                         },
        {"update-*",             MIGRATE_LEFT,     DDNS                                                         },
        {"do-forward-updates",   MIGRATE_LEFT,     DDNS                                                         },
        {"host-identifier",      MIGRATE_LEFT,
         "a machine of IPv6 is known by its MAC: write 'hardware'"                                              },
        {"omapi-*",              MIGRATE_LEFT,     "cloudied's API takes its place (docs/protocol.md)"          },
        {"failover",             MIGRATE_LEFT,     "two netbootds on a wire know one another without it"        },
        {"subclass",             MIGRATE_LEFT,     "classes are 'match' of a pool (docs/configuration.md#match)"},
        {"match",                MIGRATE_LEFT,     "classes are 'match' of a pool (docs/configuration.md#match)"},
        {NULL,                   MIGRATE_LEFT,     NULL                                                         },
};

/* Of a lease, what Cloudie does not keep. */
static const struct migrate_word lease_words[] = {
        {"starts",    MIGRATE_LEFT, NULL},
        {"tstp",      MIGRATE_LEFT, NULL},
        {"tsfp",      MIGRATE_LEFT, NULL},
        {"atsfp",     MIGRATE_LEFT, NULL},
        {"cltt",      MIGRATE_LEFT, NULL},
        {"next",      MIGRATE_LEFT, NULL},
        {"rewind",    MIGRATE_LEFT, NULL},
        {"uid",       MIGRATE_LEFT, NULL},
        {"set",       MIGRATE_LEFT, NULL},
        {"hardware",  MIGRATE_LEFT, NULL},
        {"option",    MIGRATE_LEFT, NULL},
        {"on",        MIGRATE_LEFT, NULL},
        {"abandoned", MIGRATE_LEFT, NULL},
        {"reserved",  MIGRATE_LEFT, NULL},
        {NULL,        MIGRATE_LEFT, NULL},
};

static void statement(struct parser *p, struct scope *scope)
{
        if (p->now.count == 0)
                return;
        for (size_t i = 0; i < ARRAY_SIZE(statements); i++) {
                if (is_word(p, 0, statements[i].word)) {
                        statements[i].take(p, scope);
                        return;
                }
        }
        if (scope->machine && scope->machine->is_lease &&
            migrate_word_say(p->m, p->now.line, lease_words, word(p, 0)))
                return;
        if (migrate_word_say(p->m, p->now.line, words, word(p, 0)) ||
            migrate_word_say(p->m, p->now.line, migrate_words_boot, word(p, 0)))
                return;
        migrate_say(p->m, p->now.line, MIGRATE_LEFT, "'%s' is not understood", word(p, 0));
}

/* --- blocks --- */

static void take_ranges(struct parser *p, const struct scope *scope)
{
        for (size_t i = 0; i < scope->range_count && scope->network && !scope->is_for_some; i++)
                migrate_pool(p->m, scope->ranges[i].line, &scope->network->is,
                             scope->ranges[i].first, scope->ranges[i].last);
}

/* Options in a block without a network are for its machines alone. */
static void say_unheard(struct parser *p, unsigned line, const struct scope *scope)
{
        if (ip4_is_set(scope->says.router) || ip4_is_set(scope->says.dns) ||
            scope->says.domain[0] || scope->says.lease_s > 0)
                migrate_say(p->m, line, MIGRATE_LEFT,
                            "options of single machines are not told; their network's are");
}

/* A block of which nothing is known but that what it says holds inside. */
static void inner_block(struct parser *p, const struct scope *outer)
{
        struct scope scope = {.network = outer->network, .subnet6 = outer->subnet6};
        const size_t first = p->m->network_count, first6 = p->m->subnet6_count;
        const unsigned line = p->now.line;

        block(p, &scope);
        take_ranges(p, &scope);
        if (first == p->m->network_count && first6 == p->m->subnet6_count)
                say_unheard(p, line, &scope);
        for (size_t i = first; i < p->m->network_count; i++)
                migrate_inherit(&p->m->networks[i].is, &scope.says);
        for (size_t i = first6; i < p->m->subnet6_count; i++)
                migrate_inherit(&p->m->subnets6[i].is, &scope.says);
}

static void shared_block(struct parser *p, const struct scope *outer)
{
        struct scope scope = {.network = outer->network};
        const size_t first = p->m->network_count, first6 = p->m->subnet6_count;

        if (text_copy(scope.says.shared_network, sizeof(scope.says.shared_network), word(p, 1)) < 0)
                migrate_say(p->m, p->now.line, MIGRATE_WRONG, "the name '%s' is too long",
                            word(p, 1));
        block(p, &scope);
        for (size_t i = first; i < p->m->network_count; i++)
                migrate_inherit(&p->m->networks[i].is, &scope.says);
        for (size_t i = first6; i < p->m->subnet6_count; i++)
                migrate_inherit(&p->m->subnets6[i].is, &scope.says);
}

static void pool_block(struct parser *p, const struct scope *outer)
{
        struct scope scope = {
                .network = outer->network, .subnet6 = outer->subnet6, .is_pool = true};

        block(p, &scope);
        take_ranges(p, &scope);
        if (scope.network)
                migrate_inherit(&scope.network->is, &scope.says);
}

static void subnet_block(struct parser *p, const struct scope *outer)
{
        struct scope scope = {0};
        struct ip4_address address, mask;
        int prefix = -EINVAL;

        (void)outer;
        if (ip4_parse(word(p, 1), &address) == 0 && is_word(p, 2, "netmask") &&
            ip4_parse(word(p, 3), &mask) == 0)
                prefix = migrate_prefix(mask);
        if (prefix < 0)
                migrate_say(p->m, p->now.line, MIGRATE_WRONG, "subnet: '%s' and '%s' are none",
                            word(p, 1), word(p, 3));
        else
                scope.network = migrate_network_new(p->m, p->now.line);
        if (!scope.network) {
                skip_block(p);
                return;
        }
        migrate_set_subnet(&scope.network->is, address, (unsigned)prefix);
        block(p, &scope);
        take_ranges(p, &scope);
        migrate_inherit(&scope.network->is, &scope.says);
}

static void subnet6_block(struct parser *p, const struct scope *outer)
{
        struct scope scope = {0};
        struct ip6_network network;

        (void)outer;
        if (ip6_network_parse(word(p, 1), &network) < 0)
                migrate_say(p->m, p->now.line, MIGRATE_WRONG, "subnet6: '%s' is none", word(p, 1));
        else
                scope.subnet6 = migrate_subnet6_new(p->m, p->now.line);
        if (!scope.subnet6) {
                skip_block(p);
                return;
        }
        (void)text_copy(scope.subnet6->is.subnet6, sizeof(scope.subnet6->is.subnet6), word(p, 1));
        block(p, &scope);
        migrate_inherit(&scope.subnet6->is, &scope.says);
}

/* Machines are kept in an array that grows: the one at hand is put there when it ends. */
static void machine_block(struct parser *p, struct migrate_machine *machine, struct scope *scope)
{
        const unsigned line = p->now.line;
        struct migrate_machine *kept;

        scope->machine = machine;
        block(p, scope);
        machine->is_active = machine->is_active && scope->ends_s > p->m->now_s;
        kept = migrate_machine_new(p->m, line);
        if (kept) {
                machine->at = kept->at;
                *kept = *machine;
        }
}

static void host_block(struct parser *p, const struct scope *outer)
{
        struct scope scope = {0};
        struct migrate_machine machine = {0};
        const unsigned line = p->now.line;

        (void)outer;
        machine.is_active = true;
        scope.ends_s = UINT64_MAX;
        migrate_name(p->m, line, word(p, 1), machine.is.name);
        machine_block(p, &machine, &scope);
        say_unheard(p, line, &scope);
}

static void lease_block(struct parser *p, const struct scope *outer)
{
        struct scope scope = {0};
        struct migrate_machine machine = {.is_lease = true};

        (void)outer;
        if (ip4_parse(word(p, 1), &machine.is.address) < 0) {
                migrate_say(p->m, p->now.line, MIGRATE_LEFT, "the lease of '%s' is not understood",
                            word(p, 1));
                skip_block(p);
                return;
        }
        machine_block(p, &machine, &scope);
}

static const struct {
        const char *word;
        void (*take)(struct parser *p, const struct scope *outer);
        const char *left; /* a sentence, where nothing of it comes over */
} blocks[] = {
        {"subnet",         subnet_block,  NULL                                                           },
        {"subnet6",        subnet6_block, NULL                                                           },
        {"shared-network", shared_block,  NULL                                                           },
        {"group",          inner_block,   NULL                                                           },
        {"pool",           pool_block,    NULL                                                           },
        {"pool6",          inner_block,   NULL                                                           },
        {"host",           host_block,    NULL                                                           },
        {"lease",          lease_block,   NULL                                                           },
        {"class",          NULL,          "classes are 'match' of a pool (docs/configuration.md#match)"  },
        {"subclass",       NULL,          "classes are 'match' of a pool (docs/configuration.md#match)"  },
        {"failover",       NULL,          "two netbootds on a wire know one another without it"          },
        {"key",            NULL,          "keys stay where they are"                                     },
        {"zone",           NULL,          DDNS                                                           },
        {"if",             NULL,          "conditions do not come over: see that nothing in it is missed"},
        {"elsif",          NULL,          "conditions do not come over: see that nothing in it is missed"},
        {"else",           NULL,          "conditions do not come over: see that nothing in it is missed"},
        {"on",             NULL,          "Cloudie tells of leases by its events (docs/operations.md)"   },
        {"ia-na",          NULL,          "leases of IPv6 do not come over: machines ask anew"           },
};

static void block_begin(struct parser *p, const struct scope *scope)
{
        for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
                if (!is_word(p, 0, blocks[i].word))
                        continue;
                if (blocks[i].left) {
                        if (!scope->machine || !scope->machine->is_lease)
                                migrate_say(p->m, p->now.line, MIGRATE_LEFT, "%s %s: %s",
                                            blocks[i].word, word(p, 1), blocks[i].left);
                        skip_block(p);
                } else if (p->depth >= MIGRATE_DEPTH_MAX) {
                        migrate_say(p->m, p->now.line, MIGRATE_WRONG,
                                    "blocks lie in one another more than %d deep",
                                    MIGRATE_DEPTH_MAX);
                        skip_block(p);
                } else {
                        p->depth++;
                        p->level++;
                        blocks[i].take(p, scope);
                        p->depth--;
                        p->level--;
                }
                return;
        }
        migrate_say(p->m, p->now.line, MIGRATE_LEFT, "the block '%s' is not understood",
                    word(p, 0));
        skip_block(p);
}

static void block(struct parser *p, struct scope *scope)
{
        const unsigned level = p->level;

        for (;;) {
                read_statement(p);
                if (p->now.end == ';') {
                        statement(p, scope);
                        continue;
                }
                if (p->now.end == '{') {
                        block_begin(p, scope);
                        continue;
                }
                if (p->now.count > 0)
                        migrate_say(p->m, p->now.line, MIGRATE_WRONG, "'%s': a ';' is missing",
                                    word(p, 0));
                else if (p->now.end == '\0' && level > 0)
                        migrate_say(p->m, p->now.line, MIGRATE_LEFT, "the file ends in a block");
                return;
        }
}

void migrate_dhcpd(struct migration *m, const char *text, size_t size)
{
        struct parser p = {.m = m, .text = reader_over(text, size), .line = 1};
        struct scope scope = {0};

        block(&p, &scope);
        if (p.now.end == '}')
                migrate_say(m, p.now.line, MIGRATE_WRONG, "'}' without a block");
        for (size_t i = 0; i < m->network_count; i++)
                migrate_inherit(&m->networks[i].is, &scope.says);
        for (size_t i = 0; i < m->subnet6_count; i++)
                migrate_inherit(&m->subnets6[i].is, &scope.says);
}
