/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/trust/hash.h"
#include "mkimage/error.h"
#include "mkimage/manifest.h"

static int describe(struct doc *list, const struct manifest_file *file, const char *path,
                    char *error)
{
        _close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        char text[SHA256_TEXT_SIZE];
        _doc_ struct doc *entry = doc_object();
        struct sha256 hash;
        uint64_t size = 0;
        int rc;

        rc = fd < 0 ? -errno : sha256_of_fd(fd, &hash, &size);
        if (rc < 0)
                return mkimage_fail(error, rc, "cannot read %s: %s", path, strerror(-rc));

        doc_set_text(entry, "name", file->name);
        doc_set_number(entry, "size", (int64_t)size);
        doc_set_text(entry, "sha256", sha256_text(text, &hash));
        rc = doc_set_text(entry, "role", file->role);
        if (rc == 0)
                rc = doc_append(list, TAKE_PTR(entry));
        return rc < 0 ? mkimage_fail(error, rc, "%s: %s", MANIFEST_NAME, strerror(-rc)) : 0;
}

int manifest_write(struct doc *manifest, const struct manifest_file *files, size_t count,
                   const char *folder, char *error)
{
        _doc_ struct doc *list = doc_list();
        _free_ char *text = NULL;
        _free_ char *path = NULL;
        int rc;

        for (size_t i = 0; i < count; i++) {
                _free_ char *of = NULL;

                if (asprintf(&of, "%s/%s", folder, files[i].name) < 0) {
                        of = NULL;
                        return mkimage_fail(error, -ENOMEM, "no memory");
                }
                rc = describe(list, &files[i], of, error);
                if (rc < 0)
                        return rc;
        }

        rc = doc_set(manifest, "files", TAKE_PTR(list));
        if (rc == 0)
                rc = doc_print(manifest, DOC_PRETTY, &text);
        if (asprintf(&path, "%s/" MANIFEST_NAME, folder) < 0) {
                path = NULL;
                rc = -ENOMEM;
        }
        if (rc == 0)
                rc = file_replace(path, text, strlen(text), 0644);
        return rc < 0 ? mkimage_fail(error, rc, "%s: %s", MANIFEST_NAME, strerror(-rc)) : 0;
}
