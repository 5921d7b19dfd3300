/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Path -> what is meant
 *
 * No path of a stranger ever reaches the file system: what is left of it after
 * this function is one file name of a small alphabet, which is then looked up
 * in the manifest. Of an image not even the name is free: nobody makes us ask the
 * controller for something that can be none.
 */
#include "netboot/path.h"

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "pxe/script_grub.h"
#include "tftp/path.h"

/* An image's id is half of a SHA-256, in hex. */
#define IMAGE_ID_DIGITS 32

/* The rest of @path after @prefix, or NULL. */
static const char *after(const char *path, const char *prefix)
{
        return text_has_prefix(path, prefix) ? path + strlen(prefix) : NULL;
}

static int store_name(const char *name, enum boot_path_kind kind, struct boot_path *path)
{
        if (!asset_name_is_safe(name))
                return -ENOENT;
        path->kind = kind;
        return text_copy(path->name, sizeof(path->name), name) < 0 ? -ENOENT : 0;
}

bool image_file_name_is_safe(const char *name)
{
        static const char *const ends[] = {".raw.zst", ".json", ".json.sig"};
        const size_t digits = strspn(name, "0123456789abcdef");

        for (size_t i = 0; digits == IMAGE_ID_DIGITS && i < ARRAY_SIZE(ends); i++)
                if (strcmp(name + digits, ends[i]) == 0)
                        return true;
        return false;
}

static int store_image(const char *name, struct boot_path *path)
{
        if (!image_file_name_is_safe(name))
                return -ENOENT;
        path->kind = BOOT_PATH_IMAGE;
        return text_copy(path->name, sizeof(path->name), name);
}

static int store_script(const char *mac, enum boot_language language, struct boot_path *path)
{
        path->kind = BOOT_PATH_SCRIPT;
        path->language = language;
        return mac_parse(mac, &path->mac) < 0 || !mac_is_usable(&path->mac) ? -ENOENT : 0;
}

/* "52-54-00-77-00-01.img" */
static int store_boot_image(const char *name, struct boot_path *path)
{
        char mac[MAC_TEXT_SIZE];
        const size_t end = strlen(PXE_IMAGE_END), len = strlen(name);

        if (len <= end || len - end >= sizeof(mac) || strcmp(name + len - end, PXE_IMAGE_END) != 0)
                return -ENOENT;
        memcpy(mac, name, len - end);
        mac[len - end] = '\0';
        path->kind = BOOT_PATH_BOOT_IMAGE;
        path->language = LANGUAGE_GRUB_IMAGE;
        return mac_parse(mac, &path->mac) < 0 || !mac_is_usable(&path->mac) ? -ENOENT : 0;
}

/* "-01-52-54-00-77-00-01" (1 is Ethernet), or "-" and the machine's UUID: what GRUB asks for before
 * it asks for the name alone. */
static bool is_of_machine(const char *end)
{
        const char *mac = after(end, "-01-"), *text = after(end, "-");
        struct mac_address address;
        struct uuid uuid;

        if (mac && mac_parse(mac, &address) == 0)
                return mac_is_usable(&address);
        return text && uuid_parse(text, &uuid) == 0;
}

int boot_path_parse(const char *path, enum boot_transport transport, struct boot_path *ret)
{
        char clean[TFTP_PATH_SIZE];
        struct boot_path found = {0};
        const char *rest;
        int rc;

        rc = tftp_path_parse(path, strlen(path), clean);
        if (rc == -ENAMETOOLONG)
                return -ENOENT;
        if (rc < 0)
                return rc;

        if ((rest = after(clean, "assets/"))) {
                rc = store_name(rest, BOOT_PATH_ASSET, &found);
        } else if ((rest = after(clean, "boot/ipxe/"))) {
                rc = store_script(rest, LANGUAGE_IPXE, &found);
        } else if (transport == TRANSPORT_HTTP && (rest = after(clean, "images/"))) {
                rc = store_image(rest, &found);
        } else if (transport == TRANSPORT_HTTP && (rest = after(clean, PXE_IMAGE_FOLDER))) {
                rc = store_boot_image(rest, &found);
        } else if (transport == TRANSPORT_HTTP) {
                found.kind = strcmp(clean, "metrics") == 0 ? BOOT_PATH_METRICS : BOOT_PATH_HEALTH;
                rc = found.kind == BOOT_PATH_METRICS || strcmp(clean, "healthz") == 0 ? 0 : -ENOENT;
        } else if ((rest = after(clean, "boot/grub/"))) {
                rc = store_script(rest, LANGUAGE_GRUB, &found);
        } else if ((rest = after(clean, PXE_GRUB_CONFIGURATION))) {
                found.kind = BOOT_PATH_GRUB;
                rc = rest[0] == '\0' || is_of_machine(rest) ? 0 : -ENOENT;
        } else {
                rc = store_name(clean, BOOT_PATH_LOADER, &found);
        }
        if (rc < 0)
                return rc;
        *ret = found;
        return 0;
}
