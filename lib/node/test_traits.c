/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/node/traits.h"

static const char machine[] =
        "{\"schema\":1,\"system\":{\"version\":\"V1\",\"virtual\":false,\"board\":{\"vendor\":"
        "\"ACME\"}},"
        "\"cpu\":{\"isa_level\":\"x86-64-v4\",\"family\":6,\"flags\":[\"fpu\",\"avx512f\",\"fpu\"]}"
        ","
        "\"memory\":{\"items\":[{\"type\":\"DDR4\"},{\"type\":\"DDR5\"},{\"type\":\"DDR4\"},{}]},"
        "\"bmc\":{\"present\":true},"
        "\"gpus\":{\"items\":[{\"vendor\":\"1a03\",\"vendor_name\":\"ASPEED\"},"
        "{\"vendor\":\"10de\",\"vendor_name\":\"NVIDIA Corporation\",\"vram\":85899345920},"
        "{\"vendor\":\"8086\",\"virtual_function_of\":\"0000:00:02.0\"}]},"
        "\"disks\":{\"items\":[{\"type\":\"nvme\",\"size\":1000,\"removable\":false},"
        "{\"type\":\"ssd\",\"size\":\"big\"},{\"type\":\"flash\",\"size\":7,\"removable\":true}]},"
        "\"nics\":{\"items\":[{\"speed_mbps\":25000,\"supported_mbps\":[1000,25000]},7]}}";

/* What each row says, joined by commas. */
static const struct {
        const char *name, *values;
} cases[] = {
        {"arch",           "x86_64"                                           },
        {"system.version", "V1"                                               },
        {"system.virtual", "false"                                            },
        {"system.sku",     ""                                                 },
        {"board.vendor",   "ACME"                                             },
        {"cpu.family",     "6"                                                },
        {"cpu.level",      "x86-64-v4"                                        },
        {"cpu.flags",      "fpu,avx512f"                                      },
        {"memory.type",    "DDR4,DDR5"                                        },
        {"bmc.present",    "true"                                             },
        {"tpm.present",    ""                                                 },
        {"gpu.vendor",     "1a03,10de,aspeed,nvidia,ASPEED,NVIDIA Corporation"},
        {"gpu.memory",     "85899345920"                                      },
        {"disk.type",      "nvme,ssd"                                         },
        {"disk.size",      "1000"                                             },
        {"nic.speed",      "25000"                                            },
        {"nic.speeds",     "1000,25000"                                       },
};

static struct doc *parse(const char *text)
{
        struct doc *value = NULL;

        assert_int_equal(doc_parse(text, strlen(text), &doc_limits_inventory, NULL, &value), 0);
        return value;
}

static const char *joined(const struct traits *traits, const char *name, char *to, size_t size)
{
        size_t used = 0;

        to[0] = '\0';
        for (const char *at = NULL; (at = traits_next(traits, trait_find(name), at));)
                used += (size_t)snprintf(to + used, size - used, "%s%s", used > 0 ? "," : "", at);
        return to;
}

static void check(const struct traits *traits)
{
        char text[256];

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                if (trait_find(cases[i].name) == trait_count)
                        fail_msg("there is no %s", cases[i].name);
                assert_string_equal(joined(traits, cases[i].name, text, sizeof(text)),
                                    cases[i].values);
        }
}

static void test_machine(void **state)
{
        _doc_ struct doc *inventory = parse(machine), *stored = NULL;
        CLEANUP(traits_free) struct traits *traits = NULL, *again = NULL, *copy = NULL;

        (void)state;
        assert_int_equal(traits_of(inventory, &traits), 0);
        check(traits);
        stored = traits_encode(traits);
        assert_int_equal(traits_decode(stored, &again), 0);
        check(again);
        assert_true(traits_is_same(traits, again));
        copy = traits_dup(traits);
        assert_true(traits_is_same(copy, traits));
        assert_false(traits_is_same(copy, NULL));
        assert_null(traits_next(NULL, 0, NULL));
        assert_int_equal(trait_find("gone"), trait_count);
}

/* What is stored may be of another version, in another order, or damaged. */
static void test_stored(void **state)
{
        _doc_ struct doc *stored = parse("{\"disk.type\":[\"nvme\",7],\"gone\":[\"x\"],"
                                         "\"arch\":[\"x86_64\"],\"bmc.present\":\"true\"}");
        CLEANUP(traits_free) struct traits *traits = NULL;
        char text[64];

        (void)state;
        assert_int_equal(traits_decode(stored, &traits), 0);
        assert_string_equal(joined(traits, "disk.type", text, sizeof(text)), "nvme");
        assert_string_equal(joined(traits, "arch", text, sizeof(text)), "x86_64");
        assert_string_equal(joined(traits, "bmc.present", text, sizeof(text)), "");
}

/* A machine that says too much keeps its other rows. */
static void test_limits(void **state)
{
        _doc_ struct doc *inventory = doc_object(), *cpu = doc_object();
        struct doc *flags = doc_list(), *system = doc_object();
        CLEANUP(traits_free) struct traits *traits = NULL;
        char text[200];
        size_t count = 0;

        (void)state;
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        doc_set_text(system, "sku", text);
        doc_set(inventory, "system", system);
        for (unsigned i = 0; i < 5000; i++) {
                snprintf(text, sizeof(text), "flag%u", i);
                doc_append_text(flags, text);
        }
        doc_set(cpu, "flags", flags);
        doc_set(inventory, "cpu", doc_copy(cpu));
        assert_int_equal(traits_of(inventory, &traits), 0);
        for (const char *at = NULL; (at = traits_next(traits, trait_find("cpu.flags"), at));)
                count++;
        assert_int_equal(count, TRAIT_VALUES_MAX);
        assert_int_equal(strlen(traits_next(traits, trait_find("system.sku"), NULL)),
                         TRAIT_VALUE_SIZE - 1);
        assert_true(traits_size(traits) < TRAITS_SIZE + 1024);
}

/* {"memory": {"items": [...]}}: rows of the middle get what the first ones left. */
static struct doc *machine_of_types(size_t count, size_t last)
{
        struct doc *inventory = doc_object(), *memory = doc_object(), *list = doc_list();
        char text[TRAIT_VALUE_SIZE];

        for (size_t i = 0; i <= count; i++) {
                struct doc *module = doc_object();

                memset(text, 'x', sizeof(text));
                text[i < count ? sizeof(text) - 1 : last] = '\0';
                snprintf(text, 5, "%04zu", i);
                text[4] = 'x';
                doc_set_text(module, "type", text);
                doc_append(list, module);
        }
        doc_set(memory, "items", list);
        doc_set(inventory, "memory", memory);
        return inventory;
}

/* However much the first rows take: each that follows has its place, and no byte more. */
static void test_full(void **state)
{
        const size_t whole = TRAITS_SIZE / TRAIT_VALUE_SIZE - 1;

        (void)state;
        for (size_t last = 5; last < TRAIT_VALUE_SIZE; last++) {
                _doc_ struct doc *inventory = machine_of_types(whole, last);
                CLEANUP(traits_free) struct traits *traits = NULL;
                struct doc *nics = doc_object(), *list = doc_list(), *nic;

                for (unsigned i = 0; i < TRAIT_VALUES_MAX; i++) {
                        char name[16];

                        nic = doc_object();
                        snprintf(name, sizeof(name), "driver%u", i);
                        doc_set_text(nic, "driver", name);
                        doc_append(list, nic);
                }
                doc_set(nics, "items", list);
                doc_set(inventory, "nics", nics);
                assert_int_equal(traits_of(inventory, &traits), 0);
                assert_true(traits_size(traits) <= TRAITS_SIZE + 1024);
                assert_non_null(traits_next(traits, trait_find("memory.type"), NULL));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_machine),
                cmocka_unit_test(test_stored),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_full),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
