#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tools/install-packages.sh GROUP...
#
# Installs what tools/packages.txt lists for these groups and this machine lacks,
# and says which. Silent when nothing is missing. Asks nothing.
#
# Exit: 0 all there; 1 something is missing and cannot be installed; 2 wrong usage.
set -eu

list=$(dirname "$0")/packages.txt

fail() {
        echo "install-packages: $2" >&2
        exit "$1"
}

[ $# -gt 0 ] || fail 2 "which groups? One or more of: $(awk '/^[a-z]/ { print $1 }' "$list" | uniq | xargs)"
wanted=
for group; do
        names=$(awk -v group="$group" '$1 == group { print $2 }' "$list")
        [ -n "$names" ] || fail 2 "there is no group '$group' in $list"
        wanted="$wanted $names"
done
command -v dpkg-query >/dev/null || fail 1 "this is not Debian; install by other means:$wanted"

missing=
for package in $wanted; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
        [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
        fail 1 "these packages are missing, and only root can install them: apt-get install$missing"
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
update() {
        apt-get -q update >/dev/null || fail 1 "'apt-get update' failed: is the mirror reachable?"
}
install() {
        # shellcheck disable=SC2086 # a list of names
        apt-get -q -y -o Dpkg::Use-Pty=0 install --no-install-recommends $missing </dev/null
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Lists that are missing, or too old to name what the mirror holds, are fetched.
# shellcheck disable=SC2086
apt-cache show $missing >/dev/null 2>&1 || update
if ! install >"$log" 2>&1; then
        update
        install >"$log" 2>&1 || {
                tail -n 20 "$log" >&2
                fail 1 "apt-get could not install:$missing"
        }
fi
