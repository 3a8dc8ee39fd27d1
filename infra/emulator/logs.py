"""Prints what the functions of a stack have logged, as {"function": [line, ...]}.

Reads JSON from standard input: {"stack": stack.json, "functions": [short name, ...]}.
"""

import json
import sys

import aws

# Maximum number of events in one response of GetLogEvents.
PAGE = 10_000


def streams(logs, group):
    """The names of a log group's streams."""
    token = {}
    while True:
        page = logs.describe_log_streams(logGroupName=group, **token)
        yield from (stream["logStreamName"] for stream in page["logStreams"])
        if not page.get("nextToken"):
            return
        token = {"nextToken": page["nextToken"]}


def events(logs, group, stream):
    """Every event of a stream, in order. The end is an answer whose token is the one that was sent."""
    token = {}
    while True:
        page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, limit=PAGE, **token)
        yield from page["events"]
        if page["nextForwardToken"] == token.get("nextToken"):
            return
        token = {"nextToken": page["nextForwardToken"]}


def lines(logs, group):
    """Every line of a log group in order of time; those of one moment in the order of their stream.

    FilterLogEvents, which reads all streams at once, is of no use here: the emulator gives it no token to go on with, so
    what follows the 10,000th line of one moment could not be read.
    """
    found = [event for stream in streams(logs, group) for event in events(logs, group, stream)]
    return [event["message"].rstrip("\n") for event in sorted(found, key=lambda event: event["timestamp"])]


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
