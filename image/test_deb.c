/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "image/deb.h"
#include "lib/base/buffer.h"
#include "lib/base/file.h"

#define DEB_SPACE ((size_t)1 << 20)

struct content {
        const char *path;
        unsigned type, mode;
        const char *text; /* of files; a link's target */
};

static void add(struct archive *archive, const struct content *content)
{
        struct archive_entry *entry = archive_entry_new();
        const size_t size = content->type == AE_IFREG ? strlen(content->text) : 0;

        archive_entry_set_pathname(entry, content->path);
        archive_entry_set_filetype(entry, content->type);
        archive_entry_set_perm(entry, content->mode);
        archive_entry_set_size(entry, (int64_t)size);
        if (content->type == AE_IFLNK)
                archive_entry_set_symlink(entry, content->text);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        if (size > 0)
                assert_int_equal(archive_write_data(archive, content->text, size), size);
        archive_entry_free(entry);
}

static size_t make_tar(char *to, int (*filter)(struct archive *), const struct content *contents,
                       size_t count)
{
        struct archive *tar = archive_write_new();
        size_t used = 0;

        assert_int_equal(archive_write_set_format_gnutar(tar), ARCHIVE_OK);
        if (filter)
                assert_int_equal(filter(tar), ARCHIVE_OK);
        assert_int_equal(archive_write_open_memory(tar, to, DEB_SPACE, &used), ARCHIVE_OK);
        for (size_t i = 0; i < count; i++)
                add(tar, &contents[i]);
        assert_int_equal(archive_write_close(tar), ARCHIVE_OK);
        archive_write_free(tar);
        return used;
}

static void add_member(struct archive *ar, const char *name, const void *bytes, size_t size)
{
        struct archive_entry *entry = archive_entry_new();

        archive_entry_set_pathname(entry, name);
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_size(entry, (int64_t)size);
        assert_int_equal(archive_write_header(ar, entry), ARCHIVE_OK);
        assert_int_equal(archive_write_data(ar, bytes, size), size);
        archive_entry_free(entry);
}

/* A package in memory, as dpkg-deb would make it; its descriptor, at the start. */
static int make_deb(const char *data_name, int (*filter)(struct archive *),
                    const struct content *contents, size_t count)
{
        char *tar = malloc(DEB_SPACE);
        size_t size = make_tar(tar, filter, contents, count);
        struct archive *ar = archive_write_new();
        int fd = memfd_create("deb", MFD_CLOEXEC);

        assert_int_equal(archive_write_set_format_ar_bsd(ar), ARCHIVE_OK);
        assert_int_equal(archive_write_open_fd(ar, fd), ARCHIVE_OK);
        add_member(ar, "debian-binary", "2.0\n", 4);
        add_member(ar, "control.tar.xz", "not looked at", 13);
        add_member(ar, data_name, tar, size);
        assert_int_equal(archive_write_close(ar), ARCHIVE_OK);
        archive_write_free(ar);
        free(tar);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}

static const struct content usual[] = {
        {"./",                       AE_IFDIR, 0755, NULL      },
        {"./boot/",                  AE_IFDIR, 0755, NULL      },
        {"./boot/vmlinuz-6.1",       AE_IFREG, 0644, "a kernel"},
        {"./lib/modules/6.1/build",  AE_IFLNK, 0777, "/usr/src"},
        {"./lib/modules/6.1/x.ko",   AE_IFREG, 0600, "a module"},
        {"./usr/bin/tool",           AE_IFREG, 0755, "a tool"  },
        {"./usr/share/doc/linux/ch", AE_IFREG, 0644, "changes" },
};

static int collect(void *context, const struct deb_file *file, struct deb_content *content)
{
        struct buffer *seen = context;
        char text[64] = "";

        assert_int_equal(deb_content_read(content, text, sizeof(text)), file->size);
        buffer_format(seen, "%s=%s%s;", file->path, text, file->is_executable ? "*" : "");
        return 0;
}

static void test_read(void **state)
{
        static const struct {
                const char *name;
                int (*filter)(struct archive *);
        } forms[] = {
                {"data.tar.xz",  archive_write_add_filter_xz  },
                {"data.tar.zst", archive_write_add_filter_zstd},
                {"data.tar.gz",  archive_write_add_filter_gzip},
                {"data.tar",     NULL                         },
        };
        char error[IMAGE_ERROR_SIZE];

        (void)state;
        for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
                int fd = make_deb(forms[i].name, forms[i].filter, usual,
                                  sizeof(usual) / sizeof(usual[0]));
                _buffer_ struct buffer seen = {0};

                assert_int_equal(deb_read(fd, collect, &seen, error), 0);
                assert_string_equal(seen.bytes, "boot/vmlinuz-6.1=a kernel;"
                                                "lib/modules/6.1/x.ko=a module;"
                                                "usr/bin/tool=a tool*;"
                                                "usr/share/doc/linux/ch=changes;");
                close(fd);
        }
}

static int end_with(void *context, const struct deb_file *file, struct deb_content *content)
{
        const int *rc = context;

        (void)file;
        (void)content;
        return *rc;
}

static void test_early_end(void **state)
{
        char error[IMAGE_ERROR_SIZE];
        int fd = make_deb("data.tar", NULL, usual, sizeof(usual) / sizeof(usual[0]));

        (void)state;
        assert_int_equal(deb_read(fd, end_with, &(int){1}, error), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(deb_read(fd, end_with, &(int){-EINTR}, error), -EINTR);
        close(fd);
}

static bool is_module(void *context, const char *path)
{
        (void)context;
        return strncmp(path, "lib/", 4) == 0 || strcmp(path, "usr/bin/tool") == 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
        (void)status;
        (void)kind;
        (void)place;
        return remove(path);
}

static void test_extract(void **state)
{
        char folder[] = "/tmp/cloudie-test-deb.XXXXXX";
        char error[IMAGE_ERROR_SIZE], path[256];
        int fd = make_deb("data.tar.xz", archive_write_add_filter_xz, usual,
                          sizeof(usual) / sizeof(usual[0]));
        struct stat status;
        char *text = NULL;

        (void)state;
        assert_non_null(mkdtemp(folder));
        assert_int_equal(deb_extract(fd, folder, is_module, NULL, error), 0);

        (void)snprintf(path, sizeof(path), "%s/lib/modules/6.1/x.ko", folder);
        assert_int_equal(file_read(AT_FDCWD, path, 64, &text, NULL), 0);
        assert_string_equal(text, "a module");
        free(text);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0644);
        (void)snprintf(path, sizeof(path), "%s/usr/bin/tool", folder);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0755);
        (void)snprintf(path, sizeof(path), "%s/boot", folder);
        assert_int_equal(access(path, F_OK), -1);
        (void)snprintf(path, sizeof(path), "%s/lib/modules/6.1/build", folder);
        assert_int_equal(lstat(path, &status), -1);

        /* A second time, what is there is not written over. */
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(deb_extract(fd, folder, is_module, NULL, error), -EEXIST);
        assert_non_null(strstr(error, "x.ko"));
        close(fd);

        assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void test_unsafe_paths(void **state)
{
        static const char *const paths[] = {"../etc/passwd", "./a/../../b", "/etc/passwd", "a//b"};
        _buffer_ struct buffer seen = {0};
        char error[IMAGE_ERROR_SIZE];

        (void)state;
        for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
                const struct content bad = {paths[i], AE_IFREG, 0644, "x"};
                int fd = make_deb("data.tar", NULL, &bad, 1);

                assert_int_equal(deb_read(fd, collect, &seen, error), -EBADMSG);
                assert_non_null(strstr(error, "unsafe path"));
                close(fd);
        }
        assert_null(seen.bytes);
}

static void test_not_a_package(void **state)
{
        _buffer_ struct buffer seen = {0};
        char error[IMAGE_ERROR_SIZE];
        int fd = memfd_create("text", MFD_CLOEXEC);
        off_t size;

        (void)state;
        assert_int_equal(write(fd, "hello", 5), 5);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(deb_read(fd, collect, &seen, error), -EBADMSG);
        close(fd);

        fd = make_deb("other.tar", NULL, usual, 1);
        assert_int_equal(deb_read(fd, collect, &seen, error), -EBADMSG);
        assert_non_null(strstr(error, "data.tar"));
        close(fd);

        fd = make_deb("data.tar.xz", archive_write_add_filter_xz, usual,
                      sizeof(usual) / sizeof(usual[0]));
        size = lseek(fd, 0, SEEK_END);
        assert_int_equal(ftruncate(fd, size - 100), 0); /* a download that broke off */
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(deb_read(fd, collect, &seen, error), -EBADMSG);
        close(fd);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_read),          cmocka_unit_test(test_early_end),
                cmocka_unit_test(test_extract),       cmocka_unit_test(test_unsafe_paths),
                cmocka_unit_test(test_not_a_package),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
