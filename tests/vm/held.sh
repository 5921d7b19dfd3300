#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# held.sh: a machine that was never seen, with a system on its disk. It is
# discovered in passing, told to restart, and its disk boots, though the firmware
# asks the network first. An operator has it in the ramdisk once more, where it
# stays. (Blank machines stay at once: boot.sh, install.sh.)
# shellcheck source=tests/vm/setup.sh
. "$(dirname "$0")/setup.sh" held 14

cloudie=$LAB_BIN/cloudie
console=$LAB_DIR/log/machine-1.console
disk=$LAB_DIR/machine-1.disk

# A boot sector that says so on the first serial port, and stops; its one partition is active.
python3 - "$disk" <<'END'
import struct
import sys

TEXT_AT = 0x7C00 + 32
code = (b"\xfa\x31\xc0\x8e\xd8\xbe" + struct.pack("<H", TEXT_AT)  # cli; ds = 0; si = text
        + b"\xba\xf8\x03"                                         # dx = the port
        + b"\xac\x84\xc0\x74\x03\xee\xeb\xf8"                     # until 0: out
        + b"\xf4\xeb\xfd")                                        # hlt, for ever
text = b"\r\nthe disk speaks\r\n\0"
table = struct.pack("<B3sB3sII", 0x80, b"\0\1\1", 0x83, b"\0\2\2", 2048, 4096)
sector = code.ljust(32, b"\0") + text
with open(sys.argv[1], "wb") as disk:
    disk.truncate(2 << 30)
    disk.write(sector.ljust(446, b"\0") + table + bytes(48) + b"\x55\xaa")
END

lab_open
lab_controller
lab_edge
lab_login
LAB_KEEP_DISK=1 lab_machine 1
lab_wait_step held 240
lab_wait_step reboot 60
lab_until 120 grep -aq 'the disk speaks' "$console" || lab_fail "the disk was not booted"
"$cloudie" node explain lab-0001 | tee "$LAB_DIR/log/explain"
grep -q '^It boots: disk' "$LAB_DIR/log/explain" || lab_fail "explain does not say disk"
grep -q 'a system on nvme0n1' "$LAB_DIR/log/explain" || lab_fail "explain does not say why"
[ "$(lab_count_step reboot)" = 1 ] || lab_fail "it was told to restart more than once"

# Once more, because somebody asked.
"$cloudie" node discover lab-0001
"$cloudie" node explain lab-0001 | grep -q '^It boots: discover' ||
        lab_fail "it would not be discovered once more"
lab_kill "$LAB_MACHINE"
LAB_KEEP_DISK=1 lab_machine 1
lab_until 240 sh -c "'$cloudie' -o json events --after 0 | grep -q 'stays for this boot'" ||
        lab_fail "it did not come into the ramdisk"
lab_until 20 sh -c "'$cloudie' node list --select condition=agent-online | grep -q lab-0001" ||
        lab_fail "it does not stay there"
[ "$(lab_count_step reboot)" = 1 ] || lab_fail "it was told to restart again"
"$cloudie" node accept lab-0001
"$cloudie" node explain lab-0001 | grep -q '^It boots: discover' ||
        lab_fail "an accepted machine is not ours"

echo "CPU seconds of the machine: $(lab_cpu "$LAB_MACHINE")"
