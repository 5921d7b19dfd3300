/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Api: cloudied behind its sockets. Requests come in on the server's threads,
 * are decided on the logic thread (the caller's loop), written by the store's
 * thread, and answered once that is done.
 */

#include <stdint.h>

#include "controller/assets/assets.h"
#include "controller/images/images.h"
#include "controller/logic/logic.h"
#include "controller/store/store.h"
#include "lib/base/cleanup.h"
#include "lib/base/loop.h"
#include "lib/node/wire.h"
#include "lib/serve/serve.h"
#include "lib/trust/signature.h"

#define API_ERROR_SIZE 512

struct api;

struct api_options {
        struct loop *loop;                     /* the logic thread's */
        const char *state;                     /* folder: what a backup is made of */
        struct store_place store;              /* its seat is taken, even on failure */
        const char *login_folder;              /* of one-time login links */
        const char *join_token_file;           /* made if missing */
        const char *kernel_arguments;          /* of every machine of the site */
        struct queue_limits limits;            /* how much may be under way at once */
        uint32_t beat_s;                       /* between two beats of a worker */
        const struct signing_key *vault;       /* for what is secret in the database */
        const struct edge_config *edge_config; /* what netbootds are to serve */
        const struct assets *assets;
        struct images *images; /* all of these are borrowed until api_free() */
};

/* 0 or -errno with one sentence in @error (API_ERROR_SIZE bytes). */
int api_new(const struct api_options *options, char *error, struct api **ret);

/* After serve_stop(). Commits what is queued. Takes NULL; returns NULL. */
struct api *api_free(struct api *api);
CLEANUP_DEFINE(struct api *, api_free)

/* For struct serve_options; @context is the api. */
void api_handle(void *context, struct serve_request *request);
size_t api_body_limit(void *context, struct serve_request *request);

/* Logic thread: answers all that waits, refuses what comes, and calls loop_stop() when no request
 * is left unanswered. */
void api_stop(struct api *api);

/* False: the store failed, and the loop was stopped for that. */
bool api_is_sound(const struct api *api);

/* Whether anybody could log in with what was handed out so far. */
bool api_has_user(const struct api *api);

/* Connections: each agent that waits for orders holds one. */
#define API_CONNECTIONS 4096
#define API_PER_ADDRESS 256 /* a rack behind one address, and its edge */
