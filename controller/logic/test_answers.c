/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was told, by the key that came with the request. */

#include "controller/logic/answers.h"
#include "controller/logic/test_machine.h"
#include "controller/store/change.h"

static struct answer_key key_of(unsigned number, unsigned request)
{
        struct answer_key key = {0};

        memcpy(key.id.bytes, &number, sizeof(number));
        memcpy(key.request.bytes, &request, sizeof(request));
        return key;
}

static void keep(struct fixture *f, unsigned number, char *text)
{
        const struct answer_key key = key_of(number, 7);
        struct answer_text answer = {.status = 200, .etag = "\"5\"", .text = text};

        answers_keep(f->logic, &key, &answer, f->now, f->change);
}

static int find(const struct fixture *f, unsigned number, unsigned request, uint64_t *ret)
{
        const struct answer_key key = key_of(number, request);

        return answers_find(f->logic, &key, f->now, ret);
}

/* The newest row of the store for this place. */
static const char *stored(const struct fixture *f, uint64_t number)
{
        char name[NODE_NAME_SIZE];
        const char *body = NULL;

        answers_name(number, name);
        for (const struct op *op = f->change->first; op; op = op->next)
                if (op->kind == OP_KEEP_DOCUMENT && strcmp(op->document.kind, ANSWERS_KIND) == 0 &&
                    strcmp(op->document.name, name) == 0)
                        body = op->body;
        return body;
}

static void test_same_other_and_too_old(void **state)
{
        struct fixture *f = *state;
        struct answer_text read = {0};
        uint64_t number = 0;

        assert_int_equal(find(f, 1, 7, &number), -ENOENT);
        keep(f, 1, (char[]){"{\"name\":\"sn1\"}"});
        assert_int_equal(find(f, 1, 7, &number), 0);
        assert_int_equal(find(f, 1, 8, &number), -EEXIST);
        assert_int_equal(find(f, 2, 7, &number), -ENOENT);
        assert_int_equal(answers_decode(stored(f, number), number, &read), 0);
        assert_int_equal(read.status, 200);
        assert_string_equal(read.etag, "\"5\"");
        assert_string_equal(read.text, "{\"name\":\"sn1\"}");
        free(read.text);
        assert_int_equal(answers_decode(stored(f, number), number + 1, &read), -ENOENT);
        f->now += ANSWERS_KEPT_MS - 1;
        assert_int_equal(find(f, 1, 7, &number), 0);
        f->now++;
        assert_int_equal(find(f, 1, 7, &number), -ENOENT);
        assert_int_equal(find(f, 1, 8, &number), -ENOENT);
}

static void test_the_oldest_go(void **state)
{
        struct fixture *f = *state;
        static char large[1 << 20];
        uint64_t number;

        for (unsigned i = 1; i <= ANSWERS_MAX + 10; i++)
                keep(f, i, (char[]){"{}"});
        for (unsigned i = 1; i <= 10; i++)
                assert_int_equal(find(f, i, 7, &number), -ENOENT);
        for (unsigned i = 11; i <= ANSWERS_MAX + 10; i++) {
                assert_int_equal(find(f, i, 7, &number), 0);
                assert_int_equal(number, i);
        }
        /* By bytes, too; and what goes is gone from the store. */
        memset(large, 'x', sizeof(large) - 1);
        for (unsigned i = 0; i < 40; i++)
                keep(f, 10000 + i, large);
        assert_int_equal(find(f, ANSWERS_MAX + 10, 7, &number), -ENOENT);
        assert_string_equal(stored(f, ANSWERS_MAX + 10), "{}");
        assert_int_equal(find(f, 10000, 7, &number), -ENOENT);
        assert_int_equal(find(f, 10039, 7, &number), 0);
}

static void test_a_start_finds_them(void **state)
{
        struct fixture *f = *state, *g;
        void *other = NULL;
        uint64_t number = 0;

        for (unsigned i = 1; i <= 3; i++)
                keep(f, i, i == 2 ? NULL : (char[]){"{}"});
        setup(&other);
        g = other;
        for (const struct op *op = f->change->first; op; op = op->next) {
                struct store_document row = {
                        .kind = op->document.kind, .name = op->document.name, .body = op->body};

                if (op->kind == OP_KEEP_DOCUMENT && strcmp(row.kind, ANSWERS_KIND) == 0)
                        assert_int_equal(answers_restore(g->logic, &row), 0);
        }
        for (unsigned i = 1; i <= 3; i++) {
                assert_int_equal(find(g, i, 7, &number), 0);
                assert_int_equal(number, i);
        }
        keep(g, 4, (char[]){"{}"});
        assert_int_equal(find(g, 4, 7, &number), 0);
        assert_int_equal(number, 4);
        assert_int_equal(answers_restore(g->logic, &(struct store_document){.body = "{}"}), 0);
        assert_true(answers_restore(g->logic, &(struct store_document){.body = "{\"number\":9}"}) <
                    0);
        assert_true(answers_restore(g->logic, &(struct store_document){.body = "x"}) < 0);
        teardown(&other);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_same_other_and_too_old, setup, teardown),
                cmocka_unit_test_setup_teardown(test_the_oldest_go, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_start_finds_them, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
