/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "pxe/answer.h"

#define PXE_ROM  "PXEClient:Arch:00000:UNDI:002001"
#define UEFI_ROM "PXEClient:Arch:00007:UNDI:003000"
#define LATER    "this kind of UEFI boot comes with a later release"
#define HTTP_ROM "HTTPClient:Arch:00016:UNDI:003000"
#define IMAGE    "boot/image/52-54-00-77-00-01.img"
#define SCRIPT   "boot/ipxe/52-54-00-77-00-01"

static const struct {
        const char *what;
        const char *vendor_class;
        int architecture; /* -1: not said */
        bool is_ipxe, is_our_loader, reload_ipxe;
        enum boot_protocol protocol;
        uint16_t http_port;
        enum pxe_answer_kind kind;
        const char *file;
} cases[] = {
        {"a running system",                                  "udhcp 1.35",                        -1,  false, false, false, BOOT_PROTOCOL_HTTP, 80,
         PXE_ANSWER_NONE,                                                                                                                                                 ""                             },
        {"our agent",                                         "cloudie-agent",                     -1,  false, false, false, BOOT_PROTOCOL_HTTP, 80,
         PXE_ANSWER_NONE,                                                                                                                                                 ""                             },
        {"BIOS",                                              PXE_ROM,                             0,   false, false, false, BOOT_PROTOCOL_HTTP, 80,   PXE_ANSWER_LOADER,
         "undionly.kpxe"                                                                                                                                                                                 },
        {"an old BIOS without option 93",                     "PXEClient",                         -1,  false, false, false, BOOT_PROTOCOL_HTTP,
         80,                                                                                                                                           PXE_ANSWER_LOADER, "undionly.kpxe"                },
        {"a plain ROM again, after our loader was delivered", PXE_ROM,                             0,   false, true,  false,
         BOOT_PROTOCOL_HTTP,                                                                                                                     80,   PXE_ANSWER_LOADER, "undionly.kpxe"                },
        {"iPXE by HTTP",                                      PXE_ROM,                             0,   true,  false, false, BOOT_PROTOCOL_HTTP, 80,   PXE_ANSWER_SCRIPT,
         "http://10.77.0.1/" SCRIPT                                                                                                                                                                      },
        {"iPXE by HTTP, another port",                        PXE_ROM,                             0,   true,  false, false, BOOT_PROTOCOL_HTTP, 8081,
         PXE_ANSWER_SCRIPT,                                                                                                                                               "http://10.77.0.1:8081/" SCRIPT},
        {"iPXE by TFTP",                                      PXE_ROM,                             0,   true,  false, false, BOOT_PROTOCOL_TFTP, 80,   PXE_ANSWER_SCRIPT,
         "tftp://10.77.0.1/" SCRIPT                                                                                                                                                                      },
        {"iPXE of the card, to be replaced",                  PXE_ROM,                             0,   true,  false, true,  BOOT_PROTOCOL_TFTP, 80,
         PXE_ANSWER_LOADER,                                                                                                                                               "undionly.kpxe"                },
        {"our iPXE, after it was replaced",                   PXE_ROM,                             0,   true,  true,  true,  BOOT_PROTOCOL_TFTP, 80,
         PXE_ANSWER_SCRIPT,                                                                                                                                               "tftp://10.77.0.1/" SCRIPT     },
        {"UEFI",                                              UEFI_ROM,                            7,   false, false, false, BOOT_PROTOCOL_HTTP, 80,   PXE_ANSWER_LOADER,
         "shimx64.efi"                                                                                                                                                                                   },
        {"UEFI iPXE",                                         UEFI_ROM,                            7,   true,  false, false, BOOT_PROTOCOL_HTTP, 80,   PXE_ANSWER_LOADER,
         "shimx64.efi"                                                                                                                                                                                   },
        {"UEFI, as some firmware numbers it",                 "PXEClient:Arch:00009:UNDI:003000",  9,   false, false,
         false,                                                                                                              BOOT_PROTOCOL_TFTP, 80,   PXE_ANSWER_LOADER, "shimx64.efi"                  },
        {"UEFI HTTP boot",                                    HTTP_ROM,                            16,  false, false, false, BOOT_PROTOCOL_HTTP, 80,
         PXE_ANSWER_IMAGE,                                                                                                                                                "http://10.77.0.1/" IMAGE      },
        {"UEFI HTTP boot where all else is TFTP",             HTTP_ROM,                            16,  false, false, false,
         BOOT_PROTOCOL_TFTP,                                                                                                                     8081, PXE_ANSWER_IMAGE,  "http://10.77.0.1:8081/" IMAGE },
        {"arm64 HTTP boot",                                   "HTTPClient:Arch:00019:UNDI:003000", 19,  false, false, false,
         BOOT_PROTOCOL_HTTP,                                                                                                                     80,   PXE_ANSWER_NONE,   ""                             },
        {"IA32 HTTP boot",                                    "HTTPClient:Arch:00015:UNDI:003000", 15,  false, false, false,
         BOOT_PROTOCOL_HTTP,                                                                                                                     80,   PXE_ANSWER_NONE,   ""                             },
        {"arm64",                                             "PXEClient:Arch:00011:UNDI:003000",  11,  false, false, false, BOOT_PROTOCOL_HTTP,
         80,                                                                                                                                           PXE_ANSWER_NONE,   ""                             },
        {"from the future",                                   "PXEClient:Arch:00200",              200, false, false, false, BOOT_PROTOCOL_HTTP,
         80,                                                                                                                                           PXE_ANSWER_NONE,   ""                             },
};

static struct dhcp_message message_of(size_t i)
{
        struct dhcp_message m = {.mac = {{0x52, 0x54, 0x00, 0x77, 0x00, 0x01}}};

        snprintf(m.options.vendor_class, sizeof(m.options.vendor_class), "%s",
                 cases[i].vendor_class);
        m.options.has_architecture = cases[i].architecture >= 0;
        m.options.architecture = (uint16_t)(cases[i].architecture & 0xffff);
        if (cases[i].is_ipxe) {
                m.options.user_class.size = 4;
                memcpy(m.options.user_class.bytes, "iPXE", 4);
        }
        return m;
}

static void test_table(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct dhcp_message m = message_of(i);
                struct pxe_site site = {.http_port = cases[i].http_port,
                                        .protocol = cases[i].protocol,
                                        .reload_ipxe = cases[i].reload_ipxe};
                struct pxe_answer answer;

                print_message("%s\n", cases[i].what);
                assert_int_equal(ip_parse("10.77.0.1", &site.edge), 0);
                pxe_answer_make(&m, cases[i].is_our_loader, &site, &answer);
                assert_int_equal(answer.kind, cases[i].kind);
                assert_string_equal(answer.boot.file, cases[i].file);
                assert_non_null(answer.reason);
                if (cases[i].kind == PXE_ANSWER_NONE && cases[i].architecture >= 0 &&
                    cases[i].architecture < 200)
                        assert_string_equal(answer.reason, LATER);
                assert_int_equal(ip4_is_set(answer.boot.next_server),
                                 cases[i].kind != PXE_ANSWER_NONE);
                assert_int_equal(answer.boot.has_no_proxy,
                                 cases[i].is_ipxe && cases[i].kind != PXE_ANSWER_NONE);
                /* Only a PXE ROM is talked to as a PXE server does. */
                if (cases[i].kind == PXE_ANSWER_LOADER && !cases[i].is_ipxe) {
                        assert_string_equal(answer.boot.vendor_class, "PXEClient");
                        assert_true(answer.boot.vendor_options.size >= 3);
                } else {
                        assert_string_equal(answer.boot.vendor_class,
                                            cases[i].kind == PXE_ANSWER_IMAGE ? "HTTPClient" : "");
                        assert_int_equal(answer.boot.vendor_options.size, 0);
                }
        }
}

/* A network that boots by HTTPS names nothing else, and nothing at all where that is not served. */
static void test_https(void **state)
{
        static const struct {
                const char *edge;
                uint16_t port;
                const char *url;
        } rows[] = {
                {"10.77.0.1", 443,  "https://10.77.0.1/" IMAGE     },
                {"10.77.0.1", 8443, "https://10.77.0.1:8443/" IMAGE},
                {"10.77.0.1", 0,    ""                             },
                {"fd77::1",   443,  "https://[fd77::1]/" IMAGE     },
                {"fd77::1",   8443, "https://[fd77::1]:8443/" IMAGE},
                {"fd77::1",   0,    ""                             },
        };
        const struct mac_address mac = {
                {0x52, 0x54, 0, 0x77, 0, 1}
        };
        struct dhcp6_message request6 = {.type = DHCP6_SOLICIT};
        struct dhcp_message request = {.mac = mac};

        (void)state;
        (void)snprintf(request.options.vendor_class, sizeof(request.options.vendor_class),
                       HTTP_ROM);
        request.options.has_architecture = true;
        request.options.architecture = DHCP_ARCH_EFI_HTTP_X86_64;
        dhcp6_options_init(&request6.options);
        request6.options.has_architecture = true;
        request6.options.architecture = DHCP_ARCH_EFI_HTTP_X86_64;
        request6.options.enterprise = DHCP6_ENTERPRISE_PXE;
        (void)snprintf(request6.options.vendor_class, sizeof(request6.options.vendor_class),
                       HTTP_ROM);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct pxe_site site = {
                        .http_port = 80, .is_tls = true, .https_port = rows[i].port};
                struct pxe_answer6 answer6;
                struct pxe_answer answer;

                assert_int_equal(ip_parse(rows[i].edge, &site.edge), 0);
                pxe_answer_make(&request, false, &site, &answer);
                pxe_answer_make6(&request6, &mac, &site, &answer6);
                if (ip_is_4(site.edge))
                        assert_string_equal(answer.boot.file, rows[i].url);
                else
                        assert_string_equal(answer6.boot.url, rows[i].url);
                assert_int_equal(answer.kind, rows[i].port ? PXE_ANSWER_IMAGE : PXE_ANSWER_NONE);
                assert_int_equal(answer6.kind, answer.kind);
                if (rows[i].port == 0)
                        assert_non_null(strstr(answer6.reason, "HTTPS"));
        }
}

static void test_url_too_long(void **state)
{
        const struct pxe_site site = {.http_port = 80};
        char path[2 * PXE_URL_SIZE], url[PXE_URL_SIZE];

        (void)state;
        memset(path, 'a', sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        assert_int_equal(pxe_url_write(&site, path, url), -EMSGSIZE);
        assert_string_equal(url, "");
}

/* clang-format off */
static const struct {
        const char *what, *user_class, *vendor_class;
        int architecture; /* -1: not said */
        bool has_no_mac, has_no_address;
        enum pxe_answer_kind kind;
        const char *url;
} cases6[] = {
        {"a running system",     "",     "",           -1, false, false, PXE_ANSWER_NONE, ""},
        {"UEFI",                 "",     UEFI_ROM,     7,  false, false, PXE_ANSWER_LOADER,
         "tftp://[fd77::1]/shimx64.efi"                                                      },
        {"UEFI iPXE",            "iPXE", UEFI_ROM,     7,  false, false, PXE_ANSWER_LOADER,
         "tftp://[fd77::1]/shimx64.efi"                                                      },
        {"BIOS iPXE",            "iPXE", PXE_ROM,      0,  false, false, PXE_ANSWER_SCRIPT,
         "http://[fd77::1]/" SCRIPT                                                          },
        {"UEFI HTTP boot",       "",     HTTP_ROM,     16, false, false, PXE_ANSWER_IMAGE,
         "http://[fd77::1]/" IMAGE                                                           },
        {"arm64 HTTP boot",      "",     "HTTPClient", 19, false, false, PXE_ANSWER_NONE, ""},
        {"HTTP without a MAC",   "",     HTTP_ROM,     16, true,  false, PXE_ANSWER_NONE, ""},
        {"without a MAC",        "",     UEFI_ROM,     7,  true,  false, PXE_ANSWER_NONE, ""},
        {"without an address",   "",     UEFI_ROM,     7,  false, true,  PXE_ANSWER_NONE, ""},
};
/* clang-format on */

static void answers_over_ipv6(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases6); i++) {
                const struct mac_address mac = {
                        {0x52, 0x54, 0, 0x77, 0, 1}
                };
                const struct mac_address none = {{0}};
                struct pxe_site site = {.http_port = 80};
                struct dhcp6_message request = {.type = DHCP6_SOLICIT};
                struct pxe_answer6 answer;

                if (!cases6[i].has_no_address)
                        assert_int_equal(ip_parse("fd77::1", &site.edge), 0);
                dhcp6_options_init(&request.options);
                request.options.has_architecture = cases6[i].architecture >= 0;
                request.options.architecture = (uint16_t)cases6[i].architecture;
                request.options.enterprise = DHCP6_ENTERPRISE_PXE;
                snprintf(request.options.vendor_class, sizeof(request.options.vendor_class), "%s",
                         cases6[i].vendor_class);
                snprintf(request.options.user_class, sizeof(request.options.user_class), "%s",
                         cases6[i].user_class);
                pxe_answer_make6(&request, cases6[i].has_no_mac ? &none : &mac, &site, &answer);
                if (answer.kind != cases6[i].kind || strcmp(answer.boot.url, cases6[i].url) != 0)
                        fail_msg("%s: %d '%s'", cases6[i].what, (int)answer.kind, answer.boot.url);
                assert_string_equal(answer.boot.vendor_class,
                                    answer.kind == PXE_ANSWER_IMAGE ? "HTTPClient" : "");
                assert_non_null(answer.reason);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(answers_over_ipv6),
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_https),
                cmocka_unit_test(test_url_too_long),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
