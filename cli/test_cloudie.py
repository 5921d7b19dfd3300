# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator's command against a real cloudied: what it prints, where, and how it ends."""
import json
import os
import signal
import stat
import subprocess
import unittest

from cloudie_lab import CLOUDIE, HOSTILE, MAC, Case


class Cloudie(Case):
    def test_a_link_is_good_once(self):
        self.refused("token|link", "login", self.line.split()[-1],
                     env=self.environment(CLOUDIE_CREDENTIALS=self.credentials + ".2"))
        self.assertFalse(os.path.exists(self.credentials + ".2"))
        self.assertEqual(stat.S_IMODE(os.stat(self.credentials).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.credentials)).st_mode), 0o700)

    def test_no_machine_touches_the_terminal(self):
        name = self.machine()
        for words in (("node", "list"), ("node", "show", name, "--inventory"), ("events",),
                      ("node", "timeline", name), ("node", "explain", name), ("status",),
                      ("why", name)):
            for form in ("table", "json", "yaml"):
                self.assert_plain(self.ok("-o", form, *words))
        shown = json.loads(self.ok("-o", "json", "node", "show", name, "--inventory"))
        self.assertIn(HOSTILE, self.texts(shown))  # escaped, and not changed

    def texts(self, value):
        """All texts of a document."""
        if isinstance(value, dict):
            return [t for v in value.values() for t in self.texts(v)]
        if isinstance(value, list):
            return [t for v in value for t in self.texts(v)]
        return [value] if isinstance(value, str) else []

    def test_stdout_holds_one_document_and_nothing_else(self):
        name, other = self.machine(), self.machine()
        for words in (("status",), ("node", "list"), ("node", "show", name),
                      ("node", "timeline", name), ("node", "explain", name), ("why", name)):
            json.loads(self.ok("-o", "json", *words))
        self.assertEqual(json.loads(self.ok("-o", "json", "node", "accept", name)),
                         [{"name": name, "done": True}])
        done = self.run_it("-o", "json", "node", "delete", name, "no-such-node", other)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no-such-node", done.stderr)
        self.assertEqual(json.loads(done.stdout),
                         [{"name": name, "done": True}, {"name": "no-such-node", "done": False},
                          {"name": other, "done": True}])
        credentials = self.environment(CLOUDIE_CREDENTIALS=self.credentials + ".json")
        done = self.run_it("-o", "json", "login", "-", stdin=self.d.login_line(), env=credentials)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(json.loads(done.stdout)["user"], "admin")
        self.assertNotIn("token", done.stdout)

    def test_why(self):
        name = self.machine()
        self.assertRegex(self.ok("why", name), f"(?s)^{name}: it .*What was seen:.* claim ")
        self.assertEqual(json.loads(self.ok("-o", "json", "why", name))["wrong"], False)
        never = "52:54:00:77:99:99"
        self.assertRegex(self.ok("why", never),
                         f"^{never}: nothing was heard .*never-heard.\nWhat to do: See that ")
        self.refused("no-such", "why", "no-such")

    def test_events_in_each_form(self):
        self.machine()
        lines = self.ok("-o", "json", "events").splitlines()
        self.assertIn("claim", [json.loads(line)["step"] for line in lines])
        documents = self.ok("-o", "yaml", "events").split("---\n")
        self.assertEqual(documents[0], "")
        self.assertGreaterEqual(len(documents[1:]), len(lines))
        self.assertTrue(all("step: " in text for text in documents[1:]))

    def test_a_reader_that_leaves_ends_it(self):
        name = self.machine()
        for form in ("table", "json", "yaml"):
            # As under a shell that ignores SIGPIPE: only the write's own error can tell.
            with subprocess.Popen([CLOUDIE, "-o", form, "events", "--follow", "--after", "0"],
                                  env=self.environment(), stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, restore_signals=False,
                                  preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN)
                                  ) as listener:
                listener.stdout.readline()
                listener.stdout.close()
                self.d.plan(self.edge, MAC % (0x80 + self.boots))
                self.machine()
                self.assertNotEqual(listener.wait(20), 0)
        self.assertTrue(name)

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = self.run_it("status", stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "^cloudie: .*No space left")

    def test_refusals(self):
        self.refused("no-such", "node", "show", "no-such")
        self.refused("not logged in", "status",
                     env=self.environment(CLOUDIE_CREDENTIALS="/nonexistent"))
        self.refused("help", "nodes", rc=2)
        self.refused("NAME", "node", "show", rc=2)
        self.refused("json", "-o", "xml", "status", rc=2)
        self.refused("number", "events", "--after", "x", rc=2)
        self.assert_plain(self.refused("no command", "node", "\x1b[2J", rc=2))

    def test_discovery(self):
        for words in ((), ("--for", "2x"), ("--for", "59s"), ("--for", "25h"), ("--for", "0h")):
            self.refused("how long", "discovery", "open", "lab", *words, rc=2)
        self.refused("NETWORK", "discovery", "open", "--for", "2h", rc=2)
        self.refused("no such network", "discovery", "open", "rack", "--for", "2h")
        self.refused("at any time", "discovery", "open", "lab", "--for", "2h")
        self.refused("at any time", "discovery", "close", "lab")
        self.assertRegex(self.ok("discovery", "status"), r"lab +10\.77\.0\.0/24 +discover")
        shown = [{"name": "lab", "subnet": "10.77.0.0/24", "strangers": "discover"}]
        self.assertEqual(json.loads(self.ok("-o", "json", "discovery", "status")), shown)
        self.assertEqual(json.loads(self.ok("-o", "json", "discovery", "list")), [])
        done = self.run_it("discovery", "list")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("no unknown machine", done.stderr)

    def test_help_needs_no_home(self):
        done = self.run_it("help", env={"PATH": os.environ["PATH"]})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("node list", done.stdout)

    def test_credentials_of_others(self):
        copy = self.credentials + ".copy"
        with open(self.credentials, encoding="ascii") as file:
            kept = json.load(file)

        def write(mode=0o600, **changes):
            with open(copy, "w", encoding="ascii") as file:
                json.dump({**kept, **changes}, file)
            os.chmod(copy, mode)

        env = self.environment(CLOUDIE_CREDENTIALS=copy)
        write(mode=0o640)
        self.refused("others may read", "status", env=env)
        write(token="0" * 64)
        self.refused("[Ll]og in", "status", env=env)
        write(pin="sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
        self.refused("another key", "status", env=env)
        write(url="https://127.0.0.1:1")
        self.refused("is cloudied running", "status", env=env)


if __name__ == "__main__":
    unittest.main(verbosity=2)
