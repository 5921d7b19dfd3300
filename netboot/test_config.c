/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "netboot/config.h"

#define LEAST "controller: https://10.77.0.1:8443/\ninterfaces: [br0]\n"

static int load(const char *text, char *error, struct netbootd_config *ret)
{
        char path[] = "/tmp/netbootd-XXXXXX";
        const int fd = mkostemp(path, O_CLOEXEC);
        int rc;

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        close(fd);
        rc = netbootd_config_load(path, error, ret);
        unlink(path);
        return rc;
}

static void test_defaults(void **state)
{
        struct netbootd_config config;
        char error[DAEMON_ERROR_SIZE] = "";

        (void)state;
        assert_int_equal(load(LEAST, error, &config), 0);
        assert_string_equal(config.controller, "https://10.77.0.1:8443");
        assert_string_equal(config.state, "/var/lib/cloudie/netboot");
        assert_int_equal(config.http_port, 80);
        assert_int_equal(config.image_cache_mb, NETBOOTD_IMAGE_CACHE_MB);
        assert_int_equal(config.services, SERVICE_DHCP | SERVICE_TFTP | SERVICE_HTTP);
        assert_int_equal(config.interface_count, 1);

        assert_int_equal(load(LEAST "services: [tftp, http]\n", error, &config), 0);
        assert_int_equal(config.services, SERVICE_TFTP | SERVICE_HTTP);
        assert_int_equal(load(LEAST "services: [https]\n", error, &config), 0);
        assert_int_equal(config.services, SERVICE_HTTPS);
        assert_int_equal(config.https_port, 443);
        assert_int_equal(load(LEAST "image_cache_mb: 300\n", error, &config), 0);
        assert_int_equal(config.image_cache_mb, 300);
}

static void test_refusals(void **state)
{
        static const struct {
                const char *text, *word;
        } cases[] = {
                {"interfaces: [br0]\n",                        "controller"    },
                {"controller: https://x\n",                    "interfaces"    },
                {"controller: http://x\ninterfaces: [br0]\n",  "controller"    },
                {"controller: https://\ninterfaces: [br0]\n",  "controller"    },
                {LEAST "nonsense: 1\n",                        "nonsense"      },
                {LEAST "services: [nfs]\n",                    "services"      },
                {LEAST "https_port: 0\n",                      "https_port"    },
                {LEAST "https_port: 80\n",                     "https_port"    },
                {LEAST "http_port: 0\n",                       "http_port"     },
                {LEAST "image_cache_mb: 0\n",                  "image_cache_mb"},
                {LEAST "http_port: 65536\n",                   "http_port"     },
                {LEAST "state: here\n",                        "state"         },
                {"controller: https://x\ninterfaces: [a/b]\n", "interfaces"    },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct netbootd_config config;
                char error[DAEMON_ERROR_SIZE] = "";

                print_message("%s", cases[i].text);
                assert_true(load(cases[i].text, error, &config) < 0);
                assert_non_null(strstr(error, cases[i].word));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_refusals),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
