/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cpu: /proc/cpuinfo for what it is, /sys/devices/system/cpu for how it hangs
 * together. A core is one (package, die, core id): core ids repeat from package
 * to package, and CPU 0 may be offline.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/cpulist.h"
#include "discover/probe.h"
#include "discover/tables_linux.h"
#include "lib/base/text.h"

#define CACHES_MAX 16 /* index0.. of one CPU */

static const struct {
        const char *name, *field; /* of x86's cpuinfo */
        bool is_number;
} fields[] = {
        {"vendor",    "vendor_id",  false},
        {"model",     "model name", false},
        {"family",    "cpu family", true },
        {"model_id",  "model",      true },
        {"stepping",  "stepping",   true },
        {"microcode", "microcode",  false},
};

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

struct core {
        uint64_t package, die, core;
};

struct topology {
        struct tree *tree;
        struct core *cores; /* one a thread that is online */
        size_t count, space;
        bool failed;
};

static void take_cpu(void *context, unsigned number)
{
        struct topology *t = context;
        struct core core = {0};

        if (t->count == t->space || t->failed) {
                t->failed = true;
                return;
        }
        /* Offline CPUs have no topology. */
        if (!tree_number(t->tree, &core.core, "sys/devices/system/cpu/cpu%u/topology/core_id",
                         number))
                return;
        (void)tree_number(t->tree, &core.package,
                          "sys/devices/system/cpu/cpu%u/topology/physical_package_id", number);
        (void)tree_number(t->tree, &core.die, "sys/devices/system/cpu/cpu%u/topology/die_id",
                          number);
        t->cores[t->count++] = core;
}

static int compare_cores(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct core));
}

static void count_topology(struct topology *t, struct doc *section)
{
        size_t packages = 0, dies = 0, cores = 0;

        /* Sorted by bytes: equal ones stand together, and no order is needed beyond that. */
        qsort(t->cores, t->count, sizeof(*t->cores), compare_cores);
        for (size_t i = 0; i < t->count; i++) {
                const struct core *c = &t->cores[i], *before = i > 0 ? c - 1 : NULL;
                const bool new_package = !before || before->package != c->package;
                const bool new_die = new_package || before->die != c->die;

                packages += new_package;
                dies += new_die;
                cores += new_die || before->core != c->core;
        }
        (void)doc_set_number(section, "packages", (int64_t)packages);
        (void)doc_set_number(section, "dies", (int64_t)dies);
        (void)doc_set_number(section, "cores", (int64_t)cores);
        (void)doc_set_number(section, "threads", (int64_t)t->count);
}

static void take_topology(struct probe_context *context)
{
        _free_ struct core *cores = calloc(CPULIST_MAX, sizeof(*cores));
        struct topology t = {.tree = context->tree, .cores = cores, .space = CPULIST_MAX};
        char text[TREE_LINE_SIZE];
        int present = 0;

        if (!cores)
                return;
        if (tree_line(context->tree, text, "sys/devices/system/cpu/present"))
                present = cpulist_parse(text, take_cpu, &t);
        if (present <= 0 || t.count == 0) {
                probe_error(context, "the kernel shows no CPU topology");
                return;
        }
        count_topology(&t, context->section);
        (void)doc_set_number(context->section, "present", present);
        if (tree_line(context->tree, text, "sys/devices/system/node/online"))
                (void)doc_set_number(context->section, "numa_nodes",
                                     cpulist_parse(text, NULL, NULL));
}

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

static void take_flags(struct probe_context *context, const char *cpuinfo)
{
        _free_ char *flags = malloc(CPU_FLAGS_SIZE);
        struct doc *list;
        char *save = NULL;

        if (!flags || !cpuinfo_field(cpuinfo, "flags", flags, CPU_FLAGS_SIZE))
                return;
        (void)doc_set_text(context->section, "isa_level", isa_level(flags));
        if (cpu_flags_have(flags, "vmx") || cpu_flags_have(flags, "svm"))
                (void)doc_set_text(context->section, "virtualisation",
                                   cpu_flags_have(flags, "vmx") ? "vmx" : "svm");
        list = doc_list();
        for (const char *flag = strtok_r(flags, " ", &save); flag;
             flag = strtok_r(NULL, " ", &save))
                (void)doc_append_text(list, flag);
        (void)doc_set(context->section, "flags", list);
}

/* "32K", "1024K", "8M" */
static int64_t cache_size(const char *text)
{
        uint64_t size;

        return text_parse_size(text, &size) == 0 && size <= INT64_MAX ? (int64_t)size : 0;
}

/* Of the first CPU that is online: the others have the same, but for hybrid ones. */
static void take_caches(struct probe_context *context, unsigned cpu)
{
        struct doc *list = doc_list();
        char text[TREE_LINE_SIZE];

        for (unsigned i = 0; i < CACHES_MAX; i++) {
                struct doc *cache;
                uint64_t level;

                if (!tree_number(context->tree, &level,
                                 "sys/devices/system/cpu/cpu%u/cache/index%u/level", cpu, i))
                        break;
                cache = doc_object();
                (void)doc_set_number(cache, "level", (int64_t)level);
                if (tree_line(context->tree, text,
                              "sys/devices/system/cpu/cpu%u/cache/index%u/type", cpu, i)) {
                        text[0] = (char)tolower((unsigned char)text[0]);
                        (void)doc_set_text(cache, "type", text);
                }
                if (tree_line(context->tree, text,
                              "sys/devices/system/cpu/cpu%u/cache/index%u/size", cpu, i) &&
                    cache_size(text) > 0)
                        (void)doc_set_number(cache, "size", cache_size(text));
                if (tree_line(context->tree, text,
                              "sys/devices/system/cpu/cpu%u/cache/index%u/shared_cpu_list", cpu,
                              i)) {
                        const int shared = cpulist_parse(text, NULL, NULL);

                        if (shared > 0)
                                (void)doc_set_number(cache, "threads", shared);
                }
                (void)doc_append(list, cache);
        }
        (void)doc_set(context->section, "caches", list);
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

static void take_number(void *context, unsigned number)
{
        unsigned *first = context;

        if (number < *first)
                *first = number;
}

static unsigned first_online(struct tree *tree)
{
        char text[TREE_LINE_SIZE];
        unsigned first = CPULIST_MAX;

        if (tree_line(tree, text, "sys/devices/system/cpu/online"))
                (void)cpulist_parse(text, take_number, &first);
        return first == CPULIST_MAX ? 0 : first;
}

void probe_cpu(struct probe_context *context)
{
        const unsigned cpu = first_online(context->tree);
        _free_ char *cpuinfo = NULL;
        char text[TREE_LINE_SIZE];
        uint64_t khz, number;
        int rc;

        rc = tree_read(context->tree, "proc/cpuinfo", CPUINFO_MAX, &cpuinfo, NULL);
        if (rc < 0)
                probe_error(context, "/proc/cpuinfo: %s", strerror(-rc));
        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(fields); i++) {
                if (!cpuinfo_field(cpuinfo, fields[i].field, text, sizeof(text)))
                        continue;
                if (!fields[i].is_number)
                        (void)doc_set_text(context->section, fields[i].name, text);
                else if (text_parse_u64(text, INT64_MAX, &number) == 0)
                        (void)doc_set_number(context->section, fields[i].name, (int64_t)number);
        }
        take_topology(context);
        if (tree_number(context->tree, &khz,
                        "sys/devices/system/cpu/cpu%u/cpufreq/cpuinfo_max_freq", cpu))
                (void)doc_set_number(context->section, "max_mhz", (int64_t)(khz / 1000));
        if (tree_number(context->tree, &khz,
                        "sys/devices/system/cpu/cpu%u/cpufreq/cpuinfo_min_freq", cpu))
                (void)doc_set_number(context->section, "min_mhz", (int64_t)(khz / 1000));
        take_caches(context, cpu);
        take_vulnerabilities(context);
        if (cpuinfo)
                take_flags(context, cpuinfo);
}
