/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A network as a document: `spec` says what a network of cloudied.yaml does, but for its name. */

#include "lib/node/wire.h"

/**
 * network_document_decode() - a document {kind: network, name, labels?, spec}
 * @error:  DOC_ERROR_SIZE bytes, one sentence; may be NULL
 *
 * The network is one that a netbootd could serve, were there no other: edge_config_check().
 *
 * Return: 0, -EBADMSG, -ENOMEM.
 */
int network_document_decode(const struct doc *document, char *error, struct edge_network *ret);
