/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/text.h"
#include "netboot/boots.h"

static const struct mac_address one =
                                        {
                                                {0x52, 0x54, 0, 0, 0, 1}
},
                                two = {{0x52, 0x54, 0, 0, 0, 2}};
static const struct ip_address a = IP_OF4_BYTES(10, 0, 0, 100), b = IP_OF4_BYTES(10, 0, 0, 101);

static int setup(void **state)
{
        struct boots *boots = boots_new();

        *state = boots;
        return boots ? boots_lease(boots, &one, a) : -1;
}

static int teardown(void **state)
{
        boots_free(*state);
        return 0;
}

static void test_lease(void **state)
{
        struct boots *boots = *state;
        struct mac_address mac;

        assert_true(boots_is_leased(boots, &one, a));
        assert_false(boots_is_leased(boots, &two, a));
        assert_false(boots_is_leased(boots, &one, b));
        assert_true(boots_mac_of(boots, a, &mac));
        assert_true(mac_is_equal(&mac, &one));

        /* The address goes to another machine: the first has it no more. */
        assert_int_equal(boots_lease(boots, &two, a), 0);
        assert_false(boots_is_leased(boots, &one, a));
        assert_true(boots_is_leased(boots, &two, a));

        /* A machine gets another address: the old one is nobody's. */
        assert_int_equal(boots_lease(boots, &two, b), 0);
        assert_false(boots_mac_of(boots, a, &mac));

        boots_unlease(boots, &two, a); /* not its address any more */
        assert_true(boots_is_leased(boots, &two, b));
        boots_unlease(boots, &two, b);
        assert_false(boots_is_leased(boots, &two, b));
}

static void test_loader(void **state)
{
        struct boots *boots = *state;

        assert_false(boots_has_our_loader(boots, &one, 1000));
        boots_loader_delivered(boots, b, 1000); /* nobody's address */
        assert_false(boots_has_our_loader(boots, &one, 1000));
        boots_loader_delivered(boots, a, 1000);
        assert_true(boots_has_our_loader(boots, &one, 1000 + BOOTS_LOADER_MS - 1));
        assert_false(boots_has_our_loader(boots, &one, 1000 + BOOTS_LOADER_MS));
        assert_false(boots_has_our_loader(boots, &two, 1000));
}

/* Asks, and has the answer at once. */
static void plan_given(struct boots *boots, const struct plan_request *request,
                       const struct boot_plan *plan)
{
        struct boots_question question, next;

        assert_true(boots_plan_want(boots, request, &question));
        assert_int_equal(boots_plan_set(boots, &question, plan, 0, &next), ANSWER_TAKEN);
}

static void test_plan(void **state)
{
        struct boots *boots = *state;
        const struct plan_request request = {.mac = one, .address = a, .architecture = 7};
        const struct plan_request stranger = {.mac = two, .address = a};
        struct boot_plan plan = {.action = BOOT_DISCOVER, .boot = "00f1e2d3c4b5a697"}, got;
        struct boots_question question, again, next;
        char number[BOOT_TEXT_SIZE];

        assert_int_equal(boots_plan_get(boots, &one, 0, &got), PLAN_NONE);
        assert_false(boots_plan_want(boots, &stranger, &question));
        assert_true(boots_plan_want(boots, &request, &question));
        assert_int_equal(question.request.architecture, 7);
        assert_false(boots_plan_again(boots, &one, a, true, &again)); /* under way */
        assert_int_equal(boots_plan_get(boots, &one, 0, &got), PLAN_ASKED);

        assert_int_equal(boots_plan_set(boots, &question, &plan, 0, &next), ANSWER_TAKEN);
        assert_int_equal(boots_plan_get(boots, &one, 1, &got), PLAN_READY);
        assert_int_equal(boots_plan_get(boots, &one, 2, &got),
                         PLAN_READY); /* the same to a repeat */
        assert_string_equal(got.boot, plan.boot);
        assert_string_equal(boots_number(boots, &one, number), plan.boot);
        assert_string_equal(boots_number(boots, &two, number), "");

        /* Too old, and asked for anew with what the firmware once said. */
        assert_int_equal(boots_plan_get(boots, &one, BOOTS_PLAN_MS, &got), PLAN_NONE);
        assert_true(boots_plan_again(boots, &one, a, true, &again));
        assert_int_equal(again.request.architecture, 7);
        assert_int_equal(boots_plan_set(boots, &again, NULL, 0, &next), ANSWER_TAKEN);
        assert_int_equal(boots_plan_get(boots, &one, 0, &got), PLAN_NONE);

        /* "Ask again" is told once; the next script is another question. */
        plan.action = BOOT_ASK_AGAIN;
        plan_given(boots, &request, &plan);
        assert_int_equal(boots_plan_get(boots, &one, 1, &got), PLAN_READY);
        assert_int_equal(boots_plan_get(boots, &one, 2, &got), PLAN_NONE);

        /* A plan goes with its lease. */
        assert_true(boots_plan_want(boots, &request, &question));
        assert_int_equal(boots_lease(boots, &two, a), 0);
        assert_int_equal(boots_plan_set(boots, &question, &plan, 0, &next), ANSWER_DROPPED);
        assert_int_equal(boots_plan_get(boots, &one, 1, &got), PLAN_NONE);
        assert_int_equal(boots_plan_get(boots, &two, 1, &got), PLAN_NONE);
}

/* After a restart only the lease is known. */
static void test_plan_after_restart(void **state)
{
        struct boots *boots = *state;
        struct boots_question again;

        assert_true(boots_plan_again(boots, &one, a, true, &again));
        assert_true(mac_is_equal(&again.request.mac, &one));
        assert_true(ip_is_equal(again.request.address, a));
        assert_true(again.request.is_ipxe);
        assert_false(boots_plan_again(boots, &two, b, true, &again));
}

static const struct boot_plan install_plan = {.action = BOOT_INSTALL, .boot = "00f1e2d3c4b5a697"},
                              disk_plan = {.action = BOOT_DISK};
static const struct plan_request boot_of_one = {
        .mac = {{0x52, 0x54, 0, 0, 0, 1}}, .address = IP_OF4_BYTES(10, 0, 0, 100), .is_ipxe = true};

/* The plan of the boot before, however young, is nobody's once a new boot begins. */
static void test_install_then_reboot(void **state)
{
        struct boots *boots = *state;
        struct boots_question question, next;
        struct boot_plan got;

        plan_given(boots, &boot_of_one, &install_plan);
        assert_int_equal(boots_plan_get(boots, &one, 1, &got), PLAN_READY);
        assert_int_equal(got.action, BOOT_INSTALL);

        /* It restarts; the answer is late: a script waits, and nothing else is there for it. */
        assert_true(boots_plan_want(boots, &boot_of_one, &question));
        assert_int_equal(boots_plan_get(boots, &one, 2, &got), PLAN_ASKED);
        /* None comes: the next script is a new question. */
        assert_int_equal(boots_plan_set(boots, &question, NULL, 3, &next), ANSWER_TAKEN);
        assert_int_equal(boots_plan_get(boots, &one, 3, &got), PLAN_NONE);
        assert_true(boots_plan_again(boots, &one, a, true, &question));
        assert_int_equal(boots_plan_get(boots, &one, 4, &got), PLAN_ASKED);
        assert_int_equal(boots_plan_set(boots, &question, &disk_plan, 5, &next), ANSWER_TAKEN);
        assert_int_equal(boots_plan_get(boots, &one, 5, &got), PLAN_READY);
        assert_int_equal(got.action, BOOT_DISK);
}

/* The answer to the boot before comes when the machine has restarted already. */
static void test_late_answer_of_the_boot_before(void **state)
{
        struct boots *boots = *state;
        struct boots_question first, second, next;
        struct boot_plan got;

        assert_true(boots_plan_want(boots, &boot_of_one, &first));
        assert_false(boots_plan_want(boots, &boot_of_one, &second)); /* one question at a time */
        assert_int_equal(boots_plan_set(boots, &first, &install_plan, 1, &second), ANSWER_OUTDATED);
        assert_int_equal(boots_plan_get(boots, &one, 1, &got), PLAN_ASKED);
        /* Told twice, it counts no more than once. */
        assert_int_equal(boots_plan_set(boots, &first, &install_plan, 1, &next), ANSWER_DROPPED);
        assert_int_equal(boots_plan_get(boots, &one, 1, &got), PLAN_ASKED);
        assert_int_equal(boots_plan_set(boots, &second, &disk_plan, 2, &next), ANSWER_TAKEN);
        assert_int_equal(boots_plan_get(boots, &one, 2, &got), PLAN_READY);
        assert_int_equal(got.action, BOOT_DISK);

        /* The same where the machine got another lease, and with it a question of its own. */
        assert_true(boots_plan_want(boots, &boot_of_one, &first));
        assert_int_equal(boots_lease(boots, &one, b), 0);
        assert_int_equal(boots_lease(boots, &one, a), 0);
        assert_true(boots_plan_want(boots, &boot_of_one, &second));
        assert_int_equal(boots_plan_set(boots, &first, &install_plan, 3, &next), ANSWER_DROPPED);
        assert_int_equal(boots_plan_get(boots, &one, 3, &got), PLAN_ASKED);
}

/* A machine that waits asks every 5 s. */
static void test_what_is_news(void **state)
{
        struct boots *boots = *state;
        const struct plan_request request = {.mac = one, .address = a};
        struct boots_question question;
        unsigned told = 0;

        for (uint64_t now_ms = 0; now_ms < 5 * (uint64_t)BOOTS_TOLD_MS; now_ms += 5000)
                told += boots_is_news(boots, &one, BOOT_ASK_AGAIN, now_ms);
        assert_int_equal(told, 5);
        assert_true(boots_is_news(boots, &one, BOOT_DISK, 200000));
        assert_false(boots_is_news(boots, &one, BOOT_DISK, 200001));
        assert_true(boots_is_news(boots, &one, BOOT_ASK_AGAIN, 200002));
        /* Another boot, and what is no waiting. */
        assert_true(boots_plan_want(boots, &request, &question));
        assert_true(boots_is_news(boots, &one, BOOT_ASK_AGAIN, 200003));
        assert_true(boots_is_news(boots, &one, BOOT_INSTALL, 200004));
        assert_true(boots_is_news(boots, &one, BOOT_INSTALL, 200005));
        assert_true(boots_is_news(boots, &two, BOOT_DISK, 200006)); /* nothing is known of it */
        assert_true(boots_is_news(boots, &two, BOOT_DISK, 200007));
}

/* An address of IPv6 beside that of IPv4 is another way to the same machine: neither takes the
 * other's lease or plan away. */
static void test_both_kinds(void **state)
{
        static const struct ip_address six = {{{0xfd, 0x77, [15] = 1}}},
                                       next6 = {{{0xfd, 0x77, [15] = 2}}};
        struct boots *boots = *state;
        struct plan_request request = boot_of_one;
        struct boots_question question;
        struct boot_plan got;
        struct mac_address mac;

        plan_given(boots, &boot_of_one, &install_plan);
        assert_int_equal(boots_lease(boots, &one, six), 0);
        assert_true(boots_is_leased(boots, &one, a) && boots_is_leased(boots, &one, six));
        assert_true(boots_mac_of(boots, six, &mac) && mac_is_equal(&mac, &one));
        assert_int_equal(boots_plan_get(boots, &one, 1, &got), PLAN_READY);

        /* Another of IPv6: the plan was of IPv4. */
        assert_int_equal(boots_lease(boots, &one, next6), 0);
        assert_false(boots_is_leased(boots, &one, six));
        assert_int_equal(boots_plan_get(boots, &one, 1, &got), PLAN_READY);
        request.address = next6;
        assert_true(boots_plan_want(boots, &request, &question));
        boots_unlease(boots, &one, next6);
        assert_int_equal(boots_plan_get(boots, &one, 1, &got), PLAN_NONE);
        assert_true(boots_is_leased(boots, &one, a));

        /* The last one gone, nothing is known of it. */
        assert_int_equal(boots_lease(boots, &one, six), 0);
        boots_unlease(boots, &one, a);
        assert_true(boots_is_leased(boots, &one, six));
        assert_int_equal(boots_lease(boots, &two, six), 0);
        assert_false(boots_is_leased(boots, &one, six));
        assert_true(boots_is_leased(boots, &two, six));
}

/* A host of IPv6 that leases nothing has no more than its network; one that does has its own. */
static void test_share(void **state)
{
        static const struct ip_address network = {{{0xfd, 0x77}}},
                                       leased = {{{0xfd, 0x77, [15] = 1}}},
                                       taken = {{{0xfd, 0x77, [8] = 9, [15] = 2}}};
        struct boots *boots = *state;

        assert_int_equal(boots_lease(boots, &one, leased), 0);
        assert_true(ip_is_equal(boots_share_of(boots, leased), leased));
        assert_true(ip_is_equal(boots_share_of(boots, taken), network));
        assert_true(ip_is_equal(boots_share_of(boots, a), a));
        boots_unlease(boots, &one, leased);
        assert_true(ip_is_equal(boots_share_of(boots, leased), network));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_both_kinds, setup, teardown),
                cmocka_unit_test_setup_teardown(test_lease, setup, teardown),
                cmocka_unit_test_setup_teardown(test_share, setup, teardown),
                cmocka_unit_test_setup_teardown(test_loader, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_is_news, setup, teardown),
                cmocka_unit_test_setup_teardown(test_plan, setup, teardown),
                cmocka_unit_test_setup_teardown(test_plan_after_restart, setup, teardown),
                cmocka_unit_test_setup_teardown(test_install_then_reboot, setup, teardown),
                cmocka_unit_test_setup_teardown(test_late_answer_of_the_boot_before, setup,
                                                teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
