/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/node/seed.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "lib/node/reading.h"
#include "lib/node/ssh_key.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789.-"
#define USER_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789_-"
#define PRIVATE_KEY     "-----BEGIN"

static const struct doc_field names_fields[] = {
        DOC_FIELD(struct seed_names, user, DOC_TEXT, 0),
        DOC_TEXTS_FIELD(struct seed_names, ssh_keys, ssh_key_count, 0),
        DOC_FIELD(struct seed_names, user_data, DOC_TEXT, 0),
};
DOC_TABLE(seed_names_table, struct seed_names, "seed", names_fields);

bool seed_name_is_valid(const char *name)
{
        const size_t len = strlen(name);

        return len > 0 && len < NODE_NAME_SIZE && name[0] != '.' && name[0] != '-' &&
               strspn(name, NAME_CHARACTERS) == len;
}

bool seed_user_is_valid(const char *name)
{
        const size_t len = strlen(name);

        return len > 0 && len < SEED_USER_SIZE && name[0] >= 'a' && name[0] <= 'z' &&
               strspn(name, USER_CHARACTERS) == len && strcmp(name, "root") != 0;
}

/*
 * Users and groups: useradd(8), which makes a group of the user's name, takes neither. (The
 * older names, such as daemon, are those of other systems, too.)
 */
static const char *const system_names[] = {
        /* base-passwd 3.6.1 */
        "_apt", "adm", "audio", "backup", "bin", "cdrom", "daemon", "dialout", "dip", "disk", "fax",
        "floppy", "games", "irc", "kmem", "list", "lp", "mail", "man", "news", "nobody", "nogroup",
        "operator", "plugdev", "proxy", "root", "sasl", "shadow", "src", "staff", "sudo", "sync",
        "sys", "tape", "tty", "users", "utmp", "uucp", "video", "voice", "www-data",
        /* systemd, udev, dbus, openssh-server; groups that cloud-init makes for its default user */
        "_ssh", "input", "kvm", "messagebus", "netdev", "render", "sgx", "sshd", "systemd-journal",
        "systemd-network", "systemd-resolve", "systemd-timesync",
        /* cloudie-worker.service: of its DynamicUser */
        "cloudie-worker"};

bool seed_user_is_taken(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(system_names); i++)
                if (strcmp(system_names[i], name) == 0)
                        return true;
        return false;
}

const char *seed_key_fault(const char *line)
{
        if (text_has_prefix(line, PRIVATE_KEY))
                return "is a private key, or a certificate: keep it to yourself, and take the line "
                       "of the .pub file";
        for (const char *c = line; *c; c++)
                if (*c < ' ' || *c > '~')
                        return "must be one line of printable ASCII";
        switch (ssh_key_check_line(line)) {
        case 0:
                return NULL;
        case -EPROTONOSUPPORT:
                return "must begin with ssh-ed25519, ssh-rsa, or another type of key, and have no "
                       "options before it";
        case -ENODATA:
                return "has nothing behind its type";
        case -EILSEQ:
                return "has no base64 behind its type";
        case -ENOMEM:
                return "cannot be looked at: no memory";
        default:
                return "is damaged: its bytes are not those of a key of its type";
        }
}

static struct seed_key *key_of(const struct reading *r)
{
        return r->to;
}

static int take_public_key(struct reading *r, const char *key, const struct doc *value)
{
        struct seed_key *to = key_of(r);
        const char *fault;
        size_t len;
        int rc;

        rc = reading_text(r, key, value, to->line, sizeof(to->line));
        if (rc < 0)
                return rc;
        len = strlen(to->line); /* a block of YAML ends with its line */
        if (to->line[len - 1] == '\n')
                to->line[len - 1] = '\0';
        fault = seed_key_fault(to->line);
        return fault ? reading_fail(r, "'%s' %s", key, fault) : 0;
}

static const struct reading_key key_keys[] = {
        {"public_key", take_public_key},
        {NULL,         NULL           },
};

int seed_key_decode(const struct doc *document, char *error, struct seed_key *ret)
{
        struct seed_key key = {.line = ""};
        struct reading r = {.kind = "key", .to = &key, .error = error};
        int rc;

        rc = reading_document(&r, seed_name_is_valid, SEED_NAME_ALPHABET, key_keys, document);
        if (rc < 0)
                return rc;
        r.place[0] = '\0';
        if (!key.line[0])
                return reading_fail(&r, "spec: 'public_key' is missing");
        memcpy(key.name, r.name, sizeof(key.name));
        *ret = key;
        return 0;
}

/* The second byte of U+0080 to U+009F, control bytes that look like text. */
static bool is_c1(const char *c)
{
        return (uint8_t)c[0] == 0xc2 && (uint8_t)c[1] >= 0x80 && (uint8_t)c[1] < 0xa0 &&
               (uint8_t)c[1] != 0x85;
}

bool seed_text_is_plain(const char *text)
{
        for (const char *c = text; *c; c++)
                if (((uint8_t)*c < ' ' && *c != '\t' && *c != '\n' && *c != '\r') || *c == 0x7f ||
                    is_c1(c))
                        return false;
        return true;
}

static int take_file_text(struct reading *r, const char *key, const struct doc *value)
{
        struct text_file *to = r->to;
        int rc;

        rc = reading_text(r, key, value, to->text, sizeof(to->text));
        if (rc == 0 && !seed_text_is_plain(to->text))
                rc = reading_fail(r, "'%s' has control bytes: it must be text", key);
        return rc;
}

static const struct reading_key file_keys[] = {
        {"text", take_file_text},
        {NULL,   NULL          },
};

int text_file_decode(const struct doc *document, char *error, struct text_file *ret)
{
        struct reading r = {.kind = "file", .to = ret, .error = error};
        int rc;

        ret->text[0] = '\0';
        rc = reading_document(&r, seed_name_is_valid, SEED_NAME_ALPHABET, file_keys, document);
        if (rc < 0)
                return rc;
        r.place[0] = '\0';
        if (!ret->text[0])
                return reading_fail(&r, "spec: 'text' is missing");
        memcpy(ret->name, r.name, sizeof(ret->name));
        return 0;
}
