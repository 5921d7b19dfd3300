/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan as JSON, as it comes from the controller; whatever it says, the script has our lines only.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/node/plan.h"
#include "pxe/script.h"

static void check_byte(char c)
{
        if (c == '\n' || (c >= ' ' && c <= '~' && !strchr("$&;\\\"'`(){}<>*?", c)))
                return;
        abort();
}

/* Each line begins with a word of ours. */
static void check_line(const char *line)
{
        static const char *const starts[] = {
                "#!ipxe\n",
                "echo Cloudie: ",
                "imgfree\n",
                "kernel --name ",
                "initrd --name ",
                "imgargs ",
                "boot || goto again\n",
                ":again\n",
                "sleep 5\n",
                "chain --replace ",
                "exit\n",
        };

        for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
                if (strncmp(line, starts[i], strlen(starts[i])) == 0)
                        return;
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
        if (pxe_script_write(&plan, &facts, script, &script_size) < 0)
                return 0;
        if (strlen(script) != script_size || script[script_size - 1] != '\n')
                abort();
        for (const char *line = script; *line; line = strchr(line, '\n') + 1, lines++)
                check_line(line);
        for (size_t i = 0; i < script_size; i++)
                check_byte(script[i]);
        if (lines > 13)
                abort();
        return 0;
}
