/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Job: the one document that cloudie-install reads. Holds a secret: it comes by stdin alone. */

#include "lib/doc/table.h"
#include "lib/node/install.h"
#include "lib/trust/signature.h"

/* Keys and user data of 64 KiB each, in JSON at most twice as long; a chain of certificates; URLs.
 */
#define JOB_MAX_SIZE ((size_t)512 << 10)
#define JOB_KEY_SIZE 512 /* a minisign public key: its line, or the file with its comment */

struct job {
        struct install_plan plan;
        char edge[INSTALL_URL_SIZE]; /* "http://10.77.0.1": where the image is */
        char controllers[INSTALL_MAX_CONTROLLERS][INSTALL_URL_SIZE];
        size_t controller_count;
        char ca[INSTALL_MAX_CA];
        char signing_key[JOB_KEY_SIZE];
};
extern const struct doc_table job_table;

/**
 * job_parse() - read the document, and check what a table cannot
 * @error:    DOC_ERROR_SIZE bytes, one sentence; never tells what the secret is
 * @ret_key:  the site's, by which images are signed
 *
 * Return: 0, -EBADMSG, -E2BIG, -ENOMEM.
 */
int job_parse(const char *text, size_t size, char *error, struct job *ret,
              struct public_key *ret_key);
