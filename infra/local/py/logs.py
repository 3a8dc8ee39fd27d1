"""Prints what the functions of a stack have logged, as {"function": [line, ...]}.

Reads JSON from standard input: {"stack": stack.json, "functions": [short name, ...]}.
"""

import json
import sys

import aws


def lines(logs, group):
    """Every line of a log group, in order. FilterLogEvents stops at 10,000, so time goes on from the last one."""
    found, seen, start = [], set(), 0
    while True:
        events = logs.filter_log_events(logGroupName=group, startTime=start, limit=10_000)["events"]
        new = [event for event in events if (event["logStreamName"], event.get("eventId"), event["message"]) not in seen]
        if not new:
            return found
        for event in new:
            seen.add((event["logStreamName"], event.get("eventId"), event["message"]))
            found.append(event["message"].rstrip("\n"))
        start = new[-1]["timestamp"]


def main():
    job = json.load(sys.stdin)
    logs = aws.client("logs", job["stack"])
    configuration = aws.client("lambda", job["stack"]).get_function_configuration
    answer = {}
    for function in job["functions"]:
        name = job["stack"]["functions"][function]
        group = configuration(FunctionName=name).get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{name}"
        try:
            answer[function] = lines(logs, group)
        except logs.exceptions.ResourceNotFoundException:
            answer[function] = []
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
