"""Runs one export without reuse to its end and prints {"export": ..., "chunks": [...]} as the api returns them.

Reads JSON from standard input: {"url": base of the api, "key": key, "request": the request without datasets,
"without": [datasets that are left out]}.
"""

import json
import sys
import time
import urllib.request

from chunks import pages


def call(job, path, body=None):
    request = urllib.request.Request(job["url"] + path, json.dumps(body).encode() if body else None)
    request.add_header("Authorization", f"Bearer {job['key']}")
    request.add_header("Cache-Control", "no-cache")
    if body:
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def main():
    job = json.load(sys.stdin)
    datasets = sorted({one["name"] for one in call(job, "/datasets")["datasets"]} - set(job["without"]))
    export = call(job, "/exports", {"datasets": datasets, **job["request"]})
    while export["status"] in ("queued", "running"):
        time.sleep(0.25)
        export = call(job, f"/exports/{export['id']}")
    if export["status"] != "succeeded":
        sys.exit(f"the export {export['status']}: {export.get('errors')}")
    chunks = [chunk for page in pages(job["url"], job["key"], export["id"]) for chunk in page]
    json.dump({"export": export, "chunks": chunks}, sys.stdout)


if __name__ == "__main__":
    main()
