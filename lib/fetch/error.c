/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Error: one row a result that has something of its own to say. */
#include "lib/fetch/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/fetch/fetch.h"

struct error_row {
        CURLcode code;
        int os_error; /* 0: any */
        int rc;
        const char *text; /* behind the origin */
};

static const struct error_row rows[] = {
        {CURLE_COULDNT_CONNECT,          ECONNREFUSED, -ECONNREFUSED,
         "refuses connections: is the service running, and is this its port?"                                            },
        {CURLE_COULDNT_CONNECT,          ETIMEDOUT,    -ETIMEDOUT,
         "does not answer: is the machine up, and does a firewall lie between?"                                          },
        {CURLE_COULDNT_CONNECT,          0,            -EHOSTUNREACH,
         "cannot be reached: is the network up, and is there a way to this address?"                                     },
        {CURLE_COULDNT_RESOLVE_HOST,     0,            -EHOSTUNREACH,
         "has a name that is not known: check it, and the name server of this machine."                                  },
        {CURLE_OPERATION_TIMEDOUT,       0,            -ETIMEDOUT,
         "did not answer in time: is it up, and does a firewall lie between?"                                            },
        {CURLE_PEER_FAILED_VERIFICATION, 0,            -EKEYREJECTED,
         "is not whom we trust: no CA of ours vouches for its certificate, or it has other names."                       },
        {CURLE_SSL_PINNEDPUBKEYNOTMATCH, 0,            -EKEYREJECTED,
         "is not whom we trust: its key is not the pinned one."                                                          },
        {CURLE_SSL_CACERT_BADFILE,       0,            -EKEYREJECTED,
         "cannot be trusted: the file with our CA certificate is missing or malformed."                                  },
        {CURLE_UNSUPPORTED_PROTOCOL,     0,            -EPROTO,       "is neither an http nor an https URL."             },
        {CURLE_URL_MALFORMAT,            0,            -EPROTO,       "is not a URL: write it as https://HOST:PORT/PATH."},
        {CURLE_OUT_OF_MEMORY,            0,            -ENOMEM,       "was not asked: there is no memory."               },
        {CURLE_GOT_NOTHING,              0,            -EPROTO,
         "closed the connection without an answer: is it stopping, or does it want https?"                               },
        {CURLE_PARTIAL_FILE,             0,            -EPROTO,       "ended the connection in the middle of its answer."},
};

const char *origin_text(char to[static ORIGIN_SIZE], const char *url)
{
        const char *host = strstr(url, "://");
        size_t scheme_len;
        const char *end;
        const char *user;

        if (!host || (size_t)(host - url) > strcspn(url, "/?#")) {
                snprintf(to, ORIGIN_SIZE, "What was given");
                return to;
        }
        host += strlen("://");
        scheme_len = (size_t)(host - url);
        end = host + strcspn(host, "/?#");
        user = memrchr(host, '@', (size_t)(end - host));
        if (user)
                host = user + 1;
        snprintf(to, ORIGIN_SIZE, "%.*s%.*s", (int)scheme_len, url, (int)(end - host), host);
        return to;
}

static const struct error_row *row_of(CURLcode code, long os_error)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                if (rows[i].code == code && (rows[i].os_error == 0 || rows[i].os_error == os_error))
                        return &rows[i];
        }
        return NULL;
}

int error_of(CURLcode code, long os_error, const char *detail, const char *url, char *error)
{
        const struct error_row *row = row_of(code, os_error);
        char origin[ORIGIN_SIZE];
        char words[CURL_ERROR_SIZE];

        origin_text(origin, url);
        if (row && error) {
                snprintf(error, FETCH_ERROR_SIZE, "%s %s", origin, row->text);
        } else if (error) {
                text_escape(words, sizeof(words), *detail ? detail : curl_easy_strerror(code));
                snprintf(error, FETCH_ERROR_SIZE, "%s was asked in vain: %.100s.", origin, words);
        }
        return row ? row->rc : -EPROTO;
}
