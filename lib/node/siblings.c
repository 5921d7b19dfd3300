/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/siblings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

#define SPACE_FIRST 64

/* One block of memory each: a hall has many, and nearly all say the same. */
struct machine {
        const char *node, *class;
        const char *texts[]; /* by the number of the fact; NULL: not known */
};

struct siblings {
        struct machine **machines;
        size_t count, space, without_class, fact_count;
};

struct siblings *siblings_new(void)
{
        struct siblings *siblings = calloc(1, sizeof(*siblings));

        while (siblings && inventory_fact_name(siblings->fact_count))
                siblings->fact_count++;
        return siblings;
}

struct siblings *siblings_free(struct siblings *siblings)
{
        if (!siblings)
                return NULL;
        for (size_t i = 0; i < siblings->count; i++)
                free(siblings->machines[i]);
        free(siblings->machines);
        free(siblings);
        return NULL;
}

static int make_space(struct siblings *siblings)
{
        const size_t space = siblings->space ? 2 * siblings->space : SPACE_FIRST;
        struct machine **machines;

        if (siblings->count < siblings->space)
                return 0;
        machines = reallocarray(siblings->machines, space, sizeof(struct machine *));
        if (!machines)
                return -ENOMEM;
        siblings->machines = machines;
        siblings->space = space;
        return 0;
}

static const char *put(char **at, const char *text)
{
        const size_t size = strlen(text) + 1;
        const char *copy = memcpy(*at, text, size);

        *at += size;
        return copy;
}

/* NULL without memory. */
static struct machine *machine_new(const char *node, const struct doc *whole, size_t fact_count)
{
        const char *class = doc_get_text(whole, "class"), *text;
        const struct doc *facts = doc_get(whole, "facts");
        size_t size = strlen(node) + 1 + strlen(class) + 1;
        struct machine *machine;
        char *at;

        for (size_t k = 0; k < fact_count; k++)
                if ((text = doc_get_text(facts, inventory_fact_name(k))))
                        size += strlen(text) + 1;
        machine = calloc(1, sizeof(*machine) + fact_count * sizeof(machine->texts[0]) + size);
        if (!machine)
                return NULL;
        at = (char *)&machine->texts[fact_count];
        machine->node = put(&at, node);
        machine->class = put(&at, class);
        for (size_t k = 0; k < fact_count; k++)
                if ((text = doc_get_text(facts, inventory_fact_name(k))))
                        machine->texts[k] = put(&at, text);
        return machine;
}

int siblings_add(struct siblings *siblings, const char *node, const struct doc *facts)
{
        int rc;

        if (!doc_get_text(facts, "class")) {
                siblings->without_class++;
                return 0;
        }
        rc = make_space(siblings);
        if (rc < 0)
                return rc;
        siblings->machines[siblings->count] = machine_new(node, facts, siblings->fact_count);
        if (!siblings->machines[siblings->count])
                return -ENOMEM;
        siblings->count++;
        return 0;
}

static int compare_machines(const void *a, const void *b)
{
        const struct machine *x = *(struct machine *const *)a, *y = *(struct machine *const *)b;
        const int order = strcmp(x->class, y->class);

        return order != 0 ? order : strcmp(x->node, y->node);
}

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Machines of one class, and what is found of them. */
struct family {
        struct machine *const *machines;
        size_t count;
        const char **texts; /* of one fact, space for @count */
};

/* What more than half of those have that know it. */
struct golden {
        const char *fact, *text; /* NULL: there is no such thing */
        size_t same, of;
};

static struct golden find_golden(const struct family *family, size_t fact)
{
        struct golden golden = {.fact = inventory_fact_name(fact)};
        const char *middle;

        for (size_t i = 0; i < family->count; i++) {
                const char *text = family->machines[i]->texts[fact];

                if (text)
                        family->texts[golden.of++] = text;
        }
        if (golden.of < SIBLINGS_LEAST)
                return golden;
        qsort(family->texts, golden.of, sizeof(family->texts[0]), compare_texts);
        /* If there is a majority, it stands in the middle. */
        middle = family->texts[golden.of / 2];
        for (size_t i = 0; i < golden.of; i++)
                golden.same += strcmp(family->texts[i], middle) == 0;
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

static void tell_class(const struct family *family, struct doc *answer, size_t *rows)
{
        struct doc *object = doc_object(), *texts = doc_object();

        (void)doc_set_text(object, "class", family->machines[0]->class);
        (void)doc_set_number(object, "nodes", (int64_t)family->count);
        for (size_t k = 0; inventory_fact_name(k); k++) {
                const struct golden golden = find_golden(family, k);

                if (!golden.text)
                        continue;
                (void)doc_set_text(texts, golden.fact, golden.text);
                for (size_t i = 0; i < family->count; i++) {
                        const char *has = family->machines[i]->texts[k];

                        if (has && strcmp(has, golden.text) != 0)
                                add_row(answer, rows, family->machines[i], &golden, has);
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
                qsort(siblings->machines, siblings->count, sizeof(struct machine *),
                      compare_machines);
        for (size_t i = 0; i < siblings->count; i = end) {
                const char *const name = siblings->machines[i]->class;
                struct family run = {.machines = &siblings->machines[i], .texts = texts};

                for (end = i;
                     end < siblings->count && strcmp(siblings->machines[end]->class, name) == 0;)
                        end++;
                run.count = end - i;
                if (!class || strcmp(class, name) == 0)
                        tell_class(&run, answer, &rows);
        }
        (void)doc_set_number(answer, "nodes", (int64_t)(siblings->count + siblings->without_class));
        (void)doc_set_number(answer, "without_class", (int64_t)siblings->without_class);
        (void)doc_set_number(answer, "rows", (int64_t)rows);
        return answer;
}
