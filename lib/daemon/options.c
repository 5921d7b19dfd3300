/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * getopt_long(3) does the reading; its tables and the help are made from the
 * rows. Its own sentences are not used: ours name the program, not its path.
 */

#include "lib/daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More options than any of our programs should have. */
#define OPTIONS_MAX 48

/* getopt values: the rows', behind all letters, then the two that everyone has. */
enum { VALUE_ROW = 256, VALUE_HELP = VALUE_ROW + OPTIONS_MAX, VALUE_VERSION };

/* Where the help of an option begins, when its name leaves room. */
#define HELP_COLUMN 26

struct getopt_tables {
        struct option names[OPTIONS_MAX + 3];
        char letters[2 * OPTIONS_MAX + 4];
};

static void fill_tables(const struct program *program, struct getopt_tables *t)
{
        size_t n = 0;
        char *letter = t->letters;

        *letter++ = ':'; /* tell a missing value from an unknown option */
        for (size_t i = 0; i < program->count && i < OPTIONS_MAX; i++) {
                const struct option_row *row = &program->options[i];

                if (row->name)
                        t->names[n++] = (struct option){
                                row->name, row->value ? required_argument : no_argument, NULL,
                                VALUE_ROW + (int)i};
                if (!row->letter)
                        continue;
                *letter++ = row->letter;
                if (row->value)
                        *letter++ = ':';
        }
        t->names[n++] = (struct option){"help", no_argument, NULL, VALUE_HELP};
        t->names[n++] = (struct option){"version", no_argument, NULL, VALUE_VERSION};
        t->names[n] = (struct option){0};
        *letter = '\0';
}

static const struct option_row *row_of(const struct program *program, int value)
{
        if (value >= VALUE_ROW && value < VALUE_ROW + (int)program->count)
                return &program->options[value - VALUE_ROW];
        for (size_t i = 0; i < program->count; i++)
                if (program->options[i].letter && program->options[i].letter == value)
                        return &program->options[i];
        return NULL;
}

static void print_row(char letter, const char *name, const char *value, const char *help)
{
        char left[128];
        int len;

        len = snprintf(left, sizeof(left), "  %c%c%s%s%s%s%s", letter ? '-' : ' ',
                       letter ? letter : ' ', letter && name ? ", " : "  ", name ? "--" : "",
                       name ? name : "", value ? " " : "", value ? value : "");
        if (len >= HELP_COLUMN)
                printf("%s\n%*s%s\n", left, HELP_COLUMN, "", help);
        else
                printf("%-*s%s\n", HELP_COLUMN, left, help);
}

static void print_help(const struct program *program)
{
        printf("Usage: %s %s\n\n%s\n\n", program->name, program->usage, program->summary);
        for (size_t i = 0; i < program->count; i++) {
                const struct option_row *row = &program->options[i];

                if (row->name || row->letter)
                        print_row(row->letter, row->name, row->value, row->help);
                else
                        printf("  %-*s%s\n", HELP_COLUMN - 2, row->value, row->help);
        }
        print_row(0, "help", NULL, "Show this help");
        print_row(0, "version", NULL, "Show the version");
}

/* What getopt_long() stumbled over: "--nodse" or "-x". */
static int complain(const struct program *program, char **argv, bool is_value_missing)
{
        const char *word = argv[optind - 1];
        char letter[3] = {'-', (char)optopt, '\0'};

        /* A letter may stand anywhere in "-abc"; a long name is the whole word. */
        if (optopt > 0 && optopt < VALUE_ROW && strncmp(word, "--", 2) != 0)
                word = letter;
        if (is_value_missing)
                program_usage(program, "option '%s' needs a value", word);
        else
                program_usage(program, "option '%s' is not understood", word);
        return -EINVAL;
}

/* Rows without name and letter take words; returns the index of the first that is left. */
static int take_arguments(const struct program *program, int argc, char **argv, int at)
{
        for (size_t i = 0; i < program->count && at < argc; i++) {
                const struct option_row *row = &program->options[i];

                if (!row->name && !row->letter && row->text)
                        *row->text = argv[at++];
        }
        return at;
}

int options_parse(const struct program *program, int argc, char **argv, int *ret_rest)
{
        struct getopt_tables t;
        int value;

        fill_tables(program, &t);
        optind = 0; /* start afresh: tests parse more than once */
        opterr = 0;
        while ((value = getopt_long(argc, argv, t.letters, t.names, NULL)) != -1) {
                const struct option_row *row;

                if (value == VALUE_HELP) {
                        print_help(program);
                        return 1;
                }
                if (value == VALUE_VERSION) {
                        printf("%s %s\n", program->name, CLOUDIE_VERSION);
                        return 1;
                }
                row = row_of(program, value);
                if (!row || value == ':' || value == '?')
                        return complain(program, argv, value == ':');
                if (row->value)
                        *row->text = optarg;
                else
                        *row->is_set = true;
        }
        *ret_rest = take_arguments(program, argc, argv, optind);
        return 0;
}

int program_fail(const struct program *program, const char *format, ...)
{
        va_list args;

        fprintf(stderr, "%s: ", program->name);
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fputc('\n', stderr);
        return EXIT_FAILURE;
}

int program_usage(const struct program *program, const char *format, ...)
{
        va_list args;

        fprintf(stderr, "%s: ", program->name);
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fprintf(stderr, " (see '%s --help')\n", program->name);
        return EXIT_USAGE;
}
