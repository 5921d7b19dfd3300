#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else's DHCP server, as plain as there are.

Usage: foreign.py DEV ADDRESS OFFERED [LOG [NEXT]]

Offers OFFERED to everybody who asks on DEV, and grants it. Each message that comes is a line in
LOG: its type and the MAC. NEXT is the next server (siaddr). Until it is killed.
"""
import socket
import struct
import sys

OFFER_OF = {1: 2, 3: 5}  # discover -> offer, request -> ack
COOKIE = b"\x63\x82\x53\x63"


def option(message, wanted):
    at = 240
    while at + 1 < len(message) and message[at] != 255:
        if message[at] == 0:
            at += 1
            continue
        if message[at] == wanted:
            return message[at + 2:at + 2 + message[at + 1]]
        at += 2 + message[at + 1]
    return b""


def answer(message, kind, address, offered, following):
    options = b"".join((bytes((53, 1, kind)), b"\x36\x04" + address, b"\x33\x04" + struct.pack("!I", 600),
                        b"\x01\x04\xff\xff\xff\x00", b"\xff"))
    return (b"\x02" + message[1:4] + message[4:8] + bytes(2) + message[10:12] + bytes(4) + offered
            + following + bytes(4) + message[28:44] + bytes(192) + COOKIE + options)


def main():
    device, address, offered = sys.argv[1], socket.inet_aton(sys.argv[2]), socket.inet_aton(sys.argv[3])
    following = socket.inet_aton(sys.argv[5]) if len(sys.argv) > 5 else bytes(4)
    log = open(sys.argv[4], "a", encoding="ascii") if len(sys.argv) > 4 else None
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.bind(("", 67))
    while True:
        message = s.recv(2048)
        kind = option(message, 53)
        if len(message) < 240 or not kind:
            continue
        if log:
            log.write("%d %s\n" % (kind[0], message[28:34].hex(":")))
            log.flush()
        if kind[0] in OFFER_OF:
            s.sendto(answer(message, OFFER_OF[kind[0]], address, offered, following), ("255.255.255.255", 68))


if __name__ == "__main__":
    main()
