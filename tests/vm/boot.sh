#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# boot.sh http|tftp|http6|uefi|secureboot|uefi6|secureboot6|KIND-http|KIND-https: a blank machine boots with its
# own firmware over the network and stands in the list with what it truly is.
#
# http: the card's own iPXE fetches script, kernel and ramdisk by HTTP.
# tftp: the card's iPXE is made to load ours, and loader, script, kernel, ramdisk
# and site.cpio all come from our TFTP; not a byte of them by HTTP.
# uefi, secureboot: the firmware's own PXE loads shim, that GRUB, and all else comes
# by TFTP as well, whatever the network's protocol; with Secure Boot on as with it off.
# http6: as http, and nobody gives an IPv4 address.
# uefi6, secureboot6: as uefi, and nobody gives an IPv4 address.
# uefi-http, secureboot-http, uefi6-http, secureboot6-http: UEFI HTTP Boot, of the boot image; not a byte comes by TFTP.
# uefi-https, secureboot-https: the same over TLS; the firmware knows the edge's certificate, and no other.
kind=${1:?see above}
# LAB_MEMORY: the budget of the design; it must do in this much.
export LAB_PROTOCOL=http LAB_RELOAD=false LAB_FIRMWARE=bios LAB_MEMORY=192
case $kind in
http) number=2 ;;
http6) number=51 LAB_MEMORY=256 ;; # iPXE holds more of it with IPv6
tftp) number=3 LAB_PROTOCOL=tftp LAB_RELOAD=true ;;
uefi) number=7 LAB_FIRMWARE=$kind LAB_MEMORY=320 ;;
secureboot) number=8 LAB_FIRMWARE=$kind LAB_MEMORY=320 ;;
uefi6) number=41 LAB_FIRMWARE=uefi LAB_MEMORY=320 ;;
secureboot6) number=42 LAB_FIRMWARE=secureboot LAB_MEMORY=320 ;;
uefi-http) number=43 LAB_FIRMWARE=uefi LAB_MEMORY=320 ;;
secureboot-http) number=44 LAB_FIRMWARE=secureboot LAB_MEMORY=320 ;;
uefi6-http) number=45 LAB_FIRMWARE=uefi LAB_MEMORY=320 ;;
secureboot6-http) number=46 LAB_FIRMWARE=secureboot LAB_MEMORY=320 ;;
uefi-https) number=47 LAB_FIRMWARE=uefi LAB_MEMORY=320 LAB_HTTPS=true ;;
secureboot-https) number=48 LAB_FIRMWARE=secureboot LAB_MEMORY=320 LAB_HTTPS=true ;;
*)
        echo "boot.sh: '$kind' is none of those that its first lines name" >&2
        exit 2
        ;;
esac
arguments=()
case $kind in
*6 | *6-http)
        export LAB_SERVER6=fd77::1 LAB_ADDRESSES="subnet6: fd77::/64
    pool6_first: fd77::100
    pool6_last: fd77::1ff"
        # OVMF tries IPv4 first, and would wait for it for two minutes.
        [ "$kind" = http6 ] || arguments=(-fw_cfg "name=opt/org.tianocore/IPv4PXESupport,string=n")
        ;;
esac
case $kind in
# Nothing leaves out HTTP over IPv4, which is tried for a minute and a half where nobody answers.
*-http*) arguments=(-fw_cfg "name=opt/org.tianocore/IPv4PXESupport,string=n"
        -fw_cfg "name=opt/org.tianocore/IPv6PXESupport,string=n") ;;
esac
# shellcheck source=tests/vm/setup.sh
. "$(dirname "$0")/setup.sh" "$kind" "$number"
[ "$LAB_FIRMWARE" = bios ] || [ -e "$LAB_OVMF/OVMF_CODE_4M.fd" ] || skip "the package ovmf is not installed"
lab_open
lab_controller
lab_edge
lab_login

# As UEFI takes certificates that it is to trust: EFI_SIGNATURE_LIST of one (UEFI 2.10 32.4.1).
firmware_certificate() { # PEM
        python3 - "$1" <<'END'
import ssl
import struct
import sys
import uuid

with open(sys.argv[1], encoding="ascii") as file:
    der = ssl.PEM_cert_to_DER_cert(file.read())
sys.stdout.buffer.write(uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072").bytes_le +
                        struct.pack("<III", 44 + len(der), 0, 16 + len(der)) + bytes(16) + der)
END
}

# Nobody else answers here.
if ip netns exec "$LAB" ss -lunpH | grep -E ':(67|69|4011|547) ' | grep -v cloudie-netboot; then
        lab_fail "a server that is not ours listens in the lab"
fi

if [ -n "${LAB_HTTPS:-}" ]; then
        arguments+=(-fw_cfg "name=etc/edk2/https/cacerts,file=$LAB_DIR/certificates"
                -object "rng-random,id=random,filename=/dev/urandom" -device "virtio-rng-pci,rng=random")
        # A server that its firmware does not know tells it nothing.
        firmware_certificate "$LAB_DIR/controller/tls/cert.pem" >"$LAB_DIR/certificates"
        lab_machine 1 "${arguments[@]}"
        lab_until 120 grep -aq "Error: " "$LAB_DIR/log/machine-1.console" ||
                lab_fail "its firmware does not refuse the certificate"
        if "$LAB_BIN/cloudie" -o json events | grep -q '"step":"script"'; then
                lab_fail "its firmware took what came from a server that it does not know"
        fi
        lab_kill "$LAB_MACHINE"
        firmware_certificate "$LAB_DIR/edge/tls/cert.pem" >"$LAB_DIR/certificates"
fi
lab_machine 1 "${arguments[@]}"
lab_wait_step inventory 240
lab_wait_step held 10
lab_wait_step stage-two 60

"$LAB_BIN/cloudie" -o json events >"$LAB_DIR/events.json"
"$LAB_BIN/cloudie" -o json node list >"$LAB_DIR/nodes.json"
"$LAB_BIN/cloudie" -o json node show lab-0001 --inventory >"$LAB_DIR/node.json"
python3 "$here/expect.py" "$kind" "$LAB_DIR" "$LAB_PACKAGE"

# Tables, explanation, timeline: what an operator reads.
"$LAB_BIN/cloudie" node list | grep -q '^lab-0001 *discovered'
"$LAB_BIN/cloudie" node explain lab-0001 | grep -q 'It boots: discover'
"$LAB_BIN/cloudie" node timeline lab-0001 | grep -Eq 'ramdisk|boot.img'
"$LAB_BIN/cloudie" -o yaml node show lab-0001 | grep -q 'phase: discovered'

# Accepting is legal once; the second time is refused with a sentence and status 1.
"$LAB_BIN/cloudie" node accept lab-0001
"$LAB_BIN/cloudie" node list --select phase=ready | grep -q '^lab-0001 *ready'
if "$LAB_BIN/cloudie" node accept lab-0001 2>"$LAB_DIR/refusal"; then
        lab_fail "a node was accepted twice"
fi
grep -q "discovered" "$LAB_DIR/refusal"

echo "CPU seconds of the machine: $(lab_cpu "$LAB_MACHINE")"
