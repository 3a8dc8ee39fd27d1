"""The root template deploys to the emulator in every two choices of parameters together; no function is run."""

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
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("bootstrap", "#!/bin/sh\n")
        cls.s3.upload_file(str(code), deploy.ARTIFACTS, "code.zip")
        cls.source = load("root")
        cls.nested = deploy.upload_nested(cls.s3, cls.emulator.stack["awsEndpoint"], cls.source, ROOT)

    def deployed(self, parameters):
        """Creates the stack as `cargo x up` does, and names what it was made of."""
        uris = {name: f"s3://{deploy.ARTIFACTS}/code.zip" for name in template.code_folders(self.source)}
        translated = template.translate(self.source, uris, "us-east-1", parameters)
        body = template.place_nested(template.bridge(translated, parameters), self.nested)
        self.s3.put_object(Bucket=deploy.ARTIFACTS, Key="template.json", Body=json.dumps(body).encode())
        url = f"{self.emulator.stack['awsEndpoint']}/{deploy.ARTIFACTS}/template.json"
        outputs = deploy.create(self.cloudformation, url, parameters)
        found = self.cloudformation.describe_stack_resources(StackName=deploy.STACK)["StackResources"]
        self.cloudformation.delete_stack(StackName=deploy.STACK)
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


if __name__ == "__main__":
    unittest.main()
