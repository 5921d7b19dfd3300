/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The job that comes by stdin, and the volume that is made of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "installer/job.h"
#include "installer/seed.h"
#include "lib/base/cleanup.h"
#include "lib/disk/fat.h"

#define SECRET "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
#define VOLUME ((size_t)1 << 20)

static struct job job;

static char *print_job(const char *edge, const char *controller, const char *secret,
                       const char *key)
{
        static char text[2048];

        snprintf(text, sizeof(text),
                 "{\"plan\":{\"generation\":7,\"operation\":3,\"node\":\"lab-1\",\"disk\":"
                 "{\"serial\":\"D\",\"size\":1024},\"image\":\"worker\",\"image_id\":"
                 "\"00112233445566778899aabbccddeeff\",\"image_size\":512,\"hostname\":\"w-1\","
                 "\"secret\":\"%s\"},\"edge\":\"%s\",\"controllers\":[\"%s\"],\"ca\":\"PEM\\n\","
                 "\"signing_key\":\"%s\"}",
                 secret, edge, controller, key);
        return text;
}

static int parse(const char *text, char *error)
{
        struct public_key key;

        memset(&job, 0, sizeof(job));
        return job_parse(text, strlen(text), error, &job, &key);
}

static int make_key(void **state)
{
        const struct public_key key = {
                .bytes = {1, 2, 3}
        };

        return minisign_public_text(&key, (char **)state);
}

static int free_key(void **state)
{
        free(*state);
        return 0;
}

static void test_job(void **state)
{
        const char *key = *state;
        const struct {
                const char *edge, *controller, *secret, *key;
                const char *wrong; /* NULL: it is taken */
        } cases[] = {
                {"http://e",  "https://c", SECRET, key, NULL         },
                {"https://e", "https://c", SECRET, key, NULL         },
                {"ftp://e",   "https://c", SECRET, key, "edge"       },
                {"http://e",  "http://c",  SECRET, key, "controller" },
                {"http://e",  "https://c", "abc",  key, "secret"     },
                {"http://e",  "https://c", SECRET, "x", "signing_key"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                char error[DOC_ERROR_SIZE] = "";
                const int rc = parse(print_job(cases[i].edge, cases[i].controller, cases[i].secret,
                                               cases[i].key),
                                     error);

                assert_int_equal(rc, cases[i].wrong ? -EBADMSG : 0);
                if (cases[i].wrong)
                        assert_non_null(strstr(error, cases[i].wrong));
                assert_null(strstr(error, SECRET));
        }
}

static void expect_file(const uint8_t *volume, const char *name, const char *content)
{
        _free_ char *text = NULL;
        size_t size = 0;

        assert_int_equal(fat_read(reader_over(volume, VOLUME), name, VOLUME, &text, &size), 0);
        assert_int_equal(size, strlen(content));
        assert_memory_equal(text, content, size);
}

static void test_volume(void **state)
{
        _free_ uint8_t *volume = NULL, *again = NULL;
        _free_ char *text = NULL;
        struct worker_seed *seed = calloc(1, sizeof(*seed));
        char label[12];
        size_t size;

        assert_int_equal(parse(print_job("http://e", "https://c", SECRET, *state), NULL), 0);
        assert_int_equal(seed_make(&job, 1000000000, 512, VOLUME, &volume), 0);
        assert_int_equal(fat_label(reader_over(volume, VOLUME), label), 0);
        assert_string_equal(label, WORKER_SEED_LABEL);
        expect_file(volume, "meta-data", "instance-id: lab-1-7\nlocal-hostname: w-1\n");
        expect_file(volume, "user-data", "#cloud-config\n{\n  \"ssh_pwauth\": false\n}\n");
        expect_file(volume, "vendor-data", "#cloud-config\n{\n  \"ssh_pwauth\": false\n}\n");
        assert_int_equal(
                fat_read(reader_over(volume, VOLUME), WORKER_SEED_FILE, VOLUME, &text, &size), 0);
        assert_int_equal(
                doc_decode_text(&worker_seed_table, text, size, &doc_limits_message, NULL, seed),
                0);
        assert_int_equal(seed->generation, 7);
        assert_int_equal(seed->made_ms, 1000000000000);
        assert_string_equal(seed->node, "lab-1");
        assert_string_equal(seed->secret, SECRET);
        assert_int_equal(seed->controller_count, 1);
        assert_string_equal(seed->controllers[0], "https://c");
        assert_string_equal(seed->ca, "PEM\n");
        free(seed);

        assert_int_equal(seed_make(&job, 1000000000, 512, VOLUME, &again), 0);
        assert_memory_equal(again, volume, VOLUME);
}

/* By its serial number the installed system knows its own disk. (fatgen103: at 39 of a FAT16.) */
static void test_serial_number(void **state)
{
        static const struct {
                uint64_t operation, time_s;
                const char *serial;
        } cases[] = {
                {3, 1000000000, "\x13\x37\x41\x16"},
                {3, 1000000001, "\x14\x37\x41\x16"},
                {4, 1000000000, "\xc4\xb0\x78\xb4"},
 /* None is no number. */
                {0, 0,          "\x01\x00\x00\x00"},
        };

        assert_int_equal(parse(print_job("http://e", "https://c", SECRET, *state), NULL), 0);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _free_ uint8_t *volume = NULL;

                job.plan.operation = cases[i].operation;
                assert_int_equal(seed_make(&job, cases[i].time_s, 512, VOLUME, &volume), 0);
                assert_memory_equal(volume + 39, cases[i].serial, 4);
        }
}

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
/* What a file of YAML, or of JSON, might be left by. */
#define COMMENT " \"}], runcmd: [reboot] # \\"

static void test_keys_and_user_data(void **state)
{
        static const char config[] = "#cloud-config\n{\n"
                                     "  \"ssh_pwauth\": false,\n"
                                     "  \"ssh_authorized_keys\": [\n"
                                     "    \"" KEY " \\\"}], runcmd: [reboot] # \\\\\"\n"
                                     "  ],\n"
                                     "  \"user\": {\n"
                                     "    \"name\": \"ops\",\n"
                                     "    \"lock_passwd\": true\n"
                                     "  }\n}\n";
        static const char own[] = "#!/bin/sh\necho '\"\\'\n";
        _free_ uint8_t *volume = NULL, *without = NULL;

        assert_int_equal(parse(print_job("http://e", "https://c", SECRET, *state), NULL), 0);
        snprintf(job.plan.user, sizeof(job.plan.user), "ops");
        snprintf(job.plan.ssh_keys[0], sizeof(job.plan.ssh_keys[0]), KEY COMMENT);
        job.plan.ssh_key_count = 1;
        assert_int_equal(install_plan_check(&job.plan, NULL), 0);
        assert_int_equal(seed_make(&job, 0, 512, VOLUME, &without), 0);
        expect_file(without, "user-data", config);
        expect_file(without, "vendor-data", config);
        expect_file(without, "meta-data",
                    "instance-id: lab-1-7\nlocal-hostname: w-1\n"
                    "public-keys: [\"" KEY " \\\"}], runcmd: [reboot] # \\\\\"]\n");

        memcpy(job.plan.user_data, own, sizeof(own));
        assert_int_equal(seed_make(&job, 0, 512, VOLUME, &volume), 0);
        expect_file(volume, "user-data", own);
        expect_file(volume, "vendor-data", config);
}

static void test_a_plan_is_not_believed_blindly(void **state)
{
        char error[DOC_ERROR_SIZE];

        assert_int_equal(parse(print_job("http://e", "https://c", SECRET, *state), NULL), 0);
        memcpy(job.plan.user, "root", sizeof("root"));
        assert_int_equal(install_plan_check(&job.plan, error), -EBADMSG);
        job.plan.user[0] = '\0';
        job.plan.ssh_key_count = 1;
        snprintf(job.plan.ssh_keys[0], sizeof(job.plan.ssh_keys[0]), KEY "\n" KEY);
        assert_int_equal(install_plan_check(&job.plan, error), -EBADMSG);
        job.plan.ssh_key_count = 0;
        memcpy(job.plan.user_data, "a\001b", sizeof("a\001b"));
        assert_int_equal(install_plan_check(&job.plan, error), -EBADMSG);
        job.plan.user_data[1] = '\n';
        assert_int_equal(install_plan_check(&job.plan, error), 0);
}

/* All at its limit goes into the partition that is made for it, and is read as a job before. */
static void test_the_largest(void **state)
{
        char line[SEED_KEY_SIZE];
        _free_ uint8_t *volume = NULL;
        _free_ char *text = NULL;
        _doc_ struct doc *object = NULL;

        assert_int_equal(parse(print_job("http://e", "https://c", SECRET, *state), NULL), 0);
        memset(line, '"', sizeof(line));
        memcpy(line, KEY " ", sizeof(KEY));
        line[sizeof(line) - 1] = '\0';
        for (size_t i = 0; i < SEED_KEYS_MAX; i++)
                memcpy(job.plan.ssh_keys[i], line, sizeof(line));
        job.plan.ssh_key_count = SEED_KEYS_MAX;
        memset(job.plan.user_data, '"', SEED_USER_DATA_MAX);
        memset(job.ca, '\n', sizeof(job.ca) - 1);
        for (size_t i = 0; i < INSTALL_MAX_CONTROLLERS; i++) {
                memset(job.controllers[i], '"', sizeof(job.controllers[i]) - 1);
                memcpy(job.controllers[i], "https://", 8);
        }
        job.controller_count = INSTALL_MAX_CONTROLLERS;
        object = doc_encode(&job_table, &job);
        assert_int_equal(doc_print(object, DOC_COMPACT, &text), 0);
        assert_int_equal(parse(text, NULL), 0);
        assert_int_equal(job.plan.ssh_key_count, SEED_KEYS_MAX);
        assert_int_equal(seed_make(&job, 0, 4096, SEED_VOLUME_SIZE, &volume), 0);
        assert_int_equal(seed_make(&job, 0, 512, FAT_MIN_SIZE, &volume), -ENOSPC);
}

/* A clock that is far ahead makes no seed that nobody reads. */
static void test_time_beyond(void **state)
{
        static const struct {
                uint64_t time_s, made_ms;
        } cases[] = {
                {0,                              0                  },
                {INSTALL_MADE_MAX_MS / 1000,     INSTALL_MADE_MAX_MS},
                {INSTALL_MADE_MAX_MS / 1000 + 1, 0                  },
                {UINT64_MAX,                     0                  },
        };

        assert_int_equal(parse(print_job("http://e", "https://c", SECRET, *state), NULL), 0);
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _free_ struct worker_seed *seed = calloc(1, sizeof(*seed));
                _free_ uint8_t *volume = NULL;
                _free_ char *text = NULL;
                size_t size;

                assert_int_equal(seed_make(&job, cases[i].time_s, 512, VOLUME, &volume), 0);
                assert_int_equal(fat_read(reader_over(volume, VOLUME), WORKER_SEED_FILE, VOLUME,
                                          &text, &size),
                                 0);
                assert_int_equal(doc_decode_text(&worker_seed_table, text, size,
                                                 &doc_limits_message, NULL, seed),
                                 0);
                assert_int_equal(seed->made_ms, cases[i].made_ms);
        }
}

static void test_no_room(void **state)
{
        uint8_t *volume = NULL;

        assert_int_equal(parse(print_job("http://e", "https://c", SECRET, *state), NULL), 0);
        memset(job.ca, 'x', sizeof(job.ca) - 1);
        assert_int_equal(seed_make(&job, 0, 512, FAT_MIN_SIZE, &volume), 0);
        free(volume);
        volume = NULL;
        assert_int_equal(seed_make(&job, 0, 512, FAT_MIN_SIZE / 2, &volume), -EINVAL);
        assert_null(volume);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_job),
                cmocka_unit_test(test_volume),
                cmocka_unit_test(test_serial_number),
                cmocka_unit_test(test_keys_and_user_data),
                cmocka_unit_test(test_a_plan_is_not_believed_blindly),
                cmocka_unit_test(test_the_largest),
                cmocka_unit_test(test_time_beyond),
                cmocka_unit_test(test_no_room),
        };

        return cmocka_run_group_tests(tests, make_key, free_key);
}
