/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the installed system says of itself. */

#include <stddef.h>

#include "lib/base/ip.h"

/**
 * facts_system() - PRETTY_NAME of an os-release file (os-release(5))
 * @text:  the file
 * @to:    printable ASCII, cut where it does not fit; "" if it has none
 */
void facts_system(const char *text, char *to, size_t size);

/* The address from which a URL's host is reached, without sending anything. Not set: there is no
 * way to it. */
struct ip_address facts_address(const char *url);
