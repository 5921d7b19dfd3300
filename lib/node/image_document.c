/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/image_document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/node/reading.h"

#define NAME_LETTERS  "abcdefghijklmnopqrstuvwxyz0123456789.-"
#define NAME_ALPHABET "lower-case letters, digits, . and -, the first a letter or a digit"

const char *const image_firmware_names[IMAGE_FIRMWARE_COUNT + 1] = {
        [IMAGE_BIOS] = "bios",
        [IMAGE_UEFI] = "uefi",
};

/* As the image's files may be called: image/manifest.h. */
static bool is_name(const char *name)
{
        const size_t len = strlen(name);

        return len > 0 && len < NODE_NAME_SIZE && strspn(name, NAME_LETTERS) == len &&
               name[0] != '.' && name[0] != '-';
}

static struct image_document *image_of(const struct reading *r)
{
        return r->to;
}

static int take_os(struct reading *r, const char *key, const struct doc *value)
{
        return reading_text(r, key, value, image_of(r)->os, sizeof(image_of(r)->os));
}

static int take_architecture(struct reading *r, const char *key, const struct doc *value)
{
        return reading_text(r, key, value, image_of(r)->architecture,
                            sizeof(image_of(r)->architecture));
}

static int take_firmware(struct reading *r, const char *key, const struct doc *value)
{
        unsigned index = 0;

        if (!doc_is_list(value) || doc_count(value) == 0)
                return reading_fail(r, "'%s' must be a list, like [bios, uefi]", key);
        for (size_t i = 0; i < doc_count(value); i++) {
                if (reading_name(r, key, doc_at(value, i), image_firmware_names, &index) < 0)
                        return -EBADMSG;
                image_of(r)->firmware[index] = true;
        }
        return 0;
}

static int take_user(struct reading *r, const char *key, const struct doc *value)
{
        return reading_text(r, key, value, image_of(r)->user, sizeof(image_of(r)->user));
}

static int take_size(const struct reading *r, const char *key, const struct doc *value,
                     uint64_t *ret)
{
        char text[READING_QUOTED_SIZE];

        if (doc_is_number(value) && doc_number(value) > 0) {
                *ret = (uint64_t)doc_number(value);
                return 0;
        }
        if (reading_text(r, key, value, text, sizeof(text)) < 0)
                return -EBADMSG;
        if (text_parse_size(text, ret) < 0 || *ret == 0 || *ret > INT64_MAX)
                return reading_fail(r, "'%s' must be bytes, like 20G", key);
        return 0;
}

static int take_disk(struct reading *r, const char *key, const struct doc *value)
{
        return take_size(r, key, value, &image_of(r)->disk_bytes);
}

static int take_memory(struct reading *r, const char *key, const struct doc *value)
{
        return take_size(r, key, value, &image_of(r)->memory_bytes);
}

/* For people alone: it is shown as it was written. */
static int take_notes(struct reading *r, const char *key, const struct doc *value)
{
        char notes[IMAGE_NOTES_SIZE];

        return reading_text(r, key, value, notes, sizeof(notes));
}

static const struct reading_key image_keys[] = {
        {"os",           take_os          },
        {"architecture", take_architecture},
        {"firmware",     take_firmware    },
        {"user",         take_user        },
        {"disk",         take_disk        },
        {"memory",       take_memory      },
        {"notes",        take_notes       },
        {NULL,           NULL             },
};

int image_document_decode(const struct doc *document, char *error, struct image_document *ret)
{
        struct image_document image = {0};
        struct reading r = {.kind = "image", .to = &image, .error = error};
        _doc_ struct doc *written = doc_copy(document);
        int rc;

        if (!written)
                return -ENOMEM;
        if (doc_is_object(written))
                doc_remove(written, "status");
        rc = reading_document(&r, is_name, NAME_ALPHABET, image_keys, written);
        if (rc < 0)
                return rc;
        memcpy(image.name, r.name, sizeof(image.name));
        *ret = image;
        return 0;
}

/* "": the inventory does not tell. */
static const char *text_at(const struct doc *inventory, const char *path)
{
        const char *text = doc_get_text(inventory, path);

        return text ? text : "";
}

static int check_architecture(const struct image_document *image, const struct doc *inventory,
                              char *why)
{
        const char *level = text_at(inventory, "cpu.isa_level");
        const char *has = text_at(inventory, "kernel.architecture");
        char safe[IMAGE_ARCH_SIZE * 2], wants[IMAGE_ARCH_SIZE * 2];

        /* The levels of x86-64 are what only such a CPU has. */
        if (!has[0] && text_has_prefix(level, "x86-64-"))
                has = "x86_64";
        if (!image->architecture[0] || strcmp(image->architecture, has) == 0)
                return 0;
        snprintf(why, PROFILE_WHY_SIZE, "image '%s' is for %s, and the machine %s%s", image->name,
                 text_escape(wants, sizeof(wants), image->architecture),
                 has[0] ? "is " : "does not tell what it is", text_escape(safe, sizeof(safe), has));
        return -ENOEXEC;
}

static int check_firmware(const struct image_document *image, const struct doc *inventory,
                          char *why)
{
        const char *has = text_at(inventory, "firmware.boot_mode");
        bool is_said = false;
        char safe[16];

        for (unsigned i = 0; i < IMAGE_FIRMWARE_COUNT; i++) {
                if (image->firmware[i] && strcmp(has, image_firmware_names[i]) == 0)
                        return 0;
                is_said |= image->firmware[i];
        }
        if (!is_said)
                return 0;
        snprintf(why, PROFILE_WHY_SIZE, "image '%s' starts with %s alone, and the machine %s%s",
                 image->name, image_firmware_names[image->firmware[IMAGE_UEFI]],
                 has[0] ? "booted with " : "does not tell how it boots",
                 text_escape(safe, sizeof(safe), has));
        return -ENOEXEC;
}

static int check_memory(const struct image_document *image, const struct doc *inventory, char *why)
{
        const int64_t total = doc_get_number(inventory, "memory.total", 0);
        const int64_t installed = doc_get_number(inventory, "memory.installed", 0);
        /* The kernel's own total lacks what firmware reserves. */
        const int64_t has = installed > total ? installed : total;
        char wants[TEXT_SIZE_MAX], size[TEXT_SIZE_MAX];

        if (image->memory_bytes == 0 || (has > 0 && (uint64_t)has >= image->memory_bytes))
                return 0;
        snprintf(why, PROFILE_WHY_SIZE, "image '%s' needs %s of memory, and the machine %s%s",
                 image->name, text_size(wants, image->memory_bytes),
                 has > 0 ? "has " : "does not tell how much it has",
                 has > 0 ? text_size(size, (uint64_t)has) : "");
        return -ENOEXEC;
}

int image_pick_disk(const struct image_document *image, const struct profile *profile,
                    const struct doc *inventory, uint64_t image_size,
                    char why[static PROFILE_WHY_SIZE], struct disk_id *ret)
{
        const uint64_t needed = image->disk_bytes > image_size ? image->disk_bytes : image_size;

        if (check_architecture(image, inventory, why) < 0 ||
            check_firmware(image, inventory, why) < 0 || check_memory(image, inventory, why) < 0)
                return -ENOEXEC;
        return profile_pick_disk(profile, inventory, needed, why, ret);
}
