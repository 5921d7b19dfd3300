/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What this boot was told: the kernel's command line and the files of site.cpio. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/net.h"
#include "lib/node/step.h"
#include "lib/trust/signature.h"

#define SITE_MAX_CONTROLLERS 8
#define SITE_URL_SIZE        256

struct site {
        char boot[BOOT_TEXT_SIZE];   /* cloudie.boot= */
        char edge[SITE_URL_SIZE];    /* cloudie.edge=: where boot assets are; "" unknown */
        struct mac_address boot_mac; /* BOOTIF=; all zero: not said */
        uint64_t time_s; /* cloudie.time=: seconds since 1970, by the edge; 0: not said */

        char controllers[SITE_MAX_CONTROLLERS][SITE_URL_SIZE];
        size_t controller_count;
        char ca_path[SITE_URL_SIZE];
        struct public_key signing_key; /* signs the manifest of the netboot package */
};

#define SITE_ERROR_SIZE 256

/* Its edge has an address of IPv6: so must we. */
bool site_is_reached_by_ip6(const struct site *site);

/**
 * site_read_command_line() - take what is ours from a kernel command line
 * @text:   as in /proc/cmdline; words that are not ours are skipped
 * @ret:    boot, edge, boot_mac and time_s are filled; the rest stays
 *
 * Return: 0, or -EBADMSG with a sentence: a word of ours has no sense.
 */
int site_read_command_line(const char *text, char *error, struct site *ret);

/**
 * site_read_folder() - read site.json, ca.pem and signing.pub
 * @folder:  "/etc/cloudie" in the ramdisk
 *
 * Return: 0, -EBADMSG or -errno with a sentence that names the file.
 */
int site_read_folder(const char *folder, char *error, struct site *ret);

/* The pure part of it, for site.json alone. */
int site_parse(const char *json, size_t size, char *error, struct site *ret);
