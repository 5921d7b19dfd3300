/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/frame.h"

/* What stands behind the frame must stay as it is; the size is what the seeds have. */
#define PLAIN 4096
#define GUARD 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const uint8_t guard[GUARD] = {0xa5};
        static struct image_decoder *decoder;
        uint8_t plain[PLAIN + GUARD];
        struct sha256 is, again;

        if (!decoder && image_decoder_new(&decoder) < 0)
                abort();
        memcpy(plain + PLAIN, guard, GUARD);
        if (image_frame_unpack(decoder, reader_over(data, size), plain, PLAIN, &is) == 0) {
                if (sha256_of(plain, PLAIN, &again) < 0 || !sha256_is_equal(&is, &again))
                        abort();
                if (image_frame_decode(decoder, reader_over(data, size), plain, PLAIN, &is) != 0)
                        abort();
        }
        if (memcmp(plain + PLAIN, guard, GUARD) != 0)
                abort();
        return 0;
}
