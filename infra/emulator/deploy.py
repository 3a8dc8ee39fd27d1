"""Deploys template.yaml to the emulator through CloudFormation and prints the stack's outputs.

Reads JSON from standard input: {"action": "create", "stack": stack.json, "template": path, "binaries": folder, "scratch":
folder, "parameters": {name: value}, "secrets": {parameter: {"username": ..., "password": ...}}, "cdn": outputs of what
stands in for infra/cdn.yaml, or null}. A function in `functions/NAME` runs the binary NAME, zipped as `bootstrap`. The
secrets are created before the deployment, and the parameters get their ARNs.

{"action": "update", "stack": stack.json, "parameters": {name: value}} deploys once more with these parameters changed, and
with another "template" or other "binaries" if they are given: it updates the stack, or creates it if it was deleted.
{"action": "delete", "stack": stack.json} deletes it.
"""

import hashlib
import json
import sys
import time
import zipfile
from pathlib import Path

from botocore.exceptions import ClientError

import aws
import template

STACK = "sluice"
ARTIFACTS = "sluice-artifacts"
# Object within ARTIFACTS with the last deployment: it ends with the emulator, as the passwords in it.
DEPLOYMENT = "deployment.json"


def zip_binary(binary, folder):
    """Zips one built binary as Lambda wants it. Stored, not deflated: it only crosses the loopback interface."""
    path = folder / f"{binary.name}.zip"
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o100755 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, binary.read_bytes())
    return path


def upload_code(s3, folders, binaries, scratch):
    """Uploads the code of all functions; logical id -> s3:// address. A changed binary has another one, as AWS wants it, and
    one that was deployed before is there already."""
    there = {one["Key"] for one in s3.list_objects_v2(Bucket=ARTIFACTS).get("Contents", [])}
    uris = {}
    for folder in sorted(set(folders.values())):
        binary = binaries / Path(folder).name
        with binary.open("rb") as content:
            key = f"{binary.name}-{hashlib.file_digest(content, 'sha256').hexdigest()[:16]}.zip"
        if key not in there:
            archive = zip_binary(binary, scratch)
            s3.upload_file(str(archive), ARTIFACTS, key)
            archive.unlink()
        uris[folder] = f"s3://{ARTIFACTS}/{key}"
    return {name: uris[folder] for name, folder in folders.items()}


def upload_nested(s3, endpoint, source, root):
    """Uploads the nested templates; logical id -> where it is."""
    urls = {}
    for name, file in template.nested_files(source).items():
        body = template.bridge_nested(template.parse((root / file).read_text()))
        key = f"{Path(file).stem}.json"
        s3.put_object(Bucket=ARTIFACTS, Key=key, Body=json.dumps(body).encode())
        urls[name] = f"{endpoint}/{ARTIFACTS}/{key}"
    return urls


def create_secrets(client, logins):
    """Creates the secrets with the passwords, as an operator does before the deployment; parameter -> ARN."""
    names = {parameter: f"sluice/{parameter.removesuffix('SecretArn').lower()}" for parameter in logins}
    return {
        parameter: client.create_secret(Name=names[parameter], SecretString=json.dumps(login))["ARN"]
        for parameter, login in logins.items()
    }


def with_cdn(source, outputs, root):
    """The template with the local CDN in place of CloudFront's."""
    file = template.nested_files(source)["Cdn"]
    wanted = set(template.parse((root / file).read_text())["Outputs"])
    if wanted != set(outputs):
        sys.exit(f"the outputs of {file} are {sorted(wanted)}, those of its replacement {sorted(outputs)}")
    return template.stand_in(source, "Cdn", outputs)


def create(cloudformation, body_url, parameters):
    """Creates the stack and waits for it; its outputs, or the reasons why it failed, after it was rolled back."""
    return deployed(cloudformation, cloudformation.create_stack, "CREATE_COMPLETE", body_url, parameters)


def update(cloudformation, body_url, parameters):
    """Updates the stack and waits for it; its outputs, or the reasons why it failed, after it was rolled back."""
    return deployed(cloudformation, cloudformation.update_stack, "UPDATE_COMPLETE", body_url, parameters)


def delete(cloudformation):
    """Deletes the stack and waits for it; the reasons if something could not be deleted."""
    stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=STACK)
    # A stack that is gone is found by its id only.
    if ended(cloudformation, stack)["StackStatus"] != "DELETE_COMPLETE":
        sys.exit(failed(cloudformation, stack))


def deployed(cloudformation, operation, wanted, body_url, parameters):
    """The outputs after an operation that ended as wanted."""
    try:
        stack = operation(
            StackName=STACK,
            TemplateURL=body_url,
            Parameters=[{"ParameterKey": k, "ParameterValue": str(v)} for k, v in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )["StackId"]
    except ClientError as error:
        sys.exit(f"the template was refused: {error.response['Error']['Message']}")
    found = ended(cloudformation, stack)
    if found["StackStatus"] != wanted:
        sys.exit(failed(cloudformation, stack))
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


def ended(cloudformation, stack):
    """The stack once nothing changes any more."""
    while True:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if not found["StackStatus"].endswith("IN_PROGRESS"):
            return found
        time.sleep(0.1)


def failed(cloudformation, stack):
    """Status of the stack, and the reason of everything that failed."""
    status = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    reasons = [
        f"  {event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in events
        if event.get("ResourceStatusReason") and "FAILED" in event["ResourceStatus"]
    ]
    return "\n".join([f"the deployment ended as {status}", *reasons])


def exists(cloudformation):
    """Is the stack there?"""
    try:
        return bool(cloudformation.describe_stacks(StackName=STACK)["Stacks"])
    except ClientError:
        return False


def prepare(s3, job):
    """Uploads everything that a deployment needs; the address of its template."""
    stack = job["stack"]
    source = template.parse(Path(job["template"]).read_text())
    root = Path(job["template"]).parent
    if job["cdn"]:
        source = with_cdn(source, job["cdn"], root)
    code = upload_code(s3, template.code_folders(source), Path(job["binaries"]), Path(job["scratch"]))
    nested = upload_nested(s3, stack["awsEndpoint"], source, root)
    translated = template.translate(source, code, stack["region"], job["parameters"])
    body = template.place_nested(template.bridge(translated, job["parameters"]), nested)
    s3.put_object(Bucket=ARTIFACTS, Key="template.json", Body=json.dumps(body).encode())
    return f"{stack['awsEndpoint']}/{ARTIFACTS}/template.json"


def run(job):
    """Does what the job says; the outputs, or None after a deletion."""
    s3, cloudformation = (aws.client(service, job["stack"]) for service in ("s3", "cloudformation"))
    if job["action"] == "delete":
        return delete(cloudformation)
    if job["action"] == "create":
        s3.create_bucket(Bucket=ARTIFACTS)
        secrets = create_secrets(aws.client("secretsmanager", job["stack"]), job["secrets"])
        job = {**job, "parameters": {**secrets, **job["parameters"]}}
    else:
        last = json.load(s3.get_object(Bucket=ARTIFACTS, Key=DEPLOYMENT)["Body"])
        job = {**last, **job, "parameters": {**last["parameters"], **job["parameters"]}}
    deploy = update if exists(cloudformation) else create
    outputs = deploy(cloudformation, prepare(s3, job), job["parameters"])
    s3.put_object(Bucket=ARTIFACTS, Key=DEPLOYMENT, Body=json.dumps(job).encode())
    return outputs


def main():
    json.dump(run(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
