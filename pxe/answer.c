/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Architecture -> loader
 *
 * Firmware says what it is in option 93; iPXE says so in option 175 or 77. All
 * else about firmware is rumour, so that the table below has a row for each
 * number and quirks are kept out until a machine proves one.
 *
 * No option says whether Secure Boot is on. So every UEFI machine gets what
 * starts with it and without: Debian's signed shim, which loads Debian's signed
 * GRUB from beside it; an iPXE in its card, too, as its "exit" does not end at
 * the disk there.
 *
 * UEFI HTTP Boot (architectures from 15 on) loads one file: an image of a disk,
 * which has shim, GRUB, kernel and ramdisk in it, and the script of this machine,
 * as Debian's signed GRUB speaks no HTTP. By HTTPS it does where the network says
 * so; then nothing but HTTPS is named, or whoever spoofs DHCP would choose.
 *
 * The MAC that boots is put into the name of the script: the loader asks for
 * its own script by name, and nobody has to guess from a source address who is
 * asking.
 */
#include "pxe/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

#define UEFI_LATER "this kind of UEFI boot comes with a later release"
#define UEFI_SHIM  "UEFI: Debian's signed shim, then its signed GRUB"
#define UEFI_IMAGE "UEFI HTTP Boot: the boot image"

struct architecture_row {
        uint16_t architecture;
        bool loads_image;
        bool runs_ipxe;     /* an iPXE that runs there gets a script: all else its loader */
        const char *loader; /* NULL: none yet, or an image */
        const char *reason;
};

/* IANA "Processor Architecture Types". */
/* clang-format off */
static const struct architecture_row architectures[] = {
        {DHCP_ARCH_BIOS,            false, true,  PXE_LOADER_BIOS, "BIOS: our iPXE"},
        {DHCP_ARCH_EFI_IA32,        false, false, NULL,            UEFI_LATER},
        {DHCP_ARCH_EFI_BC,          false, false, PXE_LOADER_UEFI, UEFI_SHIM},
        {DHCP_ARCH_EFI_X86_64,      false, false, PXE_LOADER_UEFI, UEFI_SHIM},
        {DHCP_ARCH_EFI_ARM32,       false, false, NULL,            UEFI_LATER},
        {DHCP_ARCH_EFI_ARM64,       false, false, NULL,            UEFI_LATER},
        {DHCP_ARCH_EFI_HTTP_IA32,   false, false, NULL,            UEFI_LATER},
        {DHCP_ARCH_EFI_HTTP_X86_64, true,  false, NULL,            UEFI_IMAGE},
        {DHCP_ARCH_EFI_HTTP_ARM32,  false, false, NULL,            UEFI_LATER},
        {DHCP_ARCH_EFI_HTTP_ARM64,  false, false, NULL,            UEFI_LATER},
};
/* clang-format on */

static const struct architecture_row unknown = {
        .reason = "its architecture (option 93) is not one that we know",
};

static const struct architecture_row *architecture_find(uint16_t architecture)
{
        for (size_t i = 0; i < sizeof(architectures) / sizeof(architectures[0]); i++)
                if (architectures[i].architecture == architecture)
                        return &architectures[i];
        return &unknown;
}

const char *pxe_mac_text(char to[static MAC_TEXT_SIZE], const struct mac_address *mac)
{
        mac_text(to, mac);
        for (char *c = to; *c; c++)
                if (*c == ':')
                        *c = '-';
        return to;
}

int pxe_url_write(const struct pxe_site *site, const char *path, char to[static PXE_URL_SIZE])
{
        char edge[IP_URL_TEXT_SIZE];
        int n;

        ip_url_text(edge, site->edge);
        if (site->protocol == BOOT_PROTOCOL_TFTP)
                n = snprintf(to, PXE_URL_SIZE, "tftp://%s/%s", edge, path);
        else if (site->http_port == 80)
                n = snprintf(to, PXE_URL_SIZE, "http://%s/%s", edge, path);
        else
                n = snprintf(to, PXE_URL_SIZE, "http://%s:%u/%s", edge, site->http_port, path);
        if (n >= 0 && n < PXE_URL_SIZE)
                return 0;
        to[0] = '\0';
        return -EMSGSIZE;
}

/* By HTTP or HTTPS, whatever the network's protocol is. False: the edge cannot. */
static bool image_url_write(const struct pxe_site *site, const struct mac_address *mac,
                            char to[static PXE_URL_SIZE])
{
        const uint16_t port = site->is_tls ? site->https_port : site->http_port;
        char edge[IP_URL_TEXT_SIZE], name[MAC_TEXT_SIZE], port_text[8] = "";
        int n;

        to[0] = '\0';
        if (port == 0)
                return false;
        if (port != (site->is_tls ? 443 : 80))
                snprintf(port_text, sizeof(port_text), ":%u", port);
        n = snprintf(to, PXE_URL_SIZE, "%s://%s%s/" PXE_IMAGE_FOLDER "%s" PXE_IMAGE_END,
                     site->is_tls ? "https" : "http", ip_url_text(edge, site->edge), port_text,
                     pxe_mac_text(name, mac));
        return n > 0 && n < PXE_URL_SIZE; /* fixed in size: see there */
}

bool pxe_is_boot_client(const struct dhcp_options *options)
{
        return dhcp_options_is_pxe(options) || dhcp_options_is_http(options) ||
               dhcp_options_is_ipxe(options);
}

static void answer_none(const char *reason, struct pxe_answer *ret)
{
        *ret = (struct pxe_answer){.kind = PXE_ANSWER_NONE, .reason = reason};
}

static void answer_loader(const struct pxe_site *site, const struct architecture_row *row,
                          bool is_ipxe, struct pxe_answer *ret)
{
        *ret = (struct pxe_answer){
                .kind = PXE_ANSWER_LOADER,
                .reason = is_ipxe && row->runs_ipxe
                                  ? "an iPXE that is not ours: this network has it load ours first"
                                  : row->reason,
        };
        ret->boot.next_server = ip_to4(site->edge);
        ret->boot.has_no_proxy = is_ipxe;
        (void)text_copy(ret->boot.file, sizeof(ret->boot.file), row->loader);
        if (is_ipxe)
                return;
        /* A PXE ROM takes the offer of who calls itself PXEClient, and must not go on to look for
         * boot servers (PXE 2.1, 2.2.3). iPXE wants neither. */
        (void)text_copy(ret->boot.vendor_class, sizeof(ret->boot.vendor_class), "PXEClient");
        dhcp_boot_skip_discovery(&ret->boot);
}

static void answer_script(const struct pxe_site *site, const struct mac_address *mac,
                          struct pxe_answer *ret)
{
        char path[32 + MAC_TEXT_SIZE], name[MAC_TEXT_SIZE], url[PXE_URL_SIZE];

        *ret = (struct pxe_answer){.kind = PXE_ANSWER_SCRIPT, .reason = "iPXE runs: its script"};
        ret->boot.next_server = ip_to4(site->edge);
        ret->boot.has_no_proxy = true;
        snprintf(path, sizeof(path), "boot/ipxe/%s", pxe_mac_text(name, mac));
        /* Address, port and MAC are ours and fixed in size: the URL fits, see PXE_URL_SIZE. */
        (void)pxe_url_write(site, path, url);
        (void)text_copy(ret->boot.file, sizeof(ret->boot.file), url);
}

#define NO_HTTPS "this network boots by HTTPS, which this edge does not serve at its address there"

static void answer_image(const struct pxe_site *site, const struct architecture_row *row,
                         const struct mac_address *mac, struct pxe_answer *ret)
{
        char url[PXE_URL_SIZE];

        if (!image_url_write(site, mac, url)) {
                answer_none(NO_HTTPS, ret);
                return;
        }
        *ret = (struct pxe_answer){.kind = PXE_ANSWER_IMAGE, .reason = row->reason};
        ret->boot.next_server = ip_to4(site->edge);
        (void)text_copy(ret->boot.vendor_class, sizeof(ret->boot.vendor_class), "HTTPClient");
        (void)text_copy(ret->boot.file, sizeof(ret->boot.file), url);
}

void pxe_answer_make(const struct dhcp_message *request, bool is_our_loader,
                     const struct pxe_site *site, struct pxe_answer *ret)
{
        const struct dhcp_options *options = &request->options;
        const bool is_ipxe = dhcp_options_is_ipxe(options);
        const struct architecture_row *row;

        if (!pxe_is_boot_client(options)) {
                answer_none("not a boot client", ret);
                return;
        }

        /* RFC 4578 2.1 demands option 93; without it a PXE client is an old BIOS. */
        row = architecture_find(options->has_architecture ? options->architecture
                                                          : (uint16_t)DHCP_ARCH_BIOS);
        if (row->loads_image)
                answer_image(site, row, &request->mac, ret);
        else if (!row->loader)
                answer_none(row->reason, ret);
        else if (is_ipxe && row->runs_ipxe && (is_our_loader || !site->reload_ipxe))
                answer_script(site, &request->mac, ret);
        else
                answer_loader(site, row, is_ipxe, ret);
}

/* ---- DHCPv6 ---- */

bool pxe_is_boot_client6(const struct dhcp6_options *options)
{
        return dhcp6_options_is_pxe(options) || dhcp6_options_is_http(options) ||
               dhcp6_options_is_ipxe(options);
}

static void answer_script6(const struct pxe_site *site, const struct mac_address *mac,
                           struct pxe_answer6 *ret)
{
        char path[32 + MAC_TEXT_SIZE], name[MAC_TEXT_SIZE], url[PXE_URL_SIZE];

        *ret = (struct pxe_answer6){.kind = PXE_ANSWER_SCRIPT, .reason = "iPXE runs: its script"};
        snprintf(path, sizeof(path), "boot/ipxe/%s", pxe_mac_text(name, mac));
        (void)pxe_url_write(site, path, url); /* fixed in size: see PXE_URL_SIZE */
        (void)text_copy(ret->boot.url, sizeof(ret->boot.url), url);
}

/* GRUB, which the shim loads, reads by TFTP alone, whatever the network's protocol. */
static void answer_loader6(const struct pxe_site *site, const struct architecture_row *row,
                           struct pxe_answer6 *ret)
{
        const struct pxe_site by_tftp = {.edge = site->edge, .protocol = BOOT_PROTOCOL_TFTP};
        char url[PXE_URL_SIZE];

        *ret = (struct pxe_answer6){.kind = PXE_ANSWER_LOADER, .reason = row->reason};
        (void)pxe_url_write(&by_tftp, row->loader, url);
        (void)text_copy(ret->boot.url, sizeof(ret->boot.url), url);
}

/* Firmware knows the offer by option 16 (UEFI 2.10 24.7.3.1). */
static void answer_image6(const struct pxe_site *site, const struct architecture_row *row,
                          const struct mac_address *mac, struct pxe_answer6 *ret)
{
        char url[PXE_URL_SIZE];

        if (!image_url_write(site, mac, url)) {
                ret->reason = NO_HTTPS;
                return;
        }
        *ret = (struct pxe_answer6){.kind = PXE_ANSWER_IMAGE, .reason = row->reason};
        (void)text_copy(ret->boot.url, sizeof(ret->boot.url), url);
        (void)text_copy(ret->boot.vendor_class, sizeof(ret->boot.vendor_class), "HTTPClient");
}

void pxe_answer_make6(const struct dhcp6_message *request, const struct mac_address *mac,
                      const struct pxe_site *site, struct pxe_answer6 *ret)
{
        const struct dhcp6_options *options = &request->options;
        const struct architecture_row *row = architecture_find(
                options->has_architecture ? options->architecture : (uint16_t)DHCP_ARCH_BIOS);

        *ret = (struct pxe_answer6){.kind = PXE_ANSWER_NONE, .reason = row->reason};
        if (!pxe_is_boot_client6(options))
                ret->reason = "not a boot client";
        else if (!mac_is_usable(mac))
                ret->reason = "nothing tells the MAC of its card, which its script is named after";
        else if (!ip_is_set(site->edge))
                ret->reason = "we have no address of IPv6 that it could fetch from";
        else if (row->loads_image)
                answer_image6(site, row, mac, ret);
        else if (row->loader && dhcp6_options_is_ipxe(options) && row->runs_ipxe)
                answer_script6(site, mac, ret);
        else if (row->loader)
                answer_loader6(site, row, ret);
}
