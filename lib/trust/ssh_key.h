/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Public keys of SSH servers, as a line of text: RFC 4253 6.6 (RSA), RFC 5656 3.1
 * (ECDSA), RFC 8709 4 (Ed25519). What a machine says of itself ends up in
 * somebody's known_hosts: nothing passes that is not one whole key.
 */

#include <stddef.h>

#define SSH_KEY_TYPE_SIZE 24   /* "ecdsa-sha2-nistp521" */
#define SSH_KEY_TEXT_SIZE 1408 /* base64 of an RSA key of 8192 bits */

struct ssh_key {
        char type[SSH_KEY_TYPE_SIZE];
        char key[SSH_KEY_TEXT_SIZE]; /* base64, RFC 4648 4 */
};

/* Is it a key of a type that we know, and nothing behind it? 0, -EBADMSG, -ENOMEM. */
int ssh_key_check(const struct ssh_key *key);

/**
 * ssh_key_parse() - the first line of a .pub file: "TYPE BASE64 COMMENT"
 * @line:  NUL-terminated; the comment is left out
 * @ret:   written only on success
 *
 * Return: 0; -EBADMSG: no such line, or a key that ssh_key_check() refuses; -ENOMEM.
 */
int ssh_key_parse(const char *line, struct ssh_key *ret);
