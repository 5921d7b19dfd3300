#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# disk.sh: back to the disk, with Secure Boot on. A machine is installed with an
# image that has an EFI system partition and no system: shim and GRUB, as Debian
# signed them, and a GRUB that says so. The firmware goes on to boot from the
# network first; our GRUB finds that partition and chain-loads its shim.
export LAB_FIRMWARE=secureboot LAB_MEMORY=384
# shellcheck source=tests/vm/setup.sh
. "$(dirname "$0")/setup.sh" disk 9
[ -e "$LAB_OVMF/OVMF_CODE_4M.fd" ] || skip "the package ovmf is not installed"
command -v mcopy >/dev/null || skip "the package mtools is not installed"
command -v sgdisk >/dev/null || skip "the package gdisk is not installed"

cloudie=$LAB_BIN/cloudie
image=$LAB_DIR/esp.raw
volume=$LAB_DIR/esp.fat
truncate -s 24M "$image"
sgdisk -n 1:2048:+16M -t 1:ef00 "$image" >/dev/null
truncate -s 16M "$volume"
mformat -i "$volume" ::
mmd -i "$volume" ::/EFI ::/EFI/BOOT ::/grub
mcopy -i "$volume" "$LAB_PACKAGE/shimx64.efi" ::/EFI/BOOT/BOOTX64.EFI
mcopy -i "$volume" "$LAB_PACKAGE/grubx64.efi" ::/EFI/BOOT/grubx64.efi
# shellcheck disable=SC2016 # GRUB's variables
printf '%s\n' 'echo "the disk speaks, lockdown=$lockdown, cmdpath=$cmdpath"' 'sleep 600' |
        mcopy -i "$volume" - ::/grub/grub.cfg
dd if="$volume" of="$image" bs=1M seek=1 conv=notrunc status=none

lab_open
lab_controller
lab_edge
lab_login
lab_machine 1
lab_wait_step held 240
"$cloudie" node accept lab-0001
"$cloudie" image import "$image" --name esp --os "none"
cat >"$LAB_DIR/profile.yaml" <<'END'
kind: profile
name: esp
spec:
  disk: {pick: smallest, types: [nvme], holding: nothing}
  steps: [{wipe: quick}, {image: esp}, {boot: disk}]
END
"$cloudie" apply -f "$LAB_DIR/profile.yaml"
"$cloudie" node install lab-0001 --profile esp
lab_wait_step reboot 120

console=$LAB_DIR/log/machine-1.console
lab_until 120 grep -aq 'the disk speaks' "$console" || lab_fail "the disk was not booted"
"$cloudie" events --after 0 | grep -q "Boot.* is first" ||
        lab_fail "the installer set no boot entry"
# By our GRUB, not by the firmware's own order; and Secure Boot holds up to there.
tr -d '\r' <"$console" | grep -a -A 20 'Cloudie: boot from the disk' |
        grep -aq 'the disk speaks, lockdown=y, cmdpath=(hd' ||
        lab_fail "it was not our GRUB that booted the disk: $(grep -a 'the disk speaks' "$console")"

echo "CPU seconds of the machine: $(lab_cpu "$LAB_MACHINE")"
