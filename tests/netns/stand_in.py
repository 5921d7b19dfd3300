# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller for tests of the edge alone: what cloudied would never say, and when it would not.

Usage: stand_in.py FOLDER    listens on 127.0.0.1:8443 with FOLDER/cert.pem and key.pem; what it
answers stands in FOLDER/answers.json, read anew for each request; what it heard is appended to
FOLDER/heard.jsonl. Assets are the files of FOLDER/assets, images those of FOLDER/images; while there
is FOLDER/hold-NAME, half of the image NAME is sent.
"""
import hashlib
import http.server
import json
import os
import ssl
import sys
import threading
import time

folder = sys.argv[1]
lock = threading.Lock()
seen = set()


def answers():
    with open(os.path.join(folder, "answers.json"), encoding="utf-8") as f:
        return json.load(f)


def heard(what, body):
    with lock, open(os.path.join(folder, "heard.jsonl"), "a", encoding="utf-8") as f:
        f.write(json.dumps({"what": what, "body": body}) + "\n")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", etag=None):
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        self.send_response(status)
        if etag:
            self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def tagged(self, body):
        etag = '"%s"' % hashlib.sha256(body).hexdigest()[:16]
        if self.headers.get("If-None-Match") == etag:
            self.answer(304, etag=etag)
        else:
            self.answer(200, body, etag)

    def is_known(self):
        if self.headers.get("Authorization") == "Bearer " + "c" * 64:
            return True
        self.answer(401)
        return False

    def image(self, name):
        heard("image", name)
        try:
            with open(os.path.join(folder, "images", name), "rb") as f:
                body = f.read()
        except FileNotFoundError:
            self.answer(404)
            return
        self.send_response(200)
        self.send_header("ETag", '"%s"' % hashlib.sha256(body).hexdigest())
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        while os.path.exists(os.path.join(folder, "hold-" + name)):
            time.sleep(0.05)
        try:
            self.wfile.write(body[half:])
        except OSError:
            self.close_connection = True  # killed, or no room

    def do_GET(self):
        if not self.is_known():
            return
        if self.path == "/edge/v1/config":
            self.tagged(json.dumps(answers()["config"]).encode())
            return
        name = os.path.basename(self.path)
        if self.path.startswith("/edge/v1/images/"):
            self.image(name)
            return
        path = os.path.join(folder, "assets", name)
        while os.path.exists(os.path.join(folder, "hold-" + name)):
            time.sleep(0.05)
        if not os.path.exists(path):
            self.answer(404)
            return
        with open(path, "rb") as f:
            self.tagged(f.read())

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/edge/v1/join":
            heard("join", body["name"])
            ok = body["token"] == "a" * 64
            self.answer(200 if ok else 403, {"credential": "c" * 64} if ok else {})
            return
        if not self.is_known():
            return
        if self.path == "/edge/v1/plan":
            heard("plan", body)
            now = answers()
            time.sleep(now.get("plan_delay_s", 0))
            self.answer(200, now["plan"])
        elif self.path == "/edge/v1/events":
            with lock:
                new = [e for e in body["events"] if e["seq"] not in seen]
                seen.update(e["seq"] for e in new)
            for event in new:
                heard("event", event)
            self.answer(200, {"acknowledged": body["events"][-1]["seq"]})
        else:
            self.answer(404)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
