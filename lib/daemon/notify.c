/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What systemd is told, by sd_notify(3); without it nothing happens. */

#include <stdint.h>
#include <systemd/sd-daemon.h>

#include "lib/daemon/daemon.h"

void notify_ready(const char *status)
{
        sd_notifyf(0, "READY=1\nSTATUS=%s", status ? status : "");
}

void notify_stopping(void)
{
        sd_notify(0, "STOPPING=1");
}

unsigned notify_watchdog_ms(void)
{
        uint64_t timeout_us;

        if (sd_watchdog_enabled(0, &timeout_us) <= 0)
                return 0;
        /* Half of it, so that one late turn of the loop is no death. */
        timeout_us /= 2000;
        return timeout_us > UINT32_MAX ? UINT32_MAX : (unsigned)timeout_us;
}

void notify_alive(void)
{
        sd_notify(0, "WATCHDOG=1");
}
