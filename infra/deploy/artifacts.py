"""Uploads code and templates, as `sam package --resolve-s3` does, under names made of their content.

An unchanged file keeps its name, so that a deployment without a change is seen to be one. The bucket is created by a
small stack of its own, once per account and region. Its name cannot be guessed, so no other account can take it before.
The first deployment's tags are on it, for accounts that demand tags. A job with {"artifacts": {"stack": name, "tags":
{key: value}}} has a stack for itself, which it can delete.
"""

import copy
import hashlib
import io
import json
import zipfile
from pathlib import Path

import cloud
import parameters
import stack
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


def bucket(job):
    """The name of the bucket, which is created if need be."""
    cloudformation = cloud.client("cloudformation", job["region"])
    own = job.get("artifacts") or {"stack": BUCKET_STACK, "tags": job.get("tags", {})}
    name, tags = own["stack"], [{"Key": key, "Value": value} for key, value in own["tags"].items()]
    there = stack.found(cloudformation, name)
    if there is None:
        arn = cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(BUCKET_TEMPLATE), Tags=tags)["StackId"]
        stack.ended(cloudformation, arn, stack.History(cloudformation, arn))
        there = stack.found(cloudformation, name)
    if "Bucket" not in there["outputs"]:
        raise parameters.Refusal(
            f"the stack {name}, which has the bucket for code and templates, is {there['status']} {there['reason']}; delete it "
            f"(`aws cloudformation delete-stack --region {job['region']} --stack-name {name}`), and deploy again"
        )
    return there["outputs"]["Bucket"]


class Uploads:
    """The bucket, and what is put into it."""

    def __init__(self, job):
        self.s3 = cloud.client("s3", job["region"])
        self.bucket = bucket(job)

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
    # Compression takes longer than the loopback interface.
    compression = zipfile.ZIP_STORED if cloud.is_local() else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100755 << 16
            entry.compress_type = compression
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
    source, uploads = parameters.source(job), Uploads(job)
    folders = template.code_folders(source)
    binaries = job.get("binaries")
    uris = {folder: uploads.code(function_files(path.parent / folder, binaries)) for folder in set(folders.values())}
    code = {name: uris[folder] for name, folder in folders.items()}
    nested = {}
    for name, file in template.nested_files(source).items():
        inner = parameters.parsed(path.parent / file)
        nested[name] = uploads.template(template.bridge_nested(inner) if cloud.is_local() else inner)
    if cloud.is_local():
        body = template.bridge(template.translate(source, code, job["region"], job["parameters"]), job["parameters"])
    else:
        body = copy.deepcopy(source)
        for name, uri in code.items():
            body["Resources"][name]["Properties"]["CodeUri"] = uri
    return uploads.template(template.place_nested(body, nested))
