"""Prints all chunks of one export as the api returns them.

Reads JSON from standard input: {"url": base of the api, "key": key, "export": id}.
"""

import json
import sys
import urllib.parse
import urllib.request


def pages(url, key, export):
    """The pages of GET /exports/{id}/chunks, one after the other."""
    cursor = None
    while True:
        query = f"?{urllib.parse.urlencode({'cursor': cursor})}" if cursor else ""
        request = urllib.request.Request(f"{url}/exports/{export}/chunks{query}")
        request.add_header("Authorization", f"Bearer {key}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            page = json.load(answer)
        yield page["chunks"]
        cursor = page.get("nextCursor")
        if not cursor:
            return


if __name__ == "__main__":
    job = json.load(sys.stdin)
    json.dump([chunk for page in pages(**job) for chunk in page], sys.stdout)
