/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boot plan -> iPXE script
 *
 * iPXE's language has no quoting that can be trusted: ${name} is expanded
 * everywhere, "&&", "||" and ";" end a command, quotes and backslashes start
 * more, and a line is a command. So nothing is escaped here. A script is a list
 * of lines of ours, into which only *words* are put: letters, digits and a few
 * marks that mean nothing to iPXE. A plan that holds anything else gives no
 * script at all. A reason is a sentence for people, and its other bytes become
 * dots: it stands behind "echo" alone, where a word is only shown.
 *
 * Every failure of a command ends at ":again": the machine waits and asks for
 * its script anew, so that a server that was away for a while strands nobody.
 */
#include "pxe/script.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/base/writer.h"

/* A kernel that died, or whose init did, starts the machine anew, late enough to be read. */
#define PANIC      "panic=60"

#define WORD_MARKS "=,.:/_-+@%"

static bool is_word_byte(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c && strchr(WORD_MARKS, c));
}

/* One word, or several with a blank between them. */
static bool is_words(const char *text, bool may_have_blanks)
{
        for (const char *c = text; *c; c++)
                if (!is_word_byte(*c) && !(may_have_blanks && *c == ' '))
                        return false;
        return true;
}

static int finish(struct writer *w, char *to, size_t *ret_size)
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

static void add_line(struct writer *w, const char *const words[])
{
        for (size_t i = 0; words[i]; i++) {
                if (i > 0)
                        writer_u8(w, ' ');
                writer_text(w, words[i]);
        }
        writer_u8(w, '\n');
}

#define LINE(w, ...) add_line(w, (const char *const[]){__VA_ARGS__, NULL})

/* iPXE expands nothing in it, and ends no command by it. */
static void add_reason(struct writer *w, const char *reason)
{
        writer_text(w, " - ");
        for (const char *c = reason; *c; c++)
                writer_u8(w, is_word_byte(*c) || *c == ' ' ? (uint8_t)*c : '.');
}

/*
 * A BIOS goes on to its next boot device when its network boot gives up. The
 * iPXE of a card returns to the BIOS; one that we loaded returns to the card's
 * PXE ROM, and that to the BIOS.
 */
static void add_disk(struct writer *w, const struct boot_plan *plan)
{
        writer_text(w, "echo Cloudie: boot from the disk");
        if (plan->reason[0])
                add_reason(w, plan->reason);
        writer_u8(w, '\n');
        LINE(w, "exit");
}

/* The end of each script that does not end in the machine's own disk. */
static void add_again(struct writer *w, const struct pxe_script_facts *facts)
{
        char name[MAC_TEXT_SIZE], path[32 + MAC_TEXT_SIZE], url[PXE_URL_SIZE];

        snprintf(path, sizeof(path), "boot/ipxe/%s", pxe_mac_text(name, &facts->mac));
        (void)pxe_url_write(&facts->site, path, url);
        LINE(w, ":again");
        LINE(w, "echo Cloudie: asking again in 5 seconds");
        LINE(w, "sleep 5");
        LINE(w, "chain --replace", url, "|| goto again");
}

static int add_agent(struct writer *w, const struct boot_plan *plan,
                     const struct pxe_script_facts *facts)
{
        const struct pxe_site edge = {.edge = facts->site.edge,
                                      .http_port = facts->site.http_port,
                                      .protocol = BOOT_PROTOCOL_HTTP};
        const char *const files[] = {facts->kernel, facts->ramdisk, PXE_SITE_FILE};
        char urls[3][PXE_URL_SIZE], edge_url[PXE_URL_SIZE], path[16 + WIRE_NAME_SIZE];
        char name[MAC_TEXT_SIZE];

        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                if (!files[i] || !asset_name_is_safe(files[i]))
                        return -EINVAL;
                snprintf(path, sizeof(path), "assets/%s", files[i]);
                if (pxe_url_write(&facts->site, path, urls[i]) < 0)
                        return -EINVAL;
        }
        /* The agent speaks HTTP however the loader came by its files. */
        if (pxe_url_write(&edge, "", edge_url) < 0)
                return -EINVAL;
        edge_url[strlen(edge_url) - 1] = '\0'; /* no slash at its end */

        LINE(w,
             plan->action == BOOT_INSTALL ? "echo Cloudie: install, boot"
                                          : "echo Cloudie: discovery, boot",
             plan->boot);
        LINE(w, "imgfree");
        LINE(w, "kernel --name", facts->kernel, urls[0], "|| goto again");
        LINE(w, "initrd --name", facts->ramdisk, urls[1], "|| goto again");
        LINE(w, "initrd --name", PXE_SITE_FILE, urls[2], "|| goto again");
        writer_text(w, "imgargs ");
        writer_text(w, facts->kernel);
        writer_text(w, " initrd=");
        writer_text(w, facts->ramdisk);
        writer_text(w, " initrd=" PXE_SITE_FILE " rdinit=/init " PANIC " cloudie.boot=");
        writer_text(w, plan->boot);
        writer_text(w, " cloudie.edge=");
        writer_text(w, edge_url);
        writer_text(w, " BOOTIF=01-");
        writer_text(w, pxe_mac_text(name, &facts->mac));
        if (facts->time_s > 0) {
                char time[48];

                snprintf(time, sizeof(time), " cloudie.time=%llu",
                         (unsigned long long)facts->time_s);
                writer_text(w, time);
        }
        if (plan->kernel_arguments[0]) {
                writer_u8(w, ' ');
                writer_text(w, plan->kernel_arguments);
        }
        LINE(w, " || goto again");
        LINE(w, "boot || goto again");
        return 0;
}

int pxe_script_write(const struct boot_plan *plan, const struct pxe_script_facts *facts,
                     char to[static PXE_SCRIPT_SIZE], size_t *ret_size)
{
        struct writer w = writer_over(to, PXE_SCRIPT_SIZE);
        int rc = 0;

        to[0] = '\0';
        if (boot_plan_check(plan) < 0 || !is_words(plan->boot, false) ||
            !is_words(plan->kernel_arguments, true))
                return -EINVAL;

        LINE(&w, "#!ipxe");
        switch (plan->action) {
        case BOOT_DISK:
                add_disk(&w, plan);
                return finish(&w, to, ret_size);
        case BOOT_DISCOVER:
        case BOOT_INSTALL:
                rc = add_agent(&w, plan, facts);
                break;
        case BOOT_ASK_AGAIN:
                break;
        case BOOT_ACTION_COUNT:
                rc = -EINVAL;
                break;
        }
        if (rc < 0) {
                to[0] = '\0';
                return rc;
        }
        add_again(&w, facts);
        return finish(&w, to, ret_size);
}

int pxe_script_write_ask_again(const struct pxe_script_facts *facts,
                               char to[static PXE_SCRIPT_SIZE], size_t *ret_size)
{
        static const struct boot_plan plan = {.action = BOOT_ASK_AGAIN};

        return pxe_script_write(&plan, facts, to, ret_size);
}
