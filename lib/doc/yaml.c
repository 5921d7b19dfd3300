/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * YAML 1.2 into the tree, event by event. What operators write: block and flow
 * collections, plain and quoted scalars, comments. What lets a small text make a
 * large tree (aliases) or means what nobody sees (tags) is refused. Plain
 * scalars follow the core schema (YAML 1.2.2 section 10.3.2): `yes`, `on` and
 * `NO` are texts.
 */

#include <locale.h>
#include <math.h>
#include <string.h>
#include <yaml.h>

#include "lib/doc/tree.h"

/* Ours nest 6 deep; a limit that asks for more than this gets this. */
#define DEPTH_MAX 64

struct level {
        json_t *container; /* owned by the one below it, or by the document */
        char *name;        /* in an object: the key that waits for its value; owned */
};

struct document {
        yaml_parser_t parser;
        const struct doc_limits *limits;
        char *error;
        struct level levels[DEPTH_MAX];
        size_t depth, count;
        json_t *root;
        bool is_done; /* one document was read */
};

typedef int (*event_fn)(struct document *d, const yaml_event_t *event);

static int fail_at(const struct document *d, const yaml_mark_t *mark, int rc, const char *sentence)
{
        return tree_fail(d->error, rc, "line %zu, column %zu: %s", mark->line + 1, mark->column + 1,
                         sentence);
}

static int fail_event(const struct document *d, const yaml_event_t *event, int rc,
                      const char *sentence)
{
        return fail_at(d, &event->start_mark, rc, sentence);
}

static int fail_memory(const struct document *d)
{
        return tree_fail(d->error, -ENOMEM, "out of memory");
}

/* What the parser itself stumbled over. */
static int fail_parser(const struct document *d)
{
        const yaml_parser_t *p = &d->parser;
        char sentence[DOC_ERROR_SIZE / 2];

        if (p->error == YAML_MEMORY_ERROR)
                return fail_memory(d);
        if (p->error == YAML_READER_ERROR)
                return fail_at(d, &p->mark, -EBADMSG, "a byte that no text holds, or no UTF-8");
        snprintf(sentence, sizeof(sentence), "this is not YAML: %s",
                 p->problem ? p->problem : "unknown");
        return fail_at(d, &p->problem_mark, -EBADMSG, sentence);
}

static const char *skip_digits(const char *at, const char *digits)
{
        return at + strspn(at, digits);
}

/* [-+]? [0-9]+, 0o[0-7]+, 0x[0-9a-fA-F]+; @ret_base and where the digits begin. */
static bool is_integer(const char *text, const char **ret_digits, int *ret_base)
{
        static const struct {
                const char *prefix, *digits;
                int base;
        } rows[] = {
                {"0o", "01234567",               8 },
                {"0x", "0123456789abcdefABCDEF", 16},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                if (strncmp(text, rows[i].prefix, 2) != 0)
                        continue;
                *ret_digits = text + 2;
                *ret_base = rows[i].base;
                return text[2] && !*skip_digits(text + 2, rows[i].digits);
        }
        *ret_digits = text; /* strtoll() takes the sign */
        *ret_base = 10;
        text += *text == '-' || *text == '+';
        return *text && !*skip_digits(text, "0123456789");
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_real(const char *text)
{
        const char *whole, *part;

        text += *text == '-' || *text == '+';
        whole = text;
        text = skip_digits(text, "0123456789");
        if (*text == '.') {
                part = text + 1;
                text = skip_digits(part, "0123456789");
                if (text == part && part - 1 == whole)
                        return false; /* "." alone */
        } else if (text == whole) {
                return false;
        }
        if (*text == 'e' || *text == 'E') {
                text++;
                text += *text == '-' || *text == '+';
                part = text;
                text = skip_digits(text, "0123456789");
                if (text == part)
                        return false;
        }
        return *text == '\0';
}

static bool is_one_of(const char *text, const char *const words[])
{
        for (; *words; words++)
                if (strcmp(text, *words) == 0)
                        return true;
        return false;
}

static const char *const words_null[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const words_true[] = {"true", "True", "TRUE", NULL};
static const char *const words_false[] = {"false", "False", "FALSE", NULL};
static const char *const words_no_number[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf",
                                              "+.INF", "-.inf", "-.Inf", "-.INF", ".nan",
                                              ".NaN",  ".NAN",  NULL};

bool tree_yaml_is_plain_text(const char *text)
{
        const char *digits;
        int base;

        return !is_one_of(text, words_null) && !is_one_of(text, words_true) &&
               !is_one_of(text, words_false) && !is_one_of(text, words_no_number) &&
               !is_integer(text, &digits, &base) && !is_real(text);
}

/* The digits are known to be right; only their value may be too large. */
static int parse_integer(const char *digits, int base, json_t **ret)
{
        long long number;

        errno = 0;
        number = strtoll(digits, NULL, base);
        if (errno == ERANGE)
                return -ERANGE;
        *ret = json_integer(number);
        return *ret ? 0 : -ENOMEM;
}

/* strtod() listens to the locale; a document does not. */
static int parse_real(const char *text, json_t **ret)
{
        locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
        double number;

        if (!c)
                return -ENOMEM;
        number = strtod_l(text, NULL, c);
        freelocale(c);
        if (!isfinite(number))
                return -ERANGE;
        *ret = json_real(number);
        return *ret ? 0 : -ENOMEM;
}

static int make_plain(const char *text, json_t **ret)
{
        const char *digits;
        int base;

        if (is_one_of(text, words_no_number))
                return -ERANGE;
        if (is_integer(text, &digits, &base))
                return parse_integer(digits, base, ret);
        if (is_real(text))
                return parse_real(text, ret);
        if (is_one_of(text, words_null))
                *ret = json_null();
        else if (is_one_of(text, words_true) || is_one_of(text, words_false))
                *ret = json_boolean(is_one_of(text, words_true));
        else
                *ret = tree_text(text);
        return *ret ? 0 : -ENOMEM;
}

static struct level *top_level(struct document *d)
{
        return d->depth > 0 ? &d->levels[d->depth - 1] : NULL;
}

/* Puts a value, which it takes, where the document is. */
static int put(struct document *d, const yaml_event_t *event, json_t *take)
{
        struct level *level = top_level(d);
        int rc;

        if (!take)
                return fail_memory(d);
        if (d->count >= d->limits->count) {
                json_decref(take);
                return fail_event(d, event, -E2BIG, "too many values");
        }
        d->count++;
        if (!level) {
                d->root = take;
                return 0;
        }
        if (json_is_array(level->container)) {
                rc = json_array_append_new(level->container, take);
        } else if (level->name) {
                rc = json_object_set_new(level->container, level->name, take);
                free(level->name);
                level->name = NULL;
        } else {
                json_decref(take);
                return fail_event(d, event, -EBADMSG, "a name must be a plain word or a text");
        }
        return rc < 0 ? fail_memory(d) : 0;
}

static int put_name(struct document *d, const yaml_event_t *event, const char *name)
{
        struct level *level = top_level(d);

        if (json_object_get(level->container, name))
                return fail_event(d, event, -EBADMSG, "a name is given twice");
        level->name = strdup(name);
        return level->name ? 0 : fail_memory(d);
}

static int on_scalar(struct document *d, const yaml_event_t *event)
{
        const char *text = (const char *)event->data.scalar.value;
        const struct level *level = top_level(d);
        json_t *json;
        int rc;

        if (event->data.scalar.anchor)
                return fail_event(d, event, -EBADMSG, "anchors (&) are not taken");
        if (event->data.scalar.tag)
                return fail_event(d, event, -EBADMSG, "tags (!) are not taken");
        if (strlen(text) != event->data.scalar.length)
                return fail_event(d, event, -EBADMSG, "a text holds a NUL character");
        if (level && json_is_object(level->container) && !level->name)
                return put_name(d, event, text);
        if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
                return put(d, event, tree_text(text));
        rc = make_plain(text, &json);
        if (rc == -ERANGE)
                return fail_event(d, event, -EBADMSG, "the number is too large");
        return rc < 0 ? fail_memory(d) : put(d, event, json);
}

static int open_level(struct document *d, const yaml_event_t *event, json_t *container)
{
        size_t depth_max = d->limits->depth < DEPTH_MAX ? d->limits->depth : DEPTH_MAX;
        int rc;

        if (d->depth >= depth_max) {
                json_decref(container);
                return fail_event(d, event, -E2BIG, "nested too deep");
        }
        rc = put(d, event, container);
        if (rc == 0)
                d->levels[d->depth++] = (struct level){.container = container};
        return rc;
}

static int on_mapping_start(struct document *d, const yaml_event_t *event)
{
        if (event->data.mapping_start.anchor)
                return fail_event(d, event, -EBADMSG, "anchors (&) are not taken");
        if (event->data.mapping_start.tag)
                return fail_event(d, event, -EBADMSG, "tags (!) are not taken");
        return open_level(d, event, json_object());
}

static int on_sequence_start(struct document *d, const yaml_event_t *event)
{
        if (event->data.sequence_start.anchor)
                return fail_event(d, event, -EBADMSG, "anchors (&) are not taken");
        if (event->data.sequence_start.tag)
                return fail_event(d, event, -EBADMSG, "tags (!) are not taken");
        return open_level(d, event, json_array());
}

static int on_end_of_level(struct document *d, const yaml_event_t *event)
{
        (void)event;
        d->depth--;
        return 0;
}

static int on_alias(struct document *d, const yaml_event_t *event)
{
        return fail_event(d, event, -EBADMSG, "aliases (*) are not taken");
}

static int on_document_start(struct document *d, const yaml_event_t *event)
{
        if (d->root)
                return fail_event(d, event, -EBADMSG, "only one document is taken");
        return 0;
}

static int on_stream_end(struct document *d, const yaml_event_t *event)
{
        (void)event;
        if (!d->root) /* nothing, or nothing but comments */
                d->root = json_null();
        d->is_done = true;
        return 0;
}

static const event_fn event_rows[] = {
        [YAML_STREAM_END_EVENT] = on_stream_end,
        [YAML_DOCUMENT_START_EVENT] = on_document_start,
        [YAML_ALIAS_EVENT] = on_alias,
        [YAML_SCALAR_EVENT] = on_scalar,
        [YAML_SEQUENCE_START_EVENT] = on_sequence_start,
        [YAML_SEQUENCE_END_EVENT] = on_end_of_level,
        [YAML_MAPPING_START_EVENT] = on_mapping_start,
        [YAML_MAPPING_END_EVENT] = on_end_of_level,
};

static int read_events(struct document *d)
{
        int rc = 0;

        while (rc == 0 && !d->is_done) {
                yaml_event_t event;
                event_fn fn;

                if (!yaml_parser_parse(&d->parser, &event))
                        return fail_parser(d);
                fn = event.type < ARRAY_SIZE(event_rows) ? event_rows[event.type] : NULL;
                if (fn)
                        rc = fn(d, &event);
                yaml_event_delete(&event);
        }
        return rc;
}

int doc_parse_yaml(const char *text, size_t size, const struct doc_limits *limits, char *error,
                   struct doc **ret)
{
        struct document d = {.limits = limits, .error = error};
        int rc;

        if (size > limits->size)
                return tree_fail(error, -E2BIG, "%zu bytes; at most %zu are taken", size,
                                 limits->size);
        if (!yaml_parser_initialize(&d.parser))
                return fail_memory(&d);
        yaml_parser_set_encoding(&d.parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&d.parser, (const unsigned char *)text, size);
        rc = read_events(&d);
        yaml_parser_delete(&d.parser);
        for (size_t i = 0; i < d.depth; i++)
                free(d.levels[i].name);
        if (rc < 0) {
                json_decref(d.root);
                return rc;
        }
        *ret = tree_doc(d.root);
        return 0;
}
