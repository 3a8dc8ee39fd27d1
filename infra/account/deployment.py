"""One CloudFormation stack of the account test, from its creation to the proof that nothing of it is left."""

import sys
import time

from botocore.exceptions import ClientError

import place as places
from place import TAG

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
# Lambda gives its network interfaces back up to 40 minutes after the functions are gone.
DELETION_SECS = 80 * 60
AGAIN_SECS = 5 * 60


class Deployment:
    """A stack with the tag of this program."""

    def __init__(self, place, name):
        self.place, self.name = place, name
        self.cloudformation = place.client("cloudformation")
        self.id = None
        self.attempted = False
        self.outputs = {}
        # [type, physical id] of all resources, also of those that a failed operation has deleted again.
        self.resources = []
        # Those of a stack of the same name that was deleted.
        self.former = []
        self.began = self.ended = None

    def create(self, parameters, during=None):
        """Creates the stack. Returns None, or the reasons why it failed, after it was rolled back."""
        self.attempted, self.began = True, self.began or time.time()
        return self._run(self.cloudformation.create_stack, "CREATE_COMPLETE", parameters, during)

    def update(self, parameters, during=None):
        """Changes parameters; the others keep their values."""
        known = {one["ParameterKey"] for one in self._stack()["Parameters"]}
        kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(known - set(parameters))]
        return self._run(self.cloudformation.update_stack, "UPDATE_COMPLETE", parameters, during, kept)

    def attach(self):
        """Takes over a stack of an earlier run that was kept. Raises ClientError if there is none."""
        stack = self._stack(self.name)
        if {"Key": TAG, "Value": self.name} not in stack.get("Tags", []):
            sys.exit(f"stack {self.name} was not made by this program: it has no tag {TAG}={self.name}")
        self.id, self.attempted = stack["StackId"], True
        self.began = stack["CreationTime"].timestamp()
        self._record(stack)

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
            stack = self._settled()
            if stack["StackStatus"] == "DELETE_COMPLETE":
                self.ended = time.time()
                return None
            if self.place.emulated or time.monotonic() > give_up:
                return f"{self.name} ended as {stack['StackStatus']}: {'; '.join(self.reasons())}"
            places.note(f"{self.name}: {stack['StackStatus']}; deleting again in {AGAIN_SECS // 60} minutes")
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

    def _run(self, operation, wanted, parameters, during, kept=()):
        given = [{"ParameterKey": name, "ParameterValue": str(value)} for name, value in parameters.items()]
        try:
            self.id = operation(
                StackName=self.name,
                TemplateURL=self.place.template(self.name),
                Parameters=[*given, *kept],
                Capabilities=CAPABILITIES,
                Tags=[{"Key": TAG, "Value": self.name}],
            )["StackId"]
        except ClientError as error:
            return f"the template was refused: {error.response['Error']['Message']}"
        stack = self._settled(during)
        self._record(stack)
        if stack["StackStatus"] == wanted:
            return None
        return f"{stack['StackStatus']}: {'; '.join(self.reasons())}"

    def _record(self, stack):
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}
        found = [["AWS::CloudFormation::Stack", stack["StackId"]], *self._resources(stack["StackId"])]
        self.resources += [one for one in found if one not in self.resources]

    def _stack(self, name=None):
        return self.cloudformation.describe_stacks(StackName=name or self.id)["Stacks"][0]

    def find(self):
        """Finds the stack of a creation whose response was interrupted. False if there is none."""
        if self.id is None and self.attempted:
            try:
                self.attach()
            except ClientError:
                return False
        return self.id is not None and self._stack()["StackStatus"] != "DELETE_COMPLETE"

    def _settled(self, during=None):
        """The stack once nothing changes any more. A line is printed for each status and every five minutes."""
        began, printed = time.monotonic(), None
        while True:
            stack = self._stack()
            minutes = int(time.monotonic() - began) // 60
            if (line := (stack["StackStatus"], minutes // 5)) != printed:
                places.note(f"{self.name}: {stack['StackStatus']}, {minutes} min")
                printed = line
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            if during:
                during()
            places.wait(self.place.poll)

    def _resources(self, stack):
        """[type, physical id] of all resources of a stack and its nested ones."""
        found = []
        try:
            pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
            for one in (one for page in pages for one in page["StackResourceSummaries"]):
                kind, name = one["ResourceType"], one.get("PhysicalResourceId")
                if name:
                    found.append([kind, name])
                    found += self._resources(name) if kind == "AWS::CloudFormation::Stack" else []
        except ClientError:
            # The emulator deploys nested stacks within their parent.
            if not self.place.emulated:
                raise
        return found
