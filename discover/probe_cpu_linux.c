/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cpu: /proc/cpuinfo for what it is, /sys/devices/system/cpu for what it does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/cpu_identity.h"
#include "discover/cpu_sockets.h"
#include "discover/cpu_topology.h"
#include "discover/cpulist.h"
#include "discover/probe.h"
#include "discover/tables_linux.h"
#include "lib/base/text.h"

#define LIST_MAX        ((size_t)64 << 10)
#define FREQUENCIES_MAX 256 /* CPUs that are asked for theirs: two files each */

/* clang-format off */
static const struct field kind_fields[] = {
        {.name = "kind",    .kind = FIELD_TEXT,   .help = "performance, efficient, low-power"},
        {.name = "threads", .kind = FIELD_NUMBER, .help = "threads of this kind"},
        {.name = NULL},
};

const struct field cpu_fields[] = {
        {.name = "vendor",     .kind = FIELD_TEXT,   .help = "GenuineIntel, AuthenticAMD, ARM, ..."},
        {.name = "model",      .kind = FIELD_TEXT,   .help = "name of the processor"},
        {.name = "family",     .kind = FIELD_NUMBER, .help = "as CPUID tells it"},
        {.name = "model_id",   .kind = FIELD_NUMBER, .help = "as CPUID tells it"},
        {.name = "stepping",   .kind = FIELD_NUMBER, .help = "as CPUID tells it"},
        {.name = "microcode",  .kind = FIELD_TEXT,   .help = "revision of the first CPU's microcode"},
        {.name = "packages",   .kind = FIELD_NUMBER, .help = "processors in sockets"},
        {.name = "dies",       .kind = FIELD_NUMBER, .help = "dies in all packages"},
        {.name = "cores",      .kind = FIELD_NUMBER, .help = "cores in all packages"},
        {.name = "threads",    .kind = FIELD_NUMBER, .help = "CPUs that are online"},
        {.name = "present",    .kind = FIELD_NUMBER, .help = "CPUs that are there, online or not"},
        {.name = "numa_nodes", .kind = FIELD_NUMBER, .help = "NUMA nodes that are online"},
        {.name = "topology",   .kind = FIELD_ITEMS,  .inner = cpu_package_fields, .help = "a package each"},
        {.name = "sockets",    .kind = FIELD_ITEMS,  .inner = cpu_socket_fields, .help = "a socket each, empty ones too, as the firmware tells"},
        {.name = "kinds",      .kind = FIELD_ITEMS,  .inner = kind_fields, .help = "of a hybrid processor"},
        {.name = "smt",        .kind = FIELD_TEXT,   .file = "sys/devices/system/cpu/smt/control",
         .help = "on, off, forceoff, notsupported: more than one thread a core"},
        {.name = "min_mhz",    .kind = FIELD_NUMBER, .help = "lowest frequency"},
        {.name = "base_mhz",   .kind = FIELD_NUMBER, .help = "frequency that all cores keep"},
        {.name = "max_mhz",    .kind = FIELD_NUMBER, .help = "highest frequency"},
        {.name = "caches",     .kind = FIELD_ITEMS,  .inner = cpu_cache_fields, .help = "a kind each"},
        {.name = "isa_level",  .kind = FIELD_TEXT,   .help = "x86-64-v1 to x86-64-v4"},
        {.name = "virtualisation", .kind = FIELD_TEXT, .help = "vmx or svm"},
        {.name = "nested_paging",  .kind = FIELD_TEXT, .help = "ept or npt"},
        {.name = "iommu",      .kind = FIELD_BOOL,   .help = "the kernel uses an IOMMU"},
        {.name = "vulnerabilities", .kind = FIELD_MAP, .help = "what the kernel does against each"},
        {.name = "flags",      .kind = FIELD_TEXTS,  .help = "as in /proc/cpuinfo"},
        {.name = NULL},
};
/* clang-format on */

/* The ABI's levels: System V x86-64 psABI, table 3.1; flags as the kernel names them. */
static const struct {
        const char *name;
        const char *const flags[12];
} levels[] = {
        {"x86-64-v1", {"lm", "cmov", "cx8", "fpu", "fxsr", "mmx", "syscall", "sse", "sse2"}  },
        {"x86-64-v2", {"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"}      },
        {"x86-64-v3", {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}},
        {"x86-64-v4", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}            },
};

static const char *isa_level(const char *flags)
{
        const char *level = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
                for (size_t j = 0; j < ARRAY_SIZE(levels[i].flags) && levels[i].flags[j]; j++)
                        if (!cpu_flags_have(flags, levels[i].flags[j]))
                                return level;
                level = levels[i].name;
        }
        return level;
}

static void set_flag_name(struct doc *to, const char *name, const char *flags, const char *intel,
                          const char *amd)
{
        if (cpu_flags_have(flags, intel))
                (void)doc_set_text(to, name, intel);
        else if (cpu_flags_have(flags, amd))
                (void)doc_set_text(to, name, amd);
}

static void take_flags(struct probe_context *context, const char *cpuinfo)
{
        _free_ char *flags = malloc(CPU_FLAGS_SIZE);
        struct doc *list;
        char *save = NULL;

        if (!flags || !cpu_flags_take(cpuinfo, flags, CPU_FLAGS_SIZE))
                return;
        (void)doc_set_text(context->section, "isa_level", isa_level(flags));
        set_flag_name(context->section, "virtualisation", flags, "vmx", "svm");
        set_flag_name(context->section, "nested_paging", flags, "ept", "npt");
        list = doc_list();
        for (const char *flag = strtok_r(flags, " ", &save); flag;
             flag = strtok_r(NULL, " ", &save))
                field_append_text(list, flag);
        (void)doc_set(context->section, "flags", list);
}

static void take_vulnerabilities(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        struct doc *object;
        char text[TREE_LINE_SIZE];

        if (tree_list(context->tree, "sys/devices/system/cpu/vulnerabilities", &names) < 0)
                return;
        object = doc_object();
        for (size_t i = 0; i < names.count; i++)
                if (tree_line(context->tree, text, "sys/devices/system/cpu/vulnerabilities/%s",
                              names.names[i]))
                        (void)doc_set_text(object, names.names[i], text);
        (void)doc_set(context->section, "vulnerabilities", object);
}

/* "Intel(R) Xeon(R) CPU X7550 @ 2.00GHz": what the maker sells it as. 0: it does not say. */
static int64_t mhz_in_model(const char *model)
{
        const char *at = model ? strstr(model, "@ ") : NULL;
        char whole[4], hundredths[3];
        uint64_t ghz, rest;

        at = at ? at + strlen("@ ") : "";
        if (text_copy_bytes(whole, sizeof(whole), at, strcspn(at, ".")) < 0)
                return 0;
        at += strcspn(at, ".");
        if (!*at ||
            text_copy_bytes(hundredths, sizeof(hundredths), at + 1, strcspn(at + 1, "G")) < 0 ||
            strlen(hundredths) != 2 || strcmp(at + 3, "GHz") != 0 ||
            text_parse_u64(whole, 100, &ghz) < 0 || text_parse_u64(hundredths, 99, &rest) < 0)
                return 0;
        return (int64_t)(ghz * 1000 + rest * 10);
}

/* Cores differ in what they can, and not only those of another kind: some are chosen for more. */
static void take_range(struct probe_context *context)
{
        unsigned cpus[FREQUENCIES_MAX];
        const size_t count = cpu_some_online(context->tree, cpus, FREQUENCIES_MAX);
        uint64_t khz, lowest = UINT64_MAX, highest = 0;

        for (size_t i = 0; i < count; i++) {
                if (!tree_number(context->tree, &khz,
                                 "sys/devices/system/cpu/cpu%u/cpufreq/cpuinfo_max_freq", cpus[i]))
                        break;
                highest = khz > highest ? khz : highest;
                if (tree_number(context->tree, &khz,
                                "sys/devices/system/cpu/cpu%u/cpufreq/cpuinfo_min_freq", cpus[i]))
                        lowest = khz < lowest ? khz : lowest;
        }
        if (lowest != UINT64_MAX)
                field_set_number(context->section, "min_mhz", lowest / 1000);
        if (highest > 0)
                field_set_number(context->section, "max_mhz", highest / 1000);
}

static void take_base(struct probe_context *context, unsigned cpu)
{
        const char *model = doc_get_text(context->section, "model");
        uint64_t number;

        if (tree_number(context->tree, &number,
                        "sys/devices/system/cpu/cpu%u/cpufreq/base_frequency", cpu))
                field_set_number(context->section, "base_mhz", number / 1000);
        else if (tree_number(context->tree, &number,
                             "sys/devices/system/cpu/cpu%u/acpi_cppc/nominal_freq", cpu) &&
                 number > 0)
                field_set_number(context->section, "base_mhz", number);
        else if (mhz_in_model(model) > 0)
                (void)doc_set_number(context->section, "base_mhz", mhz_in_model(model));
}

/* Hybrid processors: the kernel has a performance counter unit for each kind of core. */
static void take_kinds(struct probe_context *context)
{
        static const struct {
                const char *kind, *path;
        } kinds[] = {
                {"performance", "sys/devices/cpu_core/cpus"    },
                {"efficient",   "sys/devices/cpu_atom/cpus"    },
                {"low-power",   "sys/devices/cpu_lowpower/cpus"},
        };
        struct doc *list = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                _free_ char *text = NULL;
                struct doc *kind;
                int threads;

                if (tree_read(context->tree, kinds[i].path, LIST_MAX, &text, NULL) < 0)
                        continue;
                threads = cpulist_read(text, NULL, NULL);
                if (threads <= 0)
                        continue;
                kind = doc_object();
                (void)doc_set_text(kind, "kind", kinds[i].kind);
                (void)doc_set_number(kind, "threads", threads);
                if (!list)
                        list = doc_list();
                (void)doc_append(list, kind);
        }
        (void)doc_set(context->section, "kinds", list);
}

/* By the list, or in a capture without it by their folders. */
static int count_nodes(struct tree *tree)
{
        _names_ struct tree_names names = {0};
        _free_ char *text = NULL;
        int nodes = 0;

        if (tree_read(tree, "sys/devices/system/node/online", LIST_MAX, &text, NULL) == 0)
                return cpulist_read(text, NULL, NULL);
        (void)tree_list(tree, "sys/devices/system/node", &names);
        for (size_t i = 0; i < names.count; i++)
                nodes += text_has_prefix(names.names[i], "node");
        return nodes;
}

static void take_nodes(struct probe_context *context)
{
        const int nodes = count_nodes(context->tree);
        _names_ struct tree_names iommus = {0};

        if (nodes > 0)
                (void)doc_set_number(context->section, "numa_nodes", nodes);
        if (tree_list(context->tree, "sys/class/iommu", &iommus) == 0)
                (void)doc_set_bool(context->section, "iommu", iommus.count > 0);
}

static void take_cpuinfo(struct probe_context *context, const char *cpuinfo)
{
        cpu_identity_take(cpuinfo, context->section);
        take_flags(context, cpuinfo);
}

void probe_cpu(struct probe_context *context)
{
        const char *cpuinfo;
        int rc;

        rc = cpuinfo_read(context->tree, &cpuinfo);
        if (rc < 0)
                probe_error(context, "/proc/cpuinfo: %s", strerror(-rc));
        else
                take_cpuinfo(context, cpuinfo);
        cpu_topology_take(context);
        cpu_sockets_take(context);
        take_nodes(context);
        take_kinds(context);
        fields_read(context->tree, ".", cpu_fields, context->section);
        take_range(context);
        take_base(context, cpu_first_online(context->tree));
        cpu_caches_take(context);
        take_vulnerabilities(context);
}
