/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file of configuration. Its sentences begin with the file's name, as an editor jumps to them.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/daemon/daemon.h"

static int parse(const char *text, size_t size, const struct doc_table *table, char *sentence,
                 void *ret)
{
        struct doc_table strict = *table;
        _doc_ struct doc *object = NULL;
        int rc;

        rc = doc_parse_yaml(text, size, &doc_limits_message, sentence, &object);
        if (rc < 0)
                return rc;
        if (doc_is_null(object)) { /* nothing but comments: all defaults */
                object = doc_free(object);
                object = doc_object();
                if (!object)
                        return -ENOMEM;
        }
        strict.is_strict = true;
        strict.what = NULL; /* the file's name stands there */
        return doc_decode(&strict, object, sentence, ret);
}

int config_load(const char *path, const struct doc_table *table, char *error, void *ret)
{
        char sentence[DOC_ERROR_SIZE] = "out of memory";
        _free_ char *text = NULL;
        size_t size;
        int rc;

        rc = file_read(AT_FDCWD, path, doc_limits_message.size, &text, &size);
        if (rc < 0) {
                snprintf(error, DAEMON_ERROR_SIZE, "cannot read %s: %s", path, strerror(-rc));
                return rc;
        }
        rc = parse(text, size, table, sentence, ret);
        if (rc < 0)
                snprintf(error, DAEMON_ERROR_SIZE, "%s: %s", path, sentence);
        return rc == -E2BIG ? -EBADMSG : rc;
}
