"""Exports datasets with the api alone: python export.py orders,clients 2024-01-01 2024-01-31 FOLDER"""
import hashlib, http.client, json, os, sys, time, urllib.error, urllib.request, uuid
from pathlib import Path

def fetch(url, headers={}, body=None):
    for pause in (1, 2, 4, 8, 16, 0):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as reply:
                return reply.read()
        except urllib.error.HTTPError as error:  # a problem (RFC 9457), which says what to do
            if error.code not in (429, 502, 503, 504) or not pause: sys.exit(error.read().decode())
            pause = max(pause, int(error.headers.get("Retry-After", 0)))
        except (OSError, http.client.HTTPException):  # a broken connection: each request may be sent again
            if not pause: raise
        time.sleep(pause)

def call(path, body=None, **more):
    headers = {"Authorization": f"Bearer {os.environ['SLUICE_KEY']}", "Content-Type": "application/json", **more}
    return json.loads(fetch(f"{os.environ['SLUICE_URL']}/{path}", headers, body and json.dumps(body).encode()))

if len(sys.argv) != 5: sys.exit(__doc__)
names, start, end, folder = sys.argv[1:]
Path(folder).mkdir(parents=True, exist_ok=True)
request = {"datasets": names.split(","), "startDate": start, "endDate": end}
export = call("exports", request, **{"Idempotency-Key": str(uuid.uuid4())})  # sent again, it creates no second export
while export["status"] in ("queued", "running"):
    export = call(f"exports/{export['id']}", Prefer="wait=20")  # a long poll: responds as soon as it has ended
    time.sleep(1)
if export["status"] != "succeeded": sys.exit(json.dumps(export["errors"], indent=2))
page = f"exports/{export['id']}/files?links=true&limit=20"  # few at a time: a link is valid for 15 minutes
while page:
    listed = call(page)
    for file in listed["files"]:
        data = fetch(file["link"])  # without the key: the link is signed
        assert hashlib.sha256(data).hexdigest() == file["sha256"], file["name"]
        Path(folder, file["name"]).write_bytes(data)
        print(file["name"], file["rows"])
    page = listed.get("next")
