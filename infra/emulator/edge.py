"""Answers nginx whether it may serve a file, and with what right it may fetch it: the two things about signatures that
CloudFront does and nginx cannot.

nginx asks before every file, those in its cache included (`auth_request`), with the whole URL in a header. 403: the
link opens nothing. 204: it does, and `X-Origin-Query` signs the request for this one object at the bucket, as an origin
access control does.

The one argument names a JSON file: {"port", "base": "http://127.0.0.1:PORT", "keys": folder, "endpoint", "bucket",
"readable": "/t/", "region", "accessKey", "secretKey"}.
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import signed_link

# It is used at once.
ORIGIN_SECS = 60


class Edge:
    """One distribution."""

    def __init__(self, settings):
        self._settings = settings
        self._keys = signed_link.Keys(settings["keys"])
        self._credentials = Credentials(settings["accessKey"], settings["secretKey"])

    def admit(self, url, now):
        """Query that signs the request at the bucket; raises `Refused`."""
        base = self._settings["base"]
        # The same key may sign for another distribution.
        if not url.startswith(f"{base}/"):
            raise signed_link.Refused("another distribution")
        signed_link.check(url, self._keys, now)
        return self.origin_query(url.removeprefix(base).partition("?")[0])

    def origin_query(self, path):
        """Signs GET for the object at this path; empty outside the folder that the distribution may read."""
        settings = self._settings
        if not path.startswith(settings["readable"]):
            return ""
        request = AWSRequest("GET", f"{settings['endpoint']}/{settings['bucket']}{path}")
        S3SigV4QueryAuth(self._credentials, "s3", settings["region"], expires=ORIGIN_SECS).add_auth(request)
        return request.url.partition("?")[2]


class Handler(BaseHTTPRequestHandler):
    """nginx's questions, over connections that stay open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # The whole answer in one write.
    wbufsize = -1

    def do_GET(self):
        url = self.headers.get("X-Asked-For", "")
        try:
            query = self.server.edge.admit(url, time.time())
        except signed_link.Refused as reason:
            # Without its query: that is what makes it a link.
            print(f"refused {url.partition('?')[0]}: {reason}", flush=True)
            self.send_response_only(403)
            self.send_header("Content-Length", "0")
        else:
            self.send_response_only(204)
            self.send_header("X-Origin-Query", query)
        self.end_headers()

    def log_message(self, *words):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, settings):
        super().__init__(("127.0.0.1", settings["port"]), Handler)
        self.edge = Edge(settings)


if __name__ == "__main__":
    Server(json.loads(Path(sys.argv[1]).read_text())).serve_forever()
