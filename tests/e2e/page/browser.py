"""A browser on the page: signs in, keeps what the page requests and reports, and runs axe.

Each script takes one JSON argument: {"url", "key", "chromium", "folder"}; `url` is that of the api.
"""

import json
import sys
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

SETTINGS = json.loads(sys.argv[1])
# Other tests use the two cores, too.
TIMEOUT_MS = 60_000
# Limits of a tenant, for scripts that respond in place of the api.
LIMITS = {"readOnly": False, **{name: {"used": 0, "maximum": 4} for name in ("activeExports", "queuedExports", "keptExports", "keptChunks", "keptRequestBytes")},
          "datasetsPerExport": 10, "chunksPerExport": 10, "deadlineSeconds": 60, "retentionSeconds": 60, "linkSeconds": 60}


def page_url():
    """Address of the page: the root of the api's host."""
    return SETTINGS["url"].removesuffix("/").removesuffix("/api/v1") + "/"


class Browser:
    """One tab, and what it has done."""

    def __init__(self, context):
        self.tab = context.new_page()
        self.requests, self.reports = [], []
        self.tab.on("request", lambda request: self.requests.append((time.monotonic(), request.method, request.url)))
        self.tab.on("console", lambda message: self.reports.append(message.text) if message.type in ("error", "warning") else None)
        self.tab.on("pageerror", lambda error: self.reports.append(f"error: {error}"))

    def sign_in(self, key=None):
        self.tab.get_by_label("API key").fill(key or SETTINGS["key"])
        self.tab.get_by_role("button", name="Sign in").click()

    def check(self, view):
        """Fails if axe finds a violation, or if the view is wider than the window."""
        found = Axe().run(self.tab).response["violations"]
        words = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found]
        assert not found, f"axe, {view}: {words}"
        wider = self.tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, f"{view} is {wider} px wider than the window"

    def check_reports(self):
        """Fails if the page has an error, or did what its policy forbids. Responses with an error status are no fault."""
        bad = [text for text in self.reports if not text.startswith("Failed to load resource")]
        assert not bad, bad

    def check_origins(self, *more):
        """Fails if a request went to another origin than the page's own and these."""
        allowed = {urlsplit(page_url()).netloc, *more}
        sent = {urlsplit(url).netloc for _, _, url in self.requests if url.startswith("http")}
        assert sent <= allowed, sent - allowed


@contextmanager
def browser(width=1280, height=900, **options):
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=SETTINGS["chromium"])
        context = chromium.new_context(viewport={"width": width, "height": height}, locale="en-GB", **options)
        context.set_default_timeout(TIMEOUT_MS)
        expect.set_options(timeout=TIMEOUT_MS)
        try:
            yield Browser(context)
        finally:
            chromium.close()
