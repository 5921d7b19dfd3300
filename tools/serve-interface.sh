#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tools/serve-interface.sh DEV [--pool FIRST-LAST] [--beside-dhcp] [--check]
#
# Serves a real network (what ./up --interface does when all is built): asks
# whether somebody else's DHCP server is there, starts cloudied and
# cloudie-netbootd at DEV's address alone, says what to do next, and shows what
# happens until Ctrl-C. With --check it looks at DEV and the pool, and ends.
#
#   UP_BIN=FOLDER      the programs
#   UP_PACKAGE=FOLDER  the netboot package
#   UP_DIR=FOLDER      state, configuration and logs; kept for the next time
# shellcheck disable=SC2015 # fail ends the script: "A && B || fail" is what it reads as
# shellcheck disable=SC2317 # what until_serves calls
set -uo pipefail

fail() {
        echo "up: $*" >&2
        exit 1
}

device=${1:?"which network interface?"} pool='' beside='' is_check=''
shift
while [ $# -gt 0 ]; do
        case $1 in
        --pool)
                pool=$2
                shift
                ;;
        --beside-dhcp) beside=1 ;;
        --check) is_check=1 ;;
        *) fail "'$1' is not understood" ;;
        esac
        shift
done
[ "$(id -u)" = 0 ] || fail "root is needed, for the ports of DHCP, TFTP and HTTP: sudo ./up"

number_of() {
        local IFS=. part
        # shellcheck disable=SC2086 # its four numbers
        set -- $1
        [ $# = 4 ] || return
        for part; do
                [[ $part =~ ^(0|[1-9][0-9]{0,2})$ && $part -le 255 ]] || return
        done
        echo $((($1 << 24) + ($2 << 16) + ($3 << 8) + $4))
}

text_of() {
        echo "$(($1 >> 24 & 255)).$(($1 >> 16 & 255)).$(($1 >> 8 & 255)).$(($1 & 255))"
}

# Sets address, prefix, first and last (of the machines on it), as numbers but for the prefix.
look_at_device() {
        local line where mask
        line=$(ip -o link show dev "$device" 2>/dev/null) ||
                fail "there is no network interface '$device': 'ip -br link' lists them"
        case $line in
        *LOOPBACK*) fail "$device is the loopback: no machine is on it" ;;
        *link/ether*) ;;
        *) fail "$device is no Ethernet or wireless interface" ;;
        esac
        where=$(ip -4 -o addr show dev "$device" scope global | awk '{ print $4; exit }')
        [ -n "$where" ] ||
                fail "$device has no IPv4 address: give it one, and bring it up (ip addr add 10.77.0.1/24 dev $device; ip link set $device up)"
        prefix=${where#*/}
        [ "$prefix" != "$where" ] && [ "$prefix" -le 28 ] ||
                fail "$device has $where: that network is too small, /28 is the least"
        address=$(number_of "${where%/*}")
        mask=$((0xffffffff << (32 - prefix) & 0xffffffff))
        subnet=$((address & mask))
        first=$((subnet + 1)) last=$(((subnet | ~mask & 0xffffffff) - 1))
        router=$(ip -4 route show default dev "$device" | awk '$2 == "via" { print $3; exit }')
        [ -z "$router" ] || router=$(number_of "$router")
        [ -z "$router" ] || [ $((router & mask)) = $subnet ] || router=''
}

is_free() { # FIRST LAST: neither we nor the router are in it
        local taken
        for taken in "$address" $router; do
                [ "$taken" -lt "$1" ] || [ "$taken" -gt "$2" ] || return
        done
}

# A quarter of the network, at most 100 addresses, as high up as it is free.
choose_pool() {
        local size=$(((last - first + 1) / 4)) top=$last
        [ $size -le 100 ] || size=100
        while ! is_free $((top - size + 1)) "$top"; do
                top=$((top - 1))
        done
        pool_first=$((top - size + 1)) pool_last=$top
}

check_pool() {
        pool_first=$(number_of "${pool%-*}") pool_last=$(number_of "${pool#*-}")
        [ -n "$pool_first" ] && [ -n "$pool_last" ] && [ "$pool_first" -le "$pool_last" ] ||
                fail "--pool takes FIRST-LAST, as 10.77.0.100-10.77.0.150, not '$pool'"
        [ "$pool_first" -ge $first ] && [ "$pool_last" -le $last ] ||
                fail "--pool $pool: $device serves $(text_of $first) to $(text_of $last)"
        is_free "$pool_first" "$pool_last" ||
                fail "--pool $pool: this host ($(text_of "$address")) or its router is in it"
}

# Somebody else's DHCP server there: refuse, or serve beside it.
look_around() {
        local found
        strangers=discover
        echo "Asking on $device whether another DHCP server is there: 3 s."
        found=$("$UP_BIN/cloudie-netbootd" --probe "$device")
        case $? in
        0)
                [ -z "$beside" ] || strangers=list
                return
                ;;
        3) ;;
        *) fail "the question could not be asked; nothing was started" ;;
        esac
        echo "Another DHCP server is on $device:"
        echo "    ${found//$'\n'/$'\n    '}"
        [ -n "$beside" ] ||
                fail "nothing was started. With --beside-dhcp and --pool, Cloudie serves beside it: unknown machines are listed, and offered nothing until you say so"
        [ -n "$pool" ] ||
                fail "nothing was started: name addresses that the other server does not give, with --pool FIRST-LAST"
        strangers=list
}

# The certificate, and all machines that were installed, have the address of the first time.
check_address() {
        local before
        before=$(cat "$UP_DIR/address" 2>/dev/null) || before=$(text_of "$address")
        [ "$before" = "$(text_of "$address")" ] ||
                fail "$device was served as $before, and is $(text_of "$address") now: give it the old address, or remove $UP_DIR and with it all that is known of its machines"
        text_of "$address" >"$UP_DIR/address"
}

# As a text of YAML: "7" and "on" are names of interfaces, too, and a folder may have any name.
quoted() {
        echo "'${1//\'/\'\'}'"
}

configure() {
        local dns
        dns=$(awk '$1 == "nameserver" && $2 ~ /^[0-9.]+$/ && $2 !~ /^127\./ { print $2; exit }' /etc/resolv.conf)
        cat >"$UP_DIR/cloudied.yaml" <<END
state: $(quoted "$UP_DIR/controller")
address: $(text_of "$address")
port: 8443
http_port: 0
names: [$(text_of "$address")]
netboot_package: $(quoted "$UP_PACKAGE")
networks:
  - name: $(quoted "$device")
    subnet: $(text_of "$subnet")/$prefix
    pool_first: $(text_of "$pool_first")
    pool_last: $(text_of "$pool_last")
    strangers: $strangers
${router:+    router: $(text_of "$router")}
${dns:+    dns: $dns}
END
        cat >"$UP_DIR/netbootd.yaml" <<END
controller: https://$(text_of "$address"):8443
ca_file: $(quoted "$UP_DIR/controller/tls/cert.pem")
join_token_file: $(quoted "$UP_DIR/controller/join-token")
name: $(quoted "$device")
state: $(quoted "$UP_DIR/edge")
interfaces: [$(quoted "$device")]
END
        cat >"$UP_DIR/worker.yaml" <<'END'
kind: profile
name: worker
spec:
  needs: {arch: x86_64}
  disk: {pick: smallest, holding: nothing}
  steps:
    - wipe: quick
    - image: worker
    - grow: root
    - seed: {hostname: "{name}"}
    - boot: disk
END
        "$UP_BIN/cloudied" --config "$UP_DIR/cloudied.yaml" --check-config || exit 1
}

pids=()
finish() {
        local i
        trap - EXIT INT TERM HUP
        for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
                kill "${pids[i]}" 2>/dev/null
        done
        [ ${#pids[@]} = 0 ] || wait "${pids[@]}" 2>/dev/null
        exit "$1"
}

# start NAME COMMAND...: its log is in UP_DIR/log; no lock of ours is inherited.
start() {
        local name=$1
        shift
        "$@" </dev/null >"$UP_DIR/log/$name.log" 2>&1 9>&- &
        pids+=($!)
}

# until_serves NAME SECONDS COMMAND...
until_serves() {
        local name=$1 end=$((SECONDS + $2)) pid=${pids[-1]}
        shift 2
        until "$@" >/dev/null 2>&1; do
                kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $end ] ||
                        fail "$name does not serve: $(tail -n 1 "$UP_DIR/log/$name.log")"
                sleep 0.2
        done
}

controller_serves() {
        (exec 3<>"/dev/tcp/$(text_of "$address")/8443")
}

edge_serves() {
        local answer
        exec 3<>"/dev/tcp/$(text_of "$address")/80" || return
        printf 'GET /healthz HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n' >&3
        read -r answer <&3
        exec 3>&-
        [[ $answer == *" 200 "* ]]
}

log_in() {
        "$UP_BIN/cloudied" --config "$UP_DIR/cloudied.yaml" --login-link |
                "$UP_BIN/cloudie" login - >/dev/null ||
                fail "logging in to the controller failed; its log is $UP_DIR/log/cloudied.log"
}

say_what_is_next() {
        echo
        echo "Cloudie serves $device ($(text_of "$address")/$prefix) with the addresses $(text_of "$pool_first") to $(text_of "$pool_last")."
        if [ $strangers = list ]; then
                echo "Unknown machines are listed, and offered nothing, until you say so."
        else
                echo "Each machine there that boots from the network is discovered, and held."
        fi
        echo "Nothing is installed unless you say so. In another terminal:"
        echo
        # shellcheck disable=SC2016 # for the other terminal's shell
        printf '    export CLOUDIE_CREDENTIALS=%q PATH=%q:$PATH\n' "$CLOUDIE_CREDENTIALS" "$UP_BIN"
        if [ $strangers = list ]; then
                echo "    cloudie discovery list                 # who asked to boot"
                echo "    cloudie discovery open $device --for 2h    # discover them until then; restart them"
        fi
        echo "    cloudie node list                      # what was discovered"
        echo "    cloudie image import IMAGE.raw --name worker"
        echo "    cloudie apply -f $(printf %q "$UP_DIR/worker.yaml")"
        echo "    cloudie node accept NAME"
        echo "    cloudie node install NAME --profile worker --dry-run"
        echo "    cloudie node install NAME --profile worker --wait"
        echo
        echo "What is known of these machines is kept in $UP_DIR. Ctrl-C ends it all."
        echo
}

look_at_device
if [ -n "$pool" ]; then
        check_pool
else
        choose_pool
fi
[ -z "$is_check" ] || exit 0
look_around
mkdir -p "$UP_DIR/log"
check_address
configure
export CLOUDIE_CREDENTIALS=$UP_DIR/credentials.json
trap 'finish 1' EXIT
trap 'echo; echo "up: ending the servers"; finish 130' INT TERM HUP
! controller_serves 2>/dev/null ||
        fail "another program serves $(text_of "$address") port 8443: end it first (ss -Htlnp 'sport = 8443' shows which)"
start cloudied "$UP_BIN/cloudied" --config "$UP_DIR/cloudied.yaml"
until_serves cloudied 20 controller_serves
log_in
start cloudie-netbootd "$UP_BIN/cloudie-netbootd" --config "$UP_DIR/netbootd.yaml"
until_serves cloudie-netbootd 30 edge_serves
say_what_is_next
"$UP_BIN/cloudie" events --follow 9>&- &
pids+=($!)
wait -n "${pids[@]}"
echo "up: one of the programs ended; the logs are in $UP_DIR/log" >&2
finish 1
