#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each check, on a tree without a fault and on one with a single fault."""
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import check  # noqa: E402  (beside us, not installed)

FIELDS = "static const struct doc_field %s[] = {\n        DOC_FIELD(struct x, %s, DOC_TEXT, 0),\n};\n"
OPTIONS = ('static const struct option_row options[] = {\n        {.name = "config", .help = "x"},\n'
           "};\n")


def table(heading, *cells):
    rows = "".join(f"| `{cell}` | said |\n" for cell in cells)
    return f"## `{heading}`\n\n| | |\n|---|---|\n{rows}\n"


GOOD = {
    "README.md": "See [the keys](docs/configuration.md#networks), [out](https://example.org/).\n"
                 "Tested by `controller/config.c fields`; not `/etc/cloudie/cloudied.yaml`.\n"
                 "```\n[no link](nowhere.md)\n```\n",
    "controller/config.c": FIELDS % ("fields", "port"),
    "netboot/config.c": FIELDS % ("fields", "name"),
    "lib/node/config.c": FIELDS % ("network_fields", "subnet") + FIELDS % ("pool_fields", "first") +
                         FIELDS % ("match_fields", "relay") + FIELDS % ("reservation_fields", "mac"),
    "cli/command.c": 'const struct command commands[] = {\n        {"node list", "", "all"},\n};\n',
    "lib/node/operation.c": "const struct node_cause_row node_causes[CAUSE_COUNT] = {\n"
                            '        [CAUSE_NONE] = {"none", "", ""},\n'
                            '        [CAUSE_DISK_GONE] = {"disk-gone", "it is gone",\n'
                            '                "Look."},\n};\n',
    "controller/logic/fields.c": 'static const struct field fields[] = {\n        {"name", 1},\n};\n',
    "lib/node/traits.c": 'const struct trait_row trait_rows[] = {\n        {"gpu.vendor", 1},\n};\n',
    "docs/rules.md": table("Fields", "name", "gpu.vendor").replace("`Fields`", "Fields"),
    "docs/operations.md": "### When it fails\n\n| `disk-gone` | it is gone |\n",
    "docs/configuration.md": table("cloudied.yaml", "port") + table("networks", "subnet") +
                             table("pools", "first") + table("match", "relay") +
                             table("reservations", "mac") + table("netbootd.yaml", "name"),
    "docs/programs.md": "All have `--help` and `--version`.\n\n" +
                        "".join(table(p, "--config FILE") for p in check.PROGRAMS) +
                        "## Commands of cloudie\n\n| `cloudie node list` | all |\n",
}
GOOD.update({path: OPTIONS for path in check.PROGRAMS.values()})


class Checks(unittest.TestCase):
    def faults(self, what, **changes):
        with tempfile.TemporaryDirectory(prefix="cloudie-docs-") as folder:
            for path, text in (GOOD | changes).items():
                path = os.path.join(folder, path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            return list(check.CHECKS[what](folder))

    def refused(self, what, sentence, path, old, new):
        self.assertIn(old, GOOD[path])
        faults = self.faults(what, **{path: GOOD[path].replace(old, new)})
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(sentence, faults[0])

    def test_good_tree(self):
        for what in check.CHECKS:
            self.assertEqual(self.faults(what), [], what)

    def test_links(self):
        self.refused("links", "no docs/gone.md", "README.md", "configuration.md", "gone.md")
        self.refused("links", "no heading #net", "README.md", "#networks", "#net")

    def test_sources(self):
        self.refused("sources", "there is no controller/none.c", "README.md",
                     "controller/config.c fields", "controller/none.c")
        self.refused("sources", "has no test_x", "README.md", "config.c fields",
                     "config.c fields test_x")

    def test_fields(self):
        self.refused("fields", "leaves out gpu.vendor", "docs/rules.md", "`gpu.vendor`", "gpus")
        self.refused("fields", "has name, which", "controller/logic/fields.c", '{"name"', '("name"')

    def test_config(self):
        self.refused("config", "leaves out port", "docs/configuration.md", "`port`", "port")
        self.refused("config", "no table", "netboot/config.c", "fields", "keys")
        self.refused("config", "no heading 'reservations'", "docs/configuration.md",
                     "`reservations`", "others")

    def test_config_key_that_is_gone(self):
        more = table("networks", "subnet", "colour")
        self.refused("config", "has colour,", "docs/configuration.md", table("networks", "subnet"),
                     more)

    def test_causes(self):
        self.refused("causes", "leaves out disk-hot", "lib/node/operation.c", "disk-gone\", ",
                     'disk-gone", "", ""},\n        [CAUSE_DISK_HOT] = {"disk-hot", ')
        self.refused("causes", "has disk-hot,", "docs/operations.md", "| `disk-gone`",
                     "| `disk-hot` | |\n| `disk-gone`")

    def test_options(self):
        self.refused("options", "'cloudied' leaves out --quiet", "controller/main.c",
                     '{.name = "config"', '{.name = "quiet"}, {.name = "config"')
        self.refused("options", "leaves out --version", "docs/programs.md", "`--version`", "it")
        self.refused("options", "leaves out node show", "cli/command.c", '{"node list"',
                     '{"node show", "", ""}, {"node list"')
        self.refused("options", "has node gone,", "docs/programs.md", "| `cloudie node list`",
                     "| `cloudie node gone` | |\n| `cloudie node list`")


if __name__ == "__main__":
    unittest.main(verbosity=2)
