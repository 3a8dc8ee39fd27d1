"""Commands of an operator that follow a deployment: `check`, the catalog of a trial, and the first key."""

import json
import time
from pathlib import Path

import cloud

# Catalog of a trial: a dataset that needs no table.
TRIAL = Path(__file__).with_name("trial.toml")
# Attempts of `check`, since a proxy may accept sessions a little later than it exists, and seconds between two of them.
CHECKS, BETWEEN_SECS = 3, 10


def finish(job):
    """{"check": {"ok", "text"}, "catalog": text or null, "key": key or null, "notes"}."""
    admin = Admin(job["region"], job["function"])
    checked = {}
    for attempt in range(CHECKS):
        checked = admin.ask({"command": "check"})
        if checked["ok"] or cloud.is_local() or attempt + 1 == CHECKS:
            break
        time.sleep(BETWEEN_SECS)
    notes = []
    catalog = trial_catalog(admin, notes) if job["trial"] else None
    key = first_key(admin, job["tenant"], notes) if job["keys"] else None
    return {"check": checked, "catalog": catalog, "key": key, "notes": notes}


class Admin:
    """The admin function of one deployment."""

    def __init__(self, region, function):
        self.client, self.function = cloud.client("lambda", region), function

    def ask(self, event):
        """{"ok", "text", "data"} of a command; a crash is a failed one."""
        reply = self.client.invoke(FunctionName=self.function, Payload=json.dumps(event).encode())
        body = json.loads(reply["Payload"].read() or "null")
        if reply.get("FunctionError") or not isinstance(body, dict) or "ok" not in body:
            why = body.get("errorMessage") if isinstance(body, dict) else body
            return {"ok": False, "text": f"the admin function failed: {why}", "data": {}}
        return body


def trial_catalog(admin, notes):
    """Applies the catalog of a trial, unless there is a catalog; what `apply` says."""
    if admin.ask({"command": "catalog show"})["ok"]:
        return None
    applied = admin.ask({"command": "catalog apply", "catalog": TRIAL.read_text()})
    if not applied["ok"]:
        notes.append(f"the catalog of the trial was not applied: {applied['text']}")
        return None
    return applied["text"]


def first_key(admin, tenant, notes):
    """Creates a key unless there are keys."""
    listed = admin.ask({"command": "keys list"})
    if not listed["ok"]:
        notes.append(f"no key was created: {listed['text']}")
        return None
    if listed["data"].get("keys"):
        return None
    created = admin.ask({"command": "keys create", "tenant": tenant, "label": "first key"})
    if not created["ok"]:
        notes.append(f"no key was created: {created['text']}")
        return None
    return created["data"]["key"]
