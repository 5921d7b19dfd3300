/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Labels of a node: what is there is read, changed, and written unless somebody else did so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/each.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"
#include "lib/node/node_document.h"

#define TRIES_MAX 3 /* others write labels, too, but not all the time */

/* "rack=a1" sets, "rack-" removes. */
static int parse(const char *word, char name[static NODE_LABEL_SIZE], const char **ret_value)
{
        const char *sign = strchr(word, '=');
        const size_t len = sign ? (size_t)(sign - word) : strlen(word) - (word[0] ? 1 : 0);

        if (len == 0 || len >= NODE_LABEL_SIZE || (!sign && word[len] != '-'))
                return -EINVAL;
        memcpy(name, word, len);
        name[len] = '\0';
        *ret_value = sign ? sign + 1 : NULL;
        return node_label_is_valid(name) && (!sign || strlen(sign + 1) < NODE_LABEL_SIZE) ? 0
                                                                                          : -EINVAL;
}

/* 0, or an exit status. @words were read before. */
static int write_labels(const struct command_context *context, const char *path,
                        const struct doc *node, struct call_answer *ret)
{
        _doc_ struct doc *body = doc_object();
        struct doc *labels = doc_copy(doc_get(node, "labels"));
        _free_ char *text = NULL;
        char etag[32];
        struct call_request put = {.method = "PUT", .path = path, .if_match = etag};

        if (!labels)
                labels = doc_object();
        for (int i = 1; i < context->argc; i++) {
                char name[NODE_LABEL_SIZE];
                const char *value;

                if (parse(context->argv[i], name, &value) < 0)
                        continue;
                if (value)
                        (void)doc_set_text(labels, name, value);
                else
                        (void)doc_remove(labels, name);
        }
        (void)doc_set_text(body, "kind", "node");
        (void)doc_set(body, "labels", labels);
        (void)doc_set(body, "spec", doc_copy(doc_get(node, "spec")));
        if (doc_print(body, DOC_COMPACT, &text) < 0)
                return EXIT_FAILURE;
        snprintf(etag, sizeof(etag), "\"%lld\"", (long long)doc_get_number(node, "version", 0));
        put.body = text;
        put.body_size = strlen(text);
        return call_try(context->call, &put, ret) ? 0 : EXIT_FAILURE;
}

static int check_words(const struct command_context *context)
{
        char name[NODE_LABEL_SIZE], safe[2 * NODE_LABEL_SIZE];
        const char *value;

        for (int i = 1; i < context->argc; i++) {
                if (parse(context->argv[i], name, &value) == 0)
                        continue;
                fprintf(stderr,
                        "cloudie: '%s' is no label: NAME=TEXT sets one, NAME- removes it; letters, "
                        "digits and ._-/, at most %d of them\n",
                        text_escape(safe, sizeof(safe), context->argv[i]), NODE_LABEL_SIZE - 1);
                return EXIT_USAGE;
        }
        return 0;
}

int command_node_label(const struct command_context *context)
{
        char path[320];
        int rc = check_words(context);

        if (rc != 0)
                return rc;
        each_path(path, sizeof(path), "/api/v1/nodes", context->argv[0], "");
        for (unsigned tries = 1;; tries++) {
                _answer_ struct call_answer answer = {0};
                _doc_ struct doc *node = NULL;

                rc = call_do(context->call, "GET", path, NULL, NULL, &node);
                if (rc != 0)
                        return rc;
                rc = write_labels(context, path, node, &answer);
                if (rc != 0 && answer.status == 412 && tries < TRIES_MAX)
                        continue;
                if (rc != 0)
                        return call_complain(context->call, &answer);
                if (context->answers)
                        return doc_append(context->answers, TAKE_PTR(answer.doc)) < 0 ? EXIT_FAILURE
                                                                                      : 0;
                if (context->output != OUTPUT_TABLE)
                        return print_document(context->output, answer.doc);
                printf("%s: labelled\n", context->argv[0]);
                return 0;
        }
}
