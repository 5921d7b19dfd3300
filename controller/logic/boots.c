/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "controller/logic/boots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/daemon/log.h"
#include "lib/trust/secret.h"

#define NUMBER_BYTES ((BOOT_TEXT_SIZE - 1) / 2)

/* What is asked for: this MAC at this address. */
struct machine_key {
        uint8_t mac[6];
        uint8_t address[16];
};

static struct machine_key key_of(const struct mac_address *mac, struct ip_address address)
{
        struct machine_key key;

        memcpy(key.mac, mac->bytes, sizeof(key.mac));
        memcpy(key.address, address.six.bytes, sizeof(key.address));
        return key;
}

struct boot *boot_find(const struct logic *logic, const char *number)
{
        const size_t len = strlen(number);

        return len == BOOT_TEXT_SIZE - 1 ? map_find(logic->boots, number, len) : NULL;
}

void boot_close(struct logic *logic, const struct boot *boot)
{
        const struct machine_key key = key_of(&boot->row.mac, boot->row.address);

        if (map_find(logic->open_boots, &key, sizeof(key)) == boot)
                map_remove(logic->open_boots, &key, sizeof(key));
}

int boot_restore(struct logic *logic, const struct store_boot *row, struct boot **ret)
{
        const struct machine_key key = key_of(&row->mac, row->address);
        struct boot *boot = calloc(1, sizeof(*boot));
        int rc;

        if (!boot)
                return -ENOMEM;
        boot->row = *row;
        rc = map_set(logic->boots, row->number, strlen(row->number), boot);
        if (rc < 0) {
                free(boot);
                return rc;
        }
        if (ret)
                *ret = boot;
        if (row->public_key[0] || row->is_void)
                return 0;
        /* Without a place here it is only not repeated: the next question gets another. */
        return map_set(logic->open_boots, &key, sizeof(key), boot);
}

int boot_give(struct logic *logic, const struct mac_address *mac, struct ip_address address,
              uint64_t now_ms, struct store_change *change, struct boot **ret)
{
        const struct machine_key key = key_of(mac, address);
        struct boot *open = map_find(logic->open_boots, &key, sizeof(key));
        struct store_boot row = {.mac = *mac, .address = address, .made_ms = now_ms};
        uint8_t number[NUMBER_BYTES];
        int rc;

        if (open && age_ms(now_ms, open->row.made_ms) < BOOT_OPEN_MS) {
                *ret = open;
                return 0;
        }
        if (open)
                boot_close(logic, open);
        if (map_count(logic->boots) >= BOOTS_MAX)
                return -ENOSPC;

        rc = random_bytes(number, sizeof(number));
        if (rc < 0)
                return rc;
        text_hex(row.number, number, sizeof(number));
        rc = boot_restore(logic, &row, ret);
        if (rc < 0)
                return rc;
        store_put_boot(change, &row);
        log_info("boot.number", "boot=%s mac=%s ip=%s", row.number,
                 mac_text((char[MAC_TEXT_SIZE]){0}, mac),
                 ip_text((char[IP_TEXT_SIZE]){0}, address));
        return 0;
}

void boots_expire(struct logic *logic, uint64_t now_ms, struct store_change *change)
{
        size_t at = 0, dropped = 0;
        void *value;

        while (dropped < EXPIRE_ROWS_MAX && map_next(logic->boots, &at, &value)) {
                struct boot *boot = value;

                if (age_ms(now_ms, boot->row.made_ms) < BOOT_KEPT_MS)
                        continue;
                boot_close(logic, boot);
                map_remove(logic->boots, boot->row.number, strlen(boot->row.number));
                store_delete_boot(change, boot->row.number);
                free(boot);
                dropped++;
        }
}
