/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which USB device a disk hangs on: the bridge has the serial number that such a disk lacks. */

#include <stdbool.h>

#define USB_NAME_SIZE 32

/**
 * usb_name_in() - the USB device in a path of sysfs
 * @path:  ".../usb2/2-1/2-1.4/2-1.4:1.0/host8/...", or any other text
 * @to:    "2-1.4", a name in /sys/bus/usb/devices; written only on success
 *
 * Return: false if there is no interface of a USB device in it.
 */
bool usb_name_in(const char *path, char to[static USB_NAME_SIZE]);
