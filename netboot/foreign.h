/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * Foreign: DHCP servers of somebody else's on a segment, as they are heard. Each
 * is told of once when it comes and once when it has gone. All zero is a fresh
 * table; one loop uses it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dhcp/message.h"
#include "lib/base/net.h"
#include "lib/base/reader.h"

/* As of probe.h: a segment with more has other troubles, or somebody invents them. */
#define FOREIGN_MAX 16
/* How often we ask. A server keeps an offer for a minute or two, so it is one address of its pool.
 */
#define FOREIGN_ASK_MS 60000
/* Silent to three questions: it has gone. So one that is forged is told of twice in that time. */
#define FOREIGN_GONE_MS (3 * FOREIGN_ASK_MS + FOREIGN_ASK_MS / 2)

struct foreign_server {
        struct ip4_address id;       /* option 54, or where the packet came from */
        struct mac_address mac;      /* of the frame: the server's, or the last router's */
        char vendor[DHCP_TEXT_SIZE]; /* option 60, as most do not say; "" */
        bool is_proxy;               /* it offered no address */
        uint64_t heard_ms;           /* 0: free */
};

struct foreign {
        struct foreign_server at[FOREIGN_MAX];
};

/**
 * foreign_read() - is this frame a server's?
 * @frame, @has_checksum:  as of dhcp_frame_parse()
 *
 * Return: true for an OFFER, ACK or NAK to port 68; @ret is then what it says of its sender.
 */
bool foreign_read(struct reader frame, bool has_checksum, struct foreign_server *ret);

/* It was heard. @now_ms: monotonic, not 0. True if it was not there before, and there was room. */
bool foreign_heard(struct foreign *foreign, const struct foreign_server *server, uint64_t now_ms);

/* Takes one out that has gone; true if there was one. Ask until there is none. */
bool foreign_gone(struct foreign *foreign, uint64_t now_ms, struct foreign_server *ret);
