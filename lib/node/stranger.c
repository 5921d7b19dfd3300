/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/stranger.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/node/plan.h"

#define WORD_MAX 64

static const struct {
        enum boot_architecture architecture;
        const char *name;
} architectures[] = {
        {ARCH_BIOS,             "bios"            },
        {ARCH_UEFI_IA32,        "uefi-ia32"       },
        {ARCH_UEFI_X86_64,      "uefi-x86-64"     },
        {ARCH_UEFI_X86_64_BC,   "uefi-x86-64"     },
        {ARCH_UEFI_ARM64,       "uefi-arm64"      },
        {ARCH_UEFI_X86_64_HTTP, "uefi-x86-64-http"},
        {ARCH_UEFI_ARM64_HTTP,  "uefi-arm64-http" },
};

const char *architecture_text(char to[static ARCHITECTURE_TEXT_SIZE], uint32_t architecture)
{
        snprintf(to, ARCHITECTURE_TEXT_SIZE, "architecture-%u", architecture % 100000);
        for (size_t i = 0; i < ARRAY_SIZE(architectures); i++)
                if ((uint32_t)architectures[i].architecture == architecture)
                        (void)text_copy(to, ARCHITECTURE_TEXT_SIZE, architectures[i].name);
        return to;
}

static void clean_class(char to[static STRANGER_CLASS_SIZE], const char *class)
{
        size_t n = 0;

        for (; class[n] && n < STRANGER_CLASS_SIZE - 1; n++)
                to[n] = (char)(class[n] >= ' ' && class[n] < 0x7f ? class[n] : '.');
        while (n > 0 && to[n - 1] == ' ')
                n--;
        to[n] = '\0';
}

const char *stranger_text(char to[static EVENT_TEXT_SIZE], const struct stranger *stranger)
{
        char class[STRANGER_CLASS_SIZE], uuid[UUID_TEXT_SIZE];

        clean_class(class, stranger->class);
        snprintf(to, EVENT_TEXT_SIZE, "network=%s firmware=%u ipxe=%s uuid=%s class=%s",
                 stranger->subnet, stranger->architecture, stranger->is_ipxe ? "yes" : "no",
                 uuid_text(uuid, &stranger->uuid), class);
        return to;
}

/* "NAME=WORD " at the text's beginning; the text then begins behind it. */
static int take_word(const char **text, const char *name, char to[static WORD_MAX])
{
        const size_t name_size = strlen(name);
        size_t size;

        if (strncmp(*text, name, name_size) != 0 || (*text)[name_size] != '=')
                return -EBADMSG;
        *text += name_size + 1;
        size = strcspn(*text, " ");
        if (text_copy_bytes(to, WORD_MAX, *text, size) < 0 || (*text)[size] != ' ')
                return -EBADMSG;
        *text += size + 1;
        return 0;
}

int stranger_parse(const char *text, struct stranger *ret)
{
        struct stranger s = {0};
        char subnet[WORD_MAX], firmware[WORD_MAX], ipxe[WORD_MAX], uuid[WORD_MAX];
        uint64_t architecture;

        if (take_word(&text, "network", subnet) < 0 || take_word(&text, "firmware", firmware) < 0 ||
            take_word(&text, "ipxe", ipxe) < 0 || take_word(&text, "uuid", uuid) < 0 ||
            !text_has_prefix(text, "class="))
                return -EBADMSG;
        if (text_copy(s.subnet, sizeof(s.subnet), subnet) < 0 ||
            text_parse_u64(firmware, UINT16_MAX, &architecture) < 0 ||
            uuid_parse(uuid, &s.uuid) < 0)
                return -EBADMSG;
        s.architecture = (uint32_t)architecture;
        s.is_ipxe = text_is_equal(ipxe, "yes");
        clean_class(s.class, text + strlen("class="));
        *ret = s;
        return 0;
}
