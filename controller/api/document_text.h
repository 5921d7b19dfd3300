/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A document as an answer shows it. */

#include "controller/api/call.h"
#include "controller/logic/documents.h"
#include "lib/base/buffer.h"

/* The kind that the route of this call is of: by its path. */
enum document_kind call_document_kind(const struct call *call);

/* Its text as JSON, behind what is there. Logic thread. 0, -ENOMEM. */
int document_add_text(struct call *call, const struct document *document, struct buffer *to);

/* The same as the answer of this call, with its ETag. */
void reply_document(struct call *call, const struct document *document);

/* {status: …} of the image of this name, also where its bytes are not here. NULL without memory. */
struct doc *image_status(struct api *api, const char *name);
