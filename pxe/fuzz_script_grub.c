/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan as JSON, as it comes from the controller; whatever it says, GRUB gets our lines only. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/node/plan.h"
#include "pxe/script_grub.h"

/* Nothing of a plan is expanded, ends a word's command, or groups: what of these marks there is
 * stands in lines of ours. */
static void check_byte(char c)
{
        if (c == '\n' || (c >= ' ' && c <= '~' && !strchr("$&|\\\"'`{}<>*?#[]!~^", c)))
                return;
        abort();
}

/* Each line begins with a word of ours, and is one command. */
static void check_line(const char *line, size_t size)
{
        static const struct {
                const char *start;
                size_t semicolons;
        } lines[] = {
                {"echo Cloudie: ",                                0},
                {"if linux (tftp,",                               1},
                {"if initrd (tftp,",                              2},
                {"if search --no-floppy --file --set=root /EFI/", 1},
                {"if chainloader /EFI/",                          2},
                {"fi\n",                                          0},
                {"exit\n",                                        0},
        };
        size_t semicolons = 0;

        for (size_t i = 0; i < size; i++)
                semicolons += line[i] == ';';
        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
                if (strncmp(line, lines[i].start, strlen(lines[i].start)) == 0 &&
                    semicolons == lines[i].semicolons)
                        return;
        abort();
}

/* In the image the same is refused, and what of a plan stands in it is the kernel's line, with the
 * same words, and the reason's. */
static void check_image(const struct boot_plan *plan, const struct pxe_script_facts *facts,
                        const char *script)
{
        const char *end = " rdinit=", *ours, *theirs;
        char image[PXE_SCRIPT_SIZE];
        size_t size = 0;

        if (pxe_grub_image_write(plan, facts, image, &size) < 0)
                abort();
        if (strlen(image) != size || image[size - 1] != '\n' ||
            strncmp(image, "set image=$root\necho Cloudie: ", 29) != 0)
                abort();
        ours = strstr(script, end);
        theirs = strstr(image, end);
        if ((ours == NULL) != (theirs == NULL) ||
            (ours && strncmp(ours, theirs, strcspn(ours, "\n")) != 0))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct pxe_script_facts facts = {
                .site = {.http_port = 80}, .kernel = "vmlinuz", .ramdisk = "discovery.initrd"};
        struct boot_plan plan = {0};
        char script[PXE_SCRIPT_SIZE];
        size_t script_size = 0, lines = 0;

        if (doc_decode_text(&boot_plan_table, (const char *)data, size, &doc_limits_message, NULL,
                            &plan) < 0)
                return 0;
        if (pxe_grub_script_write(&plan, &facts, script, &script_size) < 0) {
                if (pxe_grub_image_write(&plan, &facts, script, &script_size) == 0)
                        abort();
                return 0;
        }
        if (strlen(script) != script_size || script[script_size - 1] != '\n')
                abort();
        for (const char *line = script; *line; line = strchr(line, '\n') + 1, lines++)
                check_line(line, strcspn(line, "\n"));
        for (size_t i = 0; i < script_size; i++)
                check_byte(script[i]);
        if (lines > 14)
                abort();
        check_image(&plan, &facts, script);
        return 0;
}
