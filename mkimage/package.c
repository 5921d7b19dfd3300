/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * apt checks what it downloads against its signed lists, so we ask it, and check
 * our cache by the same hash. Nothing is installed, and no root is needed.
 */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/deb.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/trust/hash.h"
#include "mkimage/confine.h"
#include "mkimage/error.h"
#include "mkimage/folder.h"
#include "mkimage/package.h"
#include "mkimage/run.h"
#include "mkimage/workshop.h"

static int no_memory(char *error)
{
        return mkimage_fail(error, -ENOMEM, "no memory");
}

/* What apt would install, as "Name: value" lines. */
static int record_of(const char *name, char *error, char **ret)
{
        const char *const argv[] = {"apt-cache", "--no-all-versions", "show", name, NULL};
        int rc = run_program(argv, NULL, error, ret);

        if (rc == -EIO || (rc == 0 && **ret == '\0'))
                return mkimage_fail(error, -ENOENT,
                                    "apt knows no package %s; run 'apt-get update' first", name);
        return rc;
}

/* The value of one field, the caller's; NULL, and @error says why. */
static char *field_of(const char *record, const char *field, char *error)
{
        const size_t size = strlen(field);
        char *value;

        for (const char *line = record; *line; line += strcspn(line, "\n"), line += *line != 0) {
                if (strncmp(line, field, size) != 0 || !text_has_prefix(line + size, ": "))
                        continue;
                value = strndup(line + size + 2, strcspn(line + size + 2, "\n"));
                if (!value)
                        no_memory(error);
                return value;
        }
        mkimage_fail(error, -ENOENT, "apt's record of the package has no %s", field);
        return NULL;
}

int package_first_dependency(const char *name, char *error, char **ret)
{
        _free_ char *record = NULL;
        _free_ char *depends = NULL;
        int rc = record_of(name, error, &record);

        if (rc < 0)
                return rc;
        depends = field_of(record, "Depends", error);
        if (!depends)
                return -ENOENT;
        depends[strcspn(depends, " ,(|")] = '\0'; /* "linux-image-6.1.0-56-amd64 (= 6.1.192-2)" */
        *ret = TAKE_PTR(depends);
        return 0;
}

static bool has_hash(const char *path, const struct sha256 *hash)
{
        _close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct sha256 found;

        return fd >= 0 && sha256_of_fd(fd, &found, NULL) == 0 && sha256_is_equal(&found, hash);
}

/* The one .deb in a folder becomes @path. */
static int take_only_file(const char *folder, const char *path, char *error)
{
        _free_ char *pattern = NULL;
        glob_t found;
        int rc = 0;

        if (asprintf(&pattern, "%s/*.deb", folder) < 0) {
                pattern = NULL;
                return no_memory(error);
        }
        if (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc != 1)
                rc = mkimage_fail(error, -EIO, "apt-get left no package behind");
        else if (rename(found.gl_pathv[0], path) < 0)
                rc = mkimage_fail(error, -errno, "cannot write %s: %s", path, strerror(errno));
        globfree(&found);
        return rc;
}

/* apt-get writes under a name of its own: into an empty folder, so that it is known. */
static int download(const char *name, const char *version, const char *cache, const char *path,
                    char *error)
{
        _free_ char *wanted = NULL;
        _free_ char *folder = NULL;
        int rc;

        if (asprintf(&wanted, "%s=%s", name, version) < 0) {
                wanted = NULL;
                return no_memory(error);
        }
        if (asprintf(&folder, "%s/download.XXXXXX", cache) < 0) {
                folder = NULL;
                return no_memory(error);
        }
        if (!mkdtemp(folder))
                return mkimage_fail(error, -errno, "cannot write into %s: %s", cache,
                                    strerror(errno));

        /* apt's sandbox user could not enter a folder of ours. */
        const char *const argv[] = {
                "apt-get", "-q", "-o", "APT::Sandbox::User=", "download", wanted, NULL};

        rc = run_program(argv, folder, error, NULL);
        if (rc == 0)
                rc = take_only_file(folder, path, error);
        folder_remove(folder);
        return rc;
}

static int fetch(const char *name, const char *record, const char *cache, char *error, char **ret)
{
        _free_ char *version = field_of(record, "Version", error);
        _free_ char *text = version ? field_of(record, "SHA256", error) : NULL;
        _free_ char *path = NULL;
        struct sha256 hash;
        int rc = 0;

        if (!version || !text)
                return -ENOENT;
        if (sha256_parse(text, &hash) < 0 || strchr(version, '/') || strchr(name, '/'))
                return mkimage_fail(error, -EBADMSG, "apt's record of %s makes no sense", name);
        if (asprintf(&path, "%s/%s_%s.deb", cache, name, version) < 0) {
                path = NULL;
                return no_memory(error);
        }

        if (!has_hash(path, &hash)) {
                rc = download(name, version, cache, path, error);
                if (rc == 0 && !has_hash(path, &hash))
                        rc = mkimage_fail(error, -EIO, "%s is not what apt's lists say", path);
        }
        if (rc == 0)
                *ret = TAKE_PTR(path);
        return rc;
}

int package_fetch(const char *name, const char *cache, char *error, char **ret)
{
        _free_ char *record = NULL;
        int rc = record_of(name, error, &record);

        if (rc < 0)
                return rc;
        rc = file_make_folders(cache, 0755);
        if (rc < 0)
                return mkimage_fail(error, rc, "cannot make %s: %s", cache, strerror(-rc));
        return fetch(name, record, cache, error, ret);
}

static bool has_prefix(void *context, const char *path)
{
        return text_has_prefix(path, context);
}

int package_extract(const char *name, const char *prefix, const char *cache, const char *folder,
                    char *error)
{
        _free_ char *deb = NULL;
        _free_ char *context = strdup(prefix);
        _close_ int fd = -EBADF;
        char why[IMAGE_ERROR_SIZE];
        int rc;

        if (!context)
                return no_memory(error);
        rc = package_fetch(name, cache, error, &deb);
        if (!deb)
                return rc;
        fd = open(deb, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return mkimage_fail(error, -errno, "cannot read %s: %s", deb, strerror(errno));
        rc = unpack_deb(fd, folder, has_prefix, context, why);
        return rc < 0 ? mkimage_fail(error, rc, "%s: %s", deb, why[0] ? why : strerror(-rc)) : 0;
}

int package_read(const struct package_file *file, const char *cache, const char *folder,
                 char *error, char **ret, size_t *ret_size)
{
        char path[PATH_MAX];
        int rc = workshop_path(path, "/%s", file->path);

        if (rc == 0)
                rc = file_read(AT_FDCWD, path, PACKAGE_FILE_MAX, ret, ret_size);
        if (rc == -ENOENT) {
                rc = package_extract(file->package, file->path, cache, folder, error);
                if (rc < 0)
                        return rc;
                rc = workshop_path(path, "%s/%s", folder, file->path);
                if (rc == 0)
                        rc = file_read(AT_FDCWD, path, PACKAGE_FILE_MAX, ret, ret_size);
        }
        return rc < 0 ? mkimage_fail(error, rc, "%s of the package %s: %s", file->path,
                                     file->package, strerror(-rc))
                      : 0;
}
