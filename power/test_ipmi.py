# SPDX-License-Identifier: GPL-3.0-or-later
"""cloudie-power and IPMI: BMCs that behave, that do not, and a simulator of others."""
import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

POWER, RESPONDER = os.environ["CLOUDIE_POWER"], os.environ["BMC_RESPONDER"]
PASSWORD = "cloudie"


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def target(port, **fields):
    return {"id": str(port), "driver": "ipmi", "address": "127.0.0.1", "port": port,
            "user": "admin", "password": PASSWORD, **fields}


def ask(verb, *targets, deadline_ms=8000, **fields):
    """The answers, in the order of the targets; it must end well, and say nothing else."""
    request = {"verb": verb, "deadline_ms": deadline_ms, "targets": list(targets), **fields}
    done = subprocess.run([POWER], input=json.dumps(request), capture_output=True, text=True,
                          timeout=deadline_ms / 1000 + 30)
    assert done.returncode == 0 and done.stderr == "", (done.returncode, done.stderr)
    lines = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert len(lines) == len(targets) == len(done.stdout.splitlines()), done.stdout
    return [lines[each["id"]] for each in targets]


class Responder:
    def __init__(self, manner="polite", count=1):
        for _ in range(20):  # of ports in a row one may be somebody's
            self.port = free_port() if count == 1 else random.randrange(20000, 32000 - count)
            self.process = subprocess.Popen([RESPONDER, str(self.port), str(count), manner],
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                            text=True)
            if self.process.stdout.readline() == "ready\n":
                return
            said = self.process.communicate()[1]
        raise AssertionError(f"no {count} ports: {said}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.process.poll() is None, "the responder died"
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def one(self, verb, **fields):
        login = {name: fields.pop(name) for name in ("user", "password", "key", "suite", "privilege")
                 if name in fields}
        return ask(verb, target(self.port, **login), **fields)[0]


class Polite(unittest.TestCase):
    def test_power(self):
        with Responder() as bmc:
            self.assertEqual(bmc.one("status")["power"], "off")
            for verb, power, changed, confirmed in (
                    ("on", "on", True, True), ("on", "on", False, True),
                    ("reset", "on", True, False), ("off", "off", True, True),
                    ("off", "off", False, True), ("soft", "off", False, True),
                    ("cycle", "on", True, True), ("soft", "off", True, True)):
                answer = bmc.one(verb)
                self.assertTrue(answer["ok"], answer)
                self.assertEqual((answer["power"], answer["changed"], answer["confirmed"]),
                                 (power, changed, confirmed), (verb, answer))
            answer = bmc.one("diag")
            self.assertEqual(answer["cause"], "bmc-refused")
            self.assertIn("off", answer["detail"])

    def test_boot_device_is_read_back(self):
        with Responder() as bmc:
            for device in ("pxe", "disk", "cdrom", "bios", "none"):
                answer = bmc.one("boot", device=device, uefi=True, persistent=True)
                # "none" has no flag to read: what lasts is gone with it
                self.assertEqual((answer["ok"], answer["confirmed"]), (True, True), answer)
            self.assertEqual(bmc.one("boot", device="http")["cause"], "power-unsupported")

    def test_what_it_is(self):
        with Responder() as bmc:
            answer = bmc.one("info")
            self.assertEqual(answer["more"]["maker"], "Intel")
            self.assertEqual(answer["more"]["firmware"], "3.25")
            self.assertTrue(bmc.one("identify", identify_s=20)["ok"])

    def test_suites(self):
        with Responder() as bmc:
            self.assertEqual(bmc.one("status")["suite"], "cipher 17")
            self.assertEqual(bmc.one("status", suite=3)["suite"], "cipher 3")
            self.assertEqual(bmc.one("status", suite=8)["cause"], "power-unsupported")
        with Responder("old") as bmc:
            self.assertEqual(bmc.one("status")["suite"], "cipher 3")

    def test_login(self):
        with Responder() as bmc:
            for fields, cause in (({"password": "Cloudie"}, "bmc-password-wrong"),
                                  ({"password": ""}, "bmc-password-wrong"),
                                  ({"user": "root"}, "bmc-name-wrong"),
                                  ({"key": "k"}, "bmc-key-wrong"),
                                  ({"key": "0x6b"}, "bmc-key-wrong"),
                                  ({"key": "0x6"}, None),
                                  ({"password": "p" * 21}, "power-unsupported"),
                                  ({"user": "u" * 17}, "power-unsupported"),
                                  ({"privilege": "god"}, "power-unsupported")):
                answer = bmc.one("status", **fields)
                if cause:
                    self.assertEqual(answer["cause"], cause, (fields, answer))
                self.assertNotIn("Cloudie", json.dumps(answer))

    def test_many_of_which_some_are_dead(self):
        with Responder("dead-fifth", 200) as bmcs:
            answers = ask("status", *[target(bmcs.port + i) for i in range(200)], deadline_ms=3000)
        for i, answer in enumerate(answers):
            if i % 5 == 4:
                self.assertEqual(answer.get("cause"), "bmc-silent")
            else:
                self.assertEqual(answer.get("power"), "on" if i % 2 else "off", answer)

    def test_nobody_there(self):
        answer = ask("status", target(free_port()))[0]
        self.assertEqual(answer["cause"], "bmc-unreachable")


class Hostile(unittest.TestCase):
    """Each ends with a name, within the deadline, and the others are not touched by it."""

    MANNERS = (("short", "status", "bmc-nonsense"), ("long", "status", None),
               ("stranger", "status", "bmc-silent"), ("unsigned", "status", "bmc-silent"),
               ("copy", "on", None), ("busy", "on", None), ("full", "on", None),
               ("deaf", "on", None), ("nonsense", "on", None), ("liar", "on", "power-unchanged"),
               ("denies", "on", "bmc-privilege-low"), ("flapping", "off", None))

    def test_manners(self):
        for verb in ("status", "on", "off"):
            rows = [row for row in self.MANNERS if row[1] == verb]
            with contextlib.ExitStack() as stack:
                bmcs = [stack.enter_context(Responder(row[0])) for row in rows]
                good = stack.enter_context(Responder())
                answers = ask(verb, *[target(bmc.port) for bmc in [*bmcs, good]], deadline_ms=5000)
            for (manner, _, cause), answer in zip(rows, answers):
                self.assertEqual(answer.get("cause"), cause, (manner, answer))
                self.assertLess(answer["took_ms"], 5000 + 2000, manner)
            self.assertTrue(answers[-1]["ok"], answers[-1])
            self.assertLess(answers[-1]["took_ms"], 4000, "it waited for the others")

    def test_a_busy_one_until_the_end(self):
        with Responder("busy") as bmc:
            answer = bmc.one("status", deadline_ms=500)
            self.assertEqual(answer["cause"], "bmc-busy", answer)

    def test_a_reader_that_goes_away_ends_it(self):
        with Responder() as bmc:
            process = subprocess.Popen([POWER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            process.stdout.close()
            process.stdin.write(json.dumps({"verb": "status", "targets": [target(bmc.port)]}))
            process.stdin.close()
            self.assertNotEqual(process.wait(20), 0)
            process.stderr.close()


class Usage(unittest.TestCase):
    def test_sentences(self):
        for text, says in (("", "ends too early"), ("{}", "verb"), ('{"verb":"on"}', "targets")):
            done = subprocess.run([POWER], input=text, capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, 2)
            self.assertIn(says, done.stderr)
        done = subprocess.run([POWER, "on"], input="", capture_output=True, text=True, timeout=20)
        self.assertEqual(done.returncode, 2)


@unittest.skipUnless(shutil.which("ipmitool") and shutil.which("ipmipower"), "no ipmitool, or no ipmipower")
class Judges(unittest.TestCase):
    """What we call a BMC is one to clients that are not ours."""

    def test_they_take_it_for_a_bmc(self):
        with Responder() as bmc, tempfile.TemporaryDirectory() as folder:
            secret = os.path.join(folder, "password")
            with open(secret, "w", encoding="ascii") as file:
                file.write(PASSWORD + "\n")
            for suite in ("17", "3"):
                bmc.one("on" if suite == "17" else "off")
                state = "on" if suite == "17" else "off"
                tool = subprocess.run(["ipmitool", "-I", "lanplus", "-H", "127.0.0.1", "-p",
                                       str(bmc.port), "-U", "admin", "-f", secret, "-C", suite,
                                       "power", "status"], capture_output=True, text=True,
                                      timeout=60)
                self.assertIn(f"Chassis Power is {state}", tool.stdout, tool.stderr)
                free = subprocess.run(["ipmipower", "-D", "LAN_2_0", "-h", f"127.0.0.1:{bmc.port}",
                                       "-u", "admin", "-p", PASSWORD, "-I", suite, "--stat"],
                                      capture_output=True, text=True, timeout=60)
                self.assertIn(f": {state}", free.stdout, free.stderr)
            bmc.one("boot", device="pxe", uefi=True)
            tool = subprocess.run(["ipmitool", "-I", "lanplus", "-H", "127.0.0.1", "-p",
                                   str(bmc.port), "-U", "admin", "-f", secret, "-C", "17", "chassis",
                                   "bootparam", "get", "5"], capture_output=True, text=True,
                                  timeout=60)
            for line in ("Boot Flag Valid", "only next boot", "BIOS EFI boot", "Force PXE"):
                self.assertIn(line, tool.stdout)


CHASSIS = """#!/bin/sh
d=$(dirname "$0") op=$1; shift
case $op in
get) for p; do case $p in
    power) echo "power:$(cat "$d/power" 2>/dev/null || echo 0)" ;;
    boot) echo "boot:$(cat "$d/boot" 2>/dev/null || echo default)" ;; esac; done ;;
set) while [ $# -gt 1 ]; do case $1 in
    power) echo "$2" >"$d/power" ;; shutdown) echo 0 >"$d/power" ;;
    boot) echo "$2" >"$d/boot" ;; esac; shift 2; done ;;
esac
"""
LAN = """name "lab"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456700000001
  endlan
  chassis_control "{folder}/chassis"
  user 1 true "" "" user 10 none md2 md5 straight
  user 2 true "admin" "cloudie" admin 10 none md2 md5 straight
"""
EMULATION = """mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
"""


@unittest.skipUnless(shutil.which("ipmi_sim"), "no ipmi_sim")
class OpenIpmi(unittest.TestCase):
    """A BMC that is not ours: suite 3, and a program that holds the power."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cloudie-ipmi.")
        self.port = free_port()
        for name, text in (("chassis", CHASSIS), ("emulation", EMULATION),
                           ("lan", LAN.format(port=self.port, folder=self.folder))):
            with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
                file.write(text)
        os.chmod(os.path.join(self.folder, "chassis"), 0o755)
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = subprocess.Popen(
            ["ipmi_sim", "-c", "lan", "-f", "emulation", "-s", self.folder, "-n"], cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.addCleanup(self.end)  # also when it does not answer
        for _ in range(100):
            if ask("status", target(self.port), deadline_ms=1500)[0]["ok"]:
                return
            time.sleep(0.1)
        self.fail("ipmi_sim does not answer")

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder)

    def test_the_verbs(self):
        for verb, power in (("on", "on"), ("off", "off"), ("cycle", "on"), ("soft", "off")):
            answer = ask(verb, target(self.port))[0]
            self.assertEqual((answer["ok"], answer.get("power"), answer.get("suite")),
                             (True, power, "cipher 3"), answer)
        self.assertTrue(ask("info", target(self.port))[0]["ok"])
        # It takes the boot device, and reads it back without its flags: that is said.
        answer = ask("boot", target(self.port), device="pxe")[0]
        self.assertEqual((answer["ok"], answer["confirmed"]), (True, False), answer)
        with open(os.path.join(self.folder, "boot"), encoding="ascii") as file:
            self.assertEqual(file.read().strip(), "pxe")

    def test_login(self):
        for fields, cause in (({"password": "wrong"}, "bmc-password-wrong"),
                              ({"user": "nobody"}, "bmc-name-wrong")):
            self.assertEqual(ask("status", target(self.port, **fields))[0]["cause"], cause)


if __name__ == "__main__":
    unittest.main()
