/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A boot entry of UEFI firmware (UEFI 2.10 3.1.3, 10.3): its name, and where it leads. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EFI_TEXT_SIZE 256 /* names are some 60 bytes; longer ones are cut */

enum efi_entry_kind {
        EFI_ENTRY_OTHER,
        EFI_ENTRY_DISK,
        EFI_ENTRY_NETWORK,
        EFI_ENTRY_FIRMWARE, /* a program inside the firmware: its menu, a shell */
};

struct efi_entry {
        bool is_active;
        enum efi_entry_kind kind;
        char name[EFI_TEXT_SIZE]; /* UTF-8 */
        char file[EFI_TEXT_SIZE]; /* "\EFI\debian\shimx64.efi"; "": none is named */
        char partition[37];       /* GUID in the GPT; "": none */
        char mac[18];             /* of the card; "": none */
        char url[EFI_TEXT_SIZE];  /* of HTTP boot; "": none */
        bool is_ipv6;             /* of a network entry */
};

/**
 * efi_entry_parse() - the value of a variable Boot####, without its attributes
 *
 * Parts of the path that are not known are skipped; behind one that makes no
 * sense nothing is read.
 *
 * Return: false if it is no load option.
 */
bool efi_entry_parse(const void *bytes, size_t size, struct efi_entry *ret);
