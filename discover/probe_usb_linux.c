/* SPDX-License-Identifier: GPL-3.0-or-later */
/* usb: devices that are plugged in; not the hosts' own hubs, nor the interfaces of a device. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "discover/probe.h"
#include "lib/base/text.h"

/* clang-format off */
static const struct field device_fields[] = {
        {.name = "path",       .kind = FIELD_TEXT,   .help = "bus and ports: 1-4.2"},
        {.name = "bus",        .kind = FIELD_NUMBER, .file = "busnum", .help = "bus"},
        {.name = "number",     .kind = FIELD_NUMBER, .file = "devnum", .help = "device on the bus"},
        {.name = "vendor_id",  .kind = FIELD_TEXT,   .file = "idVendor", .help = "four hexadecimal digits"},
        {.name = "product_id", .kind = FIELD_TEXT,   .file = "idProduct", .help = "four hexadecimal digits"},
        {.name = "vendor",     .kind = FIELD_TEXT,   .file = "manufacturer", .help = "as the device says"},
        {.name = "product",    .kind = FIELD_TEXT,   .file = "product", .help = "as the device says"},
        {.name = "serial",     .kind = FIELD_TEXT, .is_identity = true,   .file = "serial", .help = "as the device says"},
        {.name = "class",      .kind = FIELD_TEXT,   .file = "bDeviceClass", .help = "00: its interfaces have one each"},
        {.name = "usb",        .kind = FIELD_TEXT,   .file = "version", .help = "version of USB that it speaks"},
        {.name = "speed_kbps", .kind = FIELD_NUMBER, .help = "speed that it runs at"},
        {.name = NULL},
};

const struct field usb_fields[] = {
        {.name = "items", .kind = FIELD_ITEMS, .inner = device_fields, .help = "a device each"},
        {.name = NULL},
};
/* clang-format on */

/* Mb/s: "480", "5000", and "1.5". */
static void set_speed(struct doc *device, const char *text)
{
        char whole[16];
        uint64_t mbps, tenth = 0;
        const size_t digits = strspn(text, "0123456789");

        if (text_copy_bytes(whole, sizeof(whole), text, digits) < 0 ||
            text_parse_u64(whole, 1000000, &mbps) < 0 ||
            (text[digits] == '.' && text_parse_u64(text + digits + 1, 9, &tenth) < 0))
                return;
        field_set_number(device, "speed_kbps", mbps * 1000 + tenth * 100);
}

static struct doc *take_device(struct tree *tree, const char *name)
{
        struct doc *device = doc_object();
        char folder[TREE_PATH_MAX], text[TREE_LINE_SIZE];

        (void)doc_set_text(device, "path", name);
        snprintf(folder, sizeof(folder), "sys/bus/usb/devices/%s", name);
        fields_read(tree, folder, device_fields, device);
        if (tree_line(tree, text, "%s/speed", folder))
                set_speed(device, text);
        return device;
}

void probe_usb(struct probe_context *context)
{
        _names_ struct tree_names names = {0};

        (void)tree_list(context->tree, "sys/bus/usb/devices", &names);
        for (size_t i = 0; i < names.count; i++)
                if (isdigit((unsigned char)names.names[i][0]) && !strchr(names.names[i], ':') &&
                    probe_begin(context, names.names[i]))
                        probe_item(context, take_device(context->tree, names.names[i]));
}
