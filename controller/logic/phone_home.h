/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Phone-home: the installed system shows the secret of its install. Of a secret
 * only the hash is kept, in a document of kind "phone-home" named after the node.
 */

#include "controller/logic/logic.h"
#include "lib/node/install.h"
#include "lib/node/worker.h"

#define SECRET_KIND "phone-home"

/* Makes a fresh one in place of any other. 0, -ENOSPC, -ENOMEM, -errno. */
int secret_make(struct logic *logic, const struct node *node, uint64_t now_ms,
                struct store_change *change, char ret[static INSTALL_SECRET_SIZE]);
void secret_forget(struct logic *logic, const char *node, uint64_t now_ms,
                   struct store_change *change);
/* The same, but one that was used stays: what it deployed is known by its own key. */
void secret_void(struct logic *logic, const struct node *node, uint64_t now_ms,
                 struct store_change *change);
/* Its node is called otherwise now. -ENOMEM. */
int secret_move(struct logic *logic, const char *from, const char *to);
int secret_restore(struct logic *logic, const struct store_document *row); /* -EBADMSG, -ENOMEM */

enum phone_home_outcome {
        PHONE_HOME_TAKEN, /* it is deployed; or was by this very worker, which says so again */
        PHONE_HOME_WRONG, /* unknown node, another's or an old secret: nobody is told which */
        PHONE_HOME_USED,
        PHONE_HOME_STALE, /* the secret is of an install that does not run */
        PHONE_HOME_OUTCOME_COUNT
};

/* @ret: the node, for PHONE_HOME_TAKEN. */
enum phone_home_outcome operation_phone_home(struct logic *logic, const struct phone_home *says,
                                             uint64_t now_ms, struct store_change *change,
                                             struct node **ret);
