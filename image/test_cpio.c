/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "image/cpio.h"

static struct cpio *new_cpio(void)
{
        struct cpio *cpio = NULL;

        assert_int_equal(cpio_new(&cpio), 0);
        return cpio;
}

/* A small root, added in an order that is not its own. */
static void fill(struct cpio *cpio)
{
        assert_int_equal(cpio_add_bytes(cpio, "zz-complete", 0644, "", 0), 0);
        assert_int_equal(cpio_add_bytes(cpio, "zzz/after-it-by-name", 0644, "x", 1), 0);
        assert_int_equal(cpio_add_link(cpio, "init", "bin/agent"), 0);
        assert_int_equal(cpio_add_file(cpio, "bin/agent", 0755, "/proc/self/exe"), 0);
        assert_int_equal(cpio_add_device(cpio, "dev/console", 0600, 5, 1), 0);
        assert_int_equal(cpio_add_folder(cpio, "tmp", 01777), 0);
        assert_int_equal(cpio_add_bytes(cpio, "tmp/inside", 0600, "secret", 6), 0);
}

/* Descriptor of what was written, at its start. */
static int written(struct cpio *cpio, int level)
{
        const struct cpio_options options = {.level = level, .last = "zz-complete"};
        char error[IMAGE_ERROR_SIZE];
        int fd = memfd_create("cpio", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(cpio_write(cpio, fd, &options, error), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}

static struct archive *reading(int fd)
{
        struct archive *archive = archive_read_new();

        assert_non_null(archive);
        assert_int_equal(archive_read_support_format_cpio(archive), ARCHIVE_OK);
        assert_int_equal(archive_read_support_filter_zstd(archive), ARCHIVE_OK);
        assert_int_equal(archive_read_open_fd(archive, fd, 4096), ARCHIVE_OK);
        return archive;
}

static void test_order_and_owners(void **state)
{
        static const struct {
                const char *path;
                mode_t mode;
        } expected[] = {
                {"bin",                  S_IFDIR | 0755 },
                {"bin/agent",            S_IFREG | 0755 },
                {"dev",                  S_IFDIR | 0755 },
                {"dev/console",          S_IFCHR | 0600 },
                {"init",                 S_IFLNK | 0777 },
                {"tmp",                  S_IFDIR | 01777},
                {"tmp/inside",           S_IFREG | 0600 },
                {"zzz",                  S_IFDIR | 0755 },
                {"zzz/after-it-by-name", S_IFREG | 0644 },
                {"zz-complete",          S_IFREG | 0644 },
        };
        struct cpio *cpio = new_cpio();
        struct archive_entry *entry;
        struct archive *archive;
        int fd;

        (void)state;
        fill(cpio);
        fd = written(cpio, 3);
        archive = reading(fd);
        for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
                assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_OK);
                assert_string_equal(archive_entry_pathname(entry), expected[i].path);
                assert_int_equal(archive_entry_mode(entry), expected[i].mode);
                assert_int_equal(archive_entry_uid(entry), 0);
                assert_int_equal(archive_entry_gid(entry), 0);
                assert_int_equal(archive_entry_mtime(entry), 0);
                assert_int_equal(archive_entry_ino64(entry), i + 1);
        }
        assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_EOF);
        archive_read_free(archive);
        close(fd);
        cpio_free(cpio);
}

static void test_content(void **state)
{
        struct cpio *cpio = new_cpio();
        struct archive_entry *entry;
        struct archive *archive;
        char content[16] = "";
        int fd;

        (void)state;
        fill(cpio);
        fd = written(cpio, 0);
        archive = reading(fd);
        while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
                if (strcmp(archive_entry_pathname(entry), "init") == 0)
                        assert_string_equal(archive_entry_symlink(entry), "bin/agent");
                if (strcmp(archive_entry_pathname(entry), "dev/console") == 0) {
                        assert_int_equal(archive_entry_rdevmajor(entry), 5);
                        assert_int_equal(archive_entry_rdevminor(entry), 1);
                }
                if (strcmp(archive_entry_pathname(entry), "tmp/inside") == 0)
                        assert_int_equal(archive_read_data(archive, content, sizeof(content)), 6);
        }
        assert_string_equal(content, "secret");
        archive_read_free(archive);
        close(fd);
        cpio_free(cpio);
}

static void test_same_bytes(void **state)
{
        char one[4096], two[4096];
        ssize_t len;
        int fds[2];

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                struct cpio *cpio = new_cpio();

                fill(cpio);
                fds[i] = written(cpio, 3);
                cpio_free(cpio);
        }
        do {
                len = read(fds[0], one, sizeof(one));
                assert_int_equal(read(fds[1], two, sizeof(two)), len);
                assert_memory_equal(one, two, (size_t)len);
        } while (len > 0);
        close(fds[0]);
        close(fds[1]);
}

static void test_refused(void **state)
{
        static const char *const paths[] = {"", "/etc/x", "a//b", "a/../b", "./a", "a/", ".."};
        struct cpio *cpio = new_cpio();

        (void)state;
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
                assert_int_equal(cpio_add_folder(cpio, paths[i], 0755), -EINVAL);
        cpio_free(cpio);
}

static int write_nowhere(struct cpio *cpio, const char *last, char *error)
{
        const struct cpio_options options = {.level = 1, .last = last};
        int fd = memfd_create("cpio", MFD_CLOEXEC);
        int rc = cpio_write(cpio, fd, &options, error);

        close(fd);
        cpio_free(cpio);
        return rc;
}

static void test_twice_and_missing(void **state)
{
        char error[IMAGE_ERROR_SIZE];
        struct cpio *cpio = new_cpio();

        (void)state;
        cpio_add_bytes(cpio, "a", 0644, "1", 1);
        cpio_add_bytes(cpio, "a", 0644, "2", 1);
        assert_int_equal(write_nowhere(cpio, NULL, error), -EEXIST);
        assert_non_null(strstr(error, "a: "));

        cpio = new_cpio(); /* something below a file */
        cpio_add_bytes(cpio, "a", 0644, "1", 1);
        cpio_add_bytes(cpio, "a/b", 0644, "2", 1);
        assert_int_equal(write_nowhere(cpio, NULL, error), -EEXIST);

        cpio = new_cpio();
        assert_int_equal(write_nowhere(cpio, "zz-complete", error), -ENOENT);

        cpio = new_cpio();
        cpio_add_file(cpio, "a", 0644, "/nonexistent/a");
        assert_int_equal(write_nowhere(cpio, NULL, error), -ENOENT);
        assert_non_null(strstr(error, "/nonexistent/a"));
}

static void test_full_disk(void **state)
{
        const struct cpio_options options = {.level = 0};
        struct cpio *cpio = new_cpio();
        char error[IMAGE_ERROR_SIZE];
        FILE *full = fopen("/dev/full", "we");

        (void)state;
        assert_non_null(full);
        fill(cpio);
        assert_true(cpio_write(cpio, fileno(full), &options, error) < 0);
        assert_non_null(strstr(error, "No space left"));
        (void)fclose(full);
        cpio_free(cpio);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order_and_owners),  cmocka_unit_test(test_content),
                cmocka_unit_test(test_same_bytes),        cmocka_unit_test(test_refused),
                cmocka_unit_test(test_twice_and_missing), cmocka_unit_test(test_full_disk),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
