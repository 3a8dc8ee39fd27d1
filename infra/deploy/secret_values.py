"""Secrets that the deployment creates: passwords of the two roles, for a database of your own without a proxy."""

import json
from urllib.parse import urlsplit

import cloud
import parameters

# Tag of a secret that a deployment created; its value is the name of the stack.
TAG = "sluice:deployment"
# Days in which a deleted secret can be restored.
RECOVERY_DAYS = 7


def create(job):
    """{"arns": {parameter: ARN}} of the secrets that the job's parameters want to be created."""
    client = cloud.client("secretsmanager", job["region"])
    wanted = [name for name, value in job["parameters"].items() if parameters.creates(name, value)]
    return {"arns": {name: one(client, job, name.removesuffix("SecretArn").lower()) for name in wanted}}


def one(client, job, of):
    """The ARN of the secret of one role. One that an earlier attempt has created is used again."""
    name = f"sluice/{job['stack']}/{of}"
    key = job["parameters"].get("KmsKeyArn")
    try:
        found = client.describe_secret(SecretId=name)
    except client.exceptions.ResourceNotFoundException:
        url = urlsplit(job["parameters"].get(f"{of.capitalize()}Url", ""))
        login = {"username": url.username or f"sluice_{of}", "password": password(client)}
        return client.create_secret(
            Name=name, SecretString=json.dumps(login),
            Tags=[{"Key": key, "Value": value} for key, value in {**job.get("tags", {}), TAG: job["stack"]}.items()],
            Description=f"Password of Sluice's role for the {of}. Created by cargo x deploy.",
            **({"KmsKeyId": key} if key else {}),
        )["ARN"]
    if found.get("DeletedDate"):
        client.restore_secret(SecretId=found["ARN"])
    return found["ARN"]


def password(client):
    """A password without characters that a URL or a shell would read otherwise."""
    return client.get_random_password(PasswordLength=40, ExcludePunctuation=True)["RandomPassword"]


def delete(region, stack):
    """Deletes the secrets of a stack, which can be restored for a week; their ARNs."""
    client = cloud.client("secretsmanager", region)
    arns = []
    for of in ("source", "store"):
        try:
            found = client.describe_secret(SecretId=f"sluice/{stack}/{of}")
        except client.exceptions.ResourceNotFoundException:
            continue
        if {"Key": TAG, "Value": stack} in found.get("Tags", []) and not found.get("DeletedDate"):
            client.delete_secret(SecretId=found["ARN"], RecoveryWindowInDays=RECOVERY_DAYS)
            arns.append(found["ARN"])
    return arns
