/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "power/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct power_request request;
        char error[DOC_ERROR_SIZE] = "";

        if (power_request_parse((const char *)data, size, error, &request) < 0) {
                if (error[0] == '\0')
                        abort();
                return 0;
        }
        if (request.count == 0 || request.verb >= POWER_VERBS)
                abort();
        power_request_done(&request);
        return 0;
}
