/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "installer/boot_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Variables of the firmware: a load option's name, a boot order, a variable's file name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const enum boot_kind kinds[BOOT_ORDER_MAX];
        struct boot_order order;
        uint16_t number = 0;
        char name[64] = "";

        (void)boot_entry_is_ours(reader_over(data, size));
        if (boot_entry_kind(reader_over(data, size)) > BOOT_KIND_FIRMWARE)
                abort();
        if (boot_order_parse(reader_over(data, size), &order) == 0 &&
            boot_order_place(&order, 7, kinds) == 0 &&
            (order.count == 0 || order.count > BOOT_ORDER_MAX))
                abort();
        if (size < sizeof(name)) {
                memcpy(name, data, size);
                (void)boot_entry_number(name, &number);
        }
        return 0;
}
