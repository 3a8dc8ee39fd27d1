"""Steps that only an account can settle, with recorded responses of AWS in its place: boto3 itself checks that each
call and its parameters exist, and each step must find its answer in the response.
"""

import contextlib
import io
import json
import unittest
import unittest.mock
from collections import defaultdict
from datetime import datetime, timezone
from io import BytesIO
from types import SimpleNamespace

import boto3

import artifacts
import cloud
import place as places
import remains
import trial as trials
import variants
from place import Account
from step import ByHand
from steps import STEPS
from templates import ROOT
from trial import Exported, Trial

NOW = datetime(2026, 11, 30, tzinfo=timezone.utc)
OUTPUTS = {
    "ApiUrl": "https://api/api/v1",
    "AdminFunctionName": "admin",
    "WorkerFunctionName": "worker",
    "ApiFunctionName": "api",
    "SweeperFunctionName": "sweeper",
    "DeliverFunctionName": "deliver",
    "NotifyFunctionName": "notify",
    "CdnDomain": "cdn.example",
    "CdnFirstKeyId": "K1",
    "CdnSecondKeyId": "K2",
    "CdnSecretArn": "arn:secret",
}
CHECK = "ok tls: verify-full\nok capacity: 4 open now, of max_connections 120\nok cache: the cache responds"


def stack(status):
    one = {
        "StackName": "n",
        "StackId": "id",
        "StackStatus": status,
        "CreationTime": NOW,
        "Tags": [],
        "Parameters": [
            {"ParameterKey": "Budget", "ParameterValue": "4"},
            {"ParameterKey": "DatabaseAuth", "ParameterValue": "password"},
        ],
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.items()],
    }
    return {"Stacks": [one]}


class Recorded(Account):
    """An account whose responses are recorded, by operation. Of a list each call takes one."""

    poll = 0
    # Reading the models of the services takes seconds, so all tests share the clients.
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1")
    clients = {}
    current = None

    def __init__(self, **responses):
        Recorded.current = self
        self.region, self.architecture = "eu-west-1", "arm64"
        self._built = {"region": self.region, "template": str(ROOT / "template.yaml")}
        self.responses = {**RESPONSES, **responses}
        self.calls = []

    def client(self, service, region=None):
        if service not in self.clients:
            self.clients[service] = self.session.client(service, region_name=region or self.region)
            self.clients[service].meta.events.register(
                "before-call", lambda model, **_: Recorded.current.answer(model)
            )
        return self.clients[service]

    def answer(self, model):
        self.calls.append(model.name)
        found = self.responses[model.name]
        found = found.pop(0) if isinstance(found, list) else found
        found = found() if callable(found) else dict(found)
        return SimpleNamespace(status_code=200), found


CHANGE = {
    "ResourceChange": {
        "Action": "Modify",
        "LogicalResourceId": "WorkerFunction",
        "ResourceType": "AWS::Lambda::Function",
        "Replacement": "False",
        "Scope": [],
        "Details": [],
    }
}


def values(statistic, *numbers):
    return {"Datapoints": [{statistic: number, "Timestamp": NOW} for number in numbers]}


def events(*lines):
    return {"events": [{"message": line} for line in lines]}


RESPONSES = {
    "DescribeStacks": stack("UPDATE_COMPLETE"),
    "CreateChangeSet": {"Id": "change-set", "StackId": "id"},
    "DescribeChangeSet": lambda: {"Status": "CREATE_COMPLETE", "Changes": [CHANGE]},
    "ExecuteChangeSet": {},
    "DescribeStackEvents": {"StackEvents": []},
    "ListStackResources": {"StackResourceSummaries": []},
    "Invoke": lambda: {"Payload": BytesIO(json.dumps({"ok": True, "text": CHECK, "data": {"key": "k"}}).encode())},
    "GetFunctionConfiguration": {"State": "Active", "Architectures": ["arm64"]},
    "GetFunctionRecursionConfig": {"RecursiveLoop": "Allow"},
    "GetAccountSettings": {"AccountLimit": {"UnreservedConcurrentExecutions": 1000}},
    "ListEventSourceMappings": {"EventSourceMappings": [{"State": "Enabled"}]},
    "GetTraceSummaries": {"TraceSummaries": [{"Id": "1"}]},
    "GetMetricStatistics": values("Sum"),
    "DescribeAlarms": {"MetricAlarms": [{"AlarmName": "sluice-n-Errors", "StateValue": "OK"}]},
    "FilterLogEvents": events(),
    "PutSecretValue": {},
}
# Step -> responses under which its answer is what follows.
SETTLED = {
    "nested-changes": ({}, "yes"),
    "architecture": ({}, "yes"),
    "target": ({}, "yes"),
    "permissions": ({}, "yes"),
    "recursion": ({}, "yes"),
    "refused-logins": (
        {"FilterLogEvents": events('{"timestamp": "2026-11-30T00:00:07Z", "message": "28P01"}')},
        "7 s",
    ),
    "pinning": ({"GetMetricStatistics": values("Maximum", 0, 0)}, "yes"),
    "nodes": ({"GetMetricStatistics": values("Maximum", 900)}, "yes"),
    "audit": (
        {"GetMetricStatistics": values("Sum", 1), "DescribeAlarms": {"MetricAlarms": [{"StateValue": "ALARM"}]}},
        "yes",
    ),
    "fill": ({"DescribeAlarms": {"MetricAlarms": [{"StateValue": "ALARM"}]}}, "yes"),
    "alarms": ({}, "yes"),
    "cold-start": (
        {"FilterLogEvents": lambda: events("REPORT RequestId: 1 Duration: 2.0 ms Init Duration: 123.4 ms")},
        "api 123 ms",
    ),
    "second": ({}, "yes"),
    "direct-tls": ({}, "yes"),
    "max-connections": ({}, "yes"),
    "tokens": ({}, "yes"),
    "cdn": ({}, "yes"),
    "cache": ({"GetMetricStatistics": [values("Sum", 3), values("Sum", 0)]}, "yes"),
}
# The same for an answer that an operator must see.
CONTRARY = {
    "target": ({}, "no"),
    "permissions": ({"GetTraceSummaries": {"TraceSummaries": []}}, "no"),
    "recursion": ({"GetMetricStatistics": values("Sum", 2)}, "no"),
    "pinning": ({"GetMetricStatistics": values("Maximum", 3)}, "no"),
    "nodes": ({"FilterLogEvents": lambda: events("53300"), "GetMetricStatistics": values("Maximum")}, "no"),
    "audit": ({"DescribeAlarms": {"MetricAlarms": [{"StateValue": "ALARM"}]}}, "no"),
    "alarms": ({"DescribeAlarms": {"MetricAlarms": [{"AlarmName": "sluice-n-Errors", "StateValue": "ALARM"}]}}, "no"),
    "second": ({"GetAccountSettings": {"AccountLimit": {"UnreservedConcurrentExecutions": 10}}}, "open"),
    "max-connections": (
        {
            "Invoke": lambda: {
                "Payload": BytesIO(b'{"ok": false, "text": "error capacity: exceed max_connections (100)"}')
            }
        },
        "no",
    ),
    "tokens": (
        {"DescribeStacks": stack("UPDATE_ROLLBACK_COMPLETE")},
        "no",
    ),
    "cache": ({"GetMetricStatistics": [values("Sum", 3), values("Sum", 1)]}, "no"),
}


class Settled(unittest.TestCase):
    def settle(self, step, responses, states=("REGISTERING", "AVAILABLE")):
        """The answer of a step on a trial that is deployed and has exported."""
        place = Recorded(**{name: list(one) if isinstance(one, list) else one for name, one in responses.items()})
        trial = Trial(place)
        trial.close()
        trial.name = trial.main.name = "n"
        trial.main.id, trial.main.outputs, trial.key = "id", dict(OUTPUTS), "key"
        trial.second.id, trial.second.outputs = "id", {} if step.name == "second" else dict(OUTPUTS)
        if step.name == "second" and "DescribeStacks" not in responses:
            place.responses["DescribeStacks"] = stack("CREATE_COMPLETE")
        trial.targets, trial.main.listed = list(enumerate(states)), [True]
        trial.rotated = NOW.timestamp()
        fine = Exported("1", 1000, 0, 10, 1.0, [])
        with contextlib.ExitStack() as patches:
            for target, name, value in (
                (trial, "exported", lambda dataset: fine),
                (trial, "fresh", lambda dataset: fine),
                (trial, "submit", lambda dataset: "1"),
                (trial, "until", lambda *_: None),
                (places, "wait", lambda _: None),
                (trials, "METRICS_SECS", 0),
                (cloud, "client", lambda service, region: place.client(service, region)),
                (cloud, "pause_secs", lambda: 0),
                (artifacts, "upload", lambda job: f"https://{job['artifacts']['stack']}/template.json"),
                (variants, "status", lambda url: 200 if "cdn" in url else 403),
            ):
                patches.enter_context(unittest.mock.patch.object(target, name, value))
            patches.enter_context(unittest.mock.patch("observed.ALARM_SECS", 0))
            patches.enter_context(contextlib.redirect_stderr(io.StringIO()))
            return step().run(trial)

    def test_each_step_finds_its_answer(self):
        steps = [step for step in STEPS if step.emulator and not issubclass(step, ByHand)]
        self.assertEqual({step.name for step in steps}, set(SETTLED))
        for step in steps:
            with self.subTest(step.name):
                responses, wanted = SETTLED[step.name]
                answer = self.settle(step, responses)
                self.assertEqual(answer.value, wanted, answer.evidence)
                self.assertTrue(answer.evidence)

    def test_each_step_reports_the_contrary(self):
        for step in (step for step in STEPS if step.name in CONTRARY):
            with self.subTest(step.name):
                responses, wanted = CONTRARY[step.name]
                states = ("UNAVAILABLE AUTH_FAILURE", "AVAILABLE") if step.name == "target" else ("AVAILABLE",)
                answer = self.settle(step, responses, states)
                self.assertEqual(answer.value, wanted, answer.evidence)

    def test_every_probe_is_a_call_that_exists(self):
        for kind in remains.PROBES:
            with self.subTest(kind):
                place = Recorded()
                place.responses = defaultdict(
                    dict,
                    {
                        "DescribeStacks": {"Stacks": []},
                        "DescribeAlarms": {"MetricAlarms": []},
                        "DescribeVpcEndpoints": {"VpcEndpoints": []},
                        "DescribeKey": {"KeyMetadata": {"KeyState": "Enabled"}},
                        "DescribeLogGroups": {"logGroups": []},
                    },
                )
                remains.exists(
                    place.client,
                    kind,
                    "bucket" if kind == "AWS::S3::Bucket" else "arn:aws:x:eu-west-1:123456789012:name",
                )
                self.assertEqual(len(place.calls), 1)

    def test_what_outlives_a_stack_is_searched(self):
        place = Recorded(
            DescribeLogGroups={"logGroups": [{"logGroupName": "/sluice/n/api"}]},
            DescribeDBSnapshots={"DBSnapshots": [{"DBSnapshotIdentifier": "last"}]},
            DescribeDBInstanceAutomatedBackups={"DBInstanceAutomatedBackups": []},
            DescribeDBInstances={"DBInstances": []},
            GetResources={
                "ResourceTagMappingList": [{"ResourceARN": "arn:rds:db/gone"}, {"ResourceARN": "arn:other"}]
            },
            DeleteLogGroup={},
        )
        one = SimpleNamespace(name="n", resources=[["AWS::RDS::DBInstance", "gone"]], former=[], attempted=True)
        found, read = remains.left(place, one)
        self.assertEqual((found, read), (["arn:other, by its tag", "log group /sluice/n/api", "snapshot last"], 1))
        self.assertEqual(len(remains.remove_log_groups(place, one)), 3)

    def test_a_bucket_is_emptied_before_it_is_removed(self):
        place = Recorded(
            ListObjectVersions={
                "Versions": [{"Key": "a", "VersionId": "null"}],
                "DeleteMarkers": [{"Key": "b", "VersionId": "2"}],
            },
            DeleteObjects={},
            ListMultipartUploads={"Uploads": [{"Key": "c", "UploadId": "3"}]},
            AbortMultipartUpload={},
            DeleteBucket={},
        )
        places.empty_bucket(place.client("s3"), "bucket")
        self.assertEqual(
            place.calls,
            ["ListObjectVersions", "DeleteObjects", "ListMultipartUploads", "AbortMultipartUpload", "DeleteBucket"],
        )


if __name__ == "__main__":
    unittest.main()
