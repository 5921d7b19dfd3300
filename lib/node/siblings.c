/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/siblings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

#define SPACE_FIRST 64

struct machine {
        char *node;
        const char *class; /* in @facts */
        struct doc *facts;
};

struct siblings {
        struct machine *machines;
        size_t count, space, without_class;
};

struct siblings *siblings_new(void)
{
        return calloc(1, sizeof(struct siblings));
}

struct siblings *siblings_free(struct siblings *siblings)
{
        if (!siblings)
                return NULL;
        for (size_t i = 0; i < siblings->count; i++) {
                free(siblings->machines[i].node);
                doc_free(siblings->machines[i].facts);
        }
        free(siblings->machines);
        free(siblings);
        return NULL;
}

static int make_space(struct siblings *siblings)
{
        const size_t space = siblings->space ? 2 * siblings->space : SPACE_FIRST;
        struct machine *machines;

        if (siblings->count < siblings->space)
                return 0;
        machines = reallocarray(siblings->machines, space, sizeof(*machines));
        if (!machines)
                return -ENOMEM;
        siblings->machines = machines;
        siblings->space = space;
        return 0;
}

int siblings_add(struct siblings *siblings, const char *node, const struct doc *facts)
{
        struct machine *machine;
        int rc;

        if (!doc_get_text(facts, "class")) {
                siblings->without_class++;
                return 0;
        }
        rc = make_space(siblings);
        if (rc < 0)
                return rc;
        machine = &siblings->machines[siblings->count];
        machine->node = strdup(node);
        machine->facts = doc_copy(facts);
        if (!machine->node || !machine->facts) {
                free(machine->node);
                doc_free(machine->facts);
                return -ENOMEM;
        }
        machine->class = doc_get_text(machine->facts, "class");
        siblings->count++;
        return 0;
}

static int compare_machines(const void *a, const void *b)
{
        const struct machine *x = a, *y = b;
        const int order = strcmp(x->class, y->class);

        return order != 0 ? order : strcmp(x->node, y->node);
}

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Machines of one class, and what is found of them. */
struct class
{
        const struct machine *machines;
        size_t count;
        const char **texts; /* of one fact, space for @count */
};

static const char *fact_of(const struct machine *machine, const char *name)
{
        return doc_get_text(doc_get(machine->facts, "facts"), name);
}

/* What more than half of those have that know it. */
struct golden {
        const char *fact, *text; /* NULL: there is no such thing */
        size_t same, of;
};

static struct golden find_golden(const struct class *class, const char *fact)
{
        struct golden golden = {.fact = fact};
        const char *middle;

        for (size_t i = 0; i < class->count; i++) {
                const char *text = fact_of(&class->machines[i], fact);

                if (text)
                        class->texts[golden.of++] = text;
        }
        if (golden.of < SIBLINGS_LEAST)
                return golden;
        qsort(class->texts, golden.of, sizeof(class->texts[0]), compare_texts);
        /* If there is a majority, it stands in the middle. */
        middle = class->texts[golden.of / 2];
        for (size_t i = 0; i < golden.of; i++)
                golden.same += strcmp(class->texts[i], middle) == 0;
        if (golden.same > golden.of / 2)
                golden.text = middle;
        return golden;
}

static void add_row(struct doc *answer, size_t *rows, const struct machine *machine,
                    const struct golden *golden, const char *has)
{
        struct doc *row;

        if (++*rows > SIBLINGS_ROWS_MAX)
                return;
        row = doc_object();
        (void)doc_set_text(row, "node", machine->node);
        (void)doc_set_text(row, "class", machine->class);
        (void)doc_set_text(row, "fact", golden->fact);
        (void)doc_set_text(row, "has", has);
        (void)doc_set_text(row, "siblings_have", golden->text);
        (void)doc_set_number(row, "same", (int64_t)golden->same);
        (void)doc_set_number(row, "of", (int64_t)golden->of);
        (void)doc_append(doc_get(answer, "items"), row);
}

static void tell_class(const struct class *class, struct doc *answer, size_t *rows)
{
        struct doc *object = doc_object(), *texts = doc_object();
        const char *fact;

        (void)doc_set_text(object, "class", class->machines[0].class);
        (void)doc_set_number(object, "nodes", (int64_t) class->count);
        for (size_t k = 0; (fact = inventory_fact_name(k)); k++) {
                const struct golden golden = find_golden(class, fact);

                if (!golden.text)
                        continue;
                (void)doc_set_text(texts, fact, golden.text);
                for (size_t i = 0; i < class->count; i++) {
                        const char *has = fact_of(&class->machines[i], fact);

                        if (has && strcmp(has, golden.text) != 0)
                                add_row(answer, rows, &class->machines[i], &golden, has);
                }
        }
        (void)doc_set(object, "golden", texts);
        (void)doc_append(doc_get(answer, "classes"), object);
}

struct doc *siblings_odd(struct siblings *siblings, const char *class)
{
        _free_ const char **texts = calloc(siblings->count + 1, sizeof(*texts));
        struct doc *answer = doc_object();
        size_t rows = 0, end;

        if (!texts)
                return doc_free(answer);
        (void)doc_set(answer, "items", doc_list());
        (void)doc_set(answer, "classes", doc_list());
        if (siblings->count > 0)
                qsort(siblings->machines, siblings->count, sizeof(*siblings->machines),
                      compare_machines);
        for (size_t i = 0; i < siblings->count; i = end) {
                const struct machine *first = &siblings->machines[i];
                struct class run = {.machines = first, .texts = texts};

                for (end = i; end < siblings->count &&
                              strcmp(siblings->machines[end].class, first->class) == 0;)
                        end++;
                run.count = end - i;
                if (!class || strcmp(class, first->class) == 0)
                        tell_class(&run, answer, &rows);
        }
        (void)doc_set_number(answer, "nodes", (int64_t)(siblings->count + siblings->without_class));
        (void)doc_set_number(answer, "without_class", (int64_t)siblings->without_class);
        (void)doc_set_number(answer, "rows", (int64_t)rows);
        return answer;
}
