/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dhcp/class.h"

#include <string.h>

#include "lib/base/text.h"

bool dhcp_class_is_said(const struct dhcp_class *class)
{
        return class->architecture_count > 0 || class->vendor_class[0] || class->user_class[0] ||
               ip4_is_set(class->relay) || class->circuit_size > 0 || class->remote_size > 0 ||
               class->mac_prefix_size > 0;
}

static bool has_architecture(const struct dhcp_class *class, const struct dhcp_options *options)
{
        for (size_t i = 0; i < class->architecture_count; i++)
                if (options->has_architecture && options->architecture == class->architectures[i])
                        return true;
        return class->architecture_count == 0;
}

static bool is_bytes(struct reader value, const uint8_t *bytes, size_t size)
{
        return size == 0 || (reader_left(&value) == size && memcmp(value.at, bytes, size) == 0);
}

bool dhcp_class_matches(const struct dhcp_class *class, const struct dhcp_message *request,
                        const struct dhcp_relay_info *relay)
{
        const struct dhcp_options *options = &request->options;

        return has_architecture(class, options) &&
               text_has_prefix(options->vendor_class, class->vendor_class) &&
               (!class->user_class[0] || dhcp_options_has_user_class(options, class->user_class)) &&
               (!ip4_is_set(class->relay) || ip4_is_equal(class->relay, request->giaddr)) &&
               is_bytes(relay->circuit, class->circuit, class->circuit_size) &&
               is_bytes(relay->remote, class->remote, class->remote_size) &&
               memcmp(request->mac.bytes, class->mac_prefix, class->mac_prefix_size) == 0;
}
