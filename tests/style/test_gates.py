#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each gate, on a tree without a fault and on one with a single fault."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"
GOOD = {
    "lib/one.c": f"/* {SPDX} */\nint one(void);\n\nint one(void)\n{{\n        return 1;\n}}\n",
    "lib/test_one.c": f"/* {SPDX} */\n",
    "lib/fuzz_one.c": f"/* {SPDX} */\n",
    "lib/CMakeLists.txt": f"# {SPDX}\ncloudie_room(lib SOURCES one.c)\n"
                          "cloudie_tests(lib one)\ncloudie_fuzz(lib one)\n",
    "tests/fuzz/lib_one/a": "a", "tests/fuzz/lib_one/b": "b", "tests/fuzz/lib_one/c": "c",
    "tool": f'#!/bin/sh\n# {SPDX}\necho "$1"\n',
    "README.md": "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->\nText.\n",
}
# A function of more than 80 lines.
ONE = "/* SPDX-License-Identifier: GPL-3.0-or-later */\n"
LONG = f"/* {SPDX} */\nint one(int n);\n\nint one(int n)\n{{\n" + "        n++;\n" * 85 + "        return n;\n}\n"


class Tree(unittest.TestCase):
    def tree(self, files):
        folder = tempfile.TemporaryDirectory(prefix="cloudie-style-")
        self.addCleanup(folder.cleanup)
        for name in (".clang-format", ".clang-tidy"):
            shutil.copy(os.path.join(ROOT, name), folder.name)
        for path, text in (GOOD | files).items():
            path = os.path.join(folder.name, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        return folder.name


class Gates(Tree):
    """The gates that read text."""

    def gate(self, gate, files):
        done = subprocess.run([sys.executable, os.path.join(HERE, "gates.py"), gate,
                               self.tree(files)], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def refused(self, gate, sentence, **files):
        files = {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}
        rc, out = self.gate(gate, files)
        self.assertEqual(rc, 1, out)
        self.assertIn(sentence, out)
        self.assertIn(" 1 faults", out)

    def test_good_tree(self):
        for gate in ("format", "spdx", "length", "banned", "shell", "text", "named", "seeds"):
            with self.subTest(gate):
                rc, out = self.gate(gate, {})
                self.assertEqual(rc, 0, out)

    def test_format(self):
        self.refused("format", "lib/two.c: not as clang-format writes it",
                     lib__two_dot_c=f"/* {SPDX} */\nint  two;\n")

    def test_spdx(self):
        self.refused("spdx", "lib/two.c: its first line", lib__two_dot_c="int two;\n")

    def test_spdx_of_a_script(self):
        self.refused("spdx", "run: its first line", run="#!/bin/bash\necho\n")

    def test_spdx_of_another_licence(self):
        self.refused("spdx", "lib/two.h: its first line",
                     lib__two_dot_h="/* SPDX-License-Identifier: MIT */\n")

    def test_length(self):
        self.refused("length", "lib/two.c: 801 lines", lib__two_dot_c="\n" * 801)

    def test_banned(self):
        self.refused("banned", "lib/two.c:3: strcpy() is banned: no bound",
                     lib__two_dot_c="void f(char *a)\n{\n        strcpy(a, \"x\");\n}\n")

    def test_banned_word_is_no_call(self):
        rc, out = self.gate("banned", {"lib/two.c": "/* strcpy() */ char *s = \"system(\"; f->gets();\n"})
        self.assertEqual(rc, 0, out)

    def test_shell_out(self):
        self.refused("banned", "system() is banned: runs a shell",
                     cli__two_dot_c="int f(void)\n{\n        return system(\"x\");\n}\n")

    def test_tests_may_use_a_shell(self):
        rc, out = self.gate("banned", {"cli/test_two.c": "int f(void) { return system(\"x\"); }\n"})
        self.assertEqual(rc, 0, out)

    def test_silent_library(self):
        self.refused("banned", "printf() is banned: libraries are silent",
                     dhcp__two_dot_c="void f(void)\n{\n        printf(\"x\");\n}\n")

    def test_programs_speak(self):
        rc, out = self.gate("banned", {"cli/two.c": "void f(void) { printf(\"x\"); }\n"})
        self.assertEqual(rc, 0, out)

    def test_shell(self):
        self.refused("shell", "run.sh:3:", run_dot_sh=f"#!/bin/sh\n# {SPDX}\nrm -rf $1\n")

    def test_path(self):
        self.refused("text", "NOTES.md:1: a path of somebody's own machine",
                     NOTES_dot_md="see /" + "home/x/y\n")

    def test_blanks(self):
        self.refused("text", "NOTES.md:1: blanks", NOTES_dot_md="x \n")

    def test_carriage_return(self):
        self.refused("text", "NOTES.md:1: blanks", NOTES_dot_md="x\r\n")

    def test_conflict(self):
        self.refused("text", "NOTES.md:1: the mark of a conflict", NOTES_dot_md="<" * 7 + " HEAD\n")

    def test_source_that_is_not_built(self):
        self.refused("named", "lib/two.c: lib/CMakeLists.txt does not name it", lib__two_dot_c="")

    def test_test_that_is_not_run(self):
        cmake = f"# {SPDX}\ncloudie_room(lib SOURCES one.c)\n# cloudie_tests(lib one)\n" \
                "cloudie_fuzz(lib one)\n"
        self.refused("named", "lib/test_one.c: lib/CMakeLists.txt does not name it",
                     lib__CMakeLists_dot_txt=cmake)

    def test_few_seeds(self):
        self.refused("seeds", "lib/fuzz_two.c: 1 inputs", lib__fuzz_two_dot_c="",
                     tests__fuzz__lib_two__a="a")

    def test_orphan_seeds(self):
        self.refused("seeds", "tests/fuzz/lib_two/: inputs for a fuzz target that does not exist",
                     tests__fuzz__lib_two__a="a")

    def test_wrong_usage(self):
        self.assertEqual(self.gate("taste", {})[0], 2)


class Tidy(Tree):
    """clang-tidy, and that it is asked once only."""

    def tidy(self, folder, *options, name="lib/one.c"):
        with open(folder + "/compile_commands.json", "w", encoding="utf-8") as file:
            json.dump([{"directory": folder, "file": f"{folder}/{name}",
                        "command": f"cc -c {folder}/{name}"}], file)
        done = subprocess.run([sys.executable, os.path.join(HERE, "tidy.py"), folder,
                               folder + "/cache", *options], capture_output=True, text=True,
                              check=False, env=os.environ | {"CLOUDIE_ROOT": folder})
        return done.returncode, done.stdout + done.stderr

    def test_clean_and_cached(self):
        folder = self.tree({})
        self.assertEqual(self.tidy(folder), (0, "tidy: 1 files, 0 known to be clean, 0 with faults\n"))
        self.assertEqual(self.tidy(folder), (0, "tidy: 1 files, 1 known to be clean, 0 with faults\n"))
        with open(folder + "/lib/one.c", "a", encoding="utf-8") as file:
            file.write("/* more */\n")
        self.assertIn(" 0 known", self.tidy(folder)[1])

    def test_long_function(self):
        rc, out = self.tidy(self.tree({"lib/one.c": LONG}))
        self.assertEqual(rc, 1, out)
        self.assertIn("readability-function-size", out)

    def test_warnings_of_clang(self):
        rc, out = self.tidy(self.tree({"lib/one.c": ONE + "int f(int a);\nint f(int a)\n{\n"
                                       "        return a == a;\n}\n"}))
        self.assertEqual(rc, 1, out)
        self.assertIn("clang-diagnostic-tautological-compare", out)

    def test_too_many_parameters(self):
        rc, out = self.tidy(self.tree({"lib/one.c": ONE + (
            "int f(int a, int b, int c, int d, int e, int g, int h);\n"
            "int f(int a, int b, int c, int d, int e, int g, int h)\n"
            "{\n        return a + b + c + d + e + g + h;\n}\n")}))
        self.assertEqual(rc, 1, out)
        self.assertIn("7 parameters", out)

    def test_too_complex(self):
        body = "".join(f"        if (a == {i} && b != {i})\n                b += a;\n"
                       for i in range(14))
        rc, out = self.tidy(self.tree({"lib/one.c": ONE + (
            f"int f(int a, int b);\nint f(int a, int b)\n{{\n{body}        return b;\n}}\n")}))
        self.assertEqual(rc, 1, out)
        self.assertIn("cognitive complexity", out)

    def test_nested_too_deep(self):
        opened = "".join(" " * 8 * i + f"if (a > {i}) {{\n" for i in range(1, 7))
        closed = "".join(" " * 8 * i + "}\n" for i in range(6, 0, -1))
        rc, out = self.tidy(self.tree({"lib/one.c": ONE + (
            f"int f(int a);\nint f(int a)\n{{\n{opened}{' ' * 56}a++;\n{closed}"
            "        return a;\n}\n")}))
        self.assertEqual(rc, 1, out)
        self.assertIn("nesting level", out)

    def test_paths(self):
        """Of what is shipped always, of a test with --all; what is clean the one way is not the other."""
        path = ("int f(int a);\nint f(int a)\n{\n        const int *p = 0;\n\n        if (a)\n"
                "                p = &a;\n        return *p;\n}\n")
        folder = self.tree({"lib/one.c": ONE + path, "lib/test_one.c": ONE + path})
        for name, options, want in (("lib/one.c", (), 1), ("lib/one.c", ("--all",), 1),
                                    ("lib/test_one.c", (), 0), ("lib/test_one.c", ("--all",), 1)):
            rc, out = self.tidy(folder, *options, name=name)
            self.assertEqual((rc, "NullDereference" in out), (want, want == 1), out)

    def test_a_fault_is_never_cached(self):
        folder = self.tree({"lib/one.c": LONG})
        self.assertEqual([self.tidy(folder)[0], self.tidy(folder)[0]], [1, 1])


if __name__ == "__main__":
    unittest.main()
