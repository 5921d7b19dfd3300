/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A writer of newc archives, as small as the format: each member is a header of
 * 110 bytes in ASCII hex, its name with a NUL byte, and its bytes; name and bytes
 * are each padded to four. Times and inode numbers are fixed, so the archive
 * changes only when the site does.
 */
#include "controller/assets/site.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/doc/value.h"

#define BLOCK_SIZE 512 /* as cpio(1) pads */

struct archive {
        struct buffer bytes;
        unsigned inode;
};

static void pad(struct buffer *to, size_t multiple)
{
        static const char zeros[BLOCK_SIZE];

        if (to->size % multiple != 0)
                buffer_add(to, zeros, multiple - to->size % multiple);
}

static void add_member(struct archive *a, const char *name, unsigned mode, const char *bytes,
                       size_t size)
{
        const size_t name_size = strlen(name) + 1;

        /* magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor,
         * rdevminor, namesize, check */
        buffer_format(&a->bytes, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
                      a->inode++, mode, 0, 0, S_ISDIR(mode) ? 2 : 1, 0, size, 0, 0, 0, 0, name_size,
                      0);
        buffer_add(&a->bytes, name, name_size);
        pad(&a->bytes, 4);
        buffer_add(&a->bytes, bytes, size);
        pad(&a->bytes, 4);
}

static int make_json(const struct site_facts *facts, char **ret)
{
        _doc_ struct doc *site = doc_object();
        struct doc *list = doc_list();

        for (const char *const *url = facts->controllers; *url; url++)
                doc_append_text(list, *url);
        doc_set(site, "controllers", list);
        return doc_print(site, DOC_PRETTY, ret);
}

int site_make(const struct site_facts *facts, char **ret, size_t *ret_size)
{
        struct archive a = {.inode = 1};
        _free_ char *json = NULL;
        size_t size;
        int rc;

        rc = make_json(facts, &json);
        if (rc < 0)
                return rc;
        add_member(&a, "etc", S_IFDIR | 0755, NULL, 0);
        add_member(&a, "etc/cloudie", S_IFDIR | 0755, NULL, 0);
        add_member(&a, "etc/cloudie/site.json", S_IFREG | 0644, json, strlen(json));
        add_member(&a, "etc/cloudie/ca.pem", S_IFREG | 0644, facts->ca_pem, strlen(facts->ca_pem));
        add_member(&a, "etc/cloudie/signing.pub", S_IFREG | 0644, facts->signing_pub,
                   strlen(facts->signing_pub));
        a.inode = 0;
        add_member(&a, "TRAILER!!!", 0, NULL, 0);
        pad(&a.bytes, BLOCK_SIZE);

        size = a.bytes.size;
        rc = buffer_take(&a.bytes, ret);
        if (rc == 0)
                *ret_size = size;
        return rc;
}
