/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Inside lib/trust only: how OpenSSL's objects end with their scope. */

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/base/cleanup.h"

CLEANUP_DEFINE(BIO *, BIO_free)
CLEANUP_DEFINE(EVP_PKEY *, EVP_PKEY_free)
CLEANUP_DEFINE(EVP_MD_CTX *, EVP_MD_CTX_free)
CLEANUP_DEFINE(X509 *, X509_free)
CLEANUP_DEFINE(GENERAL_NAMES *, GENERAL_NAMES_free)

/* OpenSSL keeps its errors in a queue of the thread, where the next user would find ours. */
static inline int openssl_fail(int rc)
{
        ERR_clear_error();
        return rc;
}

/* Without this, OpenSSL asks for the passphrase of an encrypted PEM on the terminal. */
static inline int openssl_no_passphrase(char *to, int size, int is_writing, void *context)
{
        (void)to;
        (void)size;
        (void)is_writing;
        (void)context;
        return -1;
}

/* A key as PEM (PKCS#8), mode 0600, whole or not at all. 0, -ENOMEM, -errno. */
int openssl_save_key(EVP_PKEY *key, const char *path);
