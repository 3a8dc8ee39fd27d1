"""Deploys template.yaml to the emulator through CloudFormation and prints the stack's outputs.

Reads JSON from standard input: {"stack": stack.json, "template": path, "binaries": folder, "scratch": folder,
"parameters": {name: value}, "secrets": {parameter: {"username": ..., "password": ...}}, "cdn": outputs of what stands in for infra/cdn.yaml, or null}. A function in `functions/NAME`
runs the binary NAME, zipped as `bootstrap`.
"""

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


def zip_binary(binary, folder):
    """Zips one built binary as Lambda wants it. Stored, not deflated: it only crosses the loopback interface."""
    path = folder / f"{binary.name}.zip"
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o100755 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, binary.read_bytes())
    return path


def upload_code(s3, folders, binaries, scratch):
    """Uploads the code of all functions; logical id -> s3:// address."""
    uris = {}
    for name, folder in folders.items():
        archive = zip_binary(binaries / Path(folder).name, scratch)
        s3.upload_file(str(archive), ARTIFACTS, archive.name)
        archive.unlink()
        uris[name] = f"s3://{ARTIFACTS}/{archive.name}"
    return uris


def upload_nested(s3, endpoint, source, root):
    """Uploads the nested templates; logical id -> where it is."""
    urls = {}
    for name, file in template.nested_files(source).items():
        body = template.leave_out_metric_math(template.parse((root / file).read_text()))
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
    """Creates the stack and waits for it; its outputs, or the reason why it failed."""
    try:
        cloudformation.create_stack(
            StackName=STACK,
            TemplateURL=body_url,
            Parameters=[{"ParameterKey": k, "ParameterValue": str(v)} for k, v in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    except ClientError as error:
        sys.exit(f"the template was refused: {error.response['Error']['Message']}")
    while True:
        stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        status = stack["StackStatus"]
        if status == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        if not status.endswith("IN_PROGRESS") or status.startswith("ROLLBACK"):
            events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
            reasons = [
                f"  {event['LogicalResourceId']}: {event['ResourceStatusReason']}"
                for event in events
                if event.get("ResourceStatusReason") and "FAILED" in event["ResourceStatus"]
            ]
            sys.exit("\n".join([f"the deployment ended as {status}", *reasons]))
        time.sleep(0.1)


def main():
    job = json.load(sys.stdin)
    stack = job["stack"]
    s3 = aws.client("s3", stack)
    s3.create_bucket(Bucket=ARTIFACTS)
    parameters = {**create_secrets(aws.client("secretsmanager", stack), job["secrets"]), **job["parameters"]}
    source = template.parse(Path(job["template"]).read_text())
    root = Path(job["template"]).parent
    if job["cdn"]:
        source = with_cdn(source, job["cdn"], root)
    code = upload_code(s3, template.code_folders(source), Path(job["binaries"]), Path(job["scratch"]))
    nested = upload_nested(s3, stack["awsEndpoint"], source, root)
    translated = template.translate(source, code, stack["region"], parameters)
    body = template.place_nested(template.bridge(translated, parameters), nested)
    s3.put_object(Bucket=ARTIFACTS, Key="template.json", Body=json.dumps(body).encode())
    url = f"{stack['awsEndpoint']}/{ARTIFACTS}/template.json"
    outputs = create(aws.client("cloudformation", stack), url, parameters)
    json.dump(outputs, sys.stdout)


if __name__ == "__main__":
    main()
