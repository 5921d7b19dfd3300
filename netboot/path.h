/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a path asked for by HTTP or TFTP means. Pure. */

#include <stdbool.h>

#include "lib/base/net.h"
#include "lib/node/wire.h"

enum boot_path_kind {
        BOOT_PATH_HEALTH,     /* /healthz; HTTP only */
        BOOT_PATH_METRICS,    /* /metrics; HTTP only */
        BOOT_PATH_SCRIPT,     /* boot/ipxe/MAC; boot/grub/MAC by TFTP only */
        BOOT_PATH_GRUB,       /* grub/grub.cfg, where GRUB begins, -01-MAC and -UUID; TFTP only */
        BOOT_PATH_BOOT_IMAGE, /* boot/image/MAC.img; HTTP only */
        BOOT_PATH_ASSET,      /* assets/NAME */
        BOOT_PATH_IMAGE,      /* images/ID.raw.zst, ID.json, ID.json.sig; HTTP only */
        BOOT_PATH_LOADER,     /* NAME alone, as firmware asks for a loader; TFTP only */
};

enum boot_language {
        LANGUAGE_IPXE,
        LANGUAGE_GRUB,
        LANGUAGE_GRUB_IMAGE, /* inside of the boot image */
};
enum boot_transport { TRANSPORT_HTTP, TRANSPORT_TFTP };

struct boot_path {
        enum boot_path_kind kind;
        enum boot_language language; /* BOOT_PATH_SCRIPT */
        struct mac_address mac;      /* as above */
        char name[WIRE_NAME_SIZE];   /* of an asset, image or loader: safe as a file's name */
};

/* ID.raw.zst, ID.json or ID.json.sig, where ID is 32 lower-case hex digits. */
bool image_file_name_is_safe(const char *name);

/**
 * boot_path_parse() - resolve a path
 * @path:  decoded, NUL-terminated; slashes at its start and doubled ones do not matter
 *
 * Return: 0, -ENOENT if it names nothing of ours, -EINVAL if it tries to leave the root.
 */
int boot_path_parse(const char *path, enum boot_transport transport, struct boot_path *ret);
