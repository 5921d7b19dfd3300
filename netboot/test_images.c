/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/serve/serve.h"
#include "lib/trust/hash.h"
#include "netboot/images.h"
#include "netboot/path.h"

#define ONE         "00112233445566778899aabbccddeeff"
#define TWO         "ffeeddccbbaa99887766554433221100"
#define IMAGE_BYTES 300000
#define PATIENCE_MS 20000
#define CREDENTIAL  "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const struct ip_address somebody = IP_OF4_BYTES(10, 0, 0, 100),
                               another = IP_OF4_BYTES(10, 0, 0, 101);

/* A controller that has whatever is asked for, and says what a test wants it to say. */
struct fixture {
        struct serve *controller;
        struct images *images;
        char folder[64], url[64];
        uint64_t limit, keep_free;
        char *body;       /* IMAGE_BYTES of it */
        const char *etag; /* NULL: the right one */
        unsigned status;
        size_t size;
        atomic_uint asked, sent; /* requests; files */

        pthread_mutex_t mutex; /* for what follows */
        bool is_held;
        struct serve_request *held[4];
        size_t held_count;
};

static void answer(struct fixture *f, struct serve_request *request)
{
        char text[SHA256_TEXT_SIZE], etag[SHA256_TEXT_SIZE + 2];
        const struct serve_header_row headers[] = {
                {"ETag", f->etag ? f->etag : etag},
                {NULL,   NULL                    }
        };
        const char *bearer = serve_bearer(request), *condition;
        struct sha256 hash;
        char *body;

        if (!bearer || strcmp(bearer, CREDENTIAL) != 0 || f->status != 200) {
                serve_answer(request, f->status == 200 ? 401 : f->status, "text/plain", NULL, 0,
                             NULL);
                return;
        }
        (void)sha256_of(f->body, f->size, &hash);
        snprintf(etag, sizeof(etag), "\"%s\"", sha256_text(text, &hash));
        condition = serve_header(request, "If-None-Match");
        if (condition && strcmp(condition, etag) == 0) {
                serve_answer(request, 304, NULL, NULL, 0, headers);
                return;
        }
        atomic_fetch_add(&f->sent, 1);
        body = malloc(f->size);
        if (body)
                memcpy(body, f->body, f->size);
        serve_answer(request, 200, "application/octet-stream", body, body ? f->size : 0, headers);
}

static void handle(void *context, struct serve_request *request)
{
        struct fixture *f = context;
        bool is_held;

        pthread_mutex_lock(&f->mutex);
        is_held = f->is_held && f->held_count < ARRAY_SIZE(f->held);
        if (is_held)
                f->held[f->held_count++] = request;
        pthread_mutex_unlock(&f->mutex);
        atomic_fetch_add(&f->asked, 1);
        if (!is_held)
                answer(f, request);
}

/* From now on nothing is answered, until let_go(). */
static void hold(struct fixture *f)
{
        pthread_mutex_lock(&f->mutex);
        f->is_held = true;
        pthread_mutex_unlock(&f->mutex);
}

static void let_go(struct fixture *f)
{
        pthread_mutex_lock(&f->mutex);
        f->is_held = false;
        while (f->held_count > 0)
                answer(f, f->held[--f->held_count]);
        pthread_mutex_unlock(&f->mutex);
}

static bool credential(void *context, char ret[static WIRE_TOKEN_SIZE])
{
        (void)context;
        memcpy(ret, CREDENTIAL, sizeof(CREDENTIAL));
        return true;
}

static void start(struct fixture *f)
{
        const struct images_options options = {
                .store = {f->folder, f->limit, f->keep_free},
                .base_url = f->url,
                .credential = credential,
        };

        assert_int_equal(images_new(&options, &f->images), 0);
        assert_int_equal(images_start(f->images), 0);
}

static void restart(struct fixture *f)
{
        f->images = images_free(f->images);
        start(f);
}

static int setup(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        const struct serve_options serve = {
                .address = "127.0.0.1", .handler = handle, .context = f};

        if (!f)
                return -1;
        pthread_mutex_init(&f->mutex, NULL);
        (void)text_copy(f->folder, sizeof(f->folder), "/tmp/images-XXXXXX");
        f->body = malloc(IMAGE_BYTES);
        if (!mkdtemp(f->folder) || !f->body || serve_start(&serve, &f->controller) < 0)
                return -1;
        for (size_t i = 0; i < IMAGE_BYTES; i++)
                f->body[i] = (char)(i * 7 + i / 251);
        snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u/edge/v1/images",
                 serve_port(f->controller));
        f->size = IMAGE_BYTES;
        f->status = 200;
        f->limit = (uint64_t)10 * IMAGE_BYTES;
        *state = f;
        start(f);
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
        (void)st;
        (void)kind;
        (void)at;
        return remove(path);
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        let_go(f);
        images_free(f->images);
        serve_stop(f->controller);
        nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        pthread_mutex_destroy(&f->mutex);
        free(f->body);
        free(f);
        return 0;
}

static void controller_goes(struct fixture *f)
{
        f->controller = serve_stop(f->controller);
}

static int once(struct fixture *f, const char *name, struct image_file *ret)
{
        assert_true(image_file_name_is_safe(name));
        return images_open(f->images, name, somebody, ret);
}

/* Asks as a machine does, until it is told something else than to come again. */
static int until_answered(struct fixture *f, const char *name, struct image_file *ret)
{
        int rc = -EAGAIN;

        for (unsigned ms = 0; ms < PATIENCE_MS && rc == -EAGAIN; ms++) {
                rc = once(f, name, ret);
                if (rc == -EAGAIN)
                        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        return rc;
}

/* As one whose bytes of ONE did not verify. */
static int until_answered_anew(struct fixture *f, struct image_file *ret)
{
        int rc = -EAGAIN;

        for (unsigned ms = 0; ms < PATIENCE_MS && rc == -EAGAIN; ms++) {
                rc = images_open_anew(f->images, ONE ".raw.zst", somebody, ret);
                if (rc == -EAGAIN)
                        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        return rc;
}

static void done(struct fixture *f, const struct image_file *file)
{
        close(file->fd);
        images_close(f->images, file->entry);
}

/* It is what the controller has, and is let go. */
static void check_whole(struct fixture *f, const struct image_file *file)
{
        _free_ char *bytes = malloc(IMAGE_BYTES + 1);

        assert_non_null(bytes);
        assert_int_equal(read(file->fd, bytes, IMAGE_BYTES + 1), (ssize_t)f->size);
        assert_memory_equal(bytes, f->body, f->size);
        done(f, file);
}

static bool is_in_folder(const struct fixture *f, const char *name)
{
        char path[256];

        snprintf(path, sizeof(path), "%s/%s", f->folder, name);
        return access(path, F_OK) == 0;
}

static void write_file(const struct fixture *f, const char *name, const void *bytes, size_t size)
{
        char path[256];

        snprintf(path, sizeof(path), "%s/%s", f->folder, name);
        assert_int_equal(file_replace(path, bytes, size, 0644), 0);
}

static void test_fetched_once(void **state)
{
        struct fixture *f = *state;
        struct image_file file;

        hold(f);
        for (size_t i = 0; i < 50; i++)
                assert_int_equal(once(f, ONE ".raw.zst", &file), -EAGAIN);
        let_go(f);
        assert_int_equal(until_answered(f, ONE ".raw.zst", &file), 0);
        assert_string_equal(file.etag, "\"" ONE "-493e0\"");
        check_whole(f, &file);
        assert_int_equal(atomic_load(&f->asked), 1);
        assert_false(is_in_folder(f, "." ONE ".raw.zst.part"));

        /* It stays, over a start and without a controller. */
        controller_goes(f);
        restart(f);
        assert_int_equal(once(f, ONE ".raw.zst", &file), 0);
        assert_string_equal(file.etag, "\"" ONE "-493e0\"");
        check_whole(f, &file);
}

/* An image that comes does not keep a manifest waiting. */
static void test_manifest_beside_image(void **state)
{
        struct fixture *f = *state;
        struct image_file file;

        hold(f);
        assert_int_equal(once(f, ONE ".raw.zst", &file), -EAGAIN);
        assert_int_equal(once(f, ONE ".json", &file), -EAGAIN);
        for (unsigned ms = 0; ms < PATIENCE_MS && atomic_load(&f->asked) < 2; ms++)
                nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        assert_int_equal(atomic_load(&f->asked), 2); /* both are under way */
        let_go(f);
        assert_int_equal(until_answered(f, ONE ".json", &file), 0);
        done(f, &file);
}

static void test_none(void **state)
{
        struct fixture *f = *state;
        struct image_file file;

        f->status = 404;
        assert_int_equal(until_answered(f, ONE ".raw.zst", &file), -ENOENT);
        for (size_t i = 0; i < 50; i++)
                assert_int_equal(once(f, ONE ".raw.zst", &file), -ENOENT);
        assert_int_equal(atomic_load(&f->asked), 1); /* believed for a while */

        /* Nor can one address make us ask for ever: others still can. */
        for (unsigned i = 1; i < 3 * IMAGES_MAX_MISSES_ADDRESS; i++) {
                char name[WIRE_NAME_SIZE];

                snprintf(name, sizeof(name), "%032x.raw.zst", i);
                if (i < IMAGES_MAX_MISSES_ADDRESS)
                        assert_int_equal(until_answered(f, name, &file), -ENOENT);
                else
                        assert_int_equal(once(f, name, &file), -EAGAIN);
        }
        assert_int_equal(atomic_load(&f->asked), IMAGES_MAX_MISSES_ADDRESS);
        assert_int_equal(images_open(f->images, TWO ".raw.zst", another, &file), -EAGAIN);
        for (unsigned ms = 0; ms < PATIENCE_MS; ms++) {
                if (atomic_load(&f->asked) > IMAGES_MAX_MISSES_ADDRESS)
                        break;
                nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        assert_int_equal(atomic_load(&f->asked), IMAGES_MAX_MISSES_ADDRESS + 1);
}

static void test_queue(void **state)
{
        struct fixture *f = *state;
        struct image_file file;
        char name[WIRE_NAME_SIZE];

        hold(f);
        for (unsigned i = 0; i < 2 * IMAGES_MAX_QUEUED; i++) {
                const struct ip_address from = IP_OF4_BYTES(10, 0, 0, (uint8_t)i);

                snprintf(name, sizeof(name), "%032x.raw.zst", i);
                assert_int_equal(images_open(f->images, name, from, &file), -EAGAIN);
        }
        for (unsigned ms = 0; ms < PATIENCE_MS && atomic_load(&f->asked) < 1; ms++)
                nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        /* However many images wait behind one that takes its time, manifests come. */
        assert_int_equal(images_open(f->images, TWO ".json", another, &file), -EAGAIN);
        for (unsigned ms = 0; ms < PATIENCE_MS && atomic_load(&f->asked) < 2; ms++)
                nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        assert_int_equal(atomic_load(&f->asked), 2);
        f->status = 404; /* of those that were taken in, each is asked for; the rest never was */
        let_go(f);
        for (unsigned i = 0; i < IMAGES_MAX_QUEUED; i++) {
                const struct ip_address from = IP_OF4_BYTES(10, 0, 0, (uint8_t)i);
                int rc = -EAGAIN;

                snprintf(name, sizeof(name), "%032x.raw.zst", i);
                for (unsigned ms = 0; ms < PATIENCE_MS && rc == -EAGAIN; ms++) {
                        rc = images_open(f->images, name, from, &file);
                        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
                }
                assert_int_equal(rc, -ENOENT);
        }
        assert_int_equal(atomic_load(&f->asked), IMAGES_MAX_QUEUED + 1);
}

/* Whoever cut a file of the cache has not cut what machines are given. */
static void test_cut_behind_our_back(void **state)
{
        struct fixture *f = *state;
        struct image_file file;

        assert_int_equal(until_answered(f, ONE ".raw.zst", &file), 0);
        check_whole(f, &file);
        write_file(f, ONE ".raw.zst", f->body, IMAGE_BYTES / 2);
        assert_int_equal(once(f, ONE ".raw.zst", &file), -EAGAIN);
        assert_int_equal(until_answered(f, ONE ".raw.zst", &file), 0);
        check_whole(f, &file);
}

/* A bit of the cache that turned is not seen here: a machine says so, and is given what the
 * controller has. Once: what is wrong then is so there. */
static void test_rotten(void **state)
{
        struct fixture *f = *state;
        _free_ char *rotten = malloc(IMAGE_BYTES);
        struct image_file file;
        char byte;

        assert_non_null(rotten);
        memcpy(rotten, f->body, IMAGE_BYTES);
        rotten[0] ^= 1;
        assert_int_equal(images_open_anew(f->images, ONE ".raw.zst", somebody, &file), -EAGAIN);
        assert_int_equal(until_answered(f, ONE ".raw.zst", &file), 0);
        check_whole(f, &file);
        restart(f); /* it came long ago */
        write_file(f, ONE ".raw.zst", rotten, IMAGE_BYTES);

        hold(f);
        assert_int_equal(images_open_anew(f->images, ONE ".raw.zst", somebody, &file), -EAGAIN);
        assert_int_equal(once(f, ONE ".raw.zst", &file), 0); /* others need not wait for it */
        assert_int_equal(read(file.fd, &byte, 1), 1);
        assert_int_equal(byte, rotten[0]);
        done(f, &file);
        let_go(f);
        assert_int_equal(until_answered_anew(f, &file), 0);
        check_whole(f, &file);
        assert_int_equal(atomic_load(&f->asked), 2);
}

/* Anybody on the wire may doubt: what is right is not fetched again, and is not even looked at for
 * a while. */
static void test_doubted_in_vain(void **state)
{
        struct fixture *f = *state;
        struct image_file file;

        assert_int_equal(until_answered(f, ONE ".raw.zst", &file), 0);
        check_whole(f, &file);
        restart(f);
        assert_int_equal(images_open_anew(f->images, ONE ".raw.zst", somebody, &file), -EAGAIN);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(until_answered_anew(f, &file), 0);
                check_whole(f, &file);
        }
        assert_int_equal(atomic_load(&f->asked), 2);
        assert_int_equal(atomic_load(&f->sent), 1);
        assert_false(is_in_folder(f, "." ONE ".raw.zst.part"));
}

/* Nobody can be asked: who doubts is given what there is, as others are. */
static void test_doubted_while_away(void **state)
{
        struct fixture *f = *state;
        struct image_file file;

        assert_int_equal(until_answered(f, ONE ".raw.zst", &file), 0);
        check_whole(f, &file);
        controller_goes(f);
        restart(f);
        assert_int_equal(until_answered_anew(f, &file), 0);
        check_whole(f, &file);
}

static void test_damaged(void **state)
{
        static const char *const etags[] = {
                "\"0000000000000000000000000000000000000000000000000000000000000000\"",
                "\"\"",
                "W/\"x\"",
        };
        struct fixture *f = *state;
        struct image_file file;

        for (size_t i = 0; i < ARRAY_SIZE(etags); i++) {
                f->etag = etags[i];
                assert_int_equal(until_answered(f, ONE ".raw.zst", &file), -EBADMSG);
                assert_false(is_in_folder(f, ONE ".raw.zst"));
                assert_false(is_in_folder(f, "." ONE ".raw.zst.part"));
                restart(f); /* the failure is not remembered over one */
        }
        f->etag = NULL;
        assert_int_equal(until_answered(f, ONE ".raw.zst", &file), 0);
        check_whole(f, &file);
}

static void test_away(void **state)
{
        struct fixture *f = *state;
        struct image_file file;

        /* A manifest that is here, but old, is good enough while nobody can be asked. */
        assert_int_equal(until_answered(f, ONE ".json", &file), 0);
        done(f, &file);
        controller_goes(f);
        restart(f);
        assert_int_equal(until_answered(f, ONE ".json", &file), 0);
        check_whole(f, &file);
        assert_int_equal(until_answered(f, TWO ".json", &file), -EHOSTUNREACH);
        assert_int_equal(until_answered(f, TWO ".raw.zst", &file), -EHOSTUNREACH);
}

/* The controller is back: a failure is not remembered for long, and leaves nothing behind. */
static void test_fails_then_comes(void **state)
{
        struct fixture *f = *state;
        struct image_file file;

        f->status = 503;
        assert_int_equal(until_answered(f, ONE ".raw.zst", &file), -EHOSTUNREACH);
        assert_int_equal(once(f, ONE ".raw.zst", &file), -EHOSTUNREACH);
        assert_int_equal(atomic_load(&f->asked), 1);
        f->status = 200;
        for (unsigned ms = 0; ms < PATIENCE_MS; ms++) {
                const int rc = once(f, ONE ".raw.zst", &file);

                if (rc == 0)
                        break;
                assert_true(rc == -EHOSTUNREACH || rc == -EAGAIN);
                assert_true(ms + 1 < PATIENCE_MS);
                nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        check_whole(f, &file);
        assert_int_equal(atomic_load(&f->asked), 2);
}

/* The same image may be signed anew: an old manifest is asked for again, an image never. */
static void test_manifest_is_renewed(void **state)
{
        struct fixture *f = *state;
        struct image_file file;

        write_file(f, ONE ".json", "old", 3);
        write_file(f, ONE ".raw.zst", "old", 3);
        restart(f);
        assert_int_equal(once(f, ONE ".raw.zst", &file), 0);
        done(f, &file);
        assert_int_equal(atomic_load(&f->asked), 0);
        assert_int_equal(once(f, ONE ".json", &file), -EAGAIN);
        assert_int_equal(until_answered(f, ONE ".json", &file), 0);
        check_whole(f, &file);
        assert_int_equal(once(f, ONE ".json", &file), 0);
        done(f, &file);
        assert_int_equal(atomic_load(&f->asked), 1);

        /* Gone at the controller: gone here. */
        write_file(f, TWO ".json", "old", 3);
        restart(f);
        f->status = 404;
        assert_int_equal(until_answered(f, TWO ".json", &file), -ENOENT);
}

static void set_age(const struct fixture *f, const char *name, time_t age_s)
{
        const struct timespec at = {.tv_sec = time(NULL) - age_s};
        char path[256];

        snprintf(path, sizeof(path), "%s/%s", f->folder, name);
        assert_int_equal(utimensat(AT_FDCWD, path, (struct timespec[]){at, at}, 0), 0);
}

static void test_what_is_found_at_the_start(void **state)
{
        struct fixture *f = *state;

        write_file(f, "." ONE ".raw.zst.part", "half", 4);
        write_file(f, TWO ".raw.zst", "", 0); /* no image is empty */
        write_file(f, "notes", "of an operator", 14);
        restart(f);
        assert_false(is_in_folder(f, "." ONE ".raw.zst.part"));
        assert_false(is_in_folder(f, TWO ".raw.zst"));
        assert_true(is_in_folder(f, "notes"));

        /* The limit is a smaller one now: what was used longest ago goes. */
        write_file(f, ONE ".raw.zst", f->body, f->size);
        write_file(f, TWO ".raw.zst", f->body, f->size);
        set_age(f, ONE ".raw.zst", 50);
        set_age(f, TWO ".raw.zst", 100);
        f->limit = f->size;
        restart(f);
        assert_true(is_in_folder(f, ONE ".raw.zst"));
        assert_false(is_in_folder(f, TWO ".raw.zst"));
}

/* What is larger than all of it takes nobody's place. */
static void test_larger_than_the_cache(void **state)
{
        struct fixture *f = *state;
        struct image_file file;

        f->limit = IMAGE_BYTES - 1;
        write_file(f, "00000000000000000000000000000001.raw.zst", f->body, f->size / 4);
        write_file(f, "00000000000000000000000000000002.raw.zst", f->body, f->size / 4);
        restart(f);
        assert_int_equal(until_answered(f, ONE ".raw.zst", &file), -ENOSPC);
        assert_true(is_in_folder(f, "00000000000000000000000000000001.raw.zst"));
        assert_true(is_in_folder(f, "00000000000000000000000000000002.raw.zst"));
        assert_false(is_in_folder(f, "." ONE ".raw.zst.part"));
}

static void test_room(void **state)
{
        struct fixture *f = *state;
        struct image_file file, second;

        f->limit = (uint64_t)2 * IMAGE_BYTES;
        write_file(f, "00000000000000000000000000000001.raw.zst", f->body, f->size);
        write_file(f, "00000000000000000000000000000002.raw.zst", f->body, f->size);
        set_age(f, "00000000000000000000000000000001.raw.zst", 100);
        set_age(f, "00000000000000000000000000000002.raw.zst", 200);
        restart(f);

        /* The one that was used longest ago makes room; asked for now, it would not be that one. */
        assert_int_equal(once(f, "00000000000000000000000000000002.raw.zst", &second), 0);
        assert_int_equal(until_answered(f, ONE ".raw.zst", &file), 0);
        check_whole(f, &file);
        assert_false(is_in_folder(f, "00000000000000000000000000000001.raw.zst"));
        assert_true(is_in_folder(f, "00000000000000000000000000000002.raw.zst"));

        /* Both are in use now: no room, and nothing half is left. */
        assert_int_equal(until_answered(f, TWO ".raw.zst", &file), -ENOSPC);
        assert_false(is_in_folder(f, TWO ".raw.zst"));
        assert_false(is_in_folder(f, "." TWO ".raw.zst.part"));
        assert_true(is_in_folder(f, ONE ".raw.zst"));
        check_whole(f, &second);
}

static void test_full_disk(void **state)
{
        struct fixture *f = *state;
        struct image_file file;

        f->keep_free = UINT64_MAX;
        restart(f);
        assert_int_equal(until_answered(f, ONE ".raw.zst", &file), -ENOSPC);
        assert_false(is_in_folder(f, "." ONE ".raw.zst.part"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_fetched_once, setup, teardown),
                cmocka_unit_test_setup_teardown(test_manifest_beside_image, setup, teardown),
                cmocka_unit_test_setup_teardown(test_none, setup, teardown),
                cmocka_unit_test_setup_teardown(test_queue, setup, teardown),
                cmocka_unit_test_setup_teardown(test_cut_behind_our_back, setup, teardown),
                cmocka_unit_test_setup_teardown(test_rotten, setup, teardown),
                cmocka_unit_test_setup_teardown(test_doubted_in_vain, setup, teardown),
                cmocka_unit_test_setup_teardown(test_doubted_while_away, setup, teardown),
                cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
                cmocka_unit_test_setup_teardown(test_away, setup, teardown),
                cmocka_unit_test_setup_teardown(test_fails_then_comes, setup, teardown),
                cmocka_unit_test_setup_teardown(test_manifest_is_renewed, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_is_found_at_the_start, setup, teardown),
                cmocka_unit_test_setup_teardown(test_room, setup, teardown),
                cmocka_unit_test_setup_teardown(test_larger_than_the_cache, setup, teardown),
                cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
