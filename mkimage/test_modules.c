/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/buffer.h"
#include "lib/base/file.h"
#include "mkimage/error.h"
#include "mkimage/folder.h"
#include "mkimage/modules.h"

/* What depmod writes, in small. */
static const char dep[] = "kernel/net/core-lib.ko:\n"
                          "kernel/net/card.ko: kernel/net/core-lib.ko kernel/net/phylib.ko\n"
                          "kernel/net/phylib.ko:\n"
                          "kernel/net/phy-realtek.ko: kernel/net/phylib.ko\n"
                          "kernel/fs/ext4.ko: kernel/net/core-lib.ko\n"
                          "kernel/crypto/crc32c-intel.ko:\n"
                          "kernel/crypto/crc32c_generic.ko:\n"
                          "kernel/misc/rare.ko:\n";
static const char alias[] = "# Aliases extracted from modules themselves.\n"
                            "alias pci:v00008086d*sv* card\n"
                            "alias crypto-crc32c crc32c_intel\n"
                            "alias crypto-crc32c crc32c_generic\n"
                            "alias of:N a T b rare\n"
                            "alias fs-ext4 ext4\n";
static const char softdep[] = "# Soft dependencies extracted from modules themselves.\n"
                              "softdep card pre: phy-realtek post: not-there\n"
                              "softdep ext4 pre: crypto-crc32c\n";

static char folder[] = "/tmp/cloudie-test-modules.XXXXXX";

static void put(const char *name, const char *text)
{
        char path[256];

        (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
        assert_int_equal(file_replace(path, text, strlen(text), 0644), 0);
}

static int make_folder(void **state)
{
        (void)state;
        if (!mkdtemp(folder))
                return -1;
        put("modules.dep", dep);
        put("modules.alias", alias);
        put("modules.softdep", softdep);
        put("modules.builtin", "kernel/net/packet/af_packet.ko\n");
        return 0;
}

static int remove_folder(void **state)
{
        (void)state;
        return folder_remove(folder);
}

static struct modules *load(void)
{
        char error[MKIMAGE_ERROR_SIZE];
        struct modules *modules = NULL;

        assert_int_equal(modules_load(folder, error, &modules), 0);
        return modules;
}

static int collect(void *context, const char *path)
{
        buffer_format(context, "%s;", strrchr(path, '/') + 1);
        return 0;
}

static void assert_stage(const struct modules *modules, enum stage stage, const char *expected)
{
        _buffer_ struct buffer seen = {0};

        buffer_text(&seen, "");
        assert_int_equal(modules_each(modules, stage, collect, &seen), 0);
        assert_string_equal(seen.bytes ? seen.bytes : "", expected);
}

static void assert_index(const struct modules *modules, enum stage stage, enum modules_index index,
                         const char *expected)
{
        char *text = NULL;

        assert_int_equal(modules_index(modules, stage, index, &text), 0);
        assert_string_equal(text, expected);
        free(text);
}

/* With what it needs, and what it asks for softly. */
static void test_choose(void **state)
{
        struct modules *modules = load();

        (void)state;
        assert_int_equal(modules_choose(modules, STAGE_ONE, "card"), 0);
        assert_stage(modules, STAGE_ONE, "core-lib.ko;card.ko;phylib.ko;phy-realtek.ko;");
        assert_int_equal(modules_count(modules, STAGE_ONE), 4);

        /* By an alias that two go by; what stage one holds is not there again. */
        assert_int_equal(modules_choose(modules, STAGE_TWO, "ext4"), 0);
        assert_stage(modules, STAGE_TWO, "ext4.ko;crc32c-intel.ko;crc32c_generic.ko;");
        modules_free(modules);
}

static void test_names(void **state)
{
        struct modules *modules = load();

        (void)state;
        assert_int_equal(modules_choose(modules, STAGE_ONE, "crc32c_intel"), 0);
        assert_int_equal(modules_choose(modules, STAGE_ONE, "crc32c-generic"), 0);
        assert_int_equal(modules_count(modules, STAGE_ONE), 2);
        assert_int_equal(modules_choose(modules, STAGE_ONE, "af-packet"), 0); /* built in */
        assert_int_equal(modules_count(modules, STAGE_ONE), 2);
        assert_int_equal(modules_choose(modules, STAGE_ONE, "no_such"), -ENOENT);
        assert_int_equal(modules_choose(modules, STAGE_TWO, "kernel/misc/"), 0);
        assert_stage(modules, STAGE_TWO, "rare.ko;");
        assert_int_equal(modules_choose(modules, STAGE_TWO, "kernel/none/"), -ENOENT);
        modules_free(modules);
}

static void test_indexes(void **state)
{
        struct modules *modules = load();

        (void)state;
        assert_int_equal(modules_choose(modules, STAGE_ONE, "core_lib"), 0);
        assert_int_equal(modules_choose(modules, STAGE_TWO, "ext4"), 0);
        assert_int_equal(modules_choose(modules, STAGE_TWO, "rare"), 0);

        assert_index(modules, STAGE_ONE, INDEX_DEP, "kernel/net/core-lib.ko:\n");
        assert_index(modules, STAGE_ONE, INDEX_ALIAS, "");
        assert_index(modules, STAGE_TWO, INDEX_ALIAS,
                     "alias crypto-crc32c crc32c_intel\nalias crypto-crc32c crc32c_generic\n"
                     "alias of:N a T b rare\nalias fs-ext4 ext4\n");
        assert_index(modules, STAGE_TWO, INDEX_SOFTDEP, "softdep ext4 pre: crypto-crc32c\n");
        modules_free(modules);
}

static void test_senseless(void **state)
{
        static const char *const texts[] = {"", "no colon here\n", "kernel/x/: y\n"};
        char error[MKIMAGE_ERROR_SIZE];
        struct modules *modules = NULL;

        (void)state;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                put("modules.dep", texts[i]);
                assert_int_equal(modules_load(folder, error, &modules), -EBADMSG);
                assert_non_null(strstr(error, "modules.dep"));
        }
        assert_int_equal(modules_load("/nonexistent", error, &modules), -ENOENT);
        put("modules.dep", dep);
}

/* Those that are asked for by name, not what they stand on; and of a stage. */
static void test_awaited(void **state)
{
        struct modules *modules = load();
        _free_ char *text = NULL;

        (void)state;
        assert_int_equal(modules_choose(modules, STAGE_ONE, "rare"), 0);
        assert_int_equal(modules_choose(modules, STAGE_TWO, "ext4"), 0);
        assert_int_equal(modules_await(modules, "ext4"), 0);
        assert_int_equal(modules_await(modules, "rare"), 0);
        assert_int_equal(modules_await(modules, "af-packet"), 0); /* built in */
        assert_int_equal(modules_await(modules, "none"), -ENOENT);
        assert_int_equal(modules_index_awaited(modules, STAGE_TWO, &text), 0);
        assert_string_equal(text, "alias fs-ext4 ext4\n");
        modules_free(modules);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_choose),    cmocka_unit_test(test_names),
                cmocka_unit_test(test_indexes),   cmocka_unit_test(test_awaited),
                cmocka_unit_test(test_senseless),
        };

        return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
