/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * site.cpio: what a machine must know of this site before it trusts anybody.
 * Pure: facts in, bytes out; the same facts give the same bytes.
 */

#include <stddef.h>
#include <stdint.h>

struct site_facts {
        const char *const *controllers; /* NULL-ended URLs: "https://10.77.0.1:8443" */
        const char *ca_pem;
        const char *signing_pub; /* text of a minisign .pub file */
};

/**
 * site_make() - the archive
 * @ret:  newc (cpio of the kernel's initramfs, Documentation/driver-api/early-userspace/
 *        buffer-format.rst), not compressed, a multiple of 512 bytes; the caller's
 *
 * Return: 0, -ENOMEM.
 */
int site_make(const struct site_facts *facts, char **ret, size_t *ret_size);
