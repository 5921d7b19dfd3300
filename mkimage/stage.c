/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "image/cpio.h"
#include "lib/base/file.h"
#include "mkimage/error.h"
#include "mkimage/list.h"
#include "mkimage/program.h"
#include "mkimage/run.h"
#include "mkimage/stage.h"
#include "mkimage/workshop.h"

#define PROGRAM_SIZE_MAX ((size_t)256 << 20) /* with all its debug information */

#define SENTINEL         "zz-complete"
#define STAGE_ONE_FILE   "stage-one.squashfs"

/* The agent is what mounts the rest. What an install needs comes with stage two: stage one is what
 * a machine loads by TFTP only to be looked at. */
enum place { PLACE_ROOT, PLACE_ONE, PLACE_TWO };
static const struct {
        const char *name, *link; /* by which the agent knows it; NULL: it is there itself */
        enum place place;
} programs_of_ours[] = {
        {"cloudie-agent",    NULL,                              PLACE_ROOT},
        {"cloudie-discover", "/stage-one/bin/cloudie-discover", PLACE_ONE },
        {"cloudie-install",  "/stage-two/bin/cloudie-install",  PLACE_TWO },
};

/* What mounts a squashfs from a file of the ramdisk. */
static const char *const root_modules[] = {"loop", "squashfs"};

static const struct {
        const char *path;
        mode_t mode;
} folders[] = {
        {"dev",       0755 },
        {"etc",       0755 },
        {"proc",      0555 },
        {"run",       0755 },
        {"sys",       0555 },
        {"tmp",       01777},
        {"stage-one", 0755 },
        {"stage-two", 0755 },
};

/* A static glibc looks names up as these say, and only then without loading libraries. */
static const struct {
        const char *path, *content;
} files[] = {
        {"etc/hosts",         "127.0.0.1 localhost\n::1 localhost\n"},
        {"etc/nsswitch.conf", "hosts: files dns\n"                  },
};

/* The rest comes from devtmpfs; these two are there before anything is mounted. */
static const struct {
        const char *path;
        mode_t mode;
        unsigned major, minor;
} devices[] = {
        {"dev/console", 0600, 5, 1},
        {"dev/null",    0666, 1, 3},
};

/* Choosing */

struct choice {
        struct modules *modules;
        enum stage stage;
        struct doc *families;
        char entry[LIST_LINE_MAX];
};

static int choose(void *context, const char *family, const char *entry)
{
        struct choice *choice = context;
        int rc = modules_choose(choice->modules, choice->stage, entry);

        if (rc < 0) {
                snprintf(choice->entry, sizeof(choice->entry), "%s", entry);
                return rc;
        }
        if (!choice->families)
                return 0;
        return doc_set_number(choice->families, family,
                              doc_get_number(choice->families, family, 0) + 1);
}

int stage_choose(struct modules *modules, enum stage stage, const struct stage_list *list,
                 struct doc *families, char *error)
{
        struct choice choice = {.modules = modules, .stage = stage, .families = families};
        size_t line = 0;
        int rc = list_walk(list->text, choose, &choice, &line);

        if (rc == -ENOENT)
                return mkimage_fail(error, rc, "%s, line %zu: the kernel has no module %s",
                                    list->name, line, choice.entry);
        if (rc < 0)
                return mkimage_fail(error, rc, "%s, line %zu: %s", list->name, line, strerror(-rc));
        return 0;
}

static int await_one(void *context, const char *family, const char *entry)
{
        (void)family;
        return modules_await(context, entry);
}

int stages_choose(struct modules *modules, struct doc *families, char *error)
{
        const struct stage_list one = {"stage-one.list", list_stage_one};
        const struct stage_list two = {"stage-two.list", list_stage_two};
        const struct stage_list later = {"stage-two-later.list", list_stage_two_later};
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(root_modules); i++)
                rc = modules_choose(modules, STAGE_ROOT, root_modules[i]);
        if (rc < 0)
                return mkimage_fail(error, rc, "the kernel has no modules loop and squashfs");
        rc = stage_choose(modules, STAGE_ONE, &one, families, error);
        if (rc == 0)
                rc = stage_choose(modules, STAGE_TWO, &two, families, error);
        if (rc == 0)
                rc = stage_choose(modules, STAGE_TWO, &later, families, error);
        return rc < 0 ? rc : list_walk(list_stage_two, await_one, modules, NULL);
}

/* Stage one */

int stage_check_program(const char *folder, const char *name, char *error)
{
        _free_ char *bytes = NULL;
        _free_ char *path = NULL;
        size_t size = 0;
        int rc;

        if (asprintf(&path, "%s/%s", folder, name) < 0) {
                path = NULL;
                return mkimage_fail(error, -ENOMEM, "no memory");
        }
        rc = file_read(AT_FDCWD, path, PROGRAM_SIZE_MAX, &bytes, &size);
        if (rc < 0)
                return mkimage_fail(error, rc, "cannot read %s: %s", path, strerror(-rc));
        rc = program_check_static(reader_over(bytes, size));
        if (rc == -ELIBACC)
                return mkimage_fail(error, rc,
                                    "%s needs shared libraries, and there are none where it is to "
                                    "run; build it with the ramdisk preset",
                                    path);
        if (rc < 0)
                return mkimage_fail(error, rc, "%s is not a program for x86-64", path);
        return 0;
}

int stage_check_programs(const char *programs, char *error)
{
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(programs_of_ours); i++)
                rc = stage_check_program(programs, programs_of_ours[i].name, error);
        return rc;
}

static int add_programs(struct cpio *root, const char *programs, char *error)
{
        for (size_t i = 0; i < ARRAY_SIZE(programs_of_ours); i++) {
                _free_ char *from = NULL;
                _free_ char *to = NULL;
                int rc;

                if (asprintf(&from, "%s/%s", programs, programs_of_ours[i].name) < 0)
                        from = NULL;
                if (asprintf(&to, "bin/%s", programs_of_ours[i].name) < 0)
                        to = NULL;
                if (!from || !to)
                        return mkimage_fail(error, -ENOMEM, "no memory");
                rc = programs_of_ours[i].link ? cpio_add_link(root, to, programs_of_ours[i].link)
                                              : cpio_add_file(root, to, 0755, from);
                if (rc < 0)
                        return mkimage_fail(error, rc, "%s: %s", to, strerror(-rc));
        }
        return 0;
}

/* Those of a place, into a folder that becomes a squashfs. */
static int copy_programs(const char *programs, enum place place, const char *folder, char *error)
{
        for (size_t i = 0; i < ARRAY_SIZE(programs_of_ours); i++) {
                _free_ char *bytes = NULL;
                char from[PATH_MAX], to[PATH_MAX];
                size_t size = 0;
                int rc;

                if (programs_of_ours[i].place != place)
                        continue;
                rc = workshop_path(from, "%s/%s", programs, programs_of_ours[i].name);
                if (rc == 0)
                        rc = workshop_path(to, "%s/bin", folder);
                if (rc == 0)
                        rc = file_make_folders(to, 0755);
                if (rc == 0)
                        rc = workshop_path(to, "%s/bin/%s", folder, programs_of_ours[i].name);
                if (rc == 0)
                        rc = file_read(AT_FDCWD, from, PROGRAM_SIZE_MAX, &bytes, &size);
                if (rc == 0)
                        rc = file_replace(to, bytes, size, 0755);
                if (rc < 0)
                        return mkimage_fail(error, rc, "%s: %s", programs_of_ours[i].name,
                                            strerror(-rc));
        }
        return 0;
}

static int add_skeleton(struct cpio *root)
{
        int rc = cpio_add_link(root, "init", "bin/cloudie-agent");

        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(folders); i++)
                rc = cpio_add_folder(root, folders[i].path, folders[i].mode);
        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(files); i++)
                rc = cpio_add_bytes(root, files[i].path, 0644, files[i].content,
                                    strlen(files[i].content));
        for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(devices); i++)
                rc = cpio_add_device(root, devices[i].path, devices[i].mode, devices[i].major,
                                     devices[i].minor);
        if (rc == 0)
                rc = cpio_add_bytes(root, SENTINEL, 0644, "", 0);
        return rc;
}

/* Where a module is now, and where it goes. */
struct move {
        const struct kernel *kernel;
        struct cpio *root;  /* stage one */
        const char *folder; /* stage two */
};

static int add_module(void *context, const char *path)
{
        const struct move *move = context;
        _free_ char *from = NULL;
        _free_ char *to = NULL;

        if (asprintf(&from, "%s/%s", move->kernel->modules, path) < 0)
                from = NULL;
        if (asprintf(&to, "lib/modules/%s/%s", move->kernel->version, path) < 0)
                to = NULL;
        return from && to ? cpio_add_file(move->root, to, 0644, from) : -ENOMEM;
}

/* The modules that the ramdisk has itself, and the files that tell of them. */
static int add_modules(struct cpio *root, const struct stage_input *input)
{
        struct move move = {.kernel = input->kernel, .root = root};
        int rc = modules_each(input->modules, STAGE_ROOT, add_module, &move);

        for (enum modules_index i = 0; rc == 0 && i < INDEX_COUNT; i++) {
                _free_ char *text = NULL;
                _free_ char *path = NULL;

                rc = modules_index(input->modules, STAGE_ROOT, i, &text);
                if (rc < 0)
                        return rc;
                if (asprintf(&path, "lib/modules/%s/%s", input->kernel->version,
                             modules_index_names[i]) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                rc = cpio_add_bytes(root, path, 0644, text, strlen(text));
        }
        return rc;
}

static int write_root(struct cpio *root, int level, const char *to, char *error)
{
        const struct cpio_options options = {.level = level, .last = SENTINEL};
        _close_ int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        char why[IMAGE_ERROR_SIZE];
        int rc;

        if (fd < 0)
                return mkimage_fail(error, -errno, "cannot write %s: %s", to, strerror(errno));
        rc = cpio_write(root, fd, &options, why);
        if (rc < 0)
                return mkimage_fail(error, rc, "cannot write %s: %s", to, why);
        if (fsync(fd) < 0)
                return mkimage_fail(error, -errno, "cannot write %s: %s", to, strerror(errno));
        return 0;
}

/* The two squashfs */

static int move_module(void *context, const char *path)
{
        const struct move *move = context;
        _free_ char *from = NULL;
        _free_ char *to = NULL;
        char *slash;
        int rc;

        if (asprintf(&from, "%s/%s", move->kernel->modules, path) < 0)
                from = NULL;
        if (asprintf(&to, "%s/%s", move->folder, path) < 0)
                to = NULL;
        if (!from || !to)
                return -ENOMEM;
        slash = strrchr(to, '/');
        *slash = '\0';
        rc = file_make_folders(to, 0755);
        *slash = '/';
        if (rc < 0)
                return rc;
        return rename(from, to) < 0 ? -errno : 0;
}

static int save_indexes(const struct modules *modules, enum stage stage, const char *folder)
{
        int rc = 0;

        for (enum modules_index i = 0; rc == 0 && i < INDEX_COUNT; i++) {
                _free_ char *text = NULL;
                _free_ char *path = NULL;

                rc = modules_index(modules, stage, i, &text);
                if (rc < 0)
                        return rc;
                if (asprintf(&path, "%s/%s", folder, modules_index_names[i]) < 0) {
                        path = NULL;
                        return -ENOMEM;
                }
                rc = file_replace(path, text, strlen(text), 0644);
        }
        return rc;
}

int stage_modules_move(const struct modules *modules, enum stage stage, const struct kernel *kernel,
                       const char *root, char *error)
{
        struct move move = {.kernel = kernel};
        _free_ char *folder = NULL;
        const mode_t mask = umask(022);
        int rc;

        if (asprintf(&folder, "%s/lib/modules/%s", root, kernel->version) < 0)
                folder = NULL;
        move.folder = folder;
        rc = folder ? file_make_folders(folder, 0755) : -ENOMEM;
        if (rc == 0)
                rc = modules_each(modules, stage, move_module, &move);
        if (rc == 0)
                rc = save_indexes(modules, stage, folder);
        umask(mask);
        return rc < 0 ? mkimage_fail(error, rc, "modules: %s", strerror(-rc)) : 0;
}

static int make_squashfs(const char *root, int level, const char *to, char *error)
{
        char level_text[16];
        /* Blocks of 512 KiB: the agent reads each file once, as a whole, and few kilobytes of
         * memory a core are lost. No file shares a block with another: a driver that is loaded is
         * all that is unpacked. Folders get 0755 from us, whatever the umask says. */
        const char *const argv[] = {
                "mksquashfs",  root,         to,          "-noappend",           "-no-progress",
                "-quiet",      "-comp",      "zstd",      "-Xcompression-level", level_text,
                "-b",          "512K",       "-all-root", "-no-fragments",       "-no-xattrs",
                "-no-exports", "-mkfs-time", "0",         "-all-time",           "0",
                "-root-mode",  "0755",       NULL};

        snprintf(level_text, sizeof(level_text), "%d", level);
        return run_program(argv, NULL, error, NULL);
}

/* What stage one must know of stage two: whether this machine's report has to wait for it. */
static int save_awaited(const struct stage_input *input, const char *folder)
{
        _free_ char *text = NULL;
        char path[PATH_MAX];
        int rc = modules_index_awaited(input->modules, STAGE_TWO, &text);

        if (rc == 0)
                rc = workshop_path(path, "%s/lib/modules/%s/" MODULES_AWAITED_NAME, folder,
                                   input->kernel->version);
        return rc < 0 ? rc : file_replace(path, text, strlen(text), 0644);
}

/* Modes are what is said here, whatever the umask of who builds. */
static int fill_stage(const struct stage_input *input, enum stage stage, const char *folder,
                      char *error)
{
        const mode_t mask = umask(022);
        int rc = stage_modules_move(input->modules, stage, input->kernel, folder, error);

        if (rc == 0)
                rc = copy_programs(input->programs, stage == STAGE_ONE ? PLACE_ONE : PLACE_TWO,
                                   folder, error);
        if (rc == 0 && stage == STAGE_ONE) {
                rc = save_awaited(input, folder);
                if (rc < 0)
                        rc = mkimage_fail(error, rc, "stage one: %s", strerror(-rc));
        }
        umask(mask);
        return rc;
}

int stage_one_write(const struct stage_input *input, const char *work, const char *to, char *error)
{
        CLEANUP(cpio_free) struct cpio *root = NULL;
        char squashfs[PATH_MAX];
        int rc;

        rc = workshop_path(squashfs, "%s.squashfs", work);
        if (rc < 0)
                return mkimage_fail(error, rc, "%s: %s", work, strerror(-rc));
        rc = fill_stage(input, STAGE_ONE, work, error);
        if (rc < 0)
                return rc;
        rc = make_squashfs(work, input->level, squashfs, error);
        if (rc < 0)
                return rc;

        rc = cpio_new(&root);
        if (rc == 0)
                rc = add_skeleton(root);
        if (rc == 0)
                rc = add_modules(root, input);
        if (rc == 0)
                rc = cpio_add_file(root, STAGE_ONE_FILE, 0644, squashfs);
        if (rc < 0)
                return mkimage_fail(error, rc, "stage one: %s", strerror(-rc));
        rc = add_programs(root, input->programs, error);
        return rc < 0 ? rc : write_root(root, input->level, to, error);
}

int stage_two_write(const struct stage_input *input, const char *work, const char *to, char *error)
{
        const int rc = fill_stage(input, STAGE_TWO, work, error);

        return rc < 0 ? rc : make_squashfs(work, input->level, to, error);
}
