/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `migrate`: what another server's files say, shown first. With --yes networks and
 * reservations are put into cloudied.yaml, and rules are given to the controller; nothing of
 * it while anything is wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/each.h"
#include "cli/items.h"
#include "cli/migrate.h"
#include "lib/base/buffer.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/options.h"

#define CONFIG_PATH "/etc/cloudie/cloudied.yaml"
#define CONFIG_SIZE ((size_t)8 << 20)
#define KEPT_SUFFIX ".before-migrate"

static const struct {
        const char *name;
        migrate_parse_fn parse;
} forms[] = {
        {"dhcpd",   migrate_dhcpd  },
        {"kea",     migrate_kea    },
        {"dnsmasq", migrate_dnsmasq},
        {"csv",     migrate_csv    },
};

struct job {
        const struct command_context *context;
        struct migration *m;
        char folder[PATH_MAX]; /* of the first file: what others name lies in it, or below */
        const char *config;    /* path of cloudied.yaml */
        char *config_text;     /* owned; NULL: there is none */
        struct doc *present;   /* owned; what it says */
        struct doc *networks, *reservations, *rules; /* owned */
};

static void job_done(struct job *job)
{
        migration_free(job->m);
        free(job->config_text);
        doc_free(job->present);
        doc_free(job->networks);
        doc_free(job->reservations);
        doc_free(job->rules);
}

static int complain(const char *path, const char *sentence)
{
        char safe[MIGRATE_PATH_SIZE];

        fprintf(stderr, "cloudie: %s: %s\n", text_escape(safe, sizeof(safe), path), sentence);
        return EXIT_FAILURE;
}

/* --- reading --- */

static int include(struct migration *m, const char *name, char **ret, size_t *ret_size)
{
        const struct job *job = m->context;
        const size_t size = strlen(job->folder);
        char path[PATH_MAX], real[PATH_MAX];
        int rc;

        if (snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : job->folder,
                     name[0] == '/' ? "" : "/", name) >= (int)sizeof(path))
                return -ENAMETOOLONG;
        if (!realpath(path, real))
                return -errno;
        if (strncmp(real, job->folder, size) != 0 || real[size] != '/')
                return -EACCES;
        rc = file_read(AT_FDCWD, real, MIGRATE_SIZE_MAX, ret, ret_size);
        if (rc == 0)
                rc = migrate_file_begin(m, real);
        return rc;
}

static int find_folder(struct job *job, const char *path)
{
        char real[PATH_MAX], *slash;

        if (!realpath(path, real))
                return complain(path, strerror(errno));
        slash = strrchr(real, '/');
        *slash = '\0';
        return text_copy(job->folder, sizeof(job->folder), real) < 0 ? EXIT_FAILURE : 0;
}

static int read_one(struct job *job, migrate_parse_fn parse, const char *path)
{
        _free_ char *text = NULL;
        size_t size = 0;
        int rc = file_read(AT_FDCWD, path, MIGRATE_SIZE_MAX, &text, &size);

        if (rc == 0)
                rc = migrate_file_begin(job->m, path);
        if (rc < 0)
                return complain(path, strerror(-rc));
        parse(job->m, text, size);
        return 0;
}

static int read_config(struct job *job)
{
        static const struct doc_limits limits = {.size = CONFIG_SIZE, .depth = 16, .count = 200000};
        char error[DOC_ERROR_SIZE] = "";
        int rc;

        job->config = job->context->file ? job->context->file : CONFIG_PATH;
        rc = file_read(AT_FDCWD, job->config, CONFIG_SIZE, &job->config_text, NULL);
        if (rc == -ENOENT || (rc == -EACCES && !job->context->file))
                return 0;
        if (rc < 0)
                return complain(job->config, strerror(-rc));
        if (doc_parse_yaml(job->config_text, strlen(job->config_text), &limits, error,
                           &job->present) < 0)
                return complain(job->config, error[0] ? error : "it is no YAML");
        return 0;
}

static int read_all(struct job *job)
{
        const struct command_context *context = job->context;
        migrate_parse_fn parse = NULL;
        int rc;

        for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
                if (text_is_equal(forms[i].name, context->argv[0]))
                        parse = forms[i].parse;
        if (!parse) {
                fprintf(stderr, "cloudie: migrate knows dhcpd, kea, dnsmasq and csv\n");
                return EXIT_USAGE;
        }
        rc = read_config(job);
        if (rc == 0)
                rc = find_folder(job, context->argv[1]);
        for (int i = 1; rc == 0 && i < context->argc; i++)
                rc = read_one(job, parse, context->argv[i]);
        return rc;
}

/* --- showing --- */

static void show_findings(const struct migration *m)
{
        char safe[MIGRATE_PATH_SIZE];

        for (size_t i = 0; i < m->finding_count; i++) {
                const struct migrate_finding *finding = &m->findings[i];

                fprintf(stderr, "%s:%u: %s: %s\n",
                        text_escape(safe, sizeof(safe), m->files[finding->at.file]),
                        finding->at.line, migrate_verdict_names[finding->verdict], finding->text);
        }
        if (m->findings_dropped > 0)
                fprintf(stderr, "and %zu more\n", m->findings_dropped);
}

static struct doc *findings_doc(const struct migration *m)
{
        struct doc *list = doc_list();

        for (size_t i = 0; i < m->finding_count; i++) {
                const struct migrate_finding *finding = &m->findings[i];
                struct doc *one = doc_object();

                (void)doc_set_text(one, "file", m->files[finding->at.file]);
                (void)doc_set_number(one, "line", finding->at.line);
                (void)doc_set_text(one, "what", migrate_verdict_names[finding->verdict]);
                (void)doc_set_text(one, "text", finding->text);
                (void)doc_append(list, one);
        }
        return list;
}

static struct doc *config_doc(const struct job *job)
{
        struct doc *config = doc_object();

        if (doc_count(job->networks) > 0)
                (void)doc_set(config, "networks", doc_copy(job->networks));
        if (doc_count(job->reservations) > 0)
                (void)doc_set(config, "reservations", doc_copy(job->reservations));
        return config;
}

static int show_whole(const struct job *job)
{
        _doc_ struct doc *whole = doc_object();

        (void)doc_set(whole, "networks", doc_copy(job->networks));
        (void)doc_set(whole, "reservations", doc_copy(job->reservations));
        (void)doc_set(whole, "rules", doc_copy(job->rules));
        (void)doc_set(whole, "findings", findings_doc(job->m));
        return print_document(job->context->output, whole);
}

/* As it would stand in cloudied.yaml; documents behind it. */
static int show(const struct job *job)
{
        _doc_ struct doc *config = config_doc(job);
        int rc = 0;

        if (job->context->output != OUTPUT_TABLE)
                return show_whole(job);
        show_findings(job->m);
        if (doc_count(config) > 0)
                rc = print_document(OUTPUT_YAML, config);
        for (size_t i = 0; rc == 0 && i < doc_count(job->rules); i++) {
                printf("---\n");
                rc = print_document(OUTPUT_YAML, doc_at(job->rules, i));
        }
        return rc;
}

static void show_sum(const struct job *job)
{
        const struct migration *m = job->m;

        fprintf(stderr,
                "%zu networks, %zu reservations (%zu of them from leases; %zu leases had ended), "
                "%zu rules; %zu remarks\n",
                doc_count(job->networks), doc_count(job->reservations), m->lease_count,
                m->expired_count, doc_count(job->rules), m->finding_count + m->findings_dropped);
}

/* --- applying --- */

static int put_rule(struct call *call, const struct doc *rule)
{
        _answer_ struct call_answer now = {0};
        char path[160];
        const struct call_request get = {.method = "GET", .path = path};

        each_path(path, sizeof(path), "/api/v1/rules", doc_get_text(rule, "name"), "");
        if (call_try(call, &get, &now) && item_says_the_same(rule, now.doc))
                return 0;
        if (now.status != 200 && now.status != 404)
                return call_complain(call, &now);
        return call_do(call, "PUT", path, NULL, rule, NULL);
}

static int put_rules(const struct job *job)
{
        struct call *call = NULL;
        struct credential credential;
        int rc;

        if (doc_count(job->rules) == 0)
                return 0;
        rc = credentials_load(job->context->credentials, &credential);
        if (rc < 0) {
                fprintf(stderr, "cloudie: names and labels are rules of the controller, and there "
                                "are no credentials for it: log in first\n");
                return EXIT_FAILURE;
        }
        rc = call_new(&credential, &call);
        for (size_t i = 0; rc == 0 && i < doc_count(job->rules); i++)
                rc = put_rule(call, doc_at(job->rules, i));
        call_free(call);
        return rc;
}

/* The text with what comes over; NULL after a sentence. */
static char *make_config(const struct job *job)
{
        const struct {
                const char *key;
                const struct doc *list;
        } lists[] = {
                {"networks",     job->networks    },
                {"reservations", job->reservations}
        };
        char *text = strdup(job->config_text ? job->config_text : "");

        for (size_t i = 0; text && i < ARRAY_SIZE(lists); i++) {
                _free_ char *before = text;
                int rc;

                if (doc_count(lists[i].list) == 0) {
                        text = TAKE_PTR(before);
                        continue;
                }
                text = NULL;
                rc = migrate_yaml_add(before, lists[i].key, lists[i].list, &text);
                if (rc < 0)
                        (void)complain(job->config,
                                       "its lists are written so that nothing can be added: write "
                                       "them over lines that begin with '-', or add what is shown "
                                       "by hand");
        }
        return text;
}

/* Whole or not at all, with the owner and mode that it had. */
static int write_config(const struct job *job, const char *text)
{
        char kept[PATH_MAX];
        struct stat st;
        int rc;

        if (text_is_equal(text, job->config_text))
                return 0;
        if (stat(job->config, &st) < 0)
                return complain(job->config, strerror(errno));
        if (snprintf(kept, sizeof(kept), "%s" KEPT_SUFFIX, job->config) >= (int)sizeof(kept))
                return complain(job->config, "the path is too long");
        rc = file_replace(kept, job->config_text, strlen(job->config_text), st.st_mode & 0777);
        if (rc == 0)
                rc = file_replace(job->config, text, strlen(text), st.st_mode & 0777);
        if (rc < 0)
                return complain(job->config, strerror(-rc));
        if (chown(job->config, st.st_uid, st.st_gid) < 0)
                (void)complain(job->config, "it is yours now: give it back to whom it was");
        fprintf(stderr, "%s is written, and what it was is in %s; restart cloudied to have it so\n",
                job->config, kept);
        return 0;
}

static int apply(const struct job *job)
{
        _free_ char *text = NULL;
        int rc;

        if (doc_count(job->networks) + doc_count(job->reservations) > 0 && !job->config_text)
                return complain(job->config, "networks and reservations come into cloudied.yaml, "
                                             "and it is not there: name it with -o FILE, or put "
                                             "what is shown into it by hand");
        text = make_config(job);
        if (!text)
                return EXIT_FAILURE;
        rc = put_rules(job);
        if (rc != 0) {
                fprintf(stderr, "cloudie: cloudied.yaml was not changed\n");
                return rc;
        }
        return job->config_text ? write_config(job, text) : 0;
}

static int finish(struct job *job)
{
        migrate_finish(job->m, job->present);
        if (job->m->rc == -ENOMEM)
                return complain(job->context->argv[1], "no memory");
        job->networks = migrate_networks_doc(job->m);
        job->reservations = migrate_reservations_doc(job->m);
        job->rules = migrate_rules_doc(job->m);
        if (!job->networks || !job->reservations || !job->rules)
                return complain(job->context->argv[1], "no memory");
        if (doc_count(job->rules) > MIGRATE_RULES_MAX)
                migrate_say(job->m, 0, MIGRATE_WRONG,
                            "there are %zu machines with a name or labels, and a controller keeps "
                            "%d rules",
                            doc_count(job->rules), MIGRATE_RULES_MAX);
        return 0;
}

int command_migrate(const struct command_context *context)
{
        __attribute__((cleanup(job_done))) struct job job = {
                .context = context, .m = migration_new((uint64_t)time(NULL))};
        int rc;

        if (!job.m)
                return complain("migrate", "no memory");
        job.m->include = include;
        job.m->context = &job;
        rc = read_all(&job);
        if (rc == 0)
                rc = finish(&job);
        if (rc == 0)
                rc = show(&job);
        if (rc != 0)
                return rc;
        show_sum(&job);
        if (job.m->wrong_count > 0) {
                fprintf(stderr, "cloudie: what is 'wrong' above must be put right first; nothing "
                                "was done\n");
                return EXIT_FAILURE;
        }
        if (context->dry_run || !context->is_sure) {
                fprintf(stderr, "nothing was done: --yes does it\n");
                return 0;
        }
        return apply(&job);
}
