#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds tiny houses with one fault each, and asks that each is refused with its sentence.

The house that all of them start from has no fault and is accepted: a gate that
refuses everything would pass the rest.
"""
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CMAKE = os.environ.get("CMAKE", "cmake")

TOP = f"""cmake_minimum_required(VERSION 3.25)
project(tiny VERSION 1 LANGUAGES C)
option(BUILD_TESTING "" OFF)
list(APPEND CMAKE_MODULE_PATH "{ROOT}/cmake")
include(GNUInstallDirs)
include(Flags)
include(Rooms)
add_library(lib_cmocka INTERFACE)
"""
ROOMS_TXT = """get_property(rooms GLOBAL PROPERTY CLOUDIE_ROOMS)
list(JOIN rooms "\\n" text)
file(WRITE "${CMAKE_BINARY_DIR}/rooms.txt" "${text}\\n")
"""

# Room -> what its cloudie_room() says, lowest floor first.
PLAN = {
    "lib/base": "FLOOR 0",
    "dhcp": "FLOOR 1 USES lib/base",
    "lib/doc": "FLOOR 1 USES lib/base",
    "lib/node": "FLOOR 2 USES lib/base lib/doc",
    "controller": "FLOOR PROGRAM USES lib/base lib/node",
    "cli": "FLOOR PROGRAM USES lib/base lib/node",
}
FILES = {
    "dhcp/one.c": '#include <string.h>\n#include "lib/base/one.h"\n',
    "lib/doc/one.c": '#include <jansson.h>\n#include "lib/base/one.h"\n',
    "lib/node/one.c": '#include "lib/doc/one.h"\n',
    "controller/one.c": '#include "controller/one.h"\n#include "lib/node/one.h"\n',
}


class House:
    """A tree in a temporary folder: every room holds one.h, one.c and its CMakeLists.txt."""

    def __init__(self, plan=None, files=None):
        self.plan, self.files = plan or PLAN, FILES | (files or {})
        self.folder = tempfile.TemporaryDirectory(prefix="cloudie-rooms-")

    def write(self, path, text):
        path = os.path.join(self.folder.name, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def __enter__(self):
        self.write("CMakeLists.txt",
                   TOP + "".join(f"cloudie_add_room({r})\n" for r in self.plan) + ROOMS_TXT)
        for room, said in self.plan.items():
            self.write(f"{room}/CMakeLists.txt", f"cloudie_room({room} {said} SOURCES one.c)\n")
            self.write(f"{room}/one.h", "#pragma once\n")
            self.write(f"{room}/one.c", "int nothing;\n")
        for path, text in self.files.items():
            self.write(path, text)
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def configure(self):
        done = subprocess.run([CMAKE, "-S", self.folder.name, "-B", self.folder.name + "/build"],
                              capture_output=True, text=True, check=False)
        # CMake folds long sentences; a reader does not care where.
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    def check(self):
        self.write("build/rooms.txt", "".join(
            f"{room}:{said.split()[1]}:{' '.join(said.split()[3:])}:\n"
            for room, said in self.plan.items()))
        done = subprocess.run([sys.executable, os.path.join(HERE, "check.py"), self.folder.name,
                               self.folder.name + "/build/rooms.txt"],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class Configure(unittest.TestCase):
    """What cmake itself must refuse."""

    def refused(self, sentence, **changes):
        with House(plan=PLAN | changes) as house:
            rc, out = house.configure()
        self.assertNotEqual(rc, 0, out)
        self.assertIn(sentence, out)

    def test_good_house(self):
        with House() as house:
            rc, out = house.configure()
            self.assertEqual(rc, 0, out)
            with open(house.folder.name + "/build/rooms.txt", encoding="utf-8") as file:
                self.assertIn("lib/node:2:lib/base lib/doc:\n", file.read())

    def test_circle(self):
        self.refused("room 'dhcp' uses 'lib/doc', which is not below it",
                     **{"dhcp": "FLOOR 1 USES lib/doc", "lib/doc": "FLOOR 1 USES dhcp"})

    def test_same_floor(self):
        self.refused("room 'lib/doc' (floor 1) uses 'dhcp' (floor 1), which is not below it",
                     **{"lib/doc": "FLOOR 1 USES dhcp"})

    def test_higher_floor(self):
        self.refused("room 'lib/node' (floor 2) uses 'lib/doc' (floor 3), which is not below it",
                     **{"lib/doc": "FLOOR 3 USES lib/base"})

    def test_program_used_by_program(self):
        self.refused("room 'cli' uses 'controller', a program room",
                     cli="FLOOR PROGRAM USES controller")

    def test_program_used_by_library(self):
        self.refused("room 'cli' uses 'controller', a program room",
                     cli="FLOOR 9 USES controller")

    def test_unknown_room(self):
        self.refused("room 'cli' uses 'lib/nowhere', which is not below it",
                     cli="FLOOR PROGRAM USES lib/nowhere")

    def test_folder_without_a_room(self):
        with House() as house:
            os.remove(os.path.join(house.folder.name, "cli", "CMakeLists.txt"))
            rc, out = house.configure()
        self.assertNotEqual(rc, 0, out)
        self.assertIn("room 'cli' has no CMakeLists.txt", out)

    def test_room_without_floor(self):
        self.refused("FLOOR and SOURCES are needed", cli="USES lib/base")

    def test_floor_that_is_none(self):
        self.refused("FLOOR is a number or PROGRAM, not 'attic'", cli="FLOOR attic")

    def test_unknown_library(self):
        self.refused("asks for library 'ssh', which cmake/Libraries.cmake does not define",
                     cli="FLOOR PROGRAM LIBS ssh")

    def test_inner_rooms(self):
        """controller may use controller/store; cli may not."""
        plan = dict(PLAN)
        cli = plan.pop("cli")
        outer = plan.pop("controller")
        plan |= {"controller/store": "FLOOR PROGRAM USES lib/base",
                 "controller": outer + " controller/store", "cli": cli}
        with House(plan=plan) as house:
            rc, out = house.configure()
            self.assertEqual(rc, 0, out)
        with House(plan=plan | {"cli": cli + " controller/store"}) as house:
            rc, out = house.configure()
            self.assertNotEqual(rc, 0, out)
            self.assertIn("room 'cli' uses 'controller/store', a program room", out)


class Check(unittest.TestCase):
    """What the include check must refuse."""

    def refused(self, where, sentence, text):
        with House(files={where: text}) as house:
            rc, out = house.check()
        self.assertEqual(rc, 1, out)
        self.assertIn(sentence, out)
        self.assertIn(" 1 faults", out, "one fault was made, others were found")
        line = next(n for n, line in enumerate(text.split("\n"), 1) if "FAULT" in line)
        self.assertIn(f"{where}:{line}: ", out)

    def accepted(self, where, text):
        with House(files={where: text}) as house:
            rc, out = house.check()
        self.assertEqual(rc, 0, out)

    def test_good_house(self):
        with House() as house:
            rc, out = house.check()
        self.assertEqual(rc, 0, out)
        self.assertIn("6 rooms, 12 files, 0 faults", out)

    def test_undeclared_include(self):
        self.refused("lib/doc/one.c", "includes \"lib/node/one.h\" of room 'lib/node'",
                     '\n#include "lib/node/one.h" /* FAULT */\n')

    def test_declared_by_another_is_not_enough(self):
        self.refused("controller/one.c", "includes \"lib/doc/one.h\" of room 'lib/doc'",
                     '#include "lib/doc/one.h" /* FAULT */\n')

    def test_program_room(self):
        self.refused("cli/one.c", "of room 'controller', which it does not declare",
                     '#include "controller/one.h" // FAULT\n')

    def test_hidden_in_a_subfolder(self):
        self.refused("lib/doc/deep/er/two.c", "room 'lib/doc' includes \"lib/node/one.h\"",
                     '#include "lib/node/one.h" // FAULT\n')

    def test_hidden_in_a_header(self):
        self.refused("lib/doc/deep/two.h", "room 'lib/doc' includes \"lib/node/one.h\"",
                     '  #  include   "lib/node/one.h" // FAULT\n')

    def test_hidden_in_a_test(self):
        self.refused("lib/doc/test_two.c", "room 'lib/doc' includes \"lib/node/one.h\"",
                     '#include <cmocka.h>\n#include "lib/node/one.h" // FAULT\n')

    def test_not_from_the_root(self):
        self.refused("dhcp/one.c", '"one.h" does not start at the root',
                     '#include "one.h" // FAULT\n')

    def test_around_the_root(self):
        self.refused("dhcp/one.c", "does not start at the root",
                     '#include "dhcp/../lib/node/one.h" // FAULT\n')

    def test_macro(self):
        self.refused("dhcp/one.c", "includes what a macro says", "#include HEADER // FAULT\n")

    def test_library_in_the_wrong_room(self):
        self.refused("dhcp/one.c",
                     "room 'dhcp' may not include <jansson.h>: it belongs to lib/doc",
                     "#include <jansson.h> // FAULT\n")

    def test_library_nobody_chose(self):
        self.refused("lib/node/one.c", "<libssh.h> stands in no row", "#include <libssh.h> // FAULT\n")

    def test_test_library_in_the_product(self):
        self.refused("lib/node/one.c", "it belongs to @tests", "#include <cmocka.h> // FAULT\n")

    def test_pure_header(self):
        self.refused("dhcp/one.c", "pure room 'dhcp' includes sys/socket.h: system calls belong",
                     "#include <sys/socket.h> // FAULT\n")

    def test_pure_header_of_ours(self):
        self.refused("dhcp/one.c", "pure room 'dhcp' includes lib/base/clock.h: the time comes in",
                     '#include "lib/base/clock.h" // FAULT\n')

    def test_pure_clock(self):
        self.refused("dhcp/one.c", "pure room 'dhcp' calls time(): the time comes in",
                     "#include <time.h>\nlong now(void)\n{\n\treturn time(NULL); // FAULT\n}\n")

    def test_pure_file(self):
        self.refused("dhcp/deep/one.c", "pure room 'dhcp' calls fopen(): files are opened outside",
                     "#include <stdio.h>\nvoid *f(void)\n{\n\treturn fopen(\"x\", \"r\"); /*FAULT*/\n}\n")

    def test_tests_of_a_pure_room_are_free(self):
        self.accepted("dhcp/test_one.c", "#include <cmocka.h>\n#include <unistd.h>\n"
                      "long now(void)\n{\n\treturn time(NULL);\n}\n")

    def test_words_are_not_calls(self):
        self.accepted("dhcp/one.c", "/* time() and #include <jansson.h> */\n"
                      "const char *s = \"fopen(\";\nvoid f(struct s *s)\n{\n\ts->open(s);\n}\n")

    def test_commented_include(self):
        self.accepted("dhcp/one.c", '/*\n#include "lib/node/one.h"\n*/\n')

    def test_no_room(self):
        self.refused("attic/one.c", "lies in no room", "int nothing; // FAULT\n")


if __name__ == "__main__":
    unittest.main()
