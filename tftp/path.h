/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The name in a request, made into a relative path that cannot leave the root. */

#include <stddef.h>

#define TFTP_PATH_SIZE 256 /* with its NUL byte: longer than any name we serve */

/**
 * tftp_path_parse() - clean the name of a boot file, asked for by TFTP or HTTP
 * @name:  any bytes, after percent-decoding in HTTP
 * @to:    "grub/grub.cfg": no slash at its start or end, none doubled, no "." part
 *
 * Slashes at the start and doubled ones are what firmware sends (shim asks for
 * /sb//grubx64.efi), and are taken away.
 *
 * Return: 0; -EINVAL for "..", a backslash, a control byte (NUL too), or a name without a part;
 *         -ENAMETOOLONG.
 */
int tftp_path_parse(const void *name, size_t len, char to[static TFTP_PATH_SIZE]);
