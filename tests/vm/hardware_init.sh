#!/bin/busybox sh
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
#
# hardware_init.sh: the first process of the machine of hardware.sh. Makes an array, asks
# cloudie-discover, and those who are to say the same; answers go to the second serial
# port, each between a line "@@@ NAME" and a line "@@@ end STATUS".
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
/bin/busybox mkdir -p /proc /sys /dev /run /tmp
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t sysfs none /sys
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox mount -t securityfs none /sys/kernel/security
/bin/busybox --install -s /bin
echo 4 >/proc/sys/kernel/printk

while read -r module; do
        insmod "/modules/$module"
done </modules/order

# At most a minute for all of them together: machines that share their cores are slow.
tenths=600
until_true() { # COMMAND...
        until "$@" >/dev/null 2>&1; do
                if [ $tenths = 0 ]; then
                        echo "hardware_init: not true: $*"
                        return
                fi
                sleep 0.1
                tenths=$((tenths - 1))
        done
}
has_usb() { # NUMBER: so many devices behind the ports
        local wanted=$1
        set -- /sys/bus/usb/devices/[0-9]*-[0-9]
        [ -e "$1" ] && [ $# -ge "$wanted" ]
}

raw=/dev/ttyS1
stty -F $raw raw -echo
ask() { # NAME COMMAND...
        local name=$1
        shift
        echo "@@@ $name" >$raw
        timeout 90 "$@" >/tmp/answer 2>"/tmp/$name.errors"
        echo "status $?" >/tmp/status
        cat /tmp/answer >$raw
        echo >$raw
        echo "@@@ end $(cat /tmp/status)" >$raw
        sed "s/^/$name: /" "/tmp/$name.errors"
}

for device in vda vdb nvme0n2 sdh ipmi0 tpm0; do
        until_true test -e /dev/$device
done
until_true has_usb 2
for card in eth0 eth1 eth2; do
        ip link set $card up
done
for card in eth0 eth1 eth2; do # the ends of a link agree upon it first
        until_true grep -q 1 /sys/class/net/$card/carrier
done
mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --metadata=1.2 --homehost=any \
        --uuid=0c10d1e0:0c10d1e1:0c10d1e2:0c10d1e3 --assume-clean /dev/vda /dev/vdb

ask schema cloudie-discover --schema
ask inventory cloudie-discover --listen 5
ask mdadm mdadm --detail --export /dev/md0
ask mc-info ipmitool mc info
ask lan ipmitool lan print 1
ask lan6 ipmitool lan6 print 1
ask users ipmitool -c user list 1
ask bmc-info bmc-info --driver-type=OPENIPMI
ask uname uname -r
ask end true
poweroff -f
