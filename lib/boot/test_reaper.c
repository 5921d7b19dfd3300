/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A first process hears of its children's ends, and of those of orphans. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/boot/reaper_linux.h"

struct heard {
        struct loop *loop;
        pid_t child;
        int status, orphan_status;
        unsigned count;
};

static void on_end(void *context, pid_t pid, int status)
{
        struct heard *heard = context;

        if (pid == heard->child)
                heard->status = status;
        else
                heard->orphan_status = status;
        if (++heard->count == 2)
                loop_stop(heard->loop);
}

static void test_orphan(void **state)
{
        /* Its loop lasts as long as the process, as a first one's does. */
        static struct heard heard;
        char how[REAPER_HOW_SIZE];

        (void)state;
        assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
        assert_int_equal(loop_new(&heard.loop), 0);
        reaper_prepare();
        assert_int_equal(reaper_new(heard.loop, on_end, &heard), 0);
        heard.child = fork();
        if (heard.child == 0) {
                if (fork() == 0)
                        _exit(7); /* its parent may be gone by then, or not */
                raise(SIGKILL);
        }
        assert_int_equal(loop_run(heard.loop), 0);
        assert_true(WIFSIGNALED(heard.status));
        assert_int_equal(WEXITSTATUS(heard.orphan_status), 7);
        assert_string_equal(reaper_how(heard.status, how), "was ended by signal 9 (Killed)");
        assert_string_equal(reaper_how(heard.orphan_status, how), "ended with status 7");
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        reaper_leave();
}

int main(void)
{
        static const struct CMUnitTest tests[] = {cmocka_unit_test(test_orphan)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
