/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * mmdebstrap makes the system, as a tar archive that is never whole anywhere:
 * each entry goes straight into the file system of the image, with the owner,
 * mode and attributes that it has in there. So no right is needed that whoever
 * builds lacks, nothing is mounted, and there is no folder to be left behind.
 */

#include "mkimage/debian.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/tar.h"
#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "mkimage/confine.h"
#include "mkimage/debian_apt.h"
#include "mkimage/debian_files.h"
#include "mkimage/error.h"
#include "mkimage/esp.h"
#include "mkimage/ext4.h"
#include "mkimage/ext4_tree.h"
#include "mkimage/grub.h"
#include "mkimage/layout.h"
#include "mkimage/list.h"
#include "mkimage/stream.h"

#define MIB              ((uint64_t)1 << 20)
#define ESP_ID           0xc10d1e02
#define JOURNAL_MIB      64 /* what mke2fs gives to a disk; it never grows later */
#define PROGRAM          "usr/sbin/cloudie-worker"
#define PROGRAM_SIZE_MAX ((size_t)64 << 20)
#define WORDS_SIZE       512

/* What the core of a BIOS's GRUB needs for the configuration on the disk. */
static const char *const grub_modules[] = {"normal", "configfile", "serial", "terminal", "echo",
                                           "test",   "regexp",     "probe",  "fat",      NULL};

struct build {
        const struct worker_options *options;
        const struct workshop *shop;
        char *error;
        struct ext4_tree *tree;
        bool is_cut; /* the archive ends within an entry */
        /* Of the stream's thread, until stream_end(): */
        const char *trouble; /* the first that is known */
        char words[WORDS_SIZE];
};

static void tell(const struct build *build, const char *text)
{
        if (build->options->progress)
                build->options->progress(text);
}

static const struct {
        const char *said, *told;
} stages[] = {
        {"I: running apt-get update", "fetching the mirror's lists"                    },
        {"I: downloading packages",   "downloading Debian's packages"                  },
        {"I: extracting archives",    "unpacking those that every system has"          },
        {"I: installing essential",   "configuring them"                               },
        {"I: installing remaining",   "installing kernel, cloud-init, SSH and the rest"},
        {"I: cleaning package lists", "cleaning up"                                    },
        {"I: creating tarball",       "writing the file system"                        },
};

/* On the stream's thread. What is known to be trouble counts, or else the first error: the others
 * follow from it. */
static void take_words(void *context, const char *line)
{
        struct build *build = context;
        const char *trouble = debian_trouble(line);

        for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
                if (text_has_prefix(line, stages[i].said))
                        tell(build, stages[i].told);
        if (build->trouble || (!trouble && (build->words[0] || !text_has_prefix(line, "E: "))))
                return;
        build->trouble = trouble;
        text_escape(build->words, sizeof(build->words), line + strspn(line, " "));
}

static int complain(struct build *build, int rc)
{
        if (rc == -ENOENT)
                return mkimage_fail(build->error, rc,
                                    "the program mmdebstrap is missing: install "
                                    "the package mmdebstrap");
        if (build->trouble)
                return mkimage_fail(build->error, rc, "%s: %s", build->trouble, build->words);
        return mkimage_fail(build->error, rc, "mmdebstrap failed%s%s", build->words[0] ? ": " : "",
                            build->words);
}

static int fail_entry(struct build *build, int rc, const char *path)
{
        if (rc == -EBADMSG)
                build->is_cut = true; /* only the archive says that */
        if (rc == -EFBIG)
                return mkimage_fail(build->error, rc,
                                    "the system does not fit into %llu MiB; name a larger --size",
                                    (unsigned long long)build->options->size_mib);
        return mkimage_fail(build->error, rc, "cannot put %s into the file system: %s", path,
                            strerror(-rc));
}

static ssize_t read_tar(void *context, void *to, size_t size)
{
        return tar_content_read(context, to, size);
}

static int take_entry(void *context, const struct tar_entry *entry, struct tar_content *content)
{
        struct build *build = context;
        int rc;

        if (debian_is_dropped(entry) ||
            (entry->kind != TAR_FOLDER && debian_file_find(entry->path)))
                return 0;
        rc = ext4_tree_add(build->tree, entry, read_tar, content);
        return rc < 0 ? fail_entry(build, rc, entry->path) : 0;
}

struct bytes {
        const char *at;
        size_t left;
};

static ssize_t read_bytes(void *context, void *to, size_t size)
{
        struct bytes *bytes = context;
        const size_t len = size < bytes->left ? size : bytes->left;

        memcpy(to, bytes->at, len);
        bytes->at += len;
        bytes->left -= len;
        return (ssize_t)len;
}

static int add_own(struct build *build, const struct debian_file *file, size_t size)
{
        struct bytes bytes = {file->text, size};
        const struct tar_entry entry = {
                .kind = file->kind,
                .path = file->path,
                .target = file->kind == TAR_SYMLINK ? file->text : NULL,
                .mode = file->mode,
                .size = size,
                .time_s = (int64_t)build->options->time_s,
        };
        int rc = ext4_tree_add(build->tree, &entry, read_bytes, &bytes);

        return rc < 0 ? fail_entry(build, rc, file->path) : 0;
}

static int add_program(struct build *build)
{
        _free_ char *bytes = NULL;
        char path[PATH_MAX];
        size_t size = 0;
        int rc = workshop_path(path, "%s/cloudie-worker", build->options->programs);

        if (rc == 0)
                rc = file_read(AT_FDCWD, path, PROGRAM_SIZE_MAX, &bytes, &size);
        if (rc < 0)
                return mkimage_fail(build->error, rc, "cannot read %s: %s", path, strerror(-rc));
        return add_own(build, &(struct debian_file){TAR_FILE, 0755, PROGRAM, bytes}, size);
}

static int add_all_own(struct build *build)
{
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < debian_file_count; i++) {
                const struct debian_file *file = &debian_files[i];

                rc = add_own(build, file, file->kind == TAR_FILE ? strlen(file->text) : 0);
        }
        return rc < 0 ? rc : add_program(build);
}

/* list_fn: one more of "--include=a,b". */
static int include(void *context, const char *family, const char *package)
{
        struct buffer *option = context;

        (void)family;
        buffer_format(option, "%s%s", option->size == 0 ? "--include=" : ",", package);
        return 0;
}

static int make_include(char **ret)
{
        _buffer_ struct buffer option = {0};
        int rc = list_walk(debian_packages, include, &option, NULL);

        return rc < 0 ? rc : buffer_take(&option, ret);
}

/* mmdebstrap runs, and is the last program that does: who reads what it makes starts none, connects
 * to nobody, and writes where the image goes. */
static int confine(void *context)
{
        const struct build *build = context;

        return confine_making(build->options->output, build->options->programs);
}

/* Starts mmdebstrap. Passwords of proxies are not among its words: they stand in http_proxy. */
static int begin(struct build *build, struct stream **ret)
{
        _free_ char *sources = NULL, *apt = NULL, *apt_option = NULL, *packages = NULL;
        int rc = debian_sources(build->options->mirror, build->error, &sources);

        if (rc == 0)
                rc = debian_apt_configuration(build->error, &apt);
        if (rc < 0)
                return rc;
        rc = make_include(&packages);
        if (rc == 0 && asprintf(&apt_option, "--aptopt=%s", apt) < 0) {
                apt_option = NULL;
                rc = -ENOMEM;
        }
        if (rc < 0)
                return mkimage_fail(build->error, rc, "the list of packages: %s", strerror(-rc));
        return stream_begin(
                &(struct stream_options){
                        .argv = (const char *const[]){"mmdebstrap", "--variant=minbase",
                                                      "--format=tar", packages, apt_option,
                                                      debian_dpkg_option, debian_hook_option,
                                                      DEBIAN_SUITE, "-", "-", NULL},
                        .input = sources,
                        .time_s = build->options->time_s,
                        .said = take_words,
                        .started = confine,
                        .context = build,
        },
                build->error, ret);
}

/* ext4_fill_fn */
static int fill(void *context, struct ext4_tree *tree, char *error)
{
        struct build *build = context;
        char wrong[TAR_ERROR_SIZE] = "";
        struct stream *stream = NULL;
        bool is_damaged;
        int rc, ended;

        build->tree = tree;
        rc = begin(build, &stream);
        if (rc < 0)
                return rc;
        rc = tar_read(stream_fd(stream), take_entry, build, wrong);
        is_damaged = rc < 0 && (build->is_cut || wrong[0] != '\0');
        ended = stream_end(stream, rc < 0 && !is_damaged);
        /* An archive that ends early is what mmdebstrap leaves when it failed: its word counts. */
        if (ended < 0 && (rc == 0 || is_damaged))
                return complain(build, ended);
        if (is_damaged)
                return mkimage_fail(error, rc, "what mmdebstrap made: %s",
                                    wrong[0] ? wrong : "it is cut off");
        return rc < 0 ? rc : add_all_own(build);
}

static int write_image(struct build *build, struct grub *grub, const uint8_t *esp,
                       const char *image)
{
        const struct layout layout = {DEBIAN_IDS, build->options->size_mib * MIB,
                                      DEBIAN_ESP_MIB * MIB};
        char system[GPT_GUID_TEXT_SIZE], hashes[GPT_GUID_TEXT_SIZE];
        const struct ext4_options root = {
                .label = "root",
                .uuid = layout_id(&layout, LAYOUT_ID_SYSTEM, system),
                .seed = layout_id(&layout, LAYOUT_ID_HASHES, hashes),
                .offset = layout_at(&layout, LAYOUT_ROOT),
                .size_kib = layout_size_of(&layout, LAYOUT_ROOT) >> 10,
                .journal_mib = JOURNAL_MIB,
                .fill = fill,
                .context = build,
                .time_s = build->options->time_s,
        };
        _close_ int fd = open(image, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        int rc = fd < 0 || ftruncate(fd, (off_t)layout.size) < 0 ? -errno : 0;

        if (rc == 0) {
                rc = ext4_write(&root, image, build->error);
                if (rc < 0)
                        return rc;
                rc = layout_write(&layout, grub, esp, fd);
        }
        return rc < 0 ? mkimage_fail(build->error, rc, "cannot write %s: %s", image, strerror(-rc))
                      : 0;
}

int debian_build(const struct worker_options *options, const struct workshop *shop,
                 const char *image, char *error)
{
        __attribute__((cleanup(grub_done))) struct grub grub = {.core = NULL};
        _free_ uint8_t *esp = NULL;
        struct build build = {.options = options, .shop = shop, .error = error};
        int rc = grub_make(shop,
                           &(struct grub_options){.cache = options->cache,
                                                  .configuration = DEBIAN_GRUB,
                                                  .partition = LAYOUT_NUMBER(LAYOUT_ROOT),
                                                  .modules = grub_modules},
                           error, &grub);

        if (rc == 0)
                rc = esp_make(
                        shop,
                        &(struct esp_options){.configuration = LAYOUT_GRUB_FIND_ROOT DEBIAN_GRUB,
                                              .cache = options->cache,
                                              .id = ESP_ID,
                                              .size = DEBIAN_ESP_MIB * MIB},
                        error, &esp);
        return rc < 0 ? rc : write_image(&build, &grub, esp, image);
}
