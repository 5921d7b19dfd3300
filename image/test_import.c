/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "image/import.h"
#include "lib/doc/value.h"

/* Random, text, zero, and a short last one. */
#define FRAMES 4
#define SIZE   (3 * (uint64_t)IMAGE_FRAME_SIZE + 1536)

struct made {
        int fd;
        uint8_t *plain;
        uint8_t *stored[FRAMES];
        size_t stored_size[FRAMES];
        struct image_manifest manifest;
};

static void fill(uint8_t *plain)
{
        uint32_t x = 2463534242U;

        for (size_t i = 0; i < IMAGE_FRAME_SIZE; i++) {
                x ^= x << 13;
                x ^= x >> 17;
                x ^= x << 5;
                plain[i] = (uint8_t)x;
                plain[IMAGE_FRAME_SIZE + i] = (uint8_t) "lorem ipsum "[i % 12];
        }
        memset(plain + 3 * (size_t)IMAGE_FRAME_SIZE, 'z', 1536);
}

static void encode(struct made *made)
{
        CLEANUP(image_encoder_free) struct image_encoder *encoder = NULL;

        assert_int_equal(image_encoder_new(1, &encoder), 0);
        made->manifest.size = SIZE;
        for (size_t i = 0; i < FRAMES; i++) {
                struct image_frame frame;

                made->stored[i] = malloc(IMAGE_STORED_MAX);
                assert_int_equal(image_frame_encode(encoder, made->plain + i * IMAGE_FRAME_SIZE,
                                                    image_frame_size(&made->manifest, i),
                                                    made->stored[i], &frame),
                                 0);
                made->stored_size[i] = frame.stored;
        }
}

static int add(struct made *made, struct image_import *import, size_t frame)
{
        return image_import_add(import, reader_over(made->stored[frame], made->stored_size[frame]));
}

static int setup(void **state)
{
        CLEANUP(image_import_free) struct image_import *import = NULL;
        struct made *made = calloc(1, sizeof(*made));

        made->plain = calloc(1, SIZE);
        fill(made->plain);
        encode(made);
        made->fd = memfd_create("image", MFD_CLOEXEC);
        made->manifest = (struct image_manifest){.name = "worker", .sector_size = 512};
        assert_int_equal(image_import_new(made->fd, SIZE, &import), 0);
        for (size_t i = 0; i < FRAMES; i++) {
                assert_int_equal(image_import_next(import), i);
                assert_int_equal(add(made, import, i), 0);
        }
        assert_int_equal(image_import_end(import, &made->manifest), 0);
        *state = made;
        return 0;
}

static int teardown(void **state)
{
        struct made *made = *state;

        for (size_t i = 0; i < FRAMES; i++)
                free(made->stored[i]);
        free(made->plain);
        close(made->fd);
        free(made);
        return 0;
}

static void test_manifest(void **state)
{
        struct made *made = *state;
        struct image_manifest again;
        char error[DOC_ERROR_SIZE];
        struct sha256 hash;
        char hex[SHA256_TEXT_SIZE];
        _free_ char *text = NULL;
        uint64_t size;

        assert_int_equal(image_manifest_print(&made->manifest, &text), 0);
        assert_int_equal(image_manifest_parse(text, strlen(text), error, &again), 0);
        assert_int_equal(lseek(made->fd, 0, SEEK_SET), 0);
        assert_int_equal(sha256_of_fd(made->fd, &hash, &size), 0);
        assert_string_equal(sha256_text(hex, &hash), again.stored_sha256);
        assert_int_equal(size, again.stored_size);
}

static bool first_two(void *context, uint64_t frame)
{
        uint64_t *seen = context;

        assert_int_equal(frame, *seen);
        return ++*seen < 2;
}

static void test_verify(void **state)
{
        struct made *made = *state;
        uint64_t seen = 0;
        uint64_t frame;

        assert_int_equal(image_verify_fd(made->fd, &made->manifest, NULL, NULL, &frame), 0);
        assert_int_equal(image_verify_fd(made->fd, &made->manifest, first_two, &seen, &frame),
                         -ECANCELED);
        assert_int_equal(seen, 2);
        assert_int_equal(image_check_fd(made->fd, &made->manifest), 0);
}

/* What anybody's zstd says about the file. */
static void test_zstd_program(void **state)
{
        struct made *made = *state;
        char command[128];
        _free_ uint8_t *out = malloc(SIZE + 1);
        FILE *zstd;

        if (system("zstd --version >/dev/null 2>&1") != 0)
                skip();
        snprintf(command, sizeof(command), "zstd -dcq </proc/%d/fd/%d", (int)getpid(), made->fd);
        zstd = popen(command, "re");
        assert_non_null(zstd);
        assert_int_equal(fread(out, 1, SIZE + 1, zstd), SIZE);
        assert_int_equal(pclose(zstd), 0);
        assert_memory_equal(out, made->plain, SIZE);
}

static void flip(const struct made *made, uint64_t at)
{
        uint8_t byte;

        assert_int_equal(pread(made->fd, &byte, 1, (off_t)at), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(made->fd, &byte, 1, (off_t)at), 1);
}

static void test_damage(void **state)
{
        struct made *made = *state;
        const struct image_manifest *manifest = &made->manifest;
        const uint64_t table = image_table_offset(manifest);
        const struct {
                uint64_t at, frame;
        } rows[] = {
                {0,                                           0         },
                {5000,                                        0         },
                {made->stored_size[0] + 8,                    1         },
                {made->stored_size[0] + made->stored_size[1], 2         },
                {table - IMAGE_TABLE_HEAD - 1,                3         },
                {table - IMAGE_TABLE_HEAD,                    UINT64_MAX},
                {table - 1,                                   UINT64_MAX},
                {table,                                       UINT64_MAX},
                {manifest->stored_size - 1,                   UINT64_MAX},
        };
        uint64_t frame;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                int rc;

                flip(made, rows[i].at);
                rc = image_verify_fd(made->fd, manifest, NULL, NULL, &frame);
                flip(made, rows[i].at);
                assert_true(rc == -EBADMSG || rc == -EKEYREJECTED);
                assert_int_equal(frame, rows[i].frame);
        }
        /* what the table says is not what the manifest's SHA-256 is of */
        flip(made, table + 20);
        assert_int_equal(image_verify_fd(made->fd, manifest, NULL, NULL, &frame), -EKEYREJECTED);
        assert_int_equal(image_check_fd(made->fd, manifest), -EKEYREJECTED);
        flip(made, table + 20);
        assert_int_equal(image_verify_fd(made->fd, manifest, NULL, NULL, &frame), 0);
}

static void test_other_sizes(void **state)
{
        struct made *made = *state;
        const struct image_manifest *manifest = &made->manifest;
        struct image_manifest other = *manifest;
        uint64_t frame = 0;

        assert_int_equal(ftruncate(made->fd, (off_t)manifest->stored_size + 1), 0);
        assert_int_equal(image_verify_fd(made->fd, manifest, NULL, NULL, &frame), -EBADMSG);
        assert_int_equal(frame, UINT64_MAX);
        assert_int_equal(ftruncate(made->fd, (off_t)manifest->stored_size), 0);
        /* right frames, and yet another file */
        other.stored_sha256[0] = other.stored_sha256[0] == '0' ? '1' : '0';
        assert_int_equal(image_verify_fd(made->fd, &other, NULL, NULL, &frame), -EKEYREJECTED);
        assert_int_equal(frame, UINT64_MAX);
}

static void test_order(void **state)
{
        struct made *made = *state;
        CLEANUP(image_import_free) struct image_import *import = NULL;
        struct image_manifest manifest = {.name = "worker", .sector_size = 512};
        _close_ int fd = memfd_create("image", MFD_CLOEXEC);
        uint64_t frame;

        assert_int_equal(image_import_new(fd, 0, &import), -EINVAL);
        assert_int_equal(image_import_new(fd, 1000, &import), -EINVAL);
        assert_int_equal(image_import_new(fd, SIZE, &import), 0);
        /* of the wrong size: the last one first */
        assert_int_equal(add(made, import, 3), -EBADMSG);
        assert_int_equal(image_import_end(import, &manifest), -EAGAIN);
        for (size_t i = 0; i < 3; i++)
                assert_int_equal(add(made, import, i), 0);
        assert_int_equal(add(made, import, 0), -EBADMSG);
        assert_int_equal(image_import_end(import, &manifest), -EAGAIN);
        assert_int_equal(add(made, import, 3), 0);
        assert_int_equal(image_import_next(import), FRAMES);
        assert_int_equal(add(made, import, 3), -EOVERFLOW);
        manifest.sector_size = 4096; /* 1,536 bytes behind whole frames */
        assert_int_equal(image_import_end(import, &manifest), -EINVAL);
        manifest.sector_size = 512;
        assert_int_equal(image_import_end(import, &manifest), 0);
        assert_int_equal(image_import_end(import, &manifest), -EINVAL);
        assert_string_equal(manifest.table_sha256, made->manifest.table_sha256);
        assert_string_equal(manifest.stored_sha256, made->manifest.stored_sha256);
        assert_int_equal(image_verify_fd(fd, &manifest, NULL, NULL, &frame), 0);
}

static void limit_file_size(rlim_t size)
{
        struct rlimit limit;

        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        limit.rlim_cur = size == RLIM_INFINITY ? limit.rlim_max : size;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A file that cannot grow stands for a full disk: what failed may come again. */
static void test_full(void **state)
{
        struct made *made = *state;
        CLEANUP(image_import_free) struct image_import *import = NULL;
        struct image_manifest manifest = {.name = "worker", .sector_size = 512};
        char path[] = "/tmp/image-XXXXXX";
        _close_ int fd = mkostemp(path, O_CLOEXEC);
        struct stat st;
        uint64_t frame;

        assert_true(fd >= 0);
        unlink(path);
        (void)signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(image_import_new(fd, SIZE, &import), 0);
        assert_int_equal(add(made, import, 0), 0);
        limit_file_size(made->stored_size[0] + 10);
        assert_int_equal(add(made, import, 1), -EFBIG);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_size, made->stored_size[0]);
        assert_int_equal(image_import_next(import), 1);
        limit_file_size(RLIM_INFINITY);
        for (size_t i = 1; i < FRAMES; i++)
                assert_int_equal(add(made, import, i), 0);
        assert_int_equal(fstat(fd, &st), 0);
        limit_file_size((rlim_t)st.st_size + IMAGE_TABLE_HEAD + 1);
        assert_int_equal(image_import_end(import, &manifest), -EFBIG);
        limit_file_size(RLIM_INFINITY);
        assert_int_equal(image_import_end(import, &manifest), 0);
        assert_int_equal(image_verify_fd(fd, &manifest, NULL, NULL, &frame), 0);
        assert_string_equal(manifest.stored_sha256, made->manifest.stored_sha256);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_manifest),     cmocka_unit_test(test_verify),
                cmocka_unit_test(test_zstd_program), cmocka_unit_test(test_damage),
                cmocka_unit_test(test_other_sizes),  cmocka_unit_test(test_order),
                cmocka_unit_test(test_full),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
