/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Topology of CPUs
 *
 * Each CPU tells which ones it shares a core, a die, a package or a cache with.
 * Numbers of cores repeat, even inside of a package, and so nothing is counted by
 * them: what is counted are the groups, and a group is read once, at the first of
 * its CPUs. A machine of 4096 threads is some thousands of reads instead of
 * hundreds of thousands.
 */
#include "discover/cpu_topology.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "discover/cpulist.h"
#include "lib/base/text.h"

#define CACHES_MAX   16 /* index0.. of one CPU */
#define CACHE_KINDS  32 /* level, type, size: of hybrid processors twice as many as of others */
#define PACKAGES_MAX 256
#define LIST_MAX     ((size_t)64 << 10) /* 8192 CPUs, each by itself */

/* clang-format off */
const struct field cpu_package_fields[] = {
        {.name = "package",   .kind = FIELD_NUMBER, .help = "number of the package"},
        {.name = "dies",      .kind = FIELD_NUMBER, .help = "dies in it"},
        {.name = "cores",     .kind = FIELD_NUMBER, .help = "cores in it with a thread that is online"},
        {.name = "threads",   .kind = FIELD_NUMBER, .help = "threads of it that are online"},
        {.name = "microcode", .kind = FIELD_TEXT,   .help = "revision of its microcode"},
        {.name = NULL},
};

const struct field cpu_cache_fields[] = {
        {.name = "level",     .kind = FIELD_NUMBER, .help = "1, 2, 3, 4"},
        {.name = "type",      .kind = FIELD_TEXT,   .help = "data, instruction, unified"},
        {.name = "size",      .kind = FIELD_NUMBER, .help = "bytes of one"},
        {.name = "threads",   .kind = FIELD_NUMBER, .help = "threads that share one"},
        {.name = "instances", .kind = FIELD_NUMBER, .help = "how many there are"},
        {.name = "ways",      .kind = FIELD_NUMBER, .file = "ways_of_associativity", .help = "associativity"},
        {.name = "line",      .kind = FIELD_NUMBER, .file = "coherency_line_size", .help = "bytes of a line"},
        {.name = NULL},
};
/* clang-format on */

struct cpus {
        uint16_t count;
        uint16_t at[CPULIST_MAX];
};

static void add_cpu(void *context, unsigned number)
{
        struct cpus *cpus = context;

        if (cpus->count < CPULIST_MAX)
                cpus->at[cpus->count++] = (uint16_t)number;
}

/* A file NAME_list, or NAME with the same as a map. False: none of them. */
static bool read_cpus(struct tree *tree, const char *name, struct cpus *ret)
{
        char path[TREE_PATH_MAX];
        char *text = NULL;
        int rc;

        ret->count = 0;
        snprintf(path, sizeof(path), "%s_list", name);
        rc = tree_read(tree, path, LIST_MAX, &text, NULL);
        if (rc == 0) {
                rc = cpulist_read(text, add_cpu, ret);
        } else if (tree_read(tree, name, LIST_MAX, &text, NULL) == 0) {
                rc = cpumap_parse(text, add_cpu, ret);
        }
        free(text);
        return rc >= 0 && ret->count > 0;
}

/* A capture may lack the lists: a CPU's folder is then what tells that it is there. */
static bool listed_cpus(struct tree *tree, struct cpus *ret)
{
        _names_ struct tree_names names = {0};
        uint64_t number;

        ret->count = 0;
        if (tree_list(tree, "sys/devices/system/cpu", &names) < 0)
                return false;
        for (size_t i = 0; i < names.count; i++)
                if (text_has_prefix(names.names[i], "cpu") &&
                    text_parse_u64(names.names[i] + strlen("cpu"), CPULIST_MAX - 1, &number) == 0)
                        add_cpu(ret, (unsigned)number);
        return ret->count > 0;
}

static bool online_cpus(struct tree *tree, struct cpus *ret)
{
        static const char *const paths[] = {"sys/devices/system/cpu/online",
                                            "sys/devices/system/cpu/present"};

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
                _free_ char *text = NULL;

                ret->count = 0;
                if (tree_read(tree, paths[i], LIST_MAX, &text, NULL) == 0 &&
                    cpulist_read(text, add_cpu, ret) > 0)
                        return true;
        }
        return listed_cpus(tree, ret);
}

unsigned cpu_first_online(struct tree *tree)
{
        _free_ struct cpus *cpus = malloc(sizeof(*cpus));

        return cpus && online_cpus(tree, cpus) ? cpus->at[0] : 0;
}

size_t cpu_some_online(struct tree *tree, unsigned *ret, size_t max)
{
        _free_ struct cpus *cpus = malloc(sizeof(*cpus));
        size_t count;

        if (!cpus || !online_cpus(tree, cpus))
                return 0;
        count = cpus->count < max ? cpus->count : max;
        for (size_t i = 0; i < count; i++)
                ret[i] = cpus->at[i * cpus->count / count];
        return count;
}

/* Which group of a kind each CPU is in; 0: not known yet. */
struct groups {
        uint16_t of[CPULIST_MAX];
        uint16_t count;
};

/* The group of @cpu, read if no CPU before it was in it. 0: the kernel tells none. */
static uint16_t group_of(struct tree *tree, struct groups *groups, const char *kind, unsigned cpu,
                         struct cpus *scratch)
{
        char path[TREE_PATH_MAX];

        if (cpu >= CPULIST_MAX || groups->of[cpu] != 0)
                return cpu < CPULIST_MAX ? groups->of[cpu] : 0;
        snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/%s", cpu, kind);
        if (!read_cpus(tree, path, scratch))
                return 0;
        groups->count++;
        for (size_t i = 0; i < scratch->count; i++)
                groups->of[scratch->at[i]] = groups->count;
        groups->of[cpu] = groups->count;
        return groups->count;
}

/* A core's and a package's CPUs have new names since Linux 5.3, and some captures no others. */
static uint16_t renamed_group_of(struct tree *tree, struct groups *groups,
                                 const char *const kinds[2], unsigned cpu, struct cpus *scratch)
{
        const uint16_t group = group_of(tree, groups, kinds[0], cpu, scratch);

        return group != 0 ? group : group_of(tree, groups, kinds[1], cpu, scratch);
}

struct package {
        uint64_t number;
        unsigned first, dies, cores, threads;
};

struct topology {
        struct cpus online, scratch;
        struct groups cores, dies, packages;
        struct package package[PACKAGES_MAX];
};

static void take_cpu(struct tree *tree, struct topology *t, unsigned cpu)
{
        static const char *const core_kinds[] = {"topology/thread_siblings", "topology/core_cpus"},
                                 *const package_kinds[] = {"topology/core_siblings",
                                                           "topology/package_cpus"};
        const uint16_t cores = t->cores.count, dies = t->dies.count;
        const uint16_t packages = t->packages.count;
        struct package *package;
        uint16_t in;

        if (renamed_group_of(tree, &t->cores, core_kinds, cpu, &t->scratch) == 0)
                return;
        in = renamed_group_of(tree, &t->packages, package_kinds, cpu, &t->scratch);
        if (in == 0 || in > PACKAGES_MAX)
                return;
        package = &t->package[in - 1];
        if (t->packages.count > packages) {
                package->first = cpu;
                if (!tree_number(tree, &package->number,
                                 "sys/devices/system/cpu/cpu%u/topology/physical_package_id", cpu))
                        package->number = in - 1U;
                /* Kernels before 5.3 know no dies: then a package is one. */
                package->dies =
                        group_of(tree, &t->dies, "topology/die_cpus", cpu, &t->scratch) == 0;
        } else if (t->dies.count > 0) {
                (void)group_of(tree, &t->dies, "topology/die_cpus", cpu, &t->scratch);
        }
        package->dies += t->dies.count - dies;
        package->cores += t->cores.count - cores;
        package->threads++;
}

static struct doc *package_doc(struct tree *tree, const struct package *package)
{
        struct doc *doc = doc_object();
        char text[TREE_LINE_SIZE];

        field_set_number(doc, "package", package->number);
        (void)doc_set_number(doc, "dies", package->dies);
        (void)doc_set_number(doc, "cores", package->cores);
        (void)doc_set_number(doc, "threads", package->threads);
        if (tree_line(tree, text, "sys/devices/system/cpu/cpu%u/microcode/version", package->first))
                field_set_text(doc, "microcode", text);
        return doc;
}

static void set_counts(struct probe_context *context, const struct topology *t)
{
        const size_t packages = t->packages.count < PACKAGES_MAX ? t->packages.count : PACKAGES_MAX;
        struct doc *list = doc_list();
        int64_t dies = 0, cores = 0, threads = 0;

        for (size_t i = 0; i < packages; i++) {
                dies += t->package[i].dies;
                cores += t->package[i].cores;
                threads += t->package[i].threads;
                (void)doc_append(list, package_doc(context->tree, &t->package[i]));
        }
        (void)doc_set_number(context->section, "packages", (int64_t)packages);
        (void)doc_set_number(context->section, "dies", dies);
        (void)doc_set_number(context->section, "cores", cores);
        (void)doc_set_number(context->section, "threads", threads);
        (void)doc_set(context->section, "topology", list);
}

void cpu_topology_take(struct probe_context *context)
{
        _free_ struct topology *t = calloc(1, sizeof(*t));
        _free_ char *text = NULL;
        int present = 0;

        if (!t)
                return;
        if (online_cpus(context->tree, &t->online))
                for (size_t i = 0; i < t->online.count; i++)
                        take_cpu(context->tree, t, t->online.at[i]);
        if (t->packages.count == 0) {
                probe_error(context, "the kernel shows no CPU topology");
                return;
        }
        set_counts(context, t);
        if (tree_read(context->tree, "sys/devices/system/cpu/present", LIST_MAX, &text, NULL) == 0)
                present = cpulist_read(text, NULL, NULL);
        if (present > 0)
                (void)doc_set_number(context->section, "present", present);
}

/* --------------------------------------------------------------- caches */

struct cache_kind {
        uint64_t level, size;
        char type[16];
        size_t threads, instances;
        char folder[64]; /* of the first one, for the rest of its fields */
};

struct caches {
        struct cpus online, scratch;
        struct cache_kind of_cpu[CACHES_MAX]; /* the ones that were first seen at this CPU */
        size_t of_cpu_count;
        struct groups seen[CACHES_MAX];
        struct cache_kind kinds[CACHE_KINDS];
        size_t count;
};

/* "32K", "1024K", "8M"; 0: not known */
static uint64_t cache_size(const char *text)
{
        uint64_t size;

        return text_parse_size(text, &size) == 0 && size <= INT64_MAX ? size : 0;
}

static void count_cache(struct caches *caches, const struct cache_kind *cache)
{
        /* Some hypervisors tell one cache twice. */
        for (size_t i = 0; i < caches->of_cpu_count; i++)
                if (caches->of_cpu[i].level == cache->level &&
                    strcmp(caches->of_cpu[i].type, cache->type) == 0)
                        return;
        caches->of_cpu[caches->of_cpu_count++] = *cache;
        for (size_t i = 0; i < caches->count; i++) {
                struct cache_kind *kind = &caches->kinds[i];

                if (kind->level == cache->level && kind->size == cache->size &&
                    kind->threads == cache->threads && strcmp(kind->type, cache->type) == 0) {
                        kind->instances++;
                        return;
                }
        }
        if (caches->count < CACHE_KINDS)
                caches->kinds[caches->count++] = *cache;
}

/* False: this CPU has no such cache, and none behind it. */
static bool take_cache(struct tree *tree, struct caches *caches, unsigned cpu, unsigned index)
{
        struct groups *seen = &caches->seen[index];
        struct cache_kind cache = {.instances = 1};
        char text[TREE_LINE_SIZE], shared[64];

        if (seen->of[cpu] != 0)
                return true;
        snprintf(cache.folder, sizeof(cache.folder), "sys/devices/system/cpu/cpu%u/cache/index%u",
                 cpu, index);
        if (!tree_number(tree, &cache.level, "%s/level", cache.folder))
                return false;
        if (tree_line(tree, text, "%s/type", cache.folder)) {
                text[0] = (char)tolower((unsigned char)text[0]);
                (void)text_copy(cache.type, sizeof(cache.type), text);
        }
        if (tree_line(tree, text, "%s/size", cache.folder))
                cache.size = cache_size(text);
        snprintf(shared, sizeof(shared), "cache/index%u/shared_cpu", index);
        /* The map's file ends in _map, the list's in _list. */
        if (group_of(tree, seen, shared, cpu, &caches->scratch) == 0) {
                snprintf(shared, sizeof(shared), "cache/index%u/shared_cpu_map", index);
                if (group_of(tree, seen, shared, cpu, &caches->scratch) == 0)
                        caches->scratch.count = 0;
        }
        cache.threads = caches->scratch.count;
        count_cache(caches, &cache);
        return true;
}

static void take_caches_of(struct tree *tree, struct caches *caches, unsigned cpu)
{
        caches->of_cpu_count = 0;
        for (unsigned index = 0; index < CACHES_MAX; index++)
                if (!take_cache(tree, caches, cpu, index))
                        break;
}

static struct doc *cache_doc(struct tree *tree, const struct cache_kind *cache)
{
        struct doc *doc = doc_object();

        field_set_number(doc, "level", cache->level);
        field_set_text(doc, "type", cache->type);
        if (cache->size > 0)
                field_set_number(doc, "size", cache->size);
        if (cache->threads > 0) {
                (void)doc_set_number(doc, "threads", (int64_t)cache->threads);
                (void)doc_set_number(doc, "instances", (int64_t)cache->instances);
        }
        fields_read(tree, cache->folder, cpu_cache_fields, doc);
        return doc;
}

void cpu_caches_take(struct probe_context *context)
{
        _free_ struct caches *caches = calloc(1, sizeof(*caches));
        struct doc *list = doc_list();

        if (caches && online_cpus(context->tree, &caches->online))
                for (size_t i = 0; i < caches->online.count; i++)
                        take_caches_of(context->tree, caches, caches->online.at[i]);
        for (size_t i = 0; caches && i < caches->count; i++)
                (void)doc_append(list, cache_doc(context->tree, &caches->kinds[i]));
        (void)doc_set(context->section, "caches", list);
}
