/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A document is kept as its operator wrote it, and as what was understood of it:
 * an install never reads it again, so that what was refused when it was written
 * cannot be met at night.
 */
#include "controller/logic/documents.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/logic/events.h"
#include "controller/logic/fields.h"
#include "controller/logic/gone.h"
#include "controller/logic/settings.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/trust/seal.h"
#include "lib/trust/secret.h"

const struct document_kind_row document_kinds[DOCUMENT_KIND_COUNT] = {
        [DOCUMENT_PROFILE] = {"profile", "/api/v1/profiles", false},
        [DOCUMENT_KEY] = {"key",     "/api/v1/keys",     false},
        [DOCUMENT_FILE] = {"file",    "/api/v1/files",    true },
        [DOCUMENT_SETTING] = {"setting", "/api/v1/settings", false},
        [DOCUMENT_RULE] = {"rule",    "/api/v1/rules",    false},
        [DOCUMENT_NETWORK] = {"network", "/api/v1/networks", false},
        [DOCUMENT_IMAGE] = {"image",   "/api/v1/images",   false},
};

struct document *document_free(struct document *document)
{
        if (!document)
                return NULL;
        if (document->content)
                secret_erase(document->content, strlen(document->content));
        free(document->content);
        free(document->profile);
        free(document->setting);
        rule_free(document->rule);
        free(document->network);
        free(document->image);
        free(document->text);
        doc_free(document->labels);
        doc_free(document->spec);
        free(document);
        return NULL;
}

struct document *document_find(const struct logic *logic, enum document_kind kind, const char *name)
{
        const size_t len = strlen(name);

        return len < NODE_NAME_SIZE ? map_find(logic->documents[kind], name, len) : NULL;
}

enum document_kind document_kind_find(const char *name)
{
        unsigned kind = 0;

        while (kind < DOCUMENT_KIND_COUNT && strcmp(document_kinds[kind].name, name) != 0)
                kind++;
        return (enum document_kind)kind;
}

/* What was understood, a function a kind. */

static int read_profile(const struct doc *object, char *error, struct document *to)
{
        to->profile = calloc(1, sizeof(*to->profile));
        return to->profile ? profile_decode(object, error, to->profile) : -ENOMEM;
}

static int read_key(const struct doc *object, char *error, struct document *to)
{
        struct seed_key key;
        int rc;

        rc = seed_key_decode(object, error, &key);
        if (rc < 0)
                return rc;
        to->content = strdup(key.line);
        return to->content ? 0 : -ENOMEM;
}

static int read_file(const struct doc *object, char *error, struct document *to)
{
        _free_ struct text_file *file = calloc(1, sizeof(*file));
        int rc;

        if (!file)
                return -ENOMEM;
        rc = text_file_decode(object, error, file);
        if (rc == 0)
                to->content = strdup(file->text);
        secret_erase(file, sizeof(*file));
        return rc == 0 && !to->content ? -ENOMEM : rc;
}

static int read_setting(const struct doc *object, char *error, struct document *to)
{
        to->setting = calloc(1, sizeof(*to->setting));
        return to->setting ? setting_decode(object, error, to->setting) : -ENOMEM;
}

static int read_rule(const struct doc *object, char *error, struct document *to)
{
        return rule_decode(object, node_field_bind, error, &to->rule);
}

static int read_network(const struct doc *object, char *error, struct document *to)
{
        to->network = calloc(1, sizeof(*to->network));
        return to->network ? network_document_decode(object, error, to->network) : -ENOMEM;
}

static int read_image(const struct doc *object, char *error, struct document *to)
{
        to->image = calloc(1, sizeof(*to->image));
        return to->image ? image_document_decode(object, error, to->image) : -ENOMEM;
}

static int (*const readers[DOCUMENT_KIND_COUNT])(const struct doc *object, char *error,
                                                 struct document *to) = {
        [DOCUMENT_PROFILE] = read_profile, [DOCUMENT_KEY] = read_key,
        [DOCUMENT_FILE] = read_file,       [DOCUMENT_SETTING] = read_setting,
        [DOCUMENT_RULE] = read_rule,       [DOCUMENT_NETWORK] = read_network,
        [DOCUMENT_IMAGE] = read_image,
};

/* Text and back */

static struct doc *copy_or_new(const struct doc *object)
{
        return doc_is_object(object) ? doc_copy(object) : doc_object();
}

static struct doc *encode(const struct document *document, bool is_shown)
{
        struct doc *object = doc_object(), *status;

        doc_set_text(object, "kind", document_kinds[document->kind].name);
        doc_set_text(object, "name", document->name);
        doc_set_number(object, "version", (int64_t)document->version);
        doc_set(object, "labels", doc_copy(document->labels));
        if (!is_shown || !document_kinds[document->kind].is_secret) {
                doc_set(object, "spec", doc_copy(document->spec));
                return object;
        }
        status = doc_object();
        doc_set_number(status, "size",
                       (int64_t)(document->content ? strlen(document->content) : 0));
        doc_set(object, "status", status);
        return object;
}

/* The text as it is shown, of this version. */
static int write_text(struct document *document)
{
        _doc_ struct doc *object = encode(document, true);
        int rc;

        rc = doc_print(object, DOC_COMPACT, &document->text);
        if (rc == 0)
                document->text_size = strlen(document->text);
        return rc;
}

/* Operations show it. What nobody may read nobody may guess by it, either: it is then that of a
 * signature, which nobody else can make, and which is the same each time (RFC 8032 5.1.6). */
static int hash_stored(const struct logic *logic, const struct document *document, const char *text,
                       struct sha256 *ret)
{
        uint8_t signature[ED25519_SIGNATURE_SIZE];
        int rc;

        if (!document_kinds[document->kind].is_secret)
                return sha256_of(text, strlen(text), ret);
        if (!logic->vault)
                return -EKEYREJECTED;
        rc = signing_key_sign(logic->vault, text, strlen(text), signature);
        if (rc == 0)
                rc = sha256_of(signature, sizeof(signature), ret);
        secret_erase(signature, sizeof(signature));
        return rc;
}

/* The text as it is stored, and its hash. */
static int write_stored(const struct logic *logic, struct document *document, char **ret)
{
        _doc_ struct doc *object = encode(document, false);
        struct sha256 hash;
        int rc;

        rc = doc_print(object, DOC_COMPACT, ret);
        if (rc == 0)
                rc = hash_stored(logic, document, *ret, &hash);
        if (rc == 0)
                (void)sha256_text(document->hash, &hash);
        return rc;
}

/* In the store what a secret document says stands in `sealed`, for our own key alone: a copy of the
 * database is of no use without the file that the key is in. */

static const char *vault_info(char to[static SEAL_INFO_MAX], const char *kind, const char *name)
{
        snprintf(to, SEAL_INFO_MAX, "cloudie-document-v1:%s:%s", kind, name);
        return to;
}

/* @text: of write_stored(); erased where it is replaced. */
static int seal_stored(const struct logic *logic, const struct document *document, char **text)
{
        const char *kind = document_kinds[document->kind].name;
        _doc_ struct doc *object = encode(document, true);
        _free_ char *spec = NULL, *base64 = NULL, *stored = NULL;
        _free_ uint8_t *sealed = NULL;
        char info[SEAL_INFO_MAX];
        struct public_key key;
        size_t size;
        int rc;

        if (!document_kinds[document->kind].is_secret)
                return 0;
        if (!logic->vault)
                return -EKEYREJECTED;
        signing_key_public(logic->vault, &key);
        rc = doc_print(document->spec, DOC_COMPACT, &spec);
        if (rc < 0)
                return rc;
        rc = seal(&key, vault_info(info, kind, document->name), spec, strlen(spec), &sealed, &size);
        secret_erase(spec, strlen(spec));
        if (rc == 0)
                rc = base64_encode(sealed, size, &base64);
        if (rc == 0)
                rc = doc_set_text(object, "sealed", base64);
        if (rc == 0)
                rc = doc_print(object, DOC_COMPACT, &stored);
        if (rc < 0)
                return rc;
        secret_erase(*text, strlen(*text));
        free(*text);
        *text = TAKE_PTR(stored);
        return 0;
}

/* The text of a row as it was before it was sealed. @ret: the caller's, to be erased. */
static int open_stored(const struct logic *logic, const struct store_document *row, char **ret)
{
        _doc_ struct doc *object = NULL, *spec = NULL;
        _free_ uint8_t *sealed = NULL, *plain = NULL;
        char info[SEAL_INFO_MAX];
        const char *text;
        size_t size = 0, plain_size = 0;
        int rc;

        rc = doc_parse(row->body, strlen(row->body), &doc_limits_message, NULL, &object);
        text = doc_get_text(object, "sealed");
        if (rc < 0 || !text) {
                *ret = strdup(row->body);
                return *ret ? 0 : -ENOMEM;
        }
        rc = base64_decode(text, strlen(text), &sealed, &size);
        if (rc == 0)
                rc = logic->vault ? seal_open(logic->vault, vault_info(info, row->kind, row->name),
                                              sealed, size, &plain, &plain_size)
                                  : -EKEYREJECTED;
        if (rc < 0)
                return rc;
        rc = doc_parse((const char *)plain, plain_size, &doc_limits_message, NULL, &spec);
        secret_erase(plain, plain_size);
        if (rc < 0)
                return rc;
        doc_remove(object, "sealed");
        doc_remove(object, "status");
        doc_set(object, "spec", TAKE_PTR(spec));
        return doc_print(object, DOC_COMPACT, ret);
}

static int refuse(enum document_kind kind, char *error, const char *name, const char *why)
{
        char safe[NODE_NAME_SIZE];

        snprintf(error, DOC_ERROR_SIZE, "%s '%s': %s", document_kinds[kind].name,
                 text_escape(safe, sizeof(safe), name), why);
        return -EBADMSG;
}

static int parse(enum document_kind kind, const char *name, struct doc *object, char *error)
{
        const char *said;

        if (!doc_is_object(object))
                return refuse(kind, error, name, "it must be an object");
        if (!doc_get(object, "name"))
                doc_set_text(object, "name", name);
        said = doc_get_text(object, "name");
        if (!said || strcmp(said, name) != 0)
                return refuse(kind, error, name, "'name' must be the one in the path, or left out");
        return 0;
}

int document_read(enum document_kind kind, const char *name, const char *text, size_t size,
                  char *error, struct document **ret)
{
        CLEANUP(document_free) struct document *document = calloc(1, sizeof(*document));
        _doc_ struct doc *object = NULL;
        int rc;

        if (!document)
                return -ENOMEM;
        document->kind = kind;
        rc = doc_parse(text, size, &doc_limits_message, error, &object);
        if (rc == 0)
                rc = parse(kind, name, object, error);
        if (rc == 0)
                rc = readers[kind](object, error, document);
        if (rc == 0 && text_copy(document->name, sizeof(document->name), name) < 0)
                rc = -EBADMSG;
        if (rc < 0)
                return rc;
        document->labels = copy_or_new(doc_get(object, "labels"));
        document->spec = copy_or_new(doc_get(object, "spec"));
        if (!document->labels || !document->spec)
                return -ENOMEM;
        *ret = TAKE_PTR(document);
        return 0;
}

/* In place of an older one. @take is then the logic's. */
static int keep(struct logic *logic, struct document *take)
{
        struct document *old = document_find(logic, take->kind, take->name);
        int rc;

        rc = map_set(logic->documents[take->kind], take->name, strlen(take->name), take);
        if (rc == 0)
                document_free(old);
        if (rc == 0 && take->kind == DOCUMENT_SETTING)
                settings_apply(logic);
        return rc;
}

static bool says_the_same(const struct document *a, const struct document *b)
{
        _free_ char *labels_a = NULL, *labels_b = NULL;

        return strcmp(a->content, b->content) == 0 &&
               doc_print(a->labels, DOC_COMPACT, &labels_a) == 0 &&
               doc_print(b->labels, DOC_COMPACT, &labels_b) == 0 && strcmp(labels_a, labels_b) == 0;
}

static void tell(struct logic *logic, const struct document *document, const char *by,
                 uint64_t now_ms, struct store_change *change, bool is_deleted)
{
        const char *kind = document_kinds[document->kind].name;
        struct node_event event = {.at_ms = now_ms, .step = STEP_DOCUMENT};
        const unsigned long long version = document->version;
        char line[32];

        snprintf(line, sizeof(line), "%s.%s", kind, is_deleted ? "deleted" : "put");
        log_info(line, "%s=%s version=%llu by=%s", kind, document->name, version, QUOTE(by));
        if (is_deleted)
                snprintf(event.text, sizeof(event.text), "%s deleted %s '%s'", by, kind,
                         document->name);
        else
                snprintf(event.text, sizeof(event.text), "%s wrote %s '%s', version %llu", by, kind,
                         document->name, version);
        event_add(logic, NULL, &event, change);
}

static uint64_t next_version(const struct logic *logic, const struct document *fresh)
{
        const struct document *old = document_find(logic, fresh->kind, fresh->name);

        return 1 + (old ? old->version
                        : gone_version(logic, document_kinds[fresh->kind].name, fresh->name));
}

int document_preview(const struct logic *logic, struct document *fresh)
{
        if (!document_find(logic, fresh->kind, fresh->name) &&
            map_count(logic->documents[fresh->kind]) >= DOCUMENTS_MAX)
                return -ENOSPC;
        if (document_kinds[fresh->kind].is_secret && !logic->vault)
                return -EKEYREJECTED;
        fresh->version = next_version(logic, fresh);
        return write_text(fresh);
}

int document_put(struct logic *logic, struct document *take, const char *by, uint64_t now_ms,
                 struct store_change *change, struct document **ret)
{
        CLEANUP(document_free) struct document *document = take;
        struct document *old = document_find(logic, take->kind, take->name);
        const struct document_kind_row *kind = &document_kinds[take->kind];
        struct store_document row = {.kind = kind->name, .at_ms = now_ms};
        _free_ char *stored = NULL;
        int rc;

        if (old && kind->is_secret && says_the_same(old, document)) {
                *ret = old;
                return 0;
        }
        document->version = next_version(logic, document);
        rc = write_text(document);
        if (rc == 0)
                rc = write_stored(logic, document, &stored);
        if (rc == 0)
                rc = seal_stored(logic, document, &stored);
        if (rc == 0)
                rc = keep(logic, document);
        if (rc == 0) {
                row.name = document->name;
                row.version = document->version;
                row.body = stored;
                store_put_document(change, &row);
                (void)gone_take(logic, kind->name, document->name);
                tell(logic, document, by, now_ms, change, false);
                *ret = TAKE_PTR(document);
        }
        if (stored)
                secret_erase(stored, strlen(stored));
        return rc;
}

void document_delete(struct logic *logic, struct document *document, const char *by,
                     uint64_t now_ms, struct store_change *change)
{
        const struct document_kind_row *kind = &document_kinds[document->kind];
        const struct store_document row = {
                .kind = kind->name,
                .name = document->name,
                .version = document->version + 1,
                .at_ms = now_ms,
        };

        store_delete_document(change, &row);
        gone_note(logic, kind->name, document->name, row.version);
        tell(logic, document, by, now_ms, change, true);
        map_remove(logic->documents[document->kind], document->name, strlen(document->name));
        if (document->kind == DOCUMENT_SETTING)
                settings_apply(logic);
        document_free(document);
}

int document_restore(struct logic *logic, const struct store_document *row)
{
        CLEANUP(document_free) struct document *document = NULL;
        const enum document_kind kind = document_kind_find(row->kind);
        _free_ char *stored = NULL, *text = NULL;
        char error[DOC_ERROR_SIZE] = "it cannot be opened with the key in tls/documents.key",
             event[32];
        int rc;

        if (kind >= DOCUMENT_KIND_COUNT || !row->body)
                return -EINVAL;
        rc = open_stored(logic, row, &text);
        if (rc == 0) {
                rc = document_read(kind, row->name, text, strlen(text), error, &document);
                secret_erase(text, strlen(text));
        }
        if (rc == -ENOMEM)
                return rc;
        if (rc < 0 || !document) {
                /* No reason to serve nobody: written anew, it is there again. */
                snprintf(event, sizeof(event), "%s.unreadable", row->kind);
                log_warning(event, "%s=%s reason=%s", row->kind, QUOTE(row->name), QUOTE(error));
                return 0;
        }
        document->version = row->version;
        rc = write_text(document);
        if (rc == 0)
                rc = write_stored(logic, document, &stored);
        if (rc == 0)
                rc = keep(logic, document);
        if (rc == 0)
                (void)TAKE_PTR(document);
        if (stored)
                secret_erase(stored, strlen(stored));
        return rc;
}

int documents_init(struct logic *logic)
{
        for (unsigned kind = 0; kind < DOCUMENT_KIND_COUNT; kind++) {
                logic->documents[kind] = map_new(DOCUMENTS_MAX);
                if (!logic->documents[kind])
                        return -ENOMEM;
        }
        return 0;
}

void documents_done(struct logic *logic)
{
        for (unsigned kind = 0; kind < DOCUMENT_KIND_COUNT; kind++) {
                size_t at = 0;
                void *value;

                while (logic->documents[kind] && map_next(logic->documents[kind], &at, &value))
                        document_free(value);
                map_free(logic->documents[kind]);
        }
}
