/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading a profile
 *
 * A profile says what happens to a disk, so nothing in it is guessed
 * (lib/node/reading.h). Whether the keys and the file that its seed names are
 * there is for the controller to know.
 */
#include "lib/node/profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/node/reading.h"
#include "lib/node/summary.h"

#define NAME_PATTERN "{name}"
#define DONE_TCP     "tcp:"

const char *const disk_type_names[DISK_TYPE_COUNT + 1] = {
        [DISK_NVME] = "nvme",
        [DISK_SSD] = "ssd",
        [DISK_HDD] = "hdd",
        [DISK_VIRTUAL] = "virtual",
};

const char *const disk_pick_names[DISK_PICK_COUNT + 1] = {
        [PICK_SMALLEST] = "smallest",
        [PICK_LARGEST] = "largest",
        [PICK_FIRST] = "first",
};

const char *const disk_holding_names[DISK_HOLDING_COUNT + 1] = {
        [HOLDING_NOTHING] = "nothing",
        [HOLDING_ANYTHING] = "anything",
};

static const char *const architecture_names[] = {"x86_64", NULL};

static struct profile *profile_of(const struct reading *r)
{
        return r->to;
}

static int take_condition(const struct reading *r, const char *key, const struct doc *value,
                          struct size_condition *ret)
{
        char text[READING_QUOTED_SIZE];
        int rc;

        rc = reading_text(r, key, value, text, sizeof(text));
        if (rc < 0)
                return rc;
        if (size_condition_parse(text, ret) < 0)
                return reading_fail(
                        r, "'%s' must be a comparison and bytes, like \">=32G\" or \"<2T\"", key);
        return 0;
}

static int take_arch(struct reading *r, const char *key, const struct doc *value)
{
        unsigned index = 0;
        int rc;

        rc = reading_name(r, key, value, architecture_names, &index);
        if (rc < 0)
                return rc;
        return text_copy(profile_of(r)->arch, sizeof(profile_of(r)->arch),
                         architecture_names[index]);
}

static int take_memory(struct reading *r, const char *key, const struct doc *value)
{
        return take_condition(r, key, value, &profile_of(r)->memory);
}

static int take_pick(struct reading *r, const char *key, const struct doc *value)
{
        unsigned index = 0;
        int rc;

        rc = reading_name(r, key, value, disk_pick_names, &index);
        if (rc == 0)
                profile_of(r)->pick = (enum disk_pick)index;
        return rc;
}

static int take_types(struct reading *r, const char *key, const struct doc *value)
{
        unsigned index = 0;
        int rc;

        if (!doc_is_list(value) || doc_count(value) == 0)
                return reading_fail(r, "'%s' must be a list, like [nvme, ssd]", key);
        for (size_t i = 0; i < doc_count(value); i++) {
                rc = reading_name(r, key, doc_at(value, i), disk_type_names, &index);
                if (rc < 0)
                        return rc;
                if (profile_of(r)->types[index])
                        return reading_fail(r, "'%s' has '%s' twice", key, disk_type_names[index]);
                profile_of(r)->types[index] = true;
        }
        return 0;
}

static int take_size(struct reading *r, const char *key, const struct doc *value)
{
        return take_condition(r, key, value, &profile_of(r)->size);
}

static int take_holding(struct reading *r, const char *key, const struct doc *value)
{
        unsigned index = 0;
        int rc;

        rc = reading_name(r, key, value, disk_holding_names, &index);
        if (rc == 0)
                profile_of(r)->holding = (enum disk_holding)index;
        return rc;
}

static int take_serial(struct reading *r, const char *key, const struct doc *value)
{
        return reading_text(r, key, value, profile_of(r)->serial, sizeof(profile_of(r)->serial));
}

static int take_wwn(struct reading *r, const char *key, const struct doc *value)
{
        return reading_text(r, key, value, profile_of(r)->wwn, sizeof(profile_of(r)->wwn));
}

/* A step that can be done in one way only, which is said all the same: there will be others. */
static int take_only(const struct reading *r, const char *key, const struct doc *value,
                     const char *only, bool *ret)
{
        if (!text_is_equal(doc_text(value), only))
                return reading_fail(r, "'%s' must be '%s'", key, only);
        *ret = true;
        return 0;
}

static int take_wipe(struct reading *r, const char *key, const struct doc *value)
{
        return take_only(r, key, value, "quick", &profile_of(r)->wipe);
}

/* As image/manifest.h has it, which is not below this room. */
static bool is_image_name(const char *name)
{
        return name[0] != '.' && name[0] != '-' &&
               strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == strlen(name);
}

static int take_image(struct reading *r, const char *key, const struct doc *value)
{
        int rc;

        rc = reading_text(r, key, value, profile_of(r)->image, sizeof(profile_of(r)->image));
        if (rc == 0 && !is_image_name(profile_of(r)->image))
                rc = reading_fail(r, "'%s' is no name of an image: a-z, 0-9, dots and dashes", key);
        return rc;
}

static int take_grow(struct reading *r, const char *key, const struct doc *value)
{
        return take_only(r, key, value, "root", &profile_of(r)->grow);
}

static int take_hostname(struct reading *r, const char *key, const struct doc *value)
{
        char name[NODE_NAME_SIZE];
        int rc;

        rc = reading_text(r, key, value, profile_of(r)->hostname, sizeof(profile_of(r)->hostname));
        if (rc == 0 && profile_hostname(profile_of(r), "x", name) < 0)
                rc = reading_fail(r, "'%s' is no host name: a-z, 0-9, dashes, and " NAME_PATTERN,
                                  key);
        return rc;
}

static int take_user(struct reading *r, const char *key, const struct doc *value)
{
        struct profile *profile = profile_of(r);
        int rc;

        rc = reading_text(r, key, value, profile->seed.user, sizeof(profile->seed.user));
        if (rc == 0 && !seed_user_is_valid(profile->seed.user))
                rc = reading_fail(r,
                                  "'%s' must be a name like ops: a-z, 0-9, dashes and "
                                  "underscores, a letter first; and not root, who must not log in",
                                  key);
        if (rc == 0 && seed_user_is_taken(profile->seed.user))
                rc = reading_fail(r,
                                  "'%s' must be another name: Debian has a user or a group '%s' "
                                  "already, so none of that name can be made",
                                  key, profile->seed.user);
        return rc;
}

/* The name of another document. */
static int take_reference(struct reading *r, const char *key, const struct doc *value,
                          char to[static NODE_NAME_SIZE])
{
        int rc;

        rc = reading_text(r, key, value, to, NODE_NAME_SIZE);
        if (rc == 0 && !seed_name_is_valid(to))
                rc = reading_fail(r, "'%s' must be a name: " SEED_NAME_ALPHABET, key);
        return rc;
}

static int take_ssh_keys(struct reading *r, const char *key, const struct doc *value)
{
        struct seed_names *seed = &profile_of(r)->seed;
        int rc = 0;

        if (!doc_is_list(value) || doc_count(value) == 0 || doc_count(value) > SEED_KEYS_MAX)
                return reading_fail(r,
                                    "'%s' must be a list of names, like [ops], at most %d of them",
                                    key, SEED_KEYS_MAX);
        for (size_t i = 0; i < doc_count(value) && rc == 0; i++) {
                rc = take_reference(r, key, doc_at(value, i), seed->ssh_keys[i]);
                for (size_t before = 0; before < i && rc == 0; before++)
                        if (strcmp(seed->ssh_keys[before], seed->ssh_keys[i]) == 0)
                                rc = reading_fail(r, "'%s' has '%s' twice", key, seed->ssh_keys[i]);
        }
        seed->ssh_key_count = doc_count(value);
        return rc;
}

static int take_user_data(struct reading *r, const char *key, const struct doc *value)
{
        return take_reference(r, key, value, profile_of(r)->seed.user_data);
}

static const struct reading_key seed_keys[] = {
        {"hostname",  take_hostname },
        {"user",      take_user     },
        {"ssh_keys",  take_ssh_keys },
        {"user_data", take_user_data},
        {NULL,        NULL          },
};

static int take_seed(struct reading *r, const char *key, const struct doc *value)
{
        char place[READING_PLACE_SIZE];

        snprintf(place, sizeof(place), "%s, %s", r->place, key);
        return reading_object(r, place, seed_keys, value);
}

static int take_boot(struct reading *r, const char *key, const struct doc *value)
{
        return take_only(r, key, value, "disk", &profile_of(r)->boot);
}

static const struct reading_key needs_keys[] = {
        {"arch",   take_arch  },
        {"memory", take_memory},
        {NULL,     NULL       },
};

static const struct reading_key disk_keys[] = {
        {"pick",    take_pick   },
        {"types",   take_types  },
        {"size",    take_size   },
        {"holding", take_holding},
        {"serial",  take_serial },
        {"wwn",     take_wwn    },
        {NULL,      NULL        },
};

/* In the order in which they are taken, and must be written. */
static const struct reading_key step_keys[] = {
        {"wipe",  take_wipe },
        {"image", take_image},
        {"grow",  take_grow },
        {"seed",  take_seed },
        {"boot",  take_boot },
        {NULL,    NULL      },
};

/* @next: the first row that may still come. */
static int take_step(struct reading *r, const struct doc *step, size_t *next)
{
        const struct reading_key *key;
        const char *name;
        struct doc *value;
        size_t at = 0, row;

        if (!doc_is_object(step) || doc_count(step) != 1 || doc_next(step, &at, &name, &value) <= 0)
                return reading_fail(r, "it must be one key with a value, like 'image: NAME'");
        key = reading_key_find(step_keys, name);
        if (!key)
                return reading_fail_key(r, name, step_keys);
        row = (size_t)(key - step_keys);
        if (row + 1 == *next)
                return reading_fail(r, "'%s' is there twice", name);
        if (row < *next)
                return reading_fail(r, "'%s' must come before '%s'", name,
                                    step_keys[*next - 1].name);
        *next = row + 1;
        return key->take(r, name, value);
}

static int take_steps(struct reading *r, const char *key, const struct doc *value)
{
        size_t next = 0;
        int rc;

        if (!doc_is_list(value))
                return reading_fail(r, "'%s' must be a list, like [{image: NAME}]", key);
        for (size_t i = 0; i < doc_count(value); i++) {
                snprintf(r->place, sizeof(r->place), "spec.%s, step %zu", key, i + 1);
                rc = take_step(r, doc_at(value, i), &next);
                if (rc < 0)
                        return rc;
        }
        return 0;
}

static int take_needs(struct reading *r, const char *key, const struct doc *value)
{
        (void)key;
        return reading_object(r, "spec.needs", needs_keys, value);
}

static int take_disk(struct reading *r, const char *key, const struct doc *value)
{
        (void)key;
        return reading_object(r, "spec.disk", disk_keys, value);
}

/* @text: behind "tcp:". */
static int take_port(const struct reading *r, const char *key, const char *text, uint32_t *ret_port)
{
        uint64_t port = 0;

        if (text_parse_u64(text, UINT16_MAX, &port) < 0 || port == 0 || text[0] == '0')
                return reading_fail(r, "'%s' must be 'tcp:' and a port, 1 to 65535, like tcp:22",
                                    key);
        *ret_port = (uint32_t)port;
        return 0;
}

static int take_done(struct reading *r, const char *key, const struct doc *value)
{
        static const char *const names[] = {
                [UNTIL_PHONE_HOME] = "phone-home", [UNTIL_LEASE] = "lease",
                [UNTIL_OPERATOR] = "operator",     [UNTIL_TCP] = "tcp:PORT",
                [INSTALL_UNTIL_COUNT] = NULL,
        };
        const char *text = doc_text(value);
        unsigned index = 0;
        int rc;

        if (text && text_has_prefix(text, DONE_TCP)) {
                profile_of(r)->done = UNTIL_TCP;
                return take_port(r, key, text + strlen(DONE_TCP), &profile_of(r)->done_port);
        }
        rc = reading_name(r, key, value, names, &index);
        if (rc == 0)
                profile_of(r)->done = (enum install_until)index;
        return rc;
}

static const struct reading_key spec_keys[] = {
        {"needs", take_needs},
        {"disk",  take_disk },
        {"steps", take_steps},
        {"done",  take_done },
        {NULL,    NULL      },
};

int profile_decode(const struct doc *document, char *error, struct profile *ret)
{
        struct profile profile = {.hostname = NAME_PATTERN};
        struct reading r = {.kind = "profile", .to = &profile, .error = error};
        int rc;

        rc = reading_document(&r, node_name_is_valid, "a-z, 0-9 and dashes", spec_keys, document);
        if (rc < 0)
                return rc;
        r.place[0] = '\0';
        if (!profile.image[0])
                return reading_fail(&r, "spec.steps: 'image' is missing");

        memcpy(profile.name, r.name, sizeof(profile.name));
        *ret = profile;
        return 0;
}
