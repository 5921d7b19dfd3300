/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mdstat
 *
 *   md6 : active raid1 sdb2[2](F) sdc[1](S) sda2[0]
 *         195310144 blocks super 1.2 [2/1] [U_]
 *         [=>...................]  recovery =  8.5% (16775552/195310144) finish=17.0min ...
 *
 * A line that begins without a blank begins an array; what stands in it is words,
 * and a word that we do not know is skipped.
 */
#include "discover/mdstat.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/text.h"

#define WORD_SIZE 64

/* The next word of the line; words that are longer than any we know are cut. */
static bool take_word(const char **at, char to[static WORD_SIZE])
{
        size_t len, copied;

        *at += strspn(*at, " \t");
        len = strcspn(*at, " \t\n");
        copied = len < WORD_SIZE ? len : WORD_SIZE - 1;
        memcpy(to, *at, copied);
        to[copied] = '\0';
        *at += len;
        return len > 0;
}

static void next_line(const char **at)
{
        *at += strcspn(*at, "\n");
        *at += **at == '\n';
}

static bool leading_number(const char *text, uint64_t *ret, const char **ret_rest)
{
        const size_t digits = strspn(text, "0123456789");
        char number[24];

        if (digits == 0 || text_copy_bytes(number, sizeof(number), text, digits) < 0 ||
            text_parse_u64(number, INT64_MAX, ret) < 0)
                return false;
        *ret_rest = text + digits;
        return true;
}

/* "sdb2[2](F)" */
static bool take_member(const char *word, struct mdstat_array *array)
{
        const char *open = strchr(word, '['), *rest;
        struct mdstat_member member = {0};
        uint64_t role;

        if (!open || !leading_number(open + 1, &role, &rest) || *rest != ']' || role > UINT32_MAX ||
            text_copy_bytes(member.device, sizeof(member.device), word, (size_t)(open - word)) <
                    0 ||
            !member.device[0])
                return false;
        member.role = (uint32_t)role;
        if (rest[1] == '(')
                member.flag = rest[2];
        if (array->count < MDSTAT_MEMBERS_MAX)
                array->members[array->count++] = member;
        return true;
}

static void take_head(const char *line, struct mdstat_array *array)
{
        char word[WORD_SIZE];

        while (take_word(&line, word)) {
                if (strcmp(word, "active") == 0)
                        array->is_active = true;
                else if (strcmp(word, "(read-only)") == 0 || strcmp(word, "(auto-read-only)") == 0)
                        array->is_read_only = true;
                else if (!take_member(word, array) && isalpha((unsigned char)word[0]) &&
                         strcmp(word, "inactive") != 0 && !array->level[0])
                        (void)text_copy(array->level, sizeof(array->level), word);
        }
}

/* "[4/3]" */
static void take_counts(const char *word, struct mdstat_array *array)
{
        uint64_t wanted, working;
        const char *rest;

        if (word[0] != '[' || !leading_number(word + 1, &wanted, &rest) || *rest != '/' ||
            !leading_number(rest + 1, &working, &rest) || *rest != ']' || wanted > UINT32_MAX ||
            working > UINT32_MAX)
                return;
        array->wanted = (uint32_t)wanted;
        array->working = (uint32_t)working;
}

/* "5853468288 blocks super 1.2 level 6, 64k chunk, algorithm 2 [8/8] [UUUUUUUU]" */
static void take_geometry(const char *line, struct mdstat_array *array)
{
        char word[WORD_SIZE], before[WORD_SIZE] = "";
        const char *rest;
        uint64_t number;

        while (take_word(&line, word)) {
                if (strcmp(word, "blocks") == 0 && leading_number(before, &number, &rest) &&
                    number <= INT64_MAX / 1024)
                        array->size = number * 1024;
                else if (strcmp(before, "super") == 0)
                        (void)text_copy(array->metadata, sizeof(array->metadata), word);
                else if ((text_has_prefix(word, "chunk") || text_has_prefix(word, "rounding")) &&
                         leading_number(before, &number, &rest) && *rest == 'k' &&
                         number <= UINT32_MAX)
                        array->chunk = number * 1024;
                else
                        take_counts(word, array);
                memcpy(before, word, sizeof(before));
        }
}

static void take_percent(const char *line, struct mdstat_array *array)
{
        char word[WORD_SIZE];
        const char *rest;
        uint64_t whole, tenth = 0;

        while (take_word(&line, word)) {
                if (!leading_number(word, &whole, &rest))
                        continue;
                if (*rest == '.' && !leading_number(rest + 1, &tenth, &rest))
                        continue;
                if (*rest == '%' && whole <= 100 && tenth <= 9)
                        array->permille = (uint32_t)(whole * 10 + tenth);
                return;
        }
}

/* "[=>....]  recovery =  8.5% (...)" and "resync=DELAYED" */
static void take_action(const char *line, struct mdstat_array *array)
{
        static const char *const actions[] = {"recovery", "resync", "reshape", "check", "repair"};
        char word[WORD_SIZE];

        while (take_word(&line, word)) {
                for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
                        const size_t len = strlen(actions[i]);

                        if (strncmp(word, actions[i], len) != 0 ||
                            (word[len] != '\0' && word[len] != '='))
                                continue;
                        (void)text_copy(array->action, sizeof(array->action), actions[i]);
                        array->is_waiting = word[len] == '=';
                        take_percent(line, array);
                        return;
                }
        }
}

bool mdstat_next(const char **at, struct mdstat_array *ret)
{
        char word[WORD_SIZE];

        memset(ret, 0, sizeof(*ret));
        for (; **at; next_line(at)) {
                const char *line = *at;

                if (!text_has_prefix(line, "md") || !take_word(&line, word) ||
                    text_copy(ret->name, sizeof(ret->name), word) < 0)
                        continue;
                take_head(line, ret);
                break;
        }
        if (!**at)
                return false;
        for (next_line(at); **at == ' ' || **at == '\t'; next_line(at)) {
                take_geometry(*at, ret);
                take_action(*at, ret);
        }
        return true;
}
