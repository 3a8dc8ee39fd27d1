"""The root template deploys to the emulator in every two choices of parameters together, and again after a failure.

Every function is the same small program, which writes down what it is called with. It answers as the bootstrap does: that
it is done, or that the owner is wrong.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock
import zipfile
from pathlib import Path
from urllib.request import urlopen

import aws
import cfn
import choices
import deploy
import template
from templates import ROOT, load

HERE = Path(__file__).resolve().parent
PATIENCE_SECS = 60
FUNCTION = """#!{python}
import json, os, urllib.request

api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as given:
        request, event = given.headers["Lambda-Runtime-Aws-Request-Id"], json.load(given)
    if "SLUICE_BOOTSTRAP" in os.environ:
        with open("{calls}", "a") as calls:
            print(json.dumps(event["settings"]), file=calls)
    ok = "wrong" not in os.environ.get("SLUICE_OWNER_URL", "")
    body = json.dumps({{"ok": ok, "text": "done" if ok else "correct OwnerUrl", "data": {{}}}}).encode()
    urllib.request.urlopen(urllib.request.Request(api + request + "/response", body, method="POST")).close()
"""


class Emulator:
    """One of its own, on a free port of 127.0.0.1."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        endpoint = f"http://127.0.0.1:{port}"
        self.stack = {"awsEndpoint": endpoint, "region": "us-east-1", "accessKey": "test", "secretKey": "test"}
        env = {
            "PATH": "/usr/bin:/bin", "HOME": folder, "TMPDIR": folder, "PYTHONDONTWRITEBYTECODE": "1",
            "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "MINISTACK_HOST": "localhost", "AUTH": "true",
            "IOT_MTLS_ENABLED": "0", "AWS_ENDPOINT_URL": endpoint,
        }
        self.log = open(Path(folder) / "emulator.log", "wb")
        command = [sys.executable, str(HERE / "emulator.py")]
        self.process = subprocess.Popen(command, env=env, cwd=folder, stdout=self.log, stderr=self.log)
        give_up = time.monotonic() + PATIENCE_SECS
        while True:
            try:
                urlopen(f"{endpoint}/_ministack/health", timeout=5).read()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > give_up:
                    self.stop()
                    raise RuntimeError((Path(folder) / "emulator.log").read_text()) from None
                time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


class Deployments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        # The developer's own credentials are not for the emulator.
        others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = unittest.mock.patch.dict(os.environ, others, clear=True)
        environment.start()
        cls.addClassCleanup(environment.stop)
        cls.emulator = Emulator(cls.folder.name)
        cls.addClassCleanup(cls.emulator.stop)
        cls.s3 = aws.client("s3", cls.emulator.stack)
        cls.cloudformation = aws.client("cloudformation", cls.emulator.stack)
        cls.s3.create_bucket(Bucket=deploy.ARTIFACTS)
        code = Path(cls.folder.name) / "code.zip"
        cls.calls = Path(cls.folder.name) / "calls"
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o100755 << 16
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr(entry, FUNCTION.format(python=sys.executable, calls=cls.calls))
        cls.s3.upload_file(str(code), deploy.ARTIFACTS, "code.zip")
        cls.source = load("root")
        cls.nested = deploy.upload_nested(cls.s3, cls.emulator.stack["awsEndpoint"], cls.source, ROOT)

    def setUp(self):
        self.calls.write_text("")

    def settings(self):
        """The settings of every call of the bootstrap, in order."""
        return [json.loads(line) for line in self.calls.read_text().splitlines()]

    def body(self, parameters):
        """The template as `cargo x up` deploys it, and where it is."""
        uris = {name: f"s3://{deploy.ARTIFACTS}/code.zip" for name in template.code_folders(self.source)}
        translated = template.translate(self.source, uris, "us-east-1", parameters)
        body = template.place_nested(template.bridge(translated, parameters), self.nested)
        self.s3.put_object(Bucket=deploy.ARTIFACTS, Key="template.json", Body=json.dumps(body).encode())
        return body, f"{self.emulator.stack['awsEndpoint']}/{deploy.ARTIFACTS}/template.json"

    def deployed(self, parameters):
        """Creates the stack as `cargo x up` does, and names what it was made of."""
        body, url = self.body(parameters)
        outputs = deploy.create(self.cloudformation, url, parameters)
        found = self.cloudformation.describe_stack_resources(StackName=deploy.STACK)["StackResources"]
        deploy.delete(self.cloudformation)
        return body, outputs, {one["LogicalResourceId"] for one in found}

    def test_every_two_choices_deploy_together(self):
        tried = 0
        for choice in choices.emulated():
            with self.subTest(**choice):
                parameters = choices.parameters(choice)
                body, outputs, found = self.deployed(parameters)
                wanted = cfn.Evaluation(body, parameters)
                self.assertEqual(set(wanted.resources()) - found, set())
                self.assertEqual(set(outputs), set(wanted.outputs()))
                tried += 1
        self.assertGreater(tried, 8)

    def test_a_failed_first_deployment_can_be_repeated(self):
        """Nothing of it is left, so that it is deleted and deployed again under the same name."""
        parameters = choices.parameters({"owner": "given"})
        buckets = self.buckets()
        wrong = {**parameters, "OwnerUrl": "postgres://owner:wrong@db/shop"}
        _, url = self.body(wrong)
        with self.assertRaises(SystemExit) as failed:
            deploy.create(self.cloudformation, url, wrong)
        self.assertIn("ended as ROLLBACK_COMPLETE", str(failed.exception))
        self.assertIn("Bootstrap: correct OwnerUrl", str(failed.exception))
        self.assertEqual(self.buckets(), buckets)
        # AWS takes no second creation before this.
        deploy.delete(self.cloudformation)
        self.calls.write_text("")
        outputs = deploy.create(self.cloudformation, url, parameters)
        self.assertIn("AdminFunctionName", outputs)
        self.assertEqual([one["budget"] for one in self.settings()], ["4"])
        self.assertNotEqual(self.processes(), [])
        deploy.delete(self.cloudformation)
        self.assertEqual(self.processes(), [], "on AWS no environment outlives its function")

    def test_the_bootstrap_runs_again_when_a_setting_of_the_store_changes_and_not_otherwise(self):
        parameters = choices.parameters({"owner": "given"})
        _, url = self.body(parameters)
        deploy.create(self.cloudformation, url, parameters)
        deploy.update(self.cloudformation, url, {**parameters, "MaxKeptChunks": "2000"})
        deploy.update(self.cloudformation, url, {**parameters, "MaxKeptChunks": "2000", "LogLevel": "debug"})
        self.assertEqual([one["max_kept_chunks"] for one in self.settings()], ["5000000", "2000"])
        # A failure is rolled back to the settings that were there.
        with self.assertRaises(SystemExit) as failed:
            deploy.update(self.cloudformation, url, {**parameters, "MaxKeptChunks": "3000", "OwnerUrl": "postgres://owner:wrong@db/shop"})
        self.assertIn("ended as UPDATE_ROLLBACK_COMPLETE", str(failed.exception))
        self.assertIn("Bootstrap: correct OwnerUrl", str(failed.exception))
        self.assertEqual(self.settings()[-1]["max_kept_chunks"], "2000")
        # Without an owner nothing is called any more, not even for the end.
        before = len(self.settings())
        deploy.update(self.cloudformation, url, {**parameters, "OwnerUrl": "none"})
        deploy.delete(self.cloudformation)
        self.assertEqual(len(self.settings()), before)

    def processes(self):
        """Processes of functions: those that run code below the emulator's folder."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue  # it ended meanwhile
            if any(word.startswith(f"{self.folder.name}/ministack") for word in words):
                found.append(words)
        return found

    def buckets(self):
        return sorted(one["Name"] for one in self.s3.list_buckets()["Buckets"])


if __name__ == "__main__":
    unittest.main()
