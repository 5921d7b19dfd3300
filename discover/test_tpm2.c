/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "discover/test_tree.h"
#include "discover/tpm2.h"

/* clang-format off */
static const uint8_t maker[] = {0x80, 1, 0, 0, 0, 43,   0, 0, 0, 0, 1, 0, 0,   0,   6,   0,  0, 0, 3, 0, 0,   1,
                                5,    'I', 'F', 'X', 0, 0, 0, 1, 11, 0, 7, 0, 62, 0, 0, 1, 12, 0x0c, 0x36, 0, 0};
/* clang-format on */

static size_t make_key(uint8_t *to, uint8_t algorithm, uint8_t digest_size)
{
        static const uint8_t head[] = {0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 'p', 'u', 'b', 0};
        size_t size = sizeof(head);

        memcpy(to, head, size);
        to[size++] = (uint8_t)(digest_size + 2);
        to[size++] = 0;
        to[size++] = algorithm;
        for (uint8_t i = 0; i < digest_size; i++)
                to[size++] = i;
        to[size++] = 0;
        to[size++] = 0;
        to[5] = (uint8_t)size;
        return size;
}

static void test_maker(void **state)
{
        uint8_t command[TPM2_COMMAND_MAX], bytes[sizeof(maker)];
        char vendor[5], firmware[32];

        (void)state;
        assert_int_equal(tpm2_ask_maker(command), 22);
        assert_memory_equal(command, "\x80\1\0\0\0\x16\0\0\1\x7a\0\0\0\6\0\0\1\5\0\0\0\x08", 22);
        assert_true(tpm2_maker_parse(maker, sizeof(maker), vendor, firmware));
        assert_string_equal(vendor, "IFX");
        assert_string_equal(firmware, "7.62.3126.0");
        for (size_t cut = 0; cut < sizeof(maker); cut++)
                assert_false(tpm2_maker_parse(maker, cut, vendor, firmware));
        memcpy(bytes, maker, sizeof(bytes));
        bytes[9] = 1; /* the command failed */
        assert_false(tpm2_maker_parse(bytes, sizeof(bytes), vendor, firmware));
}

static void test_key(void **state)
{
        uint8_t command[TPM2_COMMAND_MAX], bytes[128];
        char key[TPM2_KEY_SIZE];
        size_t size;

        (void)state;
        assert_int_equal(tpm2_ask_key(command), 14);
        assert_memory_equal(command, "\x80\1\0\0\0\x0e\0\0\1\x73\x81\1\0\1", 14);
        size = make_key(bytes, 0x0b, 32);
        assert_true(tpm2_key_parse(bytes, size, key));
        assert_memory_equal(key, "sha256:000102", 13);
        assert_int_equal(strlen(key), 7 + 64);
        assert_true(tpm2_key_parse(bytes, make_key(bytes, 0x0d, 64), key));
        assert_false(tpm2_key_parse(bytes, make_key(bytes, 0x0b, 20), key)); /* not its size */
        assert_false(tpm2_key_parse("\x80\1\0\0\0\x0a\0\0\1\x8b", 10, key)); /* no such key */
}

static void test_in_an_inventory(void **state)
{
        struct doc *inventory;
        uint8_t bytes[128];

        (void)state;
        put("sys/class/tpm/tpm0/tpm_version_major", "2\n");
        put_bytes("answers/tpm0/maker", maker, sizeof(maker));
        put_bytes("answers/tpm0/key", bytes, make_key(bytes, 0x0b, 32));
        inventory = inventory_of_tree("tpm");
        assert_string_equal(doc_get_text(doc_at(doc_get(inventory, "tpm.items"), 0), "vendor"),
                            "IFX");
        assert_non_null(doc_get(doc_at(doc_get(inventory, "tpm.items"), 0), "endorsement_key"));
        doc_free(inventory);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_maker),
                cmocka_unit_test(test_key),
                cmocka_unit_test_setup_teardown(test_in_an_inventory, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
