"""One call to a service of one stack's emulator; prints what it answers.

Reads JSON from standard input: {"stack": stack.json, "service": "s3", "operation": "delete_object", "arguments": {...}}.
"""

import json
import sys

import aws


def main():
    job = json.load(sys.stdin)
    client = aws.client(job["service"], job["stack"])
    answer = getattr(client, job["operation"])(**job["arguments"])
    answer.pop("ResponseMetadata", None)
    json.dump(answer, sys.stdout, default=str)


if __name__ == "__main__":
    main()
