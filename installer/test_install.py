# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudie-install against an edge on loopback, with a file as its disk."""
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest
import uuid

import yaml

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import install_lab as lab  # noqa: E402

PROGRAM = os.environ["CLOUDIE_INSTALL"]
MIB = 1 << 20
IMAGE_SIZE = 26 * MIB   # six frames and a shorter one
DISK_SIZE = 64 * MIB
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


def cloud_config(text):
    """As cloud-init reads it, which is YAML to others, too."""
    assert text.startswith("#cloud-config\n"), text
    return yaml.safe_load(text)


def make_image(seed_partition=True, system_partition=True, seed_size=4 * MIB, **more):
    partitions = ["-n", "1:2048:+3M", "-t", "1:ef00" if system_partition else "1:8300"]
    if seed_partition:
        partitions += ["-n", f"2:10240:+{seed_size >> 10}K", "-c", "2:cidata"]
    partitions += ["-n", "3:20480:+14M", "-c", "3:root"]
    plain = lab.plain_disk(IMAGE_SIZE, *partitions)
    plain[MIB:MIB + 512] = os.urandom(512)                       # in the first frame
    plain[2 * lab.FRAME:2 * lab.FRAME + 300] = os.urandom(300)
    plain[3 * lab.FRAME:5 * lab.FRAME] = os.urandom(2 * lab.FRAME)  # does not compress
    return lab.Image(plain, **more)


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = make_image()

    def setUp(self):
        self.machine = lab.Machine()
        self.addCleanup(self.machine.remove)
        self.machine.add_disk("vda", DISK_SIZE, "DISK-1")
        self.edge = lab.Edge(self.image.files).start()
        self.addCleanup(lambda: self.edge.stop())

    def spawn(self, job, *options):
        process = subprocess.Popen([PROGRAM, "--root", self.machine.root, *options],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        process.stdin.write(json.dumps(job).encode())
        process.stdin.close()
        return process

    def finish(self, process):
        out, err = process.stdout.read(), process.stderr.read()
        process.stdout.close()
        process.stderr.close()
        process.wait(60)
        self.assertNotIn(lab.SECRET.encode(), out + err)
        return [json.loads(line) for line in out.splitlines()], err.decode()

    def install(self, image=None, *options, **more):
        image = image or self.image
        process = self.spawn(lab.job(image, self.edge, more.pop("size", DISK_SIZE), **more),
                             *options)
        lines, err = self.finish(process)
        return process.returncode, lines, err

    def succeeds(self, *args, **more):
        rc, lines, err = self.install(*args, **more)
        self.assertEqual(rc, 0, (lines, err))
        self.assertEqual(lines[-1]["state"], "done")
        return lines

    def fails(self, cause, *args, text="", **more):
        rc, lines, err = self.install(*args, **more)
        self.assertEqual(rc, 1, (lines, err))
        self.assertEqual((lines[-1]["state"], lines[-1]["cause"]), ("failed", cause), lines[-1])
        self.assertIn(text, lines[-1]["text"])
        return lines

    def untouched(self, name="vda"):
        self.assertFalse(any(self.machine.content(name)), "something was written")

    def has_no_table(self):
        disk = self.machine.content("vda")
        self.assertNotEqual(disk[510:512], b"\x55\xaa")
        self.assertNotIn(b"EFI PART", disk[:MIB])
        self.assertNotIn(b"EFI PART", disk[-MIB:])

    def partitions(self):
        self.assertIn("No problems found",
                      lab.sgdisk(self.machine.disk("vda"), "-v"))
        found = {}
        for line in lab.sgdisk(self.machine.disk("vda"), "-p").splitlines():
            words = line.split()
            if words and words[0].isdigit():
                found[int(words[0])] = (int(words[1]), int(words[2]), words[-1])
        return found

    def same_outside(self, image, *holes):
        """The disk has the image's bytes but for the tables and @holes (offset, end)."""
        disk = self.machine.content("vda")
        head = 34 * lab.SECTOR
        holes = sorted([(0, head), (len(image.plain) - 33 * lab.SECTOR, len(image.plain)), *holes])
        at = 0
        for start, end in holes:
            self.assertEqual(disk[at:start], image.plain[at:start], f"from {at} to {start}")
            at = max(at, end)
        self.assertEqual(disk[:440], image.plain[:440])

    def read_seed(self, offset):
        files = {}
        for name in ("meta-data", "user-data", "vendor-data", "cloudie.json"):
            done = subprocess.run(["mcopy", "-n", "-i", f"{self.machine.disk('vda')}@@{offset}",
                                   f"::{name}", "-"], capture_output=True, check=True)
            files[name] = done.stdout.decode()
        return files

    # ---- what goes well ----

    def test_a_good_install(self):
        self.machine.add_disk("vdb", DISK_SIZE, "DISK-2")
        lines = self.succeeds(wipe=True, grow=True, boot=True)
        done = [line["step"] for line in lines if line["state"] == "done"]
        self.assertEqual(done, ["check", "image", "wipe", "write", "seed", "table", "boot"])
        self.assertEqual({line["generation"] for line in lines}, {7})
        write = [line for line in lines if line["step"] == "write"][-1]
        self.assertEqual((write["done"], write["total"]),
                         (IMAGE_SIZE - lab.FRAME, IMAGE_SIZE - lab.FRAME))
        self.assertIn("BIOS", lines[-1]["text"])

        parts = self.partitions()
        self.assertEqual(parts[2][2], "cidata")
        self.assertGreater(parts[3][1] * lab.SECTOR, DISK_SIZE - 2 * MIB)  # grown
        self.same_outside(self.image, (5 * MIB, 9 * MIB))
        self.untouched("vdb")

        files = self.read_seed(5 * MIB)
        self.assertEqual(files["meta-data"], "instance-id: lab-1-7\nlocal-hostname: worker-1\n")
        for name in ("user-data", "vendor-data"):
            self.assertEqual(cloud_config(files[name]), {"ssh_pwauth": False})
        seed = json.loads(files["cloudie.json"])
        self.assertLess(abs(seed.pop("made_ms") - time.time() * 1000), 600000)
        self.assertEqual(seed, {"generation": 7, "node": "lab-1", "secret": lab.SECRET,
                                "controllers": ["https://10.77.0.1:8443"], "ca": lab.CA})

    def test_a_seed_with_keys_and_user_data(self):
        keys = [KEY + comment for comment in ("", " ops@desk", " \"}], runcmd: [reboot] # \\", " a: b", " '")]
        own = "#cloud-config\nusers: [{name: other}]\n# \"'\\ \u00fc\n"
        self.succeeds(user="ops", ssh_keys=keys, user_data=own)
        files = self.read_seed(5 * MIB)
        self.assertEqual(files["user-data"], own)
        self.assertEqual(cloud_config(files["vendor-data"]),
                         {"ssh_pwauth": False, "ssh_authorized_keys": keys,
                          "user": {"name": "ops", "lock_passwd": True}})
        self.assertEqual(yaml.safe_load(files["meta-data"]),
                         {"instance-id": "lab-1-7", "local-hostname": "worker-1", "public-keys": keys})

    def test_a_seed_without_room(self):
        # 64 KiB of the image: enough for the little that a node always gets, and found out in time.
        image = make_image(seed_size=64 << 10)
        self.edge.files = image.files
        self.fails("seed-no-room", image, user_data="x" * 65536, text="need more")
        self.untouched()
        self.succeeds(image)

    def test_a_seed_that_is_appended(self):
        image = make_image(seed_partition=False)
        self.edge.files = image.files
        self.succeeds(image, grow=True)
        parts = self.partitions()
        number = next(n for n, part in parts.items() if part[2] == "cidata")
        first, last, _ = parts[number]
        self.assertGreater(last * lab.SECTOR, DISK_SIZE - 2 * MIB)
        self.assertEqual(last - first + 1, 8192)
        self.assertEqual(parts[3][1], first - 1)  # grew up to it, not over it
        self.same_outside(image)
        self.assertIn(lab.SECRET, self.read_seed(first * lab.SECTOR)["cloudie.json"])

    def test_a_disk_with_large_sectors(self):
        # No kernel mounts a file system whose sectors are smaller than the disk's.
        image = lab.Image(lab.bare_disk(8 * MIB, 4096, 128), sector_size=4096)
        self.edge.files = image.files
        self.machine.add_disk("vda", DISK_SIZE, "DISK-1", sector=4096)
        self.succeeds(image)
        disk = self.machine.content("vda")
        entry = disk[8192:8192 + 128]
        self.assertEqual(entry[56:68].decode("utf-16-le"), "cidata")
        offset = int.from_bytes(entry[32:40], "little") * 4096
        self.assertEqual(int.from_bytes(disk[offset + 11:offset + 13], "little"), 4096)
        self.assertIn(lab.SECRET, self.read_seed(offset)["cloudie.json"])

    def test_what_is_not_asked_for_is_left_out(self):
        lines = self.succeeds()
        self.assertEqual([line["step"] for line in lines if line["state"] == "done"],
                         ["check", "image", "write", "seed", "table"])
        self.assertEqual(self.partitions()[3][1], 20480 + 14 * 2048 - 1)

    def test_dry_run_writes_nothing(self):
        lines = self.succeeds(None, "--dry-run", wipe=True)
        self.assertEqual([line["step"] for line in lines if line["state"] == "done"],
                         ["check", "image"])
        self.untouched()

    def test_a_disk_as_large_as_the_image(self):
        self.machine.add_disk("vda", IMAGE_SIZE, "DISK-1")
        self.succeeds(size=IMAGE_SIZE, grow=True)
        self.partitions()
        self.same_outside(self.image, (5 * MIB, 9 * MIB))

    def test_an_old_content_is_gone(self):
        with open(self.machine.disk("vda"), "r+b") as file:
            file.write(b"\xaa" * DISK_SIZE)
        lab.sgdisk(self.machine.disk("vda"), "-Z", "-n", "1:0:0")
        self.fails("disk-holds-data", text="gpt")
        self.assertEqual(self.machine.content("vda")[30 * MIB], 0xAA)
        self.succeeds(may_overwrite=True, wipe=True)
        self.same_outside(self.image, (5 * MIB, 9 * MIB))

    def test_boot_entry(self):
        guid = "-8be4df61-93ca-11d2-aa0d-00e098032b8c"
        folder = "sys/firmware/efi/efivars/"
        other = b"\x07\0\0\0" + b"\x01\0\0\0\x04\0" + "Other\0".encode("utf-16-le")
        self.machine.write(folder + "Boot0000" + guid, other + b"\x7f\xff\x04\0")
        self.machine.write(folder + "BootOrder" + guid, b"\x07\0\0\0\0\0")
        for _ in range(2):  # the second run finds its own entry
            self.succeeds(boot=True, may_overwrite=True)
            with open(os.path.join(self.machine.root, folder, "BootOrder" + guid), "rb") as file:
                self.assertEqual(file.read(), b"\x07\0\0\0\x01\0\0\0")
            self.assertEqual(len(os.listdir(os.path.join(self.machine.root, folder))), 3)
        with open(os.path.join(self.machine.root, folder, "Boot0001" + guid), "rb") as file:
            entry = file.read()
        self.assertIn("Cloudie\0".encode("utf-16-le"), entry)
        self.assertIn("\\EFI\\BOOT\\BOOTX64.EFI\0".encode("utf-16-le"), entry)

    def system_partition_of(self, **plan):
        """Its number, as it is told when the disk boots by it, and as it is on the disk."""
        lines = self.succeeds(boot=True, may_overwrite=True, **plan)
        said = [line for line in lines if "esp" in line]
        self.assertEqual((said[0]["step"], said[0]["state"]), ("table", "done"))
        self.assertEqual(said, lines[-len(said):])
        self.assertEqual(said[-1]["step"], "boot")
        number, = {line["esp"] for line in said}
        found = re.findall("Partition unique GUID: (.*)",
                           "".join(lab.sgdisk(self.machine.disk("vda"), "-i", str(n))
                                   for n in self.partitions()))
        self.assertIn(number.upper(), found)
        return number

    def test_the_system_partition_keeps_the_number_of_the_image(self):
        """Debian's cloud images mount it by that."""
        number = self.system_partition_of()
        self.assertEqual(number, self.system_partition_of())
        self.assertIn(uuid.UUID(number).bytes_le, self.image.plain[:34 * 512])

    def test_where_another_disk_has_the_same_image_it_gets_its_own(self):
        """Else a machine could not tell which of them to boot."""
        self.machine.add_disk("vdb", DISK_SIZE, "DISK-2")
        with open(self.machine.disk("vdb"), "r+b") as disk:
            disk.write(self.image.plain[:34 * 512])
        with open(self.machine.disk("vdb"), "rb") as disk:
            was = disk.read()
        numbers = {self.system_partition_of(), self.system_partition_of()}
        self.assertEqual(len(numbers), 2)
        for number in numbers:
            self.assertNotIn(uuid.UUID(number).bytes_le, was)
        with open(self.machine.disk("vdb"), "rb") as disk:
            self.assertEqual(disk.read(), was)

    def test_boot_entry_that_the_firmware_does_not_take(self):
        self.machine.write("sys/firmware/efi/efivars", "not a folder")
        self.fails("boot-entry-failed", boot=True)

    def test_uefi_and_an_image_without_system_partition(self):
        image = make_image(system_partition=False)
        self.edge.files = image.files
        self.machine.write("sys/firmware/efi/efivars/x", "")
        self.fails("image-layout-wrong", image, boot=True, text="EFI")
        self.untouched()

    # ---- the wrong disk ----

    def test_the_disk_is_found_by_its_serial_alone(self):
        self.machine.add_disk("was-sdz", DISK_SIZE, "DISK-2")  # has the name of the plan
        self.succeeds()
        self.untouched("was-sdz")

    def test_disk_gone(self):
        self.fails("disk-gone", serial="DISK-9", text="DISK-9")
        self.untouched()

    def test_two_disks_with_one_serial(self):
        self.machine.add_disk("vdb", DISK_SIZE, "DISK-1")
        self.fails("disk-changed", text="two disks")
        self.untouched()
        self.untouched("vdb")

    def test_disk_changed(self):
        self.fails("disk-changed", size=DISK_SIZE - 512)
        self.untouched()

    def test_disk_too_small(self):
        self.machine.add_disk("vda", 16 * MIB, "DISK-1")
        self.fails("disk-too-small", size=16 * MIB)
        self.untouched()

    def test_disk_busy(self):
        for holder in ("sys/block/vda/holders/md127", "sys/block/vda/vda1/holders/dm-0"):
            with self.subTest(holder):
                self.machine.write(holder, "")
                self.fails("disk-busy", text=os.path.basename(holder))
                os.remove(os.path.join(self.machine.root, holder))
        self.untouched()

    def test_disk_read_only(self):
        self.machine.write("sys/block/vda/ro", "1\n")
        self.fails("disk-failed", text="read-only")

    def test_disk_sectors(self):
        self.machine.write("sys/block/vda/queue/logical_block_size", "4096\n")
        self.fails("disk-sectors", text="4096")
        self.untouched()

    # ---- the wrong image ----

    def test_flipped_bytes(self):
        cases = [(".json", 30, "image-signature-wrong"),
                 (".json.sig", 90, "image-signature-wrong"),
                 (".raw.zst", self.image.table_at + 50, "image-table-wrong"),
                 (".raw.zst", self.image.rows[0][0] + 20, "image-frame-wrong")]
        for suffix, at, cause in cases:
            with self.subTest(suffix=suffix, at=at):
                self.edge.files = self.image.flipped(suffix, at)
                self.fails(cause)
                self.untouched()

    def test_a_flipped_byte_in_each_frame(self):
        for number in (2, 3, 4, 6):
            with self.subTest(number):
                self.machine.add_disk("vda", DISK_SIZE, "DISK-1")
                offset, size, _, _ = self.image.rows[number]
                self.edge.files = self.image.flipped(".raw.zst", offset + size // 2)
                self.fails("image-frame-wrong", text=f"frame {number} ")
                self.has_no_table()
                disk = self.machine.content("vda")
                self.assertFalse(any(disk[number * lab.FRAME:(number + 1) * lab.FRAME]))
        self.edge.files = self.image.files
        self.succeeds(may_overwrite=True)
        self.same_outside(self.image, (5 * MIB, 9 * MIB))

    def test_a_frame_that_is_right_the_second_time(self):
        offset, size, _, _ = self.image.rows[3]
        flipped = self.image.flipped(".raw.zst", offset + size // 2)
        asked = []

        def answer(path, wanted):
            if wanted:
                first, last = map(int, wanted[len("bytes="):].split("-"))
                if first <= offset <= last:
                    asked.append(wanted)
                self.edge.files = flipped if len(asked) == 1 else self.image.files
            return 0
        self.edge.answer = answer
        self.succeeds()
        self.same_outside(self.image, (5 * MIB, 9 * MIB))
        self.assertGreater(len(asked), 1)
        # That is said to the edge, which may have a rotten copy; and of that frame alone.
        self.assertEqual(len(self.edge.asked_anew), 1)

    def test_another_image_in_its_place(self):
        other = make_image(name="other")
        self.edge.files = {path.replace(other.id, self.image.id): data
                           for path, data in other.files.items()}
        self.fails("image-manifest-wrong", text=other.id)
        self.untouched()

    def test_an_image_without_partition_table(self):
        image = lab.Image(bytes(8 * MIB - 512) + b"x" * 512)
        self.edge.files = image.files
        self.fails("image-layout-wrong", image)
        self.untouched()

    def test_an_image_smaller_than_the_tables_of_a_disk(self):
        # A table of 4 entries ends within 4 sectors; the one that we write takes 34.
        image = lab.Image(lab.bare_disk(4 * lab.SECTOR, lab.SECTOR, 4))
        self.edge.files = image.files
        self.fails("image-layout-wrong", image, text="smaller")
        self.untouched()

    def test_no_room_for_a_seed(self):
        plain = lab.plain_disk(8 * MIB, "-n", "1:34:16350")
        image = lab.Image(plain)
        self.edge.files = image.files
        self.machine.add_disk("vda", 8 * MIB, "DISK-1")
        self.fails("seed-no-room", image, size=8 * MIB)
        self.untouched()

    def test_image_gone(self):
        self.edge.files = {}
        self.fails("image-gone")
        self.untouched()

    # ---- an edge that is not there ----

    def test_unreachable(self):
        self.edge.stop()
        rc, lines, _ = self.install(None, "--patience", "0")
        self.edge.start()
        self.assertEqual((rc, lines[-1]["cause"]), (1, "image-unreachable"))
        self.untouched()

    def test_an_edge_that_lies(self):
        def answer(handler, status, size, body, **headers):
            handler.send_response(status)
            if size is not None:
                handler.send_header("Content-Length", str(size))
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(body)

        def first(handler):
            return int(handler.headers["Range"][6:].split("-")[0])

        def part(handler, data, size, said):
            at = first(handler)
            answer(handler, 206, said, data[at:at + size],
                   Content_Range=f"bytes {at}-{at + size - 1}/{len(data)}")

        def endless(handler, _):
            at = first(handler)
            answer(handler, 206, None, b"100000\r\n" + bytes(MIB) + b"\r\n",
                   Content_Range=f"bytes {at}-{at}/*", Transfer_Encoding="chunked")
            while True:  # until it hangs up
                handler.wfile.write(b"100000\r\n" + bytes(MIB) + b"\r\n")

        lies = [
            ("the whole file", "image-unreachable",
             lambda handler, data: answer(handler, 200, len(data), data)),
            ("another place", "image-unreachable",
             lambda handler, data: answer(handler, 206, 9, data[:9],
                                          Content_Range=f"bytes 0-8/{len(data)}")),
            ("less, and says so", "image-table-wrong", lambda h, data: part(h, data, 10, 10)),
            ("less than it says", "image-unreachable", lambda h, data: part(h, data, 10, 300)),
            ("without end", "image-table-wrong", endless),
            ("somewhere else", "image-unreachable",
             lambda handler, _: answer(handler, 302, 0, b"", Location=self.edge.url + "/else")),
        ]
        for name, cause, lie in lies:
            with self.subTest(name):
                self.edge.lie = lie
                self.edge.asked.clear()
                rc, lines, _ = self.install(None, "--patience", "0")
                self.assertEqual((rc, lines[-1]["cause"]), (1, cause), lines[-1])
                self.assertNotIn("/else", [path for path, _ in self.edge.asked])
                self.untouched()

    def test_503_first(self):
        left = [2]

        def answer(path, _):
            if path.endswith(".json") and left[0]:
                left[0] -= 1
                return 503
            return 0
        self.edge.answer = answer
        self.succeeds()
        self.assertEqual(left, [0])

    def test_gone_and_back_in_the_middle(self):
        gone = []
        offset = self.image.rows[4][0]

        def answer(_, wanted):
            # From the middle on it fails, until it is stopped and started anew.
            if wanted and offset <= int(wanted[6:].split("-")[0]) < self.image.table_at:
                gone.append(True)
            return 500 if gone else 0
        self.edge.answer = answer
        process = self.spawn(lab.job(self.image, self.edge, DISK_SIZE))
        deadline = time.monotonic() + 30
        while not gone and time.monotonic() < deadline:
            time.sleep(0.01)
        self.edge.stop()
        self.edge.answer = lambda path, wanted: 0
        time.sleep(0.5)  # it is refused a few times
        self.edge.start()
        lines, err = self.finish(process)
        self.assertEqual(process.returncode, 0, (lines, err))
        self.assertTrue(gone)
        self.same_outside(self.image, (5 * MIB, 9 * MIB))

    def test_sigterm_in_the_middle(self):
        offset = self.image.rows[4][0]
        reached = []

        def answer(_, wanted):
            if wanted and offset <= int(wanted[6:].split("-")[0]) < self.image.table_at:
                reached.append(wanted)
                return 503  # it waits here
            return 0
        self.edge.answer = answer
        process = self.spawn(lab.job(self.image, self.edge, DISK_SIZE))
        deadline = time.monotonic() + 30
        while not reached and time.monotonic() < deadline:
            time.sleep(0.01)
        with open(f"/proc/{process.pid}/status", encoding="utf-8") as f:
            status = f.read()
        self.assertIn("Seccomp:\t2\n", status)
        self.assertIn("NoNewPrivs:\t1\n", status)
        process.send_signal(signal.SIGTERM)
        self.finish(process)
        self.assertEqual(process.returncode, 1)
        self.assertTrue(reached)
        self.has_no_table()
        self.edge.answer = lambda path, wanted: 0
        self.succeeds(may_overwrite=True)
        self.same_outside(self.image, (5 * MIB, 9 * MIB))

    # ---- usage ----

    def test_usage(self):
        good = lab.job(self.image, self.edge, DISK_SIZE)
        bad = [{}, {**good, "edge": "file:///etc"}, {**good, "signing_key": "x"},
               {**good, "controllers": ["http://10.77.0.1"]},
               {**good, "plan": {**good["plan"], "secret": "short"}}]
        for job in bad:
            process = self.spawn(job)
            lines, err = self.finish(process)
            self.assertEqual((process.returncode, lines), (2, []), err)
            self.assertTrue(err.startswith("cloudie-install: "), err)
        self.untouched()


if __name__ == "__main__":
    unittest.main(verbosity=2)
