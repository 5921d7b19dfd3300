# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire of the tests here: two network namespaces, one with the edge, one with the machine."""
import os
import subprocess
import time

MAC = "52:54:00:77:00:01"
OTHER_MAC = "52:54:00:77:00:99"
EDGE = "10.77.0.1"
SCRIPT = "boot/ipxe/" + MAC.replace(":", "-")
BOOT = "00f1e2d3c4b5a697"
PXE = ["-V", "PXEClient:Arch:00000:UNDI:002001", "-x", "0x5d:0000"]
IPXE = PXE + ["-x", "0x4d:69505845"]
UEFI = ["-V", "PXEClient:Arch:00007:UNDI:003000", "-x", "0x5d:0007"]
EDGE_NS = "nbt-edge-%d" % os.getpid()
NODE_NS = "nbt-node-%d" % os.getpid()


def run(*command, check=True, **more):
    more.setdefault("text", True)
    return subprocess.run(command, check=check, capture_output=True, timeout=60, **more)


def in_edge(*command, **more):
    return run("ip", "netns", "exec", EDGE_NS, *command, **more)


def in_node(*command, **more):
    return run("ip", "netns", "exec", NODE_NS, *command, **more)


def until(seconds, truth, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if truth():
            return
        time.sleep(0.05)
    raise AssertionError("not within %d s: %s" % (seconds, what() if callable(what) else what))


class Wire:
    """The namespaces and the folder, for all tests."""

    @classmethod
    def up(cls):
        run("ip", "netns", "add", EDGE_NS)
        run("ip", "netns", "add", NODE_NS)
        for ns in (EDGE_NS, NODE_NS):
            run("ip", "-n", ns, "link", "set", "lo", "up")
            run("ip", "netns", "exec", ns, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0",
                "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0", check=False)
        run("ip", "-n", EDGE_NS, "link", "add", "br0", "type", "bridge", "stp_state", "0",
            "forward_delay", "0", "mcast_snooping", "0")
        run("ip", "-n", EDGE_NS, "addr", "add", EDGE + "/24", "dev", "br0")
        run("ip", "-n", EDGE_NS, "link", "set", "br0", "up")
        run("ip", "-n", EDGE_NS, "link", "add", "port0", "type", "veth", "peer", "name", "eth0",
            "netns", NODE_NS)
        run("ip", "-n", EDGE_NS, "link", "set", "port0", "master", "br0", "up")
        run("ip", "-n", NODE_NS, "link", "set", "eth0", "address", MAC)
        run("ip", "-n", NODE_NS, "link", "set", "eth0", "up")

    @classmethod
    def down(cls):
        for ns in (EDGE_NS, NODE_NS):
            run("ip", "netns", "del", ns, check=False)
