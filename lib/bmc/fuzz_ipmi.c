/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "lib/bmc/chassis.h"
#include "lib/bmc/ipmi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct ipmi_ciphers ciphers = {.count = 0};
        struct ipmi_device device;
        struct ipmi_logins logins;
        struct ip4_address ip4;
        struct mac_address mac;
        struct ipmi_chassis chassis;
        struct ipmi_boot boot;
        struct ipmi_user user;
        char name[IPMI_USER_NAME_SIZE];
        const char *source;
        uint8_t medium, ip6[16];
        uint16_t vlan;

        (void)ipmi_device_parse(data, size, &device);
        (void)ipmi_channel_parse(data, size, &medium);
        (void)ipmi_logins_parse(data, size, &logins);
        (void)ipmi_lan_ip4_parse(data, size, &ip4);
        (void)ipmi_lan_mac_parse(data, size, &mac);
        (void)ipmi_lan_source_parse(data, size, &source);
        (void)ipmi_lan_vlan_parse(data, size, &vlan);
        (void)ipmi_lan_ip6_parse(data, size, ip6);
        (void)ipmi_lan_ciphers_parse(data, size, &ciphers);
        (void)ipmi_lan_ciphers_limit(data, size, &ciphers);
        if (ciphers.count > IPMI_CIPHERS_MAX)
                abort();
        (void)ipmi_user_parse(data, size, &user);
        (void)ipmi_chassis_parse(data, size, &chassis);
        (void)ipmi_boot_parse(data, size, &boot);
        if (ipmi_user_name_parse(data, size, name) == 0 && strlen(name) >= sizeof(name))
                abort();
        return 0;
}
