/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A disk image goes to the controller frame by frame, read and compressed by a
 * child that can do nothing else (cli/import_reader.h). A cut
 * connection is mended where the controller says that the next frame is. All the
 * while the table that must come out is hashed: so an import that was begun with
 * another file of the same size, or damaged on its way, is found out, whatever
 * the controller signed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/each.h"
#include "cli/import.h"
#include "cli/import_reader.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"

#define IMAGES        "/api/v1/images"
#define IMPORT_LEVEL  9   /* of zstd: read a hundred times for once that it is written */
#define IMPORT_TRIES  60  /* one after the other, without a frame that got through */
#define IMPORT_PAUSE  2   /* s between them */
#define IMPORT_PATH   640 /* with name and description */
#define IMPORT_OS_MAX 127 /* bytes, as a manifest holds them */
/* The controller syncs all of it. */
#define FINISH_PATIENCE_MS (30U * 60 * 1000)

enum outcome {
        SENT,
        FAILED, /* a sentence was said */
        AGAIN,  /* the controller wants another frame: begin anew at import->next */
};

struct import {
        const struct command_context *context;
        const char *file;
        char name[IMAGE_NAME_SIZE];
        char source[SHA256_TEXT_SIZE]; /* which file it is: what another one began is not gone on */
        int fd;
        struct stat stat;
        uint64_t size, frames;
        uint32_t sector_size;
        struct import_reader *reader;
        struct import_look look;
        uint8_t *stored;
        struct sha256_stream *table;
        uint64_t offset;          /* of the frame in the stored image */
        uint64_t next;            /* frame that the controller wants */
        uint64_t sent;            /* bytes */
        bool has_begun, resumed;  /* in this run; what was there before it */
        struct image_frame frame; /* in hand */
};

/* A file may have been named by somebody else. */
static void say(const struct import *i, const char *sentence)
{
        char safe[IMPORT_PATH];

        fprintf(stderr, "cloudie: %s: %s\n", text_escape(safe, sizeof(safe), i->file), sentence);
}

/* One line that is written over, by what may follow, too. For people alone. */
static void show_progress(const struct import *i, uint64_t done)
{
        char line[160];

        if (!isatty(STDERR_FILENO))
                return;
        import_progress(line, sizeof(line), i->name, done, i->frames, i->sent);
        fprintf(stderr, "%s\x1b[K%s", line, done == i->frames ? "\n" : "\r");
}

static bool may_come_again(const struct call_answer *answer)
{
        return answer->rc < 0 || answer->status == 503 || answer->status == 429;
}

/* 409: another frame's turn, but not somebody else's, whom we would only drive out again; 404: the
 * import was dropped meanwhile. */
static bool may_go_on(const struct call_answer *answer)
{
        return may_come_again(answer) || answer->status == 404 ||
               (answer->status == 409 &&
                !text_is_equal(doc_get_text(answer->doc, "code"), "import-replaced"));
}

static void pause_for(const struct call_answer *answer)
{
        sleep(answer->retry_after_s ? answer->retry_after_s : IMPORT_PAUSE);
}

/* Begins, or asks where to go on. */
static int begin(struct import *i)
{
        char path[IMPORT_PATH], query[IMPORT_PATH / 2], os[IMPORT_OS_MAX * 3 + 1];
        const struct call_request request = {.method = "PUT", .path = path};

        call_escape(os, sizeof(os), i->context->os ? i->context->os : "");
        snprintf(query, sizeof(query), "/import?size=%" PRIu64 "&sector_size=%u&source=%s", i->size,
                 i->sector_size, i->source);
        each_path(path, sizeof(path), IMAGES, i->name, query);
        if (os[0])
                snprintf(path + strlen(path), sizeof(path) - strlen(path), "&os=%s", os);
        for (unsigned tries = 1;; tries++) {
                _answer_ struct call_answer answer = {0};

                if (call_try(i->context->call, &request, &answer)) {
                        const int64_t next = doc_get_number(answer.doc, "next", -1);

                        if (next < 0 || (uint64_t)next > i->frames) {
                                say(i, "the controller's answer makes no sense");
                                return EXIT_FAILURE;
                        }
                        i->next = (uint64_t)next;
                        i->resumed = i->resumed || (!i->has_begun && next > 0);
                        i->has_begun = true;
                        return 0;
                }
                /* The first word to a controller that is not there is not repeated. */
                if (!i->has_begun || !may_come_again(&answer) || tries == IMPORT_TRIES)
                        return call_complain(i->context->call, &answer);
                pause_for(&answer);
        }
}

/* Frame @number into hand, its row into the table. */
static int encode(struct import *i, uint64_t number)
{
        uint8_t row[IMAGE_ROW_SIZE];
        struct writer writer = writer_over(row, sizeof(row));
        char why[IMPORT_READER_SIZE];
        int rc;

        if (import_reader_frame(i->reader, number, i->stored, why, &i->frame) < 0) {
                say(i, why);
                return EXIT_FAILURE;
        }
        i->frame.offset = i->offset;
        i->offset += i->frame.stored;
        image_table_write(&writer, &i->frame);
        rc = sha256_stream_add(i->table, row, sizeof(row));
        if (rc < 0)
                say(i, strerror(-rc));
        return rc < 0 ? EXIT_FAILURE : 0;
}

/* The frame in hand. */
static enum outcome send_frame(struct import *i, uint64_t number)
{
        char path[IMPORT_PATH], query[64 + SHA256_TEXT_SIZE];
        const struct call_request request = {.method = "PUT",
                                             .path = path,
                                             .content_type = "application/zstd",
                                             .body = i->stored,
                                             .body_size = i->frame.stored};

        snprintf(query, sizeof(query), "/frame?number=%" PRIu64 "&source=%s", number, i->source);
        each_path(path, sizeof(path), IMAGES, i->name, query);
        for (unsigned tries = 1;; tries++) {
                _answer_ struct call_answer answer = {0};

                if (call_try(i->context->call, &request, &answer)) {
                        i->next = number + 1;
                        i->sent += i->frame.stored;
                        return SENT;
                }
                if (!may_go_on(&answer) || tries == IMPORT_TRIES) {
                        (void)call_complain(i->context->call, &answer);
                        return FAILED;
                }
                if (may_come_again(&answer))
                        pause_for(&answer);
                if (begin(i) != 0)
                        return FAILED;
                if (i->next == number + 1)
                        return SENT; /* it had come, and the answer was lost */
                if (i->next != number)
                        return AGAIN;
        }
}

/* All frames from the first: those that the controller has are only hashed. */
static enum outcome pass(struct import *i)
{
        i->table = sha256_stream_free(i->table);
        i->offset = 0;
        if (sha256_stream_new(&i->table) < 0) {
                say(i, "no memory");
                return FAILED;
        }
        for (uint64_t number = 0; number < i->frames; number++) {
                if (encode(i, number) != 0)
                        return FAILED;
                if (number >= i->next) {
                        const enum outcome outcome = send_frame(i, number);

                        if (outcome != SENT)
                                return outcome;
                }
                show_progress(i, number + 1);
        }
        return SENT;
}

static bool was_changed(const struct import *i)
{
        struct stat now;

        return fstat(i->fd, &now) < 0 || now.st_size != i->stat.st_size ||
               now.st_mtim.tv_sec != i->stat.st_mtim.tv_sec ||
               now.st_mtim.tv_nsec != i->stat.st_mtim.tv_nsec;
}

/* Whether what the controller made is what was read here. */
static bool is_ours(struct import *i, const struct doc *image)
{
        const char *said = doc_get_text(image, "status.table_sha256");
        char text[SHA256_TEXT_SIZE];
        struct sha256 hash;

        return said && sha256_stream_end(i->table, &hash) == 0 &&
               strcmp(said, sha256_text(text, &hash)) == 0;
}

/* @ret: the image. AGAIN: what the controller had was of another file. */
static enum outcome finish(struct import *i, struct doc **ret)
{
        _answer_ struct call_answer answer = {0};
        char path[IMPORT_PATH], query[64 + SHA256_TEXT_SIZE];
        const struct call_request request = {
                .method = "POST", .path = path, .patience_ms = FINISH_PATIENCE_MS};

        if (was_changed(i)) {
                say(i, "it was changed while it was read: import it again");
                return FAILED;
        }
        snprintf(query, sizeof(query), "/finish?source=%s", i->source);
        each_path(path, sizeof(path), IMAGES, i->name, query);
        if (!call_try(i->context->call, &request, &answer)) {
                (void)call_complain(i->context->call, &answer);
                return FAILED;
        }
        if (is_ours(i, answer.doc)) {
                *ret = TAKE_PTR(answer.doc);
                return SENT;
        }
        /* Nobody is to be installed with it meanwhile. */
        each_path(path, sizeof(path), IMAGES, i->name, "");
        (void)call_do(i->context->call, "DELETE", path, NULL, NULL, NULL);
        if (i->resumed) {
                i->resumed = false;
                return begin(i) == 0 ? AGAIN : FAILED;
        }
        say(i, "what the controller has is not what was sent: the image is deleted");
        return FAILED;
}

static int upload(struct import *i, struct doc **ret)
{
        enum outcome outcome;

        if (begin(i) != 0)
                return EXIT_FAILURE;
        for (unsigned tries = 0; tries < IMPORT_TRIES; tries++) {
                outcome = pass(i);
                if (outcome == SENT)
                        outcome = finish(i, ret);
                if (outcome != AGAIN)
                        return outcome == SENT ? 0 : EXIT_FAILURE;
        }
        say(i, "the controller begins anew again and again: does something else import it, too?");
        return EXIT_FAILURE;
}

static int start_reader(struct import *i)
{
        char why[IMPORT_READER_SIZE];
        const int rc = import_reader_new(i->fd, i->size, IMPORT_LEVEL, &i->reader);

        if (rc < 0) {
                snprintf(why, sizeof(why), "no process could be made to read it: %s",
                         strerror(-rc));
                say(i, why);
                return EXIT_FAILURE;
        }
        if (import_reader_look(i->reader, why, &i->look) < 0) {
                say(i, why);
                return EXIT_FAILURE;
        }
        i->sector_size = i->look.sector_size;
        return 0;
}

/* Opens the file and says what is wrong with it. 0 or an exit status. */
static int look_at_file(struct import *i)
{
        off_t size;

        /* A pipe that nobody writes to would keep us waiting; files and disks know no such thing.
         */
        i->fd = open(i->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (i->fd < 0 || fstat(i->fd, &i->stat) < 0) {
                say(i, strerror(errno));
                return EXIT_FAILURE;
        }
        if (!S_ISREG(i->stat.st_mode) && !S_ISBLK(i->stat.st_mode)) {
                say(i, "it is neither a file nor a disk");
                return EXIT_FAILURE;
        }
        size = lseek(i->fd, 0, SEEK_END);
        if (size <= 0) {
                say(i, size < 0 ? strerror(errno) : "it is empty");
                return EXIT_FAILURE;
        }
        i->size = (uint64_t)size;
        i->frames = i->size / IMAGE_FRAME_SIZE + (i->size % IMAGE_FRAME_SIZE > 0);
        if (start_reader(i) != 0)
                return EXIT_FAILURE;
        if (i->size % i->sector_size != 0)
                say(i, i->sector_size == 512
                               ? "its size is no multiple of 512 bytes: is it a raw disk image?"
                               : "its size is no multiple of 4096 bytes: is it a raw disk image?");
        else if (!image_size_is_valid(i->size, i->sector_size))
                say(i, "it is larger than an image may be");
        else
                return 0;
        return EXIT_FAILURE;
}

/* Size, time and beginning tell two files of one name apart; what they do not, is_ours() does. */
static int choose_source(struct import *i)
{
        CLEANUP(sha256_stream_free) struct sha256_stream *stream = NULL;
        struct sha256 hash;
        char facts[96];
        int rc;

        snprintf(facts, sizeof(facts), "%" PRIu64 " %lld.%09ld", i->size,
                 (long long)i->stat.st_mtim.tv_sec, i->stat.st_mtim.tv_nsec);
        rc = sha256_stream_new(&stream);
        if (rc == 0)
                rc = sha256_stream_add(stream, facts, strlen(facts));
        if (rc == 0)
                rc = sha256_stream_add(stream, &i->look.first, sizeof(i->look.first));
        if (rc == 0)
                rc = sha256_stream_end(stream, &hash);
        if (rc < 0) {
                say(i, strerror(-rc));
                return EXIT_FAILURE;
        }
        (void)sha256_text(i->source, &hash);
        return 0;
}

static int choose_name(struct import *i)
{
        const char *name = i->context->name;

        if (i->context->os && strlen(i->context->os) > IMPORT_OS_MAX) {
                fprintf(stderr, "cloudie: --os is longer than %d bytes\n", IMPORT_OS_MAX);
                return EXIT_USAGE;
        }
        if (name ? image_name_is_valid(name) && text_copy(i->name, sizeof(i->name), name) == 0
                 : import_name(i->file, i->name) == 0)
                return 0;
        if (name)
                fprintf(stderr, "cloudie: --name: a name has 1 to 63 of a-z, 0-9, dot and dash, "
                                "and begins with a letter or digit\n");
        else
                say(i, "its name is none for an image: give one with --name");
        return EXIT_USAGE;
}

static int print_image(const struct import *i, const struct doc *image)
{
        char id[64], size[TEXT_SIZE_MAX], stored[TEXT_SIZE_MAX];

        if (i->context->output != OUTPUT_TABLE)
                return print_document(i->context->output, image);
        cell_text(id, sizeof(id), doc_get(image, "status.id"));
        printf("image/%s: %s, %s stored, id %s\n", i->name, text_size(size, i->size),
               text_size(stored, (uint64_t)doc_get_number(image, "status.stored_size", 0)), id);
        return 0;
}

static void import_done(struct import *i)
{
        if (i->fd >= 0)
                close(i->fd);
        import_reader_free(i->reader);
        sha256_stream_free(i->table);
        free(i->stored);
}

int command_image_import(const struct command_context *context)
{
        __attribute__((cleanup(import_done))) struct import i = {
                .context = context, .file = context->argv[0], .fd = -EBADF};
        _doc_ struct doc *image = NULL;
        int rc;

        rc = choose_name(&i);
        if (rc == 0)
                rc = look_at_file(&i);
        if (rc != 0)
                return rc;
        i.stored = malloc(IMAGE_STORED_MAX);
        if (!i.stored) {
                say(&i, "no memory");
                return EXIT_FAILURE;
        }
        rc = choose_source(&i);
        if (rc == 0)
                rc = upload(&i, &image);
        return rc == 0 ? print_image(&i, image) : rc;
}
