/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nics: network interfaces that stand on a device: no bridges, bonds, VLANs, loopback. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "discover/ethtool.h"
#include "discover/probe.h"
#include "discover/tables_linux.h"
#include "lib/base/net.h"
#include "lib/base/text.h"

/* clang-format off */
static const struct field nic_fields[] = {
        {.name = "name",          .kind = FIELD_TEXT, .help = "as the kernel has it today"},
        {.name = "mac",           .kind = FIELD_TEXT, .is_identity = true, .file = "address", .help = "address in use"},
        {.name = "permanent_mac", .kind = FIELD_TEXT, .is_identity = true, .help = "address burnt into the card"},
        {.name = "pci",           .kind = FIELD_TEXT, .help = "PCI function"},
        {.name = "vendor_id",     .kind = FIELD_TEXT, .help = "PCI vendor"},
        {.name = "device_id",     .kind = FIELD_TEXT, .help = "PCI device"},
        {.name = "vendor",        .kind = FIELD_TEXT, .help = "the vendor, as the PCI ID repository or the USB device has it"},
        {.name = "product",       .kind = FIELD_TEXT, .help = "the card, from there"},
        {.name = "driver",        .kind = FIELD_TEXT, .link = "device/driver", .help = "driver"},
        {.name = "firmware",      .kind = FIELD_TEXT, .help = "version of the card's firmware"},
        {.name = "port_number",   .kind = FIELD_NUMBER, .file = "dev_port", .help = "port of a card, from 0 on"},
        {.name = "port_name",     .kind = FIELD_TEXT, .file = "phys_port_name", .help = "port, as the card names it"},
        {.name = "link",          .kind = FIELD_BOOL, .help = "a cable is in; absent while the interface is down"},
        {.name = "speed_mbps",    .kind = FIELD_NUMBER, .help = "now"},
        {.name = "duplex",        .kind = FIELD_TEXT, .help = "full, half"},
        {.name = "supported_mbps",  .kind = FIELD_NUMBERS, .help = "speeds that the port can"},
        {.name = "advertised_mbps", .kind = FIELD_NUMBERS, .help = "speeds that it offers its neighbour"},
        {.name = "port",          .kind = FIELD_TEXT, .help = "twisted-pair, fibre, direct-attach, none, ..."},
        {.name = "autonegotiation", .kind = FIELD_BOOL, .help = "speed is agreed upon with the neighbour"},
        {.name = "wake_on_lan",   .kind = FIELD_BOOL, .help = "can be woken by a magic packet"},
        {.name = "wake_on_lan_enabled", .kind = FIELD_BOOL, .help = "and that is on"},
        {.name = "mtu",           .kind = FIELD_NUMBER, .file = "mtu", .help = "bytes"},
        {.name = "numa_node",     .kind = FIELD_NUMBER, .file = "device/numa_node", .help = "NUMA node that it is near to"},
        {.name = "sriov_total",   .kind = FIELD_NUMBER, .file = "device/sriov_totalvfs", .help = "virtual functions it can have"},
        {.name = "sriov_enabled", .kind = FIELD_NUMBER, .file = "device/sriov_numvfs", .help = "virtual functions it has"},
        {.name = "virtual_function_of", .kind = FIELD_TEXT, .link = "device/physfn", .help = "PCI function that it is a part of"},
        {.name = "rdma",          .kind = FIELD_TEXTS, .help = "RDMA devices on the same function"},
        {.name = "neighbour",     .kind = FIELD_OBJECT, .inner = nic_neighbour_fields, .help = "the switch at the other end (LLDP), where --listen heard it"},
        {.name = "other_neighbours", .kind = FIELD_ITEMS, .inner = nic_neighbour_fields, .help = "who else was heard over the same cable"},
        {.name = "booted_from",   .kind = FIELD_BOOL, .help = "the machine was booted over it"},
        {.name = NULL},
};

const struct field nics_fields[] = {
        {.name = "items", .kind = FIELD_ITEMS, .inner = nic_fields, .help = "an interface each"},
        {.name = NULL},
};
/* clang-format on */

/* A card at USB is an interface of its device, which tells its own name. */
static void set_usb(struct tree *tree, const char *name, struct doc *nic)
{
        char text[TREE_LINE_SIZE];

        if (tree_line(tree, text, "sys/class/net/%s/device/../manufacturer", name))
                field_set_text(nic, "vendor", text);
        if (tree_line(tree, text, "sys/class/net/%s/device/../product", name))
                field_set_text(nic, "product", text);
}

static void set_device(struct tree *tree, const char *name, struct doc *nic)
{
        char path[TREE_PATH_MAX], text[TREE_LINE_SIZE], address[32];

        if (!tree_link_path(tree, path, "sys/class/net/%s", name) ||
            !pci_address_in(path, address, sizeof(address)))
                return;
        (void)doc_set_text(nic, "pci", address);
        if (strstr(path, "/usb")) { /* the function's ids are its host's */
                set_usb(tree, name, nic);
                return;
        }
        if (tree_line(tree, text, "sys/bus/pci/devices/%s/vendor", address))
                field_set_text(nic, "vendor_id", text);
        if (tree_line(tree, text, "sys/bus/pci/devices/%s/device", address))
                field_set_text(nic, "device_id", text);
}

static void set_rdma(struct tree *tree, const char *name, struct doc *nic)
{
        _names_ struct tree_names names = {0};
        char path[TREE_PATH_MAX];
        struct doc *list;

        snprintf(path, sizeof(path), "sys/class/net/%s/device/infiniband", name);
        if (tree_list(tree, path, &names) < 0 || names.count == 0)
                return;
        list = doc_list();
        for (size_t i = 0; i < names.count; i++)
                field_append_text(list, names.names[i]);
        (void)doc_set(nic, "rdma", list);
}

/* Speed and duplex mean something only with a carrier; reading them without one is an error. */
static void set_link(struct tree *tree, const char *name, struct doc *nic)
{
        char text[TREE_LINE_SIZE];
        uint64_t number;
        bool has_carrier;

        if (!tree_number(tree, &number, "sys/class/net/%s/carrier", name))
                return; /* the interface is down: whether a cable is in is not known */
        has_carrier = number == 1;
        (void)doc_set_bool(nic, "link", has_carrier);
        if (!has_carrier)
                return;
        if (tree_number(tree, &number, "sys/class/net/%s/speed", name) && number <= 10000000)
                (void)doc_set_number(nic, "speed_mbps", (int64_t)number);
        if (tree_line(tree, text, "sys/class/net/%s/duplex", name))
                field_set_text(nic, "duplex", text);
}

static bool is_boot_nic(struct tree *tree, const struct doc *nic)
{
        const char *text = doc_get_text(nic, "permanent_mac");
        struct mac_address boot, mac;

        if (!text)
                text = doc_get_text(nic, "mac");
        return text && boot_mac_read(tree, &boot) && mac_parse(text, &mac) == 0 &&
               mac_is_equal(&mac, &boot);
}

static struct doc *take_nic(struct tree *tree, int fd, const char *name)
{
        struct doc *nic = doc_object();
        char folder[TREE_PATH_MAX];

        (void)doc_set_text(nic, "name", name);
        set_device(tree, name, nic);
        snprintf(folder, sizeof(folder), "sys/class/net/%s", name);
        fields_read(tree, folder, nic_fields, nic);
        set_rdma(tree, name, nic);
        set_link(tree, name, nic);
        ethtool_take(tree, fd, name, nic);
        if (is_boot_nic(tree, nic))
                (void)doc_set_bool(nic, "booted_from", true);
        return nic;
}

void probe_nics(struct probe_context *context)
{
        _names_ struct tree_names names = {0};
        _close_ int fd = -EBADF;

        if (tree_is_live(context->tree))
                fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (tree_list(context->tree, "sys/class/net", &names) < 0)
                probe_error(context, "/sys/class/net cannot be read");
        for (size_t i = 0; i < names.count; i++)
                if (tree_has(context->tree, "sys/class/net/%s/device", names.names[i]) &&
                    probe_begin(context, names.names[i]))
                        probe_item(context, take_nic(context->tree, fd, names.names[i]));
}
