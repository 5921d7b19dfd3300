/* SPDX-License-Identifier: GPL-3.0-or-later */
/* With the real prober, and real listeners on the loopback interface. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "netboot/ports.h"

#define LOOK_MS 20

static const struct mac_address mac = {
        {2, 0, 0, 0, 0, 1}
};
static const struct ip_address loopback = IP_OF4_BYTES(127, 0, 0, 1);

struct fixture {
        struct loop *loop;
        struct loop_timer *look;
        struct prober *prober;
        struct events *events;
        struct ports *ports;
        int listener;
        uint16_t port;
        unsigned calls, leased_calls; /* of addresses(); for how many of them there is a lease */
        unsigned stop_calls;          /* the loop ends after so many, or with an event */
};

static size_t addresses(void *context, const struct mac_address *of,
                        struct ip_address ret[static 2])
{
        struct fixture *f = context;

        assert_memory_equal(of, &mac, sizeof(mac));
        if (f->calls++ >= f->leased_calls)
                return 0;
        ret[0] = loopback;
        return 1;
}

static void on_look(void *context)
{
        struct fixture *f = context;

        if (events_count(f->events) > 0 || f->calls >= f->stop_calls)
                loop_stop(f->loop);
        loop_timer_arm(f->look, clock_monotonic_ms() + LOOK_MS);
}

static int setup(void **state)
{
        static struct fixture fixture;
        struct fixture *f = &fixture;
        struct sockaddr_storage at = {0};
        socklen_t size = ip_to_socket(loopback, 0, 0, &at);

        *f = (struct fixture){.leased_calls = 1000, .stop_calls = 1000};
        assert_int_equal(prober_start(&f->prober), 0);
        assert_int_equal(loop_new(&f->loop), 0);
        f->events = events_new();
        assert_non_null(f->events);
        assert_int_equal(loop_add_timer(f->loop, on_look, f, &f->look), 0);
        f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(f->listener, (struct sockaddr *)&at, size), 0);
        assert_int_equal(getsockname(f->listener, (struct sockaddr *)&at, &size), 0);
        f->port = ip_socket_port(&at);

        const struct ports_options options = {f->loop, f->prober, f->events, addresses, f};

        assert_int_equal(ports_new(&options, &f->ports), 0);
        *state = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = *state;

        ports_free(f->ports);
        loop_remove_timer(f->look);
        loop_free(f->loop);
        events_free(f->events);
        prober_stop(f->prober);
        close(f->listener);
        return 0;
}

static void apply(struct fixture *f, uint64_t operation, size_t count)
{
        const struct edge_port rows[] = {
                {mac, f->port, operation    },
                {mac, f->port, operation + 1},
        };

        assert_in_range(count, 0, 2);
        assert_int_equal(ports_apply(f->ports, rows, count), 0);
}

static void run(struct fixture *f)
{
        on_look(f);
        assert_int_equal(loop_run(f->loop), 0);
}

static void test_answers(void **state)
{
        struct fixture *f = *state;
        struct node_event event;

        apply(f, 7, 1);
        /* While it boots, nothing is there. */
        f->stop_calls = 2;
        run(f);
        assert_int_equal(events_count(f->events), 0);
        assert_int_equal(listen(f->listener, 8), 0);
        f->stop_calls = 1000;
        apply(f, 7, 1); /* the same again: as when something else of the configuration changes */
        run(f);
        assert_int_equal(events_take(f->events, &event, 1, 0), 1);
        assert_int_equal(event.step, STEP_PORT);
        assert_memory_equal(&event.mac, &mac, sizeof(mac));
        assert_true(ip_is_equal(event.address, loopback));
        assert_true(event.operation == 7);
        assert_non_null(strstr(event.text, " answers"));
}

/* Two that wait for one machine: each is told of with its own number. */
static void test_of_whom(void **state)
{
        struct fixture *f = *state;
        struct node_event events[2];

        assert_int_equal(listen(f->listener, 8), 0);
        apply(f, 8, 2);
        run(f);
        while (events_count(f->events) < 2)
                run(f);
        assert_int_equal(events_take(f->events, events, 2, 0), 2);
        assert_true(events[0].operation + events[1].operation == 17);
}

static void test_without_a_lease(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(listen(f->listener, 8), 0);
        f->leased_calls = 0;
        f->stop_calls = 2;
        apply(f, 7, 1);
        run(f);
        assert_int_equal(events_count(f->events), 0);
}

/* The address is another's by the time that something answers there. */
static void test_lease_ends_meanwhile(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(listen(f->listener, 8), 0);
        f->leased_calls = 1;
        f->stop_calls = 3;
        apply(f, 7, 1);
        run(f);
        assert_int_equal(events_count(f->events), 0);
}

/* What is not wanted any more is not told of, and not asked about. */
static void test_taken_back(void **state)
{
        struct fixture *f = *state;
        struct prober_answer answer;

        assert_int_equal(listen(f->listener, 8), 0);
        apply(f, 7, 1);
        f->stop_calls = 1;
        run(f); /* it may have been answered already, or is being asked about */
        apply(f, 0, 0);
        const unsigned calls = f->calls;
        const size_t told = events_count(f->events);

        f->stop_calls = 0;
        run(f);
        assert_int_equal(f->calls, calls);
        assert_int_equal(events_count(f->events), told);
        (void)prober_hear(f->prober, &answer);
}

/* Without its child it serves on. */
static void test_prober_ends(void **state)
{
        struct fixture *f = *state;

        assert_int_equal(send(prober_fd(f->prober), "x", 1, MSG_NOSIGNAL), 1);
        apply(f, 7, 1);
        f->stop_calls = 1;
        run(f);
        apply(f, 8, 1);
        f->stop_calls = 0;
        run(f);
        assert_int_equal(events_count(f->events), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
                cmocka_unit_test_setup_teardown(test_of_whom, setup, teardown),
                cmocka_unit_test_setup_teardown(test_without_a_lease, setup, teardown),
                cmocka_unit_test_setup_teardown(test_lease_ends_meanwhile, setup, teardown),
                cmocka_unit_test_setup_teardown(test_taken_back, setup, teardown),
                cmocka_unit_test_setup_teardown(test_prober_ends, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
