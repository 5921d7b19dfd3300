/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"
#include "tftp/packet.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
        const char *name;
        const char *bytes;
        size_t size;
        int rc;
        struct tftp_options options;
} requests[] = {
        {"plain",                      BYTES("\0\1f\0octet\0"),                                 0,           {0}                                          },
        {"OVMF asks for the size",
         BYTES("\0\1f\0octet\0tsize\0000\0blksize\0001468\0windowsize\0004\0"),
         0,                                                                                                  {.has_size = true,
          .has_block_size = true,
          .block_size = 1468,
          .has_window = true,
          .window = 4}                                                                                                                         },
        {"either case",
         BYTES("\0\1f\0OcTeT\0BLKSIZE\0008\0"),
         0,                                                                                                  {.has_block_size = true, .block_size = 8}    },
        {"unknown options",
         BYTES("\0\1f\0octet\0multicast\0\0timeout\0009\0"),
         0,                                                                                                  {.has_timeout = true, .timeout_s = 9}        },
        {"block too small",            BYTES("\0\1f\0octet\0blksize\0007\0"),                   0,           {0}                                          },
        {"block 1",                    BYTES("\0\1f\0octet\0blksize\0001\0"),                   0,           {0}                                          },
        {"block too large",            BYTES("\0\1f\0octet\0blksize\00065465\0"),               0,           {0}                                          },
        {"largest block",
         BYTES("\0\1f\0octet\0blksize\00065464\0"),
         0,                                                                                                  {.has_block_size = true, .block_size = 65464}},
        {"negative block",             BYTES("\0\1f\0octet\0blksize\000-1\0"),                  0,           {0}                                          },
        {"negative size",              BYTES("\0\1f\0octet\0tsize\000-5\0"),                    0,           {0}                                          },
        {"huge size",                  BYTES("\0\1f\0octet\0tsize\00099999999999999999999\0"),  0,           {0}                                          },
        {"timeout 0",                  BYTES("\0\1f\0octet\0timeout\0000\0"),                   0,           {0}                                          },
        {"timeout 256",                BYTES("\0\1f\0octet\0timeout\000256\0"),                 0,           {0}                                          },
        {"window 0",                   BYTES("\0\1f\0octet\0windowsize\0000\0"),                0,           {0}                                          },
        {"window 65536",               BYTES("\0\1f\0octet\0windowsize\00065536\0"),            0,           {0}                                          },
        {"a rollover",
         BYTES("\0\1f\0octet\0rollover\0001\0"),
         0,                                                                                                  {.has_rollover = true, .rollover = 1}        },
        {"a rollover to 2",            BYTES("\0\1f\0octet\0rollover\0002\0"),                  0,           {0}                                          },
        {"a number and more",          BYTES("\0\1f\0octet\0blksize\000512x\0"),                0,           {0}                                          },
        {"an option twice",            BYTES("\0\1f\0octet\0blksize\000512\0blksize\000512\0"), -EBADMSG,    {0}                                          },
        {"an option without value",    BYTES("\0\1f\0octet\0blksize\0"),                        -EBADMSG,    {0}                                          },
        {"a value that does not end",  BYTES("\0\1f\0octet\0blksize\0001"),                     -EBADMSG,    {0}                                          },
        {"padding",                    BYTES("\0\1f\0octet\0\0\0\0"),                           0,           {0}                                          },
        {"no mode",                    BYTES("\0\1f\0"),                                        -EBADMSG,    {0}                                          },
        {"mail",                       BYTES("\0\1f\0mail\0"),                                  -EOPNOTSUPP, {0}                                          },
        {"a mode that only begins so", BYTES("\0\1f\0octets\0"),                                -EOPNOTSUPP, {0}                                          },
        {"no name",                    BYTES("\0\1\0octet\0"),                                  -EBADMSG,    {0}                                          },
        {"a name that does not end",   BYTES("\0\1name"),                                       -EBADMSG,    {0}                                          },
};

static void parses_requests(void **state)
{
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
                struct tftp_packet got = {.opcode = TFTP_OACK};
                int rc;

                print_message("%s\n", requests[i].name);
                rc = tftp_packet_parse(reader_over(requests[i].bytes, requests[i].size), &got);
                assert_int_equal(rc, requests[i].rc);
                if (rc < 0) {
                        assert_int_equal(got.opcode, TFTP_OACK); /* untouched */
                        continue;
                }
                assert_int_equal(got.opcode, TFTP_RRQ);
                assert_string_equal(got.request.name, "f");
                assert_int_equal(got.request.mode, TFTP_MODE_OCTET);
                assert_memory_equal(&got.request.options, &requests[i].options,
                                    sizeof(requests[i].options));
        }
}

static void parses_the_rest(void **state)
{
        struct tftp_packet got;

        (void)state;
        assert_int_equal(tftp_packet_parse(reader_over(BYTES("\0\2f\0netascii\0")), &got), 0);
        assert_int_equal(got.opcode, TFTP_WRQ);
        assert_int_equal(got.request.mode, TFTP_MODE_NETASCII);
        assert_int_equal(tftp_packet_parse(reader_over(BYTES("\0\3\1\2abc")), &got), 0);
        assert_int_equal(got.block, 0x102);
        assert_int_equal(reader_left(&got.data), 3);
        assert_int_equal(tftp_packet_parse(reader_over(BYTES("\0\4\xff\xff")), &got), 0);
        assert_int_equal(got.block, 65535);
        assert_int_equal(tftp_packet_parse(reader_over(BYTES("\0\5\0\10User aborted")), &got), 0);
        assert_int_equal(got.error.code, TFTP_ERROR_OPTION);
        assert_string_equal(got.error.message, "User aborted"); /* the NUL byte was forgotten */
        assert_int_equal(tftp_packet_parse(reader_over(BYTES("\0\6tsize\00077\0")), &got), 0);
        assert_int_equal(got.options.size_bytes, 77);

        assert_int_equal(tftp_packet_parse(reader_over(BYTES("\0\7xx")), &got), -ENOMSG);
        assert_int_equal(tftp_packet_parse(reader_over(BYTES("\1\1xx")), &got), -ENOMSG);
        assert_int_equal(tftp_packet_parse(reader_over(BYTES("\0\4\0")), &got), -EBADMSG);
        assert_int_equal(tftp_packet_parse(reader_over(BYTES("\0\5\0")), &got), -EBADMSG);
        assert_int_equal(tftp_packet_parse(reader_over(BYTES("\0")), &got), -EBADMSG);
}

static void limits_requests_and_messages(void **state)
{
        static const char mode[] = {0, 'o', 'c', 't', 'e', 't', 0};
        char bytes[1024] = {0, 1, 'f', 0, 'o', 'c', 't', 'e', 't', 0};
        struct tftp_packet got;

        (void)state;
        assert_int_equal(tftp_packet_parse(reader_over(bytes, TFTP_REQUEST_MAX), &got), 0);
        assert_int_equal(tftp_packet_parse(reader_over(bytes, TFTP_REQUEST_MAX + 1), &got),
                         -EBADMSG);
        memset(bytes + 2, 'n', TFTP_NAME_SIZE); /* one more than a name may be */
        memcpy(bytes + 2 + TFTP_NAME_SIZE, mode, sizeof(mode));
        assert_int_equal(tftp_packet_parse(reader_over(bytes, TFTP_NAME_SIZE + 9), &got), -EBADMSG);

        memset(bytes, 'm', sizeof(bytes));
        bytes[0] = bytes[2] = bytes[3] = 0;
        bytes[1] = TFTP_ERROR;
        assert_int_equal(tftp_packet_parse(reader_over(bytes, sizeof(bytes)), &got), 0);
        assert_int_equal(strlen(got.error.message), TFTP_MESSAGE_SIZE - 1);
}

static void writes_what_it_reads(void **state)
{
        const struct tftp_request request = {
                .name = "grub/grub.cfg",
                .options = {.has_block_size = true,
                            .block_size = 1024,
                            .has_size = true,
                            .has_timeout = true,
                            .timeout_s = 3,
                            .has_window = true,
                            .window = 16},
        };
        uint8_t bytes[TFTP_REQUEST_MAX];
        struct tftp_packet got;
        ssize_t size;

        (void)state;
        size = tftp_request_write(&request, bytes, sizeof(bytes));
        assert_int_equal(tftp_packet_parse(reader_over(bytes, (size_t)size), &got), 0);
        assert_string_equal(got.request.name, request.name);
        assert_memory_equal(&got.request.options, &request.options, sizeof(request.options));

        size = tftp_oack_write(&request.options, bytes, sizeof(bytes));
        assert_int_equal(tftp_packet_parse(reader_over(bytes, (size_t)size), &got), 0);
        assert_memory_equal(&got.options, &request.options, sizeof(request.options));

        size = tftp_ack_write(300, bytes, sizeof(bytes));
        assert_int_equal(tftp_packet_parse(reader_over(bytes, (size_t)size), &got), 0);
        assert_int_equal(got.block, 300);
        assert_int_equal(tftp_ack_write(300, bytes, 3), -EMSGSIZE);
        assert_int_equal(tftp_error_write(TFTP_ERROR_NOT_FOUND, "none", bytes, 8), -EMSGSIZE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(parses_requests),
                cmocka_unit_test(parses_the_rest),
                cmocka_unit_test(limits_requests_and_messages),
                cmocka_unit_test(writes_what_it_reads),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
