/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/disk/usb_name.h"

#include <string.h>

#include "lib/base/text.h"

#define DIGITS "0123456789"

/* "2-1.4:1.0" is an interface: its bus, the ports to the device, and the number of both in it. */
bool usb_name_in(const char *path, char to[static USB_NAME_SIZE])
{
        while (*path) {
                const size_t bus = strspn(path, DIGITS);
                const size_t ports = path[bus] == '-' ? strspn(path + bus + 1, DIGITS ".") : 0;
                const size_t len = bus + 1 + ports;

                if (bus > 0 && ports > 0 && path[len] == ':' && len < USB_NAME_SIZE)
                        return text_copy_bytes(to, USB_NAME_SIZE, path, len) == 0;
                path += strcspn(path, "/");
                path += *path == '/';
        }
        return false;
}
