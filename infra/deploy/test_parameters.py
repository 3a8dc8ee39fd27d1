"""Parameters of a deployment are refused before AWS refuses them, with the parameter's name and a remedy."""

import json
import unittest
from pathlib import Path

import choices
import parameters
from templates import load

SOURCE = load("root")
OWN = {"SourceUrl": "postgres://sluice_source@db/shop", "StoreUrl": "postgres://sluice_store@db/shop"}


class Parameters(unittest.TestCase):
    def problems(self, **given):
        return parameters.problems(SOURCE, {**OWN, **given})

    def test_every_preset_passes_the_rules(self):
        """infra/x/src/commands/deploy/preset.rs compares this file with what the presets give."""
        presets = json.loads(Path(__file__).with_name("presets.json").read_text())
        self.assertEqual(set(presets), {"try", "rds", "rds without NAT", "aurora", "aurora with NAT"})
        for name, given in presets.items():
            self.assertEqual(parameters.problems(SOURCE, given), [], name)

    def test_every_two_choices_of_the_template_are_accepted(self):
        for choice in choices.everything():
            given = choices.parameters(choice)
            found = parameters.problems(SOURCE, given)
            # Passwords in URLs are for `sam deploy` by hand only.
            self.assertEqual([one for one in found if "contains a password" not in one], [], choice)

    def test_mistakes_name_the_parameter_and_the_remedy(self):
        for given, expected in [
            ({"Budgett": "4"}, "Budgett: there is no such parameter; did you mean Budget?"),
            ({"Xyzzy": "4"}, "Xyzzy: there is no such parameter; template.yaml lists and describes all parameters"),
            ({"Budget": "1"}, "Budget = '1': must be at least 2"),
            ({"Budget": "many"}, "Budget = 'many': must be a whole number"),
            ({"LinkSeconds": "9999"}, "LinkSeconds = '9999': must be at most 3600"),
            ({"Pooler": "pgbouncer"}, "Pooler = 'pgbouncer': must be one of none, proxy, own"),
            ({"VpcCidr": "10.0.0.0"}, "VpcCidr = '10.0.0.0': must be empty or a range such as 10.0.0.0/16"),
            ({"DatabaseName": "a" * 64}, f"DatabaseName = '{'a' * 64}': must have at most 63 characters"),
            ({"OwnerSecretArn": "hunter2"}, "OwnerSecretArn = 'hunter2': must be empty or the ARN of a secret"),
            ({"OwnerSecretArn": "create"}, "OwnerSecretArn = 'create': must be empty or the ARN of a secret"),
            (
                {"SourceUrl": "postgres://sluice_source:hunter2@db/shop"},
                "SourceUrl: contains a password; leave it out of the URL, SourceSecretArn names a secret of Secrets Manager "
                'with it, or is "create"',
            ),
            (
                {"CacheUrl": "rediss://me:hunter2@cache:6379"},
                "CacheUrl: contains a password; set it once by hand (`cargo x sam deploy --parameter-overrides CacheUrl=…`) "
                'and then write CacheUrl = "previous"',
            ),
            ({"Budget": "8"}, "Without a pooler a Budget of 8 to 14 needs StoreSessions of at least 24 (Budget + 8 + 2)."),
            ({"SourceUrl": ""}, "SourceUrl is required, unless Pooler=proxy or CreateExample creates it."),
        ]:
            self.assertEqual(self.problems(**given), [expected])

    def test_secrets_may_be_created_and_hidden_values_kept(self):
        self.assertEqual(self.problems(SourceSecretArn="create", StoreSecretArn="create", CacheUrl="previous"), [])

    def test_a_gradual_deployment_gets_a_revision_unless_it_has_one(self):
        text = {"Type": "String", "Default": ""}
        source = {
            "Parameters": {"Revision": text, "GradualDeployment": {**text, "Default": "none"}},
            "Rules": {"Needed": {
                "RuleCondition": {"Fn::Not": [{"Fn::Equals": [{"Ref": "GradualDeployment"}, "none"]}]},
                "Assertions": [{
                    "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Revision"}, ""]}]}, "AssertDescription": "needed",
                }],
            }},
        }
        gradual = {"GradualDeployment": "AllAtOnce"}
        self.assertEqual(parameters.problems(source, gradual), [])
        self.assertTrue(parameters.makes_revision(source, gradual))
        self.assertFalse(parameters.makes_revision(source, {**gradual, "Revision": "1"}))
        self.assertFalse(parameters.makes_revision(source, {}))
        first = parameters.revision("s3/a.json", {"Budget": "4", "Revision": "made-later"})
        self.assertEqual(first, parameters.revision("s3/a.json", {"Budget": "4", "Revision": "other"}))
        self.assertNotEqual(first, parameters.revision("s3/b.json", {"Budget": "4"}))
        self.assertNotEqual(first, parameters.revision("s3/a.json", {"Budget": "5"}))

    def test_names_of_stacks(self):
        for good in ("sluice", "a", "Sluice-2"):
            self.assertEqual(parameters.stack_problems(good), [])
        for bad in ("", "1a", "a--b", "a-", "a_b", "a" * 46):
            self.assertEqual(len(parameters.stack_problems(bad)), 1, bad)

    def test_all_parameters_are_sent(self):
        """So a parameter that is taken out of the file goes back to its default."""
        sent = parameters.complete(SOURCE, {"Budget": "8"})
        self.assertEqual(set(sent), set(SOURCE["Parameters"]))
        self.assertEqual((sent["Budget"], sent["StoreSessions"]), ("8", "16"))


if __name__ == "__main__":
    unittest.main()
