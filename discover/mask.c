/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Masks
 *
 * All forms of all values are in one table by their first four bytes; a text is
 * walked once, and at each place the longest form counts. A short value counts only
 * where it stands alone: "0001" is in many a number.
 */
#include "discover/mask.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "lib/base/net.h"
#include "lib/base/text.h"

#define FORM_MAX      (2 * MASK_TEXT_MAX + 1)
#define FORMS_MAX     400000 /* of a machine with 10,000 parts */
#define BUCKETS       8192
#define ALONE_BELOW   8 /* bytes of a text that need no neighbours */
#define UUID_SIZE     16
#define UUID_TEXT     36
#define MAC_TEXT      17
#define VENDOR_DIGITS 6 /* of a MAC: whose card it is tells nobody's name */

struct form {
        struct form *next;
        uint16_t size;
        bool is_text;    /* not bytes */
        bool has_digit;  /* a text that has one */
        uint8_t bytes[]; /* what stands there, and then what is to stand there */
};

struct mask {
        uint8_t key[SIPHASH_KEY_SIZE];
        struct form *buckets[BUCKETS];
        size_t count;
};

struct mask *mask_new(const uint8_t key[static SIPHASH_KEY_SIZE])
{
        struct mask *mask = calloc(1, sizeof(*mask));

        if (mask)
                memcpy(mask->key, key, SIPHASH_KEY_SIZE);
        return mask;
}

struct mask *mask_free(struct mask *mask)
{
        if (!mask)
                return NULL;
        for (size_t i = 0; i < BUCKETS; i++)
                while (mask->buckets[i]) {
                        struct form *form = mask->buckets[i];

                        mask->buckets[i] = form->next;
                        free(form);
                }
        free(mask);
        return NULL;
}

/* ------------------------------------------------------------ what it becomes */

static bool is_shape(const char *text, size_t len, const char *shape)
{
        for (size_t i = 0; shape[i]; i++)
                if (i >= len ||
                    (shape[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != shape[i]))
                        return false;
        return true;
}

static bool is_mac(const char *text, size_t len)
{
        return is_shape(text, len, "xx:xx:xx:xx:xx:xx") || is_shape(text, len, "xx-xx-xx-xx-xx-xx");
}

static bool is_uuid(const char *text, size_t len)
{
        return is_shape(text, len, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

/* Never itself; letters that are hexadecimal digits stay such. */
static char other(char c, unsigned turn)
{
        const char lower = (char)tolower((unsigned char)c), shift = (char)(c - lower);

        if (isdigit((unsigned char)c))
                return (char)('0' + (c - '0' + 1 + turn % 9) % 10);
        if (lower >= 'a' && lower <= 'f')
                return (char)('a' + (lower - 'a' + 1 + turn % 5) % 6 + shift);
        if (lower >= 'g' && lower <= 'z')
                return (char)('g' + (lower - 'g' + 1 + turn % 19) % 20 + shift);
        return c;
}

/* One value in upper and lower case is one value. */
static uint64_t seed_of(const struct mask *mask, const char *text, size_t len)
{
        char lower[MASK_TEXT_MAX];
        size_t used = 0;

        for (size_t i = 0; i < len && used < sizeof(lower); i++)
                if (isalnum((unsigned char)text[i]) || (unsigned char)text[i] >= 0x80)
                        lower[used++] = (char)tolower((unsigned char)text[i]);
        return siphash(mask->key, lower, used);
}

void mask_value(const struct mask *mask, void *text, size_t len)
{
        const uint64_t seed = seed_of(mask, text, len);
        const size_t keep = is_mac(text, len) && len == MAC_TEXT ? VENDOR_DIGITS : 0;
        size_t digits = 0;
        char *at = text;

        for (size_t i = 0; i < len; i++) {
                const uint64_t place[] = {seed, digits};

                if (!isalnum((unsigned char)at[i]))
                        continue;
                if (digits++ >= keep)
                        at[i] = other(at[i],
                                      (unsigned)(siphash(mask->key, place, sizeof(place)) >> 8));
        }
}

/* ---------------------------------------------------------------- what is learned */

static size_t bucket_of(const uint8_t *bytes)
{
        return ((size_t)bytes[0] * 31 + (size_t)bytes[1] * 131 + (size_t)bytes[2] * 1031 +
                (size_t)bytes[3] * 4099) %
               BUCKETS;
}

static bool is_known(const struct mask *mask, const void *bytes, size_t size)
{
        const struct form *form = mask->buckets[bucket_of(bytes)];

        while (form && (form->size != size || memcmp(form->bytes, bytes, size) != 0))
                form = form->next;
        return form;
}

static bool has_digit(const char *text, size_t size)
{
        for (size_t i = 0; i < size; i++)
                if (isdigit((unsigned char)text[i]))
                        return true;
        return false;
}

/* The longest first. */
static int add_form(struct mask *mask, const void *from, const void *to, size_t size, bool is_text)
{
        struct form **at, *form;

        if (size < MASK_TEXT_MIN || is_known(mask, from, size))
                return 0;
        if (mask->count == FORMS_MAX)
                return -E2BIG;
        form = malloc(sizeof(*form) + 2 * size);
        if (!form)
                return -ENOMEM;
        form->size = (uint16_t)size;
        form->is_text = is_text;
        form->has_digit = is_text && has_digit(from, size);
        memcpy(form->bytes, from, size);
        memcpy(form->bytes + size, to, size);
        at = &mask->buckets[bucket_of(form->bytes)];
        while (*at && (*at)->size > size)
                at = &(*at)->next;
        form->next = *at;
        *at = form;
        mask->count++;
        return 0;
}

static void change_case(char *text, int (*change)(int))
{
        for (; *text; text++)
                *text = (char)change((unsigned char)*text);
}

/* In the case that it has, and in both others. */
static int add_text(struct mask *mask, const char *from, const char *to)
{
        static int (*const changes[])(int) = {tolower, toupper};
        char a[FORM_MAX], b[FORM_MAX];
        int rc;

        rc = add_form(mask, from, to, strlen(from), true);
        for (size_t i = 0; i < ARRAY_SIZE(changes) && rc == 0; i++) {
                if (text_copy(a, sizeof(a), from) < 0 || text_copy(b, sizeof(b), to) < 0)
                        return 0;
                change_case(a, changes[i]);
                change_case(b, changes[i]);
                rc = add_form(mask, a, b, strlen(a), true);
        }
        return rc;
}

/* NVMe's world-wide names have the serial number so. */
static int add_hex_of_text(struct mask *mask, const char *from, const char *to)
{
        char a[FORM_MAX], b[FORM_MAX];

        text_hex(a, from, strlen(from));
        text_hex(b, to, strlen(to));
        return add_text(mask, a, b);
}

/* Hexadecimal digits alone, with @between after each pair. */
static void digits_of(const char *text, char between, char *to)
{
        size_t count = 0;

        for (; *text; text++) {
                if (!isxdigit((unsigned char)*text))
                        continue;
                if (between && count > 0 && count % 2 == 0)
                        *to++ = between;
                *to++ = *text;
                count++;
        }
        *to = '\0';
}

static int add_digits(struct mask *mask, const char *from, const char *to, char between)
{
        char a[FORM_MAX], b[FORM_MAX];

        digits_of(from, between, a);
        digits_of(to, between, b);
        return add_text(mask, a, b);
}

/* SMBIOS and GPT have the first three numbers of a UUID in little endian. */
static void turn_uuid(uint8_t *bytes)
{
        static const uint8_t order[] = {3, 2, 1, 0, 5, 4, 7, 6};
        uint8_t was[sizeof(order)];

        memcpy(was, bytes, sizeof(was));
        for (size_t i = 0; i < sizeof(order); i++)
                bytes[i] = was[order[i]];
}

/* The bytes that the digits stand for. */
static int add_bytes(struct mask *mask, const char *from, const char *to, size_t size)
{
        char digits[FORM_MAX];
        uint8_t a[UUID_SIZE], b[UUID_SIZE];
        int rc;

        digits_of(from, '\0', digits);
        if (text_unhex(digits, a, size) < 0)
                return 0;
        digits_of(to, '\0', digits);
        if (text_unhex(digits, b, size) < 0)
                return 0;
        rc = add_form(mask, a, b, size, false);
        if (rc < 0 || size != UUID_SIZE)
                return rc;
        turn_uuid(a);
        turn_uuid(b);
        return add_form(mask, a, b, size, false);
}

static int learn_piece(struct mask *mask, const char *value)
{
        const size_t len = strlen(value);
        const bool is_card = len == MAC_TEXT && is_mac(value, len);
        const bool is_id = len == UUID_TEXT && is_uuid(value, len);
        char masked[FORM_MAX];
        int rc;

        if (len < MASK_TEXT_MIN)
                return 0;
        (void)text_copy(masked, sizeof(masked), value);
        mask_value(mask, masked, len);
        rc = add_text(mask, value, masked);
        if (rc == 0)
                rc = add_hex_of_text(mask, value, masked);
        if (rc == 0 && (is_card || is_id))
                rc = add_digits(mask, value, masked, '\0');
        if (rc == 0 && is_card)
                rc = add_digits(mask, value, masked, '-');
        if (rc == 0 && (is_card || is_id))
                rc = add_bytes(mask, value, masked, is_id ? UUID_SIZE : sizeof(struct mac_address));
        return rc;
}

/* Of a world-wide name; what kind of name it is may be seen. */
static const char *without_prefix(const char *value)
{
        static const char *const prefixes[] = {"naa.",  "eui.",    "t10.", "nvme.",
                                               "uuid.", "sha256:", "0x"};

        for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
                if (text_has_prefix(value, prefixes[i]))
                        return value + strlen(prefixes[i]);
        if (text_has_prefix(value, "nqn.") && strrchr(value, ':'))
                return strrchr(value, ':') + 1;
        return value;
}

/* Where an inventory has U+FFFD, the device had something else. */
int mask_learn(struct mask *mask, const char *value)
{
        char piece[MASK_TEXT_MAX + 1];
        const char *end;
        int rc = 0;

        value = without_prefix(value);
        for (; *value && rc == 0; value = *end ? end + strlen("\xef\xbf\xbd") : end) {
                size_t len;

                end = strstr(value, "\xef\xbf\xbd");
                end = end ? end : value + strlen(value);
                len = (size_t)(end - value);
                len = len > MASK_TEXT_MAX ? MASK_TEXT_MAX : len;
                if (text_copy_bytes(piece, sizeof(piece), value, len) == 0)
                        rc = learn_piece(mask, piece);
        }
        return rc;
}

/* ------------------------------------------------------------- where it stands */

struct place {
        uint8_t *start, *at, *end;
        bool is_path;
};

/* Between others that are no letters and no digits. */
static bool stands_alone(const struct place *p, size_t size)
{
        return (p->at == p->start || !isalnum(p->at[-1])) &&
               ((size_t)(p->end - p->at) == size || !isalnum(p->at[size]));
}

static const struct form *form_at(const struct mask *mask, const struct place *p)
{
        const size_t left = (size_t)(p->end - p->at);
        const struct form *form;

        if (left < MASK_TEXT_MIN)
                return NULL;
        for (form = mask->buckets[bucket_of(p->at)]; form; form = form->next)
                if (form->size <= left && memcmp(form->bytes, p->at, form->size) == 0 &&
                    (!p->is_path || form->has_digit) &&
                    (!form->is_text || form->size >= ALONE_BELOW || stands_alone(p, form->size)))
                        return form;
        return NULL;
}

/* Numbers that UEFI or a standard gave away are nobody's. */
static bool is_public(const uint8_t *uuid)
{
        static const char *const uuids[] = {
                "8be4df61-93ca-11d2-aa0d-00e098032b8c", /* UEFI's variables */
                "00000000-0000-0000-0000-000000000000",
        };

        for (size_t i = 0; i < ARRAY_SIZE(uuids); i++)
                if (strncasecmp((const char *)uuid, uuids[i], UUID_TEXT) == 0)
                        return true;
        return false;
}

/* Bytes of what looks like a UUID or a MAC; 0: it does not. */
static size_t looks_like(const struct place *p)
{
        const size_t left = (size_t)(p->end - p->at);
        const char *text = (const char *)p->at;

        if (!isxdigit(*p->at))
                return 0;
        if (left >= UUID_TEXT && is_uuid(text, left) && stands_alone(p, UUID_TEXT))
                return is_public(p->at) ? 0 : UUID_TEXT;
        /* Longer rows of such pairs are something else, but for one that begins with "01-". */
        if (left < MAC_TEXT || !is_mac(text, left) || !stands_alone(p, MAC_TEXT) ||
            (p->at > p->start && p->at[-1] == ':') ||
            (left > MAC_TEXT && (text[MAC_TEXT] == ':' || text[MAC_TEXT] == '-')))
                return 0;
        return MAC_TEXT;
}

static void replace_all(const struct mask *mask, struct place p)
{
        while (p.at < p.end) {
                const struct form *form = form_at(mask, &p);
                const size_t shape = form ? 0 : looks_like(&p);

                if (form)
                        memcpy(p.at, form->bytes + form->size, form->size);
                else if (shape > 0)
                        mask_value(mask, p.at, shape);
                p.at += form ? form->size : shape > 0 ? shape : 1;
        }
}

void mask_apply(const struct mask *mask, void *bytes, size_t size)
{
        uint8_t *at = bytes;

        replace_all(mask, (struct place){.start = at, .at = at, .end = at + size});
}

void mask_apply_path(const struct mask *mask, char *path)
{
        uint8_t *at = (uint8_t *)path;

        replace_all(
                mask,
                (struct place){.start = at, .at = at, .end = at + strlen(path), .is_path = true});
}
