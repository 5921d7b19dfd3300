/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/daemon/log.h"
#include "lib/trust/certificate.h"
#include "lib/trust/secret.h"

/* Firmware holds it as a trust anchor, and nobody goes to each machine again sooner. */
#define CERTIFICATE_DAYS 3650
/* A chain of several certificates. */
#define PEM_MAX        65536

#define HOST_NAME_SIZE 65 /* HOST_NAME_MAX of Linux, with NUL */
#define NAMES_MAX      (NETBOOTD_MAX_INTERFACES * (1 + NETBOOT_MAX_ADDRESSES6) + 1)

struct tls_paths {
        char folder[NETBOOTD_PATH_SIZE + 16], key[NETBOOTD_PATH_SIZE + 16];
        char cert[NETBOOTD_PATH_SIZE + 16], names[NETBOOTD_PATH_SIZE + 16];
};

struct names {
        const char *at[NAMES_MAX + 1]; /* NULL-ended */
        char texts[NAMES_MAX][IP6_TEXT_SIZE > HOST_NAME_SIZE ? IP6_TEXT_SIZE : HOST_NAME_SIZE];
        size_t count;
};

static int fail(char *error, int rc, const char *path, const char *what)
{
        snprintf(error, DAEMON_ERROR_SIZE, "%.200s: %s: %s", path, what, strerror(-rc));
        return rc;
}

static char *names_next(struct names *names)
{
        names->at[names->count] = names->texts[names->count];
        return names->texts[names->count++];
}

/* By address, as DHCP names us; by name for who wrote a URL into his firmware himself. */
static void names_collect(const struct netboot_interfaces *interfaces, struct names *names)
{
        char host[HOST_NAME_SIZE] = "";

        for (size_t n = 0; n < interfaces->count; n++) {
                const struct netboot_interface *i = &interfaces->at[n];

                if (ip4_is_set(i->address))
                        ip4_text(names_next(names), i->address);
                for (size_t a = 0; a < i->address6_count; a++)
                        ip6_text(names_next(names), &i->addresses6[a]);
        }
        if (gethostname(host, sizeof(host) - 1) == 0 && certificate_takes_name(host))
                snprintf(names_next(names), HOST_NAME_SIZE, "%s", host);
}

static int names_line(const struct names *names, char **ret)
{
        struct buffer line = {0};

        for (size_t i = 0; i < names->count; i++)
                buffer_format(&line, "%s%s", i > 0 ? " " : "", names->at[i]);
        buffer_text(&line, "\n");
        return buffer_take(&line, ret);
}

static int make(const struct tls_paths *paths, const struct names *names, char *error)
{
        _free_ char *line = NULL;
        int rc;

        rc = file_make_folders(paths->folder, 0700);
        if (rc < 0)
                return fail(error, rc, paths->folder, "the folder cannot be made");
        rc = names_line(names, &line);
        if (rc == 0)
                rc = file_replace(paths->names, line, strlen(line), 0644);
        if (rc < 0)
                return fail(error, rc, paths->names, "cannot be written");
        rc = certificate_make(CERTIFICATE_RSA, names->at, CERTIFICATE_DAYS, paths->key,
                              paths->cert);
        if (rc < 0)
                return fail(error, rc, paths->cert, "the certificate cannot be made");
        log_info("certificate.made", "file=%s names=%zu", QUOTE(paths->cert), names->count);
        return 0;
}

static void compare_names(const struct tls_paths *paths, const struct names *names)
{
        _free_ char *made = NULL, *wanted = NULL;

        if (file_read(AT_FDCWD, paths->names, PEM_MAX, &made, NULL) < 0 ||
            names_line(names, &wanted) < 0 || strcmp(made, wanted) == 0)
                return;
        log_warning("certificate.names",
                    "file=%s reason=\"made for other addresses than this edge has; remove the "
                    "folder that it is in to have a new one made, and give that to the firmware\"",
                    QUOTE(paths->cert));
}

static int read_keys(const struct tls_paths *paths, char *error, struct tls_keys *keys)
{
        size_t size;
        int rc;

        rc = file_read(AT_FDCWD, paths->cert, PEM_MAX, &keys->cert_pem, &size);
        if (rc < 0)
                return fail(error, rc, paths->cert, "the certificate cannot be read");
        rc = file_read(AT_FDCWD, paths->key, PEM_MAX, &keys->key_pem, NULL);
        if (rc < 0)
                return fail(error, rc, paths->key, "the certificate's key cannot be read");
        if (!certificate_is_rsa(keys->cert_pem, size))
                log_warning("certificate.kind",
                            "file=%s reason=\"its key is not RSA: most UEFI firmware knows nothing "
                            "else\"",
                            QUOTE(paths->cert));
        return 0;
}

int tls_keys_load(const char *state, const struct netboot_interfaces *interfaces, char *error,
                  struct tls_keys *ret)
{
        struct tls_keys keys = {0};
        struct names names = {0};
        struct tls_paths paths;
        int rc = 0;

        snprintf(paths.folder, sizeof(paths.folder), "%s/tls", state);
        snprintf(paths.key, sizeof(paths.key), "%s/tls/key.pem", state);
        snprintf(paths.cert, sizeof(paths.cert), "%s/tls/cert.pem", state);
        snprintf(paths.names, sizeof(paths.names), "%s/tls/names", state);
        names_collect(interfaces, &names);
        if (access(paths.cert, F_OK) < 0 && access(paths.key, F_OK) < 0)
                rc = make(&paths, &names, error);
        else
                compare_names(&paths, &names);
        if (rc == 0)
                rc = read_keys(&paths, error, &keys);
        if (rc < 0) {
                tls_keys_done(&keys);
                return rc;
        }
        *ret = keys;
        return 0;
}

void tls_keys_done(struct tls_keys *keys)
{
        if (keys->key_pem)
                secret_erase(keys->key_pem, strlen(keys->key_pem));
        free(keys->key_pem);
        free(keys->cert_pem);
        *keys = (struct tls_keys){0};
}
