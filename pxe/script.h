/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A boot plan as an iPXE script. Pure. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/net.h"
#include "lib/node/plan.h"
#include "lib/node/wire.h"
#include "pxe/answer.h"

#define PXE_SCRIPT_SIZE 4096

struct pxe_script_facts {
        struct pxe_site site;
        struct mac_address mac; /* the interface that boots */
        const char *kernel;     /* names of assets */
        const char *ramdisk;
        uint64_t time_s; /* seconds since 1970: a machine with an empty battery knows no better; 0:
                            not told */
};

#define PXE_SITE_FILE "site.cpio" /* the second ramdisk, made by the controller */

/**
 * pxe_script_write() - what iPXE is to do
 * @plan:     from the controller, which is checked all the same
 * @to:       the script, NUL-terminated; "" on failure
 * @ret_size: without the NUL
 *
 * Return: 0.
 *         -EINVAL if anything in it is not a plain word: nothing is escaped, it is refused.
 *         -EMSGSIZE if it does not fit.
 */
int pxe_script_write(const struct boot_plan *plan, const struct pxe_script_facts *facts,
                     char to[static PXE_SCRIPT_SIZE], size_t *ret_size);
