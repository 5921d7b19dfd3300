/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/disk/fat.h"
#include "lib/trust/hash.h"
#include "netboot/boot_image.h"

#define IMAGE_SIZE ((size_t)1 << 20)
#define PLACE      4096
#define SCRIPT     "echo Cloudie: discovery\n"

/* What the folder of an edge holds. */
struct folder {
        char path[64];
        uint8_t *volume;
        struct assets *assets;
};

static void write_file(const struct folder *f, const char *name, const void *bytes, size_t size)
{
        char path[128];

        snprintf(path, sizeof(path), "%s/%s", f->path, name);
        assert_int_equal(file_replace(path, bytes, size, 0644), 0);
}

static void folder_make(const struct fat_file *files, size_t count, struct folder *ret)
{
        char hash[SHA256_TEXT_SIZE], manifest[512];
        struct sha256 sum;

        snprintf(ret->path, sizeof(ret->path), "/tmp/cloudie-image.XXXXXX");
        assert_non_null(mkdtemp(ret->path));
        ret->volume = malloc(IMAGE_SIZE);
        assert_non_null(ret->volume);
        assert_int_equal(fat_write(files, count, &(struct fat_volume){.label = "T"}, ret->volume,
                                   IMAGE_SIZE),
                         0);
        sha256_of(ret->volume, IMAGE_SIZE, &sum);
        snprintf(manifest, sizeof(manifest),
                 "{\"schema\": 1, \"files\": [{\"name\": \"boot.img\", \"size\": %zu, \"sha256\": "
                 "\"%s\", \"role\": \"boot-image\"}]}",
                 IMAGE_SIZE, sha256_text(hash, &sum));
        write_file(ret, "boot.img", ret->volume, IMAGE_SIZE);
        write_file(ret, ASSETS_MANIFEST, manifest, strlen(manifest));
        assert_int_equal(assets_new(ret->path, &ret->assets), 0);
        assert_int_equal(assets_load(ret->assets), 0);
}

static void folder_done(struct folder *f)
{
        static const char *const names[] = {"boot.img", ASSETS_MANIFEST, ASSETS_SITE};
        char path[128];

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                snprintf(path, sizeof(path), "%s/%s", f->path, names[i]);
                (void)unlink(path);
        }
        assert_int_equal(rmdir(f->path), 0);
        assets_free(f->assets);
        free(f->volume);
}

static const char place[PLACE];

static const struct fat_file whole[] = {
        {"site.cpio",     place,    PLACE},
        {"grub/grub.cfg", place,    PLACE},
        {"vmlinuz",       "kernel", 6    },
};

/* As a machine that got it would read it. */
static void both_are_read_in_it(void **state)
{
        _boot_image_ struct boot_image image = {.file = {.fd = -EBADF}};
        _free_ char *site = NULL, *script = NULL, *kernel = NULL;
        struct reader volume;
        struct folder f = {.assets = NULL};
        size_t size = 0;

        (void)state;
        folder_make(whole, ARRAY_SIZE(whole), &f);
        write_file(&f, ASSETS_SITE, "an archive", 10);
        assert_int_equal(boot_image_open(f.assets, &image), 0);
        assert_string_equal(image.name, "boot.img");
        assert_int_equal(image.file.size, IMAGE_SIZE);
        assert_int_equal(boot_image_fill(f.assets, SCRIPT, strlen(SCRIPT), &image), 0);
        assert_int_equal(image.site_size, 10);
        assert_int_equal(image.patches.count, 2);
        for (size_t i = 0; i < image.patches.count; i++)
                memcpy(f.volume + image.patches.at[i].at, image.patches.at[i].take_bytes,
                       image.patches.at[i].size);
        volume = reader_over(f.volume, IMAGE_SIZE);
        assert_int_equal(fat_read(volume, "site.cpio", PLACE, &site, &size), 0);
        assert_int_equal(size, PLACE);
        assert_memory_equal(site, "an archive\0\0", 12); /* zeros between archives are none */
        assert_int_equal(fat_read(volume, "grub/grub.cfg", PLACE, &script, &size), 0);
        assert_int_equal(size, PLACE);
        assert_memory_equal(script, SCRIPT, strlen(SCRIPT));
        for (size_t i = strlen(SCRIPT); i < size; i++)
                assert_int_equal(script[i], '\n');
        assert_int_equal(fat_read(volume, "vmlinuz", PLACE, &kernel, &size), 0);
        assert_string_equal(kernel, "kernel");
        folder_done(&f);
}

static const struct {
        const char *what;
        size_t first; /* of "whole" */
        size_t site_size, script_size;
        bool has_no_site;
        int rc;
} refused[] = {
        {"no place for site.cpio",    1, 10,        10,        false, -EBADMSG},
        {"no place for the script",   2, 10,        10,        false, -EBADMSG},
        {"a site.cpio that fits",     0, PLACE,     10,        false, 0       },
        {"a site.cpio that does not", 0, PLACE + 1, 10,        false, -EFBIG  },
        {"a script that fits",        0, 10,        PLACE,     false, 0       },
        {"a script that does not",    0, 10,        PLACE + 1, false, -EFBIG  },
        {"no site.cpio yet",          0, 10,        10,        true,  -ENOENT },
};

static void what_does_not_fit(void **state)
{
        static const char bytes[PLACE + 1];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
                struct boot_image image = {.file = {.fd = -EBADF}};
                struct folder f = {.assets = NULL};

                print_message("%s\n", refused[i].what);
                folder_make(whole + refused[i].first, ARRAY_SIZE(whole) - refused[i].first, &f);
                if (!refused[i].has_no_site)
                        write_file(&f, ASSETS_SITE, bytes, refused[i].site_size);
                assert_int_equal(boot_image_open(f.assets, &image), 0);
                assert_int_equal(boot_image_fill(f.assets, bytes, refused[i].script_size, &image),
                                 refused[i].rc);
                boot_image_done(&image);
                folder_done(&f);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(both_are_read_in_it),
                cmocka_unit_test(what_does_not_fit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
