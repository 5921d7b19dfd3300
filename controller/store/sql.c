/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is the same for every engine that speaks SQL. */
#include <stdlib.h>

#include "controller/store/engine.h"
#include "lib/base/text.h"

unsigned sql_used(const char *sql)
{
        unsigned used = 0;

        for (; *sql; sql++) {
                char *end;
                unsigned long number;

                if (*sql != '?')
                        continue;
                number = strtoul(sql + 1, &end, 10);
                if (number > 0 && number <= SQL_VALUES_MAX)
                        used |= 1U << (number - 1);
        }
        return used;
}

const char *sql_text_or_null(const struct sql_row *row, int column)
{
        return row->kind->text(row, column);
}

const char *sql_text(const struct sql_row *row, int column)
{
        const char *text = sql_text_or_null(row, column);

        return text ? text : "";
}

uint64_t sql_number(const struct sql_row *row, int column)
{
        /* Signed in every database; ours are never that large. */
        return (uint64_t)strtoll(sql_text(row, column), NULL, 10);
}

void sql_take_text(const struct sql_row *row, int column, char *to, size_t size)
{
        if (text_copy(to, size, sql_text(row, column)) < 0)
                to[0] = '\0';
}
