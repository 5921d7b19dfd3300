/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The self-signed certificate of a server that was given no other. */

#include <stdbool.h>
#include <stddef.h>

enum certificate_kind {
        CERTIFICATE_ECDSA, /* P-256 */
        CERTIFICATE_RSA,   /* 2048 bits: UEFI firmware knows nothing else */
        CERTIFICATE_KIND_COUNT,
};

/**
 * certificate_make() - a key and a certificate for it
 * @kind:   of the key
 * @names:  NULL-ended: DNS names and IP addresses for subjectAltName; the first is the subject
 * @days:   how long it is valid, from an hour ago
 * @key_path: PEM, written with mode 0600
 * @cert_path: PEM, written with mode 0644; CA:TRUE, so that clients may use it as their anchor
 *
 * Return: 0 or -errno; neither file is then left half-written.
 */
int certificate_make(enum certificate_kind kind, const char *const names[], unsigned days,
                     const char *key_path, const char *cert_path);

/* Can a certificate be made for this name: DNS (RFC 1035) or an address? */
bool certificate_takes_name(const char *name);

/* Is the key of this certificate (PEM) an RSA key? False also for what is no certificate. */
bool certificate_is_rsa(const char *pem, size_t size);

/**
 * certificate_pin() - the pin of a certificate's public key
 * @pem:  certificate
 * @ret:  "sha256//BASE64" as libcurl's CURLOPT_PINNEDPUBLICKEY takes it; the caller's
 *
 * Return: 0, -EBADMSG if it is not a certificate, -ENOMEM.
 */
int certificate_pin(const char *pem, size_t size, char **ret);
