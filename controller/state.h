/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The state folder: what cloudied makes at its first start, and finds at every other. */

#include "controller/config.h"
#include "lib/base/cleanup.h"
#include "lib/trust/hash.h"
#include "lib/trust/signature.h"

/* Paths in it. Texts are owned. */
struct state {
        char *database;   /* cloudie.db */
        char *tls;        /* tls/ */
        char *key, *cert; /* tls/key.pem, tls/cert.pem */
        char *names;      /* tls/names: for whom the certificate was made */
        char *signing;    /* tls/signing.key */
        char *vault;      /* tls/documents.key */
        char *login;      /* login/: one-time login links */
        char *join_token; /* join-token */
        char *public;     /* public/: what we make for machines */
        char *images;     /* images/: what machines are installed with */
};

/* @folder is config->state. 0, -ENOMEM. */
int state_init(const char *folder, struct state *ret);
void state_done(struct state *state);
#define _state_ __attribute__((cleanup(state_done)))

struct keys {
        char *key_pem, *cert_pem;
        struct signing_key *signing;
        struct signing_key *vault; /* what is secret in the store is sealed to it */
        char *signing_pub;         /* text of a minisign .pub file */
};

/**
 * keys_load() - certificate and signing key; the missing ones are made
 * @error:  DAEMON_ERROR_SIZE bytes
 *
 * Return: 0 or -errno with a sentence.
 */
int keys_load(const struct state *state, const struct config *config, char *error,
              struct keys *ret);
void keys_done(struct keys *keys);
#define _keys_ __attribute__((cleanup(keys_done)))

/**
 * state_login_line() - mint a one-time login link
 * @ret:  "cloudie login https://NAME:PORT/#TOKEN.PIN"; the caller's
 *
 * Return: 0; -ENOENT: there is no certificate, cloudied never ran here; -errno.
 */
int state_login_line(const struct state *state, const struct config *config, char **ret);
