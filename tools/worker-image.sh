#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tools/worker-image.sh [tiny|debian]
#
# Makes the image of a worker: build/worker/tiny.raw, a kernel and the static
# cloudie-worker of the ramdisk build (the default); or build/worker/debian.raw, a
# Debian 12 system. Does nothing when all that the image was made of is as it was:
# our programs, and the packages in the versions that apt would install.
set -eu
cd "$(dirname "$0")/.."
kind=${1:-tiny}
mkimage=build/release/bin/cloudie-mkimage

case $kind in
tiny | debian) ;;
*)
        echo "worker-image: tiny or debian, not '$kind'" >&2
        exit 2
        ;;
esac
to=build/worker/$kind.raw
[ -x "$mkimage" ] || {
        echo "worker-image: $mkimage is missing: build the release preset first" >&2
        exit 1
}
tools/static-curl.sh
mkdir -p "$(dirname "$to")"
cmake --preset ramdisk >build/ramdisk.log 2>&1 || {
        cat build/ramdisk.log >&2
        exit 1
}
cmake --build --preset ramdisk -- --quiet

# Versions as apt would download them, and those of the programs that are installed.
packages() {
        case $kind in
        tiny)
                apt-cache show --no-all-versions linux-image-cloud-amd64 2>/dev/null |
                        grep -E '^(Package|Version|Depends):' || true
                ;;
        debian)
                # What would be installed where nothing is.
                # shellcheck disable=SC2046 # a list of names
                apt-get -s -o Dir::State::status=/dev/null -o APT::Install-Recommends=false install \
                        '?essential' apt $(sed 's/#.*//; /^\[/d' mkimage/debian.packages) 2>/dev/null |
                        grep '^Inst ' || true
                ;;
        esac
}
made_of=$(
        sha256sum "$mkimage" build/ramdisk/programs/cloudie-worker
        packages
        dpkg-query -W grub-common grub-pc-bin shim-signed grub-efi-amd64-signed e2fsprogs 2>/dev/null || true
)
if [ -e "$to" ] && [ "$made_of" = "$(cat "$to.stamp" 2>/dev/null)" ]; then
        echo "$to is as it was"
        exit 0
fi
rm -f "$to.stamp"
if [ "$kind" = tiny ]; then
        set -- --tiny
else
        set --
fi
make_image() {
        "$mkimage" worker "$@" --programs build/ramdisk/programs --cache build/cache --output "$to"
}
# Half a thousand packages come over the network for Debian: a mirror that falters once stops nobody.
make_image "$@" || { [ "$kind" = debian ] && make_image "$@"; }
echo "$made_of" >"$to.stamp"
