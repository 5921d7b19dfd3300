# SPDX-License-Identifier: GPL-3.0-or-later
"""hardware.py smbios|console|bmc|tpm|neighbour|check FOLDER: the parts of hardware.sh's machine that
need more than a word on QEMU's command line, and whether cloudie-discover told the truth of all."""
import hashlib
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time

MIB = 1 << 20

# ------------------------------------------------------------------ memory

SLOTS = [  # locator, bank, MiB, maker, serial, part
    ("DIMM_A1", "BANK 0", 512, "Samsung", "DIMM0001", "M393A2K40"),
    ("DIMM_A2", "BANK 1", 0, "", "", ""),
    ("DIMM_B1", "BANK 11", 512, "Micron", "DIMM0002", "18ASF2G72"),
    ("DIMM_B2", "BANK 2", 0, "", "", ""),
]


def structure(kind, handle, body, texts=()):
    strings = b"".join(text.encode() + b"\0" for text in texts) or b"\0"
    return struct.pack("<BBH", kind, 4 + len(body), handle) + body + strings + b"\0"


def memory_device(slot):
    """DSP0134 7.18, version 3.2 up to the volatile size's place."""
    locator, bank, size, maker, serial, part = slot
    filled = size > 0
    texts = [locator, bank] + ([maker, serial, "TAG-" + serial, part] if filled else [])
    number = (lambda n: n) if filled else (lambda n: 0)
    body = struct.pack("<HHHHHBBBBBHHBBBBBIHHHH", 0x1000, 0xfffe, 72 if filled else 0xffff,
                       64 if filled else 0xffff, size, 9, 0, 1, 2, 26 if filled else 2,
                       0x2080 if filled else 0, number(3200), number(3), number(4), number(5),
                       number(6), number(2), 0, number(2933), number(1200), number(1200), number(1200))
    return body, texts


def smbios(folder):
    # System memory with multi-bit ECC, at most 64 GiB, in four slots.
    body = struct.pack("<BBBIHHQ", 3, 3, 6, 64 << 20, 0xfffe, len(SLOTS), 0)
    with open(f"{folder}/type16.bin", "wb") as file:
        file.write(structure(16, 0x1000, body))
    for i, slot in enumerate(SLOTS):
        with open(f"{folder}/type17-{i}.bin", "wb") as file:
            file.write(structure(17, 0x1100 + i, *memory_device(slot)))


# ------------------------------------------------------------------- SPCR

def console(folder):
    """ACPI's table of the firmware's console, behind its head: COM1, 115200, VT-UTF8."""
    body = struct.pack("<B3xBBBBQBBIBBBBBBHHBBBIBI", 0, 1, 8, 0, 1, 0x3f8, 1, 4, 4, 7, 0, 1, 0, 2, 0,
                       0xffff, 0xffff, 0, 0, 0, 0, 0, 0)
    with open(f"{folder}/spcr.bin", "wb") as file:
        file.write(body)


# --------------------------------------------------------------------- BMC

LAN = {"ip_addr": "192.0.2.10", "ip_addr_src": "static", "mac_addr": "52:54:00:aa:00:01",
       "subnet_mask": "255.255.255.0", "default_gw_ip_addr": "192.0.2.1",
       "default_gw_mac_addr": "52:54:00:aa:00:fe", "backup_gw_ip_addr": "0.0.0.0",
       "backup_gw_mac_addr": "00:00:00:00:00:00"}

BMC = """mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
"""

BMC_CONFIGURATION = """name "bmc"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 9623
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
    lan_config_program "./lan"
  endlan
  serial 15 127.0.0.1 9001 codec VM
  user 1 true "" "" user 10 none md2 md5 straight
  user 2 true "admin" "cloudie" admin 10 none md2 md5 straight
  user 3 true "oper" "cloudie2" operator 10 none md2 md5 straight
"""

# How OpenIPMI's BMC asks for its network: names behind "get", a line "NAME:VALUE" each.
LAN_PROGRAM = """#!/bin/sh
[ "$1" = get ] || exit 0
shift
for name; do
        sed -n "s/^\\($name:.*\\)/\\1/p" lan.values
done
"""


def bmc(folder):
    files = {"bmc.emu": BMC, "lan.conf": BMC_CONFIGURATION, "lan": LAN_PROGRAM,
             "lan.values": "".join(f"{name}:{value}\n" for name, value in LAN.items())}
    os.makedirs(f"{folder}/state/ipmi_sim/bmc", exist_ok=True)
    for name, text in files.items():
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    os.chmod(f"{folder}/lan", 0o755)


# --------------------------------------------------------------------- TPM

def tpm_ask(data, code, body=b"", tag=0x8001):
    message = struct.pack(">HII", tag, 10 + len(body), code) + body
    data.sendall(message)
    head = data.recv(10, socket.MSG_WAITALL)
    size, status = struct.unpack(">xxII", head)
    answer = data.recv(size - 10, socket.MSG_WAITALL) if size > 10 else b""
    if status != 0:
        sys.exit(f"hardware: the TPM answers {status:#x} to {code:#x}")
    return answer


def tpm_vendor(data):
    """TPM 2.0 part 2, 6.13: maker, then both halves of the firmware's version."""
    values = []
    for wanted in (0x105, 0x10b, 0x10c):
        answer = tpm_ask(data, 0x17a, struct.pack(">III", 6, wanted, 1))
        values.append(struct.unpack(">xxxxxxxxxxxxxI", answer)[0])
    return struct.pack(">I", values[0]).decode().rstrip("\0 "), values[1], values[2]


def tpm(folder):
    """What the chip says before the machine has it: its maker, and its endorsement key's name."""
    place = f"{folder}/asked.socket"
    with subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}",
                           "--server", f"type=unixio,path={place}",
                           "--flags", "not-need-init,startup-clear"]) as chip:
        data = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        for _ in range(100):
            if data.connect_ex(place) == 0:
                break
            time.sleep(0.1)
        maker, high, low = tpm_vendor(data)
        answer = tpm_ask(data, 0x173, struct.pack(">I", 0x81010001))
        data.close()
        chip.terminate()
    size = struct.unpack(">H", answer[:2])[0]
    public = answer[2:2 + size]
    # TPM 2.0 part 1, 16: the name is the hash of the public area, here SHA-256.
    with open(f"{folder}/asked", "w", encoding="utf-8") as file:
        json.dump({"vendor": maker, "firmware": [high, low],
                   "endorsement_key": "sha256:" + hashlib.sha256(public).hexdigest()}, file)


# --------------------------------------------------------------- neighbour

def tlv(kind, value):
    return struct.pack(">H", kind << 9 | len(value)) + value


LLDP = (bytes.fromhex("0180c200000e" "5254000000ff" "88cc") +
        tlv(1, b"\x04" + bytes.fromhex("5254000000ff")) + tlv(2, b"\x05Ethernet1/7") +
        tlv(3, struct.pack(">H", 120)) + tlv(4, b"to the machine") + tlv(5, b"switch-a") +
        tlv(127, b"\x00\x80\xc2\x01" + struct.pack(">H", 42)) + tlv(0, b""))


# Another one behind the same cable, which is managed by an address of IPv6.
OTHER = (LLDP[:14] + tlv(1, b"\x04" + bytes.fromhex("5254000000fe")) + tlv(2, b"\x05Ethernet2/1") +
         tlv(3, struct.pack(">H", 120)) + tlv(5, b"switch-b") +
         tlv(8, b"\x11\x02" + bytes.fromhex("20010db8" + 11 * "00" + "09") + b"\x02\0\0\0\0\0") + tlv(0, b""))


def neighbour(folder):
    """The switches at the other end of the first card: say who they are, as long as they are let."""
    cable = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    cable.bind(f"{folder}/switch.socket")
    while True:
        try:
            for message in (LLDP, OTHER):
                cable.sendto(message.ljust(64, b"\0"), f"{folder}/card.socket")
        except OSError:
            pass
        time.sleep(1)


# ------------------------------------------------------------------- check

def read_answers(folder):
    """What hardware_init.sh wrote: NAME -> what the program of that name printed."""
    with open(f"{folder}/answers", encoding="utf-8", newline="\n") as file:
        text = file.read()
    answers = {}
    for name, body, status in re.findall(r"^@@@ (\S+)\n(.*?)\n@@@ end status (\d+)$", text,
                                         re.MULTILINE | re.DOTALL):
        if status != "0":
            WRONG.append(f"{name} ended with status {status}")
        answers[name] = body
    if "end" not in answers:
        sys.exit(f"hardware: the machine did not come to its end; it answered {list(answers)}")
    return answers


WRONG = []


def expect(have, want, what):
    if have != want:
        WRONG.append(f"{what}: {have!r}, not {want!r}")


def expect_all(have, want, what):
    """Of a mapping, those values that are wanted; None: it is not to be there."""
    for name, value in want.items():
        expect(have.get(name), value, f"{what}.{name}")


def follows(value, schema, where):
    """Does the value keep to the words of JSON Schema that --schema uses?"""
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
    kind = kinds[schema["type"]]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        WRONG.append(f"schema: {where} is no {schema['type']}")
    elif kind is dict:
        for name in set(schema.get("required", ())) - set(value):
            WRONG.append(f"schema: {where} has no {name}")
        for name, inner in value.items():
            rule = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if isinstance(rule, dict):
                follows(inner, rule, f"{where}.{name}")
            else:
                WRONG.append(f"schema: {where}.{name} is not known")
    elif kind is list:
        for i, inner in enumerate(value):
            follows(inner, schema["items"], f"{where}[{i}]")
    elif kind is str:
        if len(value) < schema.get("minLength", 0) or not re.search(schema.get("pattern", ""), value):
            WRONG.append(f"schema: {where} is {value!r}")
    elif kind is int and value < schema.get("minimum", value):
        WRONG.append(f"schema: {where} is {value}")


def by_name(items, key):
    return {item.get(key): item for item in items}


def check_system(system, firmware):
    expect_all(system, {"vendor": "Acme", "product": "Anvil R1", "version": "B2", "serial": "SN123",
                        "sku": "AN-1", "family": "Anvils", "virtual": True,
                        "uuid": "11111111-2222-3333-4444-555555555555"}, "system")
    expect_all(system["board"], {"vendor": "Acme Boards", "product": "Slab", "version": "3",
                                 "serial": "BSN"}, "system.board")
    expect_all(system["chassis"], {"serial": "CHS", "asset_tag": "RACK7"}, "system.chassis")
    expect_all(firmware, {"vendor": "Acme Firmware", "version": "7.2", "date": "02/29/2024",
                          "boot_mode": "bios", "secure_boot": None,
                          "boot_mac": "52:54:00:00:00:12"}, "firmware")
    expect_all(firmware.get("console", {}),
               {"enabled": True, "type": "16550", "space": "ports", "address": "0x3f8",
                "device": "ttyS0", "baud": 115200, "terminal": "vt-utf8", "pci": None},
               "firmware.console")


def check_cpu(cpu):
    expect_all(cpu, {"vendor": "GenuineIntel", "model": "Acme Abacus 9000", "family": 6,
                     "model_id": 85, "stepping": 7, "packages": 2, "dies": 2, "cores": 4,
                     "threads": 4, "present": 4, "numa_nodes": 2, "iommu": True,
                     "virtualisation": "svm", "nested_paging": "npt"}, "cpu")
    expect([(p["package"], p["cores"], p["threads"]) for p in cpu["topology"]],
           [(0, 2, 2), (1, 2, 2)], "cpu.topology")
    expect({(c["level"], c["type"], c["size"], c["instances"]) for c in cpu["caches"]},
           CACHES, "cpu.caches")
    if not {"sse2", "avx2", "hypervisor"} <= set(cpu["flags"]):
        WRONG.append("cpu.flags: no sse2, avx2 or hypervisor")
    expect("meltdown" in cpu["vulnerabilities"], True, "cpu.vulnerabilities.meltdown")


# The parts that QEMU gives a processor when nobody says otherwise.
CACHES = {(1, "data", 32 << 10, 4), (1, "instruction", 32 << 10, 4), (2, "unified", 4 << 20, 4),
          (3, "unified", 16 << 20, 2)}


def check_memory(memory):
    filled = [slot for slot in SLOTS if slot[2] > 0]
    expect_all(memory, {"installed": sum(slot[2] for slot in filled) * MIB, "maximum": 64 << 30,
                        "slots": len(SLOTS), "empty_slots": len(SLOTS) - len(filled),
                        "empty_slot_names": [slot[0] for slot in SLOTS if slot[2] == 0],
                        "ecc": "multi-bit"}, "memory")
    expect(len(memory["items"]), len(filled), "modules of memory")
    for have, slot in zip(memory["items"], filled):
        expect_all(have, {"slot": slot[0], "bank": slot[1], "size": slot[2] * MIB,
                          "vendor": slot[3], "serial": slot[4], "part": slot[5],
                          "asset_tag": "TAG-" + slot[4], "type": "DDR4", "form_factor": "DIMM",
                          "rated_mts": 3200, "configured_mts": 2933, "millivolts": 1200, "ranks": 2,
                          "width": 72, "data_width": 64, "ecc": True, "registered": True},
                   f"memory {slot[0]}")
    expect([(n["node"], n["threads"], n["distance"]) for n in memory["nodes"]],
           [(0, 2, [10, 21]), (1, 2, [21, 10])], "memory.nodes")
    expect(memory["total"] == sum(n["total"] for n in memory["nodes"]), True, "memory of the nodes")
    expect(800 * MIB < memory["total"] < 1024 * MIB, True, f"memory.total {memory['total']}")


# By serial. Who says nothing of how it turns is taken for a disk that does.
DISKS = {
    "MRDISK0": {"type": "hdd", "vendor": "SEAGATE", "model": "ST1000NX", "firmware": "N003"},
    "MRDISK1": {"type": "hdd"},
    "MRDISK2": {"type": "ssd"},
    "LSI0": {"type": "hdd", "transport": "scsi", "pci": "0000:00:05.0"},
    "SMALL": {"wwn": "naa.5000000000000001", "pci": "0000:00:06.0"},
    "LARGE": {"logical_sector": 4096, "physical_sector": 4096, "sector_format": "4kn"},
    "SATA0": {"type": "hdd", "transport": "ata", "model": "ACME SATA", "firmware": "2.5",
              "wwn": "naa.5000c500aabbccdd", "rotation_rpm": 5400, "pci": "0000:00:1f.2",
              "table": "gpt", "table_uuid": "5ca1ab1e-0000-4000-8000-000000000001"},
    "USB0": {"transport": "usb", "pci": "0000:00:07.0"},
    "VIRT0": {"type": "virtual", "transport": "virtio", "pci": "0000:00:08.0"},
    "VIRT1": {"type": "virtual", "transport": "virtio", "pci": "0000:00:09.0"},
}
NAMESPACES = {1: {"logical_sector": 512}, 2: {"logical_sector": 4096}}
PARTITIONS = [
    {"label": "boot", "start": MIB, "size": 16 * MIB, "number": 1,
     "type": "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "uuid": "5ca1ab1e-0000-4000-8000-000000000002"},
    {"label": "root", "start": 17 * MIB, "number": 2,
     "type": "0fc63daf-8483-4772-8e79-3d69d8477de4", "uuid": "5ca1ab1e-0000-4000-8000-000000000003"},
]


def check_disks(items):
    disks = by_name(items, "serial")
    for serial, want in DISKS.items():
        if serial not in disks:
            WRONG.append(f"disks: no {serial} among {sorted(map(str, disks))}")
            continue
        expect_all(disks[serial], dict({"size": 64 * MIB, "read_only": False,
                                        "logical_sector": 512, "removable": False}, **want),
                   f"disk {serial}")
    spaces = {disk["nvme_nsid"]: disk for disk in items if disk.get("type") == "nvme"}
    expect(sorted(spaces), [1, 2], "NVMe namespaces")
    for number, want in NAMESPACES.items():
        expect_all(spaces.get(number, {}), dict({"serial": "NVME01", "size": 64 * MIB,
                                                 "transport": "nvme", "pci": "0000:02:00.0"}, **want),
                   f"namespace {number}")
    for have, want in zip(disks["SATA0"].get("partitions", []), PARTITIONS):
        expect_all(have, want, f"partition {want['label']}")
    expect(len(disks["SATA0"].get("partitions", [])), len(PARTITIONS), "partitions of SATA0")
    expect_all(disks["USB0"].get("content", {}),
               {"kind": "ext4", "label": "backpack", "usage": "filesystem",
                "uuid": "5ca1ab1e-0000-4000-8000-000000000004"}, "content of USB0")
    for serial in ("VIRT0", "VIRT1"):
        expect([(u["name"], u["kind"]) for u in disks[serial].get("used_by", [])], [("md0", "md")],
               f"users of {serial}")
    optical = [disk for disk in items if disk.get("type") == "optical"]
    expect([(d.get("transport"), d.get("size")) for d in optical], [("ata", None)], "optical drives")
    expect(len(items), len(DISKS) + len(NAMESPACES) + len(optical), "disks in all")
    expect(disks["SATA0"].get("health", {}).get("passed"), True, "health of SATA0")
    expect(spaces[1].get("health", {}).get("passed"), True, "health of the NVMe disk")


def check_raid(raid, mdadm):
    says = dict(line.split("=", 1) for line in mdadm.splitlines() if "=" in line)
    expect(len(raid["items"]), 1, "arrays")
    array = raid["items"][0]
    expect_all(array, {"name": "md0", "level": says["MD_LEVEL"], "metadata": says["MD_METADATA"],
                       "members": int(says["MD_DEVICES"]), "missing": 0, "degraded": False,
                       "active": True}, "array")
    expect(array["uuid"].replace("-", "").replace(":", ""),
           "0c10d1e00c10d1e10c10d1e20c10d1e3", "array.uuid")
    expect([(d["role"], d["state"]) for d in sorted(array["disks"], key=lambda d: d["role"])],
           [(0, "active"), (1, "active")], "array.disks")
    expect([(s["kind"], sorted(s["disks"]), s["in_use"]) for s in raid.get("signatures", [])],
           [("linux_raid_member", ["vda", "vdb"], True)], "raid.signatures")
    card = by_name(raid["controllers"], "pci").get("0000:01:00.0", {})
    expect_all(card, {"vendor": "0x1000", "device": "0x0079", "driver": "megaraid_sas",
                      "device_name": "MegaRAID SAS 2108 [Liberator]",
                      "model": "LSI MegaRAID SAS 9260-8i", "serial": "CARD0001"}, "controller")
    # QEMU makes a volume of each disk, and numbers the drive by 256.
    volumes = sorted((v["target"], v["level"], v["state"], v["size"], v["drives"])
                     for v in card.get("volumes", []))
    expect(volumes, [(n, "raid0", "optimal", 64 * MIB, [n << 8]) for n in range(3)], "volumes")
    expect(sorted(d["id"] for d in card.get("drives", [])), [0, 256, 512], "drives of the controller")


def check_nics(items):
    nics = by_name(items, "mac")
    drivers = {"52:54:00:00:00:11": ("e1000e", "0000:00:0a.0"),
               "52:54:00:00:00:12": ("virtio_net", "0000:00:0b.0"),
               "52:54:00:00:00:13": ("8139cp", "0000:00:0c.0")}
    expect(sorted(map(str, nics)), sorted(drivers), "cards")
    for mac, (driver, pci) in drivers.items():
        expect_all(nics.get(mac, {}), {"permanent_mac": mac, "driver": driver, "pci": pci,
                                       "link": True, "mtu": 1500}, f"card {mac}")
    first = nics["52:54:00:00:00:11"]
    expect_all(first, {"speed_mbps": 1000, "duplex": "full", "port": "twisted-pair",
                       "supported_mbps": [10, 100, 1000], "autonegotiation": True}, "first card")
    expect_all(first, {"vendor": "Intel Corporation",
                       "product": "82574L Gigabit Network Connection"}, "first card")
    heard = by_name([first.get("neighbour", {}), *first.get("other_neighbours", [])], "system_name")
    expect(sorted(map(str, heard)), ["switch-a", "switch-b"], "neighbours")
    expect_all(heard.get("switch-a", {}), NEIGHBOUR, "neighbour")
    expect(heard.get("switch-b", {}).get("ipv6_address"), "2001:db8::9", "other neighbour")
    expect(nics["52:54:00:00:00:12"].get("booted_from"), True, "card that was booted from")
    expect(first.get("booted_from"), None, "another card that was booted from")


NEIGHBOUR = {"chassis": "52:54:00:00:00:ff", "port": "Ethernet1/7", "system_name": "switch-a",
             "port_description": "to the machine", "vlan": 42}

# Address -> class, vendor, device, driver (None: none).
FUNCTIONS = {
    "0000:00:00.0": ("0x060000", "0x8086", "0x29c0", None),
    "0000:00:03.0": ("0x060400", "0x1b36", "0x000c", "pcieport"),
    "0000:00:04.0": ("0x060400", "0x1b36", "0x000c", "pcieport"),
    "0000:00:05.0": ("0x010000", "0x1000", "0x0012", "sym53c8xx"),
    "0000:00:06.0": ("0x010000", "0x1af4", "0x1004", "virtio-pci"),
    "0000:00:07.0": ("0x0c0330", "0x1b36", "0x000d", "xhci_hcd"),
    "0000:00:08.0": ("0x010000", "0x1af4", "0x1001", "virtio-pci"),
    "0000:00:09.0": ("0x010000", "0x1af4", "0x1001", "virtio-pci"),
    "0000:00:0a.0": ("0x020000", "0x8086", "0x10d3", "e1000e"),
    "0000:00:0b.0": ("0x020000", "0x1af4", "0x1000", "virtio-pci"),
    "0000:00:0c.0": ("0x020000", "0x10ec", "0x8139", "8139cp"),
    "0000:00:0d.0": ("0x038000", "0x1234", "0x1111", None),
    "0000:00:0e.0": ("0x038000", "0x1af4", "0x1050", "virtio-pci"),
    "0000:00:1f.0": ("0x060100", "0x8086", "0x2918", None),
    "0000:00:1f.2": ("0x010601", "0x8086", "0x2922", "ahci"),
    "0000:00:1f.3": ("0x0c0500", "0x8086", "0x2930", None),
    "0000:01:00.0": ("0x010400", "0x1000", "0x0079", "megaraid_sas"),
    "0000:02:00.0": ("0x010802", "0x1b36", "0x0010", "nvme"),
}


def check_pci(items, gpus, kernel):
    functions = by_name(items, "address")
    have = {a: (f["class"], f["vendor"], f["device"], f.get("driver")) for a, f in functions.items()}
    for address in sorted(set(have) | set(FUNCTIONS)):
        expect(have.get(address), FUNCTIONS.get(address), f"PCI {address}")
    for address, function in functions.items():
        expect("iommu_group" in function, True, f"IOMMU group of {address}")
        bridge = function["class"].startswith("0x06")
        together = address.startswith("0000:00:1f.")
        expect(function["passthrough"]["possible"], not bridge and not together,
               f"PCI {address} passed through ({function['passthrough']['reason']})")
    expect("0000:00:1f.3" in functions["0000:00:1f.2"]["passthrough"]["reason"], True,
           "who shares the group of 0000:00:1f.2")
    expect(functions["0000:02:00.0"]["link"],
           {"speed": "2.5 GT/s", "width": 1, "max_speed": "2.5 GT/s", "max_width": 1,
            "below_possible": False}, "link of the NVMe controller")
    expect(sorted(f["address"] for f in kernel["without_driver"]),
           sorted(a for a, f in FUNCTIONS.items() if f[3] is None and not f[0].startswith("0x06")),
           "functions without a driver")
    cards = by_name(gpus, "address")
    expect(sorted(cards), ["0000:00:0d.0", "0000:00:0e.0"], "gpus")
    expect_all(cards["0000:00:0d.0"], {"vendor": "0x1234", "driver": None, "vram": None},
               "bochs-display")
    expect([(b["number"], b["size"]) for b in cards["0000:00:0d.0"]["bars"]],
           [(0, 16 * MIB), (2, 4096)], "regions of bochs-display")
    expect(cards["0000:00:0e.0"]["sharing"]["sriov"], False, "SR-IOV of virtio-gpu")
    expect_all(cards["0000:00:0e.0"], {"vendor_name": "Red Hat, Inc.", "device_name": "Virtio 1.0 GPU",
                                       "class_name": "Display controller"}, "virtio-gpu")


def check_usb(items):
    have = {(d["vendor_id"], d["product_id"], d.get("product"), d.get("serial"), d["speed_kbps"])
            for d in items}
    expect(have, {("46f4", "0001", "QEMU USB HARDDRIVE", "USB0", 5000000),
                  ("0627", "0001", "QEMU USB Keyboard", "KEYS", 480000)}, "usb")


def field(text, name):
    """What a program says of a name, behind a colon."""
    found = re.search(rf"^{re.escape(name)}\s*:\s*(.*?)\s*$", text, re.MULTILINE)
    return found.group(1) if found else None


def check_bmc(bmc_section, answers):
    mc, info, lan = answers["mc-info"], answers["bmc-info"], answers["lan"]
    expect_all(bmc_section, {"present": True, "interface": "kcs", "address": "0xca2",
                             "device": "/dev/ipmi0", "firmware": field(mc, "Firmware Revision"),
                             "ipmi_version": field(mc, "IPMI Version")}, "bmc")
    expect(bmc_section["firmware"], field(info, "Firmware Revision"), "bmc.firmware by bmc-info")
    expect(bmc_section["ipmi_version"], field(info, "IPMI Version"), "bmc.ipmi_version by bmc-info")
    expect(int(bmc_section["vendor_id"], 16), int(field(mc, "Manufacturer ID")), "bmc.vendor_id")
    expect(int(bmc_section["product_id"], 16), int(field(mc, "Product ID").split()[0]),
           "bmc.product_id")
    ours = bmc_section["lan"][0]
    says = {"ipv4": field(lan, "IP Address"), "netmask": field(lan, "Subnet Mask"),
            "mac": field(lan, "MAC Address"), "gateway": field(lan, "Default Gateway IP")}
    expect_all(ours, says, "bmc.lan by ipmitool")
    expect_all(ours, {"channel": 1, "ipv4": LAN["ip_addr"], "netmask": LAN["subnet_mask"],
                      "mac": LAN["mac_addr"], "gateway": LAN["default_gw_ip_addr"],
                      "ipv4_source": "static", "vlan": None}, "bmc.lan")
    expect(field(lan, "IP Address Source"), "Static Address", "what ipmitool calls static")
    suites = [int(n) for n in re.findall(r"\d+", field(lan, "RMCP+ Cipher Suites") or "")]
    expect(ours.get("cipher_suites"), suites, "bmc.lan.cipher_suites")
    expect(ours.get("cipher_zero"), 0 in suites, "bmc.lan.cipher_zero")
    users = []
    for line in answers["users"].splitlines():
        number, name, _, _, _, privilege = line.split(",")
        if privilege not in ("NO ACCESS", "Unknown (0x00)"):
            users.append((int(number), name, privilege.lower()))
    have = [(u["id"], u.get("name", ""), u.get("privilege", "")) for u in bmc_section["users"]]
    expect(have, users, "bmc.users by ipmitool")
    expect([u for u in have if u[1]], [(2, "admin", "administrator"), (3, "oper", "operator")],
           "bmc.users")


def check_tpm(section, folder):
    with open(f"{folder}/tpm/asked", encoding="utf-8") as file:
        asked = json.load(file)
    high, low = asked["firmware"]
    expect(section["present"], True, "tpm.present")
    expect_all(section["items"][0], {
        "name": "tpm0", "version": "2.0", "driver": "tpm_tis", "vendor": asked["vendor"],
        "firmware": f"{high >> 16}.{high & 0xffff}.{low >> 16}.{low & 0xffff}",
        "endorsement_key": asked["endorsement_key"], "banks": ["sha1", "sha256"]}, "tpm")


def check_kernel(kernel, release):
    expect_all(kernel, {"version": release.strip(), "architecture": "x86_64", "lockdown": "none",
                        "missing_firmware": []}, "kernel")
    for word in ("quiet", "intel_iommu=on", "BOOTIF=01-52-54-00-00-00-12"):
        expect(word in kernel["command_line"], True, f"{word} on the kernel's command line")


def check(folder):
    answers = read_answers(folder)
    inventory = json.loads(answers["inventory"])
    follows(inventory, json.loads(answers["schema"]), "inventory")
    expect_all(inventory, {"schema": 1, "partial": False}, "inventory")
    for name, section in inventory.items():
        if isinstance(section, dict):
            expect(section["errors"], [], f"{name}.errors")
    check_system(inventory["system"], inventory["firmware"])
    check_cpu(inventory["cpu"])
    check_memory(inventory["memory"])
    check_disks(inventory["disks"]["items"])
    check_raid(inventory["raid"], answers["mdadm"])
    check_nics(inventory["nics"]["items"])
    check_pci(inventory["pci"]["items"], inventory["gpus"]["items"], inventory["kernel"])
    check_usb(inventory["usb"]["items"])
    check_bmc(inventory["bmc"], answers)
    check_tpm(inventory["tpm"], folder)
    check_kernel(inventory["kernel"], answers["uname"])
    if WRONG:
        sys.exit("\n".join(f"hardware: {line}" for line in WRONG))


COMMANDS = {"smbios": smbios, "console": console, "bmc": bmc, "tpm": tpm, "neighbour": neighbour, "check": check}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](sys.argv[2])
