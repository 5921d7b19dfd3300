/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A crew of probes
 *
 * A read that hangs in the kernel cannot be taken back: neither a signal nor a
 * thread that is given up lets the process end. So the probes run in a child,
 * which nobody needs to wait for. It writes what it finds into memory that it
 * shares with its parent, and in front of each device where it stands; when
 * nothing hangs this costs one fork and no system call a device.
 *
 * Parent and child meet in one word: the child counts its units in it, and the
 * parent sets STOP there, after which the child cannot count on. So both know at
 * which unit a stopped child ends: no device is told twice, and none is lost. With
 * SPLIT the child goes on, but not beyond its section: what a section does before
 * its devices is slow on large machines, and they are not another worker's.
 */
#include "discover/crew.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "lib/base/buffer.h"
#include "lib/base/clock.h"
#include "lib/base/reader.h"
#include "lib/base/text.h"

#define REGION_SIZE                                                                                \
        ((size_t)16 << 20) /* twice what a report may have; only what is used counts               \
                            */
#define SNAPSHOT_REGION_SIZE                                                                       \
        ((size_t)192 << 20) /* 10,000 PCI functions with 4 KiB each, and all else of them */
#define WORKERS_MAX 24      /* devices that hang at the same time */
#define STOP        1U      /* in the word that counts units by UNIT */
#define SPLIT       2U
#define UNIT        4U

const struct crew_times crew_times_default = {
        .stall_ms = 300, .device_ms = 5000, .total_ms = 25000};

enum record_kind { RECORD_ITEM, RECORD_SECTION, RECORD_ERROR, RECORD_ENTRY };

struct record {
        uint32_t size; /* of what is behind it: a text with its NUL byte, or an entry */
        uint16_t kind, probe;
};

/* A device, or what a probe does for all of them. */
struct unit {
        uint32_t probe, index;       /* which of the probe's devices, from 1 on */
        char device[TREE_NAME_SIZE]; /* "": no device */
};

/* What parent and child share. */
struct region {
        _Atomic uint32_t word;
        _Atomic bool has_ended; /* in order: all is done, or it was stopped */
        _Atomic size_t used;    /* bytes of whole records */
        _Atomic uint64_t begun_ms;
        struct unit units[2]; /* the one that the word counts, and the next */
        uint8_t bytes[];
};

static struct unit *unit_of(struct region *r, uint32_t word)
{
        return &r->units[(word / UNIT) % 2];
}

struct report {
        const struct crew_job *job;
        struct region *region;
        uint32_t probe, index; /* units of this probe so far */
        uint32_t skip;         /* units of this probe that others have */
        uint32_t end;          /* probes from here on are others' */
        bool is_child;         /* else it runs in the parent, and others may be made of that */
};

/* ------------------------------------------------------------- the child */

static size_t region_size(const struct crew_job *job)
{
        return job->snapshot ? SNAPSHOT_REGION_SIZE : REGION_SIZE;
}

static void put_record(struct report *report, enum record_kind kind, const void *bytes, size_t len)
{
        struct region *r = report->region;
        const size_t used = atomic_load(&r->used), space = region_size(report->job) - sizeof(*r);
        const struct record record = {
                .size = (uint32_t)len, .kind = (uint16_t)kind, .probe = (uint16_t)report->probe};

        /* A machine whose report is too long for everybody loses its end. */
        if (space - used < sizeof(record) || space - used - sizeof(record) < len)
                return;
        memcpy(r->bytes + used, &record, sizeof(record));
        memcpy(r->bytes + used + sizeof(record), bytes, len);
        atomic_store(&r->used, used + sizeof(record) + len);
}

static void put_document(struct report *report, enum record_kind kind, const struct doc *doc)
{
        _free_ char *text = NULL;

        if (doc_print(doc, DOC_COMPACT, &text) == 0)
                put_record(report, kind, text, strlen(text) + 1);
}

/* Its kind, its path with a NUL byte, its bytes. */
static void put_entry(void *context, enum tree_entry kind, const char *path, const void *bytes,
                      size_t size)
{
        const char head = (char)kind;
        _buffer_ struct buffer entry = {0};

        buffer_add(&entry, &head, 1);
        buffer_add(&entry, path, strlen(path) + 1);
        buffer_add(&entry, bytes, size);
        if (entry.rc == 0)
                put_record(context, RECORD_ENTRY, entry.bytes, entry.size);
}

static void leave(struct region *r)
{
        atomic_store(&r->has_ended, true);
        _exit(0);
}

static void begin_unit(struct report *report, const char *device)
{
        struct region *r = report->region;
        uint32_t word = atomic_load(&r->word);
        const uint32_t was_probe = unit_of(r, word)->probe;
        struct unit *unit = unit_of(r, word + UNIT);

        unit->probe = report->probe;
        unit->index = report->index;
        if (text_copy(unit->device, sizeof(unit->device), device) < 0)
                (void)text_copy(unit->device, sizeof(unit->device), "?");
        atomic_store(&r->begun_ms, clock_monotonic_ms());
        do {
                if (word & STOP || (word & SPLIT && report->probe != was_probe))
                        leave(r);
                if (word & SPLIT)
                        report->end = report->probe + 1;
        } while (!atomic_compare_exchange_weak(&r->word, &word, (word & ~SPLIT) + UNIT));
}

bool probe_begin(struct probe_context *context, const char *device)
{
        struct report *report = context->report;

        if (++report->index <= report->skip)
                return false;
        begin_unit(report, device);
        return true;
}

void probe_item(struct probe_context *context, struct doc *take)
{
        put_document(context->report, RECORD_ITEM, take);
        doc_free(take);
}

void probe_error(struct probe_context *context, const char *format, ...)
{
        char text[TREE_LINE_SIZE];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        put_record(context->report, RECORD_ERROR, text, strlen(text) + 1);
}

bool crew_is_wanted(const char *only, const char *name)
{
        const size_t len = strlen(name);

        for (; only && *only; only += strcspn(only, ","), only += *only == ',')
                if (strcspn(only, ",") == len && strncmp(only, name, len) == 0)
                        return true;
        return !only;
}

/* Slow probes are numbered behind the others. */
static const char *section_name(const struct crew_job *job, uint32_t probe)
{
        return probe < job->count ? job->probes[probe].name : job->slow[probe - job->count].section;
}

static void run_probe(const struct crew_job *job, uint32_t probe, struct probe_context *context)
{
        if (probe < job->count)
                job->probes[probe].run(context);
        else
                job->slow[probe - job->count].run(context);
}

static uint32_t probes_of(const struct crew_job *job)
{
        return (uint32_t)(job->count + job->slow_count);
}

/* A process that hangs at one device holds no other one open: that may be asked by nobody else
 * meanwhile. */
static void close_devices(const struct crew_job *job, uint32_t first, uint32_t end)
{
        for (uint32_t i = first; i < end; i++)
                if (i >= job->count && job->slow[i - job->count].close)
                        job->slow[i - job->count].close();
}

static void run_probes(struct report *report)
{
        const struct crew_job *job = report->job;

        if (job->snapshot)
                tree_keep(job->tree, put_entry, report);
        for (; report->probe < report->end; report->probe++) {
                struct probe_context context = {.tree = job->tree, .report = report};

                report->index = 0;
                if (!crew_is_wanted(job->only, section_name(job, report->probe)))
                        continue;
                begin_unit(report, "");
                context.section = doc_object();
                run_probe(job, report->probe, &context);
                report->index++;
                begin_unit(report, "");
                put_document(report, RECORD_SECTION, context.section);
                doc_free(context.section);
                if (report->is_child)
                        close_devices(job, report->probe, report->probe + 1);
                report->skip = 0;
        }
        if (job->snapshot)
                tree_keep(job->tree, NULL, NULL);
        atomic_store(&report->region->has_ended, true);
}

/* ------------------------------------------------------------ the parent */

struct worker {
        pid_t pid; /* 0: it ran in the parent */
        int alive; /* the reading end of a pipe that its death closes */
        struct region *region;
        size_t taken;
        uint64_t begun_ms; /* the unit that it stalled at */
        struct unit unit;
        uint32_t end; /* the first probe that is not its own */
        bool is_stopped;
};

struct crew {
        const struct crew_job *job;
        struct crew_result *results;
        struct worker workers[WORKERS_MAX];
        size_t count;
        uint64_t start_ms;
        bool is_partial;
};

static void take_entry(struct crew *crew, const struct record *record, const char *bytes)
{
        struct reader entry = reader_over(bytes, record->size);
        const char *path;
        uint8_t kind;

        if (reader_u8(&entry, &kind) == 0 && reader_text(&entry, &path) == 0)
                snapshot_add(crew->job->snapshot, (enum tree_entry)kind, path, entry.at,
                             reader_left(&entry));
}

static void take_record(struct crew *crew, const struct record *record, const char *text)
{
        struct crew_result *result = &crew->results[record->probe];
        struct doc *doc = NULL;

        if (record->kind == RECORD_ENTRY) {
                take_entry(crew, record, text);
                return;
        }
        if (record->kind == RECORD_ERROR) {
                field_append_text(result->errors, text);
                return;
        }
        if (doc_parse(text, record->size - 1, &doc_limits_inventory, NULL, &doc) < 0)
                return;
        if (record->kind == RECORD_ITEM) {
                (void)doc_append(result->items, doc);
                return;
        }
        doc_free(result->section);
        result->section = doc;
}

static void take_records(struct crew *crew, struct worker *w)
{
        const size_t used = atomic_load(&w->region->used);

        while (w->taken < used) {
                struct record record;

                memcpy(&record, w->region->bytes + w->taken, sizeof(record));
                if (record.probe < probes_of(crew->job))
                        take_record(crew, &record,
                                    (const char *)w->region->bytes + w->taken + sizeof(record));
                w->taken += sizeof(record) + record.size;
        }
}

static void close_alive(struct worker *w)
{
        if (w->alive >= 0)
                close(w->alive);
        w->alive = -EBADF;
}

static void child(struct report *report)
{
        close_devices(report->job, 0, report->probe);
        close_devices(report->job, report->end, probes_of(report->job));
        /* Whoever reads our output waits for its end, and shall not wait for a hung device. */
        close(STDOUT_FILENO);
        report->is_child = true;
        run_probes(report);
        _exit(0);
}

/* A worker for the probes from @probe to @end, but for the first @skip units. */
static int add_worker(struct crew *crew, uint32_t probe, uint32_t skip, uint32_t end)
{
        struct worker *w = &crew->workers[crew->count];
        struct report report = {.job = crew->job, .probe = probe, .skip = skip, .end = end};
        int ends[2];

        *w = (struct worker){.alive = -EBADF, .end = end};
        w->region = mmap(NULL, region_size(crew->job), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (w->region == MAP_FAILED)
                return -ENOMEM;
        report.region = w->region;
        w->region->units[0].probe = probe;
        atomic_store(&w->region->begun_ms, clock_monotonic_ms());
        if (pipe(ends) < 0)
                ends[0] = ends[1] = -EBADF;
        crew->count++;
        w->pid = ends[0] < 0 ? -1 : fork();
        if (w->pid == 0)
                child(&report);
        if (ends[1] >= 0)
                close(ends[1]);
        w->alive = ends[0];
        if (w->pid < 0) { /* no process for it: better an inventory that may hang than none */
                w->pid = 0;
                run_probes(&report);
                close_alive(w);
        }
        return 0;
}

static void remove_worker(struct crew *crew, size_t at)
{
        struct worker *w = &crew->workers[at];

        if (w->pid > 0) {
                (void)kill(w->pid, SIGKILL);
                (void)waitpid(w->pid, NULL, WNOHANG);
        }
        close_alive(w);
        (void)munmap(w->region, region_size(crew->job));
        memmove(w, w + 1, (--crew->count - at) * sizeof(*w));
}

/* It is to end with the unit that it is at, which is remembered. */
static void stop_worker(struct worker *w)
{
        const uint32_t word = atomic_fetch_or(&w->region->word, STOP);

        w->unit = *unit_of(w->region, word);
        w->begun_ms = atomic_load(&w->region->begun_ms);
        w->is_stopped = true;
}

/* For all behind the unit that @w is at: the next device, or the next section. */
static int replace_worker(struct crew *crew, const struct worker *w)
{
        const bool is_device = w->unit.device[0] != '\0';
        const uint32_t probe = is_device ? w->unit.probe : w->unit.probe + 1;

        return probe < w->end ? add_worker(crew, probe, is_device ? w->unit.index : 0, w->end) : 0;
}

static void give_up(struct crew *crew, const struct worker *w, const char *why)
{
        char text[TREE_LINE_SIZE];

        snprintf(text, sizeof(text), "%s%s%s", w->unit.device, w->unit.device[0] ? ": " : "", why);
        if (w->unit.probe < probes_of(crew->job))
                field_append_text(crew->results[w->unit.probe].errors, text);
        crew->is_partial = true;
}

/* Ended, in order or not. 1: there is one worker less. */
static int reap(struct crew *crew, size_t at)
{
        struct worker *w = &crew->workers[at];
        int rc = 0;

        take_records(crew, w);
        if (!atomic_load(&w->region->has_ended)) {
                const bool is_replaced = w->is_stopped;

                if (!is_replaced)
                        stop_worker(w);
                give_up(crew, w, "the probe crashed");
                if (!is_replaced && crew->count < WORKERS_MAX)
                        rc = replace_worker(crew, w);
        }
        if (w->pid > 0)
                (void)waitpid(w->pid, NULL, 0);
        w->pid = 0;
        remove_worker(crew, at);
        return rc < 0 ? rc : 1;
}

/* It has been at one unit for too long: another goes on with the rest. */
static int divide(struct crew *crew, struct worker *w, uint32_t word)
{
        const struct unit unit = *unit_of(w->region, word);
        const uint32_t mark = unit.device[0] ? STOP : SPLIT;
        const uint64_t begun = atomic_load(&w->region->begun_ms);
        int rc;

        if (!atomic_compare_exchange_strong(&w->region->word, &word, word | mark))
                return 0; /* it has gone on just now */
        w->unit = unit;
        w->begun_ms = begun;
        w->is_stopped = mark == STOP;
        rc = replace_worker(crew, w);
        if (mark == SPLIT)
                w->end = unit.probe + 1;
        return rc;
}

/* Alive: is it at one unit for too long? 1: there is one worker less. */
static int check(struct crew *crew, size_t at, uint64_t now)
{
        const struct crew_times *times = crew->job->times;
        struct worker *w = &crew->workers[at];
        const uint32_t word = atomic_load(&w->region->word);
        const uint64_t begun = atomic_load(&w->region->begun_ms);
        char why[64];

        if (word & (STOP | SPLIT) && now - w->begun_ms >= times->device_ms) {
                snprintf(why, sizeof(why), "no answer within %u ms", times->device_ms);
                take_records(crew, w);
                give_up(crew, w, why);
                remove_worker(crew, at);
                return 1;
        }
        if (!(word & (STOP | SPLIT)) && now >= begun && now - begun >= times->stall_ms &&
            crew->count < WORKERS_MAX)
                return divide(crew, w, word);
        return 0;
}

static void end_all(struct crew *crew)
{
        while (crew->count > 0) {
                struct worker *w = &crew->workers[0];

                take_records(crew, w);
                if (!w->is_stopped)
                        stop_worker(w);
                give_up(crew, w, "no answer in the time that the whole inventory has");
                remove_worker(crew, 0);
        }
}

static int look_after(struct crew *crew, const struct pollfd *polled)
{
        const uint64_t now = clock_monotonic_ms();
        size_t count = crew->count;

        for (size_t at = 0, i = 0; at < count; i++) {
                const bool has_ended = crew->workers[at].alive < 0 || polled[i].revents != 0;
                const int rc = has_ended ? reap(crew, at) : check(crew, at, now);

                if (rc < 0)
                        return rc;
                at += rc == 0;
                count -= rc == 1;
        }
        if (now - crew->start_ms >= crew->job->times->total_ms)
                end_all(crew);
        return 0;
}

/* Unless none of the sections is wanted that it would add to. */
static int add_slow_worker(struct crew *crew)
{
        const struct crew_job *job = crew->job;

        for (uint32_t i = (uint32_t)job->count; i < probes_of(job); i++)
                if (crew_is_wanted(job->only, section_name(job, i)))
                        return add_worker(crew, i, 0, probes_of(job));
        return 0;
}

int crew_run(const struct crew_job *job, struct crew_result *results, bool *ret_partial)
{
        _free_ struct crew *crew = calloc(1, sizeof(*crew));
        int rc;

        if (!crew)
                return -ENOMEM;
        if (probes_of(job) > CREW_PROBES_MAX)
                return -E2BIG;
        crew->job = job;
        crew->results = results;
        crew->start_ms = clock_monotonic_ms();
        for (size_t i = 0; i < probes_of(job); i++)
                results[i] = (struct crew_result){.items = doc_list(), .errors = doc_list()};
        rc = add_slow_worker(crew);
        if (rc == 0)
                rc = add_worker(crew, 0, 0, (uint32_t)job->count);
        while (rc == 0 && crew->count > 0) {
                struct pollfd polled[WORKERS_MAX];
                int n = 0;

                for (size_t i = 0; i < crew->count; i++)
                        polled[i] = (struct pollfd){.fd = crew->workers[i].alive};
                n = poll(polled, crew->count, (int)job->times->stall_ms);
                if (n < 0)
                        rc = errno == EINTR ? 0 : -errno;
                else
                        rc = look_after(crew, polled);
        }
        while (crew->count > 0)
                remove_worker(crew, 0);
        *ret_partial = crew->is_partial;
        return rc;
}

static void add_members(struct doc *to, const struct doc *from)
{
        struct doc *value;
        const char *name;

        for (size_t at = 0; doc_next(from, &at, &name, &value) > 0;)
                (void)doc_set(to, name, doc_copy(value));
}

/* By what a slow probe and its section call a device. NULL: it speaks of none. */
static const char *key_of(const struct doc *found)
{
        return doc_get(found, "name") ? "name" : doc_get(found, "address") ? "address" : NULL;
}

/* To the device of that name; what the probe itself did not find nobody asked for. */
static void add_to_item(struct doc *items, const struct doc *found)
{
        const char *key = key_of(found), *name = doc_get_text(found, key);

        for (size_t i = 0; i < doc_count(items); i++)
                if (text_is_equal(doc_get_text(doc_at(items, i), key), name))
                        add_members(doc_at(items, i), found);
}

/* Puts what a slow probe found to what its section has. Takes what @slow holds. */
static void join(struct crew_result *result, struct crew_result *slow)
{
        if (!result->section)
                result->section = doc_object();
        add_members(result->section, slow->section);
        for (size_t i = 0; i < doc_count(slow->items); i++) {
                const struct doc *found = doc_at(slow->items, i);

                if (key_of(found))
                        add_to_item(result->items, found);
                else
                        add_members(result->section, found);
        }
        for (size_t i = 0; i < doc_count(slow->errors); i++)
                (void)doc_append_text(result->errors, doc_text(doc_at(slow->errors, i)));
        doc_free(slow->section);
        doc_free(slow->items);
        doc_free(slow->errors);
        *slow = (struct crew_result){0};
}

static void join_slow(const struct crew_job *job, struct crew_result *results)
{
        for (uint32_t slow = (uint32_t)job->count; slow < probes_of(job); slow++)
                for (uint32_t i = 0; i < job->count; i++)
                        if (strcmp(job->probes[i].name, section_name(job, slow)) == 0)
                                join(&results[i], &results[slow]);
}

/* One section of what came back. Takes what @result holds. */
static struct doc *section_of(const struct probe *probe, struct crew_result *result)
{
        static const struct field errors_row[] = {
                {.name = "errors", .kind = FIELD_TEXTS},
                {.name = NULL               },
        };
        _doc_ struct doc *section = result->section ? result->section : doc_object();
        _doc_ struct doc *errors = result->errors, *refused = doc_list(), *holder = doc_object();
        _doc_ struct doc *clean = NULL;
        struct doc *fitting;

        if (doc_get(section, "items"))
                doc_free(result->items);
        else
                (void)doc_set(section, "items", result->items);
        if (probe->finish)
                probe->finish(section);
        fitting = fields_fit(section, probe->fields, refused);
        for (size_t i = 0; i < doc_count(refused); i++) {
                char text[TREE_LINE_SIZE];
                const char *name = doc_text(doc_at(refused, i));

                /* Every probe gets an empty list of items; not every section has one. */
                if (strcmp(name, "items") == 0 && doc_count(doc_get(section, "items")) == 0)
                        continue;
                snprintf(text, sizeof(text), "left out, it is not as the schema has it: %s", name);
                (void)doc_append_text(errors, text);
        }
        (void)doc_set(holder, "errors", TAKE_PTR(errors));
        clean = fields_fit(holder, errors_row, NULL);
        (void)doc_set(fitting, "errors", doc_copy(doc_get(clean, "errors")));
        result->section = NULL;
        return fitting;
}

struct doc *crew_inventory(const struct crew_job *job)
{
        const uint64_t start = clock_monotonic_ms();
        _doc_ struct doc *inventory = doc_object();
        struct crew_result results[CREW_PROBES_MAX] = {0};
        bool is_partial = false;
        int rc;

        rc = crew_run(job, results, &is_partial);
        if (rc == -E2BIG)
                return NULL;
        join_slow(job, results);
        if (job->complete)
                job->complete(job, results);
        (void)doc_set_number(inventory, "schema", INVENTORY_SCHEMA);
        for (size_t i = 0; i < job->count; i++) {
                struct doc *section = section_of(&job->probes[i], &results[i]);

                if (!crew_is_wanted(job->only, job->probes[i].name))
                        doc_free(section);
                else if (doc_set(inventory, job->probes[i].name, section) < 0)
                        rc = -ENOMEM;
        }
        (void)doc_set_bool(inventory, "partial", is_partial);
        (void)doc_set_number(inventory, "took_ms", (int64_t)(clock_monotonic_ms() - start));
        return rc < 0 ? NULL : TAKE_PTR(inventory);
}
