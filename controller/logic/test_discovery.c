/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strangers of networks that only list them. */

#include "controller/logic/discovery.h"
#include "controller/logic/test_machine.h"
#include "controller/store/change.h"

#define HOUR (60 * MINUTE)

static const struct mac_address other = {
        {2, 0, 0, 0, 0, 9}
};

static void ask(struct fixture *f, const struct mac_address *from, const char *text)
{
        struct node_event event = {
                .seq = ++f->seq, .at_ms = f->now, .mac = *from, .step = STEP_STRANGER};

        snprintf(event.text, sizeof(event.text), "%s", text);
        (void)events_of_edge(f->logic, f->edge, &event, 1, f->now, f->change);
}

#define TEXT                                                                                       \
        "network=10.77.0.0/24 firmware=7 ipxe=no uuid=00000000-0000-0000-0000-000000000000 "       \
        "class=PXEClient"

struct found {
        size_t count;
        struct stranger_seen first, last;
};

static void find(void *context, const struct stranger_seen *seen)
{
        struct found *found = context;

        if (found->count++ == 0)
                found->first = *seen;
        found->last = *seen;
}

static struct found strangers(const struct fixture *f)
{
        struct found found = {0};

        discovery_each(f->logic, find, &found);
        return found;
}

static void test_seen(void **state)
{
        struct fixture *f = *state;
        struct found found;

        ask(f, &other, TEXT);
        f->now += HOUR;
        ask(f, &other, TEXT);
        ask(f, &other, "no such text");
        found = strangers(f);
        assert_int_equal(found.count, 1);
        assert_int_equal(found.first.count, 2);
        assert_int_equal(found.first.first_ms, START);
        assert_int_equal(found.first.last_ms, START + HOUR);
        assert_string_equal(found.first.said.class, "PXEClient");
        /* A node is no stranger, whatever an edge that heard of it late says. */
        ask(f, &mac, TEXT);
        assert_int_equal(strangers(f).count, 1);
        assert_int_equal(f->node->mac_count, 1);
}

/* Anybody invents machines: the newest are kept. */
static void test_limit(void **state)
{
        struct fixture *f = *state;
        struct found found;

        for (unsigned n = 0; n < STRANGERS_MAX + 10; n++) {
                const struct mac_address from = {
                        {2, 1, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}
                };

                f->now++;
                ask(f, &from, TEXT);
        }
        found = strangers(f);
        assert_int_equal(found.count, STRANGERS_MAX);
        assert_int_equal(found.first.last_ms, f->now);
        assert_int_equal(found.last.last_ms, f->now - STRANGERS_MAX + 1);
}

static size_t told(const struct fixture *f)
{
        size_t count = 0;

        for (const struct op *op = f->change->first; op; op = op->next)
                count += op->kind == OP_ADD_EVENT && op->event.step == STEP_DISCOVERY;
        return count;
}

static bool is_open(const struct fixture *f)
{
        return opening_is_open(opening_find(f->logic, "lab"), f->now);
}

static int open_for(struct fixture *f, uint64_t for_ms)
{
        return discovery_open(f->logic, "lab", for_ms, "admin", f->now, f->change);
}

static void test_opening_ends(void **state)
{
        struct fixture *f = *state;
        uint64_t version = f->logic->disks_version;

        assert_false(is_open(f));
        assert_int_equal(open_for(f, DISCOVERY_MIN_MS - 1), -ERANGE);
        assert_int_equal(open_for(f, DISCOVERY_MAX_MS + 1), -ERANGE);
        assert_int_equal(open_for(f, 2 * HOUR), 0);
        assert_true(is_open(f));
        assert_true(f->logic->disks_version > version); /* edges hear of it */
        assert_int_equal(told(f), 1);
        commit(f);

        f->now += 2 * HOUR - 1;
        discovery_expire(f->logic, f->now, f->change);
        assert_true(is_open(f));
        assert_int_equal(told(f), 0);
        f->now++;
        assert_false(is_open(f)); /* whether anybody looked or not */
        discovery_expire(f->logic, f->now, f->change);
        discovery_expire(f->logic, f->now, f->change);
        assert_int_equal(told(f), 1);
        /* Edges still need to know when, for those that are in the middle of a boot. */
        assert_non_null(opening_find(f->logic, "lab"));
        version = f->logic->disks_version;
        f->now += DISCOVERY_GRACE_MS + 1;
        discovery_expire(f->logic, f->now, f->change);
        assert_null(opening_find(f->logic, "lab"));
        assert_true(f->logic->disks_version > version);
}

static void test_closed_and_opened_anew(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(discovery_close(f->logic, "lab", "admin", f->now, f->change), -ENOENT);
        assert_int_equal(open_for(f, 2 * HOUR), 0);
        f->now += MINUTE;
        assert_int_equal(discovery_close(f->logic, "lab", "admin", f->now, f->change), 0);
        assert_false(is_open(f));
        assert_int_equal(opening_find(f->logic, "lab")->until_ms, f->now);
        assert_int_equal(discovery_close(f->logic, "lab", "admin", f->now, f->change), -ENOENT);
        discovery_expire(f->logic, f->now, f->change);
        assert_int_equal(told(f), 2); /* its end was told already */
        assert_int_equal(open_for(f, HOUR), 0);
        assert_true(is_open(f));
        f->now += HOUR;
        discovery_expire(f->logic, f->now, f->change);
        assert_int_equal(told(f), 4);
}

/* What was told to an operator is there after a restart. */
static void test_restored(void **state)
{
        struct fixture *f = *state;
        struct store_document row = {.kind = OPENING_KIND, .name = "lab"};
        struct opening before;
        const struct op *put = NULL;

        assert_int_equal(open_for(f, 2 * HOUR), 0);
        before = *opening_find(f->logic, "lab");
        for (const struct op *op = f->change->first; op; op = op->next)
                if ((op->kind == OP_PUT_DOCUMENT || op->kind == OP_KEEP_DOCUMENT) &&
                    strcmp(op->document.kind, OPENING_KIND) == 0)
                        put = op;
        if (!put)
                fail_msg("nothing is stored");
        else
                row = (struct store_document){.kind = OPENING_KIND,
                                              .name = "lab",
                                              .version = put->document.version,
                                              .body = strdup(put->body)};
        f->now += 2 * HOUR + DISCOVERY_GRACE_MS + 1;
        discovery_expire(f->logic, f->now, f->change);
        assert_null(opening_find(f->logic, "lab"));
        assert_int_equal(opening_restore(f->logic, &row), 0);
        assert_int_equal(opening_find(f->logic, "lab")->until_ms, before.until_ms);
        assert_string_equal(opening_find(f->logic, "lab")->by, "admin");
        assert_int_equal(opening_find(f->logic, "lab")->version, before.version);
        free((void *)(uintptr_t)row.body);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_seen),         TEST(test_limit),
                TEST(test_opening_ends), TEST(test_closed_and_opened_anew),
                TEST(test_restored),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
