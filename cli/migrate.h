/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * What another DHCP server was told, as Cloudie is told it: networks and
 * reservations of cloudied.yaml, and rules for what only a node has. Parsers are
 * given texts, and open nothing. Nothing is passed over in silence: what does not
 * come over is a finding, with file and line.
 */

#include "lib/base/reader.h"
#include "lib/node/wire.h"

#define MIGRATE_SIZE_MAX     ((size_t)64 << 20) /* of a file: leases of years are long */
#define MIGRATE_FILES_MAX    64                 /* with those that are included */
#define MIGRATE_MACHINES_MAX 200000 /* lines of a leases file name a machine again and again */
#define MIGRATE_FINDINGS_MAX 2000   /* more are counted: nobody reads them */
#define MIGRATE_RULES_MAX    1000   /* as many as a controller keeps */
#define MIGRATE_DEPTH_MAX    16     /* of blocks and includes */
#define MIGRATE_TEXT_SIZE    240
#define MIGRATE_WORD_SIZE    256
#define MIGRATE_PATH_SIZE    512

enum migrate_verdict {
        MIGRATE_LEFT,     /* it does not come over */
        MIGRATE_REPLACED, /* what it was for, Cloudie does by itself */
        MIGRATE_CHANGED,  /* it comes over, otherwise than it was */
        MIGRATE_WRONG,    /* nothing is applied before that is put right */
        MIGRATE_VERDICT_COUNT
};
extern const char *const migrate_verdict_names[MIGRATE_VERDICT_COUNT];

struct migrate_place {
        unsigned file, line;
};

struct migrate_finding {
        struct migrate_place at;
        enum migrate_verdict verdict;
        char text[MIGRATE_TEXT_SIZE];
};

struct migrate_network {
        struct edge_network is;
        struct migrate_place at;
        bool has_own_strangers; /* said by a pool */
};

struct migrate_machine {
        struct edge_reservation is; /* without an address: only its name and labels are known */
        struct migrate_place at;
        struct doc *labels; /* owned; NULL: none */
        bool is_lease;      /* it had the address when the file was written */
        bool is_gone;       /* it does not come over */
        bool is_active;     /* of a lease */
};

/* A subnet of IPv6, until it is known which network is on its wire. */
struct migrate_subnet6 {
        struct edge_network is; /* subnet6, pool6_first, pool6_last, dns6, shared_network */
        struct migrate_place at;
};

struct migration;

/* Gives the text of a file that another one names; it is the caller's. 0, -errno: it is not
 * followed. */
typedef int (*migrate_include_fn)(struct migration *m, const char *name, char **ret,
                                  size_t *ret_size);

struct migration {
        char files[MIGRATE_FILES_MAX][MIGRATE_PATH_SIZE];
        size_t file_count;
        unsigned file; /* that is read now */
        uint64_t now_s;
        migrate_include_fn include; /* NULL: none is followed */
        void *context;

        struct migrate_network networks[CONFIG_MAX_NETWORKS];
        size_t network_count;
        struct migrate_subnet6 subnets6[CONFIG_MAX_NETWORKS];
        size_t subnet6_count;
        struct migrate_machine *machines; /* owned, as the next */
        size_t machine_count, machine_space;
        struct migrate_finding *findings;
        size_t finding_count, finding_space, findings_dropped;
        size_t wrong_count, lease_count, expired_count;
        int rc; /* -ENOMEM once memory was short */
};

struct migration *migration_new(uint64_t now_s); /* NULL without memory */
struct migration *migration_free(struct migration *m);
CLEANUP_DEFINE(struct migration *, migration_free)

/* Names the file that is read next. -E2BIG: there are too many. */
int migrate_file_begin(struct migration *m, const char *name);

/* Reads one text into @m. What is wrong with it is a finding. */
typedef void (*migrate_parse_fn)(struct migration *m, const char *text, size_t size);
void migrate_dhcpd(struct migration *m, const char *text, size_t size);
void migrate_kea(struct migration *m, const char *text, size_t size); /* JSON, or leases as CSV */
void migrate_dnsmasq(struct migration *m, const char *text, size_t size);
void migrate_csv(struct migration *m, const char *text, size_t size);

/* --- for parsers --- */

void migrate_say(struct migration *m, unsigned line, enum migrate_verdict verdict,
                 const char *sentence, ...) __attribute__((format(printf, 4, 5)));
/* NULL after a finding. */
struct migrate_network *migrate_network_new(struct migration *m, unsigned line);
struct migrate_subnet6 *migrate_subnet6_new(struct migration *m, unsigned line);
/* Valid until the next one is made. */
struct migrate_machine *migrate_machine_new(struct migration *m, unsigned line);
int migrate_label(struct migration *m, struct migrate_machine *machine, const char *name,
                  const char *text);

/* As mac_parse(), and with parts of one digit, as these servers take them. */
int migrate_mac(const char *text, struct mac_address *ret);
/* The name of a machine, without its domain, or a finding. */
void migrate_name(struct migration *m, unsigned line, const char *text,
                  char ret[static NODE_NAME_SIZE]);
void migrate_pool(struct migration *m, unsigned line, struct edge_network *network,
                  struct ip4_address first, struct ip4_address last);
/* "10.0.0.5 - 10.0.0.9", "10.0.0.0/28"; of IPv6, too. -EINVAL. */
int migrate_range(const char *text, struct ip_address *ret_first, struct ip_address *ret_last);
void migrate_set_subnet(struct edge_network *network, struct ip4_address address, unsigned prefix);
int migrate_prefix(struct ip4_address mask); /* of a netmask; -EINVAL */

/* A DHCP option: its name (of any of the servers) or number; the words of its value. Where it is
 * none that Cloudie tells, that is a finding. */
void migrate_option(struct migration *m, unsigned line, struct edge_network *scope,
                    const char *name, const char *const *values, size_t count);
/* What the inner scope does not say, the outer one does. */
void migrate_inherit(struct edge_network *inner, const struct edge_network *outer);

/* A row a word of a server's language that does not come over. @word: NULL ends; "x*" is a prefix.
 */
struct migrate_word {
        const char *word;
        enum migrate_verdict verdict;
        const char *sentence; /* NULL: it says nothing that would be missed */
};
extern const struct migrate_word migrate_words_boot[];
/* False: none of the rows has it. */
bool migrate_word_say(struct migration *m, unsigned line, const struct migrate_word *words,
                      const char *word);

/* A line of CSV (RFC 4180), field by field. */
#define MIGRATE_FIELDS_MAX 64
struct migrate_row {
        char fields[MIGRATE_FIELDS_MAX][MIGRATE_WORD_SIZE];
        size_t count;
        unsigned line;      /* where it begins */
        unsigned next_line; /* 1 at first */
};
/* 1; 0 at the end; -EBADMSG: a quote that does not end, text behind one, too long or too many. */
int migrate_row_next(struct reader *text, struct migrate_row *row);
void migrate_kea_leases(struct migration *m, const char *text, size_t size);

/* --- when all is read --- */

/**
 * migrate_finish() - put together what was read, and find what does not fit
 * @present:  {networks, reservations} of the cloudied.yaml that is there; NULL: none
 *
 * What is there already, as it is, is left out.
 */
void migrate_finish(struct migration *m, const struct doc *present);

/* The caller's: lists as in cloudied.yaml; documents of kind rule. NULL without memory. */
struct doc *migrate_networks_doc(const struct migration *m);
struct doc *migrate_reservations_doc(const struct migration *m);
struct doc *migrate_rules_doc(const struct migration *m);

/**
 * migrate_yaml_add() - add elements to the list of a key of a YAML text
 * @text:   NUL-terminated
 * @key:    of the outermost object; it is added if it is not there
 * @ret:    the new text, the caller's. All else, comments too, is as it was
 *
 * Return: 0; -EINVAL: the list is written so that nothing can be added; -EBADMSG: no YAML;
 *         -ENOMEM.
 */
int migrate_yaml_add(const char *text, const char *key, const struct doc *elements, char **ret);
