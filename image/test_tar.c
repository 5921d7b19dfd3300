/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "image/tar.h"
#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"

#define SPACE ((size_t)1 << 20)

struct content {
        const char *path;
        unsigned type, mode;
        const char *text; /* of files; a link's target */
        bool is_hard;
};

static void add(struct archive *archive, const struct content *content)
{
        struct archive_entry *entry = archive_entry_new();
        const bool is_file = content->type == AE_IFREG && !content->is_hard;
        const size_t size = is_file ? strlen(content->text) : 0;

        archive_entry_set_pathname(entry, content->path);
        archive_entry_set_filetype(entry, content->type);
        archive_entry_set_perm(entry, (unsigned short)content->mode);
        archive_entry_set_size(entry, (int64_t)size);
        archive_entry_set_uid(entry, 33);
        archive_entry_set_gid(entry, 70000);
        archive_entry_set_mtime(entry, 1234567890, 0);
        if (content->is_hard)
                archive_entry_set_hardlink(entry, content->text);
        if (content->type == AE_IFLNK)
                archive_entry_set_symlink(entry, content->text);
        if (content->type == AE_IFCHR) {
                archive_entry_set_rdevmajor(entry, 5);
                archive_entry_set_rdevminor(entry, 1);
        }
        if (content->mode == 0755 && is_file)
                archive_entry_xattr_add_entry(entry, "security.capability", "\1\0\0\2", 4);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        if (size > 0)
                assert_int_equal(archive_write_data(archive, content->text, size), size);
        archive_entry_free(entry);
}

/* Its descriptor, at the start; without the last @cut bytes of what was written. */
static int make(const struct content *contents, size_t count, size_t keep)
{
        static char space[SPACE];
        struct archive *tar = archive_write_new();
        const int fd = memfd_create("tar", MFD_CLOEXEC);
        size_t used = 0;

        assert_int_equal(archive_write_set_format_pax(tar), ARCHIVE_OK);
        assert_int_equal(archive_write_open_memory(tar, space, sizeof(space), &used), ARCHIVE_OK);
        for (size_t i = 0; i < count; i++)
                add(tar, &contents[i]);
        assert_int_equal(archive_write_close(tar), ARCHIVE_OK);
        archive_write_free(tar);
        if (keep > 0)
                used = keep;
        assert_int_equal(write(fd, space, used), used);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return fd;
}

/* A line an entry. */
static int note(void *context, const struct tar_entry *entry, struct tar_content *content)
{
        static const char *const kinds[TAR_KIND_COUNT] = {"file",      "folder", "symlink", "link",
                                                          "character", "block",  "fifo"};
        struct buffer *to = context;
        char text[64] = "";
        ssize_t got = tar_content_read(content, text, sizeof(text) - 1);

        if (got < 0)
                return (int)got;
        buffer_format(to, "%s %s %o %u:%u %llu %lld", kinds[entry->kind], entry->path,
                      (unsigned)entry->mode, entry->uid, entry->gid,
                      (unsigned long long)entry->size, (long long)entry->time_s);
        if (entry->target)
                buffer_format(to, " > %s", entry->target);
        if (entry->kind == TAR_CHARACTER)
                buffer_format(to, " %u,%u", entry->major, entry->minor);
        for (size_t i = 0; i < entry->attribute_count; i++)
                buffer_format(to, " %s=%zu", entry->attributes[i].name, entry->attributes[i].size);
        buffer_format(to, " [%s]\n", text);
        return 0;
}

static void test_all_kinds(void **state)
{
        static const struct content contents[] = {
                {"./",            AE_IFDIR, 0755,  NULL,          false},
                {"./etc/",        AE_IFDIR, 0750,  NULL,          false},
                {"./etc/motd",    AE_IFREG, 0644,  "hello",       false},
                {"./etc/same",    AE_IFREG, 0644,  "./etc/motd",  true },
                {"./bin",         AE_IFLNK, 0777,  "../usr/bin/", false},
                {"./ping",        AE_IFREG, 0755,  "x",           false},
                {"./su",          AE_IFREG, 04711, "",            false},
                {"./dev/console", AE_IFCHR, 0600,  NULL,          false},
                {"./run/fifo",    AE_IFIFO, 0600,  NULL,          false},
        };
        _close_ int fd = make(contents, ARRAY_SIZE(contents), 0);
        _buffer_ struct buffer said = {0};
        char error[TAR_ERROR_SIZE];

        (void)state;
        assert_int_equal(tar_read(fd, note, &said, error), 0);
        assert_string_equal(said.bytes,
                            "folder etc 750 33:70000 0 1234567890 []\n"
                            "file etc/motd 644 33:70000 5 1234567890 [hello]\n"
                            "link etc/same 644 33:70000 0 1234567890 > etc/motd []\n"
                            "symlink bin 777 33:70000 0 1234567890 > ../usr/bin/ []\n"
                            "file ping 755 33:70000 1 1234567890 security.capability=4 [x]\n"
                            "file su 4711 33:70000 0 1234567890 []\n"
                            "character dev/console 600 33:70000 0 1234567890 5,1 []\n"
                            "fifo run/fifo 600 33:70000 0 1234567890 []\n");
}

static void test_refused(void **state)
{
        static const struct content bad[] = {
                {"../etc/passwd", AE_IFREG, 0644, "x",             false},
                {"/etc/passwd",   AE_IFREG, 0644, "x",             false},
                {"./etc/../../x", AE_IFREG, 0644, "x",             false},
                {"./etc//passwd", AE_IFREG, 0644, "x",             false},
                {"./etc/passwd",  AE_IFREG, 0644, "../etc/shadow", true },
        };
        char error[TAR_ERROR_SIZE];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _close_ int fd = make(&bad[i], 1, 0);
                _buffer_ struct buffer said = {0};

                error[0] = '\0';
                assert_int_equal(tar_read(fd, note, &said, error), -EBADMSG);
                assert_string_not_equal(error, "");
                assert_null(said.bytes);
        }
}

static int refuse(void *context, const struct tar_entry *entry, struct tar_content *content)
{
        (void)context;
        (void)entry;
        (void)content;
        return -ENOSPC;
}

static void test_cut_and_ended(void **state)
{
        static const struct content contents[] = {
                {"./one", AE_IFREG, 0644, "first",  false},
                {"./two", AE_IFREG, 0644, "second", false},
        };
        /* In the middle of the second file's header. */
        _close_ int cut = make(contents, ARRAY_SIZE(contents), 2100);
        _close_ int whole = make(contents, ARRAY_SIZE(contents), 0);
        _close_ int none = memfd_create("none", MFD_CLOEXEC);
        _buffer_ struct buffer said = {0};
        char error[TAR_ERROR_SIZE];

        (void)state;
        assert_int_equal(tar_read(cut, note, &said, error), -EBADMSG);
        snprintf(error, sizeof(error), "as it was");
        assert_int_equal(tar_read(whole, refuse, NULL, error), -ENOSPC);
        assert_string_equal(error, "as it was");
        assert_int_equal(tar_read(none, note, &said, error), -EBADMSG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_all_kinds),
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_cut_and_ended),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
