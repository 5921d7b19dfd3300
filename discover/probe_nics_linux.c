/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nics: network interfaces that stand on a device: no bridges, bonds, VLANs, loopback. */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "discover/probe.h"
#include "lib/base/net.h"
#include "lib/base/text.h"
#include "lib/node/summary.h"

/* clang-format off */
static const struct field nics_item_fields[] = {
        {.name = "name", .kind = FIELD_TEXT, .help = "name"},
        {.name = "mac", .kind = FIELD_TEXT, .help = "mac"},
        {.name = "permanent_mac", .kind = FIELD_TEXT, .help = "permanent mac"},
        {.name = "pci", .kind = FIELD_TEXT, .help = "pci"},
        {.name = "vendor_id", .kind = FIELD_TEXT, .help = "vendor id"},
        {.name = "device_id", .kind = FIELD_TEXT, .help = "device id"},
        {.name = "driver", .kind = FIELD_TEXT, .help = "driver"},
        {.name = "firmware", .kind = FIELD_TEXT, .help = "firmware"},
        {.name = "duplex", .kind = FIELD_TEXT, .help = "duplex"},
        {.name = "speed_mbps", .kind = FIELD_NUMBER, .help = "speed mbps"},
        {.name = "mtu", .kind = FIELD_NUMBER, .help = "mtu"},
        {.name = "link", .kind = FIELD_BOOL, .help = "link"},
        {.name = NULL},
};

const struct field nics_fields[] = {
        {.name = "items", .kind = FIELD_ITEMS, .inner = nics_item_fields, .help = "items"},
        {.name = NULL},
};
/* clang-format on */

/* What sysfs does not tell: the address burnt into the card, which a bond or an operator changes
 * but the firmware boots with. */
static void set_permanent_mac(struct tree *tree, const char *name, struct doc *nic)
{
        struct {
                struct ethtool_perm_addr header;
                struct mac_address mac;
        } address = {
                .header = {.cmd = ETHTOOL_GPERMADDR, .size = sizeof(struct mac_address)}
        };
        struct ifreq request = {.ifr_data = (char *)&address};
        _close_ int fd = -EBADF;
        char text[MAC_TEXT_SIZE];

        if (!tree_is_live(tree) || text_copy(request.ifr_name, sizeof(request.ifr_name), name) < 0)
                return;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) < 0 ||
            address.header.size != sizeof(struct mac_address))
                return;
        if (mac_is_usable(&address.mac))
                (void)doc_set_text(nic, "permanent_mac", mac_text(text, &address.mac));
}

static void set_firmware(struct tree *tree, const char *name, struct doc *nic)
{
        struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
        struct ifreq request = {.ifr_data = (char *)&info};
        _close_ int fd = -EBADF;

        if (!tree_is_live(tree) || text_copy(request.ifr_name, sizeof(request.ifr_name), name) < 0)
                return;
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) < 0)
                return;
        info.fw_version[sizeof(info.fw_version) - 1] = '\0';
        if (!node_text_is_filler(info.fw_version))
                (void)doc_set_text(nic, "firmware", info.fw_version);
}

static void set_device(struct tree *tree, const char *name, struct doc *nic)
{
        char path[TREE_PATH_MAX], text[TREE_LINE_SIZE], address[32];

        if (tree_link_path(tree, path, "sys/class/net/%s", name) &&
            pci_address_in(path, address, sizeof(address))) {
                (void)doc_set_text(nic, "pci", address);
                if (tree_line(tree, text, "sys/bus/pci/devices/%s/vendor", address))
                        (void)doc_set_text(nic, "vendor_id", text);
                if (tree_line(tree, text, "sys/bus/pci/devices/%s/device", address))
                        (void)doc_set_text(nic, "device_id", text);
        }
        if (tree_link(tree, text, "sys/class/net/%s/device/driver", name))
                (void)doc_set_text(nic, "driver", text);
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
        if (tree_line(tree, text, "sys/class/net/%s/duplex", name) && !node_text_is_filler(text))
                (void)doc_set_text(nic, "duplex", text);
}

static struct doc *take_nic(struct tree *tree, const char *name)
{
        struct doc *nic = doc_object();
        char text[TREE_LINE_SIZE];
        uint64_t number;

        (void)doc_set_text(nic, "name", name);
        if (tree_line(tree, text, "sys/class/net/%s/address", name))
                (void)doc_set_text(nic, "mac", text);
        set_permanent_mac(tree, name, nic);
        set_device(tree, name, nic);
        set_firmware(tree, name, nic);
        set_link(tree, name, nic);
        if (tree_number(tree, &number, "sys/class/net/%s/mtu", name))
                (void)doc_set_number(nic, "mtu", (int64_t)number);
        return nic;
}

void probe_nics(struct probe_context *context)
{
        _names_ struct tree_names names = {0};

        if (tree_list(context->tree, "sys/class/net", &names) < 0)
                probe_error(context, "/sys/class/net cannot be read");
        for (size_t i = 0; i < names.count; i++)
                if (tree_has(context->tree, "sys/class/net/%s/device", names.names[i]) &&
                    probe_begin(context, names.names[i]))
                        probe_item(context, take_nic(context->tree, names.names[i]));
}
