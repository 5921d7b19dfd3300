#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# proxy.sh bios|uefi|secureboot|uefi-http|secureboot-http: somebody else's DHCP server gives the addresses, and Cloudie only
# says what to boot. A blank machine stands in the list at the address that it had from the other.
kind=${1:?bios, uefi, secureboot, uefi-http or secureboot-http}
export LAB_PROTOCOL=http LAB_RELOAD=false LAB_FIRMWARE=${kind%-http} LAB_MEMORY=320
export LAB_ADDRESSES="mode: proxy"
given=10.77.0.222
# Debian's signed GRUB asks the next server of the address' answer, whoever said what to boot.
following=0.0.0.0 arguments=()
case $kind in
uefi | secureboot) following=10.77.0.1 ;;
*-http)
        # GRUB asks nobody; whom the other server follows does not matter.
        arguments=(-fw_cfg "name=opt/org.tianocore/IPv4PXESupport,string=n"
                -fw_cfg "name=opt/org.tianocore/IPv6PXESupport,string=n")
        ;;
esac
# shellcheck source=tests/vm/setup.sh
. "$(dirname "$0")/setup.sh" "proxy-$kind" 23
[ "$LAB_FIRMWARE" = bios ] || [ -e "$LAB_OVMF/OVMF_CODE_4M.fd" ] || skip "the package ovmf is not installed"
lab_open

# The other server, in a namespace that ends with it.
unshare -n sh -c "until ip link show eth0; do sleep 0.1; done
        ip addr add 10.77.0.2/24 dev eth0; ip link set eth0 up
        exec python3 '$here/../netns/foreign.py' eth0 10.77.0.2 $given '$LAB_DIR/other' $following" \
        </dev/null >"$LAB_DIR/log/other.log" 2>&1 &
other=$!
LAB_PIDS+=("$other")
lab_until 10 ip -n "$LAB" link add other0 type veth peer name eth0 netns "$other"
ip -n "$LAB" link set other0 master br0 up

lab_controller
lab_edge
lab_login
lab_machine 1 "${arguments[@]}"
lab_wait_step inventory 300
lab_wait_step held 10

# It took no address of ours, as we have none; and the other server was named.
"$LAB_BIN/cloudie" -o json events >"$LAB_DIR/events.json"
"$LAB_BIN/cloudie" node list | grep -q '^lab-0001 *discovered'
grep -q "^3 $(lab_mac 1)" "$LAB_DIR/other"
python3 - "$LAB_DIR/events.json" $given <<'END'
import json, sys
with open(sys.argv[1], encoding="utf-8") as f:
    events = [json.loads(line) for line in f]
acks = {e["address"] for e in events if e["step"] == "dhcp-ack"}
assert acks == {sys.argv[2]}, acks
named = [e for e in events if e["step"] == "foreign-dhcp"]
assert len(named) == 1 and "10.77.0.2" in named[0]["text"], named
END
