# SPDX-License-Identifier: GPL-3.0-or-later
"""expect.py KIND FOLDER PACKAGE: is what the controller says about the boot the truth?

KIND is one of boot.sh. FOLDER holds events.json (an event a line), nodes.json and node.json as the command
printed them; PACKAGE is the netboot package that the machine booted from.
"""
import json
import os
import sys

MAC = "52:54:00:77:00:01"
# In the order in which a machine takes them.
STEPS = ["dhcp-discover", "dhcp-offer", "dhcp-ack", "script", "kernel", "ramdisk", "site", "claim",
         "inventory", "stage-two"]  # no device of this machine asks for stage two


def expect(have, want, what):
    if have != want:
        sys.exit(f"expect: {what}: {have!r}, not {want!r}")


# All that UEFI HTTP Boot needs is in one image, which is made when it is asked for.
IMAGE_STEPS = ["dhcp-discover", "dhcp-offer", "dhcp-ack", "script", "loader", "site", "claim", "inventory",
               "stage-two"]
LOADERS = {"http": [], "tftp": ["undionly.kpxe"], "uefi": ["shimx64.efi", "grubx64.efi"],
           "secureboot": ["shimx64.efi", "grubx64.efi"]}


def check_events(kind, is_6, is_image, events, package):
    protocol = "http" if kind == "http" or is_image else "tftp"
    sizes = {name: os.path.getsize(os.path.join(package, name)) for name in os.listdir(package)}
    steps = [event["step"] for event in events]
    at = -1
    for step in IMAGE_STEPS if is_image else STEPS:
        if step not in steps[at + 1:]:
            sys.exit(f"expect: no '{step}' after '{steps[at]}' in {steps}")
        at = steps.index(step, at + 1)
    expect([s for s in steps if s in ("failed", "conflict", "dhcp-nak")], [], "bad steps")
    expect(sorted(e["id"] for e in events), [e["id"] for e in events], "order of the events")
    expect({e["mac"] for e in events}, {MAC}, "machines")
    given = {e["address"] for e in events if e["step"] == "dhcp-ack"}
    if is_6:
        # Firmware and agent have names of their own (DUIDs), and so an address each.
        expect([e for e in events if not e.get("address", "fd77::").startswith("fd77::")], [],
               "addresses of IPv4")
        expect(len(given), 2, "addresses given")
    else:
        # One machine keeps one address through all stages of its boot.
        expect(len(given), 1, "addresses given")

    moved = {"kernel": "vmlinuz", "ramdisk": "discovery.initrd", "stage-two": "stage-two.squashfs"}
    # A card that has iPXE is sent no loader.
    loaders = [(f"{name} by tftp", sizes[name]) for name in LOADERS[kind]]
    if is_image:
        moved = {"stage-two": "stage-two.squashfs"}
        loaders = [("boot.img by http", sizes["boot.img"])]
    expect([(e["text"], e["bytes"]) for e in events if e["step"] == "loader"], loaders, "loaders")
    for step, name in moved.items():
        found = [e for e in events if e["step"] == step]
        expect([e["bytes"] for e in found], [sizes[name]], f"bytes of '{step}'")
    for step in ("kernel", "ramdisk", "site", "script"):
        for event in (e for e in events if e["step"] == step):
            if f"by {protocol}" not in event["text"]:
                sys.exit(f"expect: '{step}' did not go {protocol}: {event['text']!r}")
    claims = [e for e in events if e["step"] == "claim"]
    expect(len(claims), 1, "claims")
    expect(len(claims[0]["boot"]), 16, "digits of the boot number")
    # The agent dates its events by the controller's clock, whatever its machine's says.
    dated = [e["at_ms"] for e in events if e["step"] in ("claim", "stage-two", "inventory")]
    expect(dated, sorted(dated), "times of what the agent did")


def check_firmware(kind, firmware):
    mode, vendor = ("bios", "SeaBIOS") if kind in ("http", "tftp") else ("uefi", "EFI Development")
    expect(firmware["boot_mode"], mode, "boot mode")
    expect(firmware["vendor"].startswith(vendor), True, f"firmware {firmware['vendor']}")
    expect(firmware["boot_mac"], MAC, "interface that booted")
    # Seen from inside, and with the firmware's own keys: nobody can enrol another.
    secure = {"uefi": (False, None), "secureboot": (True, False)}.get(kind, (None, None))
    expect(firmware.get("secure_boot"), secure[0], "Secure Boot")
    if kind == "secureboot":
        expect(firmware.get("setup_mode"), secure[1], "setup mode")


def check_node(kind, is_6, node, listed):
    inventory = node["inventory"]
    expect(node["status"]["phase"], "discovered", "phase")
    expect(node["status"]["macs"], [MAC], "MACs")
    expect(listed["name"], "lab-0001", "name")
    expect("inventory" in listed, False, "lists carry no inventories")

    # As tests/vm/lab.sh made the machine.
    system = inventory["system"]
    expect((system["vendor"], system["product"], system["serial"]),
           ("Cloudie Lab", "Blank", "LAB-0001"), "system")
    expect(system["uuid"], "8d1a2b3c-4e5f-6071-8293-a4b5c6d70001", "UUID")
    expect(system["virtual"], True, "virtual")
    check_firmware(kind, inventory["firmware"])
    cpu = inventory["cpu"]
    expect((cpu["packages"], cpu["cores"], cpu["threads"]), (1, 1, 1), "CPU")
    if "sse2" not in cpu["flags"]:
        sys.exit("expect: no sse2 among the flags")
    memory = inventory["memory"]
    size = (256 if is_6 else 192) if kind in ("http", "tftp") else 320
    expect(memory["installed"], size << 20, "memory installed")
    if not (100 << 20) < memory["total"] < (size << 20):
        sys.exit(f"expect: usable memory {memory['total']}")
    disks = inventory["disks"]["items"]
    expect([(d["type"], d["serial"], d["size"], d["transport"]) for d in disks],
           [("nvme", "NVME-0001", 2 << 30, "nvme")], "disks")
    nics = inventory["nics"]["items"]
    expect([(n["mac"], n["permanent_mac"], n["driver"], n["link"]) for n in nics],
           [(MAC, MAC, "virtio_net", True)], "cards")
    drivers = {f.get("driver") for f in inventory["pci"]["items"]}
    if not {"virtio-pci", "nvme"} <= drivers:
        sys.exit(f"expect: PCI drivers {drivers}")
    summary = node["status"]["summary"]
    expect((summary["memory_bytes"], summary["disk_bytes"], summary["nic_count"]),
           (memory["total"], 2 << 30, 1), "summary")


def main():
    kind, folder, package = sys.argv[1:]
    is_image = kind.endswith(("-http", "-https"))
    kind = kind.partition("-")[0]
    is_6, kind = kind.endswith("6"), kind.removesuffix("6")

    def load(name):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            return f.read()

    check_events(kind, is_6, is_image, [json.loads(line) for line in load("events.json").splitlines()], package)
    nodes = json.loads(load("nodes.json"))
    expect(len(nodes), 1, "nodes")
    node = json.loads(load("node.json"))
    check_node(kind, is_6, node, nodes[0])
    expect(node["status"]["address"].startswith("fd77::1"), is_6, "the node's address is of IPv6")


main()
