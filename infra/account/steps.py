"""The steps that this program runs, in their order. Each settles one row of *Open on a real account*."""

from by_hand import BY_HAND
from observed import OBSERVED, Permissions, Refused, Target
from removal import Removal
from step import Answer, Step, judged
from trial import ended
from variants import VARIANTS

# Chunks after which Lambda would stop the loop of worker and queue: 16 turns, of at most 8 messages that are out.
RECURSION_LIMIT = 128
# Types that the evidence of the deployment counts.
NAMED = (
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBProxy",
    "AWS::EC2::VPCEndpoint",
    "AWS::Lambda::Function",
    "AWS::CloudWatch::Alarm",
)


class FailedFirst(Step):
    name = "failed-first"
    question = (
        "does a failed bootstrap end the first deployment with its reason, is its bucket deleted "
        "(`RetainExceptOnCreate`), and can it be repeated under the same name"
    )

    def run(self, trial):
        if trial.main.outputs:
            return Answer("open", "the deployment exists; the step comes before it")
        failure = trial.main.create(trial.place.unreachable())
        reason = next((one for one in trial.main.reasons() if one.startswith("Bootstrap:")), None)
        kept = [bucket for bucket in trial.main.buckets() if not trial.bucket_is_gone(bucket)]
        undeleted = trial.main.delete()
        # The step `deploy` uses the name again.
        trial.main.forget()
        bucket = f"kept: {', '.join(kept)}" if kept else "its bucket is gone"
        evidence = f"{reason or failure or 'the deployment did not fail'}; {bucket}"
        return judged(reason and not kept and not undeleted, evidence)


class Deploy(Step):
    name = "deploy"
    question = (
        "does the whole template deploy, with proxy, endpoints and example, and does `sluice admin check` succeed"
    )

    def run(self, trial):
        deployment = trial.deploy()
        kinds = [kind for kind, _ in deployment.resources]
        parts = ", ".join(
            f"{kinds.count(kind)} {kind.rsplit('::', 1)[1]}" for kind in sorted(set(kinds)) if kind in NAMED
        )
        minutes = trial.deployed_secs / 60
        fine = sum(line.startswith("ok") for line in trial.check.splitlines())
        return judged(
            True, f"{len(kinds)} resources in {minutes:.1f} min ({parts}); `check` reports {fine} times ok, no error"
        )


class NestedChanges(Step):
    name = "nested-changes"
    question = (
        "does CloudFormation list the changes in nested stacks before a deployment (without the list `cargo x deploy` "
        "refuses some updates, see above)"
    )
    emulator = "its change sets leave nested stacks out"

    def run(self, trial):
        listed = trial.deploy().listed
        if not listed:
            return Answer("open", "the stack was not created by this run")
        return judged(all(listed), f"{sum(listed)} of {len(listed)} change sets listed them")


class Architecture(Step):
    name = "architecture"
    question = (
        "does arm64 build and run (its standard library could not be downloaded here; `cargo x sam` reports it and "
        "how to install it)"
    )
    emulator = "its functions are processes of this machine, of this machine's architecture"

    def run(self, trial):
        found = trial.place.client("lambda").get_function_configuration(FunctionName=trial.function("Worker"))
        architecture = found["Architectures"][0]
        chunks = trial.exported(trial.small).chunks
        if architecture != "arm64":
            return Answer("open", f"the run was with --architecture {architecture}")
        return judged(chunks, f"the worker runs on {architecture} and has read {chunks:,} chunks")


class Chunks(Step):
    name = "chunks"
    question = "is an export of 1,000 small chunks complete, and are its rows those of the database"

    def run(self, trial):
        found = trial.exported(trial.small)
        return judged(not found.faults and found.chunks >= trial.small.days, found.text(trial.small))


class Large(Step):
    name = "large"
    question = "is an export of one large dataset complete, through the proxy"

    def run(self, trial):
        found = trial.exported(trial.large)
        return judged(not found.faults, f"{found.text(trial.large)}; {found.bytes / 1e6:,.0f} MB of files")


class Recursion(Step):
    name = "recursion"
    question = "does Lambda let the worker send its own messages beyond 16 turns (`RecursiveLoop: Allow`)"
    emulator = "its CloudFormation ignores `RecursiveLoop`, and it does not follow loops over SQS"

    def run(self, trial):
        worker, chunks = trial.function("Worker"), trial.exported(trial.small).chunks
        setting = trial.place.client("lambda").get_function_recursion_config(FunctionName=worker)["RecursiveLoop"]
        dropped = sum(trial.metric("AWS/Lambda", "RecursiveInvocationsDropped", FunctionName=worker))
        alarm = trial.alarm("RecursionDropped")
        evidence = f"{setting}; {dropped:.0f} of {chunks:,} chunks dropped; the alarm RecursionDropped is {alarm}"
        return judged(setting == "Allow" and not dropped and chunks > RECURSION_LIMIT and alarm != "ALARM", evidence)


class Rotation(Step):
    name = "rotation"
    question = "do the passwords of source and store rotate while an export runs, which succeeds"

    def run(self, trial):
        export = trial.submit(trial.small)
        poll = trial.place.poll / 5
        # A warm process still has the old passwords, a new one reads the new ones: both are at work in the middle.
        before, _ = trial.until(export, lambda done, _: done >= trial.small.days // 20, poll)
        trial.rotate()
        after, status = trial.done(export)
        trial.until(export, lambda _, status: ended(status), poll)
        found = trial.fetched(trial.small, export, 0)
        done = f"{before} to {after} of {found.chunks} chunks were done"
        evidence = f"rotated when {done}; {found.repeated} took a second attempt"
        return judged(status == "running" and not found.faults, "; ".join([evidence, *found.faults[:3]]))


STEPS = [
    FailedFirst,
    Deploy,
    NestedChanges,
    Target,
    Architecture,
    Permissions,
    Chunks,
    Recursion,
    Large,
    Rotation,
    Refused,
    *OBSERVED,
    *VARIANTS,
    *BY_HAND,
    Removal,
]
