/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/strangers.h"

bool strangers_tell(struct strangers *strangers, const struct mac_address *mac, uint64_t now_ms,
                    uint64_t *ret_left_out)
{
        size_t place = STRANGERS_MAX_TOLD;

        for (size_t i = 0; i < STRANGERS_MAX_TOLD; i++) {
                const uint64_t told_ms = strangers->at[i].told_ms;
                const bool is_old = told_ms == 0 || now_ms - told_ms >= STRANGERS_AGAIN_MS;

                if (told_ms > 0 && mac_is_equal(&strangers->at[i].mac, mac)) {
                        if (!is_old)
                                return false;
                        place = i;
                        break;
                }
                if (is_old && place == STRANGERS_MAX_TOLD)
                        place = i;
        }
        if (place == STRANGERS_MAX_TOLD) {
                strangers->left_out++;
                return false;
        }
        strangers->at[place].mac = *mac;
        strangers->at[place].told_ms = now_ms;
        *ret_left_out = strangers->left_out;
        strangers->left_out = 0;
        return true;
}
