"""Uploads code and templates, as `sam package --resolve-s3` does, under names made of their content.

An unchanged file keeps its name, so that a deployment without a change is seen to be one. The bucket is created by a
small stack of its own, once per account and region. Its name cannot be guessed, so no other account can take it before.
"""

import copy
import hashlib
import io
import json
import zipfile
from pathlib import Path

import cloud
import parameters
import template

# Stack with the bucket for code and templates.
BUCKET_STACK = "sluice-artifacts"
PREFIX = "sluice/"
BUCKET_TEMPLATE = {
    "Description": "Code and templates of Sluice's deployments (cargo x deploy). The bucket outlives the stack.",
    "Resources": {
        "Artifacts": {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}],
                },
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True, "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True, "RestrictPublicBuckets": True,
                },
            },
        },
    },
    "Outputs": {"Bucket": {"Value": {"Ref": "Artifacts"}}},
}


def bucket(region):
    """The name of the bucket, which is created if need be."""
    cloudformation = cloud.client("cloudformation", region)
    try:
        found, = cloudformation.describe_stacks(StackName=BUCKET_STACK)["Stacks"]
    except cloudformation.exceptions.ClientError:
        cloudformation.create_stack(StackName=BUCKET_STACK, TemplateBody=json.dumps(BUCKET_TEMPLATE))
        wait = {"Delay": cloud.pause_secs(), "MaxAttempts": 120}
        cloudformation.get_waiter("stack_create_complete").wait(StackName=BUCKET_STACK, WaiterConfig=wait)
        found, = cloudformation.describe_stacks(StackName=BUCKET_STACK)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found["Outputs"]}["Bucket"]


class Uploads:
    """The bucket, and what is put into it."""

    def __init__(self, region):
        self.s3 = cloud.client("s3", region)
        self.bucket = bucket(region)

    def put(self, content, suffix):
        """The key of an object with this content, which is uploaded unless it is there."""
        key = f"{PREFIX}{hashlib.sha256(content).hexdigest()}{suffix}"
        try:
            self.s3.head_object(Bucket=self.bucket, Key=key)
        except self.s3.exceptions.ClientError:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return key

    def code(self, files):
        """The s3:// address of a zip with these files."""
        return f"s3://{self.bucket}/{self.put(zipped(files), '.zip')}"

    def template(self, body):
        """The address of a template, as CloudFormation takes it."""
        key = self.put(json.dumps(body, sort_keys=True, default=str).encode(), ".json")
        return f"{self.s3.meta.endpoint_url}/{self.bucket}/{key}"


def zipped(files):
    """A zip of {name: content}, the same bytes whenever the contents are."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return made.getvalue()


def function_files(folder, binaries):
    """The files of one function: those that `sam build` made, or the built binary of its name."""
    if binaries:
        return {"bootstrap": (Path(binaries) / folder.name).read_bytes()}
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def upload(job):
    """Uploads everything that the job's template names; the address of the template to deploy."""
    path = Path(job["template"])
    source, uploads = parameters.source(job), Uploads(job["region"])
    folders = template.code_folders(source)
    binaries = job.get("binaries")
    uris = {folder: uploads.code(function_files(path.parent / folder, binaries)) for folder in set(folders.values())}
    code = {name: uris[folder] for name, folder in folders.items()}
    nested = {}
    for name, file in template.nested_files(source).items():
        inner = parameters.parsed(path.parent / file)
        nested[name] = uploads.template(template.leave_out_metric_math(inner) if cloud.is_local() else inner)
    if cloud.is_local():
        body = template.bridge(template.translate(source, code, job["region"], job["parameters"]), job["parameters"])
    else:
        body = copy.deepcopy(source)
        for name, uri in code.items():
            body["Resources"][name]["Properties"]["CodeUri"] = uri
    return uploads.template(template.place_nested(body, nested))
