#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# fresh-root.sh [OPTIONS OF ./check]
#
# Proves that .ci/run passes on a machine that has nothing of ours: a minimal
# Debian root made by mmdebstrap from this machine's own mirrors, with a clone of
# what is committed, in mount and process namespaces of its own.
#
# Exit: that of .ci/run; 77 (skipped) without root or mmdebstrap.
set -eu

source=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
skip() {
        echo "fresh-root: $*: skipped"
        exit 77
}
[ "$(id -u)" -eq 0 ] || skip "only root can make a root"
command -v mmdebstrap >/dev/null || skip "mmdebstrap is not installed"
# shellcheck disable=SC2016 # $(...) is apt's own syntax
mirrors=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian')
[ -n "$mirrors" ] || skip "apt knows no mirror of Debian's; run apt-get update"

work=$(mktemp -d "${TMPDIR:-/var/tmp}/cloudie-fresh.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'exit 1' HUP INT TERM
fresh=$work/root

# Proxies and the like of this machine hold in the fresh one too.
apt-config dump Acquire | grep -E '::(Proxy|Check-|Retries|Timeout|CaInfo|Verify-)' |
        grep -v ' "";$' >"$work/apt.conf" || true
echo "$mirrors" | mmdebstrap --quiet --variant=minbase --mode=root --include=ca-certificates \
        --aptopt="$work/apt.conf" bookworm "$fresh" -
cp "$work/apt.conf" "$fresh/etc/apt/apt.conf.d/90machine"
for file in /etc/resolv.conf /etc/hosts; do
        cat "$file" >"$fresh$file"
done
if ls /usr/local/share/ca-certificates/*.crt >/dev/null 2>&1; then
        cp /usr/local/share/ca-certificates/*.crt "$fresh/usr/local/share/ca-certificates/"
        chroot "$fresh" update-ca-certificates >/dev/null 2>&1
fi
git clone --quiet --no-hardlinks "file://$source" "$fresh/srv/cloudie"
echo "fresh-root: $(git -C "$source" log -1 --format='%h %s') in $(cat "$fresh/etc/debian_version")"

# The mounts vanish with the namespace, so that the trap removes files of its own alone.
export fresh
# shellcheck disable=SC2016 # the inner shell expands it
unshare --mount --pid --fork --kill-child sh -c '
        set -e
        # A mount of its own, so that "/" in there is one, as "ip netns" needs.
        mount --bind "$fresh" "$fresh"
        cd "$fresh"
        mount -t proc proc "$fresh/proc"
        mount -t sysfs -o ro sysfs "$fresh/sys"
        mount --rbind /dev "$fresh/dev"
        mount -t tmpfs -o mode=1777 tmpfs "$fresh/run"
        exec chroot "$fresh" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
                ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
                ${no_proxy:+no_proxy="$no_proxy"} /srv/cloudie/.ci/run "$@"
' sh "$@"
