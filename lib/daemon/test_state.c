/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration files and the lock of the state folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/daemon/daemon.h"

static char folder[] = "/tmp/cloudie-state-XXXXXX";
static char path[64], error[DAEMON_ERROR_SIZE];

struct network {
        char name[16];
        uint32_t lease_s;
};

struct config {
        char listen[32];
        struct network networks[2];
        size_t network_count;
};

static const struct doc_field network_fields[] = {
        DOC_FIELD(struct network, name, DOC_TEXT, DOC_REQUIRED),
        DOC_FIELD(struct network, lease_s, DOC_U32, 0),
};
static DOC_TABLE(network_table, struct network, "network", network_fields);

static const struct doc_field config_fields[] = {
        DOC_FIELD(struct config, listen, DOC_TEXT, 0),
        DOC_LIST_FIELD(struct config, networks, network_count, 0, &network_table),
};
static DOC_TABLE(config_table, struct config, "configuration", config_fields);

static int load(const char *text, struct config *ret)
{
        assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
        return config_load(path, &config_table, error, ret);
}

static void assert_error(const char *sentence)
{
        assert_true(text_has_prefix(error, path));
        assert_string_equal(error + strlen(path), sentence);
}

static void test_config(void **state)
{
        struct config config = {.listen = "0.0.0.0:8443"};

        (void)state;
        assert_int_equal(load("networks:\n  - name: lab\n    lease_s: 60\n", &config), 0);
        assert_string_equal(config.listen, "0.0.0.0:8443");
        assert_int_equal(config.network_count, 1);
        assert_int_equal(config.networks[0].lease_s, 60);
        assert_int_equal(load("# all defaults\n", &config), 0);
        assert_string_equal(config.listen, "0.0.0.0:8443");
}

static void test_config_sentences(void **state)
{
        struct config config = {0};

        (void)state;
        assert_int_equal(load("networks:\n  - {name: lab, lease: 60}\n", &config), -EBADMSG);
        assert_error(": 'networks[0].lease' is not a key; did you mean 'lease_s'?");
        assert_int_equal(load("listen: x\nlisten: y\n", &config), -EBADMSG);
        assert_error(": line 2, column 1: a name is given twice");
        assert_int_equal(load("- a\n", &config), -EBADMSG);
        assert_error(": the document must be an object");
        assert_int_equal(config_load("/no/such.yaml", &config_table, error, &config), -ENOENT);
        assert_string_equal(error, "cannot read /no/such.yaml: No such file or directory");
}

static int lock(const char *at, int *ret_fd)
{
        return state_lock(at, "cloudied", error, ret_fd);
}

static void test_lock(void **state)
{
        char at[80], expected[DAEMON_ERROR_SIZE];
        int first = -1, second = -1;
        struct stat st;

        (void)state;
        snprintf(at, sizeof(at), "%s/var/lib", folder);
        assert_int_equal(lock(at, &first), 0);
        assert_int_equal(stat(at, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        assert_int_equal(lock(at, &second), -EBUSY);
        assert_int_equal(second, -1);
        snprintf(expected, sizeof(expected), "another cloudied (pid %d) uses %s", (int)getpid(),
                 at);
        assert_string_equal(error, expected);
        close(first);
        assert_int_equal(lock(at, &second), 0); /* it goes with its owner */
        close(second);
}

static void test_lock_of_a_killed_process(void **state)
{
        char at[80];
        int fd = -1, status;
        pid_t pid;

        (void)state;
        snprintf(at, sizeof(at), "%s/killed", folder);
        pid = fork();
        if (pid == 0) {
                lock(at, &fd);
                abort();
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(lock(at, &fd), 0);
        close(fd);
}

static void test_lock_sentences(void **state)
{
        char at[80], expected[DAEMON_ERROR_SIZE];
        int fd = -1;

        (void)state;
        snprintf(at, sizeof(at), "%s/x", path); /* below a file */
        assert_int_equal(lock(at, &fd), -ENOTDIR);
        snprintf(expected, sizeof(expected), "cannot use the state folder %s: Not a directory", at);
        assert_string_equal(error, expected);
}

static int make_folder(void **state)
{
        (void)state;
        if (!mkdtemp(folder))
                return -1;
        snprintf(path, sizeof(path), "%s/cloudied.yaml", folder);
        return 0;
}

static int remove_folder(void **state)
{
        char command[64];

        (void)state;
        snprintf(command, sizeof(command), "rm -r %s", folder);
        return system(command);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_config),
                cmocka_unit_test(test_config_sentences),
                cmocka_unit_test(test_lock),
                cmocka_unit_test(test_lock_of_a_killed_process),
                cmocka_unit_test(test_lock_sentences),
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
