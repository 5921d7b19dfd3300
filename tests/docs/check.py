#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the pages for people with the tables in the sources.

    check.py WHAT ROOT

WHAT is one of:
  links     a relative link in a *.md leads to a file, and to a heading of it
  sources   `folder/file.c name ...` in a page: that file is there and holds each name
  config    every configuration key stands in docs/configuration.md, and no other
  fields    every field of a filter stands in docs/rules.md, and no other
  causes    every cause why an operation fails stands in docs/operations.md, and no other
  options   every program's options, and cloudie's commands, stand in docs/programs.md, and no other

Prints a line a fault; exits 0 without a fault, 1 with one.
"""
import os
import re
import subprocess
import sys

# Keys of a configuration: the table of fields in the source, and the heading that documents it.
CONFIG = (
    ("controller/config.c", "fields", "cloudied.yaml"),
    ("lib/node/config.c", "network_fields", "networks"),
    ("lib/node/config.c", "pool_fields", "pools"),
    ("lib/node/config.c", "match_fields", "match"),
    ("lib/node/config.c", "reservation_fields", "reservations"),
    ("netboot/config.c", "fields", "netbootd.yaml"),
)
# Programs, and where their options are.
PROGRAMS = {
    "cloudied": "controller/main.c",
    "cloudie-netbootd": "netboot/main.c",
    "cloudie": "cli/main.c",
    "cloudie-mkimage": "mkimage/main.c",
    "cloudie-agent": "installer/main.c",
    "cloudie-discover": "discover/main.c",
    "cloudie-install": "installer/install_main.c",
    "cloudie-worker": "worker/main.c",
}
EVERYWHERE = {"--help", "--version"}  # of lib/daemon/options.c
COMMANDS = "cli/command.c"

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
SPAN = re.compile(r"`([^`\n]+)`")
SOURCE = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:c|h|py|sh|txt|cmake|list|service|yaml)$")


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def pages(root):
    """Every *.md that git tracks or would track."""
    done = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others",
                           "--exclude-standard", "*.md"], capture_output=True, check=False)
    names = done.stdout.decode().split("\0") if done.returncode == 0 else []
    if not names:
        for folder, folders, files in os.walk(root):
            folders[:] = [f for f in folders if f not in (".git", "build")]
            names += [os.path.relpath(os.path.join(folder, f), root)
                      for f in files if f.endswith(".md")]
    return sorted(n for n in names if n and os.path.isfile(os.path.join(root, n)))


def prose(text):
    """Without blocks of code, with every line where it was."""
    return re.sub(r"^```.*?^```", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.M | re.S)


def headings(text):
    """{heading: its section, up to the next heading of any level}"""
    parts = re.split(r"^#+[ \t]+(.+?)[ \t]*$", prose(text), flags=re.M)
    return {parts[i].replace("`", ""): parts[i + 1] for i in range(1, len(parts), 2)}


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def first_cells(section):
    """What stands in `...` in the first column of the section's tables, first word."""
    return {match.group(1).split()[0]
            for match in re.finditer(r"^\|[^|`\n]*`([^`\n]+)`[^|\n]*\|", section, re.M)}


def check_links(root):
    for page in pages(root):
        text = prose(read(root, page))
        for match in LINK.finditer(text):
            target, _, where = match.group(1).partition("#")
            line = text[:match.start()].count("\n") + 1
            if re.match(r"[a-z]+:", match.group(1)):
                continue
            path = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
            if not os.path.exists(os.path.join(root, path)):
                yield f"{page}:{line}: there is no {path}"
            elif where and where not in map(anchor, headings(read(root, path))):
                yield f"{page}:{line}: {path} has no heading #{where}"


def check_sources(root):
    for page in pages(root):
        text = prose(read(root, page))
        for match in SPAN.finditer(text):
            path, *names = match.group(1).split()
            line = text[:match.start()].count("\n") + 1
            # Only what begins with a folder of ours: others are paths of the running system.
            if not SOURCE.match(path) or not os.path.isdir(os.path.join(root, path.split("/")[0])) \
                    or path.startswith("build/"):
                continue
            if not os.path.isfile(os.path.join(root, path)):
                yield f"{page}:{line}: there is no {path}"
                continue
            source = read(root, path) if names else ""
            for name in names:
                if not re.search(rf"\b{re.escape(name)}\b", source):
                    yield f"{page}:{line}: {path} has no {name}"


def rows_of(source, array):
    """The text between the braces of `array[] = {...};`."""
    match = re.search(rf"\b{array}\[\] = \{{\n(.*?)\n\}};", source, re.S)
    return match.group(1) if match else ""


def compare(page, heading, section, wanted, source):
    if not wanted:
        yield f"{source}: no table was found for '{heading}'"
        return
    if section is None:
        yield f"{page}: there is no heading '{heading}'"
        return
    said = first_cells(section)
    for name in sorted(wanted - said):
        yield f"{page}: '{heading}' leaves out {name} ({source})"
    for name in sorted(said - wanted):
        yield f"{page}: '{heading}' has {name}, which {source} has not"


def check_config(root):
    page = "docs/configuration.md"
    sections = headings(read(root, page))
    for path, array, heading in CONFIG:
        rows = rows_of(read(root, path), array)
        keys = re.findall(r"DOC_\w*FIELD\(struct \w+,\s*(\w+)", rows)
        keys += re.findall(r'\.name = "(\w+)"', rows)
        yield from compare(page, heading, sections.get(heading), set(keys), path)


def check_options(root):
    page = "docs/programs.md"
    sections = headings(read(root, page))
    for program, path in PROGRAMS.items():
        source = read(root, path)
        rows = re.search(r"struct option_row \w+\[\] = \{\n(.*?)\n\};", source, re.S)
        names = re.findall(r'\.name\s*=\s*"([\w-]+)"', rows.group(1)) if rows else []
        wanted = {"--" + name for name in names}
        yield from compare(page, program, sections.get(program), wanted, path)
    for name in EVERYWHERE:
        if f"`{name}`" not in read(root, page):
            yield f"{page}: leaves out {name}, which every program has"
    rows = rows_of(read(root, COMMANDS), "commands")
    words = set(re.findall(r'\{"([a-z ]+)",', rows))
    heading = "Commands of cloudie"
    said = set(re.findall(r"^\| `cloudie ([a-z]+(?: [a-z]+){0,2})", sections.get(heading, ""), re.M))
    for name in sorted(words - said):
        yield f"{page}: '{heading}' leaves out {name} ({COMMANDS})"
    for name in sorted(said - words):
        yield f"{page}: '{heading}' has {name}, which {COMMANDS} has not"


def check_causes(root):
    page, path, heading = "docs/operations.md", "lib/node/operation.c", "When it fails"
    rows = re.search(r"node_causes\[CAUSE_COUNT\] = \{\n(.*?)\n\};", read(root, path), re.S)
    names = re.findall(r'\[CAUSE_\w+\] = \{"([\w-]+)"', rows.group(1)) if rows else []
    yield from compare(page, heading, headings(read(root, page)).get(heading),
                       set(names) - {"none"}, path)


def check_fields(root):
    page, heading = "docs/rules.md", "Fields"
    names = set()
    for path, array in (("controller/logic/fields.c", "fields"), ("lib/node/traits.c", "trait_rows")):
        names |= set(re.findall(r'^ *\{"([a-z_.]+)",', rows_of(read(root, path), array), re.M))
    yield from compare(page, heading, headings(read(root, page)).get(heading), names,
                       "lib/node/traits.c")


CHECKS = {"links": check_links, "sources": check_sources, "config": check_config,
          "options": check_options, "causes": check_causes,
          "fields": check_fields}


def main(argv):
    if len(argv) != 3 or argv[1] not in CHECKS:
        print(__doc__, file=sys.stderr)
        return 2
    faults = list(CHECKS[argv[1]](argv[2]))
    for fault in faults:
        print(fault)
    print(f"docs.{argv[1]}: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
