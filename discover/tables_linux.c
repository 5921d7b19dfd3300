/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/tables_linux.h"

#include <errno.h>
#include <string.h>

#include "discover/field.h"
#include "discover/tree.h"
#include "lib/base/text.h"

int smbios_read(struct tree *tree, struct reader *ret)
{
        const char *bytes;
        size_t size;
        int rc;

        rc = tree_borrow(tree, SMBIOS_TABLE_PATH, SMBIOS_TABLE_MAX, &bytes, &size);
        if (rc < 0)
                return rc;
        *ret = smbios_table(bytes, size);
        return 0;
}

int cpuinfo_read(struct tree *tree, const char **ret)
{
        return tree_borrow(tree, "proc/cpuinfo", CPUINFO_MAX, ret, NULL);
}

bool cpuinfo_field(const char *cpuinfo, const char *name, char *to, size_t size)
{
        const size_t len = strlen(name);

        to[0] = '\0';
        for (const char *line = cpuinfo; *line && *line != '\n';) {
                const size_t end = strcspn(line, "\n");
                size_t len_of_value;

                if (strncmp(line, name, len) == 0 && strspn(line + len, "\t ") > 0 &&
                    line[len + strspn(line + len, "\t ")] == ':') {
                        const char *value = line + len + strspn(line + len, "\t ") + 1;

                        value += strspn(value, " ");
                        if (value > line + end)
                                return false;
                        len_of_value = (size_t)(line + end - value);
                        while (len_of_value > 0 && value[len_of_value - 1] == ' ')
                                len_of_value--;
                        return text_copy_bytes(to, size, value, len_of_value) == 0 && to[0];
                }
                line += end;
                line += *line == '\n';
        }
        return false;
}

bool cpu_flags_have(const char *flags, const char *flag)
{
        const size_t len = strlen(flag);

        for (const char *at = flags; *at; at += strcspn(at, " "), at += strspn(at, " "))
                if (strcspn(at, " ") == len && strncmp(at, flag, len) == 0)
                        return true;
        return false;
}

bool cpu_has_flag(struct tree *tree, const char *flag)
{
        char flags[CPU_FLAGS_SIZE];
        const char *cpuinfo;

        return cpuinfo_read(tree, &cpuinfo) == 0 &&
               cpuinfo_field(cpuinfo, "flags", flags, sizeof(flags)) && cpu_flags_have(flags, flag);
}

void smbios_set_string(struct doc *to, const char *name, const struct smbios_structure *s,
                       size_t offset)
{
        char text[TREE_LINE_SIZE];

        if (smbios_string(s, offset, text, sizeof(text)))
                field_set_text(to, name, text);
}

bool boot_mac_read(struct tree *tree, struct mac_address *ret)
{
        const char *text, *at;
        char word[24];

        if (tree_borrow(tree, "proc/cmdline", COMMAND_LINE_MAX, &text, NULL) < 0)
                return false;
        at = strstr(text, "BOOTIF=01-");
        if (!at)
                return false;
        at += strlen("BOOTIF=01-");
        return text_copy_bytes(word, sizeof(word), at, strcspn(at, " \n")) == 0 &&
               mac_parse(word, ret) == 0;
}
