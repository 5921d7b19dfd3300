/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mkimage/debian_apt.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/base/text.h"
#include "mkimage/debian_files.h"
#include "mkimage/error.h"
#include "mkimage/run.h"

static const char *const suites[] = {DEBIAN_SUITE, DEBIAN_SUITE "-updates",
                                     DEBIAN_SUITE "-security"};
static const char *const components[] = {"main", "contrib", "non-free", "non-free-firmware"};
static const char *const schemes[] = {"http://", "https://", "file:/"};

static bool is_among(const char *word, const char *const *words, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(word, words[i]) == 0)
                        return true;
        return false;
}

/* As a word of sources.list, where a blank would begin the next one. */
static bool is_url(const char *text)
{
        bool has_scheme = false;

        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
                has_scheme = has_scheme || text_has_prefix(text, schemes[i]);
        for (const char *c = text; *c; c++)
                if (!isgraph((unsigned char)*c))
                        return false;
        return has_scheme;
}

/* The sources stand in the image, which is given to whoever asks for it. */
static bool has_password(const char *url)
{
        const char *authority = strstr(url, "://");

        return authority && memchr(authority + 3, '@', strcspn(authority + 3, "/"));
}

static int refuse_password(char *error)
{
        return mkimage_fail(error, -EINVAL,
                            "the URL of a Debian mirror has a user name or a password, which would "
                            "stand in the image; name one without by --mirror");
}

static int sources_of_mirror(const char *mirror, char *error, char **ret)
{
        _buffer_ struct buffer lines = {0};
        int len = (int)strlen(mirror);

        if (!is_url(mirror))
                return mkimage_fail(error, -EINVAL,
                                    "--mirror takes the URL of a Debian mirror, "
                                    "such as http://deb.debian.org/debian");
        if (has_password(mirror))
                return refuse_password(error);
        if (mirror[len - 1] == '/')
                len--;
        buffer_format(&lines, "deb %.*s %s main\n", len, mirror, suites[0]);
        buffer_format(&lines, "deb %.*s %s main\n", len, mirror, suites[1]);
        buffer_format(&lines, "deb %.*s-security %s main\n", len, mirror, suites[2]);
        return buffer_take(&lines, ret);
}

/* One line of apt-get: URL, suite, component, origin. The last is "$(ORIGIN)" before the first
 * `apt-get update`. */
static int take_source(struct buffer *lines, char *line, char *error)
{
        char *rest = NULL;
        const char *url = strtok_r(line, " ", &rest), *suite = strtok_r(NULL, " ", &rest),
                   *component = strtok_r(NULL, " ", &rest), *origin = strtok_r(NULL, "", &rest);

        if (!url || !suite || !component || !is_url(url) ||
            !is_among(suite, suites, ARRAY_SIZE(suites)) ||
            !is_among(component, components, ARRAY_SIZE(components)))
                return 0;
        if (origin && origin[0] != '$' && strcmp(origin, "Debian") != 0)
                return 0;
        if (has_password(url))
                return refuse_password(error);
        buffer_format(lines, "deb %s %s %s\n", url, suite, component);
        return 0;
}

int debian_sources(const char *mirror, char *error, char **ret)
{
        static const char *const argv[] = {"apt-get",
                                           "indextargets",
                                           "--format",
                                           "$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)",
                                           "Created-By: Packages",
                                           NULL};
        _buffer_ struct buffer lines = {0};
        _free_ char *said = NULL;
        char *rest = NULL;
        int rc;

        if (mirror)
                return sources_of_mirror(mirror, error, ret);
        rc = run_program(argv, NULL, error, &said);
        if (rc < 0)
                return rc;
        for (char *line = strtok_r(said, "\n", &rest); line && rc == 0;
             line = strtok_r(NULL, "\n", &rest))
                rc = take_source(&lines, line, error);
        if (rc < 0)
                return rc;
        if (lines.size == 0)
                return mkimage_fail(error, -ENOENT,
                                    "apt of this machine has no source for Debian " DEBIAN_SUITE
                                    "; name one with --mirror");
        return buffer_take(&lines, ret);
}

/* "@": it may hold a password, and would be seen among the words of mmdebstrap. */
static bool is_wanted(const char *line)
{
        static const char *const wanted[] = {"::Proxy",   "::Check-", "::Retries",
                                             "::Timeout", "::CaInfo", "::Verify-"};

        for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
                if (strstr(line, wanted[i]))
                        return !strchr(line, '@');
        return false;
}

int debian_apt_configuration(char *error, char **ret)
{
        static const char *const argv[] = {"apt-config", "dump", "Acquire", NULL};
        _buffer_ struct buffer lines = {0};
        _free_ char *said = NULL;
        char *rest = NULL;
        int rc = run_program(argv, NULL, error, &said);

        if (rc < 0)
                return rc;
        /* Half a thousand files: one of them comes late now and then. This machine's own word
         * counts. */
        buffer_text(&lines, "APT::Install-Recommends \"false\";\nAcquire::Retries \"5\";\n");
        for (char *line = strtok_r(said, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                if (is_wanted(line))
                        buffer_format(&lines, "%s\n", line);
        return buffer_take(&lines, ret);
}

static const struct {
        const char *words, *meaning;
} troubles[] = {
        {"No space left on device",     "the disk is full"                                                 },
        {"t have enough free space",    "the disk is full"                                                 },
        {"Disk quota exceeded",         "the disk is full"                                                 },
        {"Temporary failure resolving", "the mirror cannot be reached"                                     },
        {"Could not resolve",           "the mirror cannot be reached"                                     },
        {"Could not connect",           "the mirror cannot be reached"                                     },
        {"Unable to connect",           "the mirror cannot be reached"                                     },
        {"Connection refused",          "the mirror cannot be reached"                                     },
        {"Connection failed",           "the mirror cannot be reached"                                     },
        {"connection timed out",        "the mirror cannot be reached"                                     },
        {"Connection timed out",        "the mirror cannot be reached"                                     },
        {"Network is unreachable",      "the mirror cannot be reached"                                     },
        {"does not have a Release",     "the mirror has no Debian " DEBIAN_SUITE                           },
        {"404  Not Found",              "the mirror lacks a file; its lists may just be changing"          },
        {"Failed to fetch",             "the mirror does not give a file"                                  },
        {"File not found",              "the mirror does not give a file"                                  },
        {"Hash Sum mismatch",           "the mirror gives a file that is not what its lists say"           },
        {"NO_PUBKEY",                   "the mirror is not signed by Debian"                               },
        {"is not signed",               "the mirror is not signed by Debian"                               },
        {"is not valid yet",            "the clock of this machine is wrong, or the mirror's lists are"    },
        {"is expired",                  "the clock of this machine is wrong, or the mirror's lists are old"},
        {"unable to pick chroot mode",
         "mmdebstrap needs root here, or the package uidmap, or fakechroot with fakeroot"                  },
        {"Unable to locate package",    "the mirror lacks a package"                                       },
};

const char *debian_trouble(const char *line)
{
        for (size_t i = 0; i < ARRAY_SIZE(troubles); i++)
                if (strstr(line, troubles[i].words))
                        return troubles[i].meaning;
        return NULL;
}
