/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "controller/images/images.h"
#include "image/frame.h"
#include "lib/base/file.h"

#define SIZE   (IMAGE_FRAME_SIZE + (uint64_t)1024) /* two frames */
#define FRAMES 2

struct bench {
        char folder[64];
        struct signing_key *key;
        struct spawner *spawner, *hostile, *endless; /* the others' children are taken over */
        struct images *images;
        const char *source; /* of whoever imports just now */
        uint8_t *stored[FRAMES];
        size_t stored_size[FRAMES];
};

static void open_images(struct bench *bench, uint64_t reserve)
{
        const struct images_options options = {.folder = bench->folder,
                                               .spawner = bench->spawner,
                                               .key = bench->key,
                                               .reserve = reserve};
        char error[IMAGES_ERROR_SIZE];

        assert_null(bench->images);
        assert_int_equal(images_open(&options, error, &bench->images), 0);
}

static void close_images(struct bench *bench)
{
        bench->images = images_close(bench->images);
}

static int run_crash(int socket, int given)
{
        (void)given;
        (void)signal(SIGABRT, SIG_DFL);
        if (socket >= 0)
                abort();
        return 0;
}

static int run_lie(int socket, int given)
{
        static const uint8_t lies[4096] = {[0] = 7};

        (void)given;
        while (child_write(socket, lies, sizeof(lies)) == 0)
                ;
        return 0;
}

/* "I have begun with the first frame", for ever; 1 is what a sound one says while it goes on. */
static int run_never_done(int socket, int given)
{
        static const uint8_t goes_on[48] = {[0] = 1};

        (void)given;
        while (child_write(socket, goes_on, sizeof(goes_on)) == 0)
                ;
        return 0;
}

static const struct child_kind hostile[IMAGES_CHILD_COUNT] = {
        [IMAGES_CHILD_UNPACK] = {.name = "crash", .run = run_crash},
        [IMAGES_CHILD_VERIFY] = {.name = "lie",   .run = run_lie  },
};
static const struct child_kind endless[IMAGES_CHILD_COUNT] = {
        [IMAGES_CHILD_UNPACK] = {.name = "crash",      .run = run_crash     },
        [IMAGES_CHILD_VERIFY] = {.name = "never-done", .run = run_never_done},
};

static int group_setup(void **state)
{
        CLEANUP(image_encoder_free) struct image_encoder *encoder = NULL;
        struct bench *bench = calloc(1, sizeof(*bench));
        _free_ uint8_t *plain = malloc(SIZE);
        struct image_frame frame;

        /* Before the first thread. */
        assert_int_equal(spawner_start(images_children, IMAGES_CHILD_COUNT, &bench->spawner), 0);
        assert_int_equal(spawner_start(hostile, IMAGES_CHILD_COUNT, &bench->hostile), 0);
        assert_int_equal(spawner_start(endless, IMAGES_CHILD_COUNT, &bench->endless), 0);
        for (size_t i = 0; i < SIZE; i++)
                plain[i] = (uint8_t)(i * i >> 7);
        assert_int_equal(signing_key_new(&bench->key), 0);
        assert_int_equal(image_encoder_new(1, &encoder), 0);
        for (size_t i = 0; i < FRAMES; i++) {
                bench->stored[i] = malloc(IMAGE_STORED_MAX);
                assert_int_equal(image_frame_encode(encoder, plain + i * IMAGE_FRAME_SIZE,
                                                    i == 0 ? IMAGE_FRAME_SIZE : 1024,
                                                    bench->stored[i], &frame),
                                 0);
                bench->stored_size[i] = frame.stored;
        }
        *state = bench;
        return 0;
}

static int group_teardown(void **state)
{
        struct bench *bench = *state;

        for (size_t i = 0; i < FRAMES; i++)
                free(bench->stored[i]);
        signing_key_free(bench->key);
        spawner_stop(bench->spawner);
        spawner_stop(bench->hostile);
        spawner_stop(bench->endless);
        free(bench);
        return 0;
}

static int setup(void **state)
{
        struct bench *bench = *state;

        snprintf(bench->folder, sizeof(bench->folder), "/tmp/images-XXXXXX");
        assert_non_null(mkdtemp(bench->folder));
        bench->source = "";
        open_images(bench, 1); /* the machine that tests may be short of space */
        return 0;
}

static int teardown(void **state)
{
        struct bench *bench = *state;
        DIR *folder;

        close_images(bench);
        folder = opendir(bench->folder);
        for (struct dirent *entry; (entry = readdir(folder));)
                (void)unlinkat(dirfd(folder), entry->d_name, 0);
        closedir(folder);
        return rmdir(bench->folder);
}

/* How many files there are, and whether @name is one. */
static size_t count_files(const struct bench *bench)
{
        DIR *folder = opendir(bench->folder);
        size_t count = 0;

        assert_non_null(folder);
        for (struct dirent *entry; (entry = readdir(folder));)
                count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        closedir(folder);
        return count;
}

static const char *path_of(const struct bench *bench, const char *name)
{
        static char path[2][256];
        static unsigned which;

        which ^= 1;
        snprintf(path[which], sizeof(path[which]), "%s/%s", bench->folder, name);
        return path[which];
}

static int begin(struct bench *bench, const char *name, uint64_t now_ms)
{
        const struct images_wanted wanted = {.name = name,
                                             .size = SIZE,
                                             .sector_size = 512,
                                             .os = "",
                                             .architecture = "",
                                             .source = bench->source};
        char error[IMAGES_ERROR_SIZE];
        uint64_t next, frames;

        return images_begin(bench->images, &wanted, now_ms, error, &next, &frames);
}

static int add(struct bench *bench, const char *name, uint64_t number, char *error)
{
        const struct images_piece piece = {
                .name = name,
                .source = bench->source,
                .number = number,
                .stored = reader_over(bench->stored[number], bench->stored_size[number])};
        uint64_t next;

        return images_frame(bench->images, &piece, 1000, error, &next);
}

static int finish(struct bench *bench, const char *name, uint64_t now_ms)
{
        char error[IMAGES_ERROR_SIZE];
        uint64_t next;

        return images_finish(bench->images, name, bench->source, now_ms, error, &next);
}

static void import(struct bench *bench, const char *name, uint64_t now_ms)
{
        char error[IMAGES_ERROR_SIZE];

        assert_int_equal(begin(bench, name, 1000), 0);
        for (uint64_t i = 0; i < FRAMES; i++)
                assert_int_equal(add(bench, name, i, error), 0);
        assert_int_equal(finish(bench, name, now_ms), 0);
}

static void test_import_and_replace(void **state)
{
        struct bench *bench = *state;
        struct image_manifest manifest, again;
        char id[IMAGE_ID_SIZE], file[64], etag[IMAGES_ETAG_SIZE];
        _doc_ struct doc *list = NULL;
        int fd;

        assert_int_equal(images_find(bench->images, "worker", &manifest), -ENOENT);
        import(bench, "worker", 5000);
        import(bench, "a", 5000);
        assert_int_equal(images_find(bench->images, "worker", &manifest), 0);
        assert_int_equal(manifest.size, SIZE);
        assert_int_equal(manifest.made_ms, 5000);
        assert_int_equal(count_files(bench), 6);

        image_id(&manifest, id);
        snprintf(file, sizeof(file), "%s.raw.zst", id);
        assert_int_equal(images_file(bench->images, file, &fd, etag), 0);
        import(bench, "worker", 6000);
        close(fd);
        assert_int_equal(images_find(bench->images, "worker", &again), 0);
        assert_int_equal(again.made_ms, 6000);
        assert_int_equal(count_files(bench), 6);
        list = images_list(bench->images);
        assert_int_equal(doc_count(doc_get(list, "items")), 2);
        assert_string_equal(doc_get_text(doc_at(doc_get(list, "items"), 0), "name"), "a");

        close_images(bench);
        open_images(bench, 1);
        assert_int_equal(images_find(bench->images, "worker", &manifest), 0);
        assert_int_equal(manifest.made_ms, 6000);
        /* somebody shortened the file: no edge gets it as what it was */
        assert_int_equal(truncate(path_of(bench, "worker.raw.zst"), 10), 0);
        assert_int_equal(truncate(path_of(bench, "a.raw.zst"), 10), 0);
        assert_int_equal(images_file(bench->images, file, &fd, etag), -ESTALE);
}

static void write_file(const struct bench *bench, const char *name, const char *text)
{
        assert_int_equal(file_replace(path_of(bench, name), text, strlen(text), 0600), 0);
}

static void test_cut_off(void **state)
{
        struct bench *bench = *state;
        struct image_manifest manifest;
        char error[IMAGES_ERROR_SIZE];

        import(bench, "worker", 5000);
        /* before the end: nothing stays */
        assert_int_equal(begin(bench, "other", 1000), 0);
        assert_int_equal(add(bench, "other", 0, error), 0);
        close_images(bench);
        write_file(bench, ".other.raw.zst.part", "cut");
        write_file(bench, ".other.json.sig.part", "cut");
        write_file(bench, ".other.json.part.Xy12Ab", "cut");
        write_file(bench, ".part", "");
        open_images(bench, 1);
        assert_int_equal(count_files(bench), 3);
        assert_int_equal(images_find(bench->images, "worker", &manifest), 0);
        close_images(bench);

        /* at the end: all parts are there, and some have their places already */
        assert_int_equal(rename(path_of(bench, "worker.json"), path_of(bench, ".worker.json.part")),
                         0);
        assert_int_equal(
                rename(path_of(bench, "worker.json.sig"), path_of(bench, ".worker.json.sig.part")),
                0);
        open_images(bench, 1);
        assert_int_equal(count_files(bench), 3);
        assert_int_equal(images_find(bench->images, "worker", &manifest), 0);
        close_images(bench);
        assert_int_equal(
                rename(path_of(bench, "worker.raw.zst"), path_of(bench, ".worker.raw.zst.part")),
                0);
        assert_int_equal(rename(path_of(bench, "worker.json"), path_of(bench, ".worker.json.part")),
                         0);
        open_images(bench, 1);
        assert_int_equal(images_find(bench->images, "worker", &manifest), 0);
}

static void expect_broken(struct bench *bench, const char *name, const char *what)
{
        _doc_ struct doc *shown = NULL;
        struct image_manifest manifest;
        const char *why;

        close_images(bench);
        open_images(bench, 1);
        assert_int_equal(images_find(bench->images, name, &manifest), -EBADMSG);
        assert_int_equal(images_show(bench->images, name, &shown), 0);
        why = doc_get_text(shown, "status.broken");
        if (!why || !strstr(why, what))
                fail_msg("%s", why);
}

static void flip(const struct bench *bench, const char *name, off_t from_end)
{
        _close_ int fd = open(path_of(bench, name), O_RDWR | O_CLOEXEC);
        const off_t at = lseek(fd, from_end, SEEK_END);
        uint8_t byte;

        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static void test_broken(void **state)
{
        struct bench *bench = *state;
        CLEANUP(signing_key_free) struct signing_key *other = NULL, *own = bench->key;

        import(bench, "worker", 5000);
        flip(bench, "worker.raw.zst", -1); /* the table */
        expect_broken(bench, "worker", "its table");
        flip(bench, "worker.raw.zst", -1);
        flip(bench, "worker.json", -10);
        expect_broken(bench, "worker", "not signed");
        flip(bench, "worker.json", -10);
        flip(bench, "worker.json.sig", -30);
        expect_broken(bench, "worker", "worker.json");
        flip(bench, "worker.json.sig", -30);

        /* another controller's key */
        assert_int_equal(signing_key_new(&other), 0);
        bench->key = other;
        expect_broken(bench, "worker", "not signed by this site's key");
        bench->key = TAKE_PTR(own);

        /* under another name */
        assert_int_equal(rename(path_of(bench, "worker.raw.zst"), path_of(bench, "x.raw.zst")), 0);
        assert_int_equal(rename(path_of(bench, "worker.json"), path_of(bench, "x.json")), 0);
        expect_broken(bench, "worker", "worker.json: No such file");
        assert_int_equal(rename(path_of(bench, "worker.json.sig"), path_of(bench, "x.json.sig")),
                         0);
        expect_broken(bench, "x", "another name");
        /* a broken one goes, too */
        assert_int_equal(images_withdraw(bench->images, "x"), 0);
        assert_int_equal(images_remove(bench->images, "x"), 0);
        assert_int_equal(count_files(bench), 0);
}

static void test_full(void **state)
{
        struct bench *bench = *state;
        char error[IMAGES_ERROR_SIZE];
        struct rlimit limit, small;

        /* no space left beside what is kept for the database */
        close_images(bench);
        open_images(bench, UINT64_MAX / 2);
        assert_int_equal(begin(bench, "worker", 1000), -ENOSPC);
        assert_int_equal(count_files(bench), 0);
        close_images(bench);
        open_images(bench, 1);

        /* a file that cannot grow stands for a disk that is full in the middle */
        (void)signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        small = limit;
        small.rlim_cur = bench->stored_size[0] + 1;
        assert_int_equal(begin(bench, "worker", 1000), 0);
        assert_int_equal(add(bench, "worker", 0, error), 0);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        assert_int_equal(add(bench, "worker", 1, error), -ENOSPC);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_non_null(strstr(error, "disk is full"));
        assert_int_equal(count_files(bench), 0);
        assert_int_equal(add(bench, "worker", 1, error), -ENOENT);
        import(bench, "worker", 5000);
}

static void test_idle(void **state)
{
        struct bench *bench = *state;
        char error[IMAGES_ERROR_SIZE];

        assert_int_equal(begin(bench, "worker", 1000), 0);
        assert_false(images_has_idle(bench->images, 1000 + IMAGES_IDLE_MS - 1));
        images_expire(bench->images, 1000 + IMAGES_IDLE_MS - 1);
        assert_int_equal(count_files(bench), 1);
        assert_true(images_has_idle(bench->images, 1000 + IMAGES_IDLE_MS));
        images_expire(bench->images, 1000 + IMAGES_IDLE_MS);
        assert_int_equal(count_files(bench), 0);
        assert_int_equal(add(bench, "worker", 0, error), -ENOENT);
}

static void test_withdraw(void **state)
{
        struct bench *bench = *state;
        struct image_manifest manifest;
        _doc_ struct doc *list = NULL, *shown = NULL;

        assert_int_equal(images_withdraw(bench->images, "worker"), -ENOENT);
        import(bench, "worker", 5000);
        assert_int_equal(images_withdraw(bench->images, "worker"), 0);
        /* from now on nobody is told of it, and none takes its place before it is gone */
        assert_int_equal(images_find(bench->images, "worker", &manifest), -ENOENT);
        assert_int_equal(images_show(bench->images, "worker", &shown), -ENOENT);
        list = images_list(bench->images);
        assert_int_equal(doc_count(doc_get(list, "items")), 0);
        assert_int_equal(images_withdraw(bench->images, "worker"), -EBUSY);
        assert_int_equal(begin(bench, "worker", 1000), -EBUSY);
        assert_int_equal(images_remove(bench->images, "worker"), 0);
        assert_int_equal(count_files(bench), 0);

        /* an import that is given up */
        assert_int_equal(begin(bench, "worker", 1000), 0);
        assert_int_equal(images_withdraw(bench->images, "worker"), 0);
        assert_int_equal(images_remove(bench->images, "worker"), 0);
        assert_int_equal(count_files(bench), 0);
        import(bench, "worker", 5000);
}

static void test_sources(void **state)
{
        struct bench *bench = *state;
        char error[IMAGES_ERROR_SIZE];

        bench->source = "one";
        assert_int_equal(begin(bench, "worker", 1000), 0);
        assert_int_equal(add(bench, "worker", 0, error), 0);
        bench->source = "two";
        assert_int_equal(add(bench, "worker", 1, error), -ESTALE);
        assert_int_equal(finish(bench, "worker", 5000), -ESTALE);
        assert_int_equal(begin(bench, "worker", 1000), 0);
        assert_int_equal(add(bench, "worker", 1, error), -ERANGE); /* it begins at its first */
        bench->source = "one";
        assert_int_equal(add(bench, "worker", 0, error), -ESTALE);
        bench->source = "two";
        assert_int_equal(add(bench, "worker", 0, error), 0);
        assert_int_equal(add(bench, "worker", 1, error), 0);
        assert_int_equal(finish(bench, "worker", 5000), 0);
        bench->source = "a/b";
        assert_int_equal(begin(bench, "worker", 1000), -EINVAL);
}

static void test_held(void **state)
{
        struct bench *bench = *state;
        struct image_manifest manifest;
        char error[IMAGES_ERROR_SIZE];

        assert_int_equal(images_hold(bench->images, "worker"), 0); /* there is none yet */
        import(bench, "worker", 5000);
        assert_int_equal(images_hold(bench->images, "worker"), 0);
        assert_int_equal(images_find(bench->images, "worker", &manifest), -EBUSY);
        assert_int_equal(images_hold(bench->images, "worker"), -EBUSY);
        assert_int_equal(images_withdraw(bench->images, "worker"), -EBUSY);
        images_release(bench->images, "worker");
        assert_int_equal(images_find(bench->images, "worker", &manifest), 0);

        /* whatever becomes of the import, the image is found again */
        assert_int_equal(begin(bench, "worker", 1000), 0);
        assert_int_equal(images_hold(bench->images, "worker"), 0);
        assert_int_equal(finish(bench, "worker", 6000), -ERANGE);
        assert_int_equal(images_find(bench->images, "worker", &manifest), 0);
        for (uint64_t i = 0; i < FRAMES; i++)
                assert_int_equal(add(bench, "worker", i, error), 0);
        assert_int_equal(images_hold(bench->images, "worker"), 0);
        assert_int_equal(finish(bench, "worker", 6000), 0);
        assert_int_equal(images_find(bench->images, "worker", &manifest), 0);
        assert_int_equal(manifest.made_ms, 6000);

        /* the end of an import is not the end of a deletion that began meanwhile */
        assert_int_equal(images_withdraw(bench->images, "worker"), 0);
        assert_int_equal(finish(bench, "worker", 7000), -ENOENT);
        assert_int_equal(images_find(bench->images, "worker", &manifest), -ENOENT);
        images_release(bench->images, "worker");

        /* a deletion that could not be begun */
        assert_int_equal(images_withdraw(bench->images, "worker"), 0);
        images_release(bench->images, "worker");
        assert_int_equal(images_find(bench->images, "worker", &manifest), 0);
        assert_int_equal(images_withdraw(bench->images, "worker"), 0);
}

struct answer {
        int done; /* pipe */
        bool is_ok;
        char detail[IMAGES_ERROR_SIZE];
};

static void verified(void *context, bool is_ok, const char *detail)
{
        struct answer *answer = context;

        answer->is_ok = is_ok;
        snprintf(answer->detail, sizeof(answer->detail), "%s", detail);
        assert_int_equal(write(answer->done, "", 1), 1);
}

static bool verify(struct bench *bench, struct answer *answer)
{
        int pipe[2];
        char byte;

        assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
        answer->done = pipe[1];
        assert_int_equal(images_verify(bench->images, "worker", verified, answer), 0);
        assert_int_equal(read(pipe[0], &byte, 1), 1);
        close(pipe[0]);
        close(pipe[1]);
        return answer->is_ok;
}

static void test_verify(void **state)
{
        struct bench *bench = *state;
        struct image_manifest manifest;
        struct answer answer;

        assert_int_equal(images_verify(bench->images, "worker", verified, &answer), -ENOENT);
        import(bench, "worker", 5000);
        assert_true(verify(bench, &answer));
        assert_int_equal(images_find(bench->images, "worker", &manifest), 0);
        flip(bench, "worker.raw.zst", -(off_t)(2 * IMAGE_ROW_SIZE + IMAGE_TABLE_HEAD + 5));
        assert_false(verify(bench, &answer));
        assert_non_null(strstr(answer.detail, "Frame 1 of 2"));
        assert_int_equal(images_find(bench->images, "worker", &manifest), -EBADMSG);
        flip(bench, "worker.raw.zst", -(off_t)(2 * IMAGE_ROW_SIZE + IMAGE_TABLE_HEAD + 5));
        assert_true(verify(bench, &answer));
        assert_int_equal(images_find(bench->images, "worker", &manifest), 0);
        images_stop(bench->images);
        assert_int_equal(images_verify(bench->images, "worker", verified, &answer), -ECANCELED);
        assert_int_equal(images_find(bench->images, "worker", &manifest), 0);
}

/* A child that crashes has a name for it, and costs one frame; one that talks nonsense can say
 * nothing but that the image is broken. */
static void test_hostile_children(void **state)
{
        struct bench *bench = *state;
        struct spawner *sound = bench->spawner;
        struct images_piece piece = {.name = "worker",
                                     .source = "",
                                     .stored =
                                             reader_over(bench->stored[0], bench->stored_size[0])};
        char error[IMAGES_ERROR_SIZE];
        struct answer answer;
        uint64_t next;

        import(bench, "worker", 5000);
        close_images(bench);
        bench->spawner = bench->hostile;
        open_images(bench, 1);
        bench->spawner = sound;
        assert_int_equal(begin(bench, "worker", 1), 0);
        assert_int_equal(images_frame(bench->images, &piece, 1, error, &next), -EBADMSG);
        assert_non_null(strstr(error, "it was ended by signal 6 (Aborted)"));
        assert_int_equal(next, 0);
        assert_false(verify(bench, &answer));
        assert_string_equal(answer.detail, "Frame 0 of 2: it is damaged.");
        /* one that is never done says nothing of it, and keeps nobody */
        close_images(bench);
        bench->spawner = bench->endless;
        open_images(bench, 1);
        bench->spawner = sound;
        assert_false(verify(bench, &answer));
        assert_non_null(strstr(answer.detail, "what it said makes no sense"));
        /* read again by one that can */
        close_images(bench);
        open_images(bench, 1);
        assert_true(verify(bench, &answer));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_import_and_replace, setup, teardown),
                cmocka_unit_test_setup_teardown(test_cut_off, setup, teardown),
                cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
                cmocka_unit_test_setup_teardown(test_full, setup, teardown),
                cmocka_unit_test_setup_teardown(test_idle, setup, teardown),
                cmocka_unit_test_setup_teardown(test_withdraw, setup, teardown),
                cmocka_unit_test_setup_teardown(test_sources, setup, teardown),
                cmocka_unit_test_setup_teardown(test_held, setup, teardown),
                cmocka_unit_test_setup_teardown(test_verify, setup, teardown),
                cmocka_unit_test_setup_teardown(test_hostile_children, setup, teardown),
        };

        return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
