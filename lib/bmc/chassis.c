/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lib/bmc/chassis.h"

#include <errno.h>

#include "lib/base/cleanup.h"
#include "lib/base/reader.h"

#define CHASSIS     0x00 /* network functions: 5.1 */
#define APPLICATION 0x06

#define BOOT_FLAGS  5 /* the parameter */
#define VALID       0x80
#define PERSISTENT  0x40
#define UEFI        0x20

/* Past the completion code. */
static int open_answer(const void *answer, size_t size, struct reader *ret)
{
        struct reader r = reader_over(answer, size);
        uint8_t code;

        if (reader_u8(&r, &code) < 0)
                return -EBADMSG;
        if (code != 0)
                return -EREMOTEIO;
        *ret = r;
        return 0;
}

struct ipmi_request ipmi_ask_chassis(void)
{
        return (struct ipmi_request){.net_function = CHASSIS, .command = 0x01};
}

int ipmi_chassis_parse(const void *answer, size_t size, struct ipmi_chassis *ret)
{
        struct reader r;
        uint8_t power, last;
        int rc;

        rc = open_answer(answer, size, &r);
        if (rc < 0)
                return rc;
        if (reader_u8(&r, &power) < 0 || reader_u8(&r, &last) < 0)
                return -EBADMSG;
        *ret = (struct ipmi_chassis){
                .is_on = power & 0x01,
                .is_interlocked = power & 0x04,
                .has_power_fault = power & 0x08,
                .restore_policy = power >> 5 & 0x03,
        };
        return 0;
}

struct ipmi_request ipmi_ask_control(enum ipmi_control control)
{
        return (struct ipmi_request){
                .net_function = CHASSIS, .command = 0x02, .size = 1, .data = {(uint8_t)control}};
}

struct ipmi_request ipmi_ask_identify(uint8_t seconds, bool is_forced)
{
        return (struct ipmi_request){
                .net_function = CHASSIS,
                .command = 0x04,
                .size = is_forced ? 2 : 1, /* BMCs of IPMI 1.5 refuse the second byte */
                .data = {seconds, is_forced}
        };
}

struct ipmi_request ipmi_ask_boot_set(const struct ipmi_boot *boot)
{
        const uint8_t flags = (boot->is_valid ? VALID : 0) |
                              (boot->is_persistent ? PERSISTENT : 0) | (boot->is_uefi ? UEFI : 0);

        return (struct ipmi_request){
                .net_function = CHASSIS,
                .command = 0x08,
                .size = 6,
                .data = {BOOT_FLAGS, flags, (uint8_t)(boot->device << 2)}
        };
}

struct ipmi_request ipmi_ask_boot(void)
{
        return (struct ipmi_request){
                .net_function = CHASSIS, .command = 0x09, .size = 3, .data = {BOOT_FLAGS, 0, 0}
        };
}

int ipmi_boot_parse(const void *answer, size_t size, struct ipmi_boot *ret)
{
        struct reader r;
        uint8_t version, parameter, flags, device;
        int rc;

        rc = open_answer(answer, size, &r);
        if (rc < 0)
                return rc;
        if (reader_u8(&r, &version) < 0 || reader_u8(&r, &parameter) < 0 ||
            reader_u8(&r, &flags) < 0 || reader_u8(&r, &device) < 0 ||
            (parameter & 0x7f) != BOOT_FLAGS)
                return -EBADMSG;
        *ret = (struct ipmi_boot){
                .device = (enum ipmi_boot_device)(device >> 2 & 0x0f),
                .is_valid = flags & VALID,
                .is_persistent = flags & PERSISTENT,
                .is_uefi = flags & UEFI,
        };
        return 0;
}

struct ipmi_request ipmi_ask_privilege(uint8_t privilege)
{
        return (struct ipmi_request){
                .net_function = APPLICATION, .command = 0x3b, .size = 1, .data = {privilege}};
}

struct ipmi_request ipmi_ask_close(uint32_t session)
{
        return (struct ipmi_request){
                .net_function = APPLICATION,
                .command = 0x3c,
                .size = 4,
                .data = {(uint8_t)session, (uint8_t)(session >> 8), (uint8_t)(session >> 16),
                         (uint8_t)(session >> 24)}
        };
}

static const struct {
        uint8_t code;
        bool is_busy;
        const char *text;
} codes[] = {
        {0xc0, true,  "it is busy"                                        },
        {0xc1, false, "it does not know this command"                     },
        {0xc2, false, "it does not know this command for this unit"       },
        {0xc3, true,  "it took too long inside"                           },
        {0xc4, false, "it is out of space"                                },
        {0xc7, false, "the request has a wrong length"                    },
        {0xc9, false, "a parameter is out of range"                       },
        {0xcb, false, "there is no such sensor, record or parameter"      },
        {0xcc, false, "a field of the request is not valid for it"        },
        {0xce, false, "it could not make an answer"                       },
        {0xcf, false, "it takes the request for a repeated one"           },
        {0xd1, false, "its firmware is being updated"                     },
        {0xd2, true,  "it is still starting"                              },
        {0xd4, false, "this user's privilege is too low"                  },
        {0xd5, false, "it does not do this in the machine's present state"},
        {0xd6, false, "this part of it is switched off"                   },
        {0xff, false, "it does not say why"                               },
};

const char *ipmi_code_text(uint8_t code)
{
        for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
                if (codes[i].code == code)
                        return codes[i].text;
        return NULL;
}

bool ipmi_code_is_busy(uint8_t code)
{
        for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
                if (codes[i].code == code)
                        return codes[i].is_busy;
        return false;
}
