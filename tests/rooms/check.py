#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the #include lines of every room with what the room declares.

    check.py SOURCE ROOMS [HEADERS PURE]

ROOMS is what cmake/Rooms.cmake writes, a line a room: name:floor:uses:libs.
The configure step already refuses circles and uses of higher floors and of
program rooms; this finds the uses that nobody declared.
"""
import fnmatch
import os
import re
import sys

# Folders at the root that are beside the house: they hold no rooms.
BESIDE = {"build", "docs", "packaging", "tests", "tools", "cmake"}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include\b[ \t]*(?:"([^"\n]*)"|<([^>\n]*)>)?', re.M)
CALL = re.compile(r"\b([A-Za-z_]\w*)[ \t\n]*\(")
# Comments go, strings are emptied, and what stood in them cannot be mistaken for code.
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def quiet(text, keep_strings=False):
    """The text without comments (and strings), with every line where it was."""
    def blank(match):
        word = match.group(0)
        if word[0] in "\"'":
            return word if keep_strings else word[0] * 2
        return " " + "\n" * word.count("\n")
    return NOISE.sub(blank, text)


def rows(path):
    """The fields of each line of a table; '#' starts a comment at a line's start."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                yield line.split()


class House:
    def __init__(self, rooms, headers, pure):
        self.uses = {}
        with open(rooms, encoding="utf-8") as file:
            for line in filter(None, map(str.strip, file)):
                name, _, uses, _ = line.split(":")
                self.uses[name] = uses.split()
        self.headers = [(row[0], row[1:]) for row in rows(headers)]
        self.pure, self.pure_headers, self.pure_calls = set(), [], {}
        for kind, name, *reason in rows(pure):
            if kind == "room":
                self.pure.add(name)
            elif kind == "call":
                self.pure_calls[name] = " ".join(reason)
            else:
                self.pure_headers.append((name, " ".join(reason) if kind == "header" else None))

    def room_of(self, path):
        """The innermost room that holds a path, or None."""
        while path:
            path = os.path.dirname(path)
            if path in self.uses:
                return path
        return None

    def refuse_room(self, room, header):
        """Why the room may not include this header of ours, or None."""
        if "/" not in header or ".." in header.split("/"):
            return f'"{header}" does not start at the root: write the room in the include line'
        other = self.room_of(header)
        if other is None:
            return f'"{header}" lies in no room'
        if other == room or other.startswith(room + "/") or other in self.uses[room]:
            return None
        return f"room '{room}' includes \"{header}\" of room '{other}', which it does not declare in USES"

    def refuse_library(self, room, header, is_test):
        """Why the room may not include this header of others, or None."""
        for pattern, allowed in self.headers:
            if not fnmatch.fnmatchcase(header, pattern):
                continue
            if "*" in allowed or is_test and "@tests" in allowed:
                return None
            if any(room == name or room.startswith(name + "/") for name in allowed):
                return None
            return f"room '{room}' may not include <{header}>: it belongs to {', '.join(allowed)}"
        return f"<{header}> stands in no row of tests/rooms/headers.txt"

    def refuse_pure(self, room, header):
        """Why a pure room may not include this header, or None."""
        for pattern, reason in self.pure_headers:
            if fnmatch.fnmatchcase(header, pattern):
                return reason and f"pure room '{room}' includes {header}: {reason}"
        return None

    def faults(self, path, text):
        """Each fault of one file as (line, sentence)."""
        room = self.room_of(path)
        if room is None:
            yield 1, "lies in no room: it needs a CMakeLists.txt with cloudie_room()"
            return
        is_test = os.path.basename(path).startswith(("test_", "fuzz_"))
        is_pure = room in self.pure and not is_test
        lines = quiet(text, keep_strings=True)
        for match in INCLUDE.finditer(lines):
            line = lines.count("\n", 0, match.start()) + 1
            ours, theirs = match.groups()
            if ours is None and theirs is None:
                yield line, "includes what a macro says: name the header"
                continue
            if ours is not None:
                reason = self.refuse_room(room, ours)
            else:
                reason = self.refuse_library(room, theirs, is_test)
            if not reason and is_pure:
                reason = self.refuse_pure(room, ours or theirs)
            if reason:
                yield line, reason
        if is_pure:
            code = quiet(text)
            for match in CALL.finditer(code):
                reason = self.pure_calls.get(match.group(1))
                # A member of that name (session->open) is not the library's function.
                if reason and not re.search(r"(\.|->)\s*$", code[:match.start()]):
                    line = code.count("\n", 0, match.start()) + 1
                    yield line, f"pure room '{room}' calls {match.group(1)}(): {reason}"


def sources(root):
    """Every .c and .h below the root, but those beside the house."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".")
                            and not (folder == root and f in BESIDE))
        for name in sorted(files):
            if name.endswith((".c", ".h")):
                yield os.path.relpath(os.path.join(folder, name), root)


def main(argv):
    if len(argv) not in (3, 5):
        print(__doc__, file=sys.stderr)
        return 2
    here = os.path.dirname(os.path.abspath(__file__))
    tables = argv[3:5] or [os.path.join(here, "headers.txt"), os.path.join(here, "pure.txt")]
    house = House(argv[2], *tables)
    files = faults = 0
    for path in sources(argv[1]):
        files += 1
        with open(os.path.join(argv[1], path), encoding="utf-8") as file:
            text = file.read()
        for line, sentence in house.faults(path, text):
            print(f"{path}:{line}: {sentence}")
            faults += 1
    print(f"{len(house.uses)} rooms, {files} files, {faults} faults")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
