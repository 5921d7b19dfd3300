/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/doc/table.h"

#define CREDENTIALS_MAX 8192

static const struct doc_field fields[] = {
        DOC_FIELD(struct credential, url, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct credential, pin, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct credential, token, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct credential, user, DOC_TEXT, 0),
};
static DOC_TABLE(credential_table, struct credential, "credentials", fields);

int credentials_path(char *to, size_t size)
{
        const char *file = getenv("CLOUDIE_CREDENTIALS");
        const char *config = getenv("XDG_CONFIG_HOME");
        const char *home = getenv("HOME");

        if (file && *file)
                return text_copy(to, size, file);
        if (config && *config)
                return snprintf(to, size, "%s/cloudie/credentials.json", config) < (int)size
                               ? 0
                               : -E2BIG;
        if (!home || !*home)
                return -ENOENT;
        return snprintf(to, size, "%s/.config/cloudie/credentials.json", home) < (int)size ? 0
                                                                                           : -E2BIG;
}

int credentials_load(const char *path, struct credential *ret)
{
        struct credential credential = {0};
        _free_ char *text = NULL;
        struct stat st;
        size_t size;
        int rc;

        if (stat(path, &st) < 0)
                return -errno;
        if (st.st_mode & (S_IRWXG | S_IRWXO))
                return -EPERM;
        rc = file_read(AT_FDCWD, path, CREDENTIALS_MAX, &text, &size);
        if (rc < 0)
                return rc;
        rc = doc_decode_text(&credential_table, text, size, &doc_limits_message, NULL, &credential);
        if (rc < 0)
                return rc;
        *ret = credential;
        return 0;
}

int credentials_save(const char *path, const struct credential *credential)
{
        _doc_ struct doc *object = doc_encode(&credential_table, credential);
        _free_ char *text = NULL, *folder = strdup(path);
        char *slash;
        int rc;

        if (!object || !folder)
                return -ENOMEM;
        rc = doc_print(object, DOC_PRETTY, &text);
        if (rc < 0)
                return rc;

        slash = strrchr(folder, '/');
        if (slash && slash != folder) {
                *slash = '\0';
                rc = file_make_folders(folder, 0700);
                if (rc < 0)
                        return rc;
        }
        return file_replace(path, text, strlen(text), 0600);
}
