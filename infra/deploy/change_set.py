"""A change set over the root and all nested stacks, as rows for people and for the guard."""

import time

import artifacts
import cfn
import cloud
import guard
import parameters
import stack
import template
from guard import BLIND

NAME = "cargo-x-deploy"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
# CloudFormation's reasons for a change set without a change.
UNCHANGED = ("didn't contain changes", "No updates are to be performed")
# Value that CloudFormation gives a nested stack for what only the deployment will know.
UNKNOWN = "{{IntrinsicFunction:"
QUOTA = "quota"
# Concurrency that Lambda keeps for functions without a reservation.
UNRESERVED = 100
# Environments of the api without a pooler (mapping Unpooled of the template).
UNPOOLED_API = 8


def plan(job):
    """{"kind": "create" | "update" | "none", "changeSet", "rows", "parameters", "refusals", "notes", "blind": the changes in
    nested stacks are not known}: what the deployment would do."""
    source = parameters.source(job)
    wanted = parameters.complete(source, job["parameters"])
    before = stack.found(cloud.client("cloudformation", job["region"]), job["stack"])
    exists = before is not None and before["status"] != "REVIEW_IN_PROGRESS"
    previous = before["parameters"] if exists else {}
    quota = quota_refusals(job["region"], previous, wanted)
    url = artifacts.upload(job)
    if parameters.makes_revision(source, job["parameters"]):
        wanted[parameters.REVISION] = parameters.revision(url, wanted)
    arn, rows, more = created(job, wanted, source, url, exists)
    changed = differences(source, previous, wanted) if exists else []
    blind = unseen(cloud.client("cloudformation", job["region"]), job["stack"], arn, previous, wanted, rows) if exists and more else []
    refusals = quota + guard.refusals(previous, wanted, rows or [], blind)
    return {
        "kind": "none" if rows is None else "update" if exists else "create", "changeSet": arn, "rows": rows or [],
        "parameters": changed, "notes": more, "blind": bool(more),
        "refusals": [one for one in refusals if one["name"] not in job.get("allow", [])],
    }


def unseen(cloudformation, name, arn, previous, wanted, rows):
    """Nested stacks with something to keep that change, if CloudFormation does not list the changes in nested stacks: the
    address of a template names its content, and the root has the parameters."""
    def evaluated(given, **where):
        body = cloudformation.get_template(StackName=name, TemplateStage="Original", **where)["TemplateBody"]
        return cfn.Evaluation(template.parse(body) if isinstance(body, str) else body, given).resources()

    old, new = evaluated(previous), evaluated(wanted, ChangeSetName=arn)
    gone = {row["path"] for row in rows if row["action"] not in ("add", "change")}
    return [
        one for one in guard.KEEPING
        if one in old and (old[one] != new.get(one) or cfn.references(old[one]) & gone)
    ]


def differences(source, previous, wanted):
    """[name, before, after] of every parameter that changes; hidden ones cannot be compared."""
    hidden = {name for name, spec in source["Parameters"].items() if spec.get("NoEcho")}
    names = sorted({*previous, *wanted} - hidden)
    pairs = ((name, previous.get(name), wanted.get(name)) for name in names)
    # A new parameter with its default is part of the new template, not a decision.
    default = {name: str(spec.get("Default")) for name, spec in source["Parameters"].items()}
    return [[name, old, new] for name, old, new in pairs if old != new and not (old is None and new == default[name])]


def reserved(parameters):
    """Concurrent executions that the template reserves for worker and api."""
    worker = int(parameters["Budget"]) if parameters["ReserveConcurrency"] == "true" else 0
    return worker + (UNPOOLED_API if parameters["Pooler"] == "none" else int(parameters["ApiConcurrency"]))


def quota_refusals(region, previous, wanted):
    """The refusal if Lambda would refuse to reserve what the parameters want, which fails the deployment after minutes."""
    # A template before this one may have had fewer parameters.
    more = reserved(wanted) - (reserved({**wanted, **previous}) if previous else 0)
    if more <= 0:
        return []
    limit = cloud.client("lambda", region).get_account_settings()["AccountLimit"]
    free = limit.get("UnreservedConcurrentExecutions", limit["ConcurrentExecutions"]) - UNRESERVED
    if more <= free:
        return []
    unpooled = wanted["Pooler"] == "none"
    remedy = ", or set "
    remedy += "Pooler = proxy and ReserveConcurrency = false" if unpooled else "ReserveConcurrency = false and ApiConcurrency = 0"
    text = (
        f"Lambda can reserve {max(free, 0)} concurrent executions in this account and region, but {more} are wanted, so "
        f"the deployment would fail. Request a higher quota{remedy}:\n"
        f"  aws service-quotas request-service-quota-increase --region {region} --service-code lambda "
        "--quota-code L-B99A9384 --desired-value 1000"
    )
    return [{"name": QUOTA, "text": text}]


def created(job, wanted, source, url, exists):
    """(ARN, rows, notes) of a change set; rows are None if nothing would change, and then it is gone."""
    cloudformation = cloud.client("cloudformation", job["region"])
    arn, state = settled(cloudformation, job, wanted, source, url, exists, nested=True)
    notes = []
    if state["Status"] == "FAILED" and not unchanged(state) and not cloud.is_local():
        # CloudFormation cannot always evaluate nested stacks beforehand, such as Fn::Select of an output of another one.
        reason = state.get("StatusReason", "")
        remove(cloudformation, arn)
        arn, state = settled(cloudformation, job, wanted, source, url, exists, nested=False)
        notes = [f"CloudFormation could not look into the nested stacks, so their changes are not listed ({reason})"]
    if state["Status"] == "FAILED":
        remove(cloudformation, arn)
        if unchanged(state):
            return None, None, []
        if not exists:
            stack.forget(cloudformation, job["stack"])
        raise parameters.Refusal(f"CloudFormation refuses the template: {state.get('StatusReason', 'without a reason')}")
    rows = rows_of(cloudformation, arn)
    # Without any row at all only outputs change, which is a change as well.
    if not rows and state.get("Changes"):
        remove(cloudformation, arn)
        return None, None, []
    return arn, rows, notes


def settled(cloudformation, job, wanted, source, url, exists, nested):
    """(ARN, description) of a change set once it is complete or has failed."""
    arn = cloudformation.create_change_set(
        StackName=job["stack"], ChangeSetName=f"{NAME}-{time.time_ns()}",
        ChangeSetType="UPDATE" if exists else "CREATE",
        TemplateURL=url, Parameters=given(source, wanted, job["parameters"], exists), Capabilities=CAPABILITIES,
        Tags=[{"Key": key, "Value": value} for key, value in job.get("tags", {}).items()], IncludeNestedStacks=nested,
    )["Id"]
    while True:
        state = cloudformation.describe_change_set(ChangeSetName=arn)
        if state["Status"] in ("CREATE_COMPLETE", "FAILED"):
            return arn, state
        time.sleep(cloud.pause_secs() / 2)


def given(source, wanted, file, exists):
    """All parameters as CloudFormation takes them, so that the file is the truth."""
    hidden = {name for name, spec in source["Parameters"].items() if spec.get("NoEcho")}
    kept = {name for name in hidden if file.get(name) == parameters.PREVIOUS}
    if kept and not exists:
        raise parameters.Refusal(f"{', '.join(sorted(kept))}: nothing is deployed, so there is no previous value to keep")
    return [
        {"ParameterKey": name, **({"UsePreviousValue": True} if name in kept else {"ParameterValue": value})}
        for name, value in wanted.items()
    ]


def unchanged(state):
    """True if a change set failed because nothing would change."""
    return state["Status"] == "FAILED" and any(text in state.get("StatusReason", "") for text in UNCHANGED)


def remove(cloudformation, arn):
    """Deletes a change set, of the nested stacks too."""
    cloudformation.delete_change_set(ChangeSetName=arn)


def rows_of(cloudformation, arn, path=""):
    """[{"action", "path", "type", "why"}] of a change set and those of the nested stacks."""
    pages = list(cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=arn))
    state = {one["ParameterKey"]: one.get("ParameterValue", "") for one in pages[0].get("Parameters", [])}
    rows = []
    changes = [one for page in pages for one in page.get("Changes", [])]
    for change in (one["ResourceChange"] for one in changes if "ResourceChange" in one):
        here = path + change["LogicalResourceId"]
        inner = change.get("ChangeSetId")
        below = rows_of(cloudformation, inner, f"{here}/") if inner else []
        # A nested stack is always listed as changed; only what changes in it, or its tags, is a change.
        if not (inner and not below and change["Action"] == "Modify" and "Tags" not in change.get("Scope", [])):
            kind, why = change["ResourceType"], causes(change)
            rows.append({"action": action(change, state), "path": here, "type": kind, "why": why})
        rows += below
    return rows


def action(change, values):
    """add, change, replace, may replace, remove: what happens to a resource."""
    if change["Action"] != "Modify":
        return "may change" if change["Action"] == "Dynamic" else change["Action"].lower()
    replacement = change.get("Replacement", "False")
    if replacement == "False":
        return "change"
    forced = [one for one in change.get("Details", []) if one.get("Target", {}).get("RequiresRecreation") == "Always"]
    certain = [one for one in forced if one.get("Evaluation") == "Static" and not unknown(one, values)]
    return "replace" if replacement == "True" and (certain or not forced) else "may replace"


def unknown(detail, values):
    """True if the cause of a detail is a parameter whose value only the deployment will know."""
    return values.get((detail.get("CausingEntity") or "").split(".")[0], "").startswith(UNKNOWN)


def causes(change):
    """Properties that change, with the parameter that changes them, in the order in which CloudFormation lists them."""
    found = []
    for detail in change.get("Details", []):
        target = detail.get("Target", {})
        name = target.get("Name") or target.get("Attribute")
        entity = detail.get("CausingEntity")
        text = f"{name} ({entity})" if entity and detail.get("ChangeSource") == "ParameterReference" else name
        if text and text not in found:
            found.append(text)
    # A cause says more than the property alone.
    return [text for text in found if not any(other.startswith(f"{text} (") for other in found)]


def discard(job):
    """Removes a change set that is not executed, and the empty stack of a first one."""
    cloudformation = cloud.client("cloudformation", job["region"])
    remove(cloudformation, job["changeSet"])
    stack.forget(cloudformation, job["stack"])
    return {}
