/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * mke2fs copies owner, ctime and atime of each file from the folder, and those
 * are of whoever builds, and of now. So every inode is gone over once more.
 */

#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "mkimage/error.h"
#include "mkimage/ext4.h"
#include "mkimage/ext4_tree.h"
#include "mkimage/run.h"

/*
 * All that mke2fs.conf would say. Blocks of 4 KiB and numbers of 64 bits, so that
 * it can grow to any disk while it is mounted. Tables are written now: the kernel
 * would do it in the background of the first boot.
 */
static const char features[] =
        "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,"
        "sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum";
#define JOURNAL_MIN_MIB 4
#define EXTENDED        "root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0,nodiscard"

static int format(const struct ext4_options *options, const char *image, char *error)
{
        char extended[256], size[32], journal[32];
        const char *argv[] = {"mke2fs",       "-q", "-F",          "-t", "ext4",   "-O",
                              features,       "-b", "4096",        "-I", "256",    "-i",
                              "16384",        "-m", "1",           "-J", journal,  "-L",
                              options->label, "-U", options->uuid, "-E", extended, image,
                              size,           NULL, NULL,          NULL};
        const size_t last = ARRAY_SIZE(argv) - 3; /* the image's size is before it */

        if (options->folder) {
                argv[last] = "-d";
                argv[last + 1] = options->folder;
        }
        snprintf(journal, sizeof(journal), "size=%u", options->journal_mib ?: JOURNAL_MIN_MIB);
        snprintf(extended, sizeof(extended), EXTENDED ",hash_seed=%s,offset=%" PRIu64,
                 options->seed, options->offset);
        snprintf(size, sizeof(size), "%" PRIu64 "k", options->size_kib);
        return run_program(argv, NULL, error, NULL);
}

static errcode_t clean_inode(ext2_filsys system, ext2_ino_t number, struct ext2_inode_large *inode)
{
        inode->i_uid = 0;
        inode->i_gid = 0;
        inode->osd2.linux2.l_i_uid_high = 0;
        inode->osd2.linux2.l_i_gid_high = 0;
        inode->i_atime = RUN_TIME;
        inode->i_ctime = RUN_TIME;
        inode->i_mtime = RUN_TIME;
        inode->i_crtime = RUN_TIME;
        inode->i_atime_extra = 0;
        inode->i_ctime_extra = 0;
        inode->i_mtime_extra = 0;
        inode->i_crtime_extra = 0;
        return ext2fs_write_inode_full(system, number, (struct ext2_inode *)inode, sizeof(*inode));
}

static errcode_t clean_all(ext2_filsys system)
{
        struct ext2_inode_large inode;
        ext2_inode_scan scan;
        ext2_ino_t number = 0;
        errcode_t rc = ext2fs_open_inode_scan(system, 0, &scan);

        if (rc != 0)
                return rc;
        do {
                rc = ext2fs_get_next_inode_full(scan, &number, (struct ext2_inode *)&inode,
                                                sizeof(inode));
                if (rc == 0 && number != 0 && inode.i_links_count > 0)
                        rc = clean_inode(system, number, &inode);
        } while (rc == 0 && number != 0);
        ext2fs_close_inode_scan(scan);
        return rc;
}

static errcode_t add_device(ext2_filsys system, const struct ext4_device *device)
{
        struct ext2_inode inode = {.i_mode = (uint16_t)(LINUX_S_IFCHR | device->mode),
                                   .i_links_count = 1,
                                   .i_block = {device->major << 8 | device->minor}};
        ext2_ino_t folder, number;
        errcode_t rc = ext2fs_namei(system, EXT2_ROOT_INO, EXT2_ROOT_INO, device->folder, &folder);

        if (rc == 0)
                rc = ext2fs_new_inode(system, folder, inode.i_mode, NULL, &number);
        if (rc == 0)
                rc = ext2fs_link(system, folder, device->name, number, EXT2_FT_CHRDEV);
        if (rc == 0)
                rc = ext2fs_write_new_inode(system, number, &inode);
        if (rc == 0)
                ext2fs_inode_alloc_stats2(system, number, +1, 0);
        return rc;
}

static errcode_t finish(ext2_filsys system, const struct ext4_options *options)
{
        errcode_t rc = ext2fs_read_bitmaps(system);

        for (size_t i = 0; rc == 0 && i < options->device_count; i++)
                rc = add_device(system, &options->devices[i]);
        return rc == 0 ? clean_all(system) : rc;
}

/* 0, or what was wrong in @ret_code, or negative errno and @error. */
static int fill(ext2_filsys system, const struct ext4_options *options, char *error,
                errcode_t *ret_code)
{
        _free_ struct ext4_tree *tree = calloc(1, sizeof(*tree));

        if (!tree)
                return mkimage_fail(error, -ENOMEM, "no memory");
        tree->system = system;
        system->now = (time_t)options->time_s;
        *ret_code = ext2fs_read_bitmaps(system);
        return *ret_code ? 0 : options->fill(options->context, tree, error);
}

int ext4_write(const struct ext4_options *options, const char *image, char *error)
{
        ext2_filsys system = NULL;
        errcode_t code;
        char offset[64];
        int rc = format(options, image, error);

        if (rc < 0)
                return rc;
        snprintf(offset, sizeof(offset), "offset=%" PRIu64, options->offset);
        code = ext2fs_open2(image, offset, EXT2_FLAG_RW | EXT2_FLAG_64BITS, 0, 0, unix_io_manager,
                            &system);
        if (code == 0) {
                errcode_t closed;

                system->now = RUN_TIME;
                if (options->fill)
                        rc = fill(system, options, error, &code);
                else
                        code = finish(system, options);
                closed = ext2fs_close_free(&system);
                code = code == 0 ? closed : code;
        }
        if (rc < 0)
                return rc;
        if (code == 0)
                return 0;
        /* What is no errno is of libext2fs: nothing that we or the operator did. */
        return mkimage_fail(error, -EIO, "the file system in %s: %s (%ld)", image,
                            code < EXT2_ET_BASE ? strerror((int)code) : "libext2fs refuses it",
                            (long)code);
}
