/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boot plan -> iPXE script
 *
 * Lines of ours with words in them, see pxe/words.c. Every failure of a command
 * ends at ":again": the machine waits and asks for its script anew, so that a
 * server that was away for a while strands nobody.
 */
#include "pxe/script.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pxe/words.h"

/*
 * A BIOS goes on to its next boot device when its network boot gives up. The
 * iPXE of a card returns to the BIOS; one that we loaded returns to the card's
 * PXE ROM, and that to the BIOS.
 */
static void add_disk(struct writer *w, const struct boot_plan *plan)
{
        writer_text(w, "echo Cloudie: boot from the disk");
        if (plan->reason[0])
                pxe_reason_add(w, plan->reason);
        writer_u8(w, '\n');
        PXE_LINE(w, "exit");
}

/* The end of each script that does not end in the machine's own disk. */
static void add_again(struct writer *w, const struct pxe_script_facts *facts)
{
        char name[MAC_TEXT_SIZE], path[32 + MAC_TEXT_SIZE], url[PXE_URL_SIZE];

        snprintf(path, sizeof(path), "boot/ipxe/%s", pxe_mac_text(name, &facts->mac));
        (void)pxe_url_write(&facts->site, path, url);
        PXE_LINE(w, ":again");
        PXE_LINE(w, "echo Cloudie: asking again in 5 seconds");
        PXE_LINE(w, "sleep 5");
        PXE_LINE(w, "chain --replace", url, "|| goto again");
}

static int add_agent(struct writer *w, const struct boot_plan *plan,
                     const struct pxe_script_facts *facts)
{
        const char *const files[] = {facts->kernel, facts->ramdisk, PXE_SITE_FILE};
        char urls[3][PXE_URL_SIZE], path[16 + WIRE_NAME_SIZE];

        for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                snprintf(path, sizeof(path), "assets/%s", files[i]);
                if (pxe_url_write(&facts->site, path, urls[i]) < 0)
                        return -EINVAL;
        }

        PXE_LINE(w,
                 plan->action == BOOT_INSTALL ? "echo Cloudie: install, boot"
                                              : "echo Cloudie: discovery, boot",
                 plan->boot);
        PXE_LINE(w, "imgfree");
        PXE_LINE(w, "kernel --name", facts->kernel, urls[0], "|| goto again");
        PXE_LINE(w, "initrd --name", facts->ramdisk, urls[1], "|| goto again");
        PXE_LINE(w, "initrd --name", PXE_SITE_FILE, urls[2], "|| goto again");
        writer_text(w, "imgargs ");
        writer_text(w, facts->kernel);
        writer_text(w, " initrd=");
        writer_text(w, facts->ramdisk);
        writer_text(w, " initrd=" PXE_SITE_FILE " ");
        pxe_arguments_add(w, plan, facts);
        PXE_LINE(w, " || goto again");
        PXE_LINE(w, "boot || goto again");
        return 0;
}

int pxe_script_write(const struct boot_plan *plan, const struct pxe_script_facts *facts,
                     char to[static PXE_SCRIPT_SIZE], size_t *ret_size)
{
        struct writer w = writer_over(to, PXE_SCRIPT_SIZE);
        int rc = 0;

        to[0] = '\0';
        if (!pxe_plan_is_writable(plan, facts))
                return -EINVAL;

        PXE_LINE(&w, "#!ipxe");
        switch (plan->action) {
        case BOOT_DISK:
                add_disk(&w, plan);
                return pxe_script_finish(&w, to, ret_size);
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
        return pxe_script_finish(&w, to, ret_size);
}
