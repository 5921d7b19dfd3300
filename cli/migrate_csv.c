/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CSV with a header: tables of machines as people keep them, and kea-leases4.csv. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/migrate.h"
#include "lib/base/text.h"

/* --- RFC 4180 --- */

/* One field. What ended it: ',', '\n', 0 at the end; -EBADMSG. */
static int read_field(struct reader *text, struct migrate_row *row, char *to)
{
        bool is_quoted = false, was_quoted = false;
        size_t size = 0;
        uint8_t c;

        while (reader_u8(text, &c) == 0) {
                if (c == '\n')
                        row->next_line++;
                if (is_quoted && c == '"') {
                        is_quoted = false;
                        if (reader_left(text) > 0 && *text->at == '"')
                                is_quoted = true;
                        else
                                continue;
                        (void)reader_u8(text, &c);
                } else if (!is_quoted && c == '"' && size == 0 && !was_quoted) {
                        is_quoted = was_quoted = true;
                        continue;
                } else if (!is_quoted && (c == ',' || c == '\n')) {
                        to[size] = '\0';
                        return c;
                } else if (!is_quoted && c == '\r') {
                        continue;
                } else if (!is_quoted && (was_quoted || c == '"')) {
                        return -EBADMSG;
                }
                if (size == MIGRATE_WORD_SIZE - 1 || c == 0)
                        return -EBADMSG;
                to[size++] = (char)c;
        }
        to[size] = '\0';
        return is_quoted ? -EBADMSG : 0;
}

int migrate_row_next(struct reader *text, struct migrate_row *row)
{
        int end = ',';

        row->line = row->next_line;
        row->count = 0;
        if (reader_left(text) == 0)
                return 0;
        while (end == ',') {
                if (row->count == MIGRATE_FIELDS_MAX)
                        return -EBADMSG;
                end = read_field(text, row, row->fields[row->count]);
                if (end < 0)
                        return end;
                row->count++;
        }
        return 1;
}

static bool is_blank(const struct migrate_row *row)
{
        return row->count == 1 && row->fields[0][0] == '\0';
}

/* -1: there is none. */
static int column(const struct migrate_row *header, const char *name)
{
        for (size_t i = 0; i < header->count; i++)
                if (strcasecmp(header->fields[i], name) == 0)
                        return (int)i;
        return -1;
}

static const char *field(const struct migrate_row *row, int at)
{
        return at >= 0 && (size_t)at < row->count ? row->fields[at] : "";
}

/* The header. False: there is none, and that was said. */
static bool begin(struct migration *m, struct reader *text, struct migrate_row *header)
{
        /* A mark that some spreadsheets begin with. */
        if (reader_left(text) >= 3 && memcmp(text->at, "\xef\xbb\xbf", 3) == 0)
                (void)reader_skip(text, 3);
        header->next_line = 1;
        if (migrate_row_next(text, header) > 0)
                return true;
        migrate_say(m, 1, MIGRATE_WRONG, "it has no header: a line with the names of the columns");
        return false;
}

/* --- machines --- */

static void take_mac(struct migration *m, struct migrate_machine *machine, const char *name,
                     const char *text)
{
        (void)name;
        if (migrate_mac(text, &machine->is.mac) < 0)
                migrate_say(m, machine->at.line, MIGRATE_WRONG, "'%s' is no MAC", text);
}

static void take_name(struct migration *m, struct migrate_machine *machine, const char *name,
                      const char *text)
{
        (void)name;
        migrate_name(m, machine->at.line, text, machine->is.name);
}

static void take_ip(struct migration *m, struct migrate_machine *machine, const char *name,
                    const char *text)
{
        (void)name;
        if (ip4_parse(text, &machine->is.address) < 0)
                migrate_say(m, machine->at.line, MIGRATE_WRONG, "'%s' is no address of IPv4", text);
}

static void take_ip6(struct migration *m, struct migrate_machine *machine, const char *name,
                     const char *text)
{
        struct ip6_address address;

        (void)name;
        if (ip6_parse(text, &address) < 0)
                migrate_say(m, machine->at.line, MIGRATE_WRONG, "'%s' is no address of IPv6", text);
        else
                (void)ip6_text(machine->is.address6, &address);
}

static void take_bmc(struct migration *m, struct migrate_machine *machine, const char *name,
                     const char *text)
{
        struct ip_address address;

        if (ip_parse(text, &address) < 0)
                migrate_say(m, machine->at.line, MIGRATE_WRONG, "'%s' is no address of a BMC",
                            text);
        else
                (void)migrate_label(m, machine, name, text);
}

static void take_label(struct migration *m, struct migrate_machine *machine, const char *name,
                       const char *text)
{
        (void)migrate_label(m, machine, text_has_prefix(name, "label:") ? name + 6 : name, text);
}

typedef void (*take_fn)(struct migration *m, struct migrate_machine *machine, const char *name,
                        const char *text);

static const struct {
        const char *name;
        take_fn take;
} columns[] = {
        {"mac",         take_mac  },
        {"name",        take_name },
        {"ip",          take_ip   },
        {"ip6",         take_ip6  },
        {"rack",        take_label},
        {"position",    take_label},
        {"bmc_address", take_bmc  },
        {"bmc_user",    take_label},
};

static take_fn find_column(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
                if (strcmp(columns[i].name, name) == 0)
                        return columns[i].take;
        return text_has_prefix(name, "label:") && name[6] ? take_label : NULL;
}

static void check_header(struct migration *m, const struct migrate_row *header)
{
        for (size_t i = 0; i < header->count; i++) {
                const char *name = header->fields[i];

                if (strstr(name, "pass") || strstr(name, "secret"))
                        migrate_say(m, header->line, MIGRATE_LEFT,
                                    "column '%s': no password is taken from a table", name);
                else if (!find_column(name))
                        migrate_say(m, header->line, MIGRATE_LEFT,
                                    "column '%s' is not understood; 'label:%s' makes it a label",
                                    name, name);
        }
        if (column(header, "mac") < 0)
                migrate_say(m, header->line, MIGRATE_WRONG,
                            "the column 'mac' is missing: a machine is known by it");
}

static void take_row(struct migration *m, const struct migrate_row *header,
                     const struct migrate_row *row)
{
        struct migrate_machine *machine;

        if (row->count != header->count) {
                migrate_say(m, row->line, MIGRATE_WRONG, "it has %zu columns, and the header %zu",
                            row->count, header->count);
                return;
        }
        machine = migrate_machine_new(m, row->line);
        if (!machine)
                return;
        machine->is_active = true;
        for (size_t i = 0; i < row->count; i++) {
                const take_fn take = find_column(header->fields[i]);

                if (take && row->fields[i][0])
                        take(m, machine, header->fields[i], row->fields[i]);
        }
        /* Of a table, the name is the node's, too. */
        if (machine->is.name[0] && !machine->labels)
                machine->labels = doc_object();
}

struct table {
        struct migrate_row header, row;
};

void migrate_csv(struct migration *m, const char *text, size_t size)
{
        _free_ struct table *t = calloc(1, sizeof(*t));
        struct reader reader = reader_over(text, size);
        int rc = 0;

        if (!t) {
                m->rc = -ENOMEM;
                return;
        }
        if (!begin(m, &reader, &t->header))
                return;
        check_header(m, &t->header);
        t->row.next_line = t->header.next_line;
        while (column(&t->header, "mac") >= 0 && (rc = migrate_row_next(&reader, &t->row)) > 0)
                if (!is_blank(&t->row))
                        take_row(m, &t->header, &t->row);
        if (rc < 0)
                migrate_say(m, t->row.line, MIGRATE_WRONG,
                            "the quotes do not fit, or a field is too long: what follows is not "
                            "read");
}

/* --- kea-leases4.csv: memfile's log, in which the last line of an address counts --- */

static void take_lease(struct migration *m, const struct migrate_row *header,
                       const struct migrate_row *row)
{
        struct migrate_machine machine =
                                       {
                                               .is_lease = true, .at = {m->file, row->line}
        },
                               *kept;
        uint64_t expires_s = 0;

        if (ip4_parse(field(row, column(header, "address")), &machine.is.address) < 0) {
                migrate_say(m, row->line, MIGRATE_LEFT, "the lease of '%s' is not understood",
                            field(row, column(header, "address")));
                return;
        }
        (void)migrate_mac(field(row, column(header, "hwaddr")), &machine.is.mac);
        (void)text_parse_u64(field(row, column(header, "expire")), UINT64_MAX, &expires_s);
        /* 0 is given out, 1 declined, 2 reclaimed. */
        machine.is_active =
                expires_s > m->now_s && strcmp(field(row, column(header, "state")), "0") == 0;
        if (machine.is_active && field(row, column(header, "hostname"))[0])
                migrate_name(m, row->line, field(row, column(header, "hostname")), machine.is.name);
        kept = migrate_machine_new(m, row->line);
        if (kept)
                *kept = machine;
}

void migrate_kea_leases(struct migration *m, const char *text, size_t size)
{
        _free_ struct table *t = calloc(1, sizeof(*t));
        struct reader reader = reader_over(text, size);
        int rc;

        if (!t) {
                m->rc = -ENOMEM;
                return;
        }
        if (!begin(m, &reader, &t->header))
                return;
        if (column(&t->header, "hwaddr") < 0 || column(&t->header, "duid") >= 0) {
                migrate_say(m, 1, MIGRATE_LEFT,
                            "leases of IPv6 do not come over: machines ask anew");
                return;
        }
        t->row.next_line = t->header.next_line;
        while ((rc = migrate_row_next(&reader, &t->row)) > 0)
                if (!is_blank(&t->row))
                        take_lease(m, &t->header, &t->row);
        if (rc < 0)
                migrate_say(m, t->row.line, MIGRATE_WRONG,
                            "a line is cut: what follows is not read");
}
