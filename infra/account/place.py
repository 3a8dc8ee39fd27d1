"""Places to deploy to: an AWS account, or the emulator of a stack that `cargo x up` started."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "infra" / name) for name in ("deploy", "emulator", "checks")]

import cloud
import deploy

# Tag of every stack of this program. Only what is in a stack with this tag is removed.
TAG = "sluice-account-test"
# An address of the documentation's network (RFC 5737), at which no server responds.
NO_SERVER = "192.0.2.1"
# One chunk for each day of a dataset, however few rows a day has.
SMALL_CHUNKS = {"TargetBytes": "1024"}


class Account:
    """The AWS account of the environment: credentials and region are found as by the `aws` command."""

    emulated = False
    # Seconds between two questions about something that takes minutes.
    poll = 10
    # The size of the run: small chunks, and rows of the large dataset.
    chunks, rows = 1000, 10_000_000

    def __init__(self, architecture="arm64"):
        self.region = boto3.Session().region_name
        if not self.region:
            sys.exit("set AWS_REGION, or a region in your profile")
        self.architecture = architecture
        self._built = None

    def client(self, service, region=None):
        """A client of one service."""
        return cloud.client(service, region or self.region)

    def described(self):
        """The place in words, for the question before the run."""
        return f"account {self.client('sts').get_caller_identity()['Account']}, region {self.region}"

    def job(self):
        """The fields of a job of infra/deploy that name the code to deploy. The functions are built once."""
        if self._built is None:
            self._sam("build", "--beta-features", "--parameter-overrides", f"Architecture={self.architecture}")
            self._built = {"region": self.region, "template": str(ROOT / ".aws-sam/build/template.yaml")}
        return self._built

    def trial(self):
        """Parameters of the trial in infra/README.md, with chunks as small as possible."""
        return {
            "CreateExample": "true",
            "Pooler": "proxy",
            "ReserveConcurrency": "false",
            "Tracing": "Active",
            "Architecture": self.architecture,
            **SMALL_CHUNKS,
        }

    def unreachable(self):
        """Parameters of a deployment whose bootstrap fails, since no server responds; it needs no database."""
        url = f"{NO_SERVER}/shop?sslmode=require"
        return {
            "Pooler": "own",
            "ReserveConcurrency": "false",
            "CreateAlarms": "false",
            "Architecture": self.architecture,
            **{f"{of}Url": f"postgres://{of.lower()}:none@{url}" for of in ("Source", "Store", "Owner")},
        }

    def secret(self, outputs, of):
        """The secret with the password of the source or the store."""
        return outputs[f"{of}SecretArn"]

    def url(self, outputs):
        """Value of SLUICE_URL: CloudFront, if there is one."""
        return f"https://{outputs['CdnDomain']}/api/v1" if "CdnDomain" in outputs else outputs["ApiUrl"]

    def remove_secrets(self):
        """Removes the secrets that this place has created; their ARNs."""
        return []

    def _sam(self, *words):
        """Runs `cargo x sam`, with its output on standard error: standard output is for the tables."""
        command = [os.environ["SLUICE_X"], "sam", *words]
        if subprocess.run(command, stdout=sys.stderr, cwd=ROOT).returncode:
            raise RuntimeError(f"`cargo x sam {words[0]}` failed")


class Emulated(Account):
    """The emulator of a stack of this machine. Its deployment must have been deleted (`cargo x undeploy`): the
    launcher serves one API only."""

    emulated = True
    poll = 0.1
    chunks, rows = 40, 40_000

    def __init__(self, stack):
        self.stack = stack
        self.region = stack["region"]
        # infra/deploy finds the emulator as it finds an account.
        os.environ.update(AWS_ACCESS_KEY_ID=stack["accessKey"], AWS_SECRET_ACCESS_KEY=stack["secretKey"])
        body = self.client("s3").get_object(Bucket=deploy.ARTIFACTS, Key=deploy.DEPLOYMENT)["Body"]
        self.last = json.load(body)
        self._wrong = None

    def described(self):
        return f"the emulator of stack {self.stack['name']}"

    def job(self):
        return {"region": self.region, "template": self.last["template"], "binaries": self.last["binaries"]}

    def trial(self):
        return {**self.last["parameters"], **SMALL_CHUNKS}

    def unreachable(self):
        if self._wrong is None:
            text = json.dumps({"username": "stranger", "password": "wrong"})
            self._wrong = self.client("secretsmanager").create_secret(Name=f"{TAG}-wrong", SecretString=text)["ARN"]
        return {**self.trial(), "OwnerSecretArn": self._wrong}

    def secret(self, outputs, of):
        return self.last["parameters"][f"{of}SecretArn"]

    def url(self, outputs):
        return f"{self.stack['awsEndpoint']}/api/v1"

    def remove_secrets(self):
        if self._wrong is None:
            return []
        secret, self._wrong = self._wrong, None
        self.client("secretsmanager").delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
        return [secret]


def place(architecture):
    """The place that the environment names: AWS_ENDPOINT_URL on loopback is the emulator of SLUICE_STACK."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if not endpoint:
        return Account(architecture)
    if urlsplit(endpoint).hostname not in ("127.0.0.1", "localhost", "::1"):
        sys.exit("AWS_ENDPOINT_URL names neither AWS nor this machine; unset it for your account")
    if "SLUICE_STACK" not in os.environ:
        sys.exit("set SLUICE_STACK to the stack.json of the emulator in AWS_ENDPOINT_URL")
    stack = json.loads(Path(os.environ["SLUICE_STACK"]).read_text())
    if stack["awsEndpoint"] != endpoint:
        sys.exit("AWS_ENDPOINT_URL is not the emulator of SLUICE_STACK")
    return Emulated(stack)


def empty_bucket(s3, bucket):
    """Deletes all objects, versions and unfinished uploads of a bucket, then the bucket."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{name: one[name] for name in ("Key", "VersionId") if one.get(name)} for one in found]
        if keys:
            failed = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True}).get("Errors")
            if failed:
                raise RuntimeError(f"{bucket}: {failed[0]}")
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    try:
        s3.delete_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise


def wait(seconds):
    """Sleeps. A function of its own, so that tests need not."""
    time.sleep(seconds)


def note(text):
    """Prints a line of progress to standard error."""
    print(f"▸ {text}", file=sys.stderr, flush=True)
