#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# hardware.sh: a machine with one of everything. What cloudie-discover says of it is compared,
# value by value, with what QEMU, the BMC and the TPM were told to be (hardware.py), and
# with what ipmitool, bmc-info and mdadm say in the same machine.
#
# The kernel and its modules are those of the netboot package; the ramdisk is made here, as
# ipmitool and bmc-info are no part of Cloudie's.
# shellcheck source=tests/vm/setup.sh
. "$(dirname "$0")/setup.sh" hardware 7

needed=(ipmi_sim swtpm swtpm_setup ipmitool bmc-info mdadm busybox cpio zstd unsquashfs modprobe
        depmod sgdisk mkfs.ext4)
for tool in "${needed[@]}"; do
        PATH=$PATH:/sbin:/usr/sbin command -v "$tool" >/dev/null || skip "$tool is not installed"
done
PATH=$PATH:/sbin:/usr/sbin
# That of the ramdisk, which was made with the package.
discover=${LAB_PACKAGE%/*}/ramdisk/programs/cloudie-discover
[ -x "$discover" ] || discover=$LAB_BIN/cloudie-discover
checker=$here/hardware.py
root=$LAB_DIR/initrd

modules=(megaraid_sas nvme ahci sd_mod virtio_pci virtio_blk virtio_net virtio_scsi e1000e 8139cp
        xhci-pci usb-storage usbhid hid-generic raid1 ipmi_si ipmi_devintf sym53c8xx sr_mod)

# Those that are named and what they need, in the order in which they are loaded.
copy_modules() {
        local kernel all=$LAB_DIR/package-modules module file
        mkdir -p "$all" "$root/modules"
        (cd "$all" && zstd -dcq "$LAB_PACKAGE/discovery.initrd" | cpio -idm --quiet 'lib/modules/*' stage-one.squashfs)
        unsquashfs -q -n -f -d "$all" "$all/stage-one.squashfs" >/dev/null
        unsquashfs -q -n -f -d "$all" "$LAB_PACKAGE/stage-two.squashfs" >/dev/null
        kernel=$(ls "$all/lib/modules")
        depmod -b "$all" "$kernel" 2>/dev/null
        for module in "${modules[@]}"; do
                modprobe -d "$all" -S "$kernel" --show-depends "$module" |
                        awk '$1 == "insmod" { print $2 }' >"$LAB_DIR/depends"
                [ -s "$LAB_DIR/depends" ] || lab_fail "the package has no module $module"
                while read -r file; do
                        [ ! -e "$root/modules/${file##*/}" ] || continue
                        cp "$file" "$root/modules/"
                        echo "${file##*/}" >>"$root/modules/order"
                done <"$LAB_DIR/depends"
        done
}

copy_programs() { # PROGRAM...: with the libraries that they need
        local program file
        for program in "$@"; do
                cp -L "$program" "$root/bin/"
                { ldd "$program" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r file; do
                        mkdir -p "$root${file%/*}"
                        [ -e "$root$file" ] || cp -L "$file" "$root$file"
                done
        done
}

make_ramdisk() {
        local tool
        mkdir -p "$root/bin" "$root/etc" "$root/var/lib" "$root/root"
        for tool in busybox ipmitool bmc-info mdadm; do
                copy_programs "$(command -v "$tool")"
        done
        copy_programs "$discover"
        copy_modules
        mkdir -p "$root/usr/share/misc"
        cp "$LAB_DIR/package-modules/usr/share/misc/pci.ids" "$root/usr/share/misc/"
        cp "$here/hardware_init.sh" "$root/init"
        (cd "$root" && find . | cpio -o -H newc --quiet) >"$LAB_DIR/ramdisk.cpio"
}

# A BMC that speaks with the machine, and with nobody else: OpenIPMI's.
start_bmc() {
        mkdir -p "$LAB_DIR/bmc"
        python3 "$checker" bmc "$LAB_DIR/bmc"
        (cd "$LAB_DIR/bmc" && exec ip netns exec "$LAB" ipmi_sim -c lan.conf -f bmc.emu -s state -n) \
                </dev/null >"$LAB_DIR/log/bmc" 2>&1 &
        LAB_PIDS+=($!)
        lab_until 10 ip netns exec "$LAB" bash -c 'exec 3<>/dev/tcp/127.0.0.1/9001' ||
                lab_fail "the BMC does not listen: $(tail -n 1 "$LAB_DIR/log/bmc")"
}

start_tpm() {
        mkdir -p "$LAB_DIR/tpm"
        swtpm_setup --tpm2 --tpmstate "$LAB_DIR/tpm" --createek --pcr-banks sha1,sha256 \
                >"$LAB_DIR/log/tpm-setup" 2>&1
        python3 "$checker" tpm "$LAB_DIR/tpm"
        swtpm socket --tpm2 --tpmstate "dir=$LAB_DIR/tpm" --ctrl "type=unixio,path=$LAB_DIR/tpm.socket" \
                </dev/null >"$LAB_DIR/log/tpm" 2>&1 &
        LAB_PIDS+=($!)
        lab_until 10 test -S "$LAB_DIR/tpm.socket"
}

make_disks() {
        local name
        for name in raid0 raid1 raid2 nvme0 nvme1 sata usb lsi mirror0 mirror1 small large; do
                truncate -s 64M "$LAB_DIR/$name.disk"
        done
        sgdisk -U 5ca1ab1e-0000-4000-8000-000000000001 \
                -n 1:2048:+16M -t 1:ef00 -c 1:boot -u 1:5ca1ab1e-0000-4000-8000-000000000002 \
                -n 2:0:0 -t 2:8300 -c 2:root -u 2:5ca1ab1e-0000-4000-8000-000000000003 \
                "$LAB_DIR/sata.disk" >/dev/null
        mkfs.ext4 -q -L backpack -U 5ca1ab1e-0000-4000-8000-000000000004 "$LAB_DIR/usb.disk"
}

drive() { # NAME
        echo "-drive if=none,id=$1,file=$LAB_DIR/$1.disk,format=raw,cache=unsafe"
}

# hardware.py knows what stands here: change both.
# shellcheck disable=SC2046 # words
run_machine() {
        python3 "$checker" smbios "$LAB_DIR"
        python3 "$checker" console "$LAB_DIR"
        python3 "$checker" neighbour "$LAB_DIR" </dev/null >"$LAB_DIR/log/neighbour" 2>&1 &
        LAB_PIDS+=($!)
        lab_until 10 test -S "$LAB_DIR/switch.socket"
        ip netns exec "$LAB" timeout 400 qemu-system-x86_64 -accel tcg,thread=multi \
                -machine q35,kernel-irqchip=off \
                -cpu max,vendor=GenuineIntel,family=6,model=85,stepping=7,model-id="Acme Abacus 9000" \
                -m 1G -smp 4,sockets=2,cores=2,threads=1 \
                -object memory-backend-ram,id=m0,size=512M -object memory-backend-ram,id=m1,size=512M \
                -numa node,nodeid=0,memdev=m0,cpus=0-1 -numa node,nodeid=1,memdev=m1,cpus=2-3 \
                -numa dist,src=0,dst=1,val=21 \
                -device intel-iommu -nodefaults -no-user-config -display none -no-reboot -monitor none \
                -serial "file:$LAB_DIR/log/console" -serial "file:$LAB_DIR/answers" \
                -kernel "$LAB_PACKAGE/vmlinuz" -initrd "$LAB_DIR/ramdisk.cpio" \
                -append "console=ttyS0 quiet intel_iommu=on iommu=pt BOOTIF=01-52-54-00-00-00-12" \
                -smbios "type=0,vendor=Acme Firmware,version=7.2,date=02/29/2024" \
                -smbios "type=1,manufacturer=Acme,product=Anvil R1,version=B2,serial=SN123,sku=AN-1,family=Anvils,uuid=11111111-2222-3333-4444-555555555555" \
                -smbios "type=2,manufacturer=Acme Boards,product=Slab,version=3,serial=BSN" \
                -smbios "type=3,manufacturer=Acme,serial=CHS,asset=RACK7" \
                -smbios "file=$LAB_DIR/type16.bin" \
                -acpitable "sig=SPCR,rev=2,oem_id=ACME,oem_table_id=ANVIL,data=$LAB_DIR/spcr.bin" \
                $(for file in "$LAB_DIR"/type17-*.bin; do echo "-smbios file=$file"; done) \
                -device pcie-root-port,id=rp1,chassis=1,addr=3 -device pcie-root-port,id=rp2,chassis=2,addr=4 \
                -device megasas-gen2,id=mr,bus=rp1,hba_serial=CARD0001 $(drive raid0) $(drive raid1) $(drive raid2) \
                -device scsi-hd,bus=mr.0,scsi-id=0,drive=raid0,serial=MRDISK0,vendor=SEAGATE,product=ST1000NX,ver=N003,rotation_rate=7200,wwn=0x5000c50012345678 \
                -device scsi-hd,bus=mr.0,scsi-id=1,drive=raid1,serial=MRDISK1,vendor=SEAGATE,product=ST1000NX \
                -device scsi-hd,bus=mr.0,scsi-id=2,drive=raid2,serial=MRDISK2,rotation_rate=1 \
                $(drive nvme0) $(drive nvme1) -device nvme,id=nvc,serial=NVME01,bus=rp2 \
                -device nvme-ns,bus=nvc,drive=nvme0,nsid=1 \
                -device nvme-ns,bus=nvc,drive=nvme1,nsid=2,logical_block_size=4096,physical_block_size=4096 \
                -device lsi53c895a,id=lsi,addr=5 $(drive lsi) -device scsi-hd,bus=lsi.0,drive=lsi,serial=LSI0 \
                -device virtio-scsi-pci,id=vs,addr=6 $(drive small) $(drive large) \
                -device scsi-hd,bus=vs.0,lun=0,drive=small,serial=SMALL,wwn=0x5000000000000001 \
                -device scsi-hd,bus=vs.0,lun=1,drive=large,serial=LARGE,logical_block_size=4096,physical_block_size=4096 \
                $(drive sata) -device ide-hd,drive=sata,bus=ide.0,serial=SATA0,model="ACME SATA",ver=2.5,wwn=0x5000c500aabbccdd,rotation_rate=5400 \
                -device ide-cd,bus=ide.1,serial=CD0 \
                -device qemu-xhci,id=xhci,addr=7 $(drive usb) -device usb-storage,bus=xhci.0,drive=usb,serial=USB0 \
                -device usb-kbd,bus=xhci.0,serial=KEYS \
                $(drive mirror0) $(drive mirror1) -device virtio-blk-pci,drive=mirror0,serial=VIRT0,addr=8 \
                -device virtio-blk-pci,drive=mirror1,serial=VIRT1,addr=9 \
                -netdev "dgram,id=n1,local.type=unix,local.path=$LAB_DIR/card.socket,remote.type=unix,remote.path=$LAB_DIR/switch.socket" \
                -netdev user,id=n2,restrict=on -netdev user,id=n3,restrict=on \
                -device e1000e,netdev=n1,mac=52:54:00:00:00:11,addr=a,romfile= \
                -device virtio-net-pci,netdev=n2,mac=52:54:00:00:00:12,addr=b,romfile= \
                -device rtl8139,netdev=n3,mac=52:54:00:00:00:13,addr=c,romfile= \
                -device bochs-display,addr=d,vgamem=16M -device virtio-gpu-pci,addr=e \
                -chardev "socket,id=ipmi0,host=127.0.0.1,port=9001,reconnect=2" \
                -device ipmi-bmc-extern,id=bmc0,chardev=ipmi0 -device isa-ipmi-kcs,bmc=bmc0 \
                -chardev "socket,id=tpm0,path=$LAB_DIR/tpm.socket" -tpmdev emulator,id=tpm0,chardev=tpm0 \
                -device tpm-tis,tpmdev=tpm0 \
                </dev/null >"$LAB_DIR/log/qemu" 2>&1 &
        machine=$!
        LAB_PIDS+=("$machine")
        wait "$machine"
}

lab_open
make_ramdisk
make_disks
start_bmc
start_tpm
run_machine
python3 "$checker" check "$LAB_DIR"
