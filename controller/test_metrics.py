# SPDX-License-Identifier: GPL-3.0-or-later
"""What /metrics says is what Prometheus reads, under names as others choose them."""
import re
import shutil
import subprocess
import unittest

import cloudied_lab as lab

LINE = re.compile(r'([a-z][a-z0-9_]*)(?:\{(.*)\})? (-?[0-9.]+)')
LABELS = re.compile(r'([a-z][a-z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')
# Other units than seconds and bytes are the reader's business.
UNITS = ("_milliseconds", "_ms", "_minutes", "_hours", "_kilobytes", "_megabytes", "_percent")


class Metrics(lab.Case):
    def read(self):
        """{name: (type, [(labels, value)])}"""
        answer = self.d.get("/metrics", token=self.token)
        self.assertEqual(answer.headers["Content-Type"], "text/plain; version=0.0.4")
        found, helped = {}, None
        for line in answer.body.decode().splitlines():
            if line.startswith("# HELP "):
                helped, text = line[7:].split(" ", 1)
                self.assertNotIn(helped, found, "told twice")
                self.assertTrue(text.endswith("."), line)
            elif line.startswith("# TYPE "):
                name, kind = line[7:].split()
                self.assertEqual(name, helped, "HELP comes first")
                found[name] = (kind, [])
            else:
                name, labels, value = LINE.fullmatch(line).groups()
                self.assertEqual(name, helped, line)
                read = dict(LABELS.findall(labels or ""))
                self.assertEqual(LABELS.sub("", labels or ""), "", line)
                found[name][1].append((read, float(value)))
        return found, answer.body

    def test_names(self):
        self.d.post("/edge/v1/leases", {"cycle": 1, "is_first": True, "is_whole": True, "has_pools": True,
                                        "rows": [], "pools": [{"network": "lab", "first": "10.77.0.100",
                                                               "last": "10.77.0.200", "size": 101, "taken": 1}]},
                    token=self.edge)
        found, body = self.read()
        for name, (kind, rows) in found.items():
            with self.subTest(name=name):
                self.assertRegex(name, r"^(cloudie|process)_[a-z_]+[a-z]$")
                self.assertEqual(kind, "counter" if name.endswith("_total") else "gauge")
                self.assertFalse(name.endswith(UNITS), name)
                self.assertTrue(rows)
                self.assertEqual(len(rows), len({tuple(sorted(r[0].items())) for r in rows}))
        if shutil.which("promtool"):
            done = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True,
                                  check=False)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_counters(self):
        def requests():
            return {r[0]["code"]: r[1] for r in self.read()[0]["cloudie_http_requests_total"][1]}

        before = requests()
        for _ in range(5):
            self.d.get("/api/v1/nodes/none", token=self.token)
        after = requests()
        self.assertEqual(after["4xx"] - before["4xx"], 5)
        self.assertEqual(after["5xx"], 0)
        self.assertGreater(self.read()[0]["process_cpu_seconds_total"][1][0][1], 0)
        self.assertEqual(self.d.get("/metrics").status, 401)

    def test_lines_about_strangers_have_an_end(self):
        for _ in range(100):
            self.assertEqual(self.d.get("/api/v1/nodes", token="x").status, 401)
        self.assertEqual(self.d.log_text().count("event=request.refused"), 60)


if __name__ == "__main__":
    unittest.main()
