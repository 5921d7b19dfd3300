/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/node/node_document.h"

#define HEAD "kind: node\nname: n1\n"

/* clang-format off */
static const struct {
        const char *text, *error; /* "": it is one */
} cases[] = {
        {HEAD, ""},
        {HEAD "version: 3\nlabels: {rack: a1, cloud.example/role: db, spare: ''}\n", ""},
        {HEAD "spec: {metadata: {owner: {name: me, since: 2026}, list: [1, 2]}}\n", ""},
        {HEAD "status: {phase: ready, whatever: 1}\n", ""},
        {"kind: nod\nname: n1\n", "node: 'kind' must be 'node'"},
        {"kind: node\nname: N 1\n", "node: 'name' is no name: small letters, digits and dashes, at most 63 of them"},
        {HEAD "labels: {a b: x}\n", "node 'n1': label 'a b' is no name: letters, digits and ._-/, at most 63 of them"},
        {HEAD "labels: {'': x}\n", "node 'n1': label '' is no name: letters, digits and ._-/, at most 63 of them"},
        {HEAD "labels: {rack: 1}\n", "node 'n1': label 'rack' must be a text: put it in quotes"},
        {HEAD "labels: {rack: '0123456789012345678901234567890123456789012345678901234567890123'}\n", "node 'n1': label 'rack' has more than 63 bytes"},
        {HEAD "spec: {metadata: 1}\n", "node 'n1': spec: 'metadata' must have keys, each with a value"},
        {HEAD "spec: {bmc: x}\n", "node 'n1': spec: 'bmc' is not understood: metadata is"},
        {HEAD "phase: ready\n", "node 'n1': 'phase' is not understood: kind, name, version, labels, spec are"},
        {"[]", "node: it must have keys, each with a value"},
};
/* clang-format on */

static void test_cases(void **state)
{
        (void)state;
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _doc_ struct doc *document = NULL;
                char error[DOC_ERROR_SIZE] = "";
                int rc;

                assert_int_equal(doc_parse_yaml(cases[i].text, strlen(cases[i].text),
                                                &doc_limits_message, error, &document),
                                 0);
                rc = node_document_check(document, error);
                assert_string_equal(error, cases[i].error);
                assert_int_equal(rc, error[0] ? -EBADMSG : 0);
        }
}

static void test_metadata_has_a_limit(void **state)
{
        _doc_ struct doc *document = doc_object();
        struct doc *spec = doc_object(), *metadata = doc_object();
        char error[DOC_ERROR_SIZE] = "";
        static char text[NODE_METADATA_SIZE];

        (void)state;
        memset(text, 'x', sizeof(text) - 1);
        doc_set_text(document, "kind", "node");
        doc_set_text(document, "name", "n1");
        doc_set_text(metadata, "a", text);
        doc_set(spec, "metadata", metadata);
        doc_set(document, "spec", spec);
        assert_int_equal(node_document_check(document, error), -EBADMSG);
        assert_string_equal(error, "node 'n1': spec: 'metadata' is longer than 16384 bytes");
        text[sizeof(text) - 16] = '\0';
        doc_set_text(metadata, "a", text);
        assert_int_equal(node_document_check(document, error), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_metadata_has_a_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
