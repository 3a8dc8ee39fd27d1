"""Change sets over nested stacks as rows, and what the guard refuses of them.

`change_sets.json` has the form in which CloudFormation describes change sets; it was written by hand from AWS's reference,
since the emulator leaves nested stacks out.
"""

import json
import unittest
import unittest.mock
from pathlib import Path

import change_set
import guard
import parameters
import stack
from templates import load

RECORDED = json.loads(Path(__file__).with_name("change_sets.json").read_text())
DEFAULTS = parameters.complete(load("root"), {})


class Recorded:
    """CloudFormation, as far as it describes change sets; two changes to a page."""

    def get_paginator(self, operation):
        assert operation == "describe_change_set"
        return self

    def paginate(self, ChangeSetName):
        described = RECORDED[ChangeSetName]
        changes = described["Changes"]
        for start in range(0, len(changes) or 1, 2):
            yield {**described, "Changes": changes[start:start + 2]}


class Rows(unittest.TestCase):
    def test_rows_over_nested_change_sets(self):
        rows = change_set.rows_of(Recorded(), "root")
        self.assertEqual(
            [(row["action"], row["path"], row["why"]) for row in rows],
            [
                ("change", "WorkerFunction", ["Environment (Budget)"]),
                ("change", "Proxy", ["Parameters"]),
                ("replace", "Proxy/Proxy", ["VpcSubnetIds (SubnetIds)"]),
                # It depends on what the deployment will find.
                ("may replace", "Proxy/TargetGroup", ["DBProxyName"]),
                # CloudFormation says that it changes, since it does not know the output of another nested stack.
                ("may replace", "Proxy/Ingress", ["GroupId (TargetId)"]),
                ("remove", "Cache", []),
                ("remove", "Cache/Cache", []),
                ("replace", "Bucket", ["BucketName"]),
            ],
        )

    def test_replaced_and_removed_resources_are_refused(self):
        refused = guard.refusals(DEFAULTS, DEFAULTS, change_set.rows_of(Recorded(), "root"))
        self.assertEqual([one["name"] for one in refused], ["Proxy/Proxy", "Cache/Cache", "Bucket"])
        self.assertIn("Proxy/Proxy would be replaced (VpcSubnetIds (SubnetIds)): its sessions end", refused[0]["text"])

    def test_a_first_deployment_is_refused_nothing(self):
        self.assertEqual(guard.refusals({}, DEFAULTS, change_set.rows_of(Recorded(), "root"), ["nested-changes"]), [])

    def test_an_unchanged_change_set_is_told_from_a_failed_one(self):
        self.assertTrue(change_set.unchanged(RECORDED["endpoints"]))
        self.assertFalse(change_set.unchanged({"Status": "FAILED", "StatusReason": "Template error: Fn::Select"}))
        self.assertFalse(change_set.unchanged({"Status": "CREATE_COMPLETE"}))


class Quota(unittest.TestCase):
    def refused(self, unreserved, before, after):
        client = unittest.mock.Mock()
        client.get_account_settings.return_value = {"AccountLimit": {"UnreservedConcurrentExecutions": unreserved, "ConcurrentExecutions": 1000}}
        with unittest.mock.patch("cloud.client", lambda *_: client):
            return change_set.quota_refusals("eu-west-1", before and {**DEFAULTS, **before}, {**DEFAULTS, **after})

    def test_a_reservation_that_lambda_would_refuse_is_refused(self):
        refused, = self.refused(10, {}, {})
        self.assertEqual(refused["name"], "quota")
        self.assertIn("but 12 are wanted", refused["text"])
        self.assertIn("Pooler = proxy", refused["text"])
        self.assertEqual(self.refused(112, {}, {}), [])
        self.assertEqual(self.refused(10, {}, {"Pooler": "proxy", "ReserveConcurrency": "false"}), [])

    def test_an_update_needs_only_what_it_adds(self):
        self.assertEqual(self.refused(100, {"Budget": "8"}, {"Budget": "8"}), [])
        self.assertEqual(self.refused(104, {"Budget": "4"}, {"Budget": "8"}), [])
        self.assertIn("but 4 are wanted", self.refused(103, {"Budget": "4"}, {"Budget": "8"})[0]["text"])
        self.assertEqual(self.refused(100, {"Budget": "8"}, {"Budget": "4"}), [])


class Guard(unittest.TestCase):
    def names(self, before, after):
        return [one["name"] for one in guard.refusals({**DEFAULTS, **before}, {**DEFAULTS, **after}, [])]

    def test_going_back_is_refused_by_the_name_of_the_parameter(self):
        for before, after, refused in [
            ({"Architecture": "arm64"}, {"Architecture": "x86_64"}, ["Architecture"]),
            ({"CreateCache": "true"}, {}, ["CreateCache"]),
            ({"CreateExample": "true", "CreateCdn": "true"}, {}, ["CreateCdn", "CreateExample"]),
            ({"CreateAlarms": "true"}, {"CreateAlarms": "false"}, ["CreateAlarms"]),
            ({"CreateEndpoints": "all"}, {"CreateEndpoints": "true"}, ["CreateEndpoints"]),
            ({"CreateEndpoints": "sqs"}, {"CreateEndpoints": "true"}, []),
            ({"Pooler": "proxy"}, {"Pooler": "own"}, ["Pooler"]),
            ({"Pooler": "none"}, {"Pooler": "proxy"}, []),
            ({"Budget": "8"}, {"Budget": "4"}, []),
            ({"VpcSubnetIds": "subnet-1"}, {"VpcSubnetIds": "subnet-2"}, []),
        ]:
            self.assertEqual(self.names(before, after), refused, (before, after))

    def test_other_subnets_need_another_revision_of_the_names(self):
        before = {"Pooler": "proxy", "VpcSubnetIds": "subnet-1,subnet-2", "NetworkRevision": "2"}
        after = {**before, "VpcSubnetIds": "subnet-1,subnet-3"}
        refused = guard.refusals({**DEFAULTS, **before}, {**DEFAULTS, **after}, [])
        self.assertEqual([one["name"] for one in refused], ["VpcSubnetIds"])
        self.assertIn("set NetworkRevision = 3", refused[0]["text"])
        self.assertEqual(self.names(before, {**after, "NetworkRevision": "3"}), [])

    def test_nested_changes_that_are_unknown_are_refused(self):
        refused, = guard.refusals(DEFAULTS, DEFAULTS, [], ["Proxy", "Cache"])
        self.assertEqual(refused["name"], "nested-changes")
        self.assertIn("in Proxy, Cache are not known", refused["text"])
        self.assertEqual(guard.refusals(DEFAULTS, DEFAULTS, [], []), [])

    def test_nested_stacks_that_cannot_have_changed_are_not_unknown(self):
        """CloudFormation does not always list them; their addresses name their content."""
        def root(address, subnets):
            nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {
                "TemplateURL": address, "Parameters": {"SubnetIds": {"Ref": "VpcSubnetIds"}, "Secret": {"Ref": "SourceSecret"}},
            }}
            return {"Parameters": {"VpcSubnetIds": {"Type": "String", "Default": subnets}}, "Resources": {"Proxy": nested}}

        def unseen(after, rows=()):
            cloudformation = unittest.mock.Mock()
            cloudformation.get_template = lambda **where: {"TemplateBody": after if "ChangeSetName" in where else root("a.json", "s-1")}
            return change_set.unseen(cloudformation, "sluice", "arn", {}, {}, list(rows))

        self.assertEqual(unseen(root("a.json", "s-1")), [])
        self.assertEqual(unseen(root("b.json", "s-1")), ["Proxy"])
        self.assertEqual(unseen(root("a.json", "s-2")), ["Proxy"])
        self.assertEqual(unseen({"Resources": {}}), ["Proxy"], "it is removed")
        row = {"path": "SourceSecret", "type": "AWS::SecretsManager::Secret", "why": []}
        self.assertEqual(unseen(root("a.json", "s-1"), [{**row, "action": "replace"}]), ["Proxy"], "a new ARN")
        self.assertEqual(unseen(root("a.json", "s-1"), [{**row, "action": "change"}]), [])

    def test_parameters_that_a_deployment_does_not_have_yet_are_no_step_back(self):
        """An older version had no CreateEndpoints, for example."""
        self.assertEqual(guard.refusals({"Budget": "4"}, DEFAULTS, []), [])


class Deletion(unittest.TestCase):
    def test_only_network_interfaces_are_waited_for(self):
        def stuck(*types):
            failed = {"ResourceStatus": "DELETE_FAILED", "PhysicalResourceId": "nested"}
            there = {"root": [{**failed, "ResourceType": kind} for kind in types]}
            there["nested"] = [{**failed, "ResourceType": "AWS::EC2::Subnet"}]

            class CloudFormation:
                def describe_stack_resources(self, StackName):
                    return {"StackResources": there[StackName]}

            return stack.network_only(CloudFormation(), "root")

        self.assertTrue(stuck("AWS::EC2::SecurityGroup"))
        self.assertTrue(stuck("AWS::CloudFormation::Stack"))
        self.assertFalse(stuck("AWS::EC2::Subnet", "AWS::KMS::Key"))
        self.assertFalse(stuck())


if __name__ == "__main__":
    unittest.main()
