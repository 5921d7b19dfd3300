/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "worker/health.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/doc/value.h"

/* In percent of the whole, or of the processors. Nobody is called because a machine works hard. */
#define ROOT_WARNING   90
#define ROOT_BAD       98
#define MEMORY_WARNING 10 /* available */
#define MEMORY_BAD     2
#define LOAD_WARNING   400

static void set_row(struct worker_check *ret, const char *name, enum health_state state)
{
        *ret = (struct worker_check){.state = state};
        snprintf(ret->name, sizeof(ret->name), "%s", name);
}

/* "MemTotal:       16315484 kB" */
static bool find_kib(const char *meminfo, const char *key, uint64_t *ret)
{
        const char *at = strstr(meminfo, key);
        char digits[24];
        size_t size;

        if (!at)
                return false;
        at += strlen(key);
        at += strspn(at, " \t");
        size = strspn(at, "0123456789");
        return text_copy_bytes(digits, sizeof(digits), at, size) == 0 &&
               text_parse_u64(digits, UINT64_MAX / 102400, ret) == 0;
}

bool health_memory(const char *meminfo, struct worker_check *ret)
{
        char available[TEXT_SIZE_MAX], whole[TEXT_SIZE_MAX];
        uint64_t total, free, percent;

        if (!find_kib(meminfo, "MemTotal:", &total) || total == 0 ||
            !find_kib(meminfo, "MemAvailable:", &free))
                return false;
        percent = free * 100 / total;
        set_row(ret, "memory",
                percent < MEMORY_BAD       ? HEALTH_BAD
                : percent < MEMORY_WARNING ? HEALTH_WARNING
                                           : HEALTH_OK);
        snprintf(ret->text, sizeof(ret->text), "%s of %s available",
                 text_size(available, free * 1024), text_size(whole, total * 1024));
        return true;
}

/* "0.20 0.18 0.12 1/80 11206": three numbers with two digits behind the point. */
static bool parse_load(const char *text, uint64_t *ret)
{
        char digits[16];
        uint64_t whole, rest;
        size_t size = strspn(text, "0123456789");

        if (text[size] != '.' || text_copy_bytes(digits, sizeof(digits), text, size) < 0 ||
            text_parse_u64(digits, 1000000, &whole) < 0)
                return false;
        text += size + 1;
        if (text_copy_bytes(digits, sizeof(digits), text, strspn(text, "0123456789")) < 0 ||
            strlen(digits) != 2 || text_parse_u64(digits, 99, &rest) < 0)
                return false;
        *ret = whole * 100 + rest;
        return true;
}

bool health_load(const char *loadavg, unsigned cpus, struct worker_check *ret)
{
        const char *at = loadavg;
        uint64_t load;

        for (unsigned i = 0; i < 2; i++) {
                at = strchr(at, ' ');
                if (!at)
                        return false;
                at++;
        }
        if (!parse_load(at, &load))
                return false;
        set_row(ret, "load", load / cpus >= LOAD_WARNING ? HEALTH_WARNING : HEALTH_OK);
        snprintf(ret->text, sizeof(ret->text), "%u.%02u of %u processors for 15 minutes",
                 (unsigned)(load / 100), (unsigned)(load % 100), cpus);
        return true;
}

bool health_root(uint64_t total_bytes, uint64_t free_bytes, struct worker_check *ret)
{
        const uint64_t used = total_bytes > free_bytes ? total_bytes - free_bytes : 0;
        char used_text[TEXT_SIZE_MAX], total_text[TEXT_SIZE_MAX];
        uint64_t percent;

        if (total_bytes < 100)
                return false;
        percent = used / (total_bytes / 100);
        set_row(ret, "root",
                percent >= ROOT_BAD       ? HEALTH_BAD
                : percent >= ROOT_WARNING ? HEALTH_WARNING
                                          : HEALTH_OK);
        snprintf(ret->text, sizeof(ret->text), "%s of %s used", text_size(used_text, used),
                 text_size(total_text, total_bytes));
        return true;
}

bool health_clock(bool is_synchronised, struct worker_check *ret)
{
        set_row(ret, "clock", is_synchronised ? HEALTH_OK : HEALTH_WARNING);
        snprintf(ret->text, sizeof(ret->text), "%s",
                 is_synchronised ? "synchronised" : "not synchronised");
        return true;
}

/* systemctl(1), is-system-running. */
static const struct {
        const char *name;
        enum health_state state;
} system_states[] = {
        {"running",      HEALTH_OK     },
        {"initializing", HEALTH_OK     },
        {"starting",     HEALTH_OK     },
        {"stopping",     HEALTH_OK     },
        {"degraded",     HEALTH_BAD    },
        {"maintenance",  HEALTH_BAD    },
        {"offline",      HEALTH_WARNING},
        {"unknown",      HEALTH_WARNING},
};

/* The first words of the lines, as many as there is place for. */
static void add_units(const char *lines, char *to, size_t size)
{
        while (*lines) {
                const size_t used = strlen(to), word = strcspn(lines, " \t\n");

                if (word > 0 && word < size - used && size - used - word > 4)
                        snprintf(to + used, size - used, "%s%.*s", strchr(to, ':') ? ", " : ": ",
                                 (int)word, lines);
                lines += strcspn(lines, "\n");
                lines += strspn(lines, "\n");
        }
}

bool health_systemd(const char *state, const char *failed, struct worker_check *ret)
{
        char name[24];

        if (text_copy_bytes(name, sizeof(name), state, strcspn(state, "\n")) < 0)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(system_states); i++) {
                if (strcmp(system_states[i].name, name) != 0)
                        continue;
                set_row(ret, "systemd", system_states[i].state);
                snprintf(ret->text, sizeof(ret->text), "%s", name);
                if (strcmp(name, "degraded") == 0)
                        add_units(failed, ret->text, sizeof(ret->text));
                return true;
        }
        return false;
}

bool health_cloud_init(const char *result, struct worker_check *ret)
{
        _doc_ struct doc *object = NULL;
        const struct doc *errors;

        if (!result) {
                set_row(ret, "cloud-init", HEALTH_OK);
                snprintf(ret->text, sizeof(ret->text), "runs");
                return true;
        }
        if (doc_parse(result, strlen(result), &doc_limits_message, NULL, &object) < 0)
                return false;
        errors = doc_get(object, "v1.errors");
        set_row(ret, "cloud-init", doc_count(errors) > 0 ? HEALTH_BAD : HEALTH_OK);
        if (doc_count(errors) == 0)
                snprintf(ret->text, sizeof(ret->text), "done");
        else
                snprintf(ret->text, sizeof(ret->text), "%zu errors, the first: %.100s",
                         doc_count(errors),
                         doc_text(doc_at(errors, 0)) ? doc_text(doc_at(errors, 0)) : "?");
        return true;
}
