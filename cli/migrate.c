/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/migrate.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/node/node_document.h"

const char *const migrate_verdict_names[MIGRATE_VERDICT_COUNT] = {
        [MIGRATE_LEFT] = "left behind",
        [MIGRATE_REPLACED] = "ours instead",
        [MIGRATE_CHANGED] = "changed",
        [MIGRATE_WRONG] = "wrong",
};

struct migration *migration_new(uint64_t now_s)
{
        struct migration *m = calloc(1, sizeof(*m));

        if (m)
                m->now_s = now_s;
        return m;
}

struct migration *migration_free(struct migration *m)
{
        if (!m)
                return NULL;
        for (size_t i = 0; i < m->machine_count; i++)
                doc_free(m->machines[i].labels);
        free(m->machines);
        free(m->findings);
        free(m);
        return NULL;
}

int migrate_file_begin(struct migration *m, const char *name)
{
        if (m->file_count == MIGRATE_FILES_MAX)
                return -E2BIG;
        snprintf(m->files[m->file_count], MIGRATE_PATH_SIZE, "%s", name);
        m->file = (unsigned)m->file_count++;
        return 0;
}

/* Room for one more. False without memory. */
static bool grow(struct migration *m, void **at, size_t count, size_t *space, size_t element)
{
        const size_t wanted = *space > 0 ? 2 * *space : 64;
        void *more;

        if (count < *space)
                return true;
        more = reallocarray(*at, wanted, element);
        if (!more) {
                m->rc = -ENOMEM;
                return false;
        }
        *at = more;
        *space = wanted;
        return true;
}

void migrate_say(struct migration *m, unsigned line, enum migrate_verdict verdict,
                 const char *sentence, ...)
{
        struct migrate_finding *finding;
        char text[2 * MIGRATE_TEXT_SIZE];
        va_list args;

        if (verdict == MIGRATE_WRONG)
                m->wrong_count++;
        if (m->finding_count == MIGRATE_FINDINGS_MAX) {
                m->findings_dropped++;
                return;
        }
        if (!grow(m, (void **)&m->findings, m->finding_count, &m->finding_space, sizeof(*finding)))
                return;
        finding = &m->findings[m->finding_count++];
        *finding = (struct migrate_finding){
                .at = {m->file, line},
                  .verdict = verdict
        };
        va_start(args, sentence);
        vsnprintf(text, sizeof(text), sentence, args);
        va_end(args);
        (void)text_escape(finding->text, sizeof(finding->text), text);
}

struct migrate_network *migrate_network_new(struct migration *m, unsigned line)
{
        struct migrate_network *network;

        if (m->network_count == CONFIG_MAX_NETWORKS) {
                migrate_say(m, line, MIGRATE_WRONG, "there are more than %d networks",
                            CONFIG_MAX_NETWORKS);
                return NULL;
        }
        network = &m->networks[m->network_count++];
        *network = (struct migrate_network){
                .at = {m->file, line}
        };
        return network;
}

struct migrate_subnet6 *migrate_subnet6_new(struct migration *m, unsigned line)
{
        struct migrate_subnet6 *subnet;

        if (m->subnet6_count == CONFIG_MAX_NETWORKS) {
                migrate_say(m, line, MIGRATE_WRONG, "there are more than %d networks of IPv6",
                            CONFIG_MAX_NETWORKS);
                return NULL;
        }
        subnet = &m->subnets6[m->subnet6_count++];
        *subnet = (struct migrate_subnet6){
                .at = {m->file, line}
        };
        return subnet;
}

struct migrate_machine *migrate_machine_new(struct migration *m, unsigned line)
{
        struct migrate_machine *machine;

        if (m->machine_count == MIGRATE_MACHINES_MAX) {
                if (m->rc == 0)
                        migrate_say(m, line, MIGRATE_WRONG, "there are more than %d machines",
                                    MIGRATE_MACHINES_MAX);
                m->rc = -E2BIG;
                return NULL;
        }
        if (!grow(m, (void **)&m->machines, m->machine_count, &m->machine_space, sizeof(*machine)))
                return NULL;
        machine = &m->machines[m->machine_count++];
        *machine = (struct migrate_machine){
                .at = {m->file, line}
        };
        return machine;
}

int migrate_label(struct migration *m, struct migrate_machine *machine, const char *name,
                  const char *text)
{
        if (!node_label_is_valid(name) || strlen(text) >= NODE_LABEL_SIZE) {
                migrate_say(m, machine->at.line, MIGRATE_LEFT,
                            "'%s' is no label: a name has letters, digits and ._-/, a text at "
                            "most %d bytes",
                            name, NODE_LABEL_SIZE - 1);
                return -EINVAL;
        }
        if (!machine->labels)
                machine->labels = doc_object();
        if (doc_set_text(machine->labels, name, text) < 0)
                m->rc = -ENOMEM;
        return m->rc;
}

int migrate_mac(const char *text, struct mac_address *ret)
{
        char whole[MAC_TEXT_SIZE + 1]; /* a seventh part has room for its colon */
        size_t size = 0;

        if (mac_parse(text, ret) == 0)
                return 0;
        while (*text && size + 2 < MAC_TEXT_SIZE) {
                const size_t digits = strcspn(text, ":");

                if (digits < 1 || digits > 2)
                        return -EINVAL;
                whole[size] = '0';
                if (digits == 2)
                        whole[size] = *text++;
                size++;
                whole[size++] = *text++;
                if (*text)
                        whole[size++] = *text++;
        }
        whole[size] = '\0';
        return *text ? -EINVAL : mac_parse(whole, ret);
}

void migrate_name(struct migration *m, unsigned line, const char *text,
                  char ret[static NODE_NAME_SIZE])
{
        const size_t size = strcspn(text, ".");

        ret[0] = '\0';
        for (size_t i = 0; i < size; i++) {
                if (!isalnum((unsigned char)text[i]) && (text[i] != '-' || i == 0)) {
                        migrate_say(m, line, MIGRATE_LEFT,
                                    "the name '%s' is none for a machine: letters, digits and "
                                    "dashes",
                                    text);
                        return;
                }
        }
        if (size >= NODE_NAME_SIZE || text_copy_bytes(ret, NODE_NAME_SIZE, text, size) < 0) {
                ret[0] = '\0';
                migrate_say(m, line, MIGRATE_LEFT, "the name '%s' is too long", text);
        }
        for (size_t i = 0; ret[i]; i++)
                ret[i] = (char)tolower((unsigned char)ret[i]);
}

void migrate_pool(struct migration *m, unsigned line, struct edge_network *network,
                  struct ip4_address first, struct ip4_address last)
{
        if (!ip4_is_set(network->pool_first)) {
                network->pool_first = first;
                network->pool_last = last;
        } else if (network->pool_count < CONFIG_MAX_POOLS) {
                network->pools[network->pool_count++] =
                        (struct edge_pool){.first = first, .last = last};
        } else {
                migrate_say(m, line, MIGRATE_WRONG,
                            "the network has more than %d pools: join those that follow one "
                            "another",
                            CONFIG_MAX_POOLS + 1);
        }
}

static void fill_host_bits(struct ip6_address *address, unsigned prefix)
{
        for (unsigned bit = prefix; bit < 128; bit++)
                address->bytes[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
}

static int range_of_prefix(const char *text, struct ip_address *ret_first,
                           struct ip_address *ret_last)
{
        struct ip4_network four;
        struct ip6_network six;

        if (ip4_network_parse(text, &four) == 0) {
                *ret_first = ip_of4(four.address);
                *ret_last = ip_of4(ip4_network_broadcast(&four));
                return 0;
        }
        if (ip6_network_parse(text, &six) < 0)
                return -EINVAL;
        *ret_first = ip_of6(&six.address);
        fill_host_bits(&six.address, six.prefix);
        *ret_last = ip_of6(&six.address);
        return 0;
}

int migrate_range(const char *text, struct ip_address *ret_first, struct ip_address *ret_last)
{
        char clean[2 * IP_TEXT_SIZE + 2];
        size_t size = 0;
        char *dash;

        for (; *text; text++) {
                if (isspace((unsigned char)*text))
                        continue;
                if (size == sizeof(clean) - 1)
                        return -EINVAL;
                clean[size++] = *text;
        }
        clean[size] = '\0';
        if (strchr(clean, '/'))
                return range_of_prefix(clean, ret_first, ret_last);
        dash = strchr(clean, '-');
        if (!dash)
                return -EINVAL;
        *dash = '\0';
        if (ip_parse(clean, ret_first) < 0 || ip_parse(dash + 1, ret_last) < 0)
                return -EINVAL;
        return ip_is_4(*ret_first) == ip_is_4(*ret_last) ? 0 : -EINVAL;
}

int migrate_prefix(struct ip4_address mask)
{
        const uint32_t bits = ntohl(mask.be);
        int prefix = 0;

        while (prefix < 32 && (bits & (0x80000000U >> prefix)))
                prefix++;
        return prefix == 0 || (prefix < 32 && bits << prefix != 0) ? -EINVAL : prefix;
}

void migrate_set_subnet(struct edge_network *network, struct ip4_address address, unsigned prefix)
{
        const struct ip4_network all = {.prefix = (uint8_t)prefix};
        const struct ip4_address base = {address.be & ip4_network_mask(&all).be};
        char text[IP4_TEXT_SIZE];

        (void)ip4_text(text, base);
        snprintf(network->subnet, sizeof(network->subnet), "%.15s/%u", text, prefix % 33);
        if (!network->name[0])
                snprintf(network->name, sizeof(network->name), "net-%s", text);
}

void migrate_inherit(struct edge_network *inner, const struct edge_network *outer)
{
        if (!ip4_is_set(inner->router))
                inner->router = outer->router;
        if (!ip4_is_set(inner->dns))
                inner->dns = outer->dns;
        if (!inner->domain[0])
                memcpy(inner->domain, outer->domain, sizeof(inner->domain));
        if (inner->lease_s == 0)
                inner->lease_s = outer->lease_s;
        if (!inner->dns6[0])
                memcpy(inner->dns6, outer->dns6, sizeof(inner->dns6));
        if (!inner->root_path[0])
                memcpy(inner->root_path, outer->root_path, sizeof(inner->root_path));
        if (!inner->shared_network[0])
                memcpy(inner->shared_network, outer->shared_network, sizeof(inner->shared_network));
        if (outer->strangers == STRANGERS_LIST)
                inner->strangers = STRANGERS_LIST;
}

/* --- options --- */

enum meaning { ROUTER, DNS, DNS6, DOMAIN, LEASE, ROOT, NOTHING, BOOT, NTP };

static const struct option_row {
        const char *name;
        enum meaning meaning;
} option_rows[] = {
        {"routers",                     ROUTER },
        {"router",                      ROUTER },
        {"3",                           ROUTER },
        {"domain-name-servers",         DNS    },
        {"dns-server",                  DNS    },
        {"6",                           DNS    },
        {"dns-servers",                 DNS6   },
        {"dhcp6.name-servers",          DNS6   },
        {"option6:23",                  DNS6   },
        {"option6:dns-server",          DNS6   },
        {"domain-name",                 DOMAIN },
        {"15",                          DOMAIN },
        {"dhcp-lease-time",             LEASE  },
        {"lease-time",                  LEASE  },
        {"51",                          LEASE  },
        {"root-path",                   ROOT   },
        {"17",                          ROOT   },
        {"subnet-mask",                 NOTHING},
        {"netmask",                     NOTHING},
        {"1",                           NOTHING},
        {"broadcast-address",           NOTHING},
        {"broadcast",                   NOTHING},
        {"28",                          NOTHING},
        {"host-name",                   NOTHING},
        {"hostname",                    NOTHING},
        {"12",                          NOTHING},
        {"tftp-server-name",            BOOT   },
        {"66",                          BOOT   },
        {"bootfile-name",               BOOT   },
        {"boot-file-name",              BOOT   },
        {"bootfile-url",                BOOT   },
        {"dhcp6.bootfile-url",          BOOT   },
        {"67",                          BOOT   },
        {"vendor-class-identifier",     BOOT   },
        {"60",                          BOOT   },
        {"vendor-encapsulated-options", BOOT   },
        {"43",                          BOOT   },
        {"tftp-server-address",         BOOT   },
        {"150",                         BOOT   },
        {"ntp-servers",                 NTP    },
        {"ntp-server",                  NTP    },
        {"42",                          NTP    },
};

static void take_server(struct migration *m, unsigned line, struct ip4_address *to,
                        const char *const *values, size_t count)
{
        if (ip4_parse(values[0], to) < 0)
                migrate_say(m, line, MIGRATE_LEFT,
                            "'%s' is no address of IPv4: write the address, as a machine that "
                            "boots knows no names",
                            values[0]);
        else if (count > 1)
                migrate_say(m, line, MIGRATE_CHANGED,
                            "machines are told the first, %s, alone: Cloudie tells one", values[0]);
}

static void take_server6(struct migration *m, unsigned line, struct edge_network *scope,
                         const char *const *values, size_t count)
{
        struct ip6_address address;

        if (ip6_parse(values[0], &address) < 0)
                migrate_say(m, line, MIGRATE_LEFT, "'%s' is no address of IPv6", values[0]);
        else
                (void)ip6_text(scope->dns6, &address);
        if (count > 1)
                migrate_say(m, line, MIGRATE_CHANGED,
                            "machines are told the first name server alone");
}

static void take_lease_time(struct migration *m, unsigned line, struct edge_network *scope,
                            const char *text)
{
        uint64_t seconds = 0;

        if (text_parse_u64(text, UINT32_MAX, &seconds) < 0)
                migrate_say(m, line, MIGRATE_LEFT, "'%s' is no length of a lease in seconds", text);
        else if (seconds < 60)
                migrate_say(m, line, MIGRATE_CHANGED,
                            "a lease of less than 60 s does not outlast a boot: it is 60 s");
        scope->lease_s = seconds > 0 && seconds < 60 ? 60 : (uint32_t)seconds;
}

static void take_text(struct migration *m, unsigned line, char *to, size_t size, const char *text)
{
        if (text_copy(to, size, text) < 0)
                migrate_say(m, line, MIGRATE_LEFT, "it is longer than %zu bytes", size - 1);
}

static const struct option_row *find_option(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++)
                if (strcmp(option_rows[i].name, name) == 0)
                        return &option_rows[i];
        return NULL;
}

void migrate_option(struct migration *m, unsigned line, struct edge_network *scope,
                    const char *name, const char *const *values, size_t count)
{
        const struct option_row *row = find_option(name);

        if (!row || count == 0 || !values[0][0]) {
                migrate_say(m, line, MIGRATE_LEFT, "Cloudie does not tell the option '%s'", name);
                return;
        }
        switch (row->meaning) {
        case ROUTER:
                take_server(m, line, &scope->router, values, count);
                break;
        case DNS:
                take_server(m, line, &scope->dns, values, count);
                break;
        case DNS6:
                take_server6(m, line, scope, values, count);
                break;
        case DOMAIN:
                take_text(m, line, scope->domain, sizeof(scope->domain), values[0]);
                break;
        case LEASE:
                take_lease_time(m, line, scope, values[0]);
                break;
        case ROOT:
                take_text(m, line, scope->root_path, sizeof(scope->root_path), values[0]);
                break;
        case NTP:
                migrate_say(m, line, MIGRATE_LEFT,
                            "Cloudie tells no time server: name it in the profile's seed");
                break;
        case BOOT:
                (void)migrate_word_say(m, line, migrate_words_boot, "filename");
                break;
        case NOTHING:
                break;
        }
}

#define BOOT_SENTENCE "what a machine boots Cloudie says by itself, by its firmware"
const struct migrate_word migrate_words_boot[] = {
        {"filename",        MIGRATE_REPLACED, BOOT_SENTENCE                                     },
        {"next-server",     MIGRATE_REPLACED, BOOT_SENTENCE                                     },
        {"server-name",     MIGRATE_REPLACED, BOOT_SENTENCE                                     },
        {"server-hostname", MIGRATE_REPLACED, BOOT_SENTENCE                                     },
        {"boot-file-name",  MIGRATE_REPLACED, BOOT_SENTENCE                                     },
        {"dhcp-boot",       MIGRATE_REPLACED, BOOT_SENTENCE                                     },
        {"pxe-service",     MIGRATE_REPLACED, BOOT_SENTENCE                                     },
        {"pxe-prompt",      MIGRATE_REPLACED, BOOT_SENTENCE                                     },
        {"enable-tftp",     MIGRATE_REPLACED, "TFTP is cloudie-netbootd's: port 69 must be free"},
        {"tftp-*",          MIGRATE_REPLACED, "TFTP is cloudie-netbootd's: port 69 must be free"},
        {NULL,              MIGRATE_LEFT,     NULL                                              },
};

bool migrate_word_say(struct migration *m, unsigned line, const struct migrate_word *words,
                      const char *word)
{
        for (; words->word; words++) {
                const size_t size = strlen(words->word);
                const bool is_prefix = words->word[size - 1] == '*';

                if (is_prefix ? strncmp(word, words->word, size - 1) != 0
                              : strcmp(word, words->word) != 0)
                        continue;
                if (words->sentence)
                        migrate_say(m, line, words->verdict, "%s: %s", word, words->sentence);
                return true;
        }
        return false;
}
