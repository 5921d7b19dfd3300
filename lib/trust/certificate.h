/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The self-signed certificate of a controller that was given no other. */

#include <stddef.h>

/**
 * certificate_make() - an ECDSA P-256 key and a certificate for it
 * @names:  NULL-ended: DNS names and IP addresses for subjectAltName; the first is the subject
 * @days:   how long it is valid, from an hour ago
 * @key_path: PEM, written with mode 0600
 * @cert_path: PEM, written with mode 0644; CA:TRUE, so that clients may use it as their anchor
 *
 * Return: 0 or -errno; neither file is then left half-written.
 */
int certificate_make(const char *const names[], unsigned days, const char *key_path,
                     const char *cert_path);

/**
 * certificate_pin() - the pin of a certificate's public key
 * @pem:  certificate
 * @ret:  "sha256//BASE64" as libcurl's CURLOPT_PINNEDPUBLICKEY takes it; the caller's
 *
 * Return: 0, -EBADMSG if it is not a certificate, -ENOMEM.
 */
int certificate_pin(const char *pem, size_t size, char **ret);
