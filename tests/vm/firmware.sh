#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# firmware.sh bios|uefi|secureboot|uefi-http|secureboot-http [nvme|sata|virtio [short]]: a blank machine becomes a worker, by its
# own firmware, and goes back to its disk.
#
# In it is another disk, which comes first: it has an EFI system partition as well, whose loader is
# none. After the install the machine is powered on
#   - as it was: it asks the network, and GRUB starts the partition that was installed, no other
#     (short: that is all);
#   - without a network: the firmware's own entry, which the installer made, starts it;
#   - without its disk: it says so, asks again, and does not start the other one;
#   - beside an older install of the same image: its own root is mounted.
# With -http all that comes from the network is the boot image of UEFI HTTP Boot.
# A worker on NVMe is the tiny one; its kernel has no drivers of other disks built in, so there
# Debian's is taken.
kind=${1:?bios, uefi or secureboot}
disk=${2:-nvme}
short=${3:-}
export LAB_FIRMWARE=${kind%-http} LAB_MEMORY=320
arguments=() again="asking again in 5 seconds"
case $kind in
*-http)
        LAB_MEMORY=384 again="asking again in 10 seconds"
        arguments=(-fw_cfg "name=opt/org.tianocore/IPv4PXESupport,string=n"
                -fw_cfg "name=opt/org.tianocore/IPv6PXESupport,string=n")
        ;;
esac
case $kind/$disk in
uefi/nvme) number=31 ;;
secureboot/nvme) number=32 ;;
bios/nvme) number=33 ;;
bios/sata) number=34 ;;
uefi/sata) number=35 ;;
secureboot/sata) number=36 ;;
bios/virtio) number=37 ;;
uefi/virtio) number=38 ;;
secureboot/virtio) number=39 ;;
uefi-http/nvme) number=49 ;;
secureboot-http/nvme) number=50 ;;
*)
        echo "firmware.sh: '$kind' and '$disk' are none of those that its first lines name" >&2
        exit 2
        ;;
esac
image=${LAB_IMAGE:?} patience=600 size=1G
if [ "$disk" != nvme ]; then
        image=${LAB_DEBIAN_IMAGE:-none} patience=900 size=8G LAB_MEMORY=1024
fi
# shellcheck source=tests/vm/setup.sh
. "$(dirname "$0")/setup.sh" "$kind-$disk" "$number"
[ -e "$image" ] || skip "no image of a worker for $disk ($image); tools/worker-image.sh makes one"
[ "$kind" = bios ] || [ -e "$LAB_OVMF/OVMF_CODE_4M.fd" ] || skip "the package ovmf is not installed"
command -v mcopy >/dev/null || skip "the package mtools is not installed"
command -v sgdisk >/dev/null || skip "the package gdisk is not installed"

cloudie=$LAB_BIN/cloudie
console=$LAB_DIR/log/machine-1.console
decoy=$LAB_DIR/machine-1.disk # the lab's disk of a machine is its first one
right=$LAB_DIR/right.disk

expect() { # WHAT HAVE WANT
        [ "$2" = "$3" ] || lab_fail "$1: '$2', not '$3'"
}

truncate -s 64M "$decoy"
sgdisk -n 1:2048:+32M -t 1:ef00 "$decoy" >/dev/null
truncate -s 32M "$LAB_DIR/decoy.fat"
mformat -i "$LAB_DIR/decoy.fat" ::
mmd -i "$LAB_DIR/decoy.fat" ::/EFI ::/EFI/BOOT
echo "no program" | mcopy -i "$LAB_DIR/decoy.fat" - ::/EFI/BOOT/BOOTX64.EFI
dd if="$LAB_DIR/decoy.fat" of="$decoy" bs=1M seek=1 conv=notrunc status=none
was=$(sha256sum <"$decoy")
truncate -s "$size" "$right"

# SeaBIOS tries one disk alone, the first in its order; OVMF all of them.
first=2 second=3
[ "$kind" != bios ] || first=3 second=2
machine() { # [alone|diskless]
        local place=,bootindex=$second device
        [ "${1:-}" != alone ] || place=
        case $disk in
        nvme) device=(-device "nvme,drive=right,serial=RIGHT-0001$place") ;;
        sata) device=(-device "ich9-ahci,id=ahci"
                -device "ide-hd,bus=ahci.0,drive=right,serial=RIGHT-0001$place") ;;
        virtio) device=(-device "virtio-blk-pci,drive=right,serial=RIGHT-0001$place") ;;
        esac
        device=(-drive "file=$right,if=none,id=right,format=raw,cache=unsafe" "${device[@]}")
        [ "${1:-}" != diskless ] || device=()
        LAB_KEEP_DISK=1 LAB_DISK_PLACE=$first LAB_ALONE=$([ "${1:-}" != alone ] || echo 1) \
                lab_machine 1 "${device[@]}" "${arguments[@]}"
}

# All partitions of the two disks have the same numbers, but for the system partition; the other one
# has no root any more. (Debian beside its twin: debian.sh.)
beside_its_twin() {
        local at
        [ "$disk" = nvme ] || return 0
        lab_kill "$LAB_MACHINE"
        cp --sparse=always "$right" "$decoy"
        sgdisk -u 2:R "$decoy" >/dev/null
        at=$(sgdisk -i 4 "$decoy" | sed -n 's/^First sector: \([0-9]*\).*/\1/p')
        dd if=/dev/zero of="$decoy" bs=512 seek="$at" count=2048 conv=notrunc status=none
        machine
        says 120 "Cloudie: boot from the disk"
        says 300 worker.start
}

says() { # SECONDS WORDS: on its console
        lab_until "$1" grep -aq "$2" "$console" || lab_fail "the console does not say '$2'"
}

lab_open
lab_controller
lab_edge
lab_login
machine
lab_wait_step held 240
echo "CPU seconds of the machine, to the inventory: $(lab_cpu "$LAB_MACHINE")"
"$cloudie" node accept lab-0001
"$cloudie" image import "$image" --name worker --os "a worker"
cat >"$LAB_DIR/profile.yaml" <<'END'
kind: profile
name: worker
spec:
  disk: {serial: RIGHT-0001, types: [nvme, hdd, virtual], holding: nothing}
  steps: [{wipe: quick}, {image: worker}, {grow: root}, {seed: {hostname: "{name}"}}, {boot: disk}]
END
"$cloudie" apply -f "$LAB_DIR/profile.yaml"
"$cloudie" node install lab-0001 --profile worker
lab_wait_phase deployed "$patience"
echo "CPU seconds of the machine, to deployed: $(lab_cpu "$LAB_MACHINE")"
expect "the other disk" "$(sha256sum <"$decoy")" "$was"

# What the agent reports from inside, and which partition it said that it made.
"$cloudie" -o json node show lab-0001 --inventory >"$LAB_DIR/node.json"
python3 - "$LAB_DIR/node.json" "$LAB_FIRMWARE" \
        "$(sgdisk -i 2 "$right" | sed -n 's/^Partition unique GUID: //p')" <<'END'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    node = json.load(file)
boot = node["inventory"]["firmware"]
want = {"bios": ("bios", False), "uefi": ("uefi", False), "secureboot": ("uefi", True)}[sys.argv[2]]
have = (boot["boot_mode"], boot.get("secure_boot", False))
if have != want:
    sys.exit(f"firmware: the agent reports {have}, not {want}")
if node["status"].get("esp") != sys.argv[3].lower():
    sys.exit(f"firmware: the node's ESP is {node['status'].get('esp')!r}, the disk's {sys.argv[3]}")
END

# Once more from the network.
lab_kill "$LAB_MACHINE"
machine
says 120 "Cloudie: boot from the disk"
says 300 'worker.start\|login:'
echo "CPU seconds of the machine, from power-on back to its disk: $(lab_cpu "$LAB_MACHINE")"
[ -z "$short" ] || exit 0
if [ "$kind" = bios ]; then
        beside_its_twin
        exit 0
fi

# By the firmware's own entry, with no network: the other disk comes first in all but that.
"$cloudie" events --after 0 | grep -q "Boot.*'Cloudie' is number .* behind" ||
        lab_fail "the installer's entry does not stand behind the network"
lab_kill "$LAB_MACHINE"
machine alone
says 60 'starting Boot.* "Cloudie"'
says 300 'worker.start\|login:'

# Its disk was pulled: the other one is not its.
lab_kill "$LAB_MACHINE"
machine diskless
says 120 "the installed disk is missing"
says 60 "$again"

# An image asks again by a restart, and comes to the same words. (Its ten seconds may be minutes here:
# GRUB measures the clock of an emulated processor badly when the host is busy.)
says_again() { [ "$(grep -ac "$again" "$console")" -ge 2 ]; }
if [ "$kind" != "$LAB_FIRMWARE" ]; then
        lab_until 600 says_again || lab_fail "the machine does not restart"
fi

# cloudie why has it, too: the loader asks again and again, and is told of twice a minute. (What restarts
# each time is a boot of its own, and may as well have started its disk.)
is_named() { "$cloudie" why lab-0001 | grep -q "disk-silent"; }
if [ "$kind" = "$LAB_FIRMWARE" ]; then
        lab_until 150 is_named || lab_fail "cloudie why says: $("$cloudie" why lab-0001)"
fi
beside_its_twin
