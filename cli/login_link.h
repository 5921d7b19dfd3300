/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The link that a controller prints: https://HOST:8443/#TOKEN.PIN. TOKEN is good
 * once; PIN is the hex SHA-256 of the public key in its certificate, so that the
 * very first word to it already goes to the right machine.
 */

#include "cli/credentials.h"

/**
 * login_link_parse() - take the link apart
 * @text:  also with "cloudie login " before it, as it was pasted; blanks at both ends are skipped
 * @ret:   url and pin are set; token holds the one-time token
 *
 * Return: 0, or -EINVAL.
 */
int login_link_parse(const char *text, struct credential *ret);
