/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What libcurl's results are called here. */

#include <curl/curl.h>

/* "https://10.77.0.1:8443": what may be shown of a URL. Its path, query and user may be secret. */
#define ORIGIN_SIZE 128
const char *origin_text(char to[static ORIGIN_SIZE], const char *url);

/**
 * error_of() - the errno and the sentence for a call that failed
 * @os_error:  errno of connecting, as CURLINFO_OS_ERRNO has it; 0: none
 * @detail:    libcurl's own words, or ""
 * @error:     FETCH_ERROR_SIZE bytes, or NULL
 *
 * Return: a negative errno, as fetch_do() names them.
 */
int error_of(CURLcode code, long os_error, const char *detail, const char *url, char *error);
