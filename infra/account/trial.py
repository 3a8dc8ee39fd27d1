"""The trial on its place: deployed once, with a catalog and a key, and the exports that the steps read."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.request import Request, urlopen

from botocore.exceptions import ClientError

import bill
import logs
import place as places
import remains
import rows
from deployment import Deployment

TENANT = "trial"
# Metrics of AWS arrive within this time.
METRICS_SECS = 5 * 60
# An export that takes longer has stopped.
EXPORT_SECS = 60 * 60
REPORT = "Billed Duration: "


class Exported(NamedTuple):
    """An export that was downloaded and compared."""

    id: str
    chunks: int
    repeated: int
    bytes: int
    secs: float
    faults: list

    def text(self, dataset):
        """One line of evidence."""
        read = f"{self.chunks:,} chunks and {dataset.rows:,} rows in {self.secs:.0f} s"
        fine = "all rows are those that were computed, and `sluice verify` found no fault"
        return f"{read}; {'; '.join(self.faults[:3]) or fine}"


class Trial:
    """State of one run, which all steps share."""

    def __init__(self, place, name=None):
        self.place = place
        self.name = name or f"account-test-{secrets.token_hex(3)}"
        self.artifacts = Deployment(place, f"{self.name}-artifacts")
        self.main = Deployment(place, self.name, self.artifacts)
        self.second = Deployment(place, f"{self.name}-second", self.artifacts)
        self.small, self.large = rows.small(place.chunks), rows.large(place.rows)
        self.folder = tempfile.mkdtemp(prefix="sluice-account-test-")
        self.key = None
        self.targets = []
        self.usage = {}
        # Time of the rotation, and duration of the deployment.
        self.rotated = None
        self.deployed_secs = 0
        # Text of `sluice admin check` after the deployment.
        self.check = ""
        self.exports = {}
        # Exports whose metrics have had time to arrive.
        self.awaited = None
        self.began = datetime.now(timezone.utc)
        if name:
            self._attach()

    # --- deployment ---

    def deploy(self):
        """Deploys the trial, unless it is deployed, and gives it a catalog and a key."""
        if not self.main.outputs:
            began = time.monotonic()
            if failure := self.main.create(self.place.trial(), self._watch_target):
                raise RuntimeError(failure)
            self.deployed_secs = time.monotonic() - began
        if self.key is None:
            self.check = self.checked()
            self.apply(self.small, self.large)
            self.key = self.new_key()
        return self.main

    def new_key(self):
        """Creates a key of the tenant of the trial."""
        return self.admin({"command": "keys create", "tenant": TENANT, "label": self.name})["data"]["key"]

    def _attach(self):
        """Takes over the deployments that an earlier run has kept."""
        try:
            self.main.attach()
        except ClientError as error:
            sys.exit(f"there is no deployment {self.name}: {error.response['Error']['Message']}")
        except RuntimeError as error:
            sys.exit(str(error))
        for deployment in (self.second, self.artifacts):
            deployment.attempted = True
        with contextlib.suppress(ClientError):
            self.second.attach()

    def deploy_second(self):
        """Deploys a second trial without the proxy, unless it is deployed; None, or why it failed."""
        if not self.second.outputs:
            parameters = {
                **self.place.trial(),
                "Pooler": "none",
                "ReserveConcurrency": "true",
                "Budget": "2",
                "StoreSessions": "16",
            }
            if failure := self.second.create(parameters):
                return failure
            self.checked(self.second)
        return None

    def bucket_is_gone(self, bucket):
        """Reports whether a bucket does not exist."""
        return not remains.exists(self.place.client, "AWS::S3::Bucket", bucket)

    def apply(self, *datasets):
        """Puts a catalog of these datasets in force."""
        text = "\n".join(dataset.catalog() for dataset in datasets)
        return self.admin({"command": "catalog apply", "catalog": text, "allowRemoval": True})

    def checked(self, deployment=None):
        """The text of `sluice admin check`, which must find no problem."""
        return self.admin({"command": "check"}, deployment)["text"]

    def admin(self, event, deployment=None, may_fail=False):
        """Invokes the admin function. A response that is not ok is an error, unless it may be."""
        name = (deployment or self.main).outputs["AdminFunctionName"]
        answer = self.place.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
        body = json.load(answer["Payload"])
        if answer.get("FunctionError") or not (body["ok"] or may_fail):
            raise RuntimeError(f"admin {event['command']}: {body.get('text', body)}")
        return body

    def function(self, name):
        """The name of a function of the deployment."""
        return self.deploy().outputs[f"{name}FunctionName"]

    def proxy(self):
        """The name of the proxy."""
        return f"sluice-{self.name}"

    def _watch_target(self):
        """Records how the proxy's target becomes healthy while the stack is created."""
        if self.place.emulated:
            return
        # There is no proxy at first.
        with contextlib.suppress(ClientError):
            for target in self.place.client("rds").describe_db_proxy_targets(DBProxyName=self.proxy())["Targets"]:
                health = target.get("TargetHealth", {})
                state = " ".join(filter(None, (health.get("State"), health.get("Reason"))))
                if not self.targets or self.targets[-1][1] != state:
                    self.targets.append((time.time(), state))

    # --- exports ---

    def sluice(self, *words):
        """Runs the command `sluice`; its JSON."""
        self.deploy()
        env = {**os.environ, "SLUICE_URL": self.place.url(self.main.outputs), "SLUICE_KEY": self.key}
        command = [os.environ["SLUICE_CLI"], "--json", *words]
        result = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if result.returncode:
            raise RuntimeError(f"`sluice {' '.join(words)}`: {result.stderr[-500:]}{result.stdout[-500:]}")
        return json.loads(result.stdout)

    def request(self, path):
        """Reads a resource of the API."""
        url = f"{self.place.url(self.main.outputs)}/{path}"
        with urlopen(Request(url, headers={"Authorization": f"Bearer {self.key}"}), timeout=60) as answer:
            return json.load(answer)

    def submit(self, dataset):
        """Sends an export of the whole dataset; its id. Without settle_after no chunk of another export is reused."""
        self.deploy()
        return self.sluice(
            "export", dataset.name, "--from", str(dataset.first), "--to", str(dataset.last), "--no-wait"
        )["export"]["id"]

    def done(self, export):
        """Number of chunks that are done, and the status of the export."""
        found = self.request(f"exports/{export}")
        return found["progress"]["chunks"]["done"], found["status"]

    def until(self, export, met, poll):
        """Waits until the number of done chunks and the status of an export meet a condition."""
        give_up = time.monotonic() + EXPORT_SECS
        while not met(*(state := self.done(export))):
            if time.monotonic() > give_up:
                raise RuntimeError(f"export {export} has stopped: {state}")
            places.wait(poll)
        return state

    def fetched(self, dataset, export, secs):
        """Downloads an export that ended, compares its rows and adds what it used to the bill."""
        folder = os.path.join(self.folder, export)
        found = self.request(f"exports/{export}")
        if found["status"] != "succeeded":
            return Exported(export, 0, 0, 0, secs, [f"the export {found['status']}: {found.get('errors')}"])
        self.sluice("download", export, "--out", folder)
        verified = self.sluice("verify", folder)
        faults = [*(f"{one['subject']}: {one['message']}" for one in verified["faults"]), *dataset.compare(folder)]
        shutil.rmtree(folder)
        chunks = self._chunks(export)
        # Functions are billed by their REPORT lines; everything else of the export is counted here.
        used = bill.work(len(chunks), 0, 0, verified["bytes"])
        self.usage = bill.added(self.usage, {**used, "INVOCATION": 0})
        repeated = sum(one["attempt"] > 1 for one in chunks)
        return Exported(export, len(chunks), repeated, verified["bytes"], secs, faults)

    def exported(self, dataset):
        """The whole dataset, exported and compared once."""
        if dataset.name not in self.exports:
            began, export = time.monotonic(), self.submit(dataset)
            self.until(export, lambda _, status: ended(status), 0.5 if self.place.emulated else 2)
            self.exports[dataset.name] = self.fetched(dataset, export, time.monotonic() - began)
        return self.exports[dataset.name]

    def fresh(self, dataset):
        """The dataset, exported and compared once more."""
        self.exports.pop(dataset.name, None)
        return self.exported(dataset)

    def _chunks(self, export):
        found, cursor = [], ""
        while cursor is not None:
            page = self.request(f"exports/{export}/chunks?limit=1000{f'&cursor={cursor}' if cursor else ''}")
            found += page["chunks"]
            cursor = page.get("nextCursor")
        return found

    def rotate(self):
        """Rotates both passwords, as infra/README.md describes it."""
        client = self.place.client("secretsmanager")
        self.rotated = time.time()
        for of in ("Source", "Store"):
            secret = self.place.secret(self.main.outputs, of)
            text = json.loads(client.get_secret_value(SecretId=secret)["SecretString"])
            client.put_secret_value(
                SecretId=secret, SecretString=json.dumps({**text, "password": secrets.token_hex(20)})
            )
        self.admin({"command": "migrate"})

    # --- observation ---

    def metric(self, namespace, name, statistic="Sum", **dimensions):
        """Values of a metric since the run began, one for each minute, after it had time to arrive."""
        self._await_metrics()
        found = self.place.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Statistics=[statistic],
            Period=60,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=self.began,
            EndTime=datetime.now(timezone.utc),
        )
        return [one[statistic] for one in sorted(found["Datapoints"], key=lambda one: one["Timestamp"])]

    def _await_metrics(self):
        """Waits until the metrics of the last export have arrived, once for each export."""
        last = [one.id for one in self.exports.values()]
        if last != self.awaited:
            places.note(f"waiting {METRICS_SECS // 60} minutes for metrics")
            places.wait(METRICS_SECS)
            self.awaited = last

    def lines(self, function, pattern):
        """Messages of a function's log since the run began."""
        client = self.place.client("logs")
        group = f"/sluice/{self.name}/{function}"
        if self.place.emulated:
            # It gives FilterLogEvents no token to continue with.
            return [line for line in logs.lines(client, group) if pattern.strip('"') in line]
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern, startTime=int(self.began.timestamp() * 1000)
        )
        return [event["message"] for page in pages for event in page["events"]]

    def alarm(self, name):
        """State of an alarm of the deployment."""
        found = self.place.client("cloudwatch").describe_alarms(AlarmNames=[f"sluice-{self.name}-{name}"])[
            "MetricAlarms"
        ]
        return found[0]["StateValue"] if found else "missing"

    def read_usage(self):
        """Adds what the functions and the resources used to the bill, before the deletion takes the logs."""
        for deployment in (self.main, self.second):
            if deployment.began:
                hours = (time.time() - deployment.began) / 3600
                self.usage = bill.added(self.usage, bill.hourly(self._billed(deployment), hours))
        for function in ("api", "worker", "sweeper", "deliver", "notify", "admin"):
            memory = None
            for line in self.lines(function, '"REPORT RequestId"') if self.main.outputs else []:
                if REPORT not in line:
                    continue
                memory = memory or int(line.split("Memory Size: ")[1].split()[0])
                secs = float(line.split(REPORT)[1].split()[0]) / 1000
                used = {"GB_SECOND": secs * memory / 1024, "INVOCATION": 1, "API_REQUEST": int(function == "api")}
                self.usage = bill.added(self.usage, used)

    def _billed(self, deployment):
        """Types of the resources that are billed by the hour. A gateway endpoint costs nothing."""
        kinds = [kind for kind, _ in deployment.resources]
        if not self.place.emulated and "AWS::EC2::VPCEndpoint" in kinds:
            kinds.remove("AWS::EC2::VPCEndpoint")
        return kinds

    def close(self):
        """Removes the downloaded files."""
        shutil.rmtree(self.folder, ignore_errors=True)


def ended(status):
    """Reports whether an export has ended."""
    return status in ("succeeded", "failed", "canceled", "expired")
