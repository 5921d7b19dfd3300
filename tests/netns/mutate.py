# SPDX-License-Identifier: GPL-3.0-or-later
"""What no client would send, from where the machine is: runs in its namespace.

Usage: mutate.py SEED COUNT FOLDER EDGE ADDRESS

Captured messages (inputs of the fuzz targets in FOLDER) and built ones, changed by a random number
generator of that seed, COUNT of them, to the ports of DHCP, DHCPv6, ProxyDHCP and TFTP. Prints how
many went to each port, and how many refusals (DHCPNAK) came for requests to a foreign server.
"""
import collections
import os
import random
import socket
import struct
import sys
import time

COOKIE = b"\x63\x82\x53\x63"
MAC = bytes.fromhex("525400770001")
BURST = 50  # then a pause: what the kernel drops nobody has to read


def dhcp4(options, xid=1, mac=MAC, ciaddr=b"\0" * 4, giaddr=b"\0" * 4, op=1, sname=b"", file=b""):
    return (struct.pack("!BBBBIHH", op, 1, 6, 0, xid, 0, 0x8000) + ciaddr + b"\0" * 8 + giaddr +
            mac.ljust(16, b"\0") + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + COOKIE + options)


def built(rng):
    """Shapes that flipped bits rarely make."""
    address = bytes((10, 77, 0, rng.randrange(256)))
    mac = b"\x52\x54" + rng.randbytes(4)
    shapes = [
        lambda: dhcp4(b"\x35\x01\x01\x35\x01\x03\xff", mac=mac),                    # two types
        lambda: dhcp4(b"\x35\x01\x01\x34\x01\x03\xff", mac=mac, sname=b"\x34\x01\x03" * 21,
                      file=b"\x34\x01\x03" * 42),                                  # overload loops
        lambda: dhcp4(b"\x35\x01\x01\x3d" + bytes((rng.randrange(1, 256),)), mac=mac),  # past the end
        lambda: dhcp4(b"\x35\x01\x01" + b"\x52\xff" * rng.randrange(1, 200), mac=mac),
        lambda: dhcp4(b"\x35\x01\x07\x36\x04\x0a\x4d\x00\x01\xff", mac=mac, ciaddr=address),  # release
        lambda: dhcp4(b"\x35\x01\x04\x32\x04" + address + b"\x36\x04\x0a\x4d\x00\x01\xff", mac=mac),
        lambda: dhcp4(b"\x35\x01\x01\xff", mac=mac, giaddr=bytes((172, 16, 0, rng.randrange(256)))),
        lambda: dhcp4(b"\x35\x01\x01\xff", mac=mac, op=2),
        lambda: dhcp4(b"\x35\x01" + bytes((rng.randrange(256),)) + b"\xff", mac=mac),
        lambda: dhcp4(b"\x35\x01\x01\x3c\x20" + b"PXEClient\x1b[31m\n\r\0\x07event=x".ljust(32, b"A") +
                      b"\x5d\x02\x00\x00\x0c\x08\x1b[2Jevil\xff", mac=mac),         # for the terminal
        lambda: dhcp4(b"\x35\x01\x01" + b"\x00" * rng.randrange(1500), mac=mac),
        lambda: b"",
        lambda: rng.randbytes(rng.randrange(1, 1473)),
    ]
    return rng.choice(shapes)()


def changed(rng, data):
    data = bytearray(data)
    for _ in range(rng.randrange(1, 8)):
        kind = rng.randrange(6)
        at = rng.randrange(len(data)) if data else 0
        if kind == 0 and data:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and data:
            data[at] = rng.choice((0, 1, 2, 53, 52, 82, 127, 128, 254, 255))
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            data[at:at] = rng.randbytes(rng.randrange(1, 64))
        elif kind == 4 and len(data) > 4:
            size = rng.randrange(1, 64)
            data[at:at + size] = data[rng.randrange(len(data)):][:size]
        elif kind == 5:
            data += bytes((rng.randrange(256), rng.randrange(256))) * rng.randrange(1, 40)
    return bytes(data[:1472])


def inputs(folder, *names):
    found = []
    for name in names:
        path = os.path.join(folder, name)
        for entry in sorted(os.listdir(path)):
            with open(os.path.join(path, entry), "rb") as f:
                found.append(f.read())
    return found


def tftp(rng):
    name = rng.choice((b"undionly.kpxe", b"../../etc/passwd", b"a" * 600, b"grub/grub.cfg",
                       b"boot/grub/52:54:00:77:00:01", b"\x1b[2J\n", b"%2e%2e/x", b""))
    extra = b"".join(rng.choice((b"blksize\0" + b"9" * rng.randrange(12) + b"\0", b"tsize\0-1\0",
                                 b"windowsize\0" + b"0\0", b"x\0", b"timeout\0" + b"255\0"))
                     for _ in range(rng.randrange(5)))
    return rng.choice((
        struct.pack("!H", rng.randrange(8)) + name + b"\0octet\0" + extra,
        struct.pack("!H", 1) + name + b"\0" + rng.choice((b"netascii", b"mail", b"")) + b"\0",
        struct.pack("!HH", rng.choice((3, 4, 5)), rng.randrange(65536)) + rng.randbytes(8),
        rng.randbytes(rng.randrange(0, 600))))


def main():
    seed, count, folder, edge, address = (int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6])
    rng = random.Random(seed)
    four = inputs(folder, "dhcp_message")
    six = inputs(folder, "dhcp_v6_message")
    index = socket.if_nametoindex("eth0")

    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0\0")
    client.bind(("", 68))
    client.setblocking(False)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind((address, 0))
    client6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    client6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)

    def message4():
        return changed(rng, rng.choice(four)) if rng.random() < 0.6 else built(rng)

    ways = [
        ("67", lambda: client.sendto(message4(), ("255.255.255.255", 67))),
        ("67", lambda: client.sendto(message4(), ("255.255.255.255", 67))),
        ("547", lambda: client6.sendto(changed(rng, rng.choice(six)), ("ff02::1:2", 547, 0, index))),
        ("4011", lambda: other.sendto(message4(), (edge, 4011))),
        ("69", lambda: other.sendto(tftp(rng), (edge, 69))),
    ]
    sent = collections.Counter()
    for number in range(count):
        port, send = ways[number % len(ways)]
        try:
            send()
            sent[port] += 1
        except OSError:  # refused by ICMP, or a full queue
            pass
        if number % BURST == 0:
            time.sleep(0.01)

    # A request to another server, and one that says two servers: silence. All is read before.
    time.sleep(1)
    naks = 0
    try:
        while True:
            client.recv(2048)
    except BlockingIOError:
        pass
    for number in range(20):
        client.sendto(dhcp4(b"\x35\x01\x03\x32\x04\x0a\x63\x00\x05\x36\x04\x0a\x4d\x00\x63\xff",
                            xid=0x7000 + number, mac=rng.randbytes(5).rjust(6, b"\x52")),
                      ("255.255.255.255", 67))
    time.sleep(1)
    try:
        while True:
            got = client.recv(2048)
            naks += got[4:6] == b"\0\0" and got[6] == 0x70
    except BlockingIOError:
        pass
    print(" ".join("%s=%d" % item for item in sorted(sent.items())), "answers=%d" % naks)


if __name__ == "__main__":
    main()
