/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/node/network_document.h"

#define HEAD "kind: network\nname: rack4\n"

/* clang-format off */
static const struct {
        const char *yaml, *error;
} cases[] = {
        {HEAD "spec: {subnet: 10.4.0.0/24, pool_first: 10.4.0.10, pool_last: 10.4.0.20}", NULL},
        {HEAD "labels: {row: '4'}\nspec: {subnet: 10.4.0.0/24, mode: proxy, strangers: list}", NULL},
        {HEAD "spec: {subnet: 10.4.0.0/24, name: rack4}", "network 'rack4': spec: 'name' stands beside it, and not in it"},
        {HEAD, "network 'rack4': 'spec' must have keys, each with a value"},
        {HEAD "spec: {subnet: 10.4.0.0/24, pol: x}", "network 'rack4': spec: 'pol' "},
        {HEAD "spec: {subnet: 10.4.0.0/24, mode: other}", "network 'rack4': spec: 'mode' "},
        {HEAD "spec: {mode: proxy}", "network 'rack4': spec: 'subnet' is missing"},
        {HEAD "spec: {subnet: 10.4.0.0/24, pool_first: 10.5.0.10, pool_last: 10.5.0.20}", "network 'rack4': "},
        {"kind: network\nname: Rack\nspec: {subnet: 10.4.0.0/24}", "network: 'name' is no name: "},
        {"kind: net\nname: rack\nspec: {subnet: 10.4.0.0/24}", "network: 'kind' must be 'network'"},
        {HEAD "extra: 1\nspec: {subnet: 10.4.0.0/24}", "network 'rack4': 'extra' is not understood"},
};
/* clang-format on */

static void test_documents(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const char *wanted = cases[i].error ? cases[i].error : "";
                _doc_ struct doc *document = NULL;
                char error[DOC_ERROR_SIZE] = "";
                struct edge_network network = {.name = ""};
                int rc;

                assert_int_equal(doc_parse_yaml(cases[i].yaml, strlen(cases[i].yaml),
                                                &doc_limits_message, NULL, &document),
                                 0);
                rc = network_document_decode(document, error, &network);
                error[strlen(wanted) < sizeof(error) ? strlen(wanted) : 0] = '\0';
                assert_string_equal(error, wanted);
                assert_int_equal(rc, cases[i].error ? -EBADMSG : 0);
                assert_string_equal(network.name, rc == 0 ? "rack4" : "");
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_documents)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
