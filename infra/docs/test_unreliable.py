"""The proxy that breaks connections, and the example client in Python behind it, with an api that has one export."""

import hashlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from pages import ROOT
from unreliable import Line, Unreliable

CONTENT = b"id\n" + b"1\n" * 5000


class Api(BaseHTTPRequestHandler):
    """Counts the exports that were requested under one key, and hands out a link to its only file."""

    def log_message(self, *_):
        """Nothing is logged."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        text = json.dumps(self.body()).encode() if self.server.bucket else CONTENT
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def body(self):
        if self.command == "POST":
            self.server.keys.append(self.headers["Idempotency-Key"])
        if "/files" not in self.path:
            return {"id": "e", "status": "queued" if self.command == "POST" else "succeeded", "errors": []}
        link, digest = f"{self.server.bucket.url}/orders?signature", hashlib.sha256(CONTENT).hexdigest()
        return {"files": [{"name": "orders.all.csv", "rows": 5000, "link": link, "sha256": digest}]}


def serve(bucket=None):
    line = Line([])
    line.RequestHandlerClass, line.bucket, line.keys = Api, bucket, []
    return line


class Clients(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.bucket = serve()
        self.api = serve(self.bucket)
        self.proxy = Unreliable(f"{self.api.url}/api/v1")

    def tearDown(self):
        self.proxy.close()
        for line in (self.api, self.bucket):
            line.shutdown()
            line.server_close()

    def get(self, path):
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.proxy.url + path).read()

    def test_the_first_requests_fail_in_three_ways_and_links_lead_through_the_proxy(self):
        with self.assertRaises((http.client.RemoteDisconnected, urllib.error.URLError)):
            self.get("/exports/e")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.get("/exports/e")
        self.assertEqual((refused.exception.code, refused.exception.headers["Retry-After"]), (503, "1"))
        with self.assertRaises(http.client.IncompleteRead):
            self.get("/exports/e")
        self.assertEqual(json.loads(self.get("/exports/e"))["id"], "e")
        self.assertEqual(self.proxy.unused(), [])
        link = json.loads(self.get("/exports/e/files"))["files"][0]["link"]
        self.assertTrue(link.startswith(self.proxy.files.url), link)
        self.assertEqual(self.proxy.unused(), ["half"])

    def test_the_python_client_completes_over_broken_lines(self):
        with tempfile.TemporaryDirectory() as home:
            words = [sys.executable, ROOT / "docs/clients/export.py", "orders", "2024-01-01", "2024-01-31", home]
            kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
            variables = {**kept, "SLUICE_URL": self.proxy.url, "SLUICE_KEY": "slc_test"}
            done = subprocess.run(words, env=variables, capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(Path(home, "orders.all.csv").read_bytes(), CONTENT)
        self.assertEqual(self.proxy.unused(), [])
        self.assertEqual((len(self.api.keys), len(set(self.api.keys))), (3, 1), "each try has the same key")


if __name__ == "__main__":
    unittest.main()
