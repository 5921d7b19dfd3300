/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "netboot/foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A frame of anybody: what is told of it is one line without control bytes, and once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct foreign foreign;
        struct foreign_server server, gone;

        if (size < 1 || !foreign_read(reader_over(data + 1, size - 1), data[0] & 1, &server))
                return 0;
        for (const char *c = server.vendor; *c; c++)
                if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
                        abort();
        foreign = (struct foreign){0};
        if (!foreign_heard(&foreign, &server, 1) || foreign_heard(&foreign, &server, 2) ||
            !foreign_gone(&foreign, 2 + FOREIGN_GONE_MS, &gone) ||
            memcmp(&gone.mac, &server.mac, sizeof(gone.mac)) != 0)
                abort();
        return 0;
}
