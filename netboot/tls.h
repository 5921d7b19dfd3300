/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Key and certificate of HTTPS boot: the operator's, or those that the edge makes for itself. */

#include "netboot/interface.h"

struct tls_keys {
        char *key_pem, *cert_pem; /* both, or neither */
};

/**
 * tls_keys_load() - out of STATE/tls/key.pem and cert.pem; made where there is neither
 * @interfaces:  their addresses, and the host's name, are what a new certificate is for
 * @error:       DAEMON_ERROR_SIZE bytes: one sentence
 *
 * A certificate of ours for other addresses than the edge has, and one that is not RSA, are logged:
 * firmware would only say that the connection failed.
 *
 * Return: 0, -ENOENT: one of the two is missing; -ENOMEM, -errno.
 */
int tls_keys_load(const char *state, const struct netboot_interfaces *interfaces, char *error,
                  struct tls_keys *ret);
/* The key is overwritten. */
void tls_keys_done(struct tls_keys *keys);
#define _tls_keys_ __attribute__((cleanup(tls_keys_done)))
