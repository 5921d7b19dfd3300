/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/answers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

struct answer {
        struct answer_key key;
        uint64_t number, at_ms;
        size_t size; /* of what stands in the store */
};

struct answers {
        struct map *by_id;
        struct answer at[ANSWERS_MAX]; /* by number; of number 0: none */
        uint64_t first, last;          /* numbers: the oldest that may be there, and the newest */
        size_t bytes;
};

/* As it is written; the text is one, and no object, so that it comes back byte by byte. */
struct written {
        uint64_t number, at_ms;
        uint32_t status;
        char id[SHA256_TEXT_SIZE], request[SHA256_TEXT_SIZE], etag[32];
};
static const struct doc_field written_fields[] = {
        DOC_FIELD(struct written, number, DOC_U64, DOC_REQUIRED),
        DOC_FIELD(struct written, at_ms, DOC_U64, DOC_REQUIRED),
        DOC_FIELD(struct written, status, DOC_U32, DOC_REQUIRED),
        DOC_FIELD(struct written, id, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct written, request, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct written, etag, DOC_TEXT, 0),
};
static DOC_TABLE(written_table, struct written, "answer", written_fields);

struct answers *answers_new(void)
{
        struct answers *answers = calloc(1, sizeof(*answers));

        if (!answers)
                return NULL;
        answers->first = 1;
        answers->by_id = map_new(ANSWERS_MAX);
        return answers->by_id ? answers : answers_free(answers);
}

struct answers *answers_free(struct answers *answers)
{
        if (!answers)
                return NULL;
        map_free(answers->by_id);
        free(answers);
        return NULL;
}

void answers_name(uint64_t number, char to[static NODE_NAME_SIZE])
{
        snprintf(to, NODE_NAME_SIZE, "place-%u", (unsigned)(number % ANSWERS_MAX));
}

int answers_find(const struct logic *logic, const struct answer_key *key, uint64_t now_ms,
                 uint64_t *ret)
{
        const struct answer *answer =
                map_find(logic->answers->by_id, key->id.bytes, sizeof(key->id.bytes));

        if (!answer || age_ms(now_ms, answer->at_ms) >= ANSWERS_KEPT_MS)
                return -ENOENT;
        if (!sha256_is_equal(&answer->key.request, &key->request))
                return -EEXIST;
        *ret = answer->number;
        return 0;
}

static void forget(struct answers *answers, struct answer *answer)
{
        if (answer->number == 0)
                return;
        if (map_find(answers->by_id, answer->key.id.bytes, sizeof(answer->key.id.bytes)) == answer)
                map_remove(answers->by_id, answer->key.id.bytes, sizeof(answer->key.id.bytes));
        answers->bytes -= answer->size;
        *answer = (struct answer){0};
}

static int put(struct answers *answers, const struct answer *from)
{
        struct answer *to = &answers->at[from->number % ANSWERS_MAX];
        int rc;

        forget(answers, to);
        rc = map_set(answers->by_id, from->key.id.bytes, sizeof(from->key.id.bytes), to);
        if (rc < 0)
                return rc;
        *to = *from;
        answers->bytes += to->size;
        if (to->number > answers->last)
                answers->last = to->number;
        return 0;
}

/* An empty one takes its place in the store, too. */
static void drop_oldest(struct answers *answers, uint64_t now_ms, struct store_change *change)
{
        struct answer *oldest = &answers->at[answers->first % ANSWERS_MAX];
        char name[NODE_NAME_SIZE];
        const struct store_document row = {
                .kind = ANSWERS_KIND, .name = name, .version = 1, .at_ms = now_ms, .body = "{}"};

        answers_name(answers->first, name);
        if (oldest->number == answers->first) {
                forget(answers, oldest);
                store_keep_document(change, &row);
        }
        answers->first++;
}

static char *write_answer(const struct answer *answer, const struct answer_text *text)
{
        struct written written = {answer->number, answer->at_ms, .status = text->status};
        _doc_ struct doc *object = NULL;
        char *body = NULL;

        (void)sha256_text(written.id, &answer->key.id);
        (void)sha256_text(written.request, &answer->key.request);
        memcpy(written.etag, text->etag, sizeof(written.etag));
        object = doc_encode(&written_table, &written);
        if (text->text && doc_set_text(object, "text", text->text) < 0)
                return NULL;
        return doc_print(object, DOC_COMPACT, &body) < 0 ? NULL : body;
}

void answers_keep(struct logic *logic, const struct answer_key *key,
                  const struct answer_text *answer, uint64_t now_ms, struct store_change *change)
{
        struct answers *answers = logic->answers;
        struct answer kept = {.key = *key, .number = answers->last + 1, .at_ms = now_ms};
        char name[NODE_NAME_SIZE];
        struct store_document row = {
                .kind = ANSWERS_KIND, .name = name, .version = 1, .at_ms = now_ms};
        _free_ char *body = write_answer(&kept, answer);

        row.body = body;
        kept.size = body ? strlen(body) : 0;
        while (answers->first <= answers->last && (answers->bytes + kept.size > ANSWERS_BYTES_MAX ||
                                                   kept.number - answers->first >= ANSWERS_MAX))
                drop_oldest(answers, now_ms, change);
        answers_name(kept.number, name);
        if (put(answers, &kept) == 0)
                store_keep_document(change, &row);
}

static int decode(const char *body, struct written *ret, struct doc **ret_object)
{
        _doc_ struct doc *object = NULL;
        int rc;

        *ret = (struct written){0};
        rc = doc_parse(body, strlen(body), &doc_limits_inventory, NULL, &object);
        if (rc == 0 && !doc_get(object, "number"))
                return -ENOENT;
        if (rc == 0)
                rc = doc_decode(&written_table, object, NULL, ret);
        if (rc == 0 && ret_object)
                *ret_object = TAKE_PTR(object);
        return rc;
}

int answers_restore(struct logic *logic, const struct store_document *row)
{
        struct answers *answers = logic->answers;
        struct answer answer = {.size = strlen(row->body)};
        struct written written;
        int rc;

        rc = decode(row->body, &written, NULL);
        if (rc == -ENOENT)
                return 0;
        if (rc < 0)
                return rc;
        if (sha256_parse(written.id, &answer.key.id) < 0 ||
            sha256_parse(written.request, &answer.key.request) < 0)
                return -EBADMSG;
        answer.number = written.number;
        answer.at_ms = written.at_ms;
        rc = put(answers, &answer);
        if (rc == 0)
                answers->first = answers->last < ANSWERS_MAX ? 1 : answers->last - ANSWERS_MAX + 1;
        return rc;
}

int answers_decode(const char *body, uint64_t number, struct answer_text *ret)
{
        _doc_ struct doc *object = NULL;
        struct written written;
        const char *text;
        int rc;

        rc = decode(body, &written, &object);
        if (rc < 0 || written.number != number)
                return rc < 0 ? rc : -ENOENT;
        *ret = (struct answer_text){.status = written.status};
        memcpy(ret->etag, written.etag, sizeof(ret->etag));
        text = doc_get_text(object, "text");
        ret->text = text ? strdup(text) : NULL;
        return text && !ret->text ? -ENOMEM : 0;
}
