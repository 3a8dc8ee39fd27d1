"""Exports datasets with the api alone: python export.py orders,clients 2024-01-01 2024-01-31 FOLDER"""
import hashlib, json, os, sys, time, urllib.error, urllib.request, uuid
from pathlib import Path

def call(path, body=None, **headers):
    headers |= {"Authorization": f"Bearer {os.environ['SLUICE_KEY']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    while True:
        try:
            request = urllib.request.Request(f"{os.environ['SLUICE_URL']}/{path}", data, headers)
            with urllib.request.urlopen(request) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:  # a problem (RFC 9457), unless it passes
            if error.code not in (429, 502, 503, 504): sys.exit(error.read().decode())
            time.sleep(int(error.headers.get("Retry-After", 2)))

names, start, end, folder = sys.argv[1:]
Path(folder).mkdir(parents=True, exist_ok=True)
request = {"datasets": names.split(","), "startDate": start, "endDate": end}
export = call("exports", request, **{"Idempotency-Key": str(uuid.uuid4())})  # sent again, it creates no second export
while export["status"] in ("queued", "running"):
    time.sleep(1)
    export = call(f"exports/{export['id']}", Prefer="wait=20")  # a long poll: responds as soon as it has ended
if export["status"] != "succeeded": sys.exit(json.dumps(export["errors"], indent=2))
page = f"exports/{export['id']}/files?links=true"
while page:
    listed = call(page)
    for file in listed["files"]:
        with urllib.request.urlopen(file["link"]) as reply: data = reply.read()  # without the key: the link is signed
        assert hashlib.sha256(data).hexdigest() == file["sha256"], file["name"]
        Path(folder, file["name"]).write_bytes(data)
        print(file["name"], file["rows"])
    page = listed.get("next")
