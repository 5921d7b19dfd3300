/* SPDX-License-Identifier: GPL-3.0-or-later */

/* cloudie-power: speaks to BMCs. One request on stdin, a line of JSON a machine on stdout. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buffer.h"
#include "lib/base/cleanup.h"
#include "lib/daemon/confine.h"
#include "lib/daemon/options.h"
#include "power/run.h"

static const struct program program = {
        .name = "cloudie-power",
        .summary = "Switches machines by their BMCs: reads one request (JSON) on stdin, so that no "
                   "password stands in an argument, and prints a line of JSON a machine.",
        .usage = "< REQUEST",
};

static int read_all(struct buffer *request)
{
        char chunk[65536];
        ssize_t size;

        do {
                size = read(STDIN_FILENO, chunk, sizeof(chunk));
                if (size > 0)
                        buffer_add(request, chunk, (size_t)size);
        } while (size > 0 || (size < 0 && errno == EINTR));
        explicit_bzero(chunk, sizeof(chunk));
        return size < 0 ? -errno : request->rc;
}

int main(int argc, char **argv)
{
        /* FreeIPMI reads it for each datagram. */
        const struct confine_path random = {"/dev/urandom", CONFINE_READ};
        const struct confine_files files = {.paths = &random, .path_count = 1};
        struct buffer text = {.limit = POWER_REQUEST_SIZE_MAX};
        struct power_request request;
        char error[DOC_ERROR_SIZE] = "";
        int rc, rest;

        rc = options_parse(&program, argc, argv, &rest);
        if (rc != 0)
                return rc < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        if (rest < argc)
                return program_usage(&program, "it takes no arguments: the request comes on stdin");
        rc = read_all(&text);
        if (rc < 0)
                return program_fail(&program, "stdin: %s", strerror(-rc));
        rc = power_request_parse(text.bytes ? text.bytes : "", text.size, error, &request);
        if (text.bytes)
                explicit_bzero(text.bytes, text.size);
        buffer_done(&text);
        if (rc < 0)
                return program_usage(&program, "request: %s", error);
        /* What a BMC sends is read from here on: no file, no program, no connection of TCP. */
        rc = power_prepare();
        if (rc == 0)
                rc = confine_program(program.name, &files, true, NULL);
        if (rc == 0)
                rc = power_run(&request, STDOUT_FILENO);
        power_request_done(&request);
        return rc < 0 ? program_fail(&program, "%s", strerror(-rc)) : EXIT_SUCCESS;
}
