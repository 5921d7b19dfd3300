/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Plain HTTP: whoever typed the address without https is told where to go. */

#include "controller/config.h"
#include "lib/serve/serve.h"

/* For struct serve_options; @context is the struct config. */
void redirect_handle(void *context, struct serve_request *request);

/**
 * redirect_target() - where to go
 * @host:  of the request's Host header, or NULL: one of our names, or the first of them is taken
 * @path:  decoded; one that would have to be escaped becomes /
 * @ret:   REDIRECT_SIZE bytes
 */
#define REDIRECT_SIZE 1024
void redirect_target(const struct config *config, const char *host, const char *path, char *ret);
