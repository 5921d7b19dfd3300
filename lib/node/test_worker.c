/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/node/worker.h"

#define SECRET   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HOST_KEY "AAAAC3NzaC1lZDI1NTE5AAAAIPeSP9CZ3myFy/oABiT2NXv2ZeYrcxQEDHRSUjJ0meNp"

static struct phone_home says, again;

static int fill(void **state)
{
        (void)state;
        says = (struct phone_home){
                .generation = 4,
                .node = "lab-0001",
                .public_key = "AAAA",
                .version = "0.1.0",
                .system = "Debian",
                .hostname = "lab-0001",
                .facts =
                        {
                                .kernel = "6.1.0-37-amd64",
                                .uptime_s = 77,
                                .addresses = {{"eth0", {{2, 0, 0, 0, 0, 1}}, "10.77.0.100/24"},
                                              {"eth0", {{2, 0, 0, 0, 0, 1}}, "fd00::1/64"}},
                                .address_count = 2,
                                .host_keys = {{"ssh-ed25519", HOST_KEY}},
                                .host_key_count = 1,
                                .health = {{"memory", HEALTH_OK, "3 GiB"},
                                           {"root", HEALTH_WARNING, "full"},
                                           {"clock", HEALTH_WARNING, "not synchronised"}},
                                .check_count = 3,
                                },
        };
        return ip_parse("10.77.0.100", &says.address);
}

static void both_messages_and_the_answer(void **state)
{
        const struct worker_answer answer = {
                .node = "lab-0001", .phase = PHASE_DEPLOYED, .beat_s = BEAT_S};
        struct worker_answer answer_again = {0};
        _doc_ struct doc *beat = doc_encode(&beat_table, &says), *home = NULL, *told = NULL;
        char error[DOC_ERROR_SIZE] = "";

        (void)state;
        memset(&again, 0, sizeof(again));
        assert_int_equal(doc_decode(&beat_table, beat, error, &again), 0);
        assert_memory_equal(&again, &says, sizeof(says));

        memcpy(says.secret, SECRET, sizeof(says.secret));
        home = doc_encode(&phone_home_table, &says);
        memset(&again, 0, sizeof(again));
        assert_int_equal(doc_decode(&phone_home_table, home, error, &again), 0);
        assert_memory_equal(&again, &says, sizeof(says));

        told = doc_encode(&worker_answer_table, &answer);
        assert_int_equal(doc_decode(&worker_answer_table, told, error, &answer_again), 0);
        assert_memory_equal(&answer, &answer_again, sizeof(answer));
}

/* A beat never carries the secret, whatever its struct holds. */
static void a_beat_has_no_secret(void **state)
{
        _doc_ struct doc *beat = NULL;
        _free_ char *text = NULL;

        (void)state;
        memcpy(says.secret, SECRET, sizeof(says.secret));
        beat = doc_encode(&beat_table, &says);
        assert_int_equal(doc_print(beat, DOC_COMPACT, &text), 0);
        assert_null(strstr(text, SECRET));
}

static void what_is_needed_is_asked_for(void **state)
{
        static const struct {
                const struct doc_table *table;
                const char *name;
        } rows[] = {
                {&beat_table,       "generation"},
                {&beat_table,       "node"      },
                {&beat_table,       "version"   },
                {&beat_table,       "public_key"},
                {&phone_home_table, "secret"    },
        };

        (void)state;
        memcpy(says.secret, SECRET, sizeof(says.secret));
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _doc_ struct doc *object = doc_encode(rows[i].table, &says);
                char error[DOC_ERROR_SIZE] = "";

                assert_int_equal(doc_remove(object, rows[i].name), 0);
                assert_int_equal(doc_decode(rows[i].table, object, error, &again), -EBADMSG);
                assert_non_null(strstr(error, rows[i].name));
        }
}

/* The longest of everything fits into the body that the controller reads. */
static void the_longest_message_is_taken(void **state)
{
        struct worker_facts *facts = &says.facts;
        _doc_ struct doc *object = NULL;
        _free_ char *text = NULL;

        (void)state;
        memset(facts, 'x', sizeof(*facts));
        facts->uptime_s = INT64_MAX;
        facts->kernel[sizeof(facts->kernel) - 1] = '\0';
        facts->address_count = WORKER_ADDRESSES_MAX;
        facts->host_key_count = WORKER_HOST_KEYS_MAX;
        facts->check_count = WORKER_CHECKS_MAX;
        for (size_t i = 0; i < WORKER_ADDRESSES_MAX; i++) {
                facts->addresses[i].interface[WORKER_INTERFACE_SIZE - 1] = '\0';
                facts->addresses[i].address[WORKER_ADDRESS_SIZE - 1] = '\0';
        }
        for (size_t i = 0; i < WORKER_HOST_KEYS_MAX; i++) {
                facts->host_keys[i].type[SSH_KEY_TYPE_SIZE - 1] = '\0';
                facts->host_keys[i].key[SSH_KEY_TEXT_SIZE - 1] = '\0';
        }
        for (size_t i = 0; i < WORKER_CHECKS_MAX; i++) {
                facts->health[i].name[WORKER_CHECK_SIZE - 1] = '\0';
                facts->health[i].state = HEALTH_WARNING;
                facts->health[i].text[WORKER_CHECK_TEXT - 1] = '\0';
        }
        object = doc_encode(&phone_home_table, &says);
        assert_int_equal(doc_print(object, DOC_COMPACT, &text), 0);
        assert_in_range(strlen(text), 16384, WORKER_BODY_MAX);
}

static void addresses_and_names(void **state)
{
        static const char *const good[] = {"0.0.0.0/0", "10.77.0.100/32", "::/0", "fe80::1/128"};
        static const char *const bad[] = {"10.77.0.100",    "10.77.0.100/33",  "10.77.0/24",
                                          "fe80::1/129",    "fe80::1%eth0/64", "/24",
                                          "10.77.0.100/",   "10.77.0.100/+1",  "x/1",
                                          "10.77.0.100/1/1"};
        static const char *const bad_names[] = {"a b",         "a/b", "\x1b[1m", "..",
                                                "caf\xc3\xa9", "a:1", ""};
        char *address = says.facts.addresses[1].address, error[DOC_ERROR_SIZE];

        (void)state;
        assert_int_equal(worker_facts_check(&says.facts, error), 0);
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                snprintf(address, WORKER_ADDRESS_SIZE, "%s", good[i]);
                assert_int_equal(worker_facts_check(&says.facts, error), 0);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                snprintf(address, WORKER_ADDRESS_SIZE, "%s", bad[i]);
                assert_int_equal(worker_facts_check(&says.facts, error), -EBADMSG);
                assert_non_null(strstr(error, "address"));
        }
        fill(NULL);
        for (size_t i = 0; i < ARRAY_SIZE(bad_names); i++) {
                snprintf(says.facts.addresses[0].interface, WORKER_INTERFACE_SIZE, "%s",
                         bad_names[i]);
                assert_int_equal(worker_facts_check(&says.facts, error), -EBADMSG);
                assert_non_null(strstr(error, "interface"));
        }
        fill(NULL);
        says.facts.host_keys[0].key[30]++;
        assert_int_equal(worker_facts_check(&says.facts, error), 0); /* another key */
        says.facts.host_keys[0].key[3]++;
        assert_int_equal(worker_facts_check(&says.facts, error), -EBADMSG);
        assert_non_null(strstr(error, "host_keys"));
        fill(NULL);
        snprintf(says.facts.health[0].name, WORKER_CHECK_SIZE, "Root FS");
        assert_int_equal(worker_facts_check(&says.facts, NULL), -EBADMSG);
}

static void the_worst_and_first(void **state)
{
        (void)state;
        assert_string_equal(worker_facts_worst(&says.facts)->name, "root");
        says.facts.health[2].state = HEALTH_BAD;
        assert_string_equal(worker_facts_worst(&says.facts)->name, "clock");
        says.facts.check_count = 1;
        assert_string_equal(worker_facts_worst(&says.facts)->name, "memory");
        says.facts.check_count = 0;
        assert_null(worker_facts_worst(&says.facts));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(both_messages_and_the_answer, fill),
                cmocka_unit_test_setup(a_beat_has_no_secret, fill),
                cmocka_unit_test_setup(what_is_needed_is_asked_for, fill),
                cmocka_unit_test_setup(the_longest_message_is_taken, fill),
                cmocka_unit_test_setup(addresses_and_names, fill),
                cmocka_unit_test_setup(the_worst_and_first, fill),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
