/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Networks: those of cloudied.yaml, and those of documents behind them. What both
 * say under one name is cloudied.yaml's. Edges are told of what can be served as a
 * whole, and of nothing else.
 */

#include "controller/api/call.h"
#include "controller/logic/documents.h"

/**
 * networks_would() - could edges serve all networks, if this document were there?
 * @fresh:  a network, in place of the one of its name
 * @error:  DOC_ERROR_SIZE bytes: one sentence
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int networks_would(const struct api *api, const struct document *fresh, char *error);

/* Makes api->edge_config anew, of what is there. At the start a document that does not fit what
 * cloudied.yaml says by now is left out, with a line in the log. 0, -ENOMEM. */
int networks_make(struct api *api);
