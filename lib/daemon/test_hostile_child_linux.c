/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A child that was taken over: it tries to open, connect, exec and more, and is
 * refused each; what it is there for, it still can. Then what Landlock alone
 * refuses a daemon. There is no way back, so each is a process of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/daemon/confine.h"
#include "lib/daemon/sanitizer.h"

/* What the child says is this line; 0: all is as it should be. */
static int failed_line;
static int report = -1;

#define CHECK(condition)                                                                           \
        do {                                                                                       \
                if (!(condition)) {                                                                \
                        failed_line = __LINE__;                                                    \
                        return;                                                                    \
                }                                                                                  \
        } while (0)
#define REFUSED(call) CHECK((call) < 0 && errno == EPERM)

/* Descriptors of every child: where it reports, a file, a connected socket and its other end. */
enum { REPORT = 3, FILE_FD = 4, PEER = 5, OTHER_END = 6, FIRST_CLOSED = 7 };

static char folder[] = "/tmp/cloudie-confine-XXXXXX";
static uint16_t open_port, other_port;

static void run_child(void (*child)(void))
{
        int pipes[2], line = -1, status;
        pid_t pid;

        assert_int_equal(pipe(pipes), 0);
        pid = fork();
        if (pid == 0) {
                report = fcntl(pipes[1], F_DUPFD, 20);
                child();
                (void)!write(report, &failed_line, sizeof(failed_line));
                _exit(0); /* not exit(): the child must not run the parent's end */
        }
        close(pipes[1]);
        (void)!read(pipes[0], &line, sizeof(line));
        close(pipes[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFSIGNALED(status))
                fail_msg("killed by signal %d", WTERMSIG(status));
        if (line != 0)
                fail_msg("the check in line %d", line);
}

static void need_landlock(unsigned version)
{
        if (confine_landlock() >= version)
                return;
        print_message("NOT TESTED: this kernel speaks Landlock %u, this needs %u\n",
                      confine_landlock(), version);
        skip();
}

/* Puts what a child has to where it expects it, and closes the rest. */
static int confine(const struct confinement *how)
{
        char path[64];
        int pair[2], file, to;

        snprintf(path, sizeof(path), "%s/given", folder);
        file = open(path, O_RDWR | O_CLOEXEC);
        if (file < 0 || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
                return -errno;
        to = fcntl(report, F_DUPFD, 30);
        file = fcntl(file, F_DUPFD, 31);
        pair[0] = fcntl(pair[0], F_DUPFD, 32);
        pair[1] = fcntl(pair[1], F_DUPFD, 33);
        if (dup2(to, REPORT) < 0 || dup2(file, FILE_FD) < 0 || dup2(pair[0], PEER) < 0 ||
            dup2(pair[1], OTHER_END) < 0)
                return -errno;
        report = REPORT;
        return confine_child(how, FIRST_CLOSED);
}

static const struct confinement pure = {
        .memory_bytes = (uint64_t)64 << 20, .file_bytes = 4096, .cpu_s = 20};

static void tries_files(void)
{
        struct stat st;

        CHECK(confine(&pure) == 0);
        REFUSED(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
        REFUSED(open("/etc/shadow", O_RDONLY | O_CLOEXEC));
        REFUSED(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
        REFUSED(open("/dev/null", O_RDONLY | O_CLOEXEC));
        REFUSED(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        REFUSED(open("/tmp/cloudie-never", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        REFUSED(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", NULL, 0));
        REFUSED(unlink(folder));
        REFUSED(rename(folder, "/tmp/cloudie-never"));
        REFUSED(chmod(folder, 0777));
        REFUSED(syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &st, 0));
        REFUSED(syscall(SYS_memfd_create, "x", 0));
        REFUSED(mount("none", "/proc", "tmpfs", 0, NULL));
        REFUSED(chroot("/"));
        REFUSED(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0));
}

static void tries_sockets(void)
{
        const struct sockaddr_in server = {.sin_family = AF_INET,
                                           .sin_port = htons(open_port),
                                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/notify"};
        struct msghdr message = {0};
        int pair[2];

        CHECK(confine(&pure) == 0);
        REFUSED(socket(AF_INET, SOCK_STREAM, 0));
        REFUSED(socket(AF_INET6, SOCK_STREAM, 0));
        REFUSED(socket(AF_INET, SOCK_DGRAM, 0));
        REFUSED(socket(AF_UNIX, SOCK_STREAM, 0));
        REFUSED(socket(AF_NETLINK, SOCK_RAW, 0));
        REFUSED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
        /* the socket that it has leads nowhere else */
        REFUSED(connect(PEER, (const struct sockaddr *)&local, sizeof(local)));
        REFUSED(connect(PEER, (const struct sockaddr *)&server, sizeof(server)));
        REFUSED(sendto(PEER, "x", 1, 0, (const struct sockaddr *)&local, sizeof(local)));
        REFUSED(sendmsg(PEER, &message, 0));
        REFUSED(bind(PEER, (const struct sockaddr *)&local, sizeof(local)));
        REFUSED(syscall(SYS_io_uring_setup, 1, NULL));
}

static void tries_processes(void)
{
        char name[] = "true", *argv[] = {name, NULL};

        CHECK(confine(&pure) == 0);
        REFUSED(execv("/bin/true", argv));
        REFUSED(syscall(SYS_execveat, FILE_FD, "", argv, NULL, AT_EMPTY_PATH));
        REFUSED(syscall(SYS_fork));
        REFUSED(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
        REFUSED(syscall(SYS_clone3, NULL, 0));
        REFUSED(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
        REFUSED(kill(getppid(), 0));
        REFUSED(syscall(SYS_tgkill, getppid(), getppid(), 0));
        REFUSED(syscall(SYS_pidfd_open, getppid(), 0));
        REFUSED(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
        REFUSED(syscall(SYS_unshare, 0));
        REFUSED(syscall(SYS_prctl, PR_SET_NAME, "x", 0, 0, 0));
        REFUSED(syscall(SYS_bpf, 0, NULL, 0));
        REFUSED(syscall(SYS_keyctl, 0, 0));
        REFUSED(syscall(SYS_setuid, 0));
        REFUSED(syscall(SYS_prlimit64, 0, RLIMIT_CPU, NULL, NULL));
        REFUSED(syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0));
        REFUSED(syscall(SYS_mprotect, NULL, 4096, PROT_READ | PROT_EXEC));
}

static void does_its_work(void)
{
        const struct timespec moment = {.tv_nsec = 1000};
        char text[8] = "";
        _free_ char *memory = NULL;

        CHECK(confine(&pure) == 0);
        CHECK(pread(FILE_FD, text, sizeof(text), 0) == 5 && memcmp(text, "given", 5) == 0);
        CHECK(pwrite(FILE_FD, "given", 5, 0) == 5);
        CHECK(write(PEER, "x", 1) == 1);
        memory = malloc((size_t)16 << 20);
        CHECK(memory);
        memset(memory, 1, (size_t)16 << 20);
        CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL) == 0);
        CHECK(syscall(SYS_tgkill, getpid(), gettid(), 0) == 0); /* as abort() does */
        /* and what was open beside is not any more */
        CHECK(fcntl(FIRST_CLOSED, F_GETFD) < 0);
        CHECK(read(30, text, 1) < 0 && errno == EBADF);
}

static void asks_for_too_much(void)
{
        void *memory;

        CHECK(confine(&pure) == 0);
        (void)signal(SIGXFSZ, SIG_IGN);
        CHECK(pwrite(FILE_FD, "x", 1, 4096) < 0 && errno == EFBIG);
        if (HAS_LEAK_SANITIZER)
                return; /* memory is not limited then: the release build tests it */
        memory = malloc((size_t)128 << 20);
        CHECK(!memory);
}

/* What a kernel without Landlock says. */
static void forget_landlock(void)
{
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

        CHECK(filter && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
                                         SCMP_SYS(landlock_create_ruleset), 0) == 0);
        CHECK(seccomp_load(filter) == 0);
        seccomp_release(filter);
        CHECK(confine_landlock() == 0);
        CHECK(confine_files(&(struct confine_files){0}) == -EOPNOTSUPP);
}

static void tries_files_on_an_older_kernel(void)
{
        forget_landlock();
        if (failed_line == 0)
                tries_files();
}

static void tries_sockets_on_an_older_kernel(void)
{
        forget_landlock();
        if (failed_line == 0)
                tries_sockets();
}

/* With paths that it may open and no Landlock to keep it to them there is no child. */
static void is_not_confined_by_half(void)
{
        static const struct confine_path path = {"/etc/passwd", CONFINE_READ};
        const struct confinement how = {
                .files = {.paths = &path, .path_count = 1}
        };

        forget_landlock();
        if (failed_line == 0)
                CHECK(confine(&how) == -EOPNOTSUPP);
}

static void tries_processes_on_an_older_kernel(void)
{
        forget_landlock();
        if (failed_line == 0)
                tries_processes();
}

static void test_older_kernel(void **state)
{
        (void)state;
        run_child(tries_processes_on_an_older_kernel);
        run_child(tries_files_on_an_older_kernel);
        run_child(tries_sockets_on_an_older_kernel);
        run_child(is_not_confined_by_half);
}

static void opens_what_it_may(void)
{
        static const struct confine_path path = {"/etc/passwd", CONFINE_READ};
        const struct confinement how = {
                .files = {.paths = &path, .path_count = 1}
        };

        CHECK(confine(&how) == 0);
        CHECK(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
        CHECK(open("/etc/passwd", O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES);
        CHECK(open("/etc/group", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
        REFUSED(socket(AF_INET, SOCK_STREAM, 0));
}

static void test_child_with_a_path(void **state)
{
        (void)state;
        need_landlock(2);
        run_child(opens_what_it_may);
}

/* One that asks whether a port answers: it connects, and is still nobody's server or sender. */
static void connects(void)
{
        static const struct confinement client = {
                .files = {.may_connect = true}, .may_connect = true, .file_bytes = 4096};
        const int kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
        const struct sockaddr_in server = {.sin_family = AF_INET,
                                           .sin_port = htons(open_port),
                                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd, value = 0;
        socklen_t size = sizeof(value);

        CHECK(confine(&client) == 0);
        REFUSED(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
        REFUSED(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        REFUSED(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP));
        REFUSED(socket(AF_UNIX, kind, 0));
        REFUSED(socket(AF_NETLINK, SOCK_RAW, 0));
        REFUSED(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        CHECK((fd = socket(AF_INET6, kind, 0)) >= 0);
        CHECK((fd = socket(AF_INET, kind, 0)) >= 0);
        REFUSED(bind(fd, (const struct sockaddr *)&server, sizeof(server)));
        REFUSED(listen(fd, 1));
        REFUSED(accept(fd, NULL, NULL));
        REFUSED(sendto(fd, "x", 1, 0, (const struct sockaddr *)&server, sizeof(server)));
        REFUSED(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, size));
        REFUSED(syscall(SYS_fork));
        CHECK(connect(fd, (const struct sockaddr *)&server, sizeof(server)) == 0 ||
              errno == EINPROGRESS);
        CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size) == 0);
        CHECK(value == 0);
}

static void test_child(void **state)
{
        (void)state;
        run_child(tries_files);
        run_child(tries_sockets);
        run_child(tries_processes);
        run_child(does_its_work);
        run_child(asks_for_too_much);
        run_child(connects);
}

static void runs_for_ever(void)
{
        static const struct confinement a_second = {.file_bytes = 4096, .cpu_s = 1};
        volatile uint64_t count = 0;

        CHECK(confine(&a_second) == 0);
        for (;;)
                count++;
}

static void test_computing_has_an_end(void **state)
{
        int status;
        pid_t pid;

        (void)state;
        pid = fork();
        if (pid == 0) {
                report = fcntl(STDERR_FILENO, F_DUPFD, 20);
                runs_for_ever();
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        assert_true(WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
}

/* ---- Landlock alone, as a daemon has it ---- */

static const char *in_folder(char path[static 64], const char *name)
{
        snprintf(path, 64, "%s/%s", folder, name);
        return path;
}

static int connect_to(uint16_t port)
{
        const struct sockaddr_in server = {.sin_family = AF_INET,
                                           .sin_port = htons(port),
                                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        _close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        return connect(fd, (const struct sockaddr *)&server, sizeof(server)) < 0 ? -errno : 0;
}

static int touch(const char *path)
{
        _close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        return fd < 0 ? -errno : 0;
}

static int enter(bool may_connect)
{
        char state[64], only_read[64];
        const struct confine_path paths[] = {
                {in_folder(state, "state"), CONFINE_READ | CONFINE_WRITE},
                {in_folder(only_read,               "given"),     CONFINE_READ},
                {"/no/such/folder",   CONFINE_READ      },
                {"", CONFINE_READ  },
        };
        const struct confine_files files = {.paths = paths,
                                            .path_count = ARRAY_SIZE(paths),
                                            .may_connect = may_connect,
                                            .ports = {open_port}};

        return confine_files(&files);
}

static void daemon_files(void)
{
        char name[] = "true", *argv[] = {name, NULL};
        char a[64], b[64];

        CHECK(enter(false) == 0);
        CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
        CHECK(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
        CHECK(open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 && errno == EACCES);
        CHECK(touch("/tmp/cloudie-never") == -EACCES);
        CHECK(touch(in_folder(a, "beside")) == -EACCES);
        CHECK(execv("/bin/true", argv) < 0 && errno == EACCES);
        /* what it may */
        CHECK(open(in_folder(a, "given"), O_RDONLY | O_CLOEXEC) >= 0);
        CHECK(open(a, O_WRONLY | O_CLOEXEC) < 0 && errno == EACCES);
        CHECK(touch(in_folder(a, "state/one")) == 0);
        CHECK(mkdir(in_folder(b, "state/inner"), 0700) == 0);
        CHECK(rename(a, in_folder(b, "state/inner/two")) == 0);
        CHECK(rename(b, in_folder(a, "out")) < 0 && (errno == EACCES || errno == EXDEV));
        CHECK(truncate(b, 0) == 0);
        CHECK(unlink(b) == 0 && rmdir(in_folder(b, "state/inner")) == 0);
        /* once more, and less */
        CHECK(confine_files(&(struct confine_files){0}) == 0);
        CHECK(open(in_folder(a, "given"), O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
}

/* A program that may read every file still does not read its parent's memory. */
static void reads_all_but_memory(void)
{
        const struct confine_path all = {"/", CONFINE_READ};
        const struct confine_files everything = {.paths = &all, .path_count = 1};
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/mem", getppid());
        CHECK(open(path, O_RDONLY | O_CLOEXEC) >= 0);
        CHECK(confine_files(&everything) == 0);
        CHECK(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
        CHECK(open(path, O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
        CHECK(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) < 0 && errno == EPERM);
}

static void daemon_ports(void)
{
        CHECK(enter(false) == 0);
        CHECK(connect_to(open_port) == 0);
        CHECK(connect_to(other_port) == -EACCES);
}

static void daemon_any_port(void)
{
        CHECK(enter(true) == 0);
        CHECK(connect_to(other_port) == 0);
}

static void daemon_signals(void)
{
        CHECK(enter(false) == 0);
        CHECK(kill(getppid(), 0) < 0 && errno == EPERM);
        CHECK(kill(getpid(), 0) == 0);
}

static void network_of_a_client(void)
{
        _close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        CHECK(confine_network(true) == 0);
        CHECK(connect_to(open_port) == 0);
        REFUSED(listen(fd, 1));
        REFUSED(accept(fd, NULL, NULL));
        CHECK(confine_network(false) == 0);
        CHECK(connect_to(open_port) == -EPERM);
        REFUSED(sendto(fd, "x", 1, 0, NULL, 0));
}

static void test_folder(void **state)
{
        char path[CONFINE_PATH_SIZE];

        (void)state;
        assert_string_equal(confine_folder(path, "/etc/cloudie/ca.pem"), "/etc/cloudie");
        assert_string_equal(confine_folder(path, "/ca.pem"), "/");
        assert_string_equal(confine_folder(path, "ca.pem"), ".");
        assert_null(confine_folder(path, ""));
        assert_null(confine_folder(path, NULL));
}

static void test_landlock_files(void **state)
{
        (void)state;
        need_landlock(2);
        run_child(daemon_files);
        run_child(reads_all_but_memory);
}

static void test_landlock_ports(void **state)
{
        (void)state;
        need_landlock(4);
        run_child(daemon_ports);
        run_child(daemon_any_port);
}

static void test_landlock_signals(void **state)
{
        (void)state;
        need_landlock(6);
        run_child(daemon_signals);
}

static void test_network(void **state)
{
        (void)state;
        run_child(network_of_a_client);
}

static int listen_somewhere(uint16_t *ret)
{
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socklen_t size = sizeof(at);

        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
        assert_int_equal(listen(fd, 8), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
        *ret = ntohs(at.sin_port);
        return fd;
}

static int setup(void **state)
{
        char path[64];
        _close_ int fd = -EBADF;

        (void)state;
        assert_non_null(mkdtemp(folder));
        fd = open(in_folder(path, "given"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, "given", 5), 5);
        assert_int_equal(mkdir(in_folder(path, "state"), 0700), 0);
        (void)listen_somewhere(&open_port);
        (void)listen_somewhere(&other_port);
        return 0;
}

static int teardown(void **state)
{
        char path[64];

        (void)state;
        unlink(in_folder(path, "given"));
        rmdir(in_folder(path, "state"));
        return rmdir(folder);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_child),
                cmocka_unit_test(test_older_kernel),
                cmocka_unit_test(test_child_with_a_path),
                cmocka_unit_test(test_computing_has_an_end),
                cmocka_unit_test(test_network),
                cmocka_unit_test(test_folder),
                cmocka_unit_test(test_landlock_files),
                cmocka_unit_test(test_landlock_ports),
                cmocka_unit_test(test_landlock_signals),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
