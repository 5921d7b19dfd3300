/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/pci_names.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buffer.h"
#include "lib/base/reader.h"

#define DEPTHS 3

uint64_t pci_name_id(uint16_t first, uint16_t second, uint16_t third, uint16_t fourth)
{
        return (uint64_t)first << 48 | (uint64_t)second << 32 | (uint64_t)third << 16 | fourth;
}

static int compare(const void *a, const void *b)
{
        const struct pci_name *x = a, *y = b;

        if (x->kind != y->kind)
                return x->kind < y->kind ? -1 : 1;
        return (x->id > y->id) - (x->id < y->id);
}

size_t pci_names_sort(struct pci_name *names, size_t count)
{
        size_t left = 0;

        if (count > 0)
                qsort(names, count, sizeof(*names), compare);
        for (size_t i = 0; i < count; i++)
                if (left == 0 || compare(&names[left - 1], &names[i]) != 0)
                        names[left++] = names[i];
        return left;
}

static struct pci_name *find(struct pci_name *names, size_t count, enum pci_name_kind kind,
                             uint64_t id)
{
        const struct pci_name key = {.kind = kind, .id = id};

        return count > 0 ? bsearch(&key, names, count, sizeof(*names), compare) : NULL;
}

const struct pci_name *pci_names_get(const struct pci_name *names, size_t count,
                                     enum pci_name_kind kind, uint64_t id)
{
        const struct pci_name key = {.kind = kind, .id = id};
        const struct pci_name *name =
                count > 0 ? bsearch(&key, names, count, sizeof(*names), compare) : NULL;

        return name && name->text ? name : NULL;
}

/* ------------------------------------------------------------------ reading */

/* Where the walk is: ids of the lines above, and whether anything below them is wanted. */
struct walk {
        struct pci_name *names;
        size_t count;
        bool is_class;
        bool is_wanted[DEPTHS]; /* of each depth above: the line was one of ours */
        uint16_t ids[DEPTHS];
};

static int digit_of(uint8_t c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* So many hexadecimal digits, and at least one blank behind them. */
static bool take_id(struct reader *line, size_t digits, uint16_t *ret)
{
        uint16_t id = 0;
        uint8_t c = 0;

        for (size_t i = 0; i < digits; i++) {
                if (reader_u8(line, &c) < 0 || digit_of(c) < 0)
                        return false;
                id = (uint16_t)(id << 4 | digit_of(c));
        }
        if (reader_u8(line, &c) < 0 || c != ' ')
                return false;
        *ret = id;
        return true;
}

static void take_text(struct walk *w, enum pci_name_kind kind, uint64_t id, struct reader line)
{
        struct pci_name *name = find(w->names, w->count, kind, id);

        if (!name || name->text)
                return;
        while (reader_left(&line) > 0 && *line.at == ' ')
                (void)reader_skip(&line, 1);
        name->text = (const char *)line.at;
        name->len = reader_left(&line);
        while (name->len > 0 &&
               (name->text[name->len - 1] == ' ' || name->text[name->len - 1] == '\r'))
                name->len--;
        if (name->len == 0)
                name->text = NULL;
}

static bool has(const struct walk *w, enum pci_name_kind kind, uint64_t id)
{
        return find(w->names, w->count, kind, id) != NULL;
}

/* A vendor, or a class: "8086  Intel Corporation", "C 03  Display controller". */
static void take_first(struct walk *w, struct reader line)
{
        struct reader rest = line;
        uint8_t c = 0, blank = 0;
        uint64_t id;

        w->is_class = reader_u8(&rest, &c) == 0 && c == 'C' && reader_u8(&rest, &blank) == 0 &&
                      blank == ' ';
        w->is_wanted[0] = false;
        if (!w->is_class)
                rest = line;
        if (!take_id(&rest, w->is_class ? 2 : 4, &w->ids[0]))
                return; /* what other lists stand here is not ours to know */
        id = pci_name_id(w->ids[0], 0, 0, 0);
        w->is_wanted[0] = has(w, w->is_class ? PCI_NAME_CLASS : PCI_NAME_VENDOR, id);
        take_text(w, w->is_class ? PCI_NAME_CLASS : PCI_NAME_VENDOR, id, rest);
}

/* A device of the vendor, or a subclass. */
static void take_second(struct walk *w, struct reader line)
{
        uint64_t id;

        w->is_wanted[1] = false;
        if (!take_id(&line, w->is_class ? 2 : 4, &w->ids[1]))
                return;
        id = pci_name_id(w->ids[0], w->ids[1], 0, 0);
        w->is_wanted[1] = !w->is_class && has(w, PCI_NAME_DEVICE, id);
        take_text(w, w->is_class ? PCI_NAME_SUBCLASS : PCI_NAME_DEVICE, id, line);
}

/* A card with the device: "1028 0279  PowerEdge RAID". */
static void take_third(struct walk *w, struct reader line)
{
        uint16_t vendor, device;

        if (take_id(&line, 4, &vendor) && take_id(&line, 4, &device))
                take_text(w, PCI_NAME_SUBSYSTEM, pci_name_id(w->ids[0], w->ids[1], vendor, device),
                          line);
}

static void take_line(struct walk *w, struct reader line)
{
        size_t depth = 0;

        while (depth < DEPTHS && reader_left(&line) > depth && line.at[depth] == '\t')
                depth++;
        if (reader_skip(&line, depth) < 0 || reader_left(&line) == 0 || *line.at == '#')
                return;
        if (depth == 0)
                take_first(w, line);
        else if (depth == 1 && w->is_wanted[0])
                take_second(w, line);
        else if (depth == 2 && w->is_wanted[0] && w->is_wanted[1])
                take_third(w, line);
        /* The second depth is of the first: a new vendor ends the cards of the last one's device.
         */
        if (depth == 0)
                w->is_wanted[1] = false;
}

void pci_names_find(const void *bytes, size_t size, struct pci_name *names, size_t count)
{
        struct reader all = reader_over(bytes, size);
        struct walk w = {.names = names, .count = count};

        while (reader_left(&all) > 0) {
                const uint8_t *end = memchr(all.at, '\n', reader_left(&all));
                const size_t len = end ? (size_t)(end - all.at) : reader_left(&all);
                struct reader line;

                if (reader_take(&all, len, &line) < 0)
                        return;
                take_line(&w, line);
                (void)reader_skip(&all, 1);
        }
}

/* ------------------------------------------------------------------ writing */

static uint16_t part(const struct pci_name *name, unsigned from_low)
{
        return (uint16_t)(name->id >> 16 * from_low);
}

static void put_text(struct buffer *b, const struct pci_name *name)
{
        buffer_add(b, name->text ? name->text : "", name->text ? name->len : 0);
        buffer_text(b, "\n");
}

/* The members of @kind that begin as @above does; each with what is below it. */
static void put_below(struct buffer *b, const struct pci_name *names, size_t count,
                      const struct pci_name *above, enum pci_name_kind kind)
{
        const unsigned shift = kind == PCI_NAME_SUBSYSTEM ? 32 : 48;

        for (size_t i = 0; i < count; i++) {
                const struct pci_name *name = &names[i];

                if (name->kind != kind || name->id >> shift != above->id >> shift)
                        continue;
                if (kind == PCI_NAME_SUBCLASS)
                        buffer_format(b, "\t%02x  ", part(name, 2));
                else if (kind == PCI_NAME_DEVICE)
                        buffer_format(b, "\t%04x  ", part(name, 2));
                else
                        buffer_format(b, "\t\t%04x %04x  ", part(name, 1), part(name, 0));
                put_text(b, name);
                if (kind == PCI_NAME_DEVICE)
                        put_below(b, names, count, name, PCI_NAME_SUBSYSTEM);
        }
}

char *pci_names_write(const struct pci_name *names, size_t count, size_t *ret_size)
{
        _buffer_ struct buffer b = {0};
        char *text = NULL;

        for (size_t i = 0; i < count; i++) {
                if (names[i].kind != PCI_NAME_VENDOR && names[i].kind != PCI_NAME_CLASS)
                        continue;
                buffer_format(&b, names[i].kind == PCI_NAME_CLASS ? "C %02x  " : "%04x  ",
                              part(&names[i], 3));
                put_text(&b, &names[i]);
                put_below(&b, names, count, &names[i],
                          names[i].kind == PCI_NAME_CLASS ? PCI_NAME_SUBCLASS : PCI_NAME_DEVICE);
        }
        *ret_size = b.size;
        return buffer_take(&b, &text) == 0 ? text : NULL;
}
