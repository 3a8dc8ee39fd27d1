"""Steps that read what AWS has recorded about the trial: targets, metrics, logs, alarms."""

import json
import time
from datetime import datetime, timedelta, timezone

import place as places
from rows import Broken
from step import Answer, Step, judged

# Alarms evaluate periods of five minutes.
ALARM_SECS = 15 * 60
# Time within which a catalog is applied.
BREAK_SECS = 60


def until_alarm(trial, name):
    """Waits until an alarm rings; its last state."""
    give_up = time.monotonic() + ALARM_SECS
    while (state := trial.alarm(name)) != "ALARM" and time.monotonic() < give_up:
        places.wait(30)
    return state


class Target(Step):
    name = "target"
    question = (
        "is the proxy's target healthy as soon as it is created, since the [bootstrap](#bootstrap) has created the "
        "roles before"
    )
    emulator = "its CloudFormation has no RDS Proxy"

    def run(self, trial):
        trial.deploy()
        if not trial.targets:
            return Answer("open", "the stack was not created by this run")
        first = trial.targets[0][0]
        seen = [f"{state} after {at - first:.0f} s" for at, state in trial.targets]
        refused = any("AUTH" in state for _, state in trial.targets)
        return judged(not refused and trial.targets[-1][1].startswith("AVAILABLE"), ", ".join(seen))


class Permissions(Step):
    name = "permissions"
    question = (
        "do Lambda's own calls succeed with the exact permissions of the roles: interfaces in a VPC in spite of the "
        "denial to code, traces, the trigger"
    )
    emulator = "its functions have neither network interfaces nor traces"

    def run(self, trial):
        trial.exported(trial.small)
        client = trial.place.client("lambda")
        names = [trial.function(name) for name in ("Api", "Worker", "Sweeper", "Admin")]
        states = {client.get_function_configuration(FunctionName=name)["State"] for name in names}
        now = datetime.now(trial.began.tzinfo)
        traces = trial.place.client("xray").get_trace_summaries(StartTime=trial.began, EndTime=now)["TraceSummaries"]
        mapping = client.list_event_source_mappings(FunctionName=trial.function("Worker"))["EventSourceMappings"][0]
        found = ", ".join(sorted(states))
        evidence = f"functions are {found}; the trigger is {mapping['State']}; {len(traces)} traces or more"
        return judged(states == {"Active"} and mapping["State"] == "Enabled" and traces, evidence)


class Refused(Step):
    name = "refused-logins"
    question = "how long does RDS Proxy refuse logins after a password has changed"
    emulator = "it has no RDS Proxy; the step `rotation` changes the passwords without one"

    def run(self, trial):
        if trial.rotated is None:
            return Answer("open", "needs `--only rotation` in the same run")
        lines = [
            json.loads(line)
            for name in ("worker", "api")
            for line in trial.lines(name, '"28P01"')
            if line.startswith("{")
        ]
        times = sorted(datetime.fromisoformat(line["timestamp"].replace("Z", "+00:00")).timestamp() for line in lines)
        times = [at - trial.rotated for at in times if at >= trial.rotated]
        if not times:
            return Answer("0 s", "no login was refused after the rotation")
        return Answer(
            f"{times[-1]:.0f} s", f"{len(times)} refused logins, the last one that long after `put-secret-value`"
        )


class Pinning(Step):
    name = "pinning"
    question = "does COPY through the proxy work, without pinning"
    emulator = "it has no RDS Proxy; the test `guard` checks the statements that PostgreSQL logs"

    def run(self, trial):
        trial.exported(trial.large)
        pinned = trial.metric(
            "AWS/RDS", "DatabaseConnectionsCurrentlySessionPinned", "Maximum", ProxyName=trial.proxy()
        )
        most, alarm = max(pinned, default=0), trial.alarm("SessionsPinned")
        return judged(
            not most,
            f"at most {most:.0f} pinned sessions in {len(pinned)} minutes; the alarm SessionsPinned is {alarm}",
        )


class Nodes(Step):
    name = "nodes"
    question = (
        "are a pool 30 % above the budgets and role limits of three times the budgets, with 1 percent idle, large "
        "enough that no session is refused because another node of the proxy keeps idle ones"
    )
    emulator = "it has no RDS Proxy, and PgBouncer is one process"

    def run(self, trial):
        trial.exported(trial.small)
        refused = sum(len(trial.lines(name, '"53300"')) for name in ("worker", "api", "sweeper", "deliver"))
        waits = trial.metric("AWS/RDS", "DatabaseConnectionsBorrowLatency", "Maximum", ProxyName=trial.proxy())
        longest = max(waits, default=0) / 1000
        return judged(
            not refused, f"{refused} log lines with 53300; the longest wait for a session was {longest:.0f} ms"
        )


class Audit(Step):
    name = "audit"
    question = "do the filters on the audit count"
    emulator = "it accepts metric filters and does not evaluate them"

    def run(self, trial):
        trial.deploy()
        trial.new_key()
        state = until_alarm(trial, "KeysMade")
        made = sum(trial.metric(f"Sluice/Audit/{trial.name}", "KeysMade"))
        return judged(
            made and state == "ALARM",
            f"KeysMade counts {made:.0f}; the alarm KeysMade is {state} after a key was created",
        )


class Fill(Step):
    name = "fill"
    question = "do alarms fire that sum over several functions, some of which have never reported (`FILL`)"
    emulator = "it does not evaluate alarms, and refuses those over more than one metric"

    def run(self, trial):
        trial.deploy()
        broken = Broken("broken", 30, 1, until=datetime.now(timezone.utc) + timedelta(seconds=BREAK_SECS))
        trial.apply(trial.small, trial.large, broken)
        places.wait(BREAK_SECS)
        trial.until(trial.submit(broken), lambda _, status: status == "failed", 2)
        state = until_alarm(trial, "ExportsFailed")
        trial.apply(trial.small, trial.large)
        return judged(state == "ALARM", f"after an export that divides by zero the alarm ExportsFailed is {state}")


class Alarms(Step):
    name = "alarms"
    question = "does no alarm fire that nothing has caused"
    emulator = "it does not evaluate alarms"
    # Caused by the steps `audit` and `fill`.
    caused = ("KeysMade", "ExportsFailed")

    def run(self, trial):
        trial.exported(trial.small)
        prefix = f"sluice-{trial.name}-"
        pages = trial.place.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
        states = {
            one["AlarmName"].removeprefix(prefix): one["StateValue"] for page in pages for one in page["MetricAlarms"]
        }
        ringing = sorted(name for name, state in states.items() if state == "ALARM" and name not in self.caused)
        return judged(
            states and not ringing, f"{len(states)} alarms; in ALARM without a cause: {', '.join(ringing) or 'none'}"
        )


class ColdStart(Step):
    name = "cold-start"
    question = "how long does a cold start take with download and sandbox"
    emulator = "its functions are processes, without download and sandbox"

    def run(self, trial):
        trial.exported(trial.small)
        found = []
        for name in ("api", "worker", "sweeper", "deliver", "notify", "admin"):
            times = sorted(
                float(line.split("Init Duration: ")[1].split()[0]) for line in trial.lines(name, '"Init Duration"')
            )
            if times:
                found.append(
                    f"{name} {times[len(times) // 2]:.0f} ms (median of {len(times)}), at most {times[-1]:.0f} ms"
                )
        first = found[0].split(" (")[0] if found else "open"
        return Answer(first, "; ".join(found) or "no log has a cold start")


OBSERVED = [Pinning, Nodes, Audit, Fill, Alarms, ColdStart]
