/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Rule: what becomes of machines that nobody accepted yet (design section 5.4). A
 * document that an operator wrote; what is not understood in it is an error with a
 * sentence (docs/rules.md).
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/cleanup.h"
#include "lib/doc/filter.h"
#include "lib/doc/value.h"
#include "lib/node/step.h"
#include "lib/node/summary.h"

#define RULE_PRIORITY_MAX 1000000
#define RULE_LIMIT_MAX    1000000
#define RULE_NAMES_SIZE   128 /* a pattern is longer than the names that it makes */
#define RULE_DIGITS_MAX   9   /* of {n:09} */

enum rule_action {
        RULE_ACCEPT,  /* ready */
        RULE_INSTALL, /* ready, and installed with its profile */
        RULE_HOLD,    /* named and labelled, and held: no rule behind it is asked */
        RULE_QUARANTINE,
        RULE_ACTION_COUNT
};
extern const char *const rule_action_names[RULE_ACTION_COUNT + 1]; /* "accept", ... */

struct rule {
        char name[NODE_NAME_SIZE];
        int32_t priority; /* the highest is asked first */
        enum rule_action action;
        uint32_t limit;               /* nodes; 0: none */
        char profile[NODE_NAME_SIZE]; /* "": none */
        char names[RULE_NAMES_SIZE];  /* pattern; "": they keep theirs */
        struct filter *match;         /* owned, as all below */
        char *match_text;
        struct doc *labels; /* that nodes get; never NULL */
};

/**
 * rule_decode() - a document {kind, name, labels?, spec} as a rule
 * @bind:   the fields that a match may name
 * @error:  DOC_ERROR_SIZE bytes: "rule 'gpu-rack': spec: 'match', column 1: there is no field …"
 * @ret:    the caller's to rule_free()
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int rule_decode(const struct doc *document, filter_bind_fn bind, char *error, struct rule **ret);
struct rule *rule_free(struct rule *rule); /* takes NULL; returns NULL */
CLEANUP_DEFINE(struct rule *, rule_free)

/* Whether @a is asked before @b: by priority, then by name. */
int rule_compare(const struct rule *a, const struct rule *b);

/**
 * rule_name() - the name that its pattern makes
 * @number:  for {n}
 * @ret:     NODE_NAME_SIZE bytes
 *
 * Return: 0; -ENOENT: the machine does not say what the pattern asks for; -EINVAL: what comes out
 *         is no name, or the rule has no pattern.
 */
int rule_name(const struct rule *rule, const struct node_summary *summary,
              const struct mac_address *mac, uint32_t number, char *ret);
/* Whether it numbers them: another number makes another name. */
bool rule_has_number(const struct rule *rule);
