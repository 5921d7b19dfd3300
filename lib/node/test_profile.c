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

#include "lib/node/profile.h"

static struct doc *parse(const char *yaml)
{
        struct doc *value = NULL;
        char error[DOC_ERROR_SIZE] = "";

        if (doc_parse_yaml(yaml, strlen(yaml), &doc_limits_message, error, &value) < 0)
                fail_msg("%s", error);
        return value;
}

static int decode(const char *yaml, char *error, struct profile *ret)
{
        struct doc *document = parse(yaml);
        int rc;

        rc = profile_decode(document, error, ret);
        doc_free(document);
        return rc;
}

static struct profile profile_of(const char *yaml)
{
        char error[DOC_ERROR_SIZE] = "";
        struct profile profile = {0};

        if (decode(yaml, error, &profile) < 0)
                fail_msg("%s", error);
        return profile;
}

#define HEAD  "kind: profile\nname: worker\n"
#define IMAGE "  steps: [{image: debian}]\n"

static void test_a_whole_profile(void **state)
{
        const struct profile p = profile_of(HEAD "version: 3\n"
                                                 "labels: {rack: a1}\n"
                                                 "spec:\n"
                                                 "  needs: {arch: x86_64, memory: \">=8G\"}\n"
                                                 "  disk:\n"
                                                 "    pick: largest\n"
                                                 "    types: [nvme, virtual]\n"
                                                 "    size: \">=32G\"\n"
                                                 "    holding: anything\n"
                                                 "    serial: \"12345\"\n"
                                                 "    wwn: eui.0025\n"
                                                 "  steps:\n"
                                                 "    - wipe: quick\n"
                                                 "    - image: debian-12.5\n"
                                                 "    - grow: root\n"
                                                 "    - seed: {hostname: \"w-{name}\", user: ops, "
                                                 "ssh_keys: [b, a], user_data: w.yaml}\n"
                                                 "    - boot: disk\n"
                                                 "  done: lease\n");

        (void)state;
        assert_string_equal(p.name, "worker");
        assert_string_equal(p.arch, "x86_64");
        assert_int_equal(p.memory.comparison, SIZE_LEAST);
        assert_true(p.memory.bytes == (uint64_t)8 << 30);
        assert_int_equal(p.pick, PICK_LARGEST);
        assert_true(p.types[DISK_NVME] && p.types[DISK_VIRTUAL]);
        assert_false(p.types[DISK_SSD] || p.types[DISK_HDD]);
        assert_true(p.size.bytes == (uint64_t)32 << 30);
        assert_int_equal(p.holding, HOLDING_ANYTHING);
        assert_string_equal(p.serial, "12345");
        assert_string_equal(p.wwn, "eui.0025");
        assert_true(p.wipe && p.grow && p.boot);
        assert_string_equal(p.image, "debian-12.5");
        assert_string_equal(p.hostname, "w-{name}");
        assert_string_equal(p.seed.user, "ops");
        assert_int_equal(p.seed.ssh_key_count, 2);
        assert_string_equal(p.seed.ssh_keys[0], "b");
        assert_string_equal(p.seed.ssh_keys[1], "a");
        assert_string_equal(p.seed.user_data, "w.yaml");
        assert_int_equal(p.done, UNTIL_LEASE);
}

static void test_the_least_profile(void **state)
{
        const struct profile p = profile_of(HEAD "spec:\n" IMAGE);

        (void)state;
        assert_string_equal(p.image, "debian");
        assert_string_equal(p.arch, "");
        assert_int_equal(p.memory.comparison, SIZE_ANY);
        assert_int_equal(p.size.comparison, SIZE_ANY);
        assert_int_equal(p.pick, PICK_SMALLEST);
        assert_int_equal(p.holding, HOLDING_NOTHING);
        assert_false(p.wipe || p.grow || p.boot);
        assert_string_equal(p.hostname, "{name}");
        assert_int_equal(p.done, UNTIL_PHONE_HOME);
        assert_int_equal(p.done_port, 0);
}

static void test_a_port(void **state)
{
        static const struct {
                const char *yaml;
                uint32_t port;
        } cases[] = {
                {HEAD "spec: {done: \"tcp:22\", steps: [{image: a}]}\n",    22   },
                {HEAD "spec: {done: tcp:1, steps: [{image: a}]}\n",         1    },
                {HEAD "spec: {done: \"tcp:65535\", steps: [{image: a}]}\n", 65535},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                const struct profile p = profile_of(cases[i].yaml);

                assert_int_equal(p.done, UNTIL_TCP);
                assert_int_equal(p.done_port, cases[i].port);
        }
}

#define DONE(what)  HEAD "spec: {done: \"" what "\", steps: [{image: a}]}\n"
#define NO_PORT     "'done' must be 'tcp:' and a port, 1 to 65535, like tcp:22"
#define STEPS(list) HEAD "spec: {steps: [" list "]}\n"
#define DISK(rows)  HEAD "spec:\n  disk: {" rows "}\n" IMAGE
#define NEEDS(rows) HEAD "spec:\n  needs: {" rows "}\n" IMAGE

/* What is wrong with a profile, and what is said of it. */
static const struct {
        const char *yaml, *says;
} not_understood[] = {
        {"[]",                                                                            "profile: it must have keys"                                  },
        {"name: a\n",                                                                     "profile: 'kind' must be 'profile'"                           },
        {"kind: rule\nname: a\n",                                                         "'kind' must be 'profile'"                                    },
        {"kind: profile\n",                                                               "'name' must be a text"                                       },
        {"kind: profile\nname: 12\n",                                                     "'name' must be a text"                                       },
        {"kind: profile\nname: A_b\n",                                                    "'name' is no name: a-z, 0-9 and dashes"                      },
        {HEAD,                                                                            "profile 'worker': spec.steps: 'image' is missing"            },
        {HEAD "spce: {}\n",                                                               "profile 'worker': 'spce' is not understood: kind, name, "
                            "version, labels, spec are"                                                                      },
        {HEAD "spec: []\n",                                                               "spec: it must have keys"                                     },
        {HEAD "version: new\n",                                                           "'version' must be a number"                                  },
        {HEAD "labels: [a]\n",                                                            "'labels' must be at most 64 names"                           },
        {HEAD "labels: {rack: 1}\n",                                                      "label 'rack' must be a text: put it in quotes"               },
        {HEAD "spec: {disks: {}}\n",
         "profile 'worker': spec: 'disks' is not understood: needs, disk, steps, done are"                                                              },
        {HEAD "spec: {done: ssh, steps: [{image: a}]}\n",
         "spec: 'done' must be one of: phone-home, lease, operator, tcp:PORT"                                                                           },
        {DONE("tcp"),                                                                     "'done' must be one of: phone-home, lease, operator, tcp:PORT"},
        {DONE("tcp:"),                                                                    NO_PORT                                                       },
        {DONE("tcp:PORT"),                                                                NO_PORT                                                       },
        {DONE("tcp:0"),                                                                   NO_PORT                                                       },
        {DONE("tcp:022"),                                                                 NO_PORT                                                       },
        {DONE("tcp:65536"),                                                               NO_PORT                                                       },
        {DONE("tcp:-1"),                                                                  NO_PORT                                                       },
        {DONE("tcp: 22"),                                                                 NO_PORT                                                       },
        {DONE("tcp:22,80"),                                                               NO_PORT                                                       },
        {DONE("tcp:18446744073709551638"),                                                NO_PORT                                                       },
        {NEEDS("cpu: 4"),                                                                 "spec.needs: 'cpu' is not understood: arch, memory are"       },
        {NEEDS("arch: arm64"),                                                            "spec.needs: 'arch' must be one of: x86_64"                   },
        {NEEDS("memory: 8G"),                                                             "'memory' must be a comparison and bytes"                     },
        {NEEDS("memory: \">=8GB\""),                                                      "'memory' must be a comparison and bytes"                     },
        {NEEDS("memory: 8"),                                                              "'memory' must be a text: put it in quotes"                   },
        {DISK("sise: \">1G\""),                                                           "spec.disk: 'sise' is not understood: pick, types, size, "
                                "holding, serial, wwn are"                                                               },
        {DISK("pick: any"),                                                               "'pick' must be one of: smallest, largest, first"             },
        {DISK("pick: "),                                                                  "'pick' must be a text"                                       },
        {DISK("types: nvme"),                                                             "'types' must be a list"                                      },
        {DISK("types: []"),                                                               "'types' must be a list"                                      },
        {DISK("types: [floppy]"),                                                         "'types' must be one of: nvme, ssd, hdd, virtual"             },
        {DISK("types: [ssd, ssd]"),                                                       "'types' has 'ssd' twice"                                     },
        {DISK("size: \"=>1G\""),                                                          "'size' must be a comparison and bytes"                       },
        {DISK("size: \">= 1G\""),                                                         "'size' must be a comparison and bytes"                       },
        {DISK("size: \">99999999999T\""),                                                 "'size' must be a comparison and bytes"                       },
        {DISK("holding: data"),                                                           "'holding' must be one of: nothing, anything"                 },
        {DISK("serial: 123"),                                                             "'serial' must be a text: put it in quotes"                   },
        {DISK("serial: \"\""),                                                            "'serial' must be a text"                                     },
        {DISK("wwn: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
         "'wwn' is longer than 63 bytes"                                                                                                                },
        {HEAD "spec: {steps: {image: a}}\n",                                              "'steps' must be a list"                                      },
        {HEAD "spec: {steps: []}\n",                                                      "'image' is missing"                                          },
        {STEPS("{wipe: quick}"),                                                          "'image' is missing"                                          },
        {STEPS("image"),                                                                  "spec.steps, step 1: it must be one key with a value"         },
        {STEPS("{}"),                                                                     "step 1: it must be one key"                                  },
        {STEPS("{wipe: quick, image: a}"),                                                "step 1: it must be one key"                                  },
        {STEPS("{image: a}, {run: x.sh}"),
         "spec.steps, step 2: 'run' is not understood: wipe, image, grow, seed, boot are"                                                               },
        {STEPS("{image: a}, {wipe: quick}"),                                              "step 2: 'wipe' must come before 'image'"                     },
        {STEPS("{image: a}, {image: b}"),                                                 "step 2: 'image' is there twice"                              },
        {STEPS("{wipe: full}, {image: a}"),                                               "step 1: 'wipe' must be 'quick'"                              },
        {STEPS("{image: a/b}"),                                                           "'image' is no name of an image"                              },
        {STEPS("{image: 12}"),                                                            "'image' must be a text: put it in quotes"                    },
        {STEPS("{image: a}, {grow: 2}"),                                                  "'grow' must be 'root'"                                       },
        {STEPS("{image: a}, {boot: pxe}"),                                                "'boot' must be 'disk'"                                       },
        {STEPS("{image: a}, {seed: x}"),                                                  "step 2, seed: it must have keys"                             },
        {STEPS("{image: a}, {seed: {ssh_key: a}}"),
         "seed: 'ssh_key' is not understood: hostname, user, ssh_keys, user_data are"                                                                   },
        {STEPS("{image: a}, {seed: {user: root}}"),                                       "seed: 'user' must be a name like ops"                        },
        {STEPS("{image: a}, {seed: {user: operator}}"),
         "seed: 'user' must be another name: Debian has a user or a group 'operator' already"                                                           },
        {STEPS("{image: a}, {seed: {user: \"a b\"}}"),                                    "'user' must be a name like ops"                              },
        {STEPS("{image: a}, {seed: {ssh_keys: ops}}"),                                    "'ssh_keys' must be a list of names"                          },
        {STEPS("{image: a}, {seed: {ssh_keys: []}}"),                                     "'ssh_keys' must be a list of names"                          },
        {STEPS("{image: a}, {seed: {ssh_keys: [a, b, a]}}"),                              "'ssh_keys' has 'a' twice"                                    },
        {STEPS("{image: a}, {seed: {ssh_keys: [\"a b\"]}}"),                              "'ssh_keys' must be a name: a-z"                              },
        {STEPS("{image: a}, {seed: {user_data: ../a}}"),                                  "'user_data' must be a name: a-z"                             },
        {STEPS("{image: a}, {seed: {hostname: \"{serial}\"}}"),
         "'hostname' is no host name: a-z, 0-9, dashes, and {name}"                                                                                     },
        {STEPS("{image: a}, {seed: {hostname: \"a.b\"}}"),                                "'hostname' is no host name"                                  },
        {STEPS("{image: a}, {seed: {hostname: \"-{name}\"}}"),                            "'hostname' is no host name"                                  },
};

static void test_what_is_not_understood_is_named(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(not_understood) / sizeof(not_understood[0]); i++) {
                char error[DOC_ERROR_SIZE] = "";
                struct profile profile, untouched;

                memset(&profile, 0x55, sizeof(profile));
                memcpy(&untouched, &profile, sizeof(profile));
                if (decode(not_understood[i].yaml, error, &profile) != -EBADMSG)
                        fail_msg("case %zu is taken", i);
                if (!strstr(error, not_understood[i].says))
                        fail_msg("case %zu: '%s' does not say '%s'", i, error,
                                 not_understood[i].says);
                assert_memory_equal(&profile, &untouched, sizeof(profile));
                assert_int_equal(decode(not_understood[i].yaml, NULL, &profile), -EBADMSG);
        }
}

static void test_size_conditions(void **state)
{
        static const struct {
                const char *text;
                uint64_t bytes;
                bool holds;
        } cases[] = {
                {">=32G",         (uint64_t)32 << 30, true },
                {">=32G",         34359738367,        false},
                {"<=1K",          1024,               true },
                {"<=1K",          1025,               false},
                {">1K",           1024,               false},
                {">1K",           1025,               true },
                {"<2T",           2199023255551,      true },
                {"<2T",           2199023255552,      false},
                {"=480103981056", 480103981056,       true },
                {"=480103981056", 480103981057,       false},
        };
        static const char *const wrong[] = {"",      "32G", ">=",  ">=G",  "~5",
                                            ">=-5G", "==5", "=5X", ">= 5", ">=5G "};
        struct size_condition c = {0};

        (void)state;
        assert_true(size_condition_holds(&c, 0)); /* SIZE_ANY */
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                assert_int_equal(size_condition_parse(cases[i].text, &c), 0);
                assert_int_equal(size_condition_holds(&c, cases[i].bytes), cases[i].holds);
        }
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
                assert_int_equal(size_condition_parse(wrong[i], &c), -EINVAL);
}

static void test_host_names(void **state)
{
        static const struct {
                const char *pattern, *node, *name; /* NULL: refused */
        } cases[] = {
                {"",                "lab-1",                                                           "lab-1"},
                {"{name}",          "lab-1",                                                           "lab-1"},
                {"w-{name}-{name}", "a",                                                               "w-a-a"},
                {"fixed",           "lab-1",                                                           "fixed"},
                {"{name}-{n}",      "lab-1",                                                           NULL   },
                {"{name}-",         "lab-1",                                                           NULL   },
                {"{name}-worker",   "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-012345678",
                 NULL                                                                                         },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct profile p = {0};
                char name[NODE_NAME_SIZE] = "before";

                snprintf(p.hostname, sizeof(p.hostname), "%s", cases[i].pattern);
                assert_int_equal(profile_hostname(&p, cases[i].node, name),
                                 cases[i].name ? 0 : -EINVAL);
                assert_string_equal(name, cases[i].name ? cases[i].name : "before");
        }
}

#define GIB ((uint64_t)1 << 30)
#define MACHINE                                                                                    \
        "schema: 1\ncpu: {isa_level: x86-64-v2}\nmemory: {total: 8000000000, installed: "          \
        "8589934592}\n"
#define DISKS(rows) MACHINE "disks:\n  items:\n" rows
#define NVME_2G                                                                                    \
        "  - {name: nvme0n1, type: nvme, size: 2147483648, serial: NVME-0001, wwn: eui.01, "       \
        "model: QEMU}\n"
#define NVME_4G                                                                                    \
        "  - {name: nvme1n1, type: nvme, size: 4294967296, serial: NVME-0002, wwn: eui.02}\n"
#define SSD_8G    "  - {name: sda, type: ssd, size: 8589934592, serial: S1}\n"
#define VIRTIO_4G "  - {name: vda, type: virtual, size: 4294967296, serial: V1}\n"
#define STICK_8G  "  - {name: sdb, type: flash, size: 8589934592, serial: U1, removable: true}\n"
#define USB_2G    "  - {name: sdc, type: ssd, transport: usb, size: 2147483648, serial: B1}\n"
#define ANY       "spec:\n" IMAGE

static int pick(const char *spec, const char *inventory, uint64_t size, char *why,
                struct disk_id *ret)
{
        char yaml[2048];
        struct doc *object = parse(inventory);
        struct profile profile;
        int rc;

        snprintf(yaml, sizeof(yaml), HEAD "%s", spec);
        profile = profile_of(yaml);
        rc = profile_pick_disk(&profile, object, size, why, ret);
        doc_free(object);
        return rc;
}

static void test_the_right_disk_is_picked(void **state)
{
        static const struct {
                const char *spec, *inventory, *name;
        } cases[] = {
                {ANY,                                                        DISKS(NVME_2G NVME_4G),           "nvme0n1"},
                {ANY,                                                        DISKS(NVME_4G NVME_2G),           "nvme0n1"},
                {ANY,                                                        DISKS(USB_2G NVME_4G),            "nvme1n1"},
                {"spec:\n  disk: {serial: B1}\n" IMAGE,                      DISKS(USB_2G NVME_4G),            "sdc"    },
                {"spec:\n  disk: {pick: largest}\n" IMAGE,                   DISKS(NVME_2G SSD_8G NVME_4G),    "sda"    },
                {"spec:\n  disk: {pick: first}\n" IMAGE,                     DISKS(SSD_8G NVME_4G),            "nvme1n1"},
                {"spec:\n  disk: {types: [ssd]}\n" IMAGE,                    DISKS(NVME_2G SSD_8G),            "sda"    },
                {"spec:\n  disk: {size: \">2G\"}\n" IMAGE,                   DISKS(NVME_2G NVME_4G),           "nvme1n1"},
                {"spec:\n  disk: {serial: NVME-0002}\n" IMAGE,               DISKS(NVME_2G NVME_4G),           "nvme1n1"},
                {"spec:\n  disk: {wwn: eui.02}\n" IMAGE,                     DISKS(NVME_2G NVME_4G),           "nvme1n1"},
                {"spec:\n  disk: {types: [virtual]}\n" IMAGE,                DISKS(NVME_2G VIRTIO_4G),         "vda"    },
                {ANY,                                                        DISKS(STICK_8G VIRTIO_4G SSD_8G), "sda"    },
 /* The first is the wrong one: too small by a sector. */
                {ANY,
                 DISKS("  - {name: nvme0n1, type: nvme, size: 1073741312, serial: A}\n" NVME_4G),
                 "nvme1n1"                                                                                              },
 /* Equal ones: as people count. */
                {ANY,
                 DISKS("  - {name: nvme10n1, type: nvme, size: 4294967296, serial: A}\n"
                       "  - {name: nvme2n1, type: nvme, size: 4294967296, serial: B}\n"),
                 "nvme2n1"                                                                                              },
                {"spec:\n  disk: {pick: largest}\n" IMAGE,
                 DISKS("  - {name: sdb, type: ssd, size: 4294967296, serial: A}\n"
                       "  - {name: sda, type: ssd, size: 4294967296, serial: B}\n"),
                 "sda"                                                                                                  },
 /* Namespaces of one controller: one serial number, each its own WWN. */
                {ANY,
                 DISKS("  - {name: nvme0n1, type: nvme, size: 4294967296, serial: A, wwn: eui.1}\n"
                       "  - {name: nvme0n2, type: nvme, size: 2147483648, serial: A, wwn: "
                       "eui.2}\n"),
                 "nvme0n2"                                                                                              },
                {"spec:\n  needs: {arch: x86_64, memory: \">=8G\"}\n" IMAGE, DISKS(NVME_2G),
                 "nvme0n1"                                                                                              },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char why[PROFILE_WHY_SIZE];
                struct disk_id disk = {0};

                if (pick(cases[i].spec, cases[i].inventory, GIB, why, &disk) < 0)
                        fail_msg("case %zu: %s", i, why);
                if (strcmp(disk.name, cases[i].name) != 0)
                        fail_msg("case %zu: %s", i, disk.name);
                assert_string_equal(why, "");
        }
}

static void test_what_is_known_of_the_disk_comes_along(void **state)
{
        char why[PROFILE_WHY_SIZE];
        struct disk_id disk = {0};

        (void)state;
        assert_int_equal(pick(ANY, DISKS(NVME_2G), 2 * GIB, why, &disk), 0); /* to the byte */
        assert_string_equal(disk.serial, "NVME-0001");
        assert_string_equal(disk.wwn, "eui.01");
        assert_string_equal(disk.model, "QEMU");
        assert_true(disk.size == 2 * GIB);
}

static void test_refusals_name_each_disk(void **state)
{
        static const struct {
                const char *spec, *inventory;
                int rc;
                const char *says;
        } cases[] = {
                {ANY,                                         MACHINE,                                                                -ENODEV,  "no disk will do: the machine has none"},
                {ANY,                                         DISKS("    []\n"),                                                      -ENODEV,  "the machine has none"                 },
                {"spec:\n  disk: {size: \">=32G\"}\n" IMAGE,  DISKS(NVME_2G SSD_8G),                                                  -ENODEV,
                 "no disk will do: nvme0n1 (NVME-0001) has 2.0 GiB, and the profile wants >= 32.0 "
                 "GiB; sda (S1) has "
                 "8.0 GiB"                                                                                                                                                             },
                {ANY,                                         DISKS(STICK_8G),                                                        -ENODEV,  "sdb (U1) is removable"                },
                {ANY,                                         DISKS(USB_2G),                                                          -ENODEV,
                 "sdc (B1) is plugged into USB, and the profile does not name its serial number"                                                                                       },
                {ANY,                                         DISKS(VIRTIO_4G),                                                       -ENODEV,
                 "vda (V1) is of type 'virtual', which the profile does not take"                                                                                                      },
                {ANY,                                         DISKS("  - {name: sr0, type: optical, size: 4294967296, serial: A}\n"),
                 -ENODEV,                                                                                                                       "sr0 (A) is of type 'optical'"         },
                {ANY,                                         DISKS("  - {name: sda, size: 4294967296, serial: A}\n"),                -ENODEV,
                 "sda (A) is of no type that is known"                                                                                                                                 },
                {ANY,
                 DISKS("  - {name: sda, type: ssd, size: 4294967296, serial: A, read_only: "
                       "true}\n"),
                 -ENODEV,                                                                                                                       "sda (A) is read-only"                 },
                {ANY,                                         DISKS("  - {name: sda, type: ssd, size: 4294967296}\n"),                -ENODEV,
                 "sda has neither a serial number nor a WWN"                                                                                                                           },
                {ANY,                                         DISKS("  - {name: sda, type: ssd, serial: A}\n"),                       -ENODEV,
                 "sda (A) does not tell its size"                                                                                                                                      },
                {ANY,                                         DISKS("  - {name: sda, type: ssd, size: -5, serial: A}\n"),             -ENODEV,
                 "sda (A) does not tell its size"                                                                                                                                      },
                {ANY,                                         DISKS("  - {name: sda, type: ssd, size: 536870912, serial: A}\n"),      -ENODEV,
                 "sda (A) is too small: it has 512.0 MiB, the image 1.0 GiB"                                                                                                           },
                {"spec:\n  disk: {serial: X}\n" IMAGE,        DISKS(NVME_2G),                                                         -ENODEV,
                 "nvme0n1 (NVME-0001) has another serial number"                                                                                                                       },
                {"spec:\n  disk: {wwn: X}\n" IMAGE,           DISKS(NVME_2G),                                                         -ENODEV,
                 "nvme0n1 (NVME-0001) has another WWN"                                                                                                                                 },
                {ANY,                                         DISKS("  - {type: ssd, size: 4294967296, serial: A}\n"),                -ENODEV,
                 "a disk (A) has no name"                                                                                                                                              },
                {ANY,                                         DISKS("  - 7\n"),                                                       -ENODEV,  "a disk has no name"                   },
 /* One disk over two paths. */
                {ANY,
                 DISKS("  - {name: sda, type: ssd, size: 4294967296, serial: A, wwn: naa.5}\n"
                       "  - {name: sdb, type: ssd, size: 4294967296, serial: A, wwn: naa.5}\n"),
                 -ENODEV,
                 "sda (A) cannot be told from sdb by serial number and WWN; sdb (A) cannot be told "
                 "from "
                 "sda"                                                                                                                                                                 },
                {ANY,
                 DISKS("  - {name: sda, type: ssd, size: 4294967296, serial: A}\n"
                       "  - {name: sdb, type: flash, size: 4294967296, serial: A, wwn: naa.5}\n"),
                 -ENODEV,                                                                                                                       "sda (A) cannot be told from sdb"      },
                {"spec:\n  needs: {arch: x86_64}\n" IMAGE,    "schema: 1\ncpu: {model: some}\n",
                 -ENOEXEC,                                                                                                                      "the profile needs x86_64"             },
                {"spec:\n  needs: {memory: \">8G\"}\n" IMAGE, DISKS(NVME_2G),                                                         -ENOEXEC,
                 "the machine has 8.0 GiB of memory, and the profile needs > 8.0 GiB"                                                                                                  },
                {"spec:\n  needs: {memory: \"<8G\"}\n" IMAGE, "schema: 1\n",                                                          -ENOEXEC,
                 "the inventory does not tell how much there is"                                                                                                                       },
                {ANY,                                         "[]\n",                                                                 -ENOEXEC, "there is no inventory"                },
        };

        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char why[PROFILE_WHY_SIZE] = "";
                struct disk_id disk = {.name = "before"};

                assert_int_equal(pick(cases[i].spec, cases[i].inventory, GIB, why, &disk),
                                 cases[i].rc);
                if (!strstr(why, cases[i].says))
                        fail_msg("case %zu: '%s' does not say '%s'", i, why, cases[i].says);
                assert_string_equal(disk.name, "before");
        }
}

static struct doc *many_disks(unsigned count)
{
        struct doc *inventory = parse(MACHINE), *list = doc_list(), *disks = doc_object();

        for (unsigned i = 0; i < count; i++) {
                struct doc *disk = doc_object();
                char name[32];

                snprintf(name, sizeof(name), "sd\x1b-%u", i);
                assert_int_equal(doc_set_text(disk, "name", name), 0);
                assert_int_equal(doc_append(list, disk), 0);
        }
        assert_int_equal(doc_set(disks, "items", list), 0);
        assert_int_equal(doc_set(inventory, "disks", disks), 0);
        return inventory;
}

static void test_a_refusal_of_many_disks_fits(void **state)
{
        static const unsigned counts[] = {1, 9, 10, 11, 12, 13, 14, 40, 512, 513, 5000};
        const struct profile profile = profile_of(HEAD ANY);

        (void)state;
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                struct doc *inventory = many_disks(counts[i]);
                char why[PROFILE_WHY_SIZE];
                struct disk_id disk;

                memset(why, 'x', sizeof(why));
                assert_int_equal(profile_pick_disk(&profile, inventory, GIB, why, &disk), -ENODEV);
                assert_non_null(memchr(why, '\0', sizeof(why)));
                assert_null(strchr(why, '\x1b')); /* what a machine says is data */
                if (counts[i] >= 40 && counts[i] <= 512)
                        assert_string_equal(why + strlen(why) - strlen(" more"), " more");
                else if (counts[i] > 512)
                        assert_non_null(strstr(why, "claims to have"));
                doc_free(inventory);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_whole_profile),
                cmocka_unit_test(test_the_least_profile),
                cmocka_unit_test(test_a_port),
                cmocka_unit_test(test_what_is_not_understood_is_named),
                cmocka_unit_test(test_size_conditions),
                cmocka_unit_test(test_host_names),
                cmocka_unit_test(test_the_right_disk_is_picked),
                cmocka_unit_test(test_what_is_known_of_the_disk_comes_along),
                cmocka_unit_test(test_refusals_name_each_disk),
                cmocka_unit_test(test_a_refusal_of_many_disks_fits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
