"""One CloudFormation stack of the account test, from its creation to the proof that nothing of it is left.

It is deployed as `cargo x deploy` does it, with the code of infra/deploy.
"""

import time

from botocore.exceptions import ClientError

import place as places
from place import TAG

import change_set
import stack
from parameters import PREVIOUS, Refusal, source

# Lambda gives its network interfaces back up to 40 minutes after the functions are gone.
DELETION_SECS = 80 * 60
AGAIN_SECS = 5 * 60


class Deployment:
    """A stack with the tag of this program."""

    def __init__(self, place, name, artifacts=None):
        """`artifacts` is the stack with the bucket of code and templates, which is a Deployment too."""
        self.place, self.name, self.artifacts = place, name, artifacts
        self.cloudformation = place.client("cloudformation")
        self.id = None
        self.attempted = False
        self.outputs = {}
        # [type, physical id] of all resources, also of those that a failed operation has deleted again.
        self.resources = []
        # Those of a stack of the same name that was deleted.
        self.former = []
        self.began = self.ended = None
        # For each change set, whether CloudFormation listed the changes in nested stacks.
        self.listed = []

    def create(self, parameters, during=None):
        """Creates the stack. Returns None, or the reasons why it failed, after it was rolled back."""
        self.attempted, self.began = True, self.began or time.time()
        return self._run(parameters, during)

    def update(self, parameters):
        """Changes parameters; the others keep their values."""
        job = self.place.job()
        hidden = {name for name, spec in source(job)["Parameters"].items() if spec.get("NoEcho")}
        kept = {one["ParameterKey"]: one["ParameterValue"] for one in self._stack()["Parameters"]}
        return self._run({**kept, **dict.fromkeys(hidden & set(kept), PREVIOUS), **parameters})

    def attach(self):
        """Takes over a stack of an earlier run that was kept. Raises ClientError if there is none."""
        one = self._stack(self.name)
        if {"Key": TAG, "Value": self.name} not in one.get("Tags", []):
            raise RuntimeError(f"stack {self.name} was not made by this program: it has no tag {TAG}={self.name}")
        self.id, self.attempted = one["StackId"], True
        self.began = one["CreationTime"].timestamp()
        self._record(one)

    def buckets(self):
        """The buckets that the stack has created, also after it is gone."""
        return [name for kind, name in [*self.resources, *self.former] if kind == "AWS::S3::Bucket"]

    def forget(self):
        """Forgets a deleted stack, so that its name is used again."""
        self.former += self.resources
        self.id, self.attempted, self.outputs, self.resources = None, False, {}, []

    def reasons(self):
        """The reason of everything that failed, oldest first."""
        events = self.cloudformation.describe_stack_events(StackName=self.id)["StackEvents"]
        return [
            f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
            for event in reversed(events)
            if event.get("ResourceStatusReason") and event["ResourceStatus"].endswith("FAILED")
        ]

    def begin_deletion(self):
        """Starts the deletion without waiting for it, so that those of several stacks overlap."""
        if self.find() and not self.place.emulated:
            self._record(self._stack())
            self.cloudformation.delete_stack(StackName=self.id)

    def delete(self):
        """Deletes the stack, again while its network is in use. Returns None, or what could not be deleted."""
        if not self.find():
            return None
        if self.place.emulated:
            # AWS ends an interrupted creation when the stack is deleted, the emulator continues it.
            self._settled()
        self._record(self._stack())
        give_up = time.monotonic() + DELETION_SECS
        while True:
            self.cloudformation.delete_stack(StackName=self.id)
            status = self._settled()["StackStatus"]
            if status == "DELETE_COMPLETE":
                self.ended = time.time()
                return None
            if self.place.emulated or time.monotonic() > give_up:
                return f"{self.name} ended as {status}: {'; '.join(self.reasons())}"
            places.note(f"{self.name}: {status}; deleting again in {AGAIN_SECS // 60} minutes")
            places.wait(AGAIN_SECS)

    def remove_buckets(self):
        """Empties and removes the retained buckets of this stack; the names of those that were there."""
        removed = []
        for bucket in self.buckets():
            try:
                places.empty_bucket(self.place.client("s3"), bucket)
                removed.append(bucket)
            except ClientError as error:
                if error.response["Error"]["Code"] not in ("NoSuchBucket", "404"):
                    raise
        return removed

    def _run(self, parameters, during=None):
        """Creates a change set and executes it. Returns None, or the reasons why it failed."""
        bucket = self.artifacts
        bucket.attempted = True
        job = {
            **self.place.job(),
            "stack": self.name,
            "parameters": {name: str(value) for name, value in parameters.items()},
            "tags": {TAG: self.name},
            # The step `nested-changes` reports it.
            "allow": [change_set.BLIND],
            "artifacts": {"stack": bucket.name, "tags": {TAG: bucket.name}},
        }
        try:
            planned = change_set.plan(job)
        except Refusal as refused:
            return str(refused)
        for note in planned["notes"]:
            places.note(note)
        self.listed.append(not planned["blind"])
        if planned["kind"] == "none":
            return None
        self.id = self._stack(self.name)["StackId"]
        job["changeSet"] = planned["changeSet"]
        if planned["refusals"]:
            change_set.discard(job)
            return "; ".join(one["text"] for one in planned["refusals"])
        ended = stack.execute(job, during)
        self._record(self._stack())
        return None if ended["ok"] else f"{ended['status']}: {'; '.join(ended['reasons'])}"

    def _record(self, described):
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}
        found = [["AWS::CloudFormation::Stack", described["StackId"]], *self._resources(described["StackId"])]
        self.resources += [one for one in found if one not in self.resources]

    def _stack(self, name=None):
        return self.cloudformation.describe_stacks(StackName=name or self.id)["Stacks"][0]

    def find(self):
        """Finds the stack of a creation whose response was interrupted. False if there is none."""
        if self.id is None and self.attempted:
            try:
                one = self._stack(self.name)
            except ClientError:
                return False
            if one["StackStatus"] == "REVIEW_IN_PROGRESS":
                # A change set that was not executed: without tags, and without a resource.
                self.id = one["StackId"]
            else:
                self.attach()
        return self.id is not None and self._stack()["StackStatus"] != "DELETE_COMPLETE"

    def _settled(self):
        """The stack once nothing changes any more. A line is printed for each status and every five minutes."""
        began, printed = time.monotonic(), None
        while True:
            one = self._stack()
            minutes = int(time.monotonic() - began) // 60
            if (line := (one["StackStatus"], minutes // 5)) != printed:
                places.note(f"{self.name}: {one['StackStatus']}, {minutes} min")
                printed = line
            if not one["StackStatus"].endswith("IN_PROGRESS"):
                return one
            places.wait(self.place.poll)

    def _resources(self, name):
        """[type, physical id] of all resources of a stack and its nested ones."""
        found = []
        try:
            pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
            for one in (one for page in pages for one in page["StackResourceSummaries"]):
                kind, id = one["ResourceType"], one.get("PhysicalResourceId")
                if id:
                    found.append([kind, id])
                    found += self._resources(id) if kind == "AWS::CloudFormation::Stack" else []
        except ClientError:
            # The emulator deploys nested stacks within their parent.
            if not self.place.emulated:
                raise
        return found
