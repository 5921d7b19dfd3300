/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firmware: SMBIOS 0, how it booted, Secure Boot. */
#include <string.h>

#include "discover/probe.h"
#include "discover/smbios.h"
#include "discover/spcr.h"
#include "discover/tables_linux.h"
#include "lib/base/net.h"
#include "lib/base/text.h"

#define EFI_GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c" /* UEFI 3.3 */

/* clang-format off */
const struct field firmware_fields[] = {
        {.name = "vendor",      .kind = FIELD_TEXT, .help = "maker of the firmware"},
        {.name = "version",     .kind = FIELD_TEXT, .help = "its version"},
        {.name = "date",        .kind = FIELD_TEXT, .help = "its date, as the maker writes it"},
        {.name = "boot_mode",   .kind = FIELD_TEXT, .help = "uefi or bios"},
        {.name = "secure_boot", .kind = FIELD_BOOL, .help = "Secure Boot is on"},
        {.name = "setup_mode",  .kind = FIELD_BOOL, .help = "Secure Boot takes new keys from anybody"},
        {.name = "boot_mac",    .kind = FIELD_TEXT, .is_identity = true, .help = "of the card that was booted from"},
        {.name = "console",     .kind = FIELD_OBJECT, .inner = spcr_fields, .help = "serial console that the firmware redirects to (ACPI SPCR)"},
        {.name = "boot_order",   .kind = FIELD_TEXTS, .help = "UEFI: numbers of entries, the first is tried first"},
        {.name = "boot_current", .kind = FIELD_TEXT, .help = "UEFI: number of the entry that it booted by"},
        {.name = "boot_next",    .kind = FIELD_TEXT, .help = "UEFI: number of the entry for the next boot alone"},
        {.name = "boot_entries", .kind = FIELD_ITEMS, .inner = firmware_entry_fields, .help = "UEFI: an entry each"},
        {.name = NULL},
};
/* clang-format on */

static void take_bios(struct probe_context *context)
{
        struct smbios_structure s;
        struct reader table;

        if (smbios_read(context->tree, &table) < 0) {
                probe_set_text(context->tree, context->section, "vendor",
                               "sys/class/dmi/id/bios_vendor");
                probe_set_text(context->tree, context->section, "version",
                               "sys/class/dmi/id/bios_version");
                probe_set_text(context->tree, context->section, "date",
                               "sys/class/dmi/id/bios_date");
                return;
        }
        while (smbios_next(&table, &s) > 0) {
                if (s.type != SMBIOS_BIOS)
                        continue;
                smbios_set_string(context->section, "vendor", &s, 0x04);
                smbios_set_string(context->section, "version", &s, 0x05);
                smbios_set_string(context->section, "date", &s, 0x08);
                return;
        }
}

/* An EFI variable as efivarfs shows it: four bytes of attributes, then one byte of value. */
static bool efi_flag(struct tree *tree, const char *path, bool *ret)
{
        _free_ char *bytes = NULL;
        size_t size;

        if (tree_read(tree, path, 64, &bytes, &size) < 0 || size != 5)
                return false;
        *ret = bytes[4] == 1;
        return true;
}

static void take_secure_boot(struct probe_context *context)
{
        bool is_on, is_setup;

        if (efi_flag(context->tree, "sys/firmware/efi/efivars/SecureBoot-" EFI_GLOBAL, &is_on))
                (void)doc_set_bool(context->section, "secure_boot", is_on);
        else
                probe_error(context, "Secure Boot: the EFI variables cannot be read");
        if (efi_flag(context->tree, "sys/firmware/efi/efivars/SetupMode-" EFI_GLOBAL, &is_setup))
                (void)doc_set_bool(context->section, "setup_mode", is_setup);
}

static void take_boot_interface(struct probe_context *context)
{
        char text[MAC_TEXT_SIZE];
        struct mac_address mac;

        if (boot_mac_read(context->tree, &mac))
                (void)doc_set_text(context->section, "boot_mac", mac_text(text, &mac));
}

/* Machines with a device tree have neither; a capture may lack what would tell. */
static const char *boot_mode(struct tree *tree)
{
        if (tree_has(tree, "sys/firmware/efi"))
                return "uefi";
        if (tree_has(tree, "sys/firmware/devicetree"))
                return NULL;
        if (tree_has(tree, "sys/firmware/acpi") || tree_has(tree, "sys/firmware/memmap"))
                return "bios";
        return tree_is_own(tree) ? "bios" : NULL;
}

static void take_console(struct probe_context *context)
{
        char table[SPCR_MAX];
        struct doc *console;
        size_t size;

        if (tree_read_into(context->tree, "sys/firmware/acpi/tables/SPCR", table, sizeof(table),
                           &size) < 0)
                return;
        console = doc_object();
        if (!spcr_parse(table, size, console))
                probe_error(context, "the ACPI table SPCR makes no sense");
        (void)doc_set(context->section, "console", console);
}

void probe_firmware(struct probe_context *context)
{
        const char *mode = boot_mode(context->tree);

        take_bios(context);
        (void)doc_set_text(context->section, "boot_mode", mode);
        if (mode && strcmp(mode, "uefi") == 0)
                take_secure_boot(context);
        take_boot_interface(context);
        take_console(context);
}
