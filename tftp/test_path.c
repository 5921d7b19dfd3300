/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "tftp/path.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
        const char *name;
        size_t len;
        int rc;
        const char *path;
} cases[] = {
        {BYTES("grubx64.efi"),                  0,       "grubx64.efi"                },
        {BYTES("/grub/grub.cfg"),               0,       "grub/grub.cfg"              },
        {BYTES("/sb//grubx64.efi"),             0,       "sb/grubx64.efi"             },
        {BYTES("///a///b//"),                   0,       "a/b"                        },
        {BYTES("./a/./b"),                      0,       "a/b"                        },
        {BYTES("a/..b/c.."),                    0,       "a/..b/c.."                  },
        {BYTES("..."),                          0,       "..."                        },
        {BYTES("/grub/x86_64-efi/command.lst"), 0,       "grub/x86_64-efi/command.lst"},
        {BYTES("name with blank \xc3\xa4"),     0,       "name with blank \xc3\xa4"   },
        {BYTES(""),                             -EINVAL, NULL                         },
        {BYTES("/"),                            -EINVAL, NULL                         },
        {BYTES("./."),                          -EINVAL, NULL                         },
        {BYTES(".."),                           -EINVAL, NULL                         },
        {BYTES("../etc/shadow"),                -EINVAL, NULL                         },
        {BYTES("/../etc/shadow"),               -EINVAL, NULL                         },
        {BYTES("a/../b"),                       -EINVAL, NULL                         },
        {BYTES("a/.."),                         -EINVAL, NULL                         },
        {BYTES("a\\b"),                         -EINVAL, NULL                         },
        {BYTES("..\\etc"),                      -EINVAL, NULL                         },
        {BYTES("a\0b"),                         -EINVAL, NULL                         },
        {BYTES("a\nb"),                         -EINVAL, NULL                         },
        {BYTES("a\x7f"),                        -EINVAL, NULL                         },
};

static void cleans_names(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char path[TFTP_PATH_SIZE];

                print_message("%s\n", cases[i].name);
                assert_int_equal(tftp_path_parse(cases[i].name, cases[i].len, path), cases[i].rc);
                if (cases[i].rc == 0)
                        assert_string_equal(path, cases[i].path);
        }
}

static void limits_their_length(void **state)
{
        char name[2 * TFTP_PATH_SIZE], path[TFTP_PATH_SIZE];

        (void)state;
        memset(name, 'n', sizeof(name));
        assert_int_equal(tftp_path_parse(name, TFTP_PATH_SIZE - 1, path), 0);
        assert_int_equal(strlen(path), TFTP_PATH_SIZE - 1);
        assert_int_equal(tftp_path_parse(name, TFTP_PATH_SIZE, path), -ENAMETOOLONG);
        assert_int_equal(tftp_path_parse(name, sizeof(name), path), -ENAMETOOLONG);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(cleans_names),
                cmocka_unit_test(limits_their_length),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
