# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# lab.sh: a room of virtual machines (source it; ./up and the tests of this folder do).
#
# One lab is one network namespace with a bridge and a tap for each machine,
# cloudied and cloudie-netbootd inside it, and a veth to the host, by which the
# operator's command reaches the controller. Several may run at once: everything
# is keyed on $LAB, and its addresses are private to the namespace, except the
# veth's, which are keyed on $LAB_NUMBER.
#
#   LAB=NAME LAB_NUMBER=N LAB_DIR=FOLDER LAB_BIN=FOLDER LAB_PACKAGE=FOLDER
#   lab_open; lab_controller; lab_edge; lab_login; lab_machine 1; ...; lab_close
#
# Whatever is started is ended by its pid, and by nothing else. A program is
# started through "ip netns exec", which becomes it: $! is its own pid. Through a
# shell function it would be that of a shell.

LAB_NUMBER=${LAB_NUMBER:-1}
LAB_SERVER=10.77.0.1                       # on the bridge: what machines see
LAB_INSIDE=10.78.$((76 + LAB_NUMBER)).2    # the namespace's end of the veth
LAB_OUTSIDE=10.78.$((76 + LAB_NUMBER)).1   # the host's end
LAB_LINK=clup$LAB_NUMBER
LAB_SERVER6=${LAB_SERVER6:-} # on the bridge, of IPv6; "" none
LAB_PROTOCOL=${LAB_PROTOCOL:-http}
LAB_RELOAD=${LAB_RELOAD:-false}
LAB_HTTPS=${LAB_HTTPS:-} # "true": UEFI HTTP Boot by HTTPS
LAB_ADDRESSES=${LAB_ADDRESSES:-"pool_first: 10.77.0.100
    pool_last: 10.77.0.200"} # or "mode: proxy"
LAB_MEMORY=${LAB_MEMORY:-512}
LAB_FIRMWARE=${LAB_FIRMWARE:-bios}
LAB_OVMF=/usr/share/OVMF
LAB_PIDS=()

lab_fail() {
        echo "lab: $*" >&2
        return 1
}

lab_open() {
        [ "$(id -u)" = 0 ] || lab_fail "namespaces and taps need root" || return
        mkdir -p "$LAB_DIR/log"
        # What an earlier run left when it was killed: its folder is ours now, so it is gone.
        ip netns del "$LAB" 2>/dev/null || true
        ip link del "$LAB_LINK" 2>/dev/null || true
        ip netns add "$LAB" || lab_fail "no network namespace can be made here" || return
        ip -n "$LAB" link set lo up
        # Duplicate address detection would make the servers' addresses tentative at first.
        ip netns exec "$LAB" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
                net.ipv6.conf.default.accept_dad=0 2>/dev/null || true
        # No spanning tree and no forwarding delay, or the first packets of a boot are lost.
        ip -n "$LAB" link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
        ip -n "$LAB" addr add $LAB_SERVER/24 dev br0
        [ -z "$LAB_SERVER6" ] || ip -n "$LAB" addr add "$LAB_SERVER6/64" dev br0 nodad
        ip -n "$LAB" link set br0 up
        ip link add "$LAB_LINK" type veth peer name host0 netns "$LAB" || return
        ip addr add "$LAB_OUTSIDE/30" dev "$LAB_LINK"
        ip link set "$LAB_LINK" up
        ip -n "$LAB" addr add "$LAB_INSIDE/30" dev host0
        ip -n "$LAB" link set host0 up
}

# Ends machines first: their last packets are of no interest.
lab_close() {
        local i
        for ((i = ${#LAB_PIDS[@]} - 1; i >= 0; i--)); do
                kill "${LAB_PIDS[i]}" 2>/dev/null || true
        done
        for i in "${LAB_PIDS[@]}"; do
                lab_wait_gone "$i"
        done
        LAB_PIDS=()
        ip link del "$LAB_LINK" 2>/dev/null || true
        ip netns del "$LAB" 2>/dev/null || true
}

lab_wait_gone() {
        local n
        for ((n = 0; n < 100; n++)); do
                kill -0 "$1" 2>/dev/null || break
                sleep 0.1
        done
        kill -9 "$1" 2>/dev/null || true
        wait "$1" 2>/dev/null || true
}

# lab_until SECONDS COMMAND...: 0 as soon as the command succeeds
lab_until() {
        local end=$((SECONDS + $1))
        shift
        until "$@" >/dev/null 2>&1; do
                [ $SECONDS -lt $end ] || return 1
                sleep 0.2
        done
}

lab_controller() {
        cat >"$LAB_DIR/cloudied.yaml" <<END
state: $LAB_DIR/controller
port: 8443
http_port: 0
names: [${LAB_SERVER6:+$LAB_SERVER6, }$LAB_SERVER, $LAB_INSIDE]
netboot_package: $LAB_PACKAGE
kernel_arguments: console=ttyS0
beat_s: 5
networks:
  - name: lab
    subnet: 10.77.0.0/24
    $LAB_ADDRESSES
    protocol: $LAB_PROTOCOL
    reload_ipxe: $LAB_RELOAD${LAB_HTTPS:+
    https_boot: true}
END
        lab_start_controller
}

lab_start_controller() {
        ip netns exec "$LAB" "${LAB_BIN:?}/cloudied" --config "$LAB_DIR/cloudied.yaml" \
                </dev/null >>"$LAB_DIR/log/cloudied.out" 2>>"$LAB_DIR/log/cloudied.log" &
        LAB_CONTROLLER=$!
        LAB_PIDS+=("$LAB_CONTROLLER")
        lab_until 10 lab_answers ||
                lab_fail "cloudied does not serve: $(tail -n 1 "$LAB_DIR/log/cloudied.log")"
}

lab_answers() {
        kill -0 "$LAB_CONTROLLER" && (exec 3<>"/dev/tcp/$LAB_INSIDE/8443")
}

lab_edge() {
        cat >"$LAB_DIR/netbootd.yaml" <<END
controller: https://$LAB_SERVER:8443
ca_file: $LAB_DIR/controller/tls/cert.pem
join_token_file: $LAB_DIR/controller/join-token
name: lab
state: $LAB_DIR/edge
interfaces: [br0]${LAB_HTTPS:+
services: [dhcp, tftp, http, https]}
END
        lab_start_edge
}

lab_start_edge() {
        ip netns exec "$LAB" "$LAB_BIN/cloudie-netbootd" --config "$LAB_DIR/netbootd.yaml" \
                </dev/null >>"$LAB_DIR/log/netbootd.log" 2>&1 &
        LAB_EDGE=$!
        LAB_PIDS+=("$LAB_EDGE")
        lab_until 20 lab_edge_serves ||
                lab_fail "cloudie-netbootd does not serve: $(tail -n 1 "$LAB_DIR/log/netbootd.log")"
}

lab_edge_serves() {
        kill -0 "$LAB_EDGE" && ip netns exec "$LAB" curl -sf "http://$LAB_SERVER/healthz"
}

# The link for the host: by the veth's address instead of the bridge's.
lab_login_link() {
        "$LAB_BIN/cloudied" --config "$LAB_DIR/cloudied.yaml" --login-link |
                sed "s|https://[^/]*:\([0-9]*\)/|https://$LAB_INSIDE:\1/|"
}

lab_login() {
        export CLOUDIE_CREDENTIALS=$LAB_DIR/credentials.json
        lab_login_link | "$LAB_BIN/cloudie" login - >/dev/null
}

lab_mac() {
        printf '52:54:00:77:%02x:%02x' $(($1 / 256)) $(($1 % 256))
}

# lab_firmware N: LAB_FIRMWARE (bios, uefi, secureboot) as arguments of QEMU, in the array
# "firmware". A UEFI machine has variables of its own, fresh at each power-on unless LAB_KEEP_DISK
# is set; with secureboot they hold Microsoft's keys and no other.
lab_firmware() {
        local code vars=OVMF_VARS_4M.fd own=$LAB_DIR/machine-$1.variables
        case $LAB_FIRMWARE in
        bios)
                firmware=(-machine "pc,graphics=off")
                return
                ;;
        uefi)
                code=OVMF_CODE_4M.fd
                firmware=(-machine q35)
                ;;
        secureboot)
                code=OVMF_CODE_4M.secboot.fd vars=OVMF_VARS_4M.ms.fd
                firmware=(-machine "q35,smm=on" -global "driver=cfi.pflash01,property=secure,value=on")
                ;;
        *) lab_fail "LAB_FIRMWARE is bios, uefi or secureboot, not '$LAB_FIRMWARE'" || return ;;
        esac
        if [ -z "${LAB_KEEP_DISK:-}" ] || [ ! -e "$own" ]; then
                cp "$LAB_OVMF/$vars" "$own" || return
        fi
        firmware+=(-drive "if=pflash,format=raw,unit=0,readonly=on,file=$LAB_OVMF/$code"
                -drive "if=pflash,format=raw,unit=1,file=$own")
}

# lab_machine N [QEMU ARGUMENT...]: powers on a blank machine that boots from the
# network with its own firmware, and from its disk when it is told to. Its serial
# console is in log/machine-N.console. LAB_DISK: the size of its disk, which is
# made anew unless LAB_KEEP_DISK is set; LAB_DISK_PLACE: its place in the firmware's
# order, after the card's 1. (SeaBIOS tries the first of several disks alone.) LAB_ALONE:
# without a network card, and in the order that its firmware keeps in its variables.
lab_machine() {
        local n=$1 mac disk firmware card place=,bootindex=${LAB_DISK_PLACE:-2} rom=
        shift
        lab_firmware "$n" || return
        # OVMF's own network boot, instead of the card's iPXE.
        [ "$LAB_FIRMWARE" = bios ] || rom=,romfile=
        mac=$(lab_mac "$n")
        disk=$LAB_DIR/machine-$n.disk
        rm -f "$LAB_DIR/log/machine-$n.console"
        if [ -z "${LAB_KEEP_DISK:-}" ]; then
                rm -f "$disk"
                truncate -s "${LAB_DISK:-2G}" "$disk"
        fi
        ip -n "$LAB" link show "tap$n" >/dev/null 2>&1 ||
                ip -n "$LAB" tuntap add "tap$n" mode tap
        ip -n "$LAB" link set "tap$n" master br0 up
        card=(-netdev "tap,id=n0,ifname=tap$n,script=no,downscript=no"
                -device "virtio-net-pci,netdev=n0,mac=$mac,bootindex=1$rom")
        if [ -n "${LAB_ALONE:-}" ]; then
                card=() place=
        fi
        ip netns exec "$LAB" qemu-system-x86_64 -accel tcg "${firmware[@]}" -cpu max \
                -m "$LAB_MEMORY" -smp 1 -nodefaults -vga none \
                -uuid "$(printf '8d1a2b3c-4e5f-6071-8293-a4b5c6d7%04x' "$n")" \
                -smbios "type=1,manufacturer=Cloudie Lab,product=Blank,serial=LAB-$(printf %04d "$n")" \
                "${card[@]}" \
                -drive "file=$disk,if=none,id=d0,format=raw,cache=unsafe" \
                -device "nvme,drive=d0,serial=NVME-$(printf %04d "$n")$place" \
                -display none -monitor none -serial "file:$LAB_DIR/log/machine-$n.console" "$@" \
                </dev/null >"$LAB_DIR/log/machine-$n.qemu" 2>&1 &
        LAB_MACHINE=$!
        LAB_PIDS+=("$LAB_MACHINE")
}

# CPU seconds that a process has used
lab_cpu() {
        local stat
        stat=$(cat "/proc/$1/stat") || return
        # shellcheck disable=SC2086 # the fields after the name in parentheses
        set -- ${stat##*) }
        awk -v t=$((${12} + ${13})) -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.2f\n", t / hz }'
}

# lab_all_run WHAT: fails when a server or a machine ended, as nothing will come of waiting then
lab_all_run() {
        local pid
        for pid in "${LAB_PIDS[@]}"; do
                kill -0 "$pid" 2>/dev/null || lab_fail "process $pid ended before '$1'" || return
        done
}

# lab_wait_step STEP SECONDS [COUNT]: until that many events of the step were seen
lab_wait_step() {
        local end=$((SECONDS + $2))
        while [ "$(lab_count_step "$1")" -lt "${3:-1}" ]; do
                lab_all_run "$1" || return
                [ $SECONDS -lt $end ] || lab_fail "no '$1' within $2 s" || return
                sleep 0.5
        done
}

# lab_wait_phase PHASE SECONDS [COUNT]: until that many nodes are in the phase. Ends at once when
# an operation failed: its cause is what the operator would read.
lab_wait_phase() {
        local end=$((SECONDS + $2))
        until [ "$(lab_count_phase "$1")" -ge "${3:-1}" ]; do
                if "$LAB_BIN/cloudie" node list | grep -q ' failed '; then
                        lab_fail "an operation failed: $("$LAB_BIN/cloudie" node list)" || return
                fi
                lab_all_run "$1" || return
                [ $SECONDS -lt $end ] || lab_fail "no node '$1' within $2 s" || return
                sleep 0.5
        done
}

lab_count_phase() {
        "$LAB_BIN/cloudie" node list --select "phase=$1" 2>/dev/null | grep -c "^[^ ]* *$1 " || true
}

# lab_operation FIELD NODE: of the operation, "" where there is none
lab_operation() {
        "$LAB_BIN/cloudie" -o json node show "$2" | python3 -c '
import json
import sys
print(json.load(sys.stdin)["status"].get("operation", {}).get(sys.argv[1], ""))' "$1"
}

# lab_kill PID: as a power cut would; nobody waits for it any more
lab_kill() {
        local pid kept=()
        kill -9 "$1" 2>/dev/null || true
        wait "$1" 2>/dev/null || true
        for pid in "${LAB_PIDS[@]}"; do
                [ "$pid" = "$1" ] || kept+=("$pid")
        done
        LAB_PIDS=("${kept[@]}")
}

lab_count_step() {
        "$LAB_BIN/cloudie" -o json events --after 0 2>/dev/null | grep -c "\"step\":\"$1\"" || true
}

# What a failed test leaves for whoever looks into it
lab_report() {
        local f
        for f in "$LAB_DIR"/log/*; do
                echo "--- ${f##*/}, last lines"
                tail -n 25 "$f" | tr -d '\r'
        done
        "$LAB_BIN/cloudie" events --after 0 2>&1 | tail -n 60
}
