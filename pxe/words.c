/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stands in a boot script
 *
 * No language of a boot loader has a quoting that can be trusted: iPXE expands
 * ${name} everywhere, GRUB $name; "&&", "||", ";" and braces end or begin a
 * command, quotes and backslashes start more, and a line is a command. So
 * nothing is escaped here. A script is a list of lines of ours, into which only
 * *words* are put: letters, digits and a few marks that mean nothing to either.
 * A plan that holds anything else gives no script at all. A reason is a sentence
 * for people, and its other bytes become dots: it stands behind "echo" alone,
 * where a word is only shown.
 */
#include "pxe/words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A kernel that died, or whose init did, starts the machine anew, late enough to be read. */
#define PANIC      "panic=60"

#define WORD_MARKS "=,.:/_-+@%"

static bool is_word_byte(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c && strchr(WORD_MARKS, c));
}

bool pxe_is_words(const char *text, bool may_have_blanks)
{
        for (const char *c = text; *c; c++)
                if (!is_word_byte(*c) && !(may_have_blanks && *c == ' '))
                        return false;
        return true;
}

bool pxe_plan_is_writable(const struct boot_plan *plan, const struct pxe_script_facts *facts)
{
        if (boot_plan_check(plan) < 0 || !pxe_is_words(plan->boot, false) ||
            !pxe_is_words(plan->kernel_arguments, true))
                return false;
        if (!boot_action_runs_agent(plan->action))
                return true;
        return facts->kernel && asset_name_is_safe(facts->kernel) && facts->ramdisk &&
               asset_name_is_safe(facts->ramdisk);
}

void pxe_line_add(struct writer *w, const char *const words[])
{
        for (size_t i = 0; words[i]; i++) {
                if (i > 0)
                        writer_u8(w, ' ');
                writer_text(w, words[i]);
        }
        writer_u8(w, '\n');
}

void pxe_reason_add(struct writer *w, const char *reason)
{
        writer_text(w, " - ");
        for (const char *c = reason; *c; c++)
                writer_u8(w, is_word_byte(*c) || *c == ' ' ? (uint8_t)*c : '.');
}

void pxe_arguments_add(struct writer *w, const struct boot_plan *plan,
                       const struct pxe_script_facts *facts)
{
        /* The agent speaks HTTP however the loader came by its files. */
        const struct pxe_site edge = {.edge = facts->site.edge,
                                      .http_port = facts->site.http_port,
                                      .protocol = BOOT_PROTOCOL_HTTP};
        char edge_url[PXE_URL_SIZE], name[MAC_TEXT_SIZE], time[48];

        /* Address and port are ours and fixed in size: it fits, see PXE_URL_SIZE. */
        (void)pxe_url_write(&edge, "", edge_url);
        edge_url[strlen(edge_url) - 1] = '\0'; /* no slash at its end */

        writer_text(w, "rdinit=/init " PANIC " cloudie.boot=");
        writer_text(w, plan->boot);
        writer_text(w, " cloudie.edge=");
        writer_text(w, edge_url);
        writer_text(w, " BOOTIF=01-");
        writer_text(w, pxe_mac_text(name, &facts->mac));
        if (facts->time_s > 0) {
                snprintf(time, sizeof(time), " cloudie.time=%llu",
                         (unsigned long long)facts->time_s);
                writer_text(w, time);
        }
        if (plan->kernel_arguments[0]) {
                writer_u8(w, ' ');
                writer_text(w, plan->kernel_arguments);
        }
}

int pxe_script_finish(struct writer *w, char *to, size_t *ret_size)
{
        const ssize_t size = writer_size(w);

        if (size < 0 || size >= PXE_SCRIPT_SIZE) {
                to[0] = '\0';
                return -EMSGSIZE;
        }
        to[size] = '\0';
        *ret_size = (size_t)size;
        return 0;
}
