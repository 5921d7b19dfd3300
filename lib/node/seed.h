/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Seed: what an installed system is told of its site. The documents that a
 * profile's seed names: `key`, a public key of SSH, and `file`, a text for
 * cloud-init, which may hold secrets.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/doc/table.h"
#include "lib/node/step.h"

#define SEED_USER_SIZE     33    /* useradd(8): at most 32 bytes */
#define SEED_KEYS_MAX      16    /* of one profile: a team, and its robots */
#define SEED_KEY_SIZE      4096  /* a line; an RSA key of 16,384 bits has 2,800 bytes */
#define SEED_USER_DATA_MAX 65536 /* bytes; more than clouds take (EC2: 16 KiB) */

#define SEED_NAME_ALPHABET "a-z, 0-9, dots and dashes, no dot or dash first"

bool seed_name_is_valid(const char *name); /* of a key or a file */
bool seed_user_is_valid(const char *name); /* may be made, and may log in: not root */
bool seed_user_is_taken(const char *name); /* Debian's images have such a user or group */

/* What a profile asks for: a user, and documents by their names. */
struct seed_names {
        char user[SEED_USER_SIZE];                    /* "": the one that the image has */
        char ssh_keys[SEED_KEYS_MAX][NODE_NAME_SIZE]; /* of kind `key` */
        size_t ssh_key_count;
        char user_data[NODE_NAME_SIZE]; /* of kind `file`; "": none */
};
extern const struct doc_table seed_names_table;

struct seed_key {
        char name[NODE_NAME_SIZE];
        char line[SEED_KEY_SIZE]; /* "ssh-ed25519 AAAA… ops@desk": one line of authorized_keys */
};

/* NULL: a line of authorized_keys without options (sshd(8), RFC 4253 6.6); else what is wrong
 * with it, to be put behind "it ". */
const char *seed_key_fault(const char *line);

/**
 * seed_key_decode() - a document {kind: key, name, spec: {public_key: LINE}}
 * @error:  DOC_ERROR_SIZE bytes, one sentence; may be NULL
 *
 * Return: 0, -EBADMSG.
 */
int seed_key_decode(const struct doc *document, char *error, struct seed_key *ret);

struct text_file {
        char name[NODE_NAME_SIZE];
        char text[SEED_USER_DATA_MAX + 1];
};

/* The same for {kind: file, name, spec: {text: TEXT}}. A sentence never cites the text. */
int text_file_decode(const struct doc *document, char *error, struct text_file *ret);

/* UTF-8 that every reader of YAML takes: no control bytes but tab, line feed and return. */
bool seed_text_is_plain(const char *text);
