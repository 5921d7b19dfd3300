/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/items.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/documents.h"
#include "lib/base/buffer.h"
#include "lib/base/file.h"
#include "lib/base/map.h"
#include "lib/base/text.h"
#include "lib/doc/diff.h"

#define ITEMS_PATH_SHOWN 512    /* of a file's name, which somebody else may have given it */
#define ITEMS_MAX        200000 /* documents of one run: a large site, twice */
#define ITEMS_KEY_SIZE   128    /* "profile/NAME" */

struct items *items_new(size_t limit)
{
        struct items *items = calloc(1, sizeof(*items));

        if (!items)
                return NULL;
        items->limit = limit;
        items->names = map_new(ITEMS_MAX);
        return items->names ? items : items_free(items);
}

struct items *items_free(struct items *items)
{
        if (!items)
                return NULL;
        for (size_t i = 0; i < items->count; i++) {
                doc_free(items->at[i]->document);
                doc_free(items->at[i]->now);
                free(items->at[i]);
        }
        free(items->at);
        map_free(items->names);
        free(items);
        return NULL;
}

/* Names of documents are short; a longer one finds nothing, and is refused where it is checked. */
static size_t key_of(char key[static ITEMS_KEY_SIZE], const char *kind, const char *name)
{
        const int size = snprintf(key, ITEMS_KEY_SIZE, "%s/%s", kind, name);

        return size < ITEMS_KEY_SIZE ? (size_t)size : ITEMS_KEY_SIZE - 1;
}

struct item *items_find(const struct items *items, const char *kind, const char *name)
{
        char key[ITEMS_KEY_SIZE];
        const size_t size = key_of(key, kind, name);

        return map_find(items->names, key, size);
}

static int make_space(struct items *items)
{
        const size_t space = items->space > 0 ? 2 * items->space : 64;
        struct item **at;

        if (items->count < items->space)
                return 0;
        at = reallocarray(items->at, space, sizeof(struct item *));
        if (!at)
                return -ENOMEM;
        items->at = at;
        items->space = space;
        return 0;
}

static int add(struct items *items, const struct kind *kind, struct doc *document, char *error)
{
        const char *name = doc_get_text(document, "name");
        char key[ITEMS_KEY_SIZE], safe[ITEMS_KEY_SIZE];
        struct item *item;
        size_t size;

        if (!name) {
                snprintf(error, DOC_ERROR_SIZE, "%s: 'name' is missing", kind->name);
                return -EBADMSG;
        }
        size = key_of(key, kind->name, name);
        if (map_find(items->names, key, size)) {
                snprintf(error, DOC_ERROR_SIZE, "%s '%s' is said twice", kind->name,
                         text_escape(safe, sizeof(safe), name));
                return -EEXIST;
        }
        if (items->count == ITEMS_MAX) {
                snprintf(error, DOC_ERROR_SIZE, "more than %d documents", ITEMS_MAX);
                return -E2BIG;
        }
        if (make_space(items) < 0)
                return -ENOMEM;
        item = calloc(1, sizeof(*item));
        if (!item || map_set(items->names, key, size, item) < 0) {
                free(item);
                return -ENOMEM;
        }
        *item = (struct item){.kind = kind, .document = document};
        items->at[items->count++] = item;
        return 0;
}

static int take_part(struct items *items, const struct document_part *part, char *error)
{
        _doc_ struct doc *document = NULL;
        const struct kind *kind;
        int rc;

        rc = document_parse(part, error, &document);
        if (rc < 0)
                return rc;
        kind = kind_find(doc_get_text(document, "kind"), error);
        if (!kind || kind->check(document, error) < 0)
                return -EBADMSG;
        rc = add(items, kind, document, error);
        if (rc == 0)
                (void)TAKE_PTR(document);
        return rc;
}

static int read_stdin(size_t limit, char **ret, size_t *ret_size)
{
        _buffer_ struct buffer bytes = {.limit = limit};
        char some[4096];
        size_t size;

        while ((size = fread(some, 1, sizeof(some), stdin)) > 0)
                buffer_add(&bytes, some, size);
        if (ferror(stdin))
                return -EIO;
        *ret_size = bytes.size;
        return buffer_take(&bytes, ret);
}

static int read_text(const char *path, size_t limit, char **ret, size_t *ret_size)
{
        const bool is_stdin = text_is_equal(path, "-");
        const int rc = is_stdin ? read_stdin(limit, ret, ret_size)
                                : file_read(AT_FDCWD, path, limit, ret, ret_size);
        char safe[ITEMS_PATH_SHOWN];

        if (rc < 0)
                fprintf(stderr, "cloudie: %s cannot be read: %s\n",
                        is_stdin ? "stdin" : text_escape(safe, sizeof(safe), path), strerror(-rc));
        return rc;
}

static int read_file(struct items *items, const char *path)
{
        char error[DOC_ERROR_SIZE] = "", safe[2 * DOC_ERROR_SIZE], file[ITEMS_PATH_SHOWN];
        const size_t before = items->count;
        struct document_part part = {0};
        _free_ char *text = NULL;
        size_t size, at = 0;

        if (read_text(path, items->limit, &text, &size) < 0)
                return EXIT_FAILURE;
        text_escape(file, sizeof(file), path);
        while (document_next(text, size, &at, &part) > 0) {
                if (take_part(items, &part, error) == 0)
                        continue;
                fprintf(stderr, "cloudie: %s, the document from line %zu on: %s\n", file, part.line,
                        text_escape(safe, sizeof(safe), error[0] ? error : "no memory"));
                return EXIT_FAILURE;
        }
        if (items->count > before)
                return 0;
        fprintf(stderr, "cloudie: %s has no document\n", file);
        return EXIT_FAILURE;
}

static int is_document_file(const struct dirent *entry)
{
        return entry->d_name[0] != '.' &&
               (text_has_suffix(entry->d_name, ".yaml") || text_has_suffix(entry->d_name, ".yml") ||
                text_has_suffix(entry->d_name, ".json"));
}

static int read_folder(struct items *items, const char *path)
{
        struct dirent **entries = NULL;
        char safe[ITEMS_PATH_SHOWN];
        const int count = scandir(path, &entries, is_document_file, alphasort);
        int rc = 0;

        text_escape(safe, sizeof(safe), path);
        if (count < 0)
                fprintf(stderr, "cloudie: %s cannot be read: %s\n", safe, strerror(errno));
        else if (count == 0)
                fprintf(stderr, "cloudie: %s has no file *.yaml, *.yml or *.json\n", safe);
        for (int i = 0; i < count; i++) {
                _buffer_ struct buffer file = {0};

                buffer_format(&file, "%s/%s", path, entries[i]->d_name);
                if (rc == 0)
                        rc = file.rc < 0 ? EXIT_FAILURE : read_file(items, file.bytes);
                free(entries[i]);
        }
        free(entries);
        return count > 0 ? rc : EXIT_FAILURE;
}

int items_read(struct items *items, const char *path)
{
        struct stat st;

        if (!text_is_equal(path, "-") && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
                return read_folder(items, path);
        return read_file(items, path);
}

bool item_says_the_same(const struct doc *a, const struct doc *b)
{
        static const char *const names[] = {"labels", "spec"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const struct doc *is = doc_get(a, names[i]), *was = doc_get(b, names[i]);

                if (doc_count(is) + doc_count(was) > 0 && !doc_is_same(is, was))
                        return false;
        }
        return true;
}
