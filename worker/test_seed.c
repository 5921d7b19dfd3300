/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/disk/fat.h"
#include "worker/seed.h"

#define SECRET "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define CA     "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----\\n"
#define DATED(generation, made_ms)                                                                 \
        "{\"made_ms\":" made_ms ",\"generation\":" generation                                      \
        ",\"node\":\"lab-0001\",\"secret\":\"" SECRET                                              \
        "\",\"controllers\":[\"https://c\"],\"ca\":\"" CA "\"}"
#define WHOLE(generation)                                                                          \
        "{\"generation\":" generation ",\"node\":\"lab-0001\",\"secret\":\"" SECRET                \
        "\",\"controllers\":[\"https://10.77.0.1:8443\",\"https://c2:8443\"],\"ca\":\"" CA "\"}"

static struct worker_seed seed;
static char error[SEED_ERROR_SIZE];

static void a_whole_seed(void **state)
{
        (void)state;
        assert_int_equal(seed_parse(WHOLE("7"), strlen(WHOLE("7")), error, &seed), 0);
        assert_int_equal(seed.generation, 7);
        assert_int_equal(seed.made_ms, 0);
        assert_string_equal(seed.node, "lab-0001");
        assert_string_equal(seed.secret, SECRET);
        assert_int_equal(seed.controller_count, 2);
        assert_string_equal(seed.controllers[1], "https://c2:8443");
        assert_true(text_has_prefix(seed.ca, "-----BEGIN CERTIFICATE-----\nMIIB\n"));
}

/* What takes the place of one member, and what is said of it. */
static const struct {
        const char *was, *is, *says;
} wrongs[] = {
        {"{\"generation\"",                                  "{\"generatio\"",       "generation" },
        {"\"generation\":7",                                 "\"generation\":-7",    "generation" },
        {"\"generation\":7",                                 "\"generation\":\"7\"", "generation" },
        {"\"node\":\"lab-0001\"",                            "\"node\":\"\"",        "node"       },
        {"\"node\":\"lab-0001\"",                            "\"node\":\"../lab\"",  "node"       },
        {"\"node\":\"lab-0001\"",                            "\"node\":\"Lab 1\"",   "node"       },
        {"\"secret\":\"0",                                   "\"secret\":\"",        "secret"     },
        {"\"secret\":\"0",                                   "\"secret\":\"00",      "secret"     },
        {"\"secret\":\"0",                                   "\"secret\":\"g",       "secret"     },
        {"\"secret\":\"00",                                  "\"secret\":\"AA",      "secret"     },
        {"https://c2",                                       "http://c2",            "controller" },
        {"[\"https://10.77.0.1:8443\",\"https://c2:8443\"]", "[]",                   "controllers"},
        {"\"https://c2:8443\"",                              "1",                    "controllers"},
        {"-----BEGIN",                                       "-----",                "ca"         },
        {"\"ca\":",                                          "\"cb\":",              "ca"         },
        {"}",                                                "",                     "line"       },
};

static void seeds_that_are_none(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
                static const char whole[] = WHOLE("7");
                const char *at = strstr(whole, wrongs[i].was);
                char text[2 * sizeof(whole)];

                assert_non_null(at);
                snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - whole), whole, wrongs[i].is,
                         at + strlen(wrongs[i].was));
                seed.generation = 4711;
                assert_int_equal(seed_parse(text, strlen(text), error, &seed), -EBADMSG);
                if (!strstr(error, wrongs[i].says) || strstr(error, "0112233"))
                        fail_msg("%s: %s", wrongs[i].is, error);
                assert_int_equal(seed.generation, 4711);
        }
        assert_int_equal(seed_parse("", 0, error, &seed), -EBADMSG);
        assert_int_equal(seed_parse("[]", 2, error, &seed), -EBADMSG);
}

static uint8_t volume[FAT_MIN_SIZE];

static void make_volume(const char *name, const char *text)
{
        const struct fat_file files[] = {
                {"meta-data", "x",  1           },
                {name,        text, strlen(text)}
        };

        assert_int_equal(fat_write(files, ARRAY_SIZE(files),
                                   &(struct fat_volume){WORKER_SEED_LABEL, 1, 0, 0}, volume,
                                   sizeof(volume)),
                         0);
}

static void out_of_a_volume(void **state)
{
        (void)state;
        make_volume(WORKER_SEED_FILE, WHOLE("9"));
        assert_int_equal(seed_read_volume(reader_over(volume, sizeof(volume)), error, &seed), 0);
        assert_int_equal(seed.generation, 9);
        make_volume("other.json", WHOLE("9"));
        assert_int_equal(seed_read_volume(reader_over(volume, sizeof(volume)), error, &seed),
                         -ENOENT);
        assert_non_null(strstr(error, "no cloudie.json"));
        make_volume(WORKER_SEED_FILE, "{}");
        assert_int_equal(seed_read_volume(reader_over(volume, sizeof(volume)), error, &seed),
                         -EBADMSG);
        assert_non_null(strstr(error, "generation"));
        assert_int_equal(seed_read_volume(reader_over(volume, 0), error, &seed), -EBADMSG);
        assert_non_null(strstr(error, "FAT"));
}

/*
 * A machine of files: ROOT/sys/devices/DISK/PARTITION/uevent, links to it in
 * ROOT/sys/class/block, and the volumes in ROOT/dev.
 */
static char root[] = "/tmp/cloudie-worker-XXXXXX";

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
        (void)status;
        (void)type;
        (void)at;
        return remove(path);
}

static int make_root(void **state)
{
        (void)state;
        memset(root + strlen(root) - 6, 'X', 6);
        return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
        (void)state;
        return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *path, const void *bytes, size_t size)
{
        char whole[256];
        char *slash;

        snprintf(whole, sizeof(whole), "%s/%s", root, path);
        slash = strrchr(whole, '/');
        *slash = '\0';
        assert_int_equal(file_make_folders(whole, 0700), 0);
        *slash = '/';
        assert_int_equal(file_replace(whole, bytes, size, 0600), 0);
}

static void link_to(const char *path, const char *device)
{
        char whole[256], target[256];
        char *slash;

        snprintf(target, sizeof(target), "%s/sys/devices/%s", root, device);
        snprintf(whole, sizeof(whole), "%s/%s", root, path);
        slash = strrchr(whole, '/');
        *slash = '\0';
        assert_int_equal(file_make_folders(whole, 0700), 0);
        *slash = '/';
        assert_int_equal(symlink(target, whole), 0);
}

/* @disk: "nvme0n1"; @number of the partition; @json NULL: no volume on it. */
static void add_partition(const char *disk, int number, const char *label, const char *json)
{
        char name[32], path[128], text[256];

        snprintf(name, sizeof(name), "%sp%d", disk, number);
        snprintf(path, sizeof(path), "sys/devices/%s/%s/uevent", disk, name);
        snprintf(text, sizeof(text), "DEVNAME=%s\nDEVTYPE=partition\nPARTN=%d\nPARTNAME=%s\n", name,
                 number, label);
        put(path, text, strlen(text));
        snprintf(path, sizeof(path), "%s/%s", disk, name);
        snprintf(text, sizeof(text), "sys/class/block/%s", name);
        link_to(text, path);
        snprintf(path, sizeof(path), "dev/%s", name);
        memset(volume, 0, sizeof(volume));
        if (json)
                make_volume(WORKER_SEED_FILE, json);
        put(path, volume, sizeof(volume));
}

/* The root file system is on that partition. */
static void boot_from(const char *device)
{
        struct stat status;
        char path[128];

        assert_int_equal(stat(root, &status), 0);
        snprintf(path, sizeof(path), "sys/dev/block/%u:%u", major(status.st_dev),
                 minor(status.st_dev));
        link_to(path, device);
}

static void the_partition_by_its_name(void **state)
{
        (void)state;
        assert_int_equal(seed_find(root, error, &seed), -ENOENT); /* not even /sys */
        add_partition("nvme0n1", 1, "EFI System", WHOLE("3"));
        add_partition("nvme0n1", 3, "mycidata", WHOLE("4"));
        assert_int_equal(seed_find(root, error, &seed), -ENOENT);
        assert_string_equal(error, "no partition is named cidata");
        add_partition("nvme0n1", 2, "CIDATA", WHOLE("5"));
        assert_int_equal(seed_find(root, error, &seed), 0);
        assert_int_equal(seed.generation, 5);
}

static void the_one_beside_the_root(void **state)
{
        (void)state;
        add_partition("nvme0n1", 2, "cidata", WHOLE("5"));
        add_partition("nvme1n1", 2, "cidata", WHOLE("8"));
        add_partition("nvme2n1", 2, "cidata", WHOLE("6"));
        /* Nothing is known of the root: the newest. */
        assert_int_equal(seed_find(root, error, &seed), 0);
        assert_int_equal(seed.generation, 8);

        add_partition("nvme0n1", 3, "root", NULL);
        boot_from("nvme0n1/nvme0n1p3");
        assert_int_equal(seed_find(root, error, &seed), 0);
        assert_int_equal(seed.generation, 5);
}

/* Generations are counted by node, and each of these disks may have been another's. */
static void the_one_made_last(void **state)
{
        (void)state;
        add_partition("nvme0n1", 2, "cidata", DATED("3", "1800000000000"));
        add_partition("nvme1n1", 2, "cidata", DATED("8", "1700000000000"));
        add_partition("nvme2n1", 2, "cidata", WHOLE("9"));
        assert_int_equal(seed_find(root, error, &seed), 0);
        assert_int_equal(seed.generation, 3);
        assert_int_equal(seed.made_ms, 1800000000000);
}

static void times_that_no_clock_is_set_to(void **state)
{
        static const char good[] = DATED("3", "4102444800000"), bad[] = DATED("3", "4102444800001");

        (void)state;
        assert_int_equal(seed_parse(good, strlen(good), error, &seed), 0);
        assert_int_equal(seed_parse(bad, strlen(bad), error, &seed), -EBADMSG);
        assert_non_null(strstr(error, "made_ms"));
}

static void a_bad_one_beside_the_root_is_not_replaced(void **state)
{
        (void)state;
        add_partition("nvme0n1", 2, "cidata", NULL);
        add_partition("nvme0n1", 3, "root", NULL);
        add_partition("nvme1n1", 2, "cidata", WHOLE("8"));
        boot_from("nvme0n1/nvme0n1p3");
        assert_int_equal(seed_find(root, error, &seed), -EBADMSG);
        assert_non_null(strstr(error, "nvme0n1p2"));
}

static void files_and_devices_by_path(void **state)
{
        char path[128];

        (void)state;
        put("seed.json", WHOLE("11"), strlen(WHOLE("11")));
        snprintf(path, sizeof(path), "%s/seed.json", root);
        assert_int_equal(seed_read_file(path, error, &seed), 0);
        assert_int_equal(seed.generation, 11);
        assert_int_equal(seed_read_device(path, error, &seed), -EBADMSG);
        snprintf(path, sizeof(path), "%s/none", root);
        assert_int_equal(seed_read_file(path, error, &seed), -ENOENT);
        assert_non_null(strstr(error, "cannot be read"));
        assert_int_equal(seed_read_device(path, error, &seed), -ENOENT);
        assert_int_equal(seed_read_device(root, error, &seed), -EISDIR);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_whole_seed),
                cmocka_unit_test(seeds_that_are_none),
                cmocka_unit_test(out_of_a_volume),
                cmocka_unit_test_setup_teardown(the_partition_by_its_name, make_root, remove_root),
                cmocka_unit_test_setup_teardown(the_one_beside_the_root, make_root, remove_root),
                cmocka_unit_test_setup_teardown(the_one_made_last, make_root, remove_root),
                cmocka_unit_test(times_that_no_clock_is_set_to),
                cmocka_unit_test_setup_teardown(a_bad_one_beside_the_root_is_not_replaced,
                                                make_root, remove_root),
                cmocka_unit_test_setup_teardown(files_and_devices_by_path, make_root, remove_root),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
