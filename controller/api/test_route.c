/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/route.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"

static void test_find(void **state)
{
        static const struct {
                const char *method, *path;
                int rc;
                const char *route, *name;
        } rows[] = {
                {"GET",    "/healthz",                                                             0,       "/healthz",                    ""     },
                {"HEAD",   "/healthz",                                                             0,       "/healthz",                    ""     },
                {"GET",    "/api/v1/nodes",                                                        0,       "/api/v1/nodes",               ""     },
                {"GET",    "/api/v1/nodes/lab-1",                                                  0,       "/api/v1/nodes/{name}",        "lab-1"},
                {"DELETE", "/api/v1/nodes/lab-1",                                                  0,       "/api/v1/nodes/{name}",        "lab-1"},
                {"POST",   "/api/v1/nodes/lab-1/accept",                                           0,       "/api/v1/nodes/{name}/accept", "lab-1"},
                {"GET",    "/api/v1/nodes/lab-1/accept",                                           -EPERM,  NULL,                          NULL   },
                {"GET",    "/api/v1/nodes/",                                                       -ENOENT, NULL,                          NULL   },
                {"GET",    "/api/v1/nodes//accept",                                                -ENOENT, NULL,                          NULL   },
                {"GET",    "/api/v1/nodes/a/b/c",                                                  -ENOENT, NULL,                          NULL   },
                {"GET",    "/healthz/",                                                            -ENOENT, NULL,                          NULL   },
                {"GET",    "/health",                                                              -ENOENT, NULL,                          NULL   },
                {"GET",    "",                                                                     -ENOENT, NULL,                          NULL   },
                {"GET",    "/",                                                                    -ENOENT, NULL,                          NULL   },
                {"BREW",   "/healthz",                                                             -EPERM,  NULL,                          NULL   },
                {"GET",    "/edge/v1/assets/manifest.json",                                        0,       "/edge/v1/assets/{name}",
                 "manifest.json"                                                                                                                  },
 /* 64 bytes: no name of ours is as long */
                {"GET",
                 "/api/v1/nodes/0123456789012345678901234567890123456789012345678901234567890123", -ENOENT, NULL,                          NULL   },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct route_match match = {0};
                const int rc =
                        route_find(routes, route_count, rows[i].method, rows[i].path, &match);

                if (rc != rows[i].rc)
                        fail_msg("%s %s: %d", rows[i].method, rows[i].path, rc);
                if (rc < 0)
                        continue;
                assert_string_equal(match.route->path, rows[i].route);
                assert_string_equal(match.name, rows[i].name);
        }
}

/* Each row can be reached, is whole, and nobody forgot to say who may. */
static void test_table(void **state)
{
        static const char *const open[] = {"/healthz",
                                           "/readyz",
                                           "/edge/v1/join",
                                           "/agent/v1/claim",
                                           "/agent/v1/phone-home",
                                           "/agent/v1/beat",
                                           "/api/v1/login"};

        (void)state;
        for (size_t i = 0; i < route_count; i++) {
                const struct route *r = &routes[i];
                struct route_match match;
                bool is_open = false;

                assert_int_equal(route_find(routes, route_count, r->method, r->path, &match), 0);
                assert_ptr_equal(match.route, r);
                assert_non_null(r->handle);
                assert_true(strlen(r->help) > 0);
                assert_true(!r->prepare || r->body_max > 0);
                for (size_t j = 0; j < ARRAY_SIZE(open); j++)
                        is_open = is_open || strcmp(open[j], r->path) == 0;
                assert_int_equal(r->need == NEED_NOTHING, is_open);
                if (text_has_prefix(r->path, "/edge/") && !is_open)
                        assert_int_equal(r->need, NEED_EDGE);
                if (text_has_prefix(r->path, "/agent/") && !is_open)
                        assert_int_equal(r->need, NEED_AGENT);
                if (text_has_prefix(r->path, "/api/") && !is_open)
                        assert_true(r->need >= NEED_VIEWER);
                if (is_open && r->prepare)
                        assert_true(r->flags & (ROUTE_GUESSES | ROUTE_COSTS));
        }
}

static void test_allow(void **state)
{
        char allow[ROUTE_ALLOW_SIZE];

        (void)state;
        route_allow(routes, route_count, "/api/v1/nodes/lab-1", allow);
        assert_string_equal(allow, "GET, HEAD, PUT, DELETE");
        route_allow(routes, route_count, "/api/v1/nodes/lab-1/accept", allow);
        assert_string_equal(allow, "POST");
        route_allow(routes, route_count, "/api/v1/none", allow);
        assert_string_equal(allow, "");
}

static void test_problems(void **state)
{
        (void)state;
        for (unsigned i = 0; i < PROBLEM_COUNT; i++) {
                _free_ char *text = problem_text((enum problem)i, NULL);

                assert_non_null(text);
                assert_true(problem_rows[i].status >= 400);
                assert_non_null(strstr(text, problem_rows[i].code));
                for (unsigned j = 0; j < i; j++)
                        assert_string_not_equal(problem_rows[i].code, problem_rows[j].code);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_find),
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_allow),
                cmocka_unit_test(test_problems),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
