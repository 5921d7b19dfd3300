/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sendfile: in larger pieces than libmicrohttpd asks for.
 *
 * It sends 128 KiB of a file, looks after all other connections, and comes back. Each piece wakes
 * the client and the network stack, and with a hundred machines that fetch a kernel that cost twice
 * the CPU of nginx, which sends 2 MiB at once. There is no option for it. So the program's own
 * sendfile64() takes the place of the C library's, for libmicrohttpd's call as for any other: it
 * knows where the part of a file ends that is to be sent, and sends on.
 *
 * libmicrohttpd adds what it is told was sent; that may be more than it asked for. The last piece
 * is left to it: only behind that one does it uncork the connection.
 */
#include <stdatomic.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/serve/private.h"

/* The one whose code was read for this; any other is left alone. */
#define KNOWN_VERSION "0.9.75"
/* What it asks for where there is more. */
#define ITS_PIECE ((size_t)128 << 10)
/* Some 2 ms of a fast wire: so long the others of the thread wait. */
#define OUR_PIECE ((uint64_t)2 << 20)
/* Descriptors above it, more than any daemon of ours may have open, go in small pieces. */
#define FDS_MAX 16384

/* By descriptor: where its part ends; 0: none of ours. Written before MHD has the descriptor. */
static _Atomic uint64_t ends[FDS_MAX];

void sendfile_expect(int fd, uint64_t end)
{
        if (fd >= 0 && fd < FDS_MAX)
                atomic_store(&ends[fd], strcmp(MHD_get_version(), KNOWN_VERSION) == 0 ? end : 0);
}

static size_t piece_of(int fd, uint64_t offset, size_t wanted)
{
        const uint64_t end = fd >= 0 && fd < FDS_MAX ? atomic_load(&ends[fd]) : 0;
        uint64_t more;

        if (wanted != ITS_PIECE || offset >= end || end - offset <= 2 * ITS_PIECE)
                return wanted;
        more = end - offset - ITS_PIECE;
        return (size_t)(more < OUR_PIECE ? more : OUR_PIECE);
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t count)
{
        if (offset && *offset >= 0)
                count = piece_of(from, (uint64_t)*offset, count);
        return syscall(SYS_sendfile, to, from, offset, count);
}
