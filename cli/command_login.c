/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/login_link.h"
#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"

static int exchange(struct call *call, struct credential *credential)
{
        _doc_ struct doc *body = doc_object(), *answer = NULL;
        const char *token, *user;
        int rc;

        if (doc_set_text(body, "token", credential->token) < 0)
                return EXIT_FAILURE;
        rc = call_do(call, "POST", "/api/v1/login", NULL, body, &answer);
        if (rc != 0)
                return rc;

        token = doc_get_text(answer, "token");
        user = doc_get_text(answer, "user");
        if (!token || text_copy(credential->token, sizeof(credential->token), token) < 0) {
                fprintf(stderr, "cloudie: %s gave no token: is it a controller of this release?\n",
                        credential->url);
                return EXIT_FAILURE;
        }
        (void)text_copy(credential->user, sizeof(credential->user), user ? user : "");
        return 0;
}

int command_login(const struct command_context *context)
{
        const char *link = context->argv[0];
        struct credential credential = {0}, first;
        struct call *call = NULL;
        char line[1024] = "", user[64];
        int rc;

        if (text_is_equal(link, "-")) {
                if (!fgets(line, sizeof(line), stdin))
                        line[0] = '\0';
                link = line;
        }
        if (login_link_parse(link, &credential) < 0) {
                fprintf(stderr, "cloudie: that is no login link; it looks like "
                                "https://HOST:8443/#TOKEN.PIN, and cloudied prints it at its first "
                                "start, or with --login-link\n");
                return EXIT_USAGE;
        }

        /* The token of the link travels in the body: it is not yet one for the Authorization
         * header. */
        first = credential;
        first.token[0] = '\0';
        rc = call_new(&first, &call);
        if (rc != 0)
                return rc;
        rc = exchange(call, &credential);
        call_free(call);
        if (rc != 0)
                return rc;

        rc = credentials_save(context->credentials, &credential);
        if (rc < 0) {
                fprintf(stderr, "cloudie: %s cannot be written: %s\n", context->credentials,
                        strerror(-rc));
                return EXIT_FAILURE;
        }
        if (context->output != OUTPUT_TABLE) {
                _doc_ struct doc *result = doc_object();

                (void)doc_set_text(result, "url", credential.url);
                (void)doc_set_text(result, "user", credential.user);
                return print_document(context->output, result);
        }
        printf("Logged in to %s as %s.\n", credential.url,
               text_escape(user, sizeof(user), credential.user));
        return 0;
}

int command_status(const struct command_context *context)
{
        _doc_ struct doc *answer = NULL;
        const int rc = call_do(context->call, "GET", "/api/v1/status", NULL, NULL, &answer);

        if (rc != 0)
                return rc;
        if (context->output != OUTPUT_TABLE)
                return print_document(context->output, answer);
        print_tree(stdout, answer);
        return 0;
}
