/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tree as YAML: always the same text for the same tree, in block style, and
 * one that reads back as the same tree, with our reader or with one of YAML 1.1.
 */

#include <string.h>
#include <yaml.h>

#include "lib/base/buffer.h"
#include "lib/doc/tree.h"

/* What YAML 1.1 takes for a truth, or merges. */
static const char *const old_words[] = {"y", "n", "yes", "no", "on", "off", "<<", "="};

static bool is_old_word(const char *text)
{
        for (size_t i = 0; i < ARRAY_SIZE(old_words); i++)
                if (strcasecmp(text, old_words[i]) == 0)
                        return true;
        return false;
}

/*
 * What only YAML 1.1 takes for a number or a time: 1:30 and 52:54:00:12:34:56 (to
 * base 60), 1_000, 2026-11-20.
 */
static bool is_old_number(const char *text)
{
        size_t digits = strspn(text, "0123456789");

        if (digits == 4 && text[4] == '-')
                return true;
        if (strchr(text, ':'))
                return !text[strspn(text, "+-0123456789:._")];
        return strchr(text, '_') && !text[strspn(text, "+-0123456789._eExXabcdefABCDEF")];
}

static bool has_odd_bytes(const char *text)
{
        for (const unsigned char *at = (const unsigned char *)text; *at; at++)
                if (*at < ' ' || *at == 0x7f)
                        return true;
        /* U+0085, U+2028, U+2029, U+FEFF break lines or vanish; other text may hold them rarely. */
        return strstr(text, "\xc2\x85") || strstr(text, "\xe2\x80\xa8") ||
               strstr(text, "\xe2\x80\xa9") || strstr(text, "\xef\xbb\xbf");
}

static yaml_scalar_style_t style_of(const char *text)
{
        if (has_odd_bytes(text))
                return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
        if (!tree_yaml_is_plain_text(text) || is_old_word(text) || is_old_number(text))
                return YAML_SINGLE_QUOTED_SCALAR_STYLE;
        return YAML_PLAIN_SCALAR_STYLE; /* the emitter quotes what its grammar asks for */
}

/* Emits an event that was initialized with @is_made; the emitter takes it in any case. */
static int emit(yaml_emitter_t *emitter, yaml_event_t *event, int is_made)
{
        return is_made && yaml_emitter_emit(emitter, event) ? 0 : -ENOMEM;
}

static int emit_scalar(yaml_emitter_t *emitter, const char *text, yaml_scalar_style_t style)
{
        yaml_event_t event;

        return emit(emitter, &event,
                    yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
                                                 (int)strlen(text), 1, 1, style));
}

static int emit_value(yaml_emitter_t *emitter, const json_t *json);

static int emit_members(yaml_emitter_t *emitter, const json_t *json)
{
        yaml_event_t event;
        const char *name;
        json_t *value;
        int rc;

        rc = emit(emitter, &event,
                  yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
                                                      YAML_BLOCK_MAPPING_STYLE));
        json_object_foreach((json_t *)(uintptr_t)json, name, value)
        {
                if (rc == 0)
                        rc = emit_scalar(emitter, name, style_of(name));
                if (rc == 0)
                        rc = emit_value(emitter, value);
        }
        return rc < 0 ? rc : emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

static int emit_elements(yaml_emitter_t *emitter, const json_t *json)
{
        yaml_event_t event;
        int rc;

        rc = emit(emitter, &event,
                  yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
                                                       YAML_BLOCK_SEQUENCE_STYLE));
        for (size_t i = 0; rc == 0 && i < json_array_size(json); i++)
                rc = emit_value(emitter, json_array_get(json, i));
        return rc < 0 ? rc : emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

/* Numbers, truths and null are written as JSON writes them, which YAML reads the same. */
static int emit_plain(yaml_emitter_t *emitter, const json_t *json)
{
        _free_ char *text = json_dumps(json, JSON_ENCODE_ANY);

        return text ? emit_scalar(emitter, text, YAML_PLAIN_SCALAR_STYLE) : -ENOMEM;
}

static int emit_value(yaml_emitter_t *emitter, const json_t *json)
{
        const char *text = json_string_value(json);

        if (text)
                return emit_scalar(emitter, text, style_of(text));
        if (json_is_object(json))
                return emit_members(emitter, json);
        if (json_is_array(json))
                return emit_elements(emitter, json);
        return emit_plain(emitter, json);
}

static int emit_document(yaml_emitter_t *emitter, const json_t *json)
{
        yaml_event_t event;
        int rc;

        rc = emit(emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
        if (rc == 0)
                rc = emit(emitter, &event,
                          yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
        if (rc == 0)
                rc = emit_value(emitter, json);
        if (rc == 0)
                rc = emit(emitter, &event, yaml_document_end_event_initialize(&event, 1));
        if (rc == 0)
                rc = emit(emitter, &event, yaml_stream_end_event_initialize(&event));
        return rc;
}

static int write_to_buffer(void *context, unsigned char *bytes, size_t size)
{
        struct buffer *b = context;

        buffer_add(b, bytes, size);
        return b->rc == 0;
}

int tree_print_yaml(const json_t *json, char **ret)
{
        _buffer_ struct buffer b = {0};
        yaml_emitter_t emitter;
        int rc;

        if (!yaml_emitter_initialize(&emitter))
                return -ENOMEM;
        yaml_emitter_set_output(&emitter, write_to_buffer, &b);
        yaml_emitter_set_unicode(&emitter, 1);
        yaml_emitter_set_indent(&emitter, 2);
        yaml_emitter_set_width(&emitter, -1); /* a text is one line, however long */
        rc = emit_document(&emitter, json);
        yaml_emitter_delete(&emitter);
        return rc < 0 ? rc : buffer_take(&b, ret);
}
