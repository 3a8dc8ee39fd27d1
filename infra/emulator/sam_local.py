"""Runs the built functions with `sam local`, in Docker, over a stack of this machine, and prints what was seen.

Reads JSON from standard input: {"stack": stack.json, "sam": program, "docker": DOCKER_HOST or null, "template": of `sam
build`, "events": folder, "scratch": folder, "architecture": name, "environments": {function: {variable: value}},
"addresses": {of the stack: as containers reach it}}.

The stack's own worker is taken away, so that the chunk is left for the one in Docker. Anything that does not answer as it
should ends the script with what it said.
"""

import contextlib
import copy
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import aws
import template
from template import FUNCTIONS

NOBODY = "00000000-0000-4000-8000-000000000000"
EXPORT = {"datasets": ["orders"], "startDate": "2024-01-01", "endDate": "2024-01-31"}
WARM_CALLS = 50


def for_containers(built, folder):
    """The built template, usable from anywhere, with the one variable that `sam local` passes on only if it is declared."""
    made = copy.deepcopy(built)
    made["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = ""
    for resource in made["Resources"].values():
        for name in ("CodeUri", "TemplateURL"):
            path = resource.get("Properties", {}).get(name)
            if isinstance(path, str) and not path.startswith(("/", "http")):
                resource["Properties"][name] = str((folder / path).resolve())
    return made


def overrides(environments, endpoint, addresses):
    """Input of `--env-vars`: variables by logical id, with addresses as containers reach them."""

    def reachable(value):
        for ours, theirs in addresses.items():
            value = value.replace(ours, theirs)
        return value

    made = {}
    for name, variables in environments.items():
        variables = {**variables, "AWS_ENDPOINT_URL": endpoint}
        made[FUNCTIONS[name]] = {variable: reachable(value) for variable, value in variables.items()}
    return made


def filled(event, chunk):
    """The worker's shipped event, about this chunk."""
    event = copy.deepcopy(event)
    record = event["Records"][0]
    record["body"] = record["body"].replace(NOBODY, chunk)
    record["md5OfBody"] = hashlib.md5(record["body"].encode()).hexdigest()
    return event


def answer_of(output):
    """The answer of `sam local invoke`: the last line that it prints."""
    lines = [line for line in output.splitlines() if line.strip()]
    return json.loads(lines[-1]) if lines else None


class KeepRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: what it leads to is not to be shown our key."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), KeepRedirects)


def request(url, key=None, body=None):
    """Status, headers and body of one request."""
    made = urllib.request.Request(url, method="POST" if body is not None else "GET")
    if key:
        made.add_header("Authorization", f"Bearer {key}")
    if body is not None:
        made.add_header("Content-Type", "application/json")
        made.data = json.dumps(body).encode()
    try:
        with OPENER.open(made, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


class Local:
    """`sam local` with the arguments of every call."""

    def __init__(self, job):
        self.job = job
        scratch = Path(job["scratch"])
        built = Path(job["template"])
        self.template, self.variables = scratch / "sam-local.json", scratch / "sam-local-variables.json"
        made = for_containers(template.parse(built.read_text()), built.parent)
        self.template.write_text(json.dumps(made, default=str))
        given = overrides(job["environments"], job["stack"]["awsEndpoint"], job["addresses"])
        self.variables.write_text(json.dumps(given))
        self.log = (Path(job["stack"]["ground"]) / "sam-local.log").open("w")
        stack = job["stack"]
        self.environment = {
            **os.environ,
            "PATH": f"{Path(job['sam']).parent}:{os.environ['PATH']}",
            "SAM_CLI_TELEMETRY": "0",
            "AWS_ACCESS_KEY_ID": stack["accessKey"],
            "AWS_SECRET_ACCESS_KEY": stack["secretKey"],
            "AWS_DEFAULT_REGION": stack["region"],
            "AWS_REGION": stack["region"],
            # SAM requests the identity of its credentials, which only the emulator can return.
            "AWS_ENDPOINT_URL": stack["awsEndpoint"],
            **({"DOCKER_HOST": job["docker"]} if job["docker"] else {}),
        }

    def command(self, *words):
        return [
            *(self.job["sam"], "local", *words, "--template", str(self.template), "--skip-pull-image"),
            *("--env-vars", str(self.variables)),
            *("--parameter-overrides", f"Architecture={self.job['architecture']}"),
        ]

    def invoke(self, function, event):
        """The answer of a function to an event, in a container of its own, and how long that took."""
        begun = time.monotonic()
        ran = subprocess.run(
            self.command("invoke", FUNCTIONS[function], "--event", "-"),
            input=json.dumps(event), text=True, stdout=subprocess.PIPE, stderr=self.log, env=self.environment, timeout=300,
        )
        took = time.monotonic() - begun
        answer = answer_of(ran.stdout)
        if ran.returncode != 0 or (isinstance(answer, dict) and "errorType" in answer):
            sys.exit(f"{function} failed in Docker: {answer}\nsee {self.log.name}")
        return answer, took

    @contextlib.contextmanager
    def serving(self):
        """`sam local start-api`; its address. Its containers end with it."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words = ("start-api", "--port", str(port), "--warm-containers", "LAZY")
        serving = subprocess.Popen(self.command(*words), stdout=self.log, stderr=self.log, env=self.environment)
        try:
            self.await_port(serving, port)
            yield f"http://127.0.0.1:{port}/api/v1"
        finally:
            serving.terminate()
            serving.wait(60)

    def await_port(self, serving, port):
        until = time.monotonic() + 120
        while serving.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.1)
        sys.exit(f"sam local start-api does not listen; see {self.log.name}")


def expect(what, answer, status):
    """The JSON of an answer that has this status."""
    if answer[0] != status:
        sys.exit(f"{what}: {answer[0]} instead of {status}: {answer[2].decode(errors='replace')}")
    return json.loads(answer[2])


def timed(what, status, *arguments):
    """The JSON of an answer and its milliseconds."""
    begun = time.monotonic()
    answer = request(*arguments)
    took = (time.monotonic() - begun) * 1e3
    return expect(what, answer, status), took


def take_workers_away(stack):
    """From now on the emulator delivers no message."""
    client = aws.client("lambda", stack)
    client.put_function_concurrency(FunctionName=stack["functions"]["worker"], ReservedConcurrentExecutions=0)


def download(base, key, export, name):
    """The bytes of one file, as a client gets them: by the link that the api makes."""
    status, headers, _ = request(f"{base}/exports/{export}/files/{name}", key)
    if status != 307:
        sys.exit(f"the link of {name}: {status} instead of 307")
    status, _, body = request(headers["Location"])
    if status != 200:
        sys.exit(f"the download of {name}: {status} instead of 200")
    return body


def main():
    job = json.load(sys.stdin)
    local, key, seen = Local(job), job["stack"]["key"], []
    events = {name: json.loads((Path(job["events"]) / f"{name}.json").read_text()) for name in FUNCTIONS}
    take_workers_away(job["stack"])
    with local.serving() as base:
        health, first = timed("GET /health", 200, f"{base}/health")
        if health["status"] != "ok":
            sys.exit(f"GET /health returned {health}")
        warm = sorted(timed("GET /health", 200, f"{base}/health")[1] for _ in range(WARM_CALLS))
        seen.append(f"start-api: GET /health, first call {first:.0f} ms (container and all), warm p50 {warm[WARM_CALLS // 2]:.0f} ms")
        made, took = timed("POST /exports", 202, f"{base}/exports", key, EXPORT)
        export = made["id"]
        seen.append(f"start-api: POST /exports, 202 in {took:.0f} ms")
        chunks = expect("chunks", request(f"{base}/exports/{export}/chunks", key), 200)["chunks"]
        if not chunks:
            sys.exit("the export has no chunks")
        for chunk in chunks:
            answer, took = local.invoke("worker", filled(events["worker"], chunk["id"]))
            if answer != {"batchItemFailures": []}:
                sys.exit(f"the worker returned {answer}")
            seen.append(f"invoke worker: one chunk in {took:.1f} s, container and all")
        status = expect("GET /exports/{id}", request(f"{base}/exports/{export}", key), 200)
        if status["status"] != "succeeded":
            sys.exit(f"the export is {status['status']} after its chunks were run: {status}")
        files = expect("files", request(f"{base}/exports/{export}/files", key), 200)["files"]
        rows = sum(file["rows"] for file in files)
        for file in files:
            if hashlib.sha256(download(base, key, export, file["name"])).hexdigest() != file["sha256"]:
                sys.exit(f"{file['name']} does not match the manifest")
        if rows == 0:
            sys.exit("the export has no rows, so nothing was shown")
        seen.append(f"the export succeeded: {len(files)} file(s), {rows} rows, each with the SHA-256 that it should have")
    seen.append(invoke_others(local, events))
    json.dump({"seen": seen}, sys.stdout)


def invoke_others(local, events):
    """The shipped events of the other functions, as they are."""
    answer, _ = local.invoke("api", events["api"])
    if answer["statusCode"] != 200 or json.loads(answer["body"])["status"] != "ok":
        sys.exit(f"the api returned {answer}")
    report, _ = local.invoke("sweeper", events["sweeper"])
    if report["failedSteps"] != 0:
        sys.exit(f"the sweeper returned {report}")
    check, _ = local.invoke("admin", events["admin"])
    if not check.get("text"):
        sys.exit(f"admin returned {check}")
    return f"invoke api: 200; sweeper: {json.dumps(report)}; admin check: {'ok' if check['ok'] else check['text']}"


if __name__ == "__main__":
    main()
