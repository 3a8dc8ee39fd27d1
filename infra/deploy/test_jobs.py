"""`cargo x deploy` against the emulator: a database of your own without a proxy, from nothing to nothing.

Every function is the same small program, which answers as the admin function and as the bootstrap do.
"""

import json
import os
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import cloud
import jobs
import test_emulator
from templates import ROOT

REGION, STACK = "us-east-1", "sluice-test"
FUNCTION = """#!{python}
import json, os, urllib.request

api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
ANSWERS = {{"check": {{}}, "keys list": {{"keys": []}}, "keys create": {{"key": "slc_new"}}, "catalog apply": {{}}}}
while True:
    with urllib.request.urlopen(api + "next") as given:
        request, event = given.headers["Lambda-Runtime-Aws-Request-Id"], json.load(given)
    command = event.get("command", "settings")
    ok = command in ANSWERS or ("settings" in event and "wrong" not in os.environ.get("SLUICE_OWNER_URL", ""))
    text = command if ok else "correct OwnerUrl"
    body = json.dumps({{"ok": ok, "text": text, "data": ANSWERS.get(command, {{}})}}).encode()
    urllib.request.urlopen(urllib.request.Request(api + request + "/response", body, method="POST")).close()
"""


class OnTheEmulator(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.emulator = test_emulator.Emulator(folder.name)
        cls.addClassCleanup(cls.emulator.stop)
        others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        ours = {
            "AWS_ENDPOINT_URL": cls.emulator.stack["awsEndpoint"],
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        }
        environment = unittest.mock.patch.dict(os.environ, {**others, **ours}, clear=True)
        environment.start()
        cls.addClassCleanup(environment.stop)
        cls.binaries = Path(folder.name) / "binaries"
        cls.binaries.mkdir()
        for name in ("api", "worker", "sweeper", "deliver", "notify", "admin"):
            (cls.binaries / name).write_text(FUNCTION.format(python=sys.executable))
        # Progress is for people.
        quiet = open(os.devnull, "w")
        cls.addClassCleanup(quiet.close)
        silence = unittest.mock.patch("sys.stderr", quiet)
        silence.start()
        cls.addClassCleanup(silence.stop)

    def job(self, action, **more):
        """The result of a job that must succeed."""
        result = jobs.run({
            "action": action, "region": REGION, "stack": STACK, "template": str(ROOT / "template.yaml"),
            "binaries": str(self.binaries), "tags": {"owner": "data"}, **more,
        })
        self.assertNotIn("error", result)
        return result

    def deployed(self, parameters):
        """Executes what a plan says; its result."""
        planned = self.job("plan", parameters=parameters)
        self.assertEqual(planned["refusals"], [])
        return planned, self.job("execute", changeSet=planned["changeSet"])

    def test_a_deployment_from_nothing_to_nothing(self):
        self.assertTrue(cloud.is_local())
        parameters = {
            "Architecture": "x86_64", "SourceUrl": "postgres://sluice_source@db/shop", "SourceSecretArn": "create",
            "StoreUrl": "postgres://sluice_store@db/shop", "StoreSecretArn": "create",
            "OwnerUrl": "postgres://owner:wrong@db/shop",
        }
        self.assertEqual(self.job("state")["stack"], None)
        arns = self.job("secrets", parameters=parameters)["arns"]
        self.assertEqual(set(arns), {"SourceSecretArn", "StoreSecretArn"})
        self.assertEqual(self.job("secrets", parameters=parameters)["arns"], arns, "an interrupted attempt is continued")
        secret = cloud.client("secretsmanager", REGION).describe_secret(SecretId=arns["SourceSecretArn"])
        self.assertIn({"Key": "owner", "Value": "data"}, secret["Tags"])
        parameters |= arns

        # A first deployment that fails is deleted, and then there is nothing.
        planned, ended = self.deployed(parameters)
        self.assertEqual((planned["kind"], ended["ok"], ended["status"]), ("create", False, "ROLLBACK_COMPLETE"))
        self.assertIn("Bootstrap: correct OwnerUrl", ended["reasons"])
        state = self.job("state")
        self.assertTrue(state["failedFirst"])
        self.assertIn("Bootstrap: correct OwnerUrl", state["reasons"], "also after the command was interrupted")
        self.job("delete", keepSecrets=True)

        # Another time, and a plan that is not wanted leaves no stack.
        parameters["OwnerUrl"] = "postgres://owner@db/shop"
        planned = self.job("plan", parameters={**parameters, "StoreSecretArn": "create"})
        self.assertIn({"action": "add", "path": "Bucket", "type": "AWS::S3::Bucket", "why": []}, planned["rows"])
        self.job("discard", changeSet=planned["changeSet"])
        self.assertEqual(self.job("state")["stack"], None)

        planned, ended = self.deployed(parameters)
        self.assertEqual((planned["kind"], ended["ok"]), ("create", True))
        outputs = ended["outputs"]
        finished = self.job("finish", function=outputs["AdminFunctionName"], trial=True, keys=True, tenant="trial")
        self.assertTrue(finished["check"]["ok"])
        self.assertEqual((finished["catalog"], finished["key"]), ("catalog apply", "slc_new"))

        # Nothing to do, then one parameter.
        self.assertEqual(self.job("plan", parameters=parameters)["kind"], "none")
        planned, ended = self.deployed({**parameters, "LogLevel": "debug"})
        self.assertEqual((planned["kind"], ended["ok"]), ("update", True))
        self.assertEqual(planned["parameters"], [["LogLevel", "info", "debug"]])

        # A refused change is not executed; a parameter that is taken out of the file goes back to its default.
        refused = self.job("plan", parameters={**parameters, "Architecture": "arm64"})
        self.assertEqual([one["name"] for one in refused["refusals"]], ["Architecture"])
        self.assertIn(["LogLevel", "debug", "info"], refused["parameters"])
        self.job("discard", changeSet=refused["changeSet"])
        self.assertEqual(self.job("state")["stack"]["parameters"]["LogLevel"], "debug")

        gone = self.job("delete")
        self.assertTrue(gone["ok"])
        self.assertEqual(gone["left"], [f"bucket {outputs['BucketName']}, with its files"])
        self.assertEqual(gone["secrets"], list(arns.values()))
        self.assertEqual(self.job("state")["stack"], None)

    def test_errors_are_for_people(self):
        refused = jobs.run({
            "action": "plan", "region": REGION, "stack": STACK, "template": str(ROOT / "template.yaml"),
            "binaries": str(self.binaries), "parameters": {"SourceUrl": "previous", "StoreUrl": "postgres://a@b/c"},
        })
        self.assertIn("SourceUrl: nothing is deployed", refused["error"])
        explained = jobs.explained({"Code": "ExpiredToken", "Message": "…"}, "CreateChangeSet")
        self.assertIn("log in again", explained)


if __name__ == "__main__":
    unittest.main()
