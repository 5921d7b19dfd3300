/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Images. What is only looked at is answered on the server's thread; whatever
 * waits for the disk is done by a reader's thread. The logic thread is asked for
 * one thing alone: whether an operation that runs needs an image that is to go,
 * or to be another one; from then on none begins with it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/api/call.h"
#include "controller/api/document_text.h"
#include "controller/logic/documents.h"
#include "controller/logic/operations.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/doc/diff.h"

#define SECTOR_SIZE 512 /* unless the import says another one */

static void refuse_unknown(struct call *call)
{
        char detail[NODE_NAME_SIZE + 32];

        snprintf(detail, sizeof(detail), "There is no image '%s'.", call->match.name);
        call_refuse(call, PROBLEM_IMAGE_UNKNOWN, detail);
}

struct doc *image_status(struct api *api, const char *name)
{
        struct doc *image = NULL, *status;
        const int rc = api->images ? images_show(api->images, name, &image) : -ENOENT;

        if (rc != -ENOENT)
                return image;
        image = doc_object();
        status = doc_object();
        doc_set_text(status, "broken",
                     "its bytes are not here: 'cloudie image import' brings them");
        doc_set(image, "status", status);
        return image;
}

/* Documents of images */

/* A new version of what is said of it, with what its manifest says in place of what was said of
 * that before. Nothing where that is the same. 0, or as document_put(). */
static int note_image(struct api *api, const struct doc *shown, const char *by,
                      struct store_change *change)
{
        static const char *const told[] = {"os", "architecture"};
        const char *name = doc_get_text(shown, "name");
        const struct document *old = document_find(api->logic, DOCUMENT_IMAGE, name);
        _doc_ struct doc *object = doc_object();
        struct doc *spec = old ? doc_copy(old->spec) : doc_object();
        struct document *fresh = NULL, *ignored = NULL;
        char error[DOC_ERROR_SIZE] = "";
        _free_ char *text = NULL;
        int rc;

        for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
                const char *said = doc_get_text(doc_get(shown, "spec"), told[i]);

                if (said && said[0])
                        (void)doc_set_text(spec, told[i], said);
        }
        if (old && doc_is_same(spec, old->spec)) {
                (void)doc_free(spec);
                return 0;
        }
        (void)doc_set_text(object, "kind", "image");
        (void)doc_set(object, "labels", old ? doc_copy(old->labels) : doc_object());
        (void)doc_set(object, "spec", spec);
        rc = doc_print(object, DOC_COMPACT, &text);
        if (rc == 0)
                rc = document_read(DOCUMENT_IMAGE, name, text, strlen(text), error, &fresh);
        if (rc == 0)
                rc = document_put(api->logic, fresh, by, clock_wall_ms(), change, &ignored);
        if (rc < 0)
                log_warning("image.unsaid", "name=%s reason=%s", QUOTE(name),
                            QUOTE(error[0] ? error : strerror(-rc)));
        return rc;
}

void images_note(struct api *api)
{
        const uint64_t changes = api->images ? images_changes(api->images) : 0;
        CLEANUP(store_change_free) struct store_change *change = NULL;
        _doc_ struct doc *list = NULL;
        const struct doc *items;
        int rc = 0;

        if (changes == api->images_noted)
                return;
        list = images_list(api->images);
        change = store_change_new();
        if (!list || !change)
                return; /* the next tick comes */
        api->images_noted = changes;
        items = doc_get(list, "items");
        for (size_t i = 0; i < doc_count(items); i++)
                if (!document_find(api->logic, DOCUMENT_IMAGE,
                                   doc_get_text(doc_at(items, i), "name")))
                        (void)note_image(api, doc_at(items, i), "cloudied", change);
        if (store_change_count(change) > 0)
                rc = store_submit(api->store, TAKE_PTR(change), NULL, NULL);
        if (rc < 0)
                api_break(api, rc);
}

/* As call_read(), of what was withdrawn or held for it. */
static void read_or_release(struct call *call, store_read_fn fn)
{
        if (store_read(call->api->store, fn, call) == 0)
                return;
        images_release(call->api->images, call->match.name);
        call_refuse(call, PROBLEM_BUSY, "More requests wait to read than may.");
}

/* Deleting */

/* Logic thread: nothing is left to be said of it. */
static void remove_document(void *context)
{
        struct call *call = context;
        struct document *document =
                document_find(call->api->logic, DOCUMENT_IMAGE, call->match.name);
        struct store_change *change = document ? store_change_new() : NULL;

        reply_empty(call, 204);
        if (!change) {
                call_send(call);
                return;
        }
        document_delete(call->api->logic, document, call->who.user, clock_wall_ms(), change);
        call_commit(call, change);
}

static void remove_image(struct store_reader *reader, void *context)
{
        struct call *call = context;
        const int rc = images_remove(call->api->images, call->match.name);

        (void)reader;
        if (rc < 0) {
                log_error("image.failed", "name=%s reason=%s", QUOTE(call->match.name),
                          QUOTE(strerror(-rc)));
                call_refuse(call, PROBLEM_STORE, "The image's files could not be removed.");
                return;
        }
        log_info("image.deleted", "name=%s user=%s", QUOTE(call->match.name),
                 QUOTE(call->who.user));
        call_post(call, remove_document);
}

static void remove_import(struct store_reader *reader, void *context)
{
        struct call *call = context;

        (void)reader;
        (void)images_remove(call->api->images, call->match.name);
        reply_empty(call, 204);
        call_send(call);
}

/* Neither an operation nor a profile needs it, and If-Match allows it. False: it has answered. */
static bool may_delete(struct call *call, const struct document *document)
{
        char why[SEED_WHY_SIZE];

        if (document && !call_may_change(call, document->version))
                return false;
        if (operation_uses_image(call->api->logic, call->match.name)) {
                call_refuse(call, PROBLEM_IMAGE_IN_USE, NULL);
                return false;
        }
        if (!image_is_named(call->api->logic, call->match.name, why))
                return true;
        call_refuse(call, PROBLEM_IMAGE_IN_USE, why);
        return false;
}

void handle_image_delete(struct call *call)
{
        struct api *api = call->api;
        const struct document *document =
                document_find(api->logic, DOCUMENT_IMAGE, call->match.name);
        _doc_ struct doc *image = NULL;
        const bool is_there = images_show(api->images, call->match.name, &image) != -ENOENT;
        int rc;

        /* Of an import that is on its way nothing else is touched. */
        if (is_there && !may_delete(call, document))
                return;
        rc = images_withdraw(api->images, call->match.name);
        if (rc == -ENOENT && document) {
                if (may_delete(call, document))
                        remove_document(call);
        } else if (rc == -ENOENT) {
                refuse_unknown(call);
        } else if (rc < 0) {
                call_refuse(call, PROBLEM_BUSY, "The image is being imported or deleted.");
        } else {
                read_or_release(call, is_there ? remove_image : remove_import);
        }
}

/* Importing */

/* What was thought of each error, and the problem that it is. @error may be "". */
static void refuse_import(struct call *call, int rc, const char *error)
{
        static const struct {
                int rc;
                enum problem problem;
        } rows[] = {
                {-EINVAL,  PROBLEM_QUERY          },
                {-ENOENT,  PROBLEM_IMPORT_UNKNOWN },
                {-ESTALE,  PROBLEM_IMPORT_REPLACED},
                {-EBUSY,   PROBLEM_BUSY           },
                {-EUSERS,  PROBLEM_FULL           },
                {-EBADMSG, PROBLEM_FRAME_WRONG    },
                {-ENOSPC,  PROBLEM_DISK_FULL      },
                {-ENOMEM,  PROBLEM_NO_MEMORY      },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].rc == rc) {
                        call_refuse(call, rows[i].problem, error[0] ? error : NULL);
                        return;
                }
        log_error("image.failed", "name=%s reason=%s", QUOTE(call->match.name),
                  QUOTE(error[0] ? error : strerror(-rc)));
        call_refuse(call, PROBLEM_STORE, "The image could not be written.");
}

static void refuse_order(struct call *call, uint64_t next)
{
        char detail[64];

        snprintf(detail, sizeof(detail), "Frame %llu comes next.", (unsigned long long)next);
        call_refuse(call, PROBLEM_FRAME_ORDER, detail);
}

/* 0; -EINVAL: not given, or no number. @otherwise 0: it must be given. */
static int query_number(struct call *call, const char *name, uint64_t otherwise, uint64_t *ret)
{
        const char *text = serve_query(call->request, name);

        if (text)
                return text_parse_u64(text, INT64_MAX, ret);
        if (otherwise == 0)
                return -EINVAL;
        *ret = otherwise;
        return 0;
}

static const char *query_text(struct call *call, const char *name)
{
        const char *text = serve_query(call->request, name);

        return text ? text : "";
}

static void reply_next(struct call *call, uint64_t next, uint64_t frames)
{
        struct doc *answer = doc_object();

        doc_set_number(answer, "next", (int64_t)next);
        if (frames > 0)
                doc_set_number(answer, "frames", (int64_t)frames);
        reply_doc(call, 200, answer);
        call_send(call);
}

static void begin_import(struct store_reader *reader, void *context)
{
        struct call *call = context;
        char error[IMAGES_ERROR_SIZE] = "";
        uint64_t size = 0, sector_size = 0, next = 0, frames = 0;
        struct images_wanted wanted = {.name = call->match.name,
                                       .source = query_text(call, "source"),
                                       .os = query_text(call, "os"),
                                       .architecture = query_text(call, "architecture")};
        int rc;

        (void)reader;
        if (query_number(call, "size", 0, &size) < 0 ||
            query_number(call, "sector_size", SECTOR_SIZE, &sector_size) < 0 ||
            sector_size > UINT32_MAX) {
                call_refuse(call, PROBLEM_QUERY,
                            "size: the bytes of the disk image; sector_size: 512 or 4096");
                return;
        }
        wanted.size = size;
        wanted.sector_size = (uint32_t)sector_size;
        rc = images_begin(call->api->images, &wanted, clock_monotonic_ms(), error, &next, &frames);
        if (rc < 0) {
                refuse_import(call, rc, error);
                return;
        }
        log_info("image.import", "name=%s user=%s size=%llu next=%llu", wanted.name,
                 QUOTE(call->who.user), (unsigned long long)size, (unsigned long long)next);
        reply_next(call, next, frames);
}

void handle_image_begin(struct call *call)
{
        call_read(call, begin_import);
}

static void add_frame(struct store_reader *reader, void *context)
{
        struct call *call = context;
        char error[IMAGES_ERROR_SIZE] = "";
        struct images_piece piece = {.name = call->match.name,
                                     .source = query_text(call, "source")};
        uint64_t next = 0;
        const void *body;
        size_t size;
        int rc;

        (void)reader;
        if (query_number(call, "number", 0, &piece.number) < 0) {
                call_refuse(call, PROBLEM_QUERY, "number: which frame it is, from 0 on");
                return;
        }
        body = serve_body(call->request, &size);
        piece.stored = reader_over(body, size);
        rc = images_frame(call->api->images, &piece, clock_monotonic_ms(), error, &next);
        if (rc == -ERANGE)
                refuse_order(call, next);
        else if (rc < 0)
                refuse_import(call, rc, error);
        else
                reply_next(call, next, 0);
}

void handle_image_frame(struct call *call)
{
        call_read(call, add_frame);
}

/* Logic thread: what the manifest says is said of it. */
static void say_imported(void *context)
{
        struct call *call = context;
        struct api *api = call->api;
        CLEANUP(store_change_free) struct store_change *change = store_change_new();
        const struct document *document;
        _doc_ struct doc *image = NULL;

        if (change && images_show(api->images, call->match.name, &image) == 0)
                (void)note_image(api, image, call->who.user, change);
        document = document_find(api->logic, DOCUMENT_IMAGE, call->match.name);
        if (!document) {
                call_refuse(call, PROBLEM_NO_MEMORY, NULL);
                return;
        }
        reply_document(call, document);
        if (store_change_count(change) > 0)
                call_commit(call, TAKE_PTR(change));
        else
                call_send(call);
}

static void finish_import(struct store_reader *reader, void *context)
{
        struct call *call = context;
        char error[IMAGES_ERROR_SIZE] = "";
        uint64_t next = 0;
        int rc;

        (void)reader;
        rc = images_finish(call->api->images, call->match.name, query_text(call, "source"),
                           clock_wall_ms(), error, &next);
        if (rc == -ERANGE) {
                refuse_order(call, next);
                return;
        }
        if (rc < 0) {
                refuse_import(call, rc, error);
                return;
        }
        log_info("image.imported", "name=%s user=%s", call->match.name, QUOTE(call->who.user));
        call_post(call, say_imported);
}

void handle_image_finish(struct call *call)
{
        if (operation_uses_image(call->api->logic, call->match.name))
                call_refuse(call, PROBLEM_IMAGE_IN_USE, NULL);
        else if (images_hold(call->api->images, call->match.name) < 0)
                call_refuse(call, PROBLEM_BUSY, "The image is being imported or deleted.");
        else
                read_or_release(call, finish_import);
}

/* Verifying */

static void verified(void *context, bool is_ok, const char *detail)
{
        struct call *call = context;
        struct doc *answer;

        if (!is_ok && atomic_load(&call->api->is_stopping)) {
                call_refuse(call, PROBLEM_STOPPING, NULL);
                return;
        }
        answer = doc_object();
        doc_set_bool(answer, "ok", is_ok);
        doc_set_text(answer, "detail", detail);
        reply_doc(call, 200, answer);
        call_send(call);
}

void handle_image_verify(struct call *call)
{
        const int rc = images_verify(call->api->images, call->match.name, verified, call);

        if (rc == 0)
                return;
        if (rc == -ENOENT)
                refuse_unknown(call);
        else if (rc == -EBADMSG)
                call_refuse(call, PROBLEM_IMAGE_BROKEN, NULL);
        else if (rc == -EBUSY)
                call_refuse(call, PROBLEM_BUSY, "Another image is being verified.");
        else if (rc == -ECANCELED)
                call_refuse(call, PROBLEM_STOPPING, NULL);
        else
                call_refuse(call, PROBLEM_STORE, "The image's file could not be opened.");
}

/* For edges */

void handle_edge_image(struct call *call)
{
        const char *type = text_has_suffix(call->match.name, ".json") ? "application/json"
                                                                      : "application/octet-stream";
        char etag[IMAGES_ETAG_SIZE];
        int fd, rc;

        rc = images_file(call->api->images, call->match.name, &fd, etag);
        if (rc < 0) {
                if (rc != -ENOENT)
                        log_error("image.failed", "name=%s reason=%s", QUOTE(call->match.name),
                                  QUOTE(strerror(-rc)));
                call_refuse(call, rc == -ENOENT ? PROBLEM_IMAGE_UNKNOWN : PROBLEM_IMAGE_BROKEN,
                            NULL);
                return;
        }
        serve_answer_file(call->request, fd, type, etag, NULL, NULL);
        call_end(call);
}

/* Uploads that were forgotten */

static void expire(struct store_reader *reader, void *context)
{
        struct api *api = context;

        (void)reader;
        images_expire(api->images, clock_monotonic_ms());
}

void images_tick(struct api *api, uint64_t now_monotonic_ms)
{
        /* A full queue: the next tick comes. */
        if (images_has_idle(api->images, now_monotonic_ms))
                (void)store_read(api->store, expire, api);
}
