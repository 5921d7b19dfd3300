#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Controllers that are killed again and again while machines are installed.

    test_killed.py sqlite|postgres|pair [OPERATIONS [KILLS [SECONDS]]]

One controller with a file, one with a PostgreSQL, or two that share one; one of them is killed (-9)
every so many seconds, until there were so many operations and kills. Each operation runs once, and
whatever was acknowledged is there.
"""
import http.client
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import cloudied_lab as lab
import test_install

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "store"))
import postgres_lab  # noqa: E402

MACHINES = 8
PATIENCE_S = 120.0  # for one answer, while controllers come and go
KEY = test_install.KEY.split()[1]


class Site(lab.Cloudied):
    """As one controller, for those who speak to it: the next call goes to any of them."""

    def __init__(self, engine):
        self.server = None if engine == "sqlite" else postgres_lab.Postgres()
        extra = f"store: '{self.server.url}'\n" if self.server else ""
        self.members = [lab.Cloudied(lab.program(), extra)
                        for _ in range(2 if engine == "pair" else 1)]
        self.folder, self.state = self.members[0].folder, self.members[0].state
        self.local = threading.local()

    def call(self, method, path, body=None, token=None, headers=(), timeout=30):
        """Again and again until somebody answers; self.local.is_repeated: it may have been heard
        before."""
        end = time.monotonic() + PATIENCE_S
        self.local.is_repeated = False
        while True:
            try:
                answer = random.choice(self.members).call(method, path, body, token, headers, timeout)
                if answer.status != 503:
                    return answer
            except (OSError, http.client.HTTPException):
                pass
            self.local.is_repeated = True
            if time.monotonic() > end:
                raise AssertionError(f"nobody answers {method} {path}")
            time.sleep(0.05)

    def expect(self, answer, code=None):
        """200; or, where it was said before and the answer was lost, that problem."""
        if answer.status != 200 and not (self.local.is_repeated and answer.code == code):
            raise AssertionError(f"{answer.status} {answer.body}")
        return answer

    def ask(self, sql):
        """By another hand, in the store."""
        if self.server:
            return self.server.ask(sql)
        connection = sqlite3.connect(os.path.join(self.state, "cloudie.db"))
        value, = connection.execute(sql).fetchone()
        connection.close()
        return str(value)

    def one_that_decides(self):
        if len(self.members) == 1:
            return self.members[0]
        port = self.server.ask("SELECT address FROM cloudie").rsplit(":", 1)[1]
        return next(m for m in self.members if m.port == int(port))

    def begin(self):
        first = self.members[0].start()
        self.token = first.login(first.out_text())
        self.edge = first.join()
        frame = subprocess.run(("zstd", "-qc"), input=bytes(test_install.IMAGE_SIZE),
                                            check=True, capture_output=True).stdout
        for method, path, body in (
                ("PUT", f"/images/worker/import?size={test_install.IMAGE_SIZE}", None),
                ("PUT", "/images/worker/frame?number=0", frame),
                ("POST", "/images/worker/finish", None),
                ("PUT", "/profiles/worker", test_install.PROFILE)):
            self.expect(first.call(method, "/api/v1" + path, body, token=self.token))
        for other in self.members[1:]:
            for part in ("tls", "images"):  # what docs/configuration.md says
                shutil.copytree(os.path.join(self.state, part), os.path.join(other.state, part))
            other.start()

    def end(self, how=signal.SIGTERM):
        statuses = [m.stop(how) for m in self.members]
        logs = "".join(m.log_text() for m in self.members)
        for m in self.members:
            shutil.rmtree(m.folder)
        if how == signal.SIGTERM:
            assert not any(statuses) and "ERROR: " not in logs, (statuses, logs[-4000:])


class Machine(test_install.Agent):
    """One that is installed, released, and installed again."""

    def __init__(self, site, number):
        mac = f"52:54:00:77:01:{number:02x}"
        inventory = lab.inventory([mac], serial=f"K{number}",
                                  uuid=f"4c4c4544-0042-3510-8052-{number + 1:012x}")
        inventory["cpu"]["isa_level"] = "x86-64-v2"
        inventory["disks"] = {"items": [{**test_install.DISK, "serial": f"NVME-{number}"}]}
        self.number_of_it, self.seen, self.is_ended = number, [], False
        self.key_name = f"k{number}"
        super().__init__(site, site.edge, lab.Key(site.folder), mac, inventory)
        self.operator("POST", "/accept")

    def operator(self, method, way, body=None):
        """With a key: what was done is told again, and not done again, also after a crash."""
        headers = {"Idempotency-Key": os.urandom(16).hex()}
        while True:
            answer = self.d.call(method, f"/api/v1/nodes/{self.name}{way}", body,
                                 token=self.d.token, headers=headers)
            if answer.status == 200 or answer.code != "idempotency-key-busy":
                return self.d.expect(answer)
            time.sleep(0.05)

    def put_key(self, number):
        self.d.expect(self.d.call("PUT", f"/api/v1/keys/{self.key_name}", {
            "kind": "key", "spec": {"public_key": f"ssh-ed25519 {KEY} n{number}"}},
            token=self.d.token))

    def run_once(self):
        self.operator("POST", "/install", {"profile": "worker"})
        while self.orders() != "install":
            pass
        answer = self.plan()
        assert answer.status == 200, answer.body
        self.seen.append(self.got["operation"])
        for step in test_install.STEPS:
            self.d.expect(self.say(step, took_ms=1))
        self.d.expect(self.phone_home(), "secret-used")
        self.put_key(len(self.seen))
        self.operator("POST", "/release")
        self.boot()


class Run:
    def __init__(self, engine, operations, kills, interval_s):
        self.operations, self.kills, self.interval_s = operations, kills, interval_s
        self.lock = threading.Lock()
        self.begun = self.killed = 0
        self.failure = None
        self.site = Site(engine)

    def is_over(self):
        return self.failure or (self.begun >= self.operations and self.killed >= self.kills)

    def work(self, machine):
        try:
            while True:
                with self.lock:
                    if self.is_over():
                        return
                    self.begun += 1
                machine.run_once()
        except Exception as failure:  # it is told below, by the thread that waits
            self.failure = self.failure or failure

    def kill(self):
        """Most often the one that decides; who is killed is started again at once."""
        member = (self.site.one_that_decides() if random.random() < 0.8
                  else random.choice(self.site.members))
        status = member.process.poll()
        assert status is None, (status, member.log_text()[-4000:])
        member.stop(signal.SIGKILL)
        self.killed += 1
        member.start()

    def run(self):
        self.site.begin()
        machines = [Machine(self.site, i) for i in range(MACHINES)]
        threads = [threading.Thread(target=self.work, args=(m,)) for m in machines]
        for thread in threads:
            thread.start()
        try:
            while not self.is_over():
                time.sleep(random.uniform(0.3, 1.7) * self.interval_s)
                if not self.is_over():
                    self.kill()
        except Exception as failure:
            self.failure = self.failure or failure
        for thread in threads:
            thread.join()
        if self.failure:
            raise self.failure
        self.check(machines)

    def check(self, machines):
        site = self.site
        numbers = sorted(n for m in machines for n in m.seen)
        assert len(numbers) == self.begun and len(set(numbers)) == self.begun, numbers
        # Each once: its begin, its end, its steps and the call of what was installed.
        for what in ("step = 'operation' AND body LIKE '%: begun%'",
                     "step = 'operation' AND body LIKE '%: succeeded%'", "step = 'phone-home'",
                     "step = 'write'", "step = 'table'"):
            count = int(site.ask(f"SELECT count(*) FROM events WHERE {what}"))
            assert count == self.begun, f"{what}: {count}, not {self.begun}"
        for m in machines:
            if not m.seen:
                continue
            key = site.get(f"/api/v1/keys/{m.key_name}", token=site.token).json
            assert key["spec"]["public_key"].endswith(f" n{len(m.seen)}"), (key, len(m.seen))


def main():
    engine = sys.argv[1]
    operations, kills, interval_s = [float(a) for a in sys.argv[2:5]] + [
        16, 6, 1.0][len(sys.argv) - 2:]
    if engine != "sqlite" and not postgres_lab.programs():
        print("skipped: no PostgreSQL here (Debian's package postgresql-15)")
        return 77
    run = Run(engine, int(operations), int(kills), interval_s)
    how = signal.SIGKILL
    start = time.monotonic()
    try:
        run.run()
        how = signal.SIGTERM
    finally:
        if how == signal.SIGKILL:
            print("".join(m.log_text()[-2000:] for m in run.site.members), file=sys.stderr)
        run.site.end(how)
        if run.site.server:
            run.site.server.stop()
    print(f"{engine}: {run.begun} operations, each once, while controllers were killed "
          f"{run.killed} times in {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
