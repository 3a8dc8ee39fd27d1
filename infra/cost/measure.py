"""Measures runs of a stack for infra/measured.json: what rows cost in each format, and how long exports took.

    python measure.py stack.json BUDGET [FORMAT...] > measured.json      # a stack of `cargo x up`, with the whole sample

Exports the sample's eleven months once per format, without reuse.
"""

import json
import sys
import time
import urllib.request
from datetime import datetime

from chunks import pages

FORMATS = [
    ("csv.gzip", {"format": "csv", "compression": "gzip"}),
    ("csv.zstd", {"format": "csv", "compression": "zstd"}),
    ("ndjson.gzip", {"format": "ndjson", "compression": "gzip"}),
    ("parquet.zstd", {"format": "parquet", "compression": "zstd"}),
]
# Datasets with values that Parquet does not hold; they are left out of every format.
NOT_IN_PARQUET = {"agent_shifts", "bins", "brands", "coupons", "every_type", "lots", "routes"}
# A chunk of fewer rows says more of its beginning and end than of its rows.
LEAST_ROWS = 20_000
# Seconds of a session per byte of binary COPY, from a client that is never waited for: what the bench measured and
# functions/lib/export/src/forecast.rs says. On one machine with everything else it cannot be told apart.
SESSION_SECS_PER_BYTE = 1.65 / 271e6


def call(stack, path, body=None):
    request = urllib.request.Request(stack["url"] + path, json.dumps(body).encode() if body else None)
    request.add_header("Authorization", f"Bearer {stack['key']}")
    request.add_header("Cache-Control", "no-cache")
    if body:
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def secs(begun, ended):
    def at(text):
        return datetime.fromisoformat(text.replace("Z", "+00:00"))

    return (at(ended) - at(begun)).total_seconds()


def run(stack, datasets, output):
    """One export: it and its chunks."""
    body = {"datasets": datasets, "startDate": "2023-08-31", "endDate": "2024-08-04", **output}
    export = call(stack, "/exports", body)
    while export["status"] in ("queued", "running"):
        time.sleep(0.25)
        export = call(stack, f"/exports/{export['id']}")
    if export["status"] != "succeeded":
        sys.exit(f"the export {export['status']}: {export.get('errors')}")
    return export, with_planned([chunk for page in pages(stack["url"], stack["key"], export["id"]) for chunk in page])


def with_planned(chunks):
    """Adds the planned bytes that the api does not show: those of datasets with a tenant column are taken from their files, in the
    proportion of the others."""
    shown = [chunk for chunk in chunks if "plannedBytes" in chunk and chunk.get("bytes")]
    per_byte = sum(chunk["plannedBytes"] for chunk in shown) / sum(chunk["bytes"] for chunk in shown)
    return [{"plannedBytes": round(chunk.get("bytes", 0) * per_byte), **chunk} for chunk in chunks]


def summary(chunks):
    """What rows cost."""
    large = [chunk for chunk in chunks if chunk["rows"] >= LEAST_ROWS]

    def total(name):
        return sum(chunk[name] for chunk in large)

    return {
        "chunks": len(large), "rows": total("rows"), "sourceBytes": total("plannedBytes"), "fileBytes": total("bytes"),
        "cpuSecs": round(total("cpuMs") / 1000, 3), "databaseSecs": round(total("plannedBytes") * SESSION_SECS_PER_BYTE, 3),
    }


def timeline(name, budget, export, chunks):
    """How long the export took, and each of its chunks in the order in which they began."""
    ended = [(chunk["attempts"][-1], chunk) for chunk in chunks]
    ended.sort(key=lambda one: one[0]["startedAt"])
    return {
        "format": name, "budget": budget, "wallSecs": round(secs(export["acceptedAt"], export["endedAt"]), 3),
        "chunkSecs": [round(secs(attempt["startedAt"], attempt["endedAt"]), 3) for attempt, _ in ended],
        "plannedBytes": [chunk["plannedBytes"] for _, chunk in ended],
    }


def main():
    stack, budget = json.load(open(sys.argv[1])), int(sys.argv[2])
    chosen = sys.argv[3:] or [name for name, _ in FORMATS]
    datasets = sorted({one["name"] for one in call(stack, "/datasets")["datasets"]} - NOT_IN_PARQUET)
    found = {"formats": {}, "runs": []}
    for name, output in [(name, output) for name, output in FORMATS if name in chosen]:
        export, chunks = run(stack, datasets, output)
        found["formats"][name] = summary(chunks)
        found["runs"].append(timeline(name, budget, export, chunks))
        print(name, found["formats"][name], found["runs"][-1]["wallSecs"], file=sys.stderr)
    json.dump(found, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
