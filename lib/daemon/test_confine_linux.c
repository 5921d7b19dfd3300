/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Privileges and sandbox, each in a child of its own: there is no way back. A
 * child ends with the number of the first check that failed.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/daemon.h"
#include "lib/daemon/sanitizer.h"

#define CHECK(condition)                                                                           \
        do {                                                                                       \
                if (!(condition))                                                                  \
                        _exit(__LINE__ % 250 + 1);                                                 \
        } while (0)

static void run_child(void (*child)(void))
{
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                child();
                _exit(0); /* not exit(): the child must not run the parent's end */
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status))
                fail_msg("killed by signal %d", WTERMSIG(status));
        if (WEXITSTATUS(status) != 0)
                fail_msg("the check at line n*250+%d", WEXITSTATUS(status) - 1);
}

static void need_root(void)
{
        if (geteuid() == 0)
                return;
        print_message("not root: nothing to give up\n");
        skip();
}

static uint64_t capabilities(bool is_permitted)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

        CHECK(syscall(SYS_capget, &header, data) == 0);
        return is_permitted ? data[0].permitted | (uint64_t)data[1].permitted << 32
                            : data[0].effective | (uint64_t)data[1].effective << 32;
}

static void child_becomes_nobody(void)
{
        static const int keep[] = {CAP_NET_RAW, CAP_NET_BIND_SERVICE, -1};
        const uint64_t kept = 1u << CAP_NET_RAW | 1u << CAP_NET_BIND_SERVICE;
        const struct passwd *nobody = getpwnam("nobody");
        char error[DAEMON_ERROR_SIZE];
        gid_t groups[64];
        int fd;

        CHECK(nobody);
        CHECK(privileges_drop("nobody", keep, error) == 0);
        CHECK(getuid() == nobody->pw_uid && geteuid() == nobody->pw_uid);
        CHECK(getgid() == nobody->pw_gid && getegid() == nobody->pw_gid);
        CHECK(setresuid(0, 0, 0) < 0);
        CHECK(capabilities(true) == kept);
        CHECK(capabilities(false) == kept);
        CHECK(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 0);
        CHECK(prctl(PR_CAPBSET_READ, CAP_NET_RAW, 0, 0, 0) == 1);
        CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
        for (int n = getgroups(64, groups), i = 0; i < n; i++)
                CHECK(groups[i] != 0);
        CHECK(open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
        fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP); /* what was kept works */
        CHECK(fd >= 0);
}

static void child_stays_root(void)
{
        char error[DAEMON_ERROR_SIZE];
        int fd;

        CHECK(privileges_drop("", NULL, error) == 0);
        CHECK(geteuid() == 0);
        CHECK(capabilities(true) == 0);
        fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);
        CHECK(fd < 0 && errno == EPERM);
        CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void child_without_root(void)
{
        char error[DAEMON_ERROR_SIZE];

        if (geteuid() == 0)
                CHECK(setresuid(65534, 65534, 65534) == 0);
        CHECK(privileges_drop("root", NULL, error) == 0);
        CHECK(geteuid() != 0);
        CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void child_unknown_user(void)
{
        char error[DAEMON_ERROR_SIZE];

        CHECK(privileges_drop("no-such-user", NULL, error) == -ENOENT);
        CHECK(strcmp(error, "there is no user 'no-such-user'") == 0);
        CHECK(privileges_give("no-such-user", "/") == -ENOENT);
}

static void test_privileges(void **state)
{
        (void)state;
        run_child(child_without_root);
        need_root();
        run_child(child_becomes_nobody);
        run_child(child_stays_root);
        run_child(child_unknown_user);
}

static void test_give(void **state)
{
        char path[] = "/tmp/cloudie-give-XXXXXX";
        _close_ int fd = mkstemp(path);
        struct stat st;

        (void)state;
        need_root();
        assert_int_equal(privileges_give("nobody", path), 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_uid, getpwnam("nobody")->pw_uid);
        assert_int_equal(privileges_give("", path), 0);
        unlink(path);
        assert_int_equal(privileges_give("nobody", path), -ENOENT);
}

static void *thread_main(void *context)
{
        *(int *)context = unshare(CLONE_NEWNS) < 0 && errno == EPERM ? 1 : 2;
        return NULL;
}

static void child_in_sandbox(void)
{
        char *argv[] = {(char[]){"true"}, NULL};
        struct rlimit core = {1, 1};
        int result = 0, status;
        pthread_t thread;
        pid_t pid;

        CHECK(sandbox_enter(false) == 0);
        CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
        CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
        CHECK(mount("none", "/proc", "tmpfs", 0, NULL) < 0 && errno == EPERM);
        CHECK(unshare(CLONE_NEWUSER) < 0 && errno == EPERM);
        CHECK(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) < 0 &&
              errno == EPERM);
        CHECK(syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS);
        CHECK(syscall(SYS_bpf, 0, NULL, 0) < 0 && errno == EPERM);
        CHECK(syscall(SYS_keyctl, 0, 0) < 0 && errno == EPERM);
        CHECK(syscall(SYS_init_module, NULL, 0, "") < 0 && errno == EPERM);
        CHECK(syscall(SYS_kexec_load, 0, 0, NULL, 0) < 0 && errno == EPERM);
        CHECK(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0) < 0 && errno == EPERM);
        if (!HAS_LEAK_SANITIZER)
                CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM);
        CHECK(execv("/bin/true", argv) < 0 && errno == EPERM);
        /* threads and children work, and inherit it */
        CHECK(pthread_create(&thread, NULL, thread_main, &result) == 0);
        CHECK(pthread_join(thread, NULL) == 0 && result == 1);
        pid = fork();
        if (pid == 0)
                _exit(chroot("/") < 0 && errno == EPERM ? 0 : 1);
        CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static void child_may_exec(void)
{
        int status;
        pid_t pid;

        CHECK(sandbox_enter(true) == 0);
        pid = fork();
        if (pid == 0) {
                execl("/bin/true", "true", (char *)NULL);
                _exit(1);
        }
        CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
        CHECK(mount("none", "/proc", "tmpfs", 0, NULL) < 0 && errno == EPERM);
}

static void test_sandbox(void **state)
{
        (void)state;
        run_child(child_in_sandbox);
        run_child(child_may_exec);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_privileges),
                cmocka_unit_test(test_give),
                cmocka_unit_test(test_sandbox),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
