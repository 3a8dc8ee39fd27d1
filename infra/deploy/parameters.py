"""Compares the parameters of a deployment with template.yaml, as CloudFormation would, before anything is built.

Each problem names the parameter and its remedy.
"""

import difflib
import functools
import hashlib
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import cfn
import template

# Value of SourceSecretArn or StoreSecretArn in a file: the deployment creates the secret and puts its ARN there.
CREATE = "create"
CREATED = ("SourceSecretArn", "StoreSecretArn")
# Stands for a secret that does not exist yet.
PLACEHOLDER = "arn:aws:secretsmanager:us-east-1:000000000000:secret:created-later"
# Parameter of a gradual deployment: each one that changes something needs a new text, which is made unless it is given.
REVISION, GRADUAL = "Revision", "GradualDeployment"
# Value of a hidden parameter that keeps what is deployed: for a password that has no place in a file.
PREVIOUS = "previous"
# URLs whose password is in a secret, and the parameter with its ARN.
SECRETS = {"SourceUrl": "SourceSecretArn", "StoreUrl": "StoreSecretArn", "OwnerUrl": "OwnerSecretArn"}
STACK_NAME = r"[a-zA-Z](-?[a-zA-Z0-9])*"
STACK_NAME_MAX = 45


class Refusal(Exception):
    """A deployment that cannot be, with the reason and the remedy."""


def source(job):
    """The template that the job names."""
    return parsed(job["template"])


@functools.cache
def parsed(path):
    """A template, which takes half a second to read. The callers change copies."""
    return template.parse(Path(path).read_text())


def check(job):
    """{"problems": [text]} of the job's stack name and parameters."""
    return {"problems": stack_problems(job["stack"]) + problems(source(job), job["parameters"])}


def complete(source, given):
    """Every parameter of the template with its text: the given one, or the default. A dry run creates no secrets."""
    specs = source["Parameters"]
    return {**{name: str(spec["Default"]) for name, spec in specs.items()}, **settled(source, given)}


def settled(source, given):
    """The given parameters, with something in place of secrets and of a revision that do not exist yet."""
    made = {REVISION: "made-later"} if makes_revision(source, given) else {}
    return {**made, **{name: PLACEHOLDER if creates(name, value) else value for name, value in given.items()}}


def makes_revision(source, given):
    """True if the deployment is gradual and the file leaves the revision out."""
    return REVISION in source["Parameters"] and REVISION not in given and given.get(GRADUAL, "none") != "none"


def revision(url, wanted):
    """A text that changes with the code, the templates (whose address names their content) and the parameters."""
    said = json.dumps([url, {name: value for name, value in wanted.items() if name != REVISION}], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def stack_problems(name):
    """A name that AWS, or a resource named after the stack, would refuse."""
    if re.fullmatch(STACK_NAME, name) and len(name) <= STACK_NAME_MAX:
        return []
    return [
        f"stack = {name!r}: use letters, digits and single hyphens, beginning with a letter, at most {STACK_NAME_MAX} "
        "characters"
    ]


def problems(source, given):
    """Problems of single parameters, or if there are none, of what does not go together."""
    found = [text for name, value in given.items() for text in of_one(source["Parameters"], name, value)]
    if found:
        return found
    return cfn.Evaluation(source, settled(source, given)).broken_rules()


def creates(name, value):
    """True if the deployment is to create this secret."""
    return name in CREATED and value == CREATE


def of_one(specs, name, value):
    """Problems of one parameter by itself."""
    if name not in specs:
        near = difflib.get_close_matches(name, specs, 1, 0.5)
        remedy = f"did you mean {near[0]}?" if near else "template.yaml lists and describes all parameters"
        return [f"{name}: there is no such parameter; {remedy}"]
    spec = specs[name]
    if creates(name, value) or (value == PREVIOUS and spec.get("NoEcho")):
        return []
    wrong = mistake(spec, value)
    if wrong:
        return [f"{name} = {value!r}: {wrong}"]
    return password_problems(name, value)


def mistake(spec, value):
    """The reason for which CloudFormation would refuse a value; None without one."""
    allowed = [str(one) for one in spec.get("AllowedValues", [])]
    if allowed and value not in allowed:
        return f"must be one of {', '.join(allowed)}"
    if spec["Type"] == "Number":
        if not re.fullmatch(r"-?[0-9]+", value):
            return "must be a whole number"
        if "MinValue" in spec and int(value) < int(spec["MinValue"]):
            return f"must be at least {spec['MinValue']}"
        if "MaxValue" in spec and int(value) > int(spec["MaxValue"]):
            return f"must be at most {spec['MaxValue']}"
    if "MaxLength" in spec and len(value) > int(spec["MaxLength"]):
        return f"must have at most {spec['MaxLength']} characters"
    if "AllowedPattern" in spec and not re.fullmatch(spec["AllowedPattern"], value):
        return spec.get("ConstraintDescription", f"must match {spec['AllowedPattern']}")
    return None


def password_problems(name, value):
    """Passwords have no place in the file."""
    if "://" not in value or not name.endswith("Url") or not urlsplit(value).password:
        return []
    if name in SECRETS:
        where = f"{SECRETS[name]} names a secret of Secrets Manager with it"
        also = ', or is "create"' if SECRETS[name] in CREATED else ""
        return [f"{name}: contains a password; leave it out of the URL, {where}{also}"]
    return [
        f"{name}: contains a password; set it once by hand (`cargo x sam deploy --parameter-overrides {name}=…`) and then "
        f'write {name} = "{PREVIOUS}"'
    ]
