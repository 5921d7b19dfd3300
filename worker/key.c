/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "worker/key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/trust/hash.h"
#include "lib/trust/secret.h"
#include "lib/trust/signature.h"

#define KEY_FILE  "key.pem"
#define PATH_SIZE 512

struct worker_key {
        struct signing_key *pair;
        char public[WIRE_KEY_SIZE];
};

struct worker_key *worker_key_free(struct worker_key *key)
{
        if (key)
                signing_key_free(key->pair);
        free(key);
        return NULL;
}

/* There is none, or what is there is none: a fresh one. */
static int make(const char *state, const char *path, struct signing_key **ret)
{
        CLEANUP(signing_key_free) struct signing_key *pair = NULL;
        int rc = signing_key_new(&pair);

        if (rc < 0)
                return rc;
        rc = file_make_folders(state, 0700);
        if (rc >= 0)
                rc = signing_key_save(pair, path);
        if (rc < 0)
                log_warning("key.not-kept", "path=%s error=%s", QUOTE(path), QUOTE(strerror(-rc)));
        else
                log_info("key.made", "path=%s", QUOTE(path));
        *ret = TAKE_PTR(pair);
        return 0;
}

static int set_public(struct worker_key *key)
{
        struct public_key public;
        _free_ char *text = NULL;
        int rc;

        signing_key_public(key->pair, &public);
        rc = base64_encode(public.bytes, sizeof(public.bytes), &text);
        return rc < 0 ? rc : text_copy(key->public, sizeof(key->public), text);
}

int worker_key_open(const char *state, struct worker_key **ret)
{
        CLEANUP(worker_key_free) struct worker_key *key = calloc(1, sizeof(*key));
        char path[PATH_SIZE];
        int rc;

        if (!key)
                return -ENOMEM;
        snprintf(path, sizeof(path), "%s/" KEY_FILE, state);
        rc = signing_key_load(path, &key->pair);
        if (rc == -EBADMSG)
                log_warning("key.unusable", "path=%s error=%s", QUOTE(path), QUOTE(strerror(-rc)));
        if (rc == -EBADMSG || rc == -ENOENT)
                rc = make(state, path, &key->pair);
        if (rc == 0)
                rc = set_public(key);
        if (rc == 0)
                *ret = TAKE_PTR(key);
        return rc;
}

const char *worker_key_public(const struct worker_key *key)
{
        return key->public;
}

int worker_key_sign(const struct worker_key *key, const char *prefix, const char *body, char **ret)
{
        uint8_t signature[ED25519_SIGNATURE_SIZE];
        _free_ char *whole = NULL, *text = NULL;
        int rc;

        if (asprintf(&whole, "%s%s", prefix, body) < 0) {
                whole = NULL;
                return -ENOMEM;
        }
        rc = signing_key_sign(key->pair, whole, strlen(whole), signature);
        secret_erase(whole, strlen(whole));
        if (rc == 0)
                rc = base64_encode(signature, sizeof(signature), &text);
        if (rc < 0)
                return rc;
        if (asprintf(ret, WORKER_SIGNATURE_HEADER ": %s", text) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }
        return 0;
}
