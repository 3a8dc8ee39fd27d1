"""Invokes one function and prints {"error": null or its kind, "answer": JSON, "log": last lines}.

Reads JSON from standard input: {"stack": stack.json, "function": name, "payload": JSON}.
"""

import base64
import json
import sys

import aws


def main():
    job = json.load(sys.stdin)
    answer = aws.client("lambda", job["stack"]).invoke(
        FunctionName=job["function"],
        Payload=json.dumps(job["payload"]).encode(),
        LogType="Tail",
    )
    body = answer["Payload"].read()
    result = {
        "error": answer.get("FunctionError"),
        "answer": json.loads(body) if body else None,
        "log": base64.b64decode(answer.get("LogResult", "")).decode(errors="replace"),
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
