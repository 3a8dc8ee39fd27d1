"""A CloudFormation stack: its state, what is going on in it, its end."""

import datetime
import sys
import time

import cloud
import secret_values

# A first deployment that failed; only deleting it is left.
FAILED_FIRST = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
NESTED = "AWS::CloudFormation::Stack"
# Silence in seconds after which what is in progress is named.
SILENCE_SECS = 60
# Time in seconds after which a deletion is repeated, and how often: Lambda removes its network interfaces within 40 minutes.
RETRY_SECS, RETRIES = 300, 9


def found(cloudformation, name):
    """{"id", "status", "parameters", "outputs"} of a stack; None without one."""
    try:
        one, = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except cloudformation.exceptions.ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    if one["StackStatus"] == "DELETE_COMPLETE":
        return None
    return {
        "id": one["StackId"], "status": one["StackStatus"], "reason": one.get("StackStatusReason", ""),
        "parameters": {p["ParameterKey"]: p.get("ParameterValue", "") for p in one.get("Parameters", [])},
        "outputs": {o["OutputKey"]: o["OutputValue"] for o in one.get("Outputs", [])},
    }


def state(job):
    """{"account", "stack": as `found`, "failedFirst", "reasons": those of a failed first deployment, "busy"}: what the
    deployment begins with."""
    account = cloud.client("sts", job["region"]).get_caller_identity()["Account"]
    cloudformation = cloud.client("cloudformation", job["region"])
    there = found(cloudformation, job["stack"])
    status = there["status"] if there else ""
    failed = status in FAILED_FIRST
    return {
        "account": account, "stack": there, "local": cloud.is_local(), "failedFirst": failed,
        "reasons": History(cloudformation, there["id"]).failures if failed else [],
        "busy": status.endswith("IN_PROGRESS") and status != "REVIEW_IN_PROGRESS",
    }


def forget(cloudformation, name):
    """Deletes a stack that a first change set left without a resource."""
    there = found(cloudformation, name)
    if there and there["status"] == "REVIEW_IN_PROGRESS":
        cloudformation.delete_stack(StackName=there["id"])
        while found(cloudformation, there["id"]):
            time.sleep(cloud.pause_secs())


def execute(job, during=None):
    """Executes the job's change set and follows it; as `ended`. `during` is called at every look at the stack."""
    cloudformation = cloud.client("cloudformation", job["region"])
    there = found(cloudformation, job["stack"])
    events = Events(cloudformation, there["id"])
    cloudformation.execute_change_set(ChangeSetName=job["changeSet"])
    return ended(cloudformation, there["id"], events, during)


def follow(job):
    """Follows what another command has begun; as `ended`."""
    cloudformation = cloud.client("cloudformation", job["region"])
    there = found(cloudformation, job["stack"])
    return ended(cloudformation, there["id"], Events(cloudformation, there["id"])) if there else {"ok": True}


def ended(cloudformation, arn, events, during=None):
    """{"ok", "status", "reasons", "outputs"} once nothing changes any more."""
    while True:
        events.show()
        if during:
            during()
        one, = cloudformation.describe_stacks(StackName=arn)["Stacks"]
        status = one["StackStatus"]
        if not status.endswith("IN_PROGRESS"):
            break
        time.sleep(cloud.pause_secs())
    events.show()
    return {
        "ok": status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"), "status": status,
        "reasons": events.failures,
        "outputs": {o["OutputKey"]: o["OutputValue"] for o in one.get("Outputs", [])},
    }


class Events:
    """Events of a stack and its nested ones since this was created."""

    def __init__(self, cloudformation, arn):
        self.cloudformation = cloudformation
        self.stacks = {arn: ""}
        self.failures = []
        self.waiting = {}
        self.spoken = time.monotonic()
        before = self.fetch(arn)
        self.seen = {event["EventId"] for event in before}
        # A nested stack is found later, and has events of earlier deployments.
        self.since = max((event["Timestamp"] for event in before), default=None)

    def fetch(self, arn):
        """All events of one stack, the latest first."""
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=arn)
        return [event for page in pages for event in page["StackEvents"]]

    def show(self):
        """Prints what has happened since the last call."""
        fresh = [(arn, event) for arn in list(self.stacks) for event in self.fetch(arn) if self.is_new(event)]
        for arn, event in sorted(fresh, key=lambda one: one[1]["Timestamp"]):
            self.seen.add(event["EventId"])
            self.one(arn, event)
        if self.waiting and time.monotonic() - self.spoken > SILENCE_SECS:
            self.say(f"waiting for {', '.join(sorted(self.waiting)[:3])}")

    def is_new(self, event):
        return event["EventId"] not in self.seen and (self.since is None or event["Timestamp"] > self.since)

    def one(self, arn, event):
        """Remembers one event, and prints it if something ended."""
        status, own = event["ResourceStatus"], event.get("PhysicalResourceId", "")
        path = self.stacks[arn] + event["LogicalResourceId"]
        if event["ResourceType"] == NESTED and own and own != arn:
            self.stacks.setdefault(own, f"{path}/")
        if own == arn:
            # A stack's own events; its parent has the same.
            return
        if status.endswith("IN_PROGRESS"):
            self.waiting.setdefault(path, time.monotonic())
            return
        self.waiting.pop(path, None)
        reason = event.get("ResourceStatusReason", "")
        if "FAILED" in status:
            # A resource that was cancelled because of another failure explains nothing.
            if "cancelled" not in reason.lower():
                self.failures.append(f"{path}: {reason}")
            self.say(f"{status:<16} {path}: {reason}", event["Timestamp"])
        else:
            self.say(f"{status:<16} {path}", event["Timestamp"])

    def say(self, text, at=None):
        self.spoken = time.monotonic()
        at = at.astimezone() if at else datetime.datetime.now()
        print(f"  {at:%H:%M:%S}  {text}", file=sys.stderr, flush=True)


class History(Events):
    """All events of a stack and its nested ones, without printing them."""

    def __init__(self, cloudformation, arn):
        super().__init__(cloudformation, arn)
        self.seen, self.since, known = set(), None, 0
        # A nested stack is found among the events of its parent.
        while known < len(self.stacks):
            known = len(self.stacks)
            self.show()

    def say(self, text, at=None):
        pass


def delete(job):
    """Deletes the stack, again while network interfaces hold it up; {"ok", "status", "reasons", "left": what stays,
    "secrets": ARNs of those that are deleted}."""
    cloudformation = cloud.client("cloudformation", job["region"])
    there = found(cloudformation, job["stack"])
    if there is None:
        return {"ok": True, "status": "", "reasons": [], "left": [], "secrets": secrets_deleted(job)}
    outputs = there["outputs"]
    for attempt in range(RETRIES):
        events = Events(cloudformation, there["id"])
        cloudformation.delete_stack(StackName=there["id"])
        result = ended(cloudformation, there["id"], events)
        if result["ok"] or not network_only(cloudformation, there["id"]):
            break
        if attempt + 1 < RETRIES:
            wait = cloud.pause_secs() if cloud.is_local() else RETRY_SECS
            events.say(f"Lambda still holds network interfaces, up to 40 minutes; next attempt in {wait:.0f} s")
            time.sleep(wait)
    left = [f"bucket {outputs['BucketName']}, with its files"] if "BucketName" in outputs else []
    return {**result, "left": left, "secrets": secrets_deleted(job) if result["ok"] else []}


def secrets_deleted(job):
    """The secrets that a deployment created are deleted with it, unless it is repeated at once."""
    return [] if job.get("keepSecrets") else secret_values.delete(job["region"], job["stack"])


def network_only(cloudformation, arn):
    """True if only subnets, security groups and the like, or nested stacks of them, could not be deleted."""
    resources = cloudformation.describe_stack_resources(StackName=arn)["StackResources"]
    stuck = [one for one in resources if one["ResourceStatus"] == "DELETE_FAILED"]
    return bool(stuck) and all(
        one["ResourceType"].startswith("AWS::EC2::")
        or (one["ResourceType"] == NESTED and network_only(cloudformation, one["PhysicalResourceId"]))
        for one in stuck
    )
