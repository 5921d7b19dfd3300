#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many clients of DHCPv6 on one interface.

Usage: ask6.py take DEVICE FIRST COUNT SECONDS
       ask6.py renew DEVICE < what "take" printed

"take": so many clients, numbered from FIRST on, ask with rapid commit; a line "NUMBER ADDRESS NAME" for
each that was given an address, NAME the server's. Who has no answer asks again until SECONDS are over.
"renew": each renews what it has; a line "NUMBER ADDRESS", of what it has now, "-" for nothing.
"""
import socket
import struct
import sys
import time

SOLICIT, RENEW, REPLY = 1, 5, 7
CLIENT_ID, SERVER_ID, IA_NA, IA_ADDRESS, ELAPSED, RAPID_COMMIT = 1, 2, 3, 5, 8, 14
BATCH = 32


def option(code, data):
    return struct.pack("!HH", code, len(data)) + data


def options_of(data):
    found = {}
    while len(data) >= 4:
        code, size = struct.unpack_from("!HH", data)
        found[code] = data[4:4 + size]
        data = data[4 + size:]
    return found


def message(kind, number, address=None, name=None):
    identity = struct.pack("!III", 7, 0, 0)
    if address:
        identity += option(IA_ADDRESS, socket.inet_pton(socket.AF_INET6, address) + bytes(8))
    data = struct.pack("!I", kind << 24 | number)
    data += option(CLIENT_ID, struct.pack("!HHHI", 3, 1, 0x5254, number))
    data += option(IA_NA, identity) + option(ELAPSED, bytes(2))
    return data + (option(SERVER_ID, bytes.fromhex(name)) if name else option(RAPID_COMMIT, b""))


def read(data):
    """Number, address or "-", and name of a reply."""
    kind_and_number, = struct.unpack_from("!I", data)
    if kind_and_number >> 24 != REPLY:
        return None
    said = options_of(data[4:])
    address = options_of(said.get(IA_NA, bytes(12))[12:]).get(IA_ADDRESS)
    # With a valid lifetime: else it is told that it has it no more.
    has_it = address and struct.unpack_from("!I", address, 20)[0] > 0
    return (kind_and_number & 0xffffff,
            socket.inet_ntop(socket.AF_INET6, address[:16]) if has_it else "-",
            said.get(SERVER_ID, b"").hex())


def ask(s, questions, until):
    """The answers by number; a question is asked again until then."""
    to = ("ff02::1:2", 547, 0, socket.if_nametoindex(sys.argv[2]))
    answers = {}
    while len(answers) < len(questions) and time.monotonic() < until:
        left = [n for n in questions if n not in answers][:BATCH]
        for number in left:
            s.sendto(questions[number], to)
        try:
            while any(n not in answers for n in left):
                got = read(s.recv(2000))
                if got and got[0] in questions:
                    answers[got[0]] = got[1:]
        except socket.timeout:
            pass
    return answers


def main():
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", 546))
    s.settimeout(0.3)
    if sys.argv[1] == "take":
        first, count, seconds = int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
        questions = {n: message(SOLICIT, n) for n in range(first, first + count)}
        for number, (address, name) in ask(s, questions, time.monotonic() + seconds).items():
            if address != "-":
                print(number, address, name)
        return
    had = [line.split() for line in sys.stdin]
    answers = ask(s, {int(n): message(RENEW, int(n), a, name) for n, a, name in had},
                  time.monotonic() + 10)
    for number, _, _ in had:
        print(number, answers.get(int(number), ("-",))[0])


if __name__ == "__main__":
    main()
