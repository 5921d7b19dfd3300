/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Options: a row an option; parsing, help and completion come from the table.
 * Every program has --help and --version; the exit status is 0 ok, 1 failed, 2
 * wrong usage; diagnostics go to stderr, results to stdout.
 */

#include <stdbool.h>
#include <stddef.h>

struct option_row {
        const char *name;  /* "output", for --output; NULL without a letter: an argument */
        char letter;       /* 'o' for -o; 0: none */
        const char *value; /* "FILE" in the help; NULL: a switch */
        const char *help;  /* one line */
        const char **text; /* where the value goes; the last one said counts */
        bool *is_set;      /* or, for a switch */
};

struct program {
        const char *name;    /* "cloudied" */
        const char *summary; /* one sentence */
        const char *usage;   /* "[options] COMMAND" */
        const struct option_row *options;
        size_t count;
};

enum { EXIT_USAGE = 2 };

/**
 * options_parse() - read argv
 * @ret_rest:  index of the first word that is no option; options after it are read too unless
 *             "--" ends them (argv is reordered as getopt_long does)
 *
 * Rows that are arguments take the first of those words, in the order of the rows; one whose @text
 * is NULL stands in the help only. @ret_rest is then the first word that no row took.
 *
 * Prints help or version to stdout, or what is wrong to stderr.
 *
 * Return: 0 to go on; 1: the program ends with status 0 (help was printed); -EINVAL: it ends with
 * EXIT_USAGE.
 */
int options_parse(const struct program *program, int argc, char **argv, int *ret_rest);

/* One sentence on stderr, "NAME: sentence", and the status to return from main. */
int program_fail(const struct program *program, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
int program_usage(const struct program *program, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
