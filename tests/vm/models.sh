#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# models.sh: a machine full of cards. The drivers of the ramdisk's lists that QEMU
# has a model for find their devices and take them: in stage one, so that
# the machine boots and sees its disks, or in stage two.
# shellcheck source=tests/vm/setup.sh
. "$(dirname "$0")/setup.sh" models 4

lab_open
lab_controller
lab_edge
lab_login

for disk in ahci virtio scsi usb sas pv lsi; do
        truncate -s 64M "$LAB_DIR/$disk.disk"
done
drive() { # NAME: a drive of that name
        echo "-drive file=$LAB_DIR/$1.disk,if=none,id=$1,format=raw,cache=unsafe"
}
# Cards that are not to boot from: without a ROM.
card() { # MODEL NUMBER
        echo "-netdev user,id=c$2,restrict=on -device $1,netdev=c$2,romfile=,mac=52:54:00:78:00:0$2"
}
# mptsas has no disk: its driver warns of QEMU's model (a kernel trace) and finds none on it.
# shellcheck disable=SC2046 # words
lab_machine 1 \
        $(card e1000 1) $(card e1000e 2) $(card vmxnet3 3) $(card rtl8139 4) $(card pcnet 5) \
        $(card i82551 6) $(card ne2k_pci 7) $(card tulip 8) \
        $(drive ahci) -device ich9-ahci,id=ahci0 -device ide-hd,drive=ahci,bus=ahci0.0,serial=AHCI-1 \
        $(drive virtio) -device virtio-blk-pci,drive=virtio,serial=VIRTIO-1 \
        $(drive scsi) -device virtio-scsi-pci,id=scsi0 -device scsi-hd,drive=scsi,bus=scsi0.0,serial=SCSI-1 \
        $(drive usb) -device qemu-xhci,id=usb0 -device usb-storage,drive=usb,bus=usb0.0,serial=USB-1 \
        $(drive sas) -device megasas,id=sas0 -device scsi-hd,drive=sas,bus=sas0.0,serial=MEGASAS-1 \
        $(drive pv) -device pvscsi,id=pv0 -device scsi-hd,drive=pv,bus=pv0.0,serial=PVSCSI-1 \
        $(drive lsi) -device lsi53c895a,id=lsi0 -device scsi-hd,drive=lsi,bus=lsi0.0,serial=LSI-1 \
        -device mptsas1068,id=mpt0,sas_address=5000000000000001 \
        -device usb-ehci -device pci-ohci -device piix3-usb-uhci -device sdhci-pci \
        -netdev user,id=c9,restrict=on -device usb-net,netdev=c9,bus=usb0.0,mac=52:54:00:78:00:09 \
        -device ide-cd,bus=ahci0.1 -device virtio-rng-pci -device virtio-serial-pci \
        -device ipmi-bmc-sim,id=bmc0 -device pci-ipmi-kcs,bmc=bmc0
lab_wait_step inventory 300
# What this machine has is for stage two: its report came after.
"$LAB_BIN/cloudie" -o json events --after 0 | grep -oE '"step":"(stage-two|inventory)"' |
        head -n 1 | grep -q stage-two || lab_fail "the report did not wait for stage two"

"$LAB_BIN/cloudie" -o json node show lab-0001 --inventory >"$LAB_DIR/node.json"
python3 - "$LAB_DIR/node.json" <<'END'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as f:
    inventory = json.load(f)["inventory"]

# Drivers by the name that the kernel shows, with the family of the list that they stand for.
WANT = {
    "virtio-pci": "virtio", "vmxnet3": "vmware", "vmw_pvscsi": "vmware", "nvme": "disks",
    "ahci": "disks", "ata_piix": "disks", "xhci_hcd": "usb", "ehci-pci": "usb", "ohci-pci": "usb",
    "uhci_hcd": "usb", "e1000": "nic-intel", "e1000e": "nic-intel", "e100": "nic-intel",
    "8139cp": "nic-realtek", "pcnet32": "nic-amd", "ne2k-pci": "nic-more", "tulip": "nic-more",
    "megaraid_sas": "storage", "sym53c8xx": "storage", "mptsas": "storage", "sdhci-pci": "mmc",
    "ipmi_si": "ipmi", "piix4_smbus": "management",
}
have = {f["driver"] for f in inventory["pci"]["items"] if "driver" in f}
missing = {driver: family for driver, family in WANT.items() if driver not in have}
without = [f"{f['address']} {f['vendor']}:{f['device']}" for f in inventory["pci"]["items"]
           if "driver" not in f]
print("PCI drivers:", " ".join(sorted(have)))
print("functions without a driver:", ", ".join(without))
if missing:
    sys.exit(f"models: no device has these drivers: {missing}")

serials = {d.get("serial") for d in inventory["disks"]["items"]}
lost = {"NVME-0001", "AHCI-1", "VIRTIO-1", "SCSI-1", "MEGASAS-1", "PVSCSI-1",
        "LSI-1"} - serials
if lost:
    sys.exit(f"models: disks not seen by their serial: {lost} among {serials}")
kinds = {(d.get("type"), d.get("transport")) for d in inventory["disks"]["items"]}
if not {("optical", "ata")} <= kinds or "usb" not in {transport for _, transport in kinds}:
    sys.exit(f"models: no optical or no USB drive among {kinds}")
nics = {n.get("driver") for n in inventory["nics"]["items"]}
if len(inventory["nics"]["items"]) != 10 or not {"cdc_ether", "rndis_host"} & nics:
    sys.exit(f"models: {len(inventory['nics']['items'])} cards, not 10, or none by USB: {nics}")
END
