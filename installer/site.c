/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installer/site.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/doc/table.h"

#define COMMAND_LINE_WORD 512
#define SITE_FILE_MAX     ((size_t)64 << 10) /* three small files; a CA chain is a few KiB */

static int take_boot(const char *value, struct site *site)
{
        uint8_t number[(BOOT_TEXT_SIZE - 1) / 2];

        if (text_unhex(value, number, sizeof(number)) < 0)
                return -EBADMSG;
        return text_copy(site->boot, sizeof(site->boot), value);
}

static int take_edge(const char *value, struct site *site)
{
        if (!text_has_prefix(value, "http://"))
                return -EBADMSG;
        return text_copy(site->edge, sizeof(site->edge), value);
}

bool site_is_reached_by_ip6(const struct site *site)
{
        return text_has_prefix(site->edge, "http://[");
}

/* As PXELINUX and iPXE scripts write it: hardware type 01, then the MAC, with dashes. */
static int take_interface(const char *value, struct site *site)
{
        if (text_has_prefix(value, "01-"))
                value += 3;
        return mac_parse(value, &site->boot_mac);
}

static int take_time(const char *value, struct site *site)
{
        return text_parse_u64(value, UINT32_MAX, &site->time_s);
}

static const struct {
        const char *name;
        int (*take)(const char *value, struct site *site);
} words[] = {
        {"cloudie.boot=", take_boot     },
        {"cloudie.edge=", take_edge     },
        {"cloudie.time=", take_time     },
        {"BOOTIF=",       take_interface},
};

static int take_word(const char *word, char *error, struct site *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                if (!text_has_prefix(word, words[i].name) ||
                    words[i].take(word + strlen(words[i].name), ret) == 0)
                        continue;
                snprintf(error, SITE_ERROR_SIZE,
                         "the kernel's command line has a '%s' that cannot be read", words[i].name);
                return -EBADMSG;
        }
        return 0;
}

int site_read_command_line(const char *text, char *error, struct site *ret)
{
        static const char blanks[] = " \t\n";
        char word[COMMAND_LINE_WORD];
        int rc;

        for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
                const size_t len = strcspn(text, blanks);

                /* A word that does not fit is none of ours. */
                if (text_copy_bytes(word, sizeof(word), text, len) == 0) {
                        rc = take_word(word, error, ret);
                        if (rc < 0)
                                return rc;
                }
                text += len;
        }
        return 0;
}

struct site_file {
        char controllers[SITE_MAX_CONTROLLERS][SITE_URL_SIZE];
        size_t controller_count;
};

static const struct doc_field site_fields[] = {
        DOC_TEXTS_FIELD(struct site_file, controllers, controller_count, DOC_REQUIRED),
};
static DOC_TABLE(site_table, struct site_file, "site.json", site_fields);

int site_parse(const char *json, size_t size, char *error, struct site *ret)
{
        struct site_file file = {0};
        int rc;

        rc = doc_decode_text(&site_table, json, size, &doc_limits_message, error, &file);
        if (rc < 0)
                return rc;
        for (size_t i = 0; i < file.controller_count; i++) {
                if (text_has_prefix(file.controllers[i], "https://"))
                        continue;
                snprintf(error, SITE_ERROR_SIZE, "site.json: a controller is not an https:// URL");
                return -EBADMSG;
        }

        memcpy(ret->controllers, file.controllers, sizeof(ret->controllers));
        ret->controller_count = file.controller_count;
        return 0;
}

/* minisign's public key file: a comment, then the key. */
static int parse_signing_key(const char *text, struct public_key *ret)
{
        char line[128] = "";
        const char *key = strchr(text, '\n');

        key = key ? key + 1 : text;
        if (text_copy_bytes(line, sizeof(line), key, strcspn(key, "\r\n")) < 0)
                return -EBADMSG;
        return minisign_public_parse(line, ret);
}

static int read_part(const char *folder, const char *name, char *error, char **ret,
                     size_t *ret_size)
{
        char path[SITE_URL_SIZE + 32];
        int rc;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        rc = file_read(AT_FDCWD, path, SITE_FILE_MAX, ret, ret_size);
        if (rc < 0)
                snprintf(error, SITE_ERROR_SIZE, "%s cannot be read: %s", path, strerror(-rc));
        return rc;
}

int site_read_folder(const char *folder, char *error, struct site *ret)
{
        _free_ char *json = NULL, *key = NULL, *ca = NULL;
        size_t size;
        int rc;

        rc = read_part(folder, "site.json", error, &json, &size);
        if (rc < 0)
                return rc;
        rc = site_parse(json, size, error, ret);
        if (rc < 0)
                return rc;

        rc = read_part(folder, "signing.pub", error, &key, &size);
        if (rc < 0)
                return rc;
        rc = parse_signing_key(key, &ret->signing_key);
        if (rc < 0) {
                snprintf(error, SITE_ERROR_SIZE, "%s/signing.pub is not a minisign public key",
                         folder);
                return rc;
        }

        /* Read only to say early, and clearly, that it is missing: libcurl reads it again. */
        rc = read_part(folder, "ca.pem", error, &ca, &size);
        if (rc < 0)
                return rc;
        snprintf(ret->ca_path, sizeof(ret->ca_path), "%s/ca.pem", folder);
        return 0;
}
