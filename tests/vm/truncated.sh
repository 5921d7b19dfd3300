#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# truncated.sh: a kernel that runs out of memory, or meets damage, while it unpacks
# the ramdisk boots on with what it has. The agent must see that its last file is
# missing, say so, and do nothing else.
# shellcheck source=tests/vm/setup.sh
. "$(dirname "$0")/setup.sh" truncated 5

size=$(stat -c %s "$LAB_PACKAGE/discovery.initrd")
head -c $((size * 9 / 10)) "$LAB_PACKAGE/discovery.initrd" >"$LAB_DIR/ramdisk"
mkdir -p "$LAB_DIR/log"
qemu-system-x86_64 -accel tcg -cpu max -m 512 -nodefaults -vga none -display none -monitor none \
        -no-reboot -kernel "$LAB_PACKAGE/vmlinuz" -initrd "$LAB_DIR/ramdisk" \
        -append "console=ttyS0 panic=-1 cloudie.boot=0123456789abcdef" \
        -serial "file:$LAB_DIR/log/machine.console" </dev/null >"$LAB_DIR/log/machine.qemu" 2>&1 &
LAB_PIDS+=($!)
lab_until 90 grep -a "the ramdisk is incomplete" "$LAB_DIR/log/machine.console" ||
        lab_fail "it did not see that its ramdisk is cut"
if grep -aE "event=(drivers|network|agent.state)" "$LAB_DIR/log/machine.console"; then
        lab_fail "it went on with a ramdisk that is cut"
fi
