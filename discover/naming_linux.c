/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/naming.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "discover/pci_names.h"
#include "lib/base/text.h"

#define LIST_MAX    ((off_t)16 << 20) /* it has 1.4 MB */
#define LIST_ANSWER "pci.ids"

/* Of a system, and of the ramdisk's stage two. */
static const char *const lists[] = {
        "/usr/share/misc/pci.ids",
        "/usr/share/hwdata/pci.ids",
        "/stage-one/usr/share/misc/pci.ids",
};

/* Parts with ids, and what their names are to be called. */
static const struct part {
        const char *section, *list;  /* "items": those that the probe told one by one */
        const char *vendor, *device; /* where the ids are */
        const char *vendor_name, *device_name;
} parts[] = {
        {"pci",    "items",          "vendor",    "device",    "vendor_name", "device_name"},
        {"gpus",   "items",          "vendor",    "device",    "vendor_name", "device_name"},
        {"nics",   "items",          "vendor_id", "device_id", "vendor",      "product"    },
        {"raid",   "controllers",    "vendor",    "device",    "vendor_name", "device_name"},
        {"kernel", "without_driver", "vendor",    "device",    "vendor_name", "device_name"},
};
#define NAMES_PER_PART                                                                             \
        7 /* vendor, device, the card's vendor, the card by two ways, subclass, class */

/* The ids that are asked for, and the list while it is open. */
struct naming {
        struct pci_name *names;
        size_t count;
        void *map;
        size_t map_size;
        char *text; /* of a snapshot */
        size_t text_size;
};

static bool id_of(const struct doc *part, const char *name, uint32_t *ret)
{
        const char *text = doc_get_text(part, name);
        char *end;

        if (!text || !text_has_prefix(text, "0x"))
                return false;
        *ret = (uint32_t)strtoul(text, &end, 16);
        return *end == '\0' && (strcmp(name, "class") == 0 || *ret <= UINT16_MAX);
}

/* What one name is asked by. */
struct question {
        enum pci_name_kind kind;
        uint64_t id;
        const char *name; /* under which the answer is set, unless it is there already */
};

struct asked {
        struct question questions[NAMES_PER_PART];
        size_t count;
};

static void ask(struct asked *to, enum pci_name_kind kind, uint64_t id, const char *name)
{
        if (to->count < NAMES_PER_PART)
                to->questions[to->count++] = (struct question){kind, id, name};
}

/* All of one part. Where two have one name the first answer counts. */
static void ask_all(const struct part *row, const struct doc *part, struct asked *ret)
{
        uint32_t vendor, device, card_vendor, card, class;
        uint64_t id;

        ret->count = 0;
        if (!id_of(part, row->vendor, &vendor) || !id_of(part, row->device, &device))
                return;
        id = pci_name_id((uint16_t)vendor, (uint16_t)device, 0, 0);
        ask(ret, PCI_NAME_VENDOR, pci_name_id((uint16_t)vendor, 0, 0, 0), row->vendor_name);
        ask(ret, PCI_NAME_DEVICE, id, row->device_name);
        if (id_of(part, "subsystem_vendor", &card_vendor) &&
            id_of(part, "subsystem_device", &card)) {
                ask(ret, PCI_NAME_VENDOR, pci_name_id((uint16_t)card_vendor, 0, 0, 0),
                    "subsystem_vendor_name");
                ask(ret, PCI_NAME_SUBSYSTEM, id | (uint64_t)card_vendor << 16 | card,
                    "subsystem_name");
                if (card_vendor == vendor && card == device)
                        ask(ret, PCI_NAME_DEVICE, id, "subsystem_name");
        }
        if (id_of(part, "class", &class)) {
                const uint16_t base = (uint16_t)(class >> 16 & 0xff);

                ask(ret, PCI_NAME_SUBCLASS, pci_name_id(base, class >> 8 & 0xff, 0, 0),
                    "class_name");
                ask(ret, PCI_NAME_CLASS, pci_name_id(base, 0, 0, 0), "class_name");
        }
}

/* The parts of a row; NULL: its section was not asked for. */
static struct doc *list_of(const struct crew_job *job, struct crew_result *results,
                           const struct part *row)
{
        for (size_t i = 0; i < job->count; i++) {
                if (strcmp(job->probes[i].name, row->section) != 0)
                        continue;
                if (strcmp(row->list, "items") == 0)
                        return results[i].items;
                return doc_get(results[i].section, row->list);
        }
        return NULL;
}

static void collect(const struct crew_job *job, struct crew_result *results, struct naming *n)
{
        size_t space = 0;

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                space += doc_count(list_of(job, results, &parts[i])) * NAMES_PER_PART;
        n->names = calloc(space + 1, sizeof(*n->names));
        for (size_t i = 0; n->names && i < ARRAY_SIZE(parts); i++) {
                const struct doc *list = list_of(job, results, &parts[i]);

                for (size_t j = 0; j < doc_count(list); j++) {
                        struct asked asked;

                        ask_all(&parts[i], doc_at(list, j), &asked);
                        for (size_t k = 0; k < asked.count && n->count < space; k++)
                                n->names[n->count++] =
                                        (struct pci_name){.kind = asked.questions[k].kind,
                                                          .id = asked.questions[k].id};
                }
        }
        n->count = pci_names_sort(n->names, n->count);
}

static void answer(const struct naming *n, const struct part *row, struct doc *part)
{
        struct asked asked;

        ask_all(row, part, &asked);
        for (size_t i = 0; i < asked.count; i++) {
                const struct question *q = &asked.questions[i];
                const struct pci_name *name = pci_names_get(n->names, n->count, q->kind, q->id);
                char text[TREE_LINE_SIZE];

                if (!name || doc_get(part, q->name))
                        continue;
                (void)text_copy_bytes(text, sizeof(text), name->text,
                                      name->len < sizeof(text) ? name->len : sizeof(text) - 1);
                field_set_text(part, q->name, text);
        }
}

static bool map_list(struct naming *n, const char *path)
{
        _close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        struct stat s;

        if (fd < 0 || fstat(fd, &s) < 0 || !S_ISREG(s.st_mode) || s.st_size <= 0 ||
            s.st_size > LIST_MAX)
                return false;
        n->map = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (n->map == MAP_FAILED)
                return false;
        n->map_size = (size_t)s.st_size;
        return true;
}

/* A snapshot has the names that the machine itself had. */
static void find(const struct crew_job *job, struct naming *n)
{
        if (!tree_is_live(job->tree) && tree_read(job->tree, TREE_ANSWERS "/" LIST_ANSWER,
                                                  (size_t)LIST_MAX, &n->text, &n->text_size) == 0) {
                pci_names_find(n->text, n->text_size, n->names, n->count);
                return;
        }
        for (size_t i = 0; i < ARRAY_SIZE(lists) && n->map_size == 0; i++)
                (void)map_list(n, lists[i]);
        if (n->map_size > 0)
                pci_names_find(n->map, n->map_size, n->names, n->count);
}

static void keep(const struct crew_job *job, const struct naming *n)
{
        _free_ char *text = NULL;
        size_t size = 0;

        if (!job->snapshot || !tree_is_own(job->tree))
                return;
        text = pci_names_write(n->names, n->count, &size);
        if (text)
                snapshot_add(job->snapshot, TREE_FILE, TREE_ANSWERS "/" LIST_ANSWER, text, size);
}

void naming_add(const struct crew_job *job, struct crew_result *results)
{
        struct naming n = {0};

        collect(job, results, &n);
        if (n.count > 0) {
                find(job, &n);
                keep(job, &n);
        }
        for (size_t i = 0; n.count > 0 && i < ARRAY_SIZE(parts); i++) {
                struct doc *list = list_of(job, results, &parts[i]);

                for (size_t j = 0; j < doc_count(list); j++)
                        answer(&n, &parts[i], doc_at(list, j));
        }
        if (n.map_size > 0)
                (void)munmap(n.map, n.map_size);
        free(n.text);
        free(n.names);
}
