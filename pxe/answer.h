/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a DHCP answer tells a client to load. Pure: facts in, options out. */

#include <stdbool.h>
#include <stdint.h>

#include "dhcp/server.h"
#include "dhcp/v6_server.h"
#include "lib/base/ip.h"
#include "lib/node/wire.h"

/* How one network boots, and from where. */
struct pxe_site {
        struct ip_address edge; /* our address on the client's network */
        uint16_t http_port;
        enum boot_protocol protocol; /* of the script and all that it names */
        bool reload_ipxe;            /* an iPXE that is not ours loads ours first */
        bool is_tls;                 /* UEFI HTTP Boot goes by HTTPS */
        uint16_t https_port;         /* of the edge; 0: it serves none at this address */
};

enum pxe_answer_kind {
        PXE_ANSWER_NONE,   /* nothing to boot: the client did not ask, or we have nothing for it */
        PXE_ANSWER_LOADER, /* a loader, by TFTP */
        PXE_ANSWER_SCRIPT, /* iPXE runs: the script of this machine */
        PXE_ANSWER_IMAGE,  /* UEFI HTTP Boot: the boot image, made for this machine */
        PXE_ANSWER_COUNT,
};

struct pxe_answer {
        enum pxe_answer_kind kind;
        const char *reason;    /* one sentence of ours, for log and timeline */
        struct dhcp_boot boot; /* all zero for PXE_ANSWER_NONE */
};

/* Our iPXE for BIOS; its name in the netboot package. */
#define PXE_LOADER_BIOS "undionly.kpxe"
/* Beside each path of an image stands its machine: firmware tells by the end what it is. */
#define PXE_IMAGE_FOLDER "boot/image/"
#define PXE_IMAGE_END    ".img"
/* Debian's signed shim. It asks for "grubx64.efi" from beside it by itself. */
#define PXE_LOADER_UEFI "shimx64.efi"

/* "http://10.77.0.1:65535/boot/ipxe/52-54-00-77-00-01" and its like, with NUL. */
#define PXE_URL_SIZE 128

/**
 * pxe_answer_make() - decide what this client boots
 * @request:  what it said of itself
 * @is_our_loader:  this MAC was just given our own iPXE, whole: what speaks now is that one
 *
 * A client that runs no firmware of ours to boot (no option 93, no iPXE) is told nothing.
 */
void pxe_answer_make(const struct dhcp_message *request, bool is_our_loader,
                     const struct pxe_site *site, struct pxe_answer *ret);

struct pxe_answer6 {
        enum pxe_answer_kind kind;
        const char *reason;     /* as above */
        struct dhcp6_boot boot; /* all zero for PXE_ANSWER_NONE */
};

/* The same over IPv6 (RFC 5970), from the same table: a URL that names our address of IPv6.
 * @mac: of the card, which a script is named after; all zero: not known, and there is none. */
void pxe_answer_make6(const struct dhcp6_message *request, const struct mac_address *mac,
                      const struct pxe_site *site, struct pxe_answer6 *ret);

/* Firmware or a loader asks: something that boots, not a running system. */
bool pxe_is_boot_client(const struct dhcp_options *options);
bool pxe_is_boot_client6(const struct dhcp6_options *options);

/**
 * pxe_url_write() - the address of something that we serve
 * @path:  "boot/ipxe/52-54-00-77-00-01", "assets/vmlinuz": no slash at its start
 *
 * Return: 0, or -EMSGSIZE; @to is then "".
 */
int pxe_url_write(const struct pxe_site *site, const char *path, char to[static PXE_URL_SIZE]);

/* "52-54-00-77-00-01". Returns @to. */
const char *pxe_mac_text(char to[static MAC_TEXT_SIZE], const struct mac_address *mac);
