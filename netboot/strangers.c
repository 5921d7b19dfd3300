/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "netboot/strangers.h"

#include "lib/daemon/log.h"

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

void strangers_report(struct events *events, const struct mac_address *mac, const char *on,
                      const struct stranger *stranger, uint64_t left_out)
{
        struct node_event event = {.mac = *mac, .step = STEP_STRANGER};
        char text[MAC_TEXT_SIZE];

        stranger_text(event.text, stranger);
        events_add(events, &event);
        log_info("dhcp.stranger", "mac=%s on=%s left_out=%llu what=%s", mac_text(text, mac), on,
                 (unsigned long long)left_out, QUOTE(event.text));
}
