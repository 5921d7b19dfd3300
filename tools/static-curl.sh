#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
#
# tools/static-curl.sh [FOLDER]
#
# Builds a static libcurl that speaks HTTP and HTTPS (OpenSSL) and nothing else,
# from Debian's own source package, for the programs of the ramdisk. Debian's
# libcurl.a cannot be linked: half of what it wants (LDAP, Kerberos, SSH, RTMP)
# has no static library, and the shared one weighs 5.7 MB compressed.
#
# Installs lib/libcurl.a, include/ and lib/pkgconfig/libcurl.pc into FOLDER
# (build/static-curl). Does nothing when they are there and of the version that
# apt would install today. Needs no root: a fresh machine has no deb-src entry,
# so the sources are asked for in a private apt state, derived from whatever
# mirrors this machine uses.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
to=${1:-$root/build/static-curl}
recipe=1        # raise it when the options below change

fail() {
        echo "static-curl: $*" >&2
        exit 1
}

for tool in apt-get dpkg-source cmake ninja gcc pkg-config; do
        command -v "$tool" >/dev/null ||
                fail "$tool is missing; install apt dpkg-dev cmake ninja-build gcc pkg-config"
done
pkg-config --exists libssl || fail "OpenSSL's headers are missing; install libssl-dev"

# The source version behind the binary that apt would install: "Source: curl
# (VERSION)" when it differs from the binary's own.
version=$(apt-cache --no-all-versions show curl 2>/dev/null |
        sed -n 's/^Source: curl (\(.*\))$/\1/p; s/^Version: //p' | sort | head -n 1) || version=
if [ -z "$version" ]; then
        [ -e "$to/lib/libcurl.a" ] && exit 0
        fail "apt knows no package curl; run 'apt-get update' first"
fi
stamp="$version recipe $recipe"
[ -e "$to/lib/libcurl.a" ] && [ "$(cat "$to/version" 2>/dev/null)" = "$stamp" ] && exit 0

mkdir -p "$(dirname "$to")"
work=$(mktemp -d "$to.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
log=$work/log

run() {
        "$@" >>"$log" 2>&1 && return
        tail -n 20 "$log" >&2
        fail "this failed: $*"
}

# Our own lists and caches, the machine's own mirrors and keys. The sandbox user
# of apt cannot enter a folder of ours, hence none.
apt_folder=$work/apt
mkdir -p "$apt_folder/parts" "$apt_folder/lists/partial" "$apt_folder/archives/partial"
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$list" ] || continue
        sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$list" | grep -v '[[:space:]]cdrom:' \
                >"$apt_folder/parts/$(basename "$list" .list).list" || true
done
for list in /etc/apt/sources.list.d/*.sources; do
        [ -f "$list" ] || continue
        sed 's/^[Tt]ypes:.*/Types: deb-src/' "$list" >"$apt_folder/parts/$(basename "$list")"
done
private_apt_get() {
        apt-get -q -o Dir::State::lists="$apt_folder/lists" -o Dir::Cache="$apt_folder" \
                -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$apt_folder/parts" \
                -o APT::Sandbox::User= -o Acquire::Languages=none "$@"
}
# Some other mirror of this machine may carry no sources: only the fetch decides.
private_apt_get update >>"$log" 2>&1 || true
(cd "$work" && run private_apt_get source --download-only "curl=$version")

# apt has checked the .dsc against the signed list; its own signature would want a keyring more.
run dpkg-source --no-check -x "$work"/curl_*.dsc "$work/source"

# Proxy and verbose strings stay: lib/fetch switches proxies off by an option that must exist,
# and without the strings every error reads "Error". The resolver stays threaded, or a dead name
# server could not be timed out.
run cmake -S "$work/source" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_INSTALL_PREFIX="$to" -DCMAKE_INSTALL_LIBDIR=lib \
        "-DCMAKE_C_FLAGS=-ffunction-sections -fdata-sections -fstack-protector-strong '-ffile-prefix-map=$work=.'" \
        -DBUILD_SHARED_LIBS=OFF -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF -DENABLE_MANUAL=OFF \
        -DHTTP_ONLY=ON -DCURL_USE_OPENSSL=ON \
        -DCURL_ZLIB=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF \
        -DCURL_USE_LIBPSL=OFF -DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBSSH=OFF -DCURL_USE_GSSAPI=OFF \
        -DCURL_DISABLE_LDAP=ON -DCURL_DISABLE_LDAPS=ON -DUSE_LIBRTMP=OFF \
        -DCURL_DISABLE_ALTSVC=ON -DCURL_DISABLE_COOKIES=ON -DCURL_DISABLE_CRYPTO_AUTH=ON \
        -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_DOH=ON -DCURL_DISABLE_HSTS=ON \
        -DCURL_DISABLE_MIME=ON -DCURL_DISABLE_NETRC=ON -DCURL_DISABLE_PARSEDATE=ON \
        -DCURL_DISABLE_GETOPTIONS=ON -DCURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG=ON \
        -DENABLE_UNIX_SOCKETS=OFF -DENABLE_THREADED_RESOLVER=ON \
        -DCURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt -DCURL_CA_PATH=none
run ninja -C "$work/build"
run env DESTDIR="$work/root" ninja -C "$work/build" install

# The .pc that CMake writes names -lgcc_s, which no static program can link.
made=$work/root$to
rm -rf "${made:?}/bin" "${made:?}/lib/cmake"
escaped=$(printf '%s\n' "$to" | sed 's/ /\\ /g')
cat >"$made/lib/pkgconfig/libcurl.pc" <<END
prefix=$escaped
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: libcurl
Description: HTTP and HTTPS client, static
Version: ${version%%-*}
Requires.private: libssl libcrypto
Libs: -L\${libdir} -lcurl
Libs.private: -pthread
Cflags: -I\${includedir} -DCURL_STATICLIB
END
echo "$stamp" >"$made/version"
rm -rf "$to"
mv "$made" "$to"
