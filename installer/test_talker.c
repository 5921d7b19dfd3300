/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a process that hears the network and was taken over can still do, and what it
 * may ask of the first one. There is no way back, so it is a process of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "installer/deeds.h"
#include "installer/talker.h"
#include "lib/base/cleanup.h"
#include "lib/daemon/confine.h"

#define CHECK(condition)                                                                           \
        do {                                                                                       \
                if (!(condition))                                                                  \
                        _exit(__LINE__ % 250 + 1);                                                 \
        } while (0)

static bool is_refused(long rc)
{
        return rc < 0 && (errno == EPERM || errno == EACCES);
}

static void tries_files(void)
{
        CHECK(open("/proc/self/status", O_RDONLY | O_CLOEXEC) >= 0);
        if (confine_landlock() == 0)
                return;
        CHECK(is_refused(open("/dev/null", O_RDWR | O_CLOEXEC)));
        CHECK(is_refused(open("/bin/true", O_RDONLY | O_CLOEXEC)));
        CHECK(is_refused(open("/tmp/cloudie-never", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
        CHECK(is_refused(open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC)));
}

static void tries_network(uint16_t port)
{
        const struct sockaddr_in server = {.sin_family = AF_INET,
                                           .sin_port = htons(port),
                                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        /* It is there to connect: to whom, only the network says. */
        CHECK(connect(fd, (const struct sockaddr *)&server, sizeof(server)) == 0);
        CHECK(is_refused(listen(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 1)));
        if (geteuid() == 0)
                CHECK(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP)) >= 0 ||
                      errno == EAFNOSUPPORT);
}

static void tries_deeds_of_root(void)
{
        char name[] = "true", *argv[] = {name, NULL};

        CHECK(is_refused(execv("/bin/true", argv)));
        CHECK(is_refused(syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, NULL, 0)));
        CHECK(is_refused(mount("none", "/proc", "tmpfs", 0, NULL)));
        CHECK(is_refused(syscall(SYS_finit_module, -1, "", 0)));
        CHECK(is_refused(syscall(SYS_init_module, NULL, 0, "")));
        CHECK(is_refused(syscall(SYS_reboot, 0, 0, 0, NULL))); /* no magic: nothing would happen */
        CHECK(is_refused(syscall(SYS_kexec_load, 0, 0, NULL, 0)));
        CHECK(is_refused(syscall(SYS_bpf, 0, NULL, 0)));
        CHECK(is_refused(kill(getppid(), 0)));
        CHECK(is_refused(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0)));
        CHECK(is_refused(chroot("/")));
        CHECK(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) <= (geteuid() == 0 ? 0 : 1));
        CHECK(prctl(PR_CAPBSET_READ, CAP_SYS_MODULE, 0, 0, 0) <= (geteuid() == 0 ? 0 : 1));
}

static void test_confined(void **state)
{
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(address);
        _close_ int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int status;
        pid_t pid;

        (void)state;
        assert_int_equal(bind(server, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(server, 1), 0);
        assert_int_equal(getsockname(server, (struct sockaddr *)&address, &size), 0);
        if (confine_landlock() == 0)
                print_message("NOT TESTED: files, as this kernel has no Landlock\n");
        pid = fork();
        if (pid == 0) {
                CHECK(talker_confine("test") == 0);
                tries_files();
                tries_network(ntohs(address.sin_port));
                tries_deeds_of_root();
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) != 0)
                fail_msg("the check at line n*250+%d", WEXITSTATUS(status) - 1);
}

static void test_deeds(void **state)
{
        struct deed_answer answer = {.rc = -EIO, .number = 7, .text = "why"}, got;
        int asks, does, fds[DEED_FDS_MAX], files[DEED_FDS_MAX], status;
        struct deed deed;
        pid_t pid;

        (void)state;
        assert_int_equal(deeds_open(&asks, &does), 0);
        assert_int_equal(deeds_receive(does, &deed, fds), -EAGAIN);
        pid = fork();
        if (pid == 0) {
                for (size_t i = 0; i < DEED_FDS_MAX; i++)
                        files[i] = memfd_create("file", MFD_CLOEXEC);
                CHECK(write(files[2], "third", 5) == 5);
                CHECK(deeds_ask(asks, (struct deed){.kind = DEED_STAGE_TWO}, files, &got) == 0);
                CHECK(got.rc == -EIO && got.number == 7 && strcmp(got.text, "why") == 0);
                _exit(0);
        }
        while (deeds_receive(does, &deed, fds) == -EAGAIN)
                (void)usleep(1000);
        assert_int_equal(deed.kind, DEED_STAGE_TWO);
        assert_int_equal(pread(fds[2], answer.text + 8, 8, 0), 5);
        assert_int_equal(deeds_answer(does, &answer), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        for (size_t i = 0; i < DEED_FDS_MAX; i++)
                close(fds[i]);
        close(asks);
        assert_int_equal(deeds_receive(does, &deed, fds), -EPIPE);
        close(does);
}

/* @size bytes of a deed, and @count descriptors: at most four. */
static void send_strange(int fd, const struct deed *deed, size_t size, size_t count)
{
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(4 * sizeof(int))];
        } control = {.bytes = {0}};
        struct deed bytes = *deed;
        struct iovec iov = {.iov_base = &bytes, .iov_len = size};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

        if (count > 0) {
                struct cmsghdr *head = &control.align;
                int given[4] = {0, 0, 0, 0};

                message.msg_control = control.bytes;
                message.msg_controllen = CMSG_SPACE(count * sizeof(int));
                head->cmsg_level = SOL_SOCKET;
                head->cmsg_type = SCM_RIGHTS;
                head->cmsg_len = CMSG_LEN(count * sizeof(int));
                memcpy(CMSG_DATA(head), given, count * sizeof(int));
        }
        assert_int_equal(sendmsg(fd, &message, 0), size);
}

/* A message of no byte looks like the end of who asks; its descriptors are closed all the same. */
static void test_empty_deed(void **state)
{
        const struct deed none = {.kind = DEED_WAIT};
        int asks, does, fds[DEED_FDS_MAX], lowest;
        struct deed deed;

        (void)state;
        assert_int_equal(deeds_open(&asks, &does), 0);
        lowest = dup(0);
        close(lowest);
        send_strange(asks, &none, 0, 3);
        assert_int_equal(deeds_receive(does, &deed, fds), -EPIPE);
        assert_int_equal(fds[0], -EBADF);
        assert_int_equal(dup(0), lowest);
        close(lowest);
        close(asks);
        close(does);
}

/* What is no deed, has too few descriptors or too many, leaves none open. */
static void test_strange_deeds(void **state)
{
        static const struct {
                struct deed deed;
                size_t size, count;
        } cases[] = {
                {{.kind = DEED_COUNT},     sizeof(struct deed),     0},
                {{.kind = UINT32_MAX},     sizeof(struct deed),     0},
                {{.kind = DEED_WAIT},      sizeof(struct deed) - 1, 0},
                {{.kind = DEED_WAIT},      sizeof(struct deed),     1},
                {{.kind = DEED_STAGE_TWO}, sizeof(struct deed),     2},
                {{.kind = DEED_INSTALL},   sizeof(struct deed),     0},
                {{.kind = DEED_DISCOVER},  sizeof(struct deed),     4},
        };
        int asks, does, fds[DEED_FDS_MAX];

        (void)state;
        assert_int_equal(deeds_open(&asks, &does), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct deed deed;
                const int lowest = dup(0);

                close(lowest);
                send_strange(asks, &cases[i].deed, cases[i].size, cases[i].count);
                assert_int_equal(deeds_receive(does, &deed, fds), -EBADMSG);
                assert_int_equal(fds[0], -EBADF);
                assert_int_equal(dup(0), lowest);
                close(lowest);
        }
        close(asks);
        close(does);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_confined),
                cmocka_unit_test(test_deeds),
                cmocka_unit_test(test_strange_deeds),
                cmocka_unit_test(test_empty_deed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
