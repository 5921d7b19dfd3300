/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Words of /proc/cpuinfo
 *
 * x86 has names in clear. Arm has numbers out of the register MIDR_EL1, which the
 * makers hand out: here are those of machines that stand in racks, and some that lie
 * on desks. POWER, RISC-V and LoongArch have one word for the model, each another one.
 */
#include "discover/cpu_identity.h"

#include <string.h>

#include "discover/field.h"
#include "discover/tables_linux.h"
#include "lib/base/text.h"

#define ARM 0x41

/* A field may have several words for it: the first that is there counts. */
static const struct {
        const char *name, *field;
        bool is_number;
} identity[] = {
        {"vendor",    "vendor_id",  false},
        {"vendor",    "mvendorid",  false}, /* RISC-V: a number of JEDEC's */
        {"model",     "model name", false},
        {"model",     "Model Name", false}, /* LoongArch */
        {"model",     "uarch",      false}, /* RISC-V */
        {"model",     "cpu",        false}, /* POWER, SPARC */
        {"family",    "cpu family", true },
        {"model_id",  "model",      true },
        {"stepping",  "stepping",   true },
        {"microcode", "microcode",  false},
};

/* Arm Architecture Reference Manual, MIDR_EL1: Implementer. */
static const struct {
        uint8_t number;
        const char *name;
} implementers[] = {
        {ARM,  "ARM"      },
        {0x42, "Broadcom" },
        {0x43, "Cavium"   },
        {0x46, "Fujitsu"  },
        {0x48, "HiSilicon"},
        {0x4e, "NVIDIA"   },
        {0x50, "APM"      },
        {0x51, "Qualcomm" },
        {0x53, "Samsung"  },
        {0x56, "Marvell"  },
        {0x61, "Apple"    },
        {0x69, "Intel"    },
        {0x6d, "Microsoft"},
        {0x70, "Phytium"  },
        {0xc0, "Ampere"   },
};

/* PartNum of the same register, as each maker's manuals have it. */
static const struct {
        uint8_t implementer;
        uint16_t part;
        const char *name;
} parts[] = {
        {ARM,  0xc07, "Cortex-A7"       },
        {ARM,  0xc09, "Cortex-A9"       },
        {ARM,  0xc0f, "Cortex-A15"      },
        {ARM,  0xd03, "Cortex-A53"      },
        {ARM,  0xd04, "Cortex-A35"      },
        {ARM,  0xd05, "Cortex-A55"      },
        {ARM,  0xd07, "Cortex-A57"      },
        {ARM,  0xd08, "Cortex-A72"      },
        {ARM,  0xd09, "Cortex-A73"      },
        {ARM,  0xd0a, "Cortex-A75"      },
        {ARM,  0xd0b, "Cortex-A76"      },
        {ARM,  0xd0c, "Neoverse-N1"     },
        {ARM,  0xd0d, "Cortex-A77"      },
        {ARM,  0xd40, "Neoverse-V1"     },
        {ARM,  0xd41, "Cortex-A78"      },
        {ARM,  0xd42, "Cortex-A78AE"    },
        {ARM,  0xd44, "Cortex-X1"       },
        {ARM,  0xd46, "Cortex-A510"     },
        {ARM,  0xd47, "Cortex-A710"     },
        {ARM,  0xd48, "Cortex-X2"       },
        {ARM,  0xd49, "Neoverse-N2"     },
        {ARM,  0xd4a, "Neoverse-E1"     },
        {ARM,  0xd4b, "Cortex-A78C"     },
        {ARM,  0xd4d, "Cortex-A715"     },
        {ARM,  0xd4e, "Cortex-X3"       },
        {ARM,  0xd4f, "Neoverse-V2"     },
        {ARM,  0xd80, "Cortex-A520"     },
        {ARM,  0xd81, "Cortex-A720"     },
        {ARM,  0xd82, "Cortex-X4"       },
        {ARM,  0xd83, "Neoverse-V3AE"   },
        {ARM,  0xd84, "Neoverse-V3"     },
        {ARM,  0xd85, "Cortex-X925"     },
        {ARM,  0xd87, "Cortex-A725"     },
        {ARM,  0xd8e, "Neoverse-N3"     },
        {0x43, 0x0a1, "ThunderX"        },
        {0x43, 0x0af, "ThunderX2-99xx"  },
        {0x46, 0x001, "A64FX"           },
        {0x48, 0xd01, "Kunpeng-920"     },
        {0x4e, 0x004, "Carmel"          },
        {0x50, 0x000, "X-Gene"          },
        {0x51, 0xc00, "Falkor"          },
        {0x6d, 0xd49, "Azure-Cobalt-100"},
        {0x70, 0x662, "FTC662"          },
        {0x70, 0x663, "FTC663"          },
        {0xc0, 0xac3, "Ampere-1"        },
        {0xc0, 0xac4, "Ampere-1a"       },
};

/* Flags by several names: x86; Arm and LoongArch; s390; RISC-V. */
static const char *const flag_fields[] = {"flags", "Features", "features", "isa"};

static bool hex_field(const char *cpuinfo, const char *name, uint64_t max, uint64_t *ret)
{
        char text[24], padded[17] = "0000000000000000";
        uint8_t bytes[8];
        size_t digits;

        if (!cpuinfo_field(cpuinfo, name, text, sizeof(text)) || !text_has_prefix(text, "0x"))
                return false;
        digits = strlen(text + 2);
        if (digits == 0 || digits > 16)
                return false;
        memcpy(padded + 16 - digits, text + 2, digits);
        if (text_unhex(padded, bytes, sizeof(bytes)) < 0)
                return false;
        *ret = 0;
        for (size_t i = 0; i < sizeof(bytes); i++)
                *ret = *ret << 8 | bytes[i];
        return *ret <= max;
}

static void take_arm(const char *cpuinfo, struct doc *to)
{
        uint64_t implementer, part;

        if (!hex_field(cpuinfo, "CPU implementer", UINT8_MAX, &implementer) ||
            !hex_field(cpuinfo, "CPU part", UINT16_MAX, &part))
                return;
        for (size_t i = 0; i < ARRAY_SIZE(implementers); i++)
                if (implementers[i].number == implementer)
                        (void)doc_set_text(to, "vendor", implementers[i].name);
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                if (parts[i].implementer == implementer && parts[i].part == part)
                        (void)doc_set_text(to, "model", parts[i].name);
}

void cpu_identity_take(const char *cpuinfo, struct doc *to)
{
        char text[TREE_LINE_SIZE];
        uint64_t number;

        for (size_t i = 0; i < ARRAY_SIZE(identity); i++) {
                if (doc_get(to, identity[i].name) ||
                    !cpuinfo_field(cpuinfo, identity[i].field, text, sizeof(text)))
                        continue;
                if (!identity[i].is_number)
                        field_set_text(to, identity[i].name, text);
                else if (text_parse_u64(text, INT64_MAX, &number) == 0)
                        field_set_number(to, identity[i].name, number);
        }
        take_arm(cpuinfo, to);
}

bool cpu_flags_take(const char *cpuinfo, char *to, size_t size)
{
        for (size_t i = 0; i < ARRAY_SIZE(flag_fields); i++)
                if (cpuinfo_field(cpuinfo, flag_fields[i], to, size))
                        return true;
        return false;
}
