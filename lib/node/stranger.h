/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Stranger: what a netbootd saw of a machine that nobody knows, and that it told
 * nothing. It travels as the text of an event, so that a timeline reads like any
 * other; all of it is what the machine said of itself.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/net.h"
#include "lib/node/step.h"

#define STRANGER_CLASS_SIZE 81 /* of option 60, cut: firmware's have 32 bytes */

struct stranger {
        char subnet[20];                 /* "10.77.0.0/24": of the network where it asked */
        uint32_t architecture;           /* enum boot_architecture, option 93 */
        bool is_ipxe;                    /* the one that asked is an iPXE */
        struct uuid uuid;                /* option 97; zero: not said */
        char class[STRANGER_CLASS_SIZE]; /* option 60; printable ASCII, no blanks at its end */
};

/* "bios", "uefi-x86-64"; "architecture-12345" for what has no name here. Returns @to. */
#define ARCHITECTURE_TEXT_SIZE 24
const char *architecture_text(char to[static ARCHITECTURE_TEXT_SIZE], uint32_t architecture);

/* "network=10.77.0.0/24 firmware=7 ipxe=no uuid=… class=PXEClient:Arch:00007". What is not
 * printable in the class becomes a dot. Returns @to. */
const char *stranger_text(char to[static EVENT_TEXT_SIZE], const struct stranger *stranger);

/* 0, or -EBADMSG: no such text. */
int stranger_parse(const char *text, struct stranger *ret);
