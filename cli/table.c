/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one file that knows libsmartcols. */
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/print.h"

#define CELL_SIZE 256

static int fill(struct libscols_table *table, const struct column *columns, size_t count,
                const struct doc *list)
{
        for (size_t i = 0; i < doc_count(list); i++) {
                struct libscols_line *line = scols_table_new_line(table, NULL);

                if (!line)
                        return -1;
                for (size_t c = 0; c < count; c++) {
                        const struct doc *value = doc_get(doc_at(list, i), columns[c].path);
                        char cell[CELL_SIZE] = "";

                        if (value)
                                (columns[c].cell ? columns[c].cell : cell_text)(cell, sizeof(cell),
                                                                                value);
                        if (scols_line_set_data(line, c, cell) != 0)
                                return -1;
                }
        }
        return 0;
}

int print_table(const struct column *columns, size_t count, const struct doc *list)
{
        struct libscols_table *table;
        int rc = 0;

        scols_init_debug(0);
        table = scols_new_table();
        if (!table)
                return EXIT_FAILURE;
        for (size_t c = 0; c < count; c++)
                if (!scols_table_new_column(table, columns[c].title, 0,
                                            columns[c].is_right ? SCOLS_FL_RIGHT : 0))
                        rc = -1;
        if (rc == 0)
                rc = fill(table, columns, count, list);
        if (rc == 0)
                rc = scols_print_table(table);
        scols_unref_table(table);
        return rc == 0 ? 0 : EXIT_FAILURE;
}
