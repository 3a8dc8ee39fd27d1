"""A proxy before the api and the files: it breaks connections, so that a client shows what it does then.

Of the requests to the api the first gets no response although it is carried out, the second a 503, and the third a
response that ends in its middle. Of the files the first ends in its middle. Everything after that is passed on.
"""

import re
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOCAL = re.compile(rb"http://127\.0\.0\.1:\d+")
# Headers that hold for one connection only, or that the proxy sets.
OWN = {"connection", "content-length", "host", "keep-alive", "transfer-encoding", "date", "server", "accept-encoding"}
BUSY = b'{"type": "about:blank", "title": "Service Unavailable", "status": 503}'


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)


class Line(ThreadingHTTPServer):
    """One side of the proxy: it passes requests on to `target`, and breaks the first as planned."""

    daemon_threads = True

    def __init__(self, plan, target=None, files=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.plan, self.target, self.files, self.lock = list(plan), target, files, threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def fault(self):
        with self.lock:
            return self.plan.pop(0) if self.plan else None

    def rewritten(self, text):
        """A text of the api whose links to files lead through the proxy."""
        if not self.files:
            return text
        for found in set(LOCAL.findall(text)) - {self.target.encode(), self.files.url.encode()}:
            self.files.target = found.decode()
            text = text.replace(found, self.files.url.encode())
        return text

    def handle_error(self, *_):
        """A connection that was broken is no error."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Nothing is logged."""

    def do_GET(self):
        fault = self.server.fault()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
        if fault == "busy":
            return self.reply(503, [("Retry-After", "1"), ("Content-Type", "application/problem+json")], BUSY)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OWN}
        request = urllib.request.Request(self.server.target + self.path, body, headers, method=self.command)
        try:
            with OPENER.open(request, timeout=60) as found:
                status, received, text = found.status, found.headers, found.read()
        except urllib.error.HTTPError as error:
            status, received, text = error.code, error.headers, error.read()
        kept = [(name, value) for name, value in received.items() if name.lower() not in OWN]
        kept = [(name, self.server.rewritten(value.encode()).decode()) for name, value in kept]
        self.close_connection = fault is not None
        if fault != "dropped":
            self.reply(status, kept, self.server.rewritten(text), half=fault == "half")

    do_POST = do_DELETE = do_GET

    def reply(self, status, headers, text, half=False):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text[: len(text) // 2] if half else text)


class Unreliable:
    """The proxy before an api at this base URL."""

    def __init__(self, url):
        host, path = re.match(r"(http://[^/]+)(.*)", url).groups()
        self.files = Line(["half"])
        self.api = Line(["dropped", "busy", "half"], host, self.files)
        self.url = self.api.url + path

    def unused(self):
        """The faults for which there was no request; of files only if there were links to any."""
        return self.api.plan + (self.files.plan if self.files.target else [])

    def close(self):
        for line in (self.api, self.files):
            line.shutdown()
            line.server_close()
