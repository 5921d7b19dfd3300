/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What an operator writes of a node: labels, and whatever else he wants to keep with it. */

#include "lib/doc/value.h"

#define NODE_LABEL_SIZE    64          /* of a name and of a text, as others have it: they travel */
#define NODE_METADATA_SIZE (16U << 10) /* bytes of it as JSON: a list of 1,000 nodes carries it */

/**
 * node_document_check() - is this {kind: node, name, version?, labels?, spec?: {metadata?}} ?
 * @error:  DOC_ERROR_SIZE bytes: "node 'n1': label 'a b' …"
 *
 * A label's name is made of letters, digits and ._-/, so that a filter can name it. `metadata` is
 * an object that nobody here interprets. A `status` is passed over: what `node show` prints can be
 * applied.
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int node_document_check(const struct doc *document, char *error);
bool node_label_is_valid(const char *name);
