/* SPDX-License-Identifier: GPL-3.0-or-later */

/* misc/create_inode.c of e2fsprogs does the same out of a folder. */

#include <errno.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "mkimage/ext4_tree.h"

#define CHUNK_SIZE ((size_t)256 << 10)

static const struct {
        errcode_t code;
        int rc;
} meanings[] = {
        {0,                        0       },
        {EXT2_ET_BLOCK_ALLOC_FAIL, -EFBIG  },
        {EXT2_ET_INODE_ALLOC_FAIL, -EFBIG  },
        {EXT2_ET_EA_NO_SPACE,      -ENOSPC },
        {EXT2_ET_FILE_NOT_FOUND,   -ENOENT },
        {EXT2_ET_NO_DIRECTORY,     -ENOTDIR},
        {EXT2_ET_FILE_EXISTS,      -EEXIST },
        {EXT2_ET_DIR_EXISTS,       -EEXIST },
        {EXT2_ET_SYMLINK_LOOP,     -ELOOP  },
        {EXT2_ET_NO_MEMORY,        -ENOMEM },
};

static int meaning(errcode_t code)
{
        for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
                if (meanings[i].code == code)
                        return meanings[i].rc;
        return code > 0 && code < EXT2_ET_BASE ? -(int)code : -EIO;
}

static errcode_t link_in(struct ext4_tree *tree, ext2_ino_t folder, const char *name,
                         ext2_ino_t number, int type)
{
        errcode_t code = ext2fs_link(tree->system, folder, name, number, type);

        if (code != EXT2_ET_DIR_NO_SPACE)
                return code;
        code = ext2fs_expand_dir(tree->system, folder);
        return code ? code : ext2fs_link(tree->system, folder, name, number, type);
}

static errcode_t make_folder(struct ext4_tree *tree, ext2_ino_t parent, const char *name)
{
        errcode_t code = ext2fs_mkdir(tree->system, parent, 0, name);

        if (code != EXT2_ET_DIR_NO_SPACE)
                return code;
        code = ext2fs_expand_dir(tree->system, parent);
        return code ? code : ext2fs_mkdir(tree->system, parent, 0, name);
}

static errcode_t make_symlink(struct ext4_tree *tree, ext2_ino_t parent, const char *name,
                              const char *target)
{
        errcode_t code = ext2fs_symlink(tree->system, parent, 0, name, target);

        if (code != EXT2_ET_DIR_NO_SPACE)
                return code;
        code = ext2fs_expand_dir(tree->system, parent);
        return code ? code : ext2fs_symlink(tree->system, parent, 0, name, target);
}

static errcode_t find(struct ext4_tree *tree, const char *path, ext2_ino_t *ret)
{
        return ext2fs_namei(tree->system, EXT2_ROOT_INO, EXT2_ROOT_INO, path, ret);
}

static errcode_t set_inode(struct ext4_tree *tree, ext2_ino_t number, const struct tar_entry *entry)
{
        const uint32_t time = (uint32_t)entry->time_s;
        struct ext2_inode_large inode;
        errcode_t code = ext2fs_read_inode_full(tree->system, number, (struct ext2_inode *)&inode,
                                                sizeof(inode));

        if (code)
                return code;
        inode.i_mode = (uint16_t)((inode.i_mode & LINUX_S_IFMT) | (entry->mode & 07777));
        inode.i_uid = (uint16_t)entry->uid;
        inode.osd2.linux2.l_i_uid_high = (uint16_t)(entry->uid >> 16);
        inode.i_gid = (uint16_t)entry->gid;
        inode.osd2.linux2.l_i_gid_high = (uint16_t)(entry->gid >> 16);
        inode.i_atime = inode.i_ctime = inode.i_mtime = inode.i_crtime = time;
        inode.i_atime_extra = inode.i_ctime_extra = inode.i_mtime_extra = inode.i_crtime_extra = 0;
        return ext2fs_write_inode_full(tree->system, number, (struct ext2_inode *)&inode,
                                       sizeof(inode));
}

static errcode_t set_attributes(struct ext4_tree *tree, ext2_ino_t number,
                                const struct tar_entry *entry)
{
        struct ext2_xattr_handle *handle;
        errcode_t code, closed;

        if (entry->attribute_count == 0)
                return 0;
        code = ext2fs_xattrs_open(tree->system, number, &handle);
        if (code)
                return code;
        code = ext2fs_xattrs_read(handle);
        for (size_t i = 0; !code && i < entry->attribute_count; i++)
                code = ext2fs_xattr_set(handle, entry->attributes[i].name,
                                        entry->attributes[i].value, entry->attributes[i].size);
        closed = ext2fs_xattrs_close(&handle); /* writes, too */
        return code ? code : closed;
}

/* The number of an entry's folder, and its own name. */
static int find_folder(struct ext4_tree *tree, const char *path, ext2_ino_t *ret, const char **name)
{
        const char *slash = strrchr(path, '/');
        struct tar_entry above = {.kind = TAR_FOLDER, .mode = 0755, .time_s = tree->system->now};
        char folder[PATH_MAX];
        errcode_t code;
        int rc;

        *name = slash ? slash + 1 : path;
        if (!slash) {
                *ret = EXT2_ROOT_INO;
                return 0;
        }
        if (text_copy_bytes(folder, sizeof(folder), path, (size_t)(slash - path)) < 0)
                return -ENAMETOOLONG;
        if (tree->folder_number == 0 || strcmp(folder, tree->folder) != 0) {
                code = find(tree, folder, &tree->folder_number);
                if (code == EXT2_ET_FILE_NOT_FOUND) {
                        above.path = folder;
                        tree->folder_number = 0;
                        rc = ext4_tree_add(tree, &above, NULL, NULL);
                        if (rc < 0)
                                return rc;
                        code = find(tree, folder, &tree->folder_number);
                }
                if (code) {
                        tree->folder_number = 0;
                        return meaning(code);
                }
                memcpy(tree->folder, folder, sizeof(folder));
        }
        *ret = tree->folder_number;
        return 0;
}

static int write_content(struct ext4_tree *tree, ext2_ino_t number, ext4_read_fn read,
                         void *context)
{
        _free_ char *chunk = malloc(CHUNK_SIZE);
        ext2_file_t file;
        errcode_t code, closed;
        ssize_t got = 0;

        if (!chunk)
                return -ENOMEM;
        code = ext2fs_file_open(tree->system, number, EXT2_FILE_WRITE, &file);
        if (code)
                return meaning(code);
        while (!code && (got = read(context, chunk, CHUNK_SIZE)) > 0)
                code = ext2fs_file_write(file, chunk, (unsigned)got, NULL);
        closed = ext2fs_file_close(file);
        if (got < 0)
                return (int)got;
        return meaning(code ? code : closed);
}

static const struct {
        uint16_t type;
        int entry; /* in its folder */
} types[TAR_KIND_COUNT] = {
        [TAR_FILE] = {LINUX_S_IFREG, EXT2_FT_REG_FILE},
        [TAR_SYMLINK] = {LINUX_S_IFLNK, EXT2_FT_SYMLINK },
        [TAR_CHARACTER] = {LINUX_S_IFCHR, EXT2_FT_CHRDEV  },
        [TAR_BLOCK] = {LINUX_S_IFBLK, EXT2_FT_BLKDEV  },
        [TAR_FIFO] = {LINUX_S_IFIFO, EXT2_FT_FIFO    },
};

static int entry_type(uint16_t mode)
{
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (types[i].type == (mode & LINUX_S_IFMT))
                        return types[i].entry;
        return EXT2_FT_UNKNOWN;
}

/* Both forms of the kernel's: old_encode_dev() where it can, else new_encode_dev(). */
static void set_device(struct ext2_inode *inode, unsigned major, unsigned minor)
{
        if (major < 256 && minor < 256)
                inode->i_block[0] = major << 8 | minor;
        else
                inode->i_block[1] = (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
}

static errcode_t make_inode(struct ext4_tree *tree, ext2_ino_t folder, const char *name,
                            const struct tar_entry *entry, ext2_ino_t *ret)
{
        const uint16_t mode = (uint16_t)(types[entry->kind].type | (entry->mode & 07777));
        struct ext2_inode inode = {.i_mode = mode, .i_links_count = 1};
        ext2_extent_handle_t extents;
        ext2_ino_t number;
        errcode_t code = ext2fs_new_inode(tree->system, folder, mode, NULL, &number);

        if (!code)
                code = link_in(tree, folder, name, number, types[entry->kind].entry);
        if (code)
                return code;
        ext2fs_inode_alloc_stats2(tree->system, number, +1, 0);
        if (entry->kind == TAR_FILE) {
                inode.i_flags |= EXT4_EXTENTS_FL;
                code = ext2fs_extent_open2(tree->system, number, &inode, &extents);
                if (code)
                        return code;
                ext2fs_extent_free(extents);
        } else if (entry->kind != TAR_FIFO) {
                set_device(&inode, entry->major, entry->minor);
        }
        *ret = number;
        return ext2fs_write_new_inode(tree->system, number, &inode);
}

static int add_hard_link(struct ext4_tree *tree, ext2_ino_t folder, const char *name,
                         const char *target)
{
        struct ext2_inode inode;
        ext2_ino_t number;
        errcode_t code = find(tree, target, &number);

        if (!code)
                code = ext2fs_read_inode(tree->system, number, &inode);
        if (!code && LINUX_S_ISDIR(inode.i_mode))
                return -EISDIR;
        if (!code)
                code = link_in(tree, folder, name, number, entry_type(inode.i_mode));
        if (!code) {
                inode.i_links_count++;
                code = ext2fs_write_inode(tree->system, number, &inode);
        }
        return meaning(code);
}

/* A new entry, without owner, times and attributes. */
static int make(struct ext4_tree *tree, ext2_ino_t folder, const char *name,
                const struct tar_entry *entry, ext2_ino_t *ret)
{
        errcode_t code;

        if (entry->kind != TAR_FOLDER && entry->kind != TAR_SYMLINK)
                return meaning(make_inode(tree, folder, name, entry, ret));
        code = entry->kind == TAR_FOLDER ? make_folder(tree, folder, name)
                                         : make_symlink(tree, folder, name, entry->target);
        if (!code)
                code = ext2fs_lookup(tree->system, folder, name, (int)strlen(name), NULL, ret);
        return meaning(code);
}

int ext4_tree_add(struct ext4_tree *tree, const struct tar_entry *entry, ext4_read_fn read,
                  void *context)
{
        ext2_ino_t folder = 0, number = 0;
        const char *name;
        errcode_t code;
        int rc = find_folder(tree, entry->path, &folder, &name);

        if (rc < 0)
                return rc;
        code = ext2fs_lookup(tree->system, folder, name, (int)strlen(name), NULL, &number);
        if (code && code != EXT2_ET_FILE_NOT_FOUND)
                return meaning(code);
        if (!code && (entry->kind != TAR_FOLDER || ext2fs_check_directory(tree->system, number)))
                return -EEXIST;
        if (entry->kind == TAR_HARD_LINK)
                return add_hard_link(tree, folder, name, entry->target);
        if (code)
                rc = make(tree, folder, name, entry, &number);
        if (rc == 0 && entry->kind == TAR_FILE && entry->size > 0)
                rc = write_content(tree, number, read, context);
        if (rc < 0)
                return rc;
        code = set_inode(tree, number, entry);
        return meaning(code ? code : set_attributes(tree, number, entry));
}
