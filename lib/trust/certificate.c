/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A certificate that signs itself (RFC 5280), and the pin of one. */

#include "lib/trust/certificate.h"

#include <errno.h>
#include <limits.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/trust/hash.h"
#include "lib/trust/openssl.h"
#include "lib/trust/secret.h"

/* RFC 5280 4.1.2.2: positive, and at most 20 bytes. */
#define SERIAL_SIZE 16

/* RFC 5280 appendix A: ub-common-name. */
#define COMMON_NAME_MAX 64

/* RFC 1035 2.3.4, RFC 5280 4.2.1.6. */
#define DNS_NAME_MAX 253

/* Clocks of machines that just woke up are behind. */
#define NOT_BEFORE_S (-3600)

/* As much as each client takes. With 3072 bits the server signs three times as long, and a machine
 * that boots shakes hands for each file. */
#define RSA_BITS 2048

struct kind_row {
        EVP_PKEY *(*make)(void);
        const char *key_usage;
};

static EVP_PKEY *make_ecdsa(void)
{
        return EVP_EC_gen("P-256");
}

static EVP_PKEY *make_rsa(void)
{
        return EVP_RSA_gen(RSA_BITS);
}

/* RFC 5246 7.4.2: what the suites of firmware, which have the key encrypted, ask for. */
static const struct kind_row kinds[CERTIFICATE_KIND_COUNT] = {
        [CERTIFICATE_ECDSA] = {make_ecdsa, "critical,digitalSignature,keyCertSign"                },
        [CERTIFICATE_RSA] = {make_rsa,   "critical,digitalSignature,keyEncipherment,keyCertSign"},
};

static bool is_dns_name(const char *name)
{
        static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789-_.*";
        size_t len = strlen(name);

        return len > 0 && len <= DNS_NAME_MAX && strspn(name, allowed) == len;
}

bool certificate_takes_name(const char *name)
{
        ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);

        ASN1_OCTET_STRING_free(address);
        return address || is_dns_name(name);
}

static int add_alt_name(GENERAL_NAMES *to, const char *name)
{
        ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
        GENERAL_NAME *general = GENERAL_NAME_new();
        ASN1_IA5STRING *text;

        if (!general)
                return -ENOMEM;
        if (address) {
                GENERAL_NAME_set0_value(general, GEN_IPADD, address);
        } else {
                text = is_dns_name(name) ? ASN1_IA5STRING_new() : NULL;
                if (!text || ASN1_STRING_set(text, name, -1) != 1) {
                        ASN1_IA5STRING_free(text);
                        GENERAL_NAME_free(general);
                        return -EINVAL;
                }
                GENERAL_NAME_set0_value(general, GEN_DNS, text);
        }
        if (sk_GENERAL_NAME_push(to, general) > 0)
                return 0;
        GENERAL_NAME_free(general);
        return -ENOMEM;
}

static int add_alt_names(X509 *cert, const char *const names[])
{
        CLEANUP(GENERAL_NAMES_free) GENERAL_NAMES *all = GENERAL_NAMES_new();

        if (!all)
                return -ENOMEM;
        for (size_t i = 0; names[i]; i++) {
                int rc = add_alt_name(all, names[i]);

                if (rc < 0)
                        return rc;
        }
        return X509_add1_ext_i2d(cert, NID_subject_alt_name, all, 0, 0) == 1 ? 0 : -ENOMEM;
}

/*
 * The extensions of a certificate that is server and anchor at once. Without
 * keyCertSign OpenSSL's strict mode does not take it as its own issuer.
 */
static int add_extensions(X509 *cert, const struct kind_row *kind)
{
        const struct {
                int nid;
                const char *value;
        } rows[] = {
                {NID_basic_constraints,      "critical,CA:TRUE,pathlen:0"},
                {NID_key_usage,              kind->key_usage             },
                {NID_ext_key_usage,          "serverAuth"                },
                {NID_subject_key_identifier, "hash"                      },
        };
        X509V3_CTX context;

        X509V3_set_ctx_nodb(&context);
        X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                X509_EXTENSION *extension =
                        X509V3_EXT_conf_nid(NULL, &context, rows[i].nid, rows[i].value);
                int rc = extension ? X509_add_ext(cert, extension, -1) : 0;

                X509_EXTENSION_free(extension);
                if (rc != 1)
                        return -ENOMEM;
        }
        return 0;
}

static int set_serial(X509 *cert)
{
        uint8_t bytes[SERIAL_SIZE];
        BIGNUM *number;
        int rc = random_bytes(bytes, sizeof(bytes));

        if (rc < 0)
                return rc;
        bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and always as long */
        number = BN_bin2bn(bytes, sizeof(bytes), NULL);
        rc = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) ? 0 : -ENOMEM;
        BN_free(number);
        return rc;
}

static int set_names(X509 *cert, const char *first)
{
        /* Nobody reads the subject for a host name any more; a long one need not fit. */
        const char *common = strlen(first) <= COMMON_NAME_MAX ? first : "cloudie";
        X509_NAME *subject = X509_get_subject_name(cert);

        if (X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                       (const unsigned char *)common, -1, -1, 0) != 1 ||
            X509_set_issuer_name(cert, subject) != 1)
                return -EINVAL;
        return 0;
}

static int make(const struct kind_row *kind, const char *const names[], unsigned days,
                EVP_PKEY *key, X509 *cert)
{
        int rc;

        if (X509_set_version(cert, X509_VERSION_3) != 1 || X509_set_pubkey(cert, key) != 1 ||
            !X509_gmtime_adj(X509_getm_notBefore(cert), NOT_BEFORE_S) ||
            !X509_time_adj_ex(X509_getm_notAfter(cert), (int)days, NOT_BEFORE_S, NULL))
                return -ENOMEM;
        rc = set_serial(cert);
        if (rc == 0)
                rc = set_names(cert, names[0]);
        if (rc == 0)
                rc = add_extensions(cert, kind);
        if (rc == 0)
                rc = add_alt_names(cert, names);
        if (rc == 0 && X509_sign(cert, key, EVP_sha256()) == 0)
                rc = -EIO;
        return rc;
}

static int save_cert(X509 *cert, const char *path)
{
        CLEANUP(BIO_free) BIO *pem = BIO_new(BIO_s_mem());
        char *bytes;
        long size;

        if (!pem || PEM_write_bio_X509(pem, cert) != 1)
                return -ENOMEM;
        size = BIO_get_mem_data(pem, &bytes);
        return file_replace(path, bytes, (size_t)size, 0644);
}

int certificate_make(enum certificate_kind kind, const char *const names[], unsigned days,
                     const char *key_path, const char *cert_path)
{
        CLEANUP(EVP_PKEY_free) EVP_PKEY *key = NULL;
        CLEANUP(X509_free) X509 *cert = NULL;
        int rc;

        if (kind >= CERTIFICATE_KIND_COUNT || !names[0] || days > INT_MAX)
                return -EINVAL;
        key = kinds[kind].make();
        cert = X509_new();
        if (!key || !cert)
                return openssl_fail(-ENOMEM);
        rc = make(&kinds[kind], names, days, key, cert);
        if (rc < 0)
                return openssl_fail(rc);
        rc = openssl_save_key(key, key_path);
        if (rc < 0)
                return rc;
        rc = save_cert(cert, cert_path);
        if (rc < 0)
                unlink(key_path); /* a key that fits no certificate is worse than none */
        return rc;
}

static int read_certificate(const char *pem, size_t size, X509 **ret)
{
        CLEANUP(BIO_free) BIO *bio = NULL;

        if (size > INT_MAX)
                return -EBADMSG;
        bio = BIO_new_mem_buf(pem, (int)size);
        if (!bio)
                return openssl_fail(-ENOMEM);
        *ret = PEM_read_bio_X509(bio, NULL, openssl_no_passphrase, NULL);
        return *ret ? 0 : openssl_fail(-EBADMSG);
}

bool certificate_is_rsa(const char *pem, size_t size)
{
        CLEANUP(X509_free) X509 *cert = NULL;

        if (read_certificate(pem, size, &cert) < 0)
                return false;
        return EVP_PKEY_get_base_id(X509_get0_pubkey(cert)) == EVP_PKEY_RSA;
}

int certificate_pin(const char *pem, size_t size, char **ret)
{
        CLEANUP(X509_free) X509 *cert = NULL;
        _free_ char *base64 = NULL;
        unsigned char *der = NULL;
        struct sha256 hash;
        int der_size, rc;

        rc = read_certificate(pem, size, &cert);
        if (rc < 0)
                return rc;
        der_size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
        if (der_size < 0)
                return openssl_fail(-EBADMSG);
        rc = sha256_of(der, (size_t)der_size, &hash);
        OPENSSL_free(der);
        if (rc == 0)
                rc = base64_encode(hash.bytes, sizeof(hash.bytes), &base64);
        if (rc == 0 && asprintf(ret, "sha256//%s", base64) < 0)
                rc = -ENOMEM;
        return rc;
}
