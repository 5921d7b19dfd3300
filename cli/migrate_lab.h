/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A text through a parser, and what comes of it as one text; for tests. Behind <cmocka.h>. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/migrate.h"
#include "lib/base/buffer.h"

#define LAB_NOW 1795168800 /* 2026-11-20 10:00 */

struct lab_case {
        const char *text;
        const char *networks, *reservations; /* JSON; NULL: none */
        const char *findings;                /* "LINE verdict: the beginning of a sentence;..." */
};

static inline void lab_same(struct doc *take, const char *wanted, const char *of)
{
        _doc_ struct doc *list = take;
        _free_ char *text = NULL;

        assert_int_equal(doc_print(list, DOC_COMPACT, &text), 0);
        if (strcmp(text, wanted ? wanted : "[]") != 0)
                print_message("%s\n", of);
        assert_string_equal(text, wanted ? wanted : "[]");
}

/* Each finding that is said must be there, in its order, and no other. */
static inline void lab_findings(const struct migration *m, const char *wanted, const char *of)
{
        const char *at = wanted ? wanted : "";

        for (size_t i = 0; i < m->finding_count; i++) {
                const size_t size = strcspn(at, ";");
                char text[MIGRATE_TEXT_SIZE + 64];

                snprintf(text, sizeof(text), "%u %s: %s", m->findings[i].at.line,
                         migrate_verdict_names[m->findings[i].verdict], m->findings[i].text);
                if (size == 0 || strncmp(text, at, size) != 0)
                        fail_msg("'%s', not '%.*s', of\n%s", text, (int)size, at, of);
                at += size + (at[size] == ';');
        }
        if (*at)
                fail_msg("'%s' was not said of\n%s", at, of);
}

static inline void lab_run(migrate_parse_fn parse, const struct lab_case *c)
{
        CLEANUP(migration_free) struct migration *m = migration_new(LAB_NOW);

        assert_non_null(m);
        assert_int_equal(migrate_file_begin(m, "file"), 0);
        parse(m, c->text, strlen(c->text));
        migrate_finish(m, NULL);
        assert_int_equal(m->rc, 0);
        lab_findings(m, c->findings, c->text);
        lab_same(migrate_networks_doc(m), c->networks, c->text);
        lab_same(migrate_reservations_doc(m), c->reservations, c->text);
}
