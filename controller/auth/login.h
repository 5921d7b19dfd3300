/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * One-time login links. An unused link is an empty file named after the hash of
 * its token, in a folder that only cloudied and root can enter: `cloudied
 * --login-link` makes one whether or not a cloudied runs, and to remove the
 * file is to use the link, which only one can.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/trust/secret.h"

#define LOGIN_LINK_MS (24ULL * 60 * 60 * 1000)

/**
 * login_link_make() - mint a link
 * @folder:  made with mode 0700 if missing
 * @ret:     the token; it is told to a person and stored nowhere
 *
 * Return: 0 or -errno.
 */
int login_link_make(const char *folder, char ret[static TOKEN_TEXT_SIZE]);

/* Uses a link up. 0; -ENOENT: there is none such, it was used, or it is older than 24 h; -errno. */
int login_link_use(const char *folder, const char *token, uint64_t now_ms);

/* Whether any link waits to be used. */
bool login_link_exists(const char *folder, uint64_t now_ms);
