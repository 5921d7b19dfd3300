/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boot plan -> GRUB script
 *
 * Lines of ours with words in them, see pxe/words.c. GRUB's configuration is a
 * loop that sources the plan of this machine; a plan either boots something and
 * never returns, or returns, and is asked for again 5 seconds later. So a
 * machine may wait for days, and nothing of its waiting piles up in GRUB.
 *
 * GRUB in the boot image (UEFI HTTP Boot) has no configuration but the script of its
 * machine, which was put into that image for it. What would ask again there restarts
 * the machine.
 *
 * A failed command of a script is an error on the screen and the next line;
 * hence the "if" around what must not go on.
 */
#include "pxe/script_grub.h"

#include <errno.h>
#include <string.h>

#include "pxe/words.h"

/* What makes a disk one that UEFI starts, in the order of our liking: the name for firmware that
 * knows no entry (Debian's installers and ours put a shim there), then what systems have besides.
 */
static const char *const disk_loaders[] = {
        "/EFI/BOOT/BOOTX64.EFI",
        "/EFI/debian/shimx64.efi",
        "/EFI/ubuntu/shimx64.efi",
        "/EFI/Microsoft/Boot/bootmgfw.efi",
};

/* "(tftp,10.77.0.1)/", of the files that we serve */
struct server {
        char text[IP_TEXT_SIZE + 16];
};

static struct server server_of(const struct pxe_site *site)
{
        struct server server;
        struct writer w = writer_over(server.text, sizeof(server.text) - 1);
        char ip[IP_TEXT_SIZE];

        writer_text(&w, "(tftp,");
        writer_text(&w, ip_text(ip, site->edge));
        writer_text(&w, ")/");
        server.text[writer_size(&w)] = '\0'; /* an address is short: it fits */
        return server;
}

/* @files: "(tftp,10.77.0.1)/", or "($image)/" */
static void add_path(struct writer *w, const char *files, const char *folder, const char *name)
{
        writer_u8(w, ' ');
        writer_text(w, files);
        writer_text(w, folder);
        writer_text(w, name);
}

/*
 * The partition that we installed, among all that GRUB sees, by its GUID; and none but that. When
 * it is not there the script ends, and is asked for again: another disk that boots may hold what
 * this machine was before, or somebody else's system. Of copies of one disk the first is taken, as
 * a mirror's halves are such copies; but the screen says so.
 */
static void add_installed(struct writer *w, const struct uuid *esp)
{
        char text[UUID_TEXT_SIZE];

        uuid_text(text, esp);
        PXE_LINE(w, "set esp=");
        PXE_LINE(w, "for disk in (hd*,gpt*); do");
        PXE_LINE(w, "set uuid=");
        PXE_LINE(w, "if probe --set=uuid --part-uuid $disk; then true ; fi");
        writer_text(w, "if [ \"$uuid\" = \"");
        writer_text(w, text);
        PXE_LINE(w, "\" ]; then");
        PXE_LINE(w, "if [ -z \"$esp\" ]; then set esp=$disk ; else");
        PXE_LINE(w, "echo Cloudie: $disk is a copy of $esp - it is left alone ; fi");
        PXE_LINE(w, "fi");
        PXE_LINE(w, "done");
        PXE_LINE(w, "if [ -n \"$esp\" ]; then");
        /* What is chain-loaded is told that it came from $root, and looks there for more. */
        PXE_LINE(w, "set root=$esp");
        for (size_t i = 0; i < sizeof(disk_loaders) / sizeof(disk_loaders[0]); i++) {
                writer_text(w, "if [ -e $esp");
                writer_text(w, disk_loaders[i]);
                writer_text(w, " ]; then if chainloader $esp");
                writer_text(w, disk_loaders[i]);
                PXE_LINE(w, "; then boot ; fi ; fi");
        }
        PXE_LINE(w, "echo Cloudie: nothing on $esp starts");
        writer_text(w, "else echo Cloudie: the installed disk is missing: no partition has GUID ");
        PXE_LINE(w, text);
        PXE_LINE(w, "fi");
}

/* What starts on any disk. The image's own loader has these names, too, and would load itself for
 * ever: it is a disk without partitions, and a pattern with a comma leaves it out. */
static void add_any_partition(struct writer *w)
{
        for (size_t i = 0; i < sizeof(disk_loaders) / sizeof(disk_loaders[0]); i++) {
                PXE_LINE(w, "for disk in (hd*,*); do");
                writer_text(w, "if [ -e $disk");
                writer_text(w, disk_loaders[i]);
                PXE_LINE(w, " ]; then");
                PXE_LINE(w, "set root=$disk");
                writer_text(w, "if chainloader $disk");
                writer_text(w, disk_loaders[i]);
                PXE_LINE(w, "; then boot ; fi");
                PXE_LINE(w, "fi");
                PXE_LINE(w, "done");
        }
}

static void add_any_disk(struct writer *w)
{
        for (size_t i = 0; i < sizeof(disk_loaders) / sizeof(disk_loaders[0]); i++) {
                PXE_LINE(w, "if search --no-floppy --file --set=root", disk_loaders[i], "; then");
                PXE_LINE(w, "if chainloader", disk_loaders[i], "; then boot ; fi");
                PXE_LINE(w, "fi");
        }
}

/* GRUB's own "exit" ends in the firmware's menu on some machines: only where nothing else is left.
 */
static void add_disk(struct writer *w, const struct boot_plan *plan, bool is_image)
{
        writer_text(w, "echo Cloudie: boot from the disk");
        if (plan->reason[0])
                pxe_reason_add(w, plan->reason);
        writer_u8(w, '\n');
        if (uuid_is_set(&plan->esp)) {
                add_installed(w, &plan->esp);
                return;
        }
        if (is_image)
                add_any_partition(w);
        else
                add_any_disk(w);
        PXE_LINE(w, "exit");
}

static void add_agent(struct writer *w, const struct boot_plan *plan,
                      const struct pxe_script_facts *facts, bool is_image)
{
        const struct server server = server_of(&facts->site);
        const char *files = is_image ? "($image)/" : server.text;
        const char *folder = is_image ? "" : "assets/";

        PXE_LINE(w,
                 plan->action == BOOT_INSTALL ? "echo Cloudie: install, boot"
                                              : "echo Cloudie: discovery, boot",
                 plan->boot);
        writer_text(w, "if linux");
        add_path(w, files, folder, facts->kernel);
        writer_u8(w, ' ');
        pxe_arguments_add(w, plan, facts);
        PXE_LINE(w, " ; then");
        writer_text(w, "if initrd");
        add_path(w, files, folder, facts->ramdisk);
        add_path(w, files, folder, PXE_SITE_FILE);
        PXE_LINE(w, " ; then boot ; fi");
        PXE_LINE(w, "fi");
}

int pxe_grub_configuration_write(const struct pxe_site *site, char to[static PXE_SCRIPT_SIZE],
                                 size_t *ret_size)
{
        const struct server server = server_of(site);
        struct writer w = writer_over(to, PXE_SCRIPT_SIZE);

        PXE_LINE(&w, "while true; do");
        writer_text(&w, "source");
        add_path(&w, server.text, "boot/grub/", "$net_default_mac");
        PXE_LINE(&w, "");
        PXE_LINE(&w, "echo Cloudie: asking again in 5 seconds");
        PXE_LINE(&w, "sleep 5");
        PXE_LINE(&w, "done");
        return pxe_script_finish(&w, to, ret_size);
}

/* 0, or -EINVAL: @plan is none of ours. */
static int add_plan(struct writer *w, const struct boot_plan *plan,
                    const struct pxe_script_facts *facts, bool is_image)
{
        switch (plan->action) {
        case BOOT_DISK:
                add_disk(w, plan, is_image);
                return 0;
        case BOOT_DISCOVER:
        case BOOT_INSTALL:
                add_agent(w, plan, facts, is_image);
                return 0;
        case BOOT_ASK_AGAIN:
                PXE_LINE(w, "echo Cloudie: no plan yet");
                return 0;
        case BOOT_ACTION_COUNT:
                break;
        }
        return -EINVAL;
}

int pxe_grub_script_write(const struct boot_plan *plan, const struct pxe_script_facts *facts,
                          char to[static PXE_SCRIPT_SIZE], size_t *ret_size)
{
        struct writer w = writer_over(to, PXE_SCRIPT_SIZE);

        to[0] = '\0';
        if (!pxe_plan_is_writable(plan, facts) || add_plan(&w, plan, facts, false) < 0)
                return -EINVAL;
        return pxe_script_finish(&w, to, ret_size);
}

int pxe_grub_image_write(const struct boot_plan *plan, const struct pxe_script_facts *facts,
                         char to[static PXE_SCRIPT_SIZE], size_t *ret_size)
{
        struct writer w = writer_over(to, PXE_SCRIPT_SIZE);

        to[0] = '\0';
        if (!pxe_plan_is_writable(plan, facts))
                return -EINVAL;
        /* What GRUB began from; the search for a disk sets root anew. */
        PXE_LINE(&w, "set image=$root");
        if (add_plan(&w, plan, facts, true) < 0) {
                to[0] = '\0';
                return -EINVAL;
        }
        PXE_LINE(&w, "echo Cloudie: asking again in 10 seconds, by a restart");
        PXE_LINE(&w, "sleep 10");
        PXE_LINE(&w, "reboot");
        return pxe_script_finish(&w, to, ret_size);
}
