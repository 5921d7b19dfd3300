/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Documents for people. All text came from outside: nothing of it reaches the terminal unescaped.
 */

#include <stdint.h>
#include <stdio.h>

#include "cli/command.h"
#include "lib/node/step.h"

/* How one cell is made of a value that is there. Text that is not ASCII-printable is escaped. */
typedef void (*cell_fn)(char *to, size_t size, const struct doc *value);
void cell_text(char *to, size_t size, const struct doc *value); /* texts and numbers as they are */
void cell_size(char *to, size_t size, const struct doc *value); /* bytes: 16.0 GiB */
void cell_when(char *to, size_t size,
               const struct doc *value); /* ms since 1970: 2026-11-20 11:25:06 */
void cell_yes(char *to, size_t size, const struct doc *value);   /* true: yes; else nothing */
void cell_count(char *to, size_t size, const struct doc *value); /* members of a list */
void cell_names(char *to, size_t size,
                const struct doc *value); /* "name" of each element, with commas */

/* An operation in few words: "install write 40%", "failed image-frame-wrong". */
void cell_operation(char *to, size_t size, const struct doc *value);

struct column {
        const char *title;
        const char *path; /* "status.phase"; absent: an empty cell */
        cell_fn cell;     /* NULL: cell_text */
        bool is_right;    /* aligned */
};

/* @list: each element is a row. Prints to stdout. 0 or EXIT_FAILURE. */
int print_table(const struct column *columns, size_t count, const struct doc *list);

/* A whole document as an indented tree of names and values. */
void print_tree(FILE *to, const struct doc *value);

/* JSON text, nothing in which a terminal obeys. */
void print_json(FILE *to, const char *text);

/* JSON or YAML to stdout. 0 or EXIT_FAILURE. */
int print_document(enum output output, const struct doc *value);

/**
 * print_event() - one line of a timeline
 * @first_ms:  time of the timeline's first event: what the first column counts from
 */
void print_event(FILE *to, const struct node_event *event, uint64_t first_ms);

/* What the worker of a node said last, in words; nothing where there is none. */
void print_worker(FILE *to, const struct doc *node, uint64_t now_ms);
