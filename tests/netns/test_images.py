#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of cloudie-netbootd: fetched once from the controller, and again where the copy is rotten.

Usage: test_images.py PROGRAM [TEST ...]

Exits 77 (skipped) without root or a client.
"""
import os
import signal
import sys

import test_netbootd as lab
from wire import EDGE, IPXE, in_node, until


class Images(lab.EdgeTest):
    ID = "00112233445566778899aabbccddeeff"

    def url(self, end):
        return "http://%s/images/%s%s" % (EDGE, self.ID, end)

    def cached(self, end):
        return os.path.join(self.state, "images", self.ID + end)

    def make_image(self):
        self.image = os.urandom(9000001)
        self.write("images/%s.raw.zst" % self.ID, self.image)
        self.write("images/%s.json" % self.ID, b"manifest")
        self.write("images/%s.json.sig" % self.ID, b"signature")

    def comes(self, end, *more):
        got = []

        def there():
            got[:] = [self.fetch(self.url(end), *more, check=False)]
            return got[0] is not None
        until(20, there, lambda: end + ": " + self.log())
        return got[0]

    def test_image(self):
        self.make_image()
        self.start()
        self.lease(IPXE)
        self.write("hold-%s.raw.zst" % self.ID, "")
        path = "/images/%s.raw.zst" % self.ID
        self.assertEqual(self.status(path), 503)
        until(10, lambda: os.path.exists(os.path.join(
            self.state, "images", ".%s.raw.zst.part" % self.ID)), "a part")
        got = in_node("curl", "-si", self.url(".raw.zst")).stdout.lower()
        self.assertIn("retry-after: 1", got)
        # The manifest does not wait for the image.
        self.assertEqual(self.comes(".json"), b"manifest")
        self.assertEqual(self.comes(".json.sig"), b"signature")
        self.assertEqual(self.status(path), 503)
        os.unlink(self.path("hold-%s.raw.zst" % self.ID))
        self.assertEqual(self.comes(".raw.zst"), self.image)
        self.assertEqual(self.comes(".raw.zst", "-r", "4000000-8000000"), self.image[4000000:8000001])
        self.assertEqual(self.heard("image").count(self.ID + ".raw.zst"), 1)
        # Without the controller, and over a restart.
        self.stop_one(self.controller)
        self.stop_one(self.edge)
        self.start_edge()
        self.assertEqual(self.comes(".raw.zst"), self.image)
        self.assertEqual(self.comes(".json"), b"manifest")
        self.assertEqual(self.status("/images/%s.json" % ("f" * 32)), 503)
        # Frames are no lines of the log, and no events.
        self.assertNotIn("event=sent", self.log())

    def test_rotten(self):
        """A machine that found bytes wrong says so, and is given what the controller has."""
        self.make_image()
        self.start()
        self.lease(IPXE)
        self.assertEqual(self.comes(".raw.zst"), self.image)
        with open(self.cached(".raw.zst"), "r+b") as f:
            f.write(bytes([self.image[0] ^ 1]))
        self.stop_one(self.edge)
        self.start_edge()
        self.assertNotEqual(self.comes(".raw.zst"), self.image)
        self.assertEqual(self.comes(".raw.zst", "-H", "Cache-Control: no-cache"), self.image)
        self.assertEqual(self.comes(".raw.zst"), self.image)
        self.assertEqual(self.heard("image").count(self.ID + ".raw.zst"), 2)

    def test_unknown(self):
        self.start()
        self.lease(IPXE)
        path = "/images/%s.raw.zst" % self.ID
        until(10, lambda: self.status(path) == 404, "404")
        for _ in range(5):
            self.assertEqual(self.status(path), 404)
        self.assertEqual(self.heard("image").count(self.ID + ".raw.zst"), 1)
        for path in ("/images/", "/images/x.json", "/images/%s" % self.ID, "/images/%s.part" % self.ID,
                     "/images/..%%2f%s.json" % self.ID):
            self.assertIn(self.status(path), (400, 404), path)
        self.assertIsNone(self.fetch("tftp://%s/images/%s.json" % (EDGE, self.ID), check=False))
        self.assertEqual(set(self.heard("image")), {self.ID + ".raw.zst"})

    def test_killed_while_it_comes(self):
        self.make_image()
        self.start()
        self.lease(IPXE)
        self.write("hold-%s.raw.zst" % self.ID, "")
        part = os.path.join(self.state, "images", ".%s.raw.zst.part" % self.ID)
        self.assertEqual(self.status("/images/%s.raw.zst" % self.ID), 503)
        until(10, lambda: os.path.exists(part) and os.path.getsize(part) > 1000000, "half of it")
        self.stop_one(self.edge, signal.SIGKILL)
        self.assertTrue(os.path.exists(part))
        self.start_edge()
        self.assertFalse(os.path.exists(part))
        self.assertFalse(os.path.exists(self.cached(".raw.zst")))
        os.unlink(self.path("hold-%s.raw.zst" % self.ID))
        self.assertEqual(self.comes(".raw.zst"), self.image)
        self.assertEqual(self.heard("image").count(self.ID + ".raw.zst"), 2)

    def test_no_room(self):
        self.make_image()
        self.config("image_cache_mb: 4")
        self.start()
        self.lease(IPXE)
        self.assertEqual(self.comes(".json"), b"manifest")
        until(10, lambda: "No space left" in self.fetch_log(), self.log)
        self.assertEqual(self.status("/images/%s.raw.zst" % self.ID), 503)
        self.assertEqual(sorted(os.listdir(os.path.join(self.state, "images"))), [self.ID + ".json"])

    def fetch_log(self):
        self.status("/images/%s.raw.zst" % self.ID)
        return self.log()


if __name__ == "__main__":
    sys.exit(lab.main() if len(sys.argv) > 1 else __doc__)
