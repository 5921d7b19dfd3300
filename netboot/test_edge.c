/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/daemon/daemon.h"
#include "netboot/edge.h"

#define NETWORK                                                                                    \
        "{\"name\": \"lab\", \"subnet\": \"10.0.0.0/8\", \"pool_first\": \"10.77.0.100\", "        \
        "\"pool_last\": \"10.77.0.200\"}"

/* A configuration of a site with so many machines, as pretty as any controller may print it. */
static char *config_of(size_t reservations, size_t disks)
{
        char *text = NULL;
        size_t size;
        FILE *to = open_memstream(&text, &size);

        assert_non_null(to);
        fprintf(to, "{\n  \"version\": 7,\n  \"networks\": [" NETWORK "],\n  \"reservations\": [");
        for (size_t i = 0; i < reservations; i++)
                fprintf(to,
                        "%s\n    {\n      \"mac\": \"52:54:00:00:%02zx:%02zx\",\n"
                        "      \"address\": \"10.1.%zu.%zu\",\n      \"name\": \"machine-%zu\"\n   "
                        " }",
                        i ? "," : "", i >> 8, i & 255, i >> 8, i & 255, i);
        fprintf(to, "],\n  \"disks\": [");
        for (size_t i = 0; i < disks; i++)
                fprintf(to,
                        "%s\n    {\n      \"mac\": \"52:54:01:%02zx:%02zx:%02zx\",\n"
                        "      \"esp\": \"c10d1e00-7469-4e79-8000-0000000000ab\"\n    }",
                        i ? "," : "", i >> 16, i >> 8 & 255, i & 255);
        fprintf(to, "]\n}\n");
        fclose(to);
        return text;
}

static int read_config(const char *folder, const char *text, struct edge_config *ret)
{
        struct events *events = events_new();
        const struct edge_options options = {.controller = "https://127.0.0.1:1",
                                             .join_token_file = "",
                                             .name = "edge",
                                             .state = folder,
                                             .events = events};
        char path[128], error[DAEMON_ERROR_SIZE] = "";
        struct edge *edge = NULL;
        int rc;

        snprintf(path, sizeof(path), "%s/config.json", folder);
        assert_int_equal(file_replace(path, text, strlen(text), 0644), 0);
        assert_int_equal(edge_new(&options, error, &edge), 0);
        rc = edge_config_read(edge, error, ret);
        if (rc < 0)
                print_message("%s\n", error);
        edge_free(edge);
        events_free(events);
        unlink(path);
        return rc;
}

/* All that the lists may hold fits into what is read, and one more of each does not get through. */
static void test_limits(void **state)
{
        static const struct {
                size_t reservations, disks;
                bool is_read;
        } cases[] = {
                {0,                           0,                    true },
                {CONFIG_MAX_RESERVATIONS,     CONFIG_MAX_DISKS,     true },
                {CONFIG_MAX_RESERVATIONS + 1, 0,                    false},
                {0,                           CONFIG_MAX_DISKS + 1, false},
        };
        char folder[] = "/tmp/edge-XXXXXX";

        (void)state;
        assert_non_null(mkdtemp(folder));
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _free_ char *text = config_of(cases[i].reservations, cases[i].disks);
                struct edge_config config = {0};
                const int rc = read_config(folder, text, &config);

                assert_int_equal(rc == 0, cases[i].is_read);
                assert_int_equal(config.disk_count, cases[i].is_read ? cases[i].disks : 0);
                edge_config_done(&config);
        }
        rmdir(folder);
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_limits)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
