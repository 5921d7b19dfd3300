/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A filter is read once and asked thousands of times: so names become numbers,
 * and texts that are numbers are read, while it is parsed. Its nodes stand in one
 * array, in which a node's parts come before it.
 */
#include "lib/doc/filter.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/text.h"
#include "lib/doc/tree.h"

#define NODES_MAX ((size_t)4 * FILTER_TESTS_MAX) /* each test with an "and" and two nots */
#define STEPS_MAX 16 /* names and lists on a way into a document: no inventory is so deep */

enum node_kind { NODE_TEST, NODE_AND, NODE_OR, NODE_NOT };
enum test_kind { TEST_PRESENT, TEST_EQUAL, TEST_LEAST, TEST_MOST, TEST_ABOVE, TEST_BELOW };

struct filter_node {
        enum node_kind kind;
        uint16_t left, right; /* of AND and OR; NOT has a left one alone */
        /* of a test */
        enum test_kind test;
        int field;
        bool is_pattern, is_number;
        int64_t number;
        const char *name, *value; /* in filter->texts */
};

struct filter {
        size_t count; /* the last node is the root; 0: it always holds */
        struct filter_node *nodes;
        char *texts;
};

struct filter_probe {
        const struct filter_node *node;
        bool holds;
        struct why *why; /* NULL; else values are told and none is enough */
};

static const struct {
        const char *sign;
        enum test_kind test;
        bool is_negated;
} signs[] = {
        {">=", TEST_LEAST, false}, /* the longer ones first */
        {"<=", TEST_MOST,  false},
        {"!=", TEST_EQUAL, true },
        {"=",  TEST_EQUAL, false},
        {">",  TEST_ABOVE, false},
        {"<",  TEST_BELOW, false},
};

/* What stands at the place that is looked at. */
enum token { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_SIGN, TOKEN_OTHER };

struct parser {
        const char *text;
        const char *at; /* of the token */
        size_t len;     /* of it */
        enum token token;
        size_t sign; /* in signs[] */
        size_t depth, tests;
        char *texts_end;
        struct filter *filter;
        filter_bind_fn bind;
        char *error;
};

__attribute__((format(printf, 3, 4))) static int fail(const struct parser *p, int rc,
                                                      const char *format, ...)
{
        char what[DOC_ERROR_SIZE];
        va_list args;

        va_start(args, format);
        vsnprintf(what, sizeof(what), format, args);
        va_end(args);
        return tree_fail(p->error, rc, "column %zu: %s", (size_t)(p->at - p->text) + 1, what);
}

/* The token itself, made safe to be shown. */
static const char *shown(const struct parser *p, char to[static FILTER_NAME_SIZE])
{
        char raw[FILTER_NAME_SIZE / 4], safe[FILTER_NAME_SIZE - 2];

        if (p->token == TOKEN_END)
                return "the end";
        snprintf(raw, sizeof(raw), "%.*s", (int)(p->len < sizeof(raw) ? p->len : sizeof(raw) - 1),
                 p->at);
        text_escape(safe, sizeof(safe), raw);
        snprintf(to, FILTER_NAME_SIZE, "'%s'", safe);
        return to;
}

/* The length of a quoted text with its quotes; 0: it does not end. */
static size_t quoted_length(const char *at)
{
        const char quote = at[0];
        size_t len = 1;

        for (; at[len]; len++) {
                if (at[len] != quote)
                        continue;
                if (at[len + 1] != quote)
                        return len + 1;
                len++;
        }
        return 0;
}

/* Looks at the next token. */
static int look(struct parser *p)
{
        p->at += strspn(p->at, " \t\r\n");
        p->len = 1;
        if (!*p->at) {
                p->token = TOKEN_END;
                p->len = 0;
                return 0;
        }
        for (p->sign = 0; p->sign < ARRAY_SIZE(signs); p->sign++) {
                if (!text_has_prefix(p->at, signs[p->sign].sign))
                        continue;
                p->token = TOKEN_SIGN;
                p->len = strlen(signs[p->sign].sign);
                return 0;
        }
        if (*p->at == '\'' || *p->at == '"') {
                p->token = TOKEN_QUOTED;
                p->len = quoted_length(p->at);
                return p->len > 0 ? 0 : fail(p, -EBADMSG, "this quote is never closed");
        }
        p->len = strcspn(p->at, " \t\r\n(),'\"=<>!");
        p->token = p->len > 0 ? TOKEN_WORD : TOKEN_OTHER;
        if (p->token == TOKEN_OTHER)
                p->len = 1;
        return 0;
}

static int step(struct parser *p)
{
        p->at += p->len;
        return look(p);
}

static bool is_word(const struct parser *p, const char *word)
{
        return p->token == TOKEN_WORD && p->len == strlen(word) && memcmp(p->at, word, p->len) == 0;
}

static bool is_mark(const struct parser *p, char mark)
{
        return p->token == TOKEN_OTHER && *p->at == mark;
}

/* Where the new node stands, or -E2BIG. */
static int add(struct parser *p, const struct filter_node *node)
{
        if (p->filter->count == NODES_MAX)
                return fail(p, -E2BIG, "this filter is too long: at most %d tests",
                            FILTER_TESTS_MAX);
        p->filter->nodes[p->filter->count] = *node;
        return (int)p->filter->count++;
}

static int add_pair(struct parser *p, enum node_kind kind, int left, int right)
{
        const struct filter_node node = {
                .kind = kind, .left = (uint16_t)left, .right = (uint16_t)right};

        return add(p, &node);
}

static int add_not(struct parser *p, int left)
{
        const struct filter_node node = {.kind = NODE_NOT, .left = (uint16_t)left};

        return add(p, &node);
}

static int add_test(struct parser *p, const struct filter_node *test)
{
        if (p->tests++ == FILTER_TESTS_MAX)
                return fail(p, -E2BIG, "this filter is too long: at most %d tests",
                            FILTER_TESTS_MAX);
        return add(p, test);
}

static int64_t number_of(const char *text, bool *ret_is_number)
{
        const bool is_negative = text[0] == '-';
        uint64_t bytes = 0;

        *ret_is_number = text_parse_size(text + is_negative, &bytes) == 0 && bytes <= INT64_MAX;
        return is_negative ? -(int64_t)bytes : (int64_t)bytes;
}

/* A word that is misspelt would never hold, and nobody would say so. */
static int check_words(const struct parser *p, const struct filter_field *field,
                       const struct filter_node *test)
{
        char show[FILTER_NAME_SIZE], all[DOC_ERROR_SIZE / 2] = "";
        size_t used = 0;

        if (!field->words || test->is_pattern)
                return 0;
        for (size_t i = 0; field->words[i]; i++) {
                if (strcasecmp(field->words[i], test->value) == 0)
                        return 0;
                if (used < sizeof(all))
                        used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
                                                 i > 0 ? ", " : "", field->words[i]);
        }
        return fail(p, -EBADMSG, "%s is none of %s", shown(p, show), all);
}

/* Takes the value at hand into the test. */
static int take_value(struct parser *p, const struct filter_field *field, struct filter_node *test)
{
        const bool is_quoted = p->token == TOKEN_QUOTED;
        const size_t quotes = is_quoted ? 1 : 0;
        char show[FILTER_NAME_SIZE], *to = p->texts_end;

        if (!is_quoted && p->token != TOKEN_WORD)
                return fail(p, -EBADMSG, "a value was expected, not %s", shown(p, show));
        test->value = to;
        for (size_t i = quotes; i < p->len - quotes; i++) {
                *to++ = p->at[i];
                if (is_quoted && p->at[i] == p->at[0])
                        i++;
        }
        *to++ = '\0';
        test->is_pattern = !is_quoted && strpbrk(test->value, "*?");
        test->number = number_of(test->value, &test->is_number);
        if (field->is_number && !test->is_number)
                return fail(p, -EBADMSG, "a number was expected, such as 8 or 64G, not %s",
                            shown(p, show));
        if (test->is_pattern && test->test != TEST_EQUAL)
                return fail(p, -EBADMSG, "%s has a * or a ?: only = and != take it",
                            shown(p, show));
        if (check_words(p, field, test) < 0)
                return -EBADMSG;
        p->texts_end = to;
        return step(p);
}

static int take_list(struct parser *p, const struct filter_field *field, struct filter_node *test)
{
        char show[FILTER_NAME_SIZE];
        int all = -1;

        if (!is_mark(p, '('))
                return fail(p, -EBADMSG, "'in' is followed by a list: (a1, a2)");
        test->test = TEST_EQUAL;
        do {
                int rc = step(p), one;

                if (rc == 0)
                        rc = take_value(p, field, test);
                if (rc < 0)
                        return rc;
                one = add_test(p, test);
                all = one < 0 || all < 0 ? one : add_pair(p, NODE_OR, all, one);
                if (all < 0)
                        return all;
        } while (is_mark(p, ','));
        if (!is_mark(p, ')'))
                return fail(p, -EBADMSG, "a comma or ')' was expected, not %s", shown(p, show));
        return step(p) < 0 ? -EBADMSG : all;
}

static int take_field(struct parser *p, const char **ret_name, struct filter_field *ret)
{
        char show[FILTER_NAME_SIZE], *name = p->texts_end;

        if (p->token != TOKEN_WORD)
                return fail(p, -EBADMSG, "the name of a field was expected, not %s",
                            shown(p, show));
        if (p->len >= FILTER_NAME_SIZE)
                return fail(p, -E2BIG, "the name of a field has at most %d bytes",
                            FILTER_NAME_SIZE - 1);
        memcpy(name, p->at, p->len);
        name[p->len] = '\0';
        if (!p->bind(name, ret))
                return fail(p, -ENOENT, "there is no field %s", shown(p, show));
        p->texts_end += p->len + 1;
        *ret_name = name;
        return step(p);
}

static int take_test(struct parser *p)
{
        struct filter_node test = {.kind = NODE_TEST};
        struct filter_field field = {0};
        bool is_negated = false;
        int rc = take_field(p, &test.name, &field), place;

        if (rc < 0)
                return rc;
        test.field = field.id;
        if (is_word(p, "not")) {
                is_negated = true;
                rc = step(p);
                if (rc == 0 && !is_word(p, "in"))
                        return fail(p, -EBADMSG, "after a field, 'not' is followed by 'in'");
        }
        if (rc == 0 && is_word(p, "in")) {
                rc = step(p);
                place = rc < 0 ? rc : take_list(p, &field, &test);
        } else if (rc == 0 && p->token == TOKEN_SIGN) {
                test.test = signs[p->sign].test;
                is_negated = signs[p->sign].is_negated;
                rc = step(p);
                if (rc == 0)
                        rc = take_value(p, &field, &test);
                place = rc < 0 ? rc : add_test(p, &test);
        } else {
                place = rc < 0 ? rc : add_test(p, &test);
        }
        return place >= 0 && is_negated ? add_not(p, place) : place;
}

static int take_any(struct parser *p);

/* One: a bracket, a not, or a test. Returns its place. */
static int take_one(struct parser *p)
{
        const bool is_not = is_word(p, "not");
        char show[FILTER_NAME_SIZE];
        int rc, place;

        if (!is_not && !is_mark(p, '('))
                return take_test(p);
        if (p->depth == FILTER_DEPTH_MAX)
                return fail(p, -E2BIG, "at most %d brackets and nots stand in one another",
                            FILTER_DEPTH_MAX);
        p->depth++;
        rc = step(p);
        if (rc < 0)
                return rc;
        place = is_not ? take_one(p) : take_any(p);
        p->depth--;
        if (place < 0)
                return place;
        if (is_not)
                return add_not(p, place);
        if (!is_mark(p, ')'))
                return fail(p, -EBADMSG, "')' was expected, not %s", shown(p, show));
        rc = step(p);
        return rc < 0 ? rc : place;
}

static int take_all(struct parser *p)
{
        int place = take_one(p);

        while (place >= 0 && (is_word(p, "and") || is_mark(p, ','))) {
                const int rc = step(p);
                const int right = rc < 0 ? rc : take_one(p);

                place = right < 0 ? right : add_pair(p, NODE_AND, place, right);
        }
        return place;
}

static int take_any(struct parser *p)
{
        int place = take_all(p);

        while (place >= 0 && is_word(p, "or")) {
                const int rc = step(p);
                const int right = rc < 0 ? rc : take_all(p);

                place = right < 0 ? right : add_pair(p, NODE_OR, place, right);
        }
        return place;
}

int filter_parse(const char *text, filter_bind_fn bind, char *error, struct filter **ret)
{
        CLEANUP(filter_free) struct filter *filter = calloc(1, sizeof(*filter));
        struct parser p = {.text = text, .at = text, .bind = bind, .error = error};
        char show[FILTER_NAME_SIZE];
        const size_t size = strlen(text);
        int rc;

        if (size > FILTER_SIZE_MAX)
                return fail(&p, -E2BIG, "this filter is too long: at most %d bytes",
                            FILTER_SIZE_MAX);
        if (!filter)
                return -ENOMEM;
        filter->texts = malloc(2 * size + 1); /* no name or value is shorter than a byte */
        filter->nodes = calloc(NODES_MAX, sizeof(*filter->nodes));
        if (!filter->texts || !filter->nodes)
                return -ENOMEM;
        p.filter = filter;
        p.texts_end = filter->texts;
        rc = look(&p);
        if (rc < 0)
                return rc;
        if (p.token != TOKEN_END) {
                rc = take_any(&p);
                if (rc < 0)
                        return rc;
                if (p.token != TOKEN_END)
                        return fail(&p, -EBADMSG, "'and', 'or' or a comma was expected, not %s",
                                    shown(&p, show));
        }
        *ret = TAKE_PTR(filter);
        return 0;
}

struct filter *filter_free(struct filter *filter)
{
        if (!filter)
                return NULL;
        free(filter->nodes);
        free(filter->texts);
        free(filter);
        return NULL;
}

bool filter_asks(const struct filter *filter, int id)
{
        for (size_t i = 0; i < filter->count; i++)
                if (filter->nodes[i].kind == NODE_TEST && filter->nodes[i].field == id)
                        return true;
        return false;
}

/* The locale is ours: a library sets none. */
static int lower(char c)
{
        return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Goes back to the last star alone, so that no pattern costs more than text times pattern. */
static bool matches(const char *pattern, const char *text)
{
        const char *star = NULL, *from = NULL;

        while (*text) {
                if (*pattern == '*') {
                        star = ++pattern;
                        from = text;
                } else if (*pattern && (*pattern == '?' || lower(*pattern) == lower(*text))) {
                        pattern++;
                        text++;
                } else if (star) {
                        pattern = star;
                        text = ++from;
                } else {
                        return false;
                }
        }
        return pattern[strspn(pattern, "*")] == '\0';
}

/* @order: of what there is against what the test names. */
static bool is_so(enum test_kind test, int order)
{
        switch (test) {
        case TEST_PRESENT:
                return true;
        case TEST_EQUAL:
                return order == 0;
        case TEST_LEAST:
                return order >= 0;
        case TEST_MOST:
                return order <= 0;
        case TEST_ABOVE:
                return order > 0;
        case TEST_BELOW:
                return order < 0;
        }
        return false;
}

/* A sentence that grows; what does not fit is cut. */
struct why {
        char *text;
        size_t used, values; /* of the test at hand: how many were told */
        bool is_size;        /* its value is bytes with a unit */
};

static void why_add(struct why *why, const char *text)
{
        const size_t len = strlen(text), left = FILTER_WHY_SIZE - 1 - why->used;
        size_t fits = len < left ? len : left;

        while (fits < len && fits > 0 && ((unsigned char)text[fits] & 0xc0) == 0x80)
                fits--; /* no character is cut in two */
        memcpy(why->text + why->used, text, fits);
        why->used += fits;
        why->text[why->used] = '\0';
}

static bool tell_value(struct why *why, const char *text)
{
        char safe[FILTER_NAME_SIZE];

        why_add(why, why->values++ == 0 ? ": it is " : ", ");
        why_add(why, text_escape(safe, sizeof(safe), text));
        return why->used >= FILTER_WHY_SIZE - 1; /* no more of them can be seen */
}

static bool tell_number(struct why *why, int64_t number)
{
        char text[24], size[TEXT_SIZE_MAX];

        snprintf(text, sizeof(text), "%lld", (long long)number);
        return tell_value(why,
                          why->is_size && number >= 0 ? text_size(size, (uint64_t)number) : text);
}

bool filter_probe_text(struct filter_probe *probe, const char *text)
{
        const struct filter_node *node = probe->node;

        if (!text)
                return probe->holds;
        if (probe->why)
                return tell_value(probe->why, text);
        if (node->test == TEST_PRESENT)
                probe->holds = true;
        else if (node->test == TEST_EQUAL)
                probe->holds |= node->is_pattern ? matches(node->value, text)
                                                 : strcasecmp(node->value, text) == 0;
        else
                probe->holds |= is_so(node->test, strverscmp(text, node->value));
        return probe->holds;
}

bool filter_probe_number(struct filter_probe *probe, int64_t number)
{
        const struct filter_node *node = probe->node;

        if (probe->why)
                return tell_number(probe->why, number);
        if (node->test == TEST_PRESENT)
                probe->holds |= number != 0;
        else if (node->is_number)
                probe->holds |= is_so(node->test, number < node->number   ? -1
                                                  : number > node->number ? 1
                                                                          : 0);
        return probe->holds;
}

bool filter_probe_bool(struct filter_probe *probe, bool truth)
{
        if (probe->node->test == TEST_PRESENT && !probe->why)
                probe->holds |= truth;
        else
                return filter_probe_text(probe, truth ? "true" : "false");
        return probe->holds;
}

/* What is no list and no object. */
static bool probe_leaf(struct filter_probe *probe, const struct doc *value)
{
        if (doc_is_text(value))
                return filter_probe_text(probe, doc_text(value));
        if (doc_is_number(value))
                return filter_probe_number(probe, doc_number(value));
        if (doc_is_bool(value))
                return filter_probe_bool(probe, doc_bool(value));
        /* An object that is there is there. */
        if (doc_is_object(value) && probe->node->test == TEST_PRESENT)
                probe->holds = true;
        return probe->holds;
}

static bool probe_at(struct filter_probe *probe, const struct doc *value, const char *path,
                     unsigned steps_left)
{
        const size_t len = strcspn(path, ".");
        char name[FILTER_NAME_SIZE];

        if (doc_is_list(value) && steps_left > 0) {
                for (size_t i = 0; i < doc_count(value); i++)
                        if (probe_at(probe, doc_at(value, i), path, steps_left - 1))
                                return true;
                return false;
        }
        if (len == 0)
                return probe_leaf(probe, value);
        if (!doc_is_object(value) || len >= sizeof(name) || steps_left == 0)
                return false;
        memcpy(name, path, len);
        name[len] = '\0';
        return probe_at(probe, doc_get(value, name), path + len + (path[len] == '.'),
                        steps_left - 1);
}

bool filter_probe_doc(struct filter_probe *probe, const struct doc *value, const char *path)
{
        return probe_at(probe, value, path, STEPS_MAX);
}

static bool holds_at(const struct filter *filter, size_t place, filter_values_fn values,
                     const void *object)
{
        const struct filter_node *node = &filter->nodes[place];
        struct filter_probe probe = {.node = node};

        switch (node->kind) {
        case NODE_TEST:
                values(object, node->field, node->name, &probe);
                return probe.holds;
        case NODE_AND:
                return holds_at(filter, node->left, values, object) &&
                       holds_at(filter, node->right, values, object);
        case NODE_OR:
                return holds_at(filter, node->left, values, object) ||
                       holds_at(filter, node->right, values, object);
        case NODE_NOT:
                return !holds_at(filter, node->left, values, object);
        }
        return false;
}

bool filter_holds(const struct filter *filter, filter_values_fn values, const void *object)
{
        return filter->count == 0 || holds_at(filter, filter->count - 1, values, object);
}

/* A test as somebody writes it, and what there is. */
static void tell_test(const struct filter_node *node, bool is_wanted, filter_values_fn values,
                      const void *object, struct why *why)
{
        struct filter_probe probe = {.node = node, .why = why};
        const size_t len = node->value ? strlen(node->value) : 0;
        const bool is_unequal = !is_wanted && node->test == TEST_EQUAL;
        const char *sign = "";
        char safe[FILTER_NAME_SIZE];

        for (size_t i = 0; i < ARRAY_SIZE(signs) && node->test != TEST_PRESENT; i++)
                if (signs[i].test == node->test && signs[i].is_negated == is_unequal)
                        sign = signs[i].sign;
        why_add(why, why->used > 0 ? "; " : "");
        why_add(why, is_wanted || is_unequal ? "" : "not ");
        why_add(why, text_escape(safe, sizeof(safe), node->name));
        why_add(why, sign);
        why_add(why, text_escape(safe, sizeof(safe), node->value ? node->value : ""));
        why->values = 0;
        why->is_size = len > 0 && strchr("KMGT", node->value[len - 1]);
        values(object, node->field, node->name, &probe);
        if (why->values == 0)
                why_add(why, ": there is none");
}

/* @place gives another answer than @is_wanted: who is to blame? */
static void blame(const struct filter *filter, size_t place, bool is_wanted,
                  filter_values_fn values, const void *object, struct why *why)
{
        const struct filter_node *node = &filter->nodes[place];
        const size_t parts[] = {node->left, node->right};

        switch (node->kind) {
        case NODE_TEST:
                tell_test(node, is_wanted, values, object, why);
                return;
        case NODE_NOT:
                blame(filter, node->left, !is_wanted, values, object, why);
                return;
        case NODE_AND:
        case NODE_OR:
                break;
        }
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                if (holds_at(filter, parts[i], values, object) != is_wanted)
                        blame(filter, parts[i], is_wanted, values, object, why);
}

void filter_why(const struct filter *filter, filter_values_fn values, const void *object, char *ret)
{
        struct why why = {.text = ret};

        ret[0] = '\0';
        if (!filter_holds(filter, values, object))
                blame(filter, filter->count - 1, true, values, object, &why);
}
