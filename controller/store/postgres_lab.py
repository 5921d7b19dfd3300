#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL of our own on a private socket; as a program: runs another one with it.

    postgres_lab.py PROGRAM [ARGUMENT...]

In its environment CLOUDIE_TEST_POSTGRES is the address of an empty database. 77: there is none
on this machine.
"""
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

NOBODY = 65534  # PostgreSQL does not run as root


def programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"))
    return os.path.dirname(found[-1]) if found else None


class Postgres:
    def __init__(self, network=None):
        """@network: who may come by TCP, as pg_hba.conf says it; nobody."""
        self.listen = "*" if network else ""
        self.bin = programs()
        # Its socket's path has at most 107 characters.
        self.folder = tempfile.mkdtemp(prefix="cloudie-pg-", dir="/tmp")
        self.data = os.path.join(self.folder, "data")
        self.process = None
        self.who = {}
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
            os.chmod(self.folder, 0o711)  # cloudied has no right over files of others
            self.who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        # No sync: what is killed here is never the machine.
        self.run("initdb", "-D", self.data, "-U", "cloudie", "-A", "trust", "-E", "UTF8",
                 "--locale=C.UTF-8", "-N")
        if network:
            with open(os.path.join(self.data, "pg_hba.conf"), "a", encoding="utf-8") as rules:
                rules.write(f"host all all {network} trust\n")
        self.start()
        self.run("createdb", "-h", self.folder, "-U", "cloudie", "cloudie")

    def run(self, program, *arguments):
        done = subprocess.run([os.path.join(self.bin, program), *arguments], cwd=self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              text=True, **self.who)
        if done.returncode:
            raise AssertionError(f"{program}: {done.stdout}")
        return done.stdout

    def start(self):
        log = open(os.path.join(self.folder, "log"), "ab")
        self.process = subprocess.Popen(
            [os.path.join(self.bin, "postgres"), "-D", self.data, "-k", self.folder,
             "-h", self.listen, "-F", "-c", "shared_buffers=16MB", "-c", "max_connections=40"],
            cwd=self.folder, stdout=log, stderr=log, **self.who)
        log.close()
        self.wait()

    def wait(self):
        for _ in range(600):
            if self.process.poll() is not None:
                with open(os.path.join(self.folder, "log"), encoding="utf-8") as log:
                    raise AssertionError("postgres does not start: " + log.read())
            done = subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", self.folder],
                                  check=False, **self.who)
            if done.returncode == 0:
                return
            time.sleep(0.05)
        raise AssertionError("postgres does not answer")

    @property
    def url(self):
        return f"postgresql://cloudie@/cloudie?host={self.folder}"

    def ask(self, sql):
        return self.run("psql", "-X", "-A", "-t", "-q", "-d", self.url, "-c", sql).strip()

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGINT)  # ends all sessions, then itself
            self.process.wait(60)
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    if not programs():
        print("skipped: no PostgreSQL here (Debian's package postgresql-15)")
        return 77
    server = Postgres()
    try:
        return subprocess.run(sys.argv[1:], check=False,
                              env={**os.environ, "CLOUDIE_TEST_POSTGRES": server.url}).returncode
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
