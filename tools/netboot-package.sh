#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tools/netboot-package.sh [FOLDER]
#
# Makes the netboot package (build/netboot): the static programs of the ramdisk
# and what cloudie-mkimage of the release build makes of them. Does nothing when
# the programs, the kernel and the loader are those that the package was made of.
set -eu
cd "$(dirname "$0")/.."
to=${1:-build/netboot}
mkimage=build/release/bin/cloudie-mkimage

[ -x "$mkimage" ] || {
        echo "netboot-package: $mkimage is missing: build the release preset first" >&2
        exit 1
}
tools/static-curl.sh
cmake --preset ramdisk >build/ramdisk.log 2>&1 || {
        cat build/ramdisk.log >&2
        exit 1
}
cmake --build --preset ramdisk -- --quiet

# Versions as apt would download them: the kernel's name changes with each.
made_of=$(
        sha256sum "$mkimage" build/ramdisk/programs/*
        apt-cache show --no-all-versions linux-image-amd64 ipxe shim-signed \
                grub-efi-amd64-signed pci.ids 2>/dev/null |
                grep -E '^(Package|Version|Depends):' || true
)
if [ -e "$to/manifest.json" ] && [ "$made_of" = "$(cat "$to.stamp" 2>/dev/null)" ]; then
        echo "$to is as it was"
        exit 0
fi
"$mkimage" netboot --programs build/ramdisk/programs --cache build/cache --output "$to"
echo "$made_of" >"$to.stamp"
