/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "dhcp/proxy.h"
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool boot(void *context, const struct dhcp_message *request, struct ip4_address address,
                 struct dhcp_boot *ret)
{
        (void)context;
        (void)request;
        ret->next_server = address;
        dhcp_boot_skip_discovery(ret);
        return text_copy(ret->file, sizeof(ret->file), "undionly.kpxe") == 0;
}

/* One byte for the port, then a message: an answer can be read, gives nobody an address, and goes
 * to nobody who is not a boot client. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct dhcp_proxy_facts facts = {.interface = {1},
                                               .is_boot_port = size > 0 && (data[0] & 1),
                                               .source = {2},
                                               .source_port = 68};
        static struct dhcp_decision decision;
        struct dhcp_message request, reply;

        if (size < 1 || dhcp_message_parse(reader_over(data + 1, size - 1), &request) < 0)
                return 0;
        dhcp_proxy_decide(&request, &facts, boot, NULL, &decision);
        if (decision.reply == DHCP_NONE)
                return 0;
        if (dhcp_message_parse(reader_over(decision.reply_bytes, decision.reply_size), &reply) < 0)
                abort();
        if (ip4_is_set(reply.yiaddr) || reply.options.lease_s != 0 || reply.xid != request.xid ||
            decision.record_size != 0)
                abort();
        if (!dhcp_options_is_pxe(&request.options) && !dhcp_options_is_http(&request.options))
                abort();
        return 0;
}
