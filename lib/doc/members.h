/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Members: which parts of a JSON text somebody wants, "name,status.phase,labels".
 *
 * A name stands for all that is under it; dots lead into objects, and through lists to each of
 * their elements. The text is read once and never becomes a tree: a list of a thousand documents
 * is cut down in the time that it takes to look at its bytes. What is not there is left out.
 */

#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/doc/value.h"

#define MEMBERS_SIZE_MAX 1024 /* bytes; what a person writes, and a URL carries */
#define MEMBERS_MAX      64   /* names */
#define MEMBERS_DEPTH    32   /* of the text: above those of all doc_limits */

struct members;

/**
 * members_parse() - read what is wanted
 * @error:  DOC_ERROR_SIZE bytes; one sentence on failure
 *
 * Return: 0; -EBADMSG: no names, or one with other bytes than letters, digits and ._-/; -E2BIG;
 *         -ENOMEM.
 */
int members_parse(const char *text, char *error, struct members **ret);
struct members *members_free(struct members *members); /* takes NULL; returns NULL */
CLEANUP_DEFINE(struct members *, members_free)

/**
 * members_pick() - the same text with nothing but those
 * @list:  of a text {"items": [{...}, ...], ...}: "items". What is wanted is then of each element,
 *         and all beside the list stays. NULL, or no such list there: of the text itself
 * @to:    what is picked is added; it may be garbage when that failed
 *
 * Return: 0; -EBADMSG: not JSON (not everything is checked that is not wanted), -E2BIG, -ENOMEM.
 */
int members_pick(const struct members *members, const char *list, const char *text, size_t size,
                 struct buffer *to);
