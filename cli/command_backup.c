/* SPDX-License-Identifier: GPL-3.0-or-later */
/* backup: the controller locks it; here it is written, and read back whole before it has its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/print.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/daemon.h"
#include "lib/daemon/options.h"
#include "lib/daemon/passphrase.h"
#include "lib/trust/locked.h"
#include "lib/trust/secret.h"

#define PATIENCE_MS (60U * 60 * 1000) /* of silence: images of a terabyte are read before */
#define READ_SIZE   65536

struct target {
        char beside[4096]; /* what is written, until it is whole */
        const char *path;
        int fd;
};

static int fail(const char *path, int rc)
{
        char safe[512];

        fprintf(stderr, "cloudie: %s: the backup cannot be written: %s\n",
                text_escape(safe, sizeof(safe), path), strerror(-rc));
        return EXIT_FAILURE;
}

static int sink(void *context, const void *bytes, size_t size)
{
        const struct target *target = context;
        const char *at = bytes;

        while (size > 0) {
                const ssize_t n = write(target->fd, at, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                at += n;
                size -= (size_t)n;
        }
        return 0;
}

/* As the one who restores it would: what is cut is found out today. */
static int read_back(int fd, const char *passphrase, uint64_t *ret_size)
{
        CLEANUP(locked_reader_free) struct locked_reader *reader = NULL;
        _free_ char *bytes = malloc(READ_SIZE);
        uint64_t size = 0;
        ssize_t n;
        int rc;

        if (!bytes)
                return -ENOMEM;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        rc = locked_reader_new(fd, passphrase, &reader);
        if (rc < 0)
                return rc;
        while ((n = locked_read(reader, bytes, READ_SIZE)) > 0)
                size += (uint64_t)n;
        secret_erase(bytes, READ_SIZE);
        *ret_size = size;
        return n < 0 ? (int)n : 0;
}

/* "debian,tiny" */
static int add_images(struct doc *wish, const char *images)
{
        _free_ char *text = strdup(images);
        struct doc *list = doc_list();
        char *save = NULL;

        for (char *name = text ? strtok_r(text, ",", &save) : NULL; name;
             name = strtok_r(NULL, ",", &save))
                (void)doc_append_text(list, name);
        return doc_set(wish, "images", list);
}

static int fetch(const struct command_context *context, const char *passphrase,
                 struct target *target)
{
        _answer_ struct call_answer answer = {0};
        _doc_ struct doc *wish = doc_object();
        _free_ char *body = NULL;
        struct call_request request = {.method = "POST",
                                       .path = "/api/v1/backup",
                                       .patience_ms = PATIENCE_MS,
                                       .sink = sink,
                                       .sink_context = target};
        bool is_there;

        if (doc_set_text(wish, "passphrase", passphrase) < 0 ||
            (context->images && add_images(wish, context->images) < 0) ||
            doc_print(wish, DOC_COMPACT, &body) < 0)
                return fail(target->path, -ENOMEM);
        request.body = body;
        request.body_size = strlen(body);
        is_there = call_try(context->call, &request, &answer);
        secret_erase(body, strlen(body));
        return is_there ? 0 : call_complain(context->call, &answer);
}

static int finish(const struct target *target, const char *passphrase)
{
        char safe[512], size[TEXT_SIZE_MAX];
        uint64_t bytes = 0;
        int rc;

        rc = read_back(target->fd, passphrase, &bytes);
        if (rc == 0 && fsync(target->fd) < 0)
                rc = -errno;
        if (rc == 0 && rename(target->beside, target->path) < 0)
                rc = -errno;
        if (rc == 0)
                rc = file_sync_folder(target->path);
        if (rc < 0)
                return fail(target->path, rc);
        fprintf(stderr,
                "cloudie: %s: %s, locked by the passphrase, mode 0600, read back whole; "
                "'cloudied --restore' opens it\n",
                text_escape(safe, sizeof(safe), target->path), text_size(size, bytes));
        return 0;
}

static int run(const struct command_context *context, const char *passphrase)
{
        struct target target = {.path = context->file};
        int rc;

        if ((size_t)snprintf(target.beside, sizeof(target.beside), "%s.XXXXXX", target.path) >=
            sizeof(target.beside))
                return fail(target.path, -ENAMETOOLONG);
        target.fd = mkostemp(target.beside, O_CLOEXEC);
        if (target.fd < 0)
                return fail(target.path, -errno);
        rc = fetch(context, passphrase, &target);
        if (rc == 0)
                rc = finish(&target, passphrase);
        if (rc != 0)
                (void)unlink(target.beside);
        close(target.fd);
        return rc;
}

int command_backup(const struct command_context *context)
{
        char passphrase[PASSPHRASE_SIZE], error[DAEMON_ERROR_SIZE];
        int rc;

        if (!context->file) {
                fprintf(stderr, "cloudie: -o FILE: where the backup is to be written\n");
                return EXIT_USAGE;
        }
        if (passphrase_read(context->passphrase_file, true, error, passphrase, sizeof(passphrase)) <
            0) {
                fprintf(stderr, "cloudie: %s\n", error);
                return EXIT_FAILURE;
        }
        rc = run(context, passphrase);
        secret_erase(passphrase, sizeof(passphrase));
        return rc;
}
