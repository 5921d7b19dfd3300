/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Deeds: what the agent's process that talks to the network may ask of the first
 * process, and nothing else. It is confined (installer/talker.h); what it asks for
 * is a kind, a number and open descriptors, each counted; one question, one answer.
 */

#include <stddef.h>
#include <stdint.h>

enum deed_kind {
        DEED_DEVICES,   /* wait until those of stage one had their chance to appear; the answer's
                           number is 1 where one is for a driver of stage two */
        DEED_STAGE_TWO, /* file, manifest, signature: check them, mount the file, load its drivers;
                           argument: 1: and wait until devices had their chance */
        DEED_DISCOVER,  /* standard output: start cloudie-discover */
        DEED_INSTALL,   /* standard input, output, error: start cloudie-install */
        DEED_KILL,      /* what runs; argument: SIGTERM or SIGKILL */
        DEED_WAIT,      /* until what runs has ended: its status is the answer's number */
        DEED_REBOOT,    /* argument: 1: the machine's clock keeps the system's time before */
        DEED_COUNT
};

#define DEED_FDS_MAX   3
#define DEED_TEXT_SIZE 256

struct deed {
        uint32_t kind; /* enum deed_kind */
        int32_t argument;
};

struct deed_answer {
        int32_t rc; /* 0, -errno */
        int32_t number;
        char text[DEED_TEXT_SIZE]; /* of a fault: one sentence, or "" */
};

/* How many descriptors come with a kind. */
size_t deed_fd_count(enum deed_kind kind);

/**
 * deeds_ask() - and wait for the answer; one thread at a time
 * @fd:   a socket of deeds_open()
 * @fds:  deed_fd_count() of them, stay the caller's
 *
 * Return: 0: there is an answer; -EPROTO: it makes no sense; -EPIPE: nobody is there; -errno.
 */
int deeds_ask(int fd, struct deed deed, const int *fds, struct deed_answer *ret);

/**
 * deeds_receive() - the next question, without waiting
 * @ret_fds:  the caller's from now on, -EBADF where there is none
 *
 * Return: 0; -EAGAIN: none now; -EPIPE: whoever asks is gone; -EBADMSG: it is none, its descriptors
 *         are closed; -errno.
 */
int deeds_receive(int fd, struct deed *ret, int ret_fds[static DEED_FDS_MAX]);
int deeds_answer(int fd, const struct deed_answer *answer);

/* Two ends of one. 0, -errno. */
int deeds_open(int *ret_asks, int *ret_does);
