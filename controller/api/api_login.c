/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A one-time login token buys an API token. */
#include <errno.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/auth/login.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"

#define FIRST_USER "admin" /* until there are users: whoever may enter the state folder */

struct login {
        char token[WIRE_TOKEN_SIZE];
};

static const struct doc_field login_fields[] = {
        DOC_FIELD(struct login, token, DOC_TEXT, DOC_REQUIRED),
};
static DOC_TABLE(login_table, struct login, "login", login_fields);

enum problem prepare_login(struct call *call, char *detail)
{
        return prepare_table(call, &login_table, detail);
}

static void reply_token(struct call *call, const char *token, const struct store_token *row)
{
        struct doc *answer = doc_object();

        doc_set_text(answer, "token", token);
        doc_set_text(answer, "user", row->user);
        doc_set_text(answer, "role", row->role);
        doc_set_number(answer, "expires_ms", (int64_t)row->expires_ms);
        reply_doc(call, 200, answer);
}

/* Logic thread again: the link was good, and is gone. */
static void login_end(void *context)
{
        struct call *call = context;
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        struct identity identity = {.kind = AUTH_USER, .role = ROLE_ADMIN, .user = FIRST_USER};
        struct store_token row = {.user = FIRST_USER, .made_ms = clock_wall_ms()};
        char token[TOKEN_TEXT_SIZE] = "";
        struct sha256 hash;
        int rc = change ? 0 : -ENOMEM;

        row.expires_ms = identity.expires_ms = row.made_ms + API_TOKEN_MS;
        if (rc == 0)
                rc = text_copy(row.role, sizeof(row.role), auth_role_names[identity.role]);
        if (rc == 0)
                rc = token_new(token);
        if (rc == 0)
                rc = token_hash(token, &hash);
        if (rc == 0)
                rc = auth_book_add(call->api->book, &hash, &identity);
        if (rc < 0) {
                call_refuse(call, rc == -ENOSPC ? PROBLEM_FULL : PROBLEM_NO_MEMORY, NULL);
                return;
        }
        (void)sha256_text(row.hash, &hash);
        store_put_token(change, &row);
        reply_token(call, token, &row);
        secret_erase(token, sizeof(token));
        log_info("login", "user=%s peer=%s", row.user, serve_peer(call->request));
        call_commit(call, TAKE_PTR(change));
}

/* Reader's thread: it waits for the disk. */
static void use_link(struct store_reader *reader, void *context)
{
        struct call *call = context;
        const struct login *login = call->data;
        int rc;

        (void)reader;
        rc = login_link_use(call->api->login_folder, login->token, clock_wall_ms());
        if (rc == 0) {
                call_post(call, login_end);
                return;
        }
        if (call_may_log(call))
                log_warning(
                        "login.refused", "peer=%s reason=%s", serve_peer(call->request),
                        QUOTE(rc == -ENOENT ? "wrong, used or old login token" : strerror(-rc)));
        call_refuse(call, rc == -ENOENT ? PROBLEM_LOGIN_WRONG : PROBLEM_STORE, NULL);
}

void handle_login(struct call *call)
{
        call_read(call, use_link);
}
