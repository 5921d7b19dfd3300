/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controller/auth/login.h"
#include "lib/base/buffer.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/trust/certificate.h"
#include "lib/trust/secret.h"

#define CERTIFICATE_DAYS 3650 /* no one renews it: an uploaded one takes its place sooner */
#define PEM_MAX_SIZE     65536
#define PIN_PREFIX       "sha256//"

static const struct {
        size_t offset;
        const char *name;
} paths[] = {
        {offsetof(struct state, database),   "cloudie.db"       },
        {offsetof(struct state, tls),        "tls"              },
        {offsetof(struct state, key),        "tls/key.pem"      },
        {offsetof(struct state, cert),       "tls/cert.pem"     },
        {offsetof(struct state, names),      "tls/names"        },
        {offsetof(struct state, signing),    "tls/signing.key"  },
        {offsetof(struct state, vault),      "tls/documents.key"},
        {offsetof(struct state, login),      "login"            },
        {offsetof(struct state, join_token), "join-token"       },
        {offsetof(struct state, public),     "public"           },
        {offsetof(struct state, images),     "images"           },
};

static char **path_of(struct state *state, size_t which)
{
        return (char **)(void *)((char *)state + paths[which].offset);
}

int state_init(const char *folder, struct state *ret)
{
        struct state state = {0};
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(paths); i++) {
                struct buffer path = {0};

                buffer_format(&path, "%s/%s", folder, paths[i].name);
                rc = buffer_take(&path, path_of(&state, i));
        }
        if (rc < 0) {
                state_done(&state);
                return rc;
        }
        *ret = state;
        return 0;
}

void state_done(struct state *state)
{
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                free(*path_of(state, i));
                *path_of(state, i) = NULL;
        }
}

__attribute__((format(printf, 4, 5))) static int fail(char *error, int rc, const char *path,
                                                      const char *format, ...)
{
        char what[DAEMON_ERROR_SIZE / 2];
        va_list args;

        va_start(args, format);
        vsnprintf(what, sizeof(what), format, args);
        va_end(args);
        snprintf(error, DAEMON_ERROR_SIZE, "%.200s: %s: %s", path, what, strerror(-rc));
        return rc;
}

/* The names on one line, as they stand in the file beside the certificate. */
static int names_text(const struct config *config, char **ret)
{
        struct buffer text = {0};

        for (size_t i = 0; i < config->name_count; i++)
                buffer_format(&text, "%s%s", i > 0 ? " " : "", config->names[i]);
        buffer_text(&text, "\n");
        return buffer_take(&text, ret);
}

static int make_certificate(const struct state *state, const struct config *config, char *error)
{
        const char *names[CONFIG_MAX_NAMES + 3];
        _free_ char *text = NULL;
        size_t count = 0;
        int rc;

        for (; count < config->name_count; count++)
                names[count] = config->names[count];
        names[count++] = "localhost";
        names[count++] = "127.0.0.1";
        names[count] = NULL;

        rc = certificate_make(CERTIFICATE_ECDSA, names, CERTIFICATE_DAYS, state->key, state->cert);
        if (rc < 0)
                return fail(error, rc, state->cert, "the certificate cannot be made");
        rc = names_text(config, &text);
        if (rc == 0)
                rc = file_replace(state->names, text, strlen(text), 0644);
        if (rc < 0)
                return fail(error, rc, state->names, "cannot be written");
        log_info("certificate.made", "file=%s names=%zu", QUOTE(state->cert), config->name_count);
        return 0;
}

/* A certificate for other names turns agents away, and they cannot say so here: warn. */
static void compare_names(const struct state *state, const struct config *config)
{
        _free_ char *made = NULL, *wanted = NULL;

        if (file_read(AT_FDCWD, state->names, PEM_MAX_SIZE, &made, NULL) < 0 ||
            names_text(config, &wanted) < 0 || strcmp(made, wanted) == 0)
                return;
        log_warning("certificate.names",
                    "file=%s reason=\"made for other names than 'names' in cloudied.yaml; remove "
                    "it and key.pem to have a new one made\"",
                    QUOTE(state->cert));
}

static int load_certificate(const struct state *state, const struct config *config, char *error,
                            struct keys *keys)
{
        int rc;

        if (access(state->cert, F_OK) < 0 && access(state->key, F_OK) < 0)
                rc = make_certificate(state, config, error);
        else
                rc = (compare_names(state, config), 0);
        if (rc < 0)
                return rc;
        rc = file_read(AT_FDCWD, state->cert, PEM_MAX_SIZE, &keys->cert_pem, NULL);
        if (rc < 0)
                return fail(error, rc, state->cert, "the certificate cannot be read");
        rc = file_read(AT_FDCWD, state->key, PEM_MAX_SIZE, &keys->key_pem, NULL);
        if (rc < 0)
                return fail(error, rc, state->key, "the certificate's key cannot be read");
        return 0;
}

/* Ed25519, made where there is none. @event: its line in the log then. */
static int load_key(const char *path, const char *event, char *error, struct signing_key **ret)
{
        int rc;

        rc = signing_key_load(path, ret);
        if (rc == -ENOENT) {
                rc = signing_key_new(ret);
                if (rc == 0)
                        rc = signing_key_save(*ret, path);
                if (rc == 0)
                        log_info(event, "file=%s", QUOTE(path));
        }
        return rc < 0 ? fail(error, rc, path, "the key cannot be used") : 0;
}

static int load_signing_key(const struct state *state, char *error, struct keys *keys)
{
        struct buffer text = {0};
        _free_ char *line = NULL;
        struct public_key key;
        int rc;

        rc = load_key(state->signing, "signing-key.made", error, &keys->signing);
        if (rc < 0)
                return rc;
        signing_key_public(keys->signing, &key);
        rc = minisign_public_text(&key, &line);
        if (rc < 0)
                return fail(error, rc, state->signing, "the signing key cannot be used");
        buffer_format(&text, "untrusted comment: cloudie site key\n%s\n", line);
        return buffer_take(&text, &keys->signing_pub);
}

int keys_load(const struct state *state, const struct config *config, char *error, struct keys *ret)
{
        struct keys keys = {0};
        int rc;

        rc = file_make_folders(state->tls, 0700);
        if (rc == 0)
                rc = file_make_folders(state->login, 0700);
        if (rc < 0)
                return fail(error, rc, config->state, "cannot be written");
        rc = load_certificate(state, config, error, &keys);
        if (rc == 0)
                rc = load_signing_key(state, error, &keys);
        if (rc == 0)
                rc = load_key(state->vault, "documents-key.made", error, &keys.vault);
        if (rc < 0) {
                keys_done(&keys);
                return rc;
        }
        *ret = keys;
        return 0;
}

void keys_done(struct keys *keys)
{
        if (keys->key_pem)
                secret_erase(keys->key_pem, strlen(keys->key_pem));
        free(keys->key_pem);
        free(keys->cert_pem);
        free(keys->signing_pub);
        signing_key_free(keys->signing);
        signing_key_free(keys->vault);
        *keys = (struct keys){0};
}

/* Of the certificate's public key, in hex: a URL's fragment has no room for base64's + and /. */
static int read_pin(const char *cert, char ret[static SHA256_TEXT_SIZE])
{
        _free_ char *pem = NULL, *pin = NULL;
        _free_ uint8_t *bytes = NULL;
        size_t size, len;
        int rc;

        rc = file_read(AT_FDCWD, cert, PEM_MAX_SIZE, &pem, &size);
        if (rc == 0)
                rc = certificate_pin(pem, size, &pin);
        if (rc < 0)
                return rc;
        if (!pin || !text_has_prefix(pin, PIN_PREFIX))
                return -EBADMSG;
        rc = base64_decode(pin + strlen(PIN_PREFIX), strlen(pin) - strlen(PIN_PREFIX), &bytes,
                           &len);
        if (rc < 0 || len != SHA256_SIZE)
                return -EBADMSG;
        text_hex(ret, bytes, len);
        return 0;
}

int state_login_line(const struct state *state, const struct config *config, char **ret)
{
        struct buffer line = {0};
        char url[CONFIG_URL_SIZE], token[TOKEN_TEXT_SIZE], pin[SHA256_TEXT_SIZE];
        int rc;

        rc = read_pin(state->cert, pin);
        if (rc == 0)
                rc = login_link_make(state->login, token);
        if (rc < 0)
                return rc;
        config_url(config, 0, url);
        buffer_format(&line, "cloudie login %s/#%s.%s", url, token, pin);
        secret_erase(token, sizeof(token));
        return buffer_take(&line, ret);
}
