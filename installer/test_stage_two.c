/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stage two against an edge that lies: what does not verify is not kept. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "installer/stage_two_linux.h"
#include "lib/base/cleanup.h"
#include "lib/trust/hash.h"

#define FILE_SIZE 100000

/* What the edge serves. */
struct edge {
        char manifest[1024], *signature, file[FILE_SIZE + 1];
        size_t file_size;
};

static struct signing_key *key;

static void answer(int fd, const char *bytes, size_t size)
{
        char head[128];
        const int n = snprintf(
                head, sizeof(head),
                "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", size);

        (void)send(fd, head, (size_t)n, MSG_NOSIGNAL);
        for (size_t done = 0; done < size;) {
                const ssize_t sent = send(fd, bytes + done, size - done, MSG_NOSIGNAL);

                if (sent <= 0)
                        return;
                done += (size_t)sent;
        }
}

static void serve_one(int fd, const struct edge *edge)
{
        char request[2048];
        const ssize_t n = recv(fd, request, sizeof(request) - 1, 0);

        if (n <= 0)
                return;
        request[n] = '\0';
        if (strncmp(request, "GET /assets/manifest.json.minisig ", 34) == 0)
                answer(fd, edge->signature, strlen(edge->signature));
        else if (strncmp(request, "GET /assets/manifest.json ", 26) == 0)
                answer(fd, edge->manifest, strlen(edge->manifest));
        else
                answer(fd, edge->file, edge->file_size);
}

/* A child that serves until it is ended; @ret_url: where. */
static pid_t start(const struct edge *edge, char *ret_url, size_t size)
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(address);
        const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        pid_t pid;

        assert_true(listener >= 0);
        assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
        assert_int_equal(listen(listener, 8), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
        snprintf(ret_url, size, "http://127.0.0.1:%u", ntohs(address.sin_port));
        pid = fork();
        if (pid == 0) {
                for (;;) {
                        const int fd = accept(listener, NULL, NULL);

                        if (fd < 0)
                                _exit(0);
                        serve_one(fd, edge);
                        close(fd);
                }
        }
        close(listener);
        return pid;
}

static void sign(struct edge *edge)
{
        free(edge->signature);
        edge->signature = NULL;
        assert_int_equal(minisign_sign(key, edge->manifest, strlen(edge->manifest), "test",
                                       &edge->signature),
                         0);
}

static void fill(struct edge *edge)
{
        char text[SHA256_TEXT_SIZE];
        struct utsname kernel;
        struct sha256 hash;

        assert_int_equal(uname(&kernel), 0);
        for (size_t i = 0; i < FILE_SIZE; i++)
                edge->file[i] = (char)(i * 7);
        edge->file_size = FILE_SIZE;
        assert_int_equal(sha256_of(edge->file, FILE_SIZE, &hash), 0);
        snprintf(edge->manifest, sizeof(edge->manifest),
                 "{\"schema\":1,\"kernel_version\":\"%s\",\"files\":[{\"name\":\"stage-two."
                 "squashfs\","
                 "\"size\":%d,\"sha256\":\"%s\",\"role\":\"stage-two\"}]}",
                 kernel.release, FILE_SIZE, sha256_text(text, &hash));
        sign(edge);
}

/* @with has the length of @what. */
static void overwrite(char *text, const char *what, const char *with)
{
        char *at = strstr(text, what);

        assert_non_null(at);
        while (*with)
                *at++ = *with++;
}

static void nothing(struct edge *edge)
{
        (void)edge;
}
static void flip_a_bit(struct edge *edge)
{
        edge->file[FILE_SIZE / 2] ^= 1;
}
static void cut(struct edge *edge)
{
        edge->file_size--;
}
static void lengthen(struct edge *edge)
{
        edge->file_size++;
}
static void change_the_manifest(struct edge *edge)
{
        overwrite(edge->manifest, "kernel_version\":\"", "kernel_version\":\"#");
}
static void sign_by_another(struct edge *edge)
{
        struct signing_key *ours = key;

        assert_int_equal(signing_key_new(&key), 0);
        sign(edge);
        signing_key_free(key);
        key = ours;
}
static void name_no_stage_two(struct edge *edge)
{
        overwrite(edge->manifest, "\"stage-two\"", "\"kernel\"   ");
        sign(edge);
}
static void claim_too_much(struct edge *edge)
{
        overwrite(edge->manifest, "\"size\":100000",
                  "\"size\":999999"); /* more than the file that follows */
        sign(edge);
}

static const struct {
        const char *what;
        void (*lie)(struct edge *edge);
        int rc;
} cases[] = {
        {"the truth",                              nothing,             0            },
        {"a bit of the file",                      flip_a_bit,          -EKEYREJECTED},
        {"a file that is cut",                     cut,                 -EKEYREJECTED},
        {"a file that is longer",                  lengthen,            -EKEYREJECTED},
        {"a manifest changed after it was signed", change_the_manifest, -EKEYREJECTED},
        {"a manifest signed by somebody else",     sign_by_another,     -EKEYREJECTED},
        {"a manifest without a stage two",         name_no_stage_two,   -ENOENT      },
        {"a size that is not the file's",          claim_too_much,      -EKEYREJECTED},
};

/* What the first process does with what another one fetched and did not look at. */
static int check_files(struct fetch *fetch, const struct site *site, char *error)
{
        struct stage_two stage = {0};
        struct stage_two_files files;
        int rc = stage_two_fetch_files(fetch, site, error, &stage, &files);

        if (rc < 0)
                return rc;
        rc = stage_two_check(&files, &site->signing_key, error);
        close(files.file);
        close(files.manifest);
        close(files.signature);
        return rc;
}

static void try_one(size_t which)
{
        struct edge *edge = calloc(1, sizeof(*edge));
        char error[FETCH_ERROR_SIZE] = "";
        struct stage_two stage = {0};
        struct fetch *fetch = NULL;
        struct site site = {0};
        int fd = -EBADF, rc;
        char byte;
        pid_t pid;

        assert_non_null(edge);
        fill(edge);
        cases[which].lie(edge);
        signing_key_public(key, &site.signing_key);
        pid = start(edge, site.edge, sizeof(site.edge));
        assert_int_equal(fetch_new(&(struct fetch_trust){0}, &fetch), 0);
        rc = stage_two_fetch(fetch, &site, error, &stage, &fd);
        if (rc != cases[which].rc)
                fail_msg("%s: %d, not %d: %s", cases[which].what, rc, cases[which].rc, error);
        if (rc == 0) {
                assert_int_equal(stage.bytes, FILE_SIZE);
                assert_int_equal(pread(fd, &byte, 1, 1), 1);
                assert_int_equal(byte, 7);
                /* Nobody can change what was verified. */
                assert_int_equal(pwrite(fd, "x", 1, 0), -1);
                assert_int_equal(ftruncate(fd, 0), -1);
                close(fd);
        } else {
                assert_int_equal(fd, -EBADF);
                assert_true(error[0] != '\0');
        }
        rc = check_files(fetch, &site, error);
        if (rc != cases[which].rc)
                fail_msg("files, %s: %d, not %d: %s", cases[which].what, rc, cases[which].rc,
                         error);
        fetch_free(fetch);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        free(edge->signature);
        free(edge);
}

/* What can still be written to is not what was looked at, whoever signed it. */
static void test_unsealed(void **state)
{
        struct edge *edge = calloc(1, sizeof(*edge));
        const struct stage_two_files files = {.file = memfd_create("file", MFD_ALLOW_SEALING),
                                              .manifest = memfd_create("manifest", 0),
                                              .signature = memfd_create("signature", 0)};
        char error[FETCH_ERROR_SIZE] = "";
        struct public_key public;

        (void)state;
        assert_non_null(edge);
        fill(edge);
        signing_key_public(key, &public);
        assert_int_equal(write(files.file, edge->file, edge->file_size), edge->file_size);
        assert_true(write(files.manifest, edge->manifest, strlen(edge->manifest)) > 0);
        assert_true(write(files.signature, edge->signature, strlen(edge->signature)) > 0);
        assert_int_equal(stage_two_check(&files, &public, error), -EKEYREJECTED);
        assert_int_equal(fcntl(files.file, F_ADD_SEALS,
                               F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
                         0);
        assert_int_equal(stage_two_check(&files, &public, error), 0);
        close(files.file);
        close(files.manifest);
        close(files.signature);
        free(edge->signature);
        free(edge);
}

/* A hole takes no memory, whatever its size; to read it would take for ever. */
static void test_endless(void **state)
{
        struct edge *edge = calloc(1, sizeof(*edge));
        const struct stage_two_files files = {.file = memfd_create("file", MFD_ALLOW_SEALING),
                                              .manifest = memfd_create("manifest", 0),
                                              .signature = memfd_create("signature", 0)};
        char error[FETCH_ERROR_SIZE] = "";
        struct public_key public;

        (void)state;
        assert_non_null(edge);
        fill(edge);
        signing_key_public(key, &public);
        assert_true(write(files.manifest, edge->manifest, strlen(edge->manifest)) > 0);
        assert_true(write(files.signature, edge->signature, strlen(edge->signature)) > 0);
        assert_int_equal(ftruncate(files.file, INT64_MAX), 0);
        assert_int_equal(fcntl(files.file, F_ADD_SEALS,
                               F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL),
                         0);
        alarm(60);
        assert_int_equal(stage_two_check(&files, &public, error), -EKEYREJECTED);
        alarm(0);
        close(files.file);
        close(files.manifest);
        close(files.signature);
        free(edge->signature);
        free(edge);
}

static void test_every_lie(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                try_one(i);
}

static int setup(void **state)
{
        (void)state;
        return signing_key_new(&key);
}

static int teardown(void **state)
{
        (void)state;
        key = signing_key_free(key);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_lie),
                                           cmocka_unit_test(test_unsealed),
                                           cmocka_unit_test(test_endless)};

        return cmocka_run_group_tests(tests, setup, teardown);
}
