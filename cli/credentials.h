/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which controller is spoken to, how it is recognised, and the token for it. One file, mode 0600.
 */

#include <stddef.h>

#define CREDENTIAL_URL_SIZE 256

struct credential {
        char url[CREDENTIAL_URL_SIZE]; /* https://10.77.0.1:8443, no slash at its end */
        char pin[64];                  /* "sha256//BASE64" of its public key */
        char token[65];
        char user[64];
};

/* $CLOUDIE_CREDENTIALS, else $XDG_CONFIG_HOME or ~/.config, and cloudie/credentials.json. -ENOENT
 * without any of them. */
int credentials_path(char *to, size_t size);

/* 0; -ENOENT: never logged in; -EBADMSG: not such a file; -EPERM: others may read it; -errno. */
int credentials_load(const char *path, struct credential *ret);
int credentials_save(const char *path, const struct credential *credential);
