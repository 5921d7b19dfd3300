/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Words that may stand in a script of a boot loader, and lines made of them. Pure. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/writer.h"
#include "lib/node/plan.h"
#include "pxe/script.h"

/* One word, or several with a blank between them. */
bool pxe_is_words(const char *text, bool may_have_blanks);

/* Boot number and kernel arguments of @plan, and the names of the files in @facts, can stand in a
 * script. The names only where the agent runs. */
bool pxe_plan_is_writable(const struct boot_plan *plan, const struct pxe_script_facts *facts);

/* @words with a blank between them, and a line's end. NULL-ended. */
void pxe_line_add(struct writer *w, const char *const words[]);
#define PXE_LINE(w, ...) pxe_line_add(w, (const char *const[]){__VA_ARGS__, NULL})

/* " - " and the reason of a plan, which is for people: all but words becomes dots. Only behind
 * "echo". */
void pxe_reason_add(struct writer *w, const char *reason);

/* The kernel's command line, which begins with "rdinit=": no blank at either end. */
void pxe_arguments_add(struct writer *w, const struct boot_plan *plan,
                       const struct pxe_script_facts *facts);

/* Ends a script of PXE_SCRIPT_SIZE bytes. 0, or -EMSGSIZE: @to is then "". */
int pxe_script_finish(struct writer *w, char *to, size_t *ret_size);
