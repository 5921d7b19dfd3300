/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Public keys of SSH, of people and of servers: RFC 4253 6.6 (RSA), RFC 5656 3.1
 * (ECDSA), RFC 8709 4 (Ed25519), PROTOCOL.u2f of OpenSSH (those on a token). They end up in
 * somebody's authorized_keys or known_hosts: nothing passes that is not one whole key.
 */

#include <stddef.h>

#define SSH_KEY_TYPE_SIZE 24   /* "ecdsa-sha2-nistp521" */
#define SSH_KEY_TEXT_SIZE 1408 /* base64 of an RSA key of 8192 bits */

/* Of a server. */
struct ssh_key {
        char type[SSH_KEY_TYPE_SIZE];
        char key[SSH_KEY_TEXT_SIZE]; /* base64, RFC 4648 4 */
};

/* Is it a key of a type that a server has, and nothing behind it? 0, -EBADMSG, -ENOMEM. */
int ssh_key_check(const struct ssh_key *key);

/**
 * ssh_key_parse() - the first line of a server's .pub file: "TYPE BASE64 COMMENT"
 * @line:  NUL-terminated; the comment is left out
 * @ret:   written only on success
 *
 * Return: 0; -EBADMSG: no such line, or a key that ssh_key_check() refuses; -ENOMEM.
 */
int ssh_key_parse(const char *line, struct ssh_key *ret);

/**
 * ssh_key_check_line() - is it a person's key: "TYPE BASE64", and behind a blank whatever it is?
 *
 * Return: 0; -EPROTONOSUPPORT: begins with no type that we know; -ENODATA: has nothing behind it;
 *         -EILSEQ: that is no base64; -EBADMSG: its bytes are not those of a key of its type;
 *         -ENOMEM.
 */
int ssh_key_check_line(const char *line);
