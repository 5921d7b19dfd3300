# SPDX-License-Identifier: GPL-3.0-or-later
"""What was written is kept, compared, and written once more."""
import json
import os
import unittest

from cloudie_lab import HOSTILE, Case


class History(Case):
    def apply(self, document, *more):
        path = os.path.join(self.d.folder, "d.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        return self.ok("apply", "-f", path, *more)

    def profile(self, image, **labels):
        return {"kind": "profile", "name": "p", "labels": labels,
                "spec": {"steps": [{"wipe": "quick"}, {"image": image}, {"grow": "root"}]}}

    def versions(self, *words):
        return json.loads(self.ok("-o", "json", "history", *words))["items"]

    def test_profile(self):
        self.assertEqual(self.apply(self.profile("one", rack="a1"), "--dry-run"),
                         "  labels.rack: new: a1\n"
                         "  spec.steps[0].wipe: new: quick\n  spec.steps[1].image: new: one\n"
                         "  spec.steps[2].grow: new: root\nprofile/p would be created\n")
        self.refused("history-unknown|Nothing was ever written", "history", "profile", "p")
        self.apply(self.profile("one", rack="a1"))
        self.assertEqual(self.apply(self.profile("two"), "--dry-run"),
                         "  labels.rack: gone: a1\n  spec.steps[1].image: one -> two\n"
                         "profile/p would be changed\n")
        self.assertEqual(self.apply(self.profile("one", rack="a1"), "--dry-run"),
                         "profile/p unchanged\n")
        self.apply(self.profile("two"))
        self.apply(self.profile("two", note=HOSTILE))
        self.assertEqual([v["version"] for v in self.versions("profile", "p")], [3, 2, 1])
        self.assertRegex(self.ok("history", "profile", "p"), r"^VERSION +WRITTEN[^\n]*\n +3 +20")
        text = self.ok("diff", "profile", "p")
        self.assert_plain(text)
        self.assertTrue(text.startswith("  labels.note: new: Evil\\x1b"), text)
        self.assertEqual(self.ok("diff", "profile", "p", "1", "2"),
                         "  labels.rack: gone: a1\n  spec.steps[1].image: one -> two\n")
        self.assertEqual(self.ok("revert", "profile", "p", "1"),
                         "profile/p is again as in version 1; that is version 4\n")
        shown = json.loads(self.ok("-o", "json", "profile", "show", "p"))
        self.assertEqual((shown["spec"], shown["labels"]),
                         (self.profile("one")["spec"], {"rack": "a1"}))
        done = self.run_it("diff", "profile", "p", "1", "4")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertIn("nothing that people write differs", done.stderr)
        for wrong in ("9", "x", "-1", "18446744073709551616"):
            self.refused("there is no version", "revert", "profile", "p", "--", wrong)
        # what was deleted is kept, and comes back
        self.ok("profile", "delete", "p")
        self.assertTrue(self.versions("profile", "p")[0]["deleted"])
        self.assertIn("deleted", self.ok("history", "profile", "p"))
        self.ok("revert", "profile", "p", "3")
        self.assertEqual(json.loads(self.ok("-o", "json", "profile", "show", "p"))["labels"]["note"],
                         HOSTILE)
        self.refused("knows 'key', 'file', 'setting', 'network', 'image', 'profile', 'rule' and 'node'", "history", "picture", "p", rc=2)

    def test_node(self):
        name = self.machine()
        self.ok("node", "label", name, "rack=a1")
        self.ok("node", "accept", name)
        self.ok("node", "label", name, "rack=a2")
        versions = self.versions("node", name)
        self.assertEqual((versions[0]["labels"], versions[0]["phase"], versions[-1]["phase"]),
                         ({"rack": "a2"}, "ready", "discovered"))
        self.assertEqual(self.ok("diff", "node", name), "  labels.rack: a1 -> a2\n")
        before = str(versions[-1]["version"])
        self.ok("revert", "node", name, before)
        shown = json.loads(self.ok("-o", "json", "node", "show", name))
        self.assertEqual((shown["labels"], shown["status"]["phase"]), ({}, "ready"))

    def test_file(self):
        """What a file says is in no answer, and in no history of it."""
        self.apply({"kind": "file", "name": "f", "spec": {"text": "#!/bin/sh\necho s3cret\n"}})
        out = self.apply({"kind": "file", "name": "f", "spec": {"text": "#!/bin/sh\necho 0ther\n"}},
                         "--dry-run")
        self.assertEqual(out, "file/f would be written\n")
        answer = self.d.get("/api/v1/files/f/history", token=self.token())
        self.assertEqual((answer.status, len(answer.json["items"])), (200, 1))
        self.assertEqual(set(answer.json["items"][0]), {"version", "at_ms"})
        self.assertNotIn(b"s3cret", answer.body)
        for words in (("diff", "file", "f"), ("revert", "file", "f", "1")):
            self.refused("is shown to nobody", *words)

    def token(self):
        with open(self.credentials, encoding="utf-8") as file:
            return json.load(file)["token"]


if __name__ == "__main__":
    unittest.main()
