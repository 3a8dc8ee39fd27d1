"""Starts the AWS emulator without two of its waits and without its slowest loop, serves the one API at its own paths
besides, passes OPTIONS on to the API's routes, ends the processes of a function that CloudFormation deletes, creates no
log group, copies objects across accounts, and runs workers at a lower priority where that is set.
Nothing else that it answers is changed.

The changes reach into the emulator, so they are tied to one exact version of it.
"""

import contextvars
import importlib.metadata
import os
import socketserver
import sys

from awscrt import checksums

import log_pipe

VERSION = "1.5.33"

# Where the API's paths begin, and its one path elsewhere.
API_ROOT = "/api/v1"
CATALOG = "/.well-known/api-catalog"
PAGE = "/"

# Part of the name of every worker function.
WORKER = "-WorkerFunction-"

# Checksum in the algorithm's definition for the digits 1 to 9.
CHECK_INPUT = b"123456789"
CHECK_VALUE = 0xAE8B14860A799888


def require_version():
    """Stops unless the emulator is the one that the changes below were made for."""
    found = importlib.metadata.version("ministack")
    if found != VERSION:
        sys.exit(f"emulator.py fits ministack {VERSION}, but {found} is installed: check all nine changes, then raise VERSION")


def send_small_answers_at_once():
    """The runtime API writes headers and body apart; Nagle's algorithm holds the second back for 40 ms."""
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True


def hand_over_logs_at_once():
    from ministack.core.lambda_runtime import ProvidedWorker

    log_pipe.install(ProvidedWorker)


def run_workers_at_a_lower_priority(niceness):
    """On AWS each environment has processors of its own. Here workers share them with the api, whose caller waits.

    Only a measurement sets it: workers that stand back may starve beside tests that use all processors.
    """
    from ministack.core.lambda_runtime import ProvidedWorker

    await_init = ProvidedWorker._await_init

    def stand_back(environment, *args, **kwargs):
        if WORKER in environment.config.get("FunctionName", ""):
            lower_priority(environment._proc.pid, niceness)
        return await_init(environment, *args, **kwargs)

    ProvidedWorker._await_init = stand_back


def lower_priority(pid, niceness):
    """Lowers the priority of a process; on Linux each thread has its own, which the threads that it begins inherit."""
    tasks = f"/proc/{pid}/task"
    try:
        for task in os.listdir(tasks) if os.path.isdir(tasks) else [pid]:
            os.setpriority(os.PRIO_PROCESS, int(task), niceness)
    except (OSError, ValueError):
        pass  # it ended meanwhile


def end_processes_with_their_function():
    """CloudFormation takes a function away here, but leaves its processes, which a function of the same name would go on to
    use: with the password that it had read. On AWS a deleted function has no environment any more."""
    from ministack.core import lambda_runtime
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    delete = handlers["delete"]

    def delete_and_end(physical_id, props):
        delete(physical_id, props)
        lambda_runtime.invalidate_worker(physical_id)

    handlers["delete"] = delete_and_end


def write_to_existing_log_groups_only():
    """The emulator creates the log group that it writes to: again, where an invocation ends after the deletion of its group.

    On AWS a function's role does that, and ours have no such right.
    """
    from ministack.services import cloudwatch_logs, lambda_svc

    emit = lambda_svc._emit_lambda_logs

    def emit_if_there_is_a_group(func, *args, **kwargs):
        group = ((func.get("config") or func).get("LoggingConfig") or {}).get("LogGroup")
        if group is None or group in cloudwatch_logs._log_groups:
            emit(func, *args, **kwargs)

    lambda_svc._emit_lambda_logs = emit_if_there_is_a_group


def pass_options_on():
    """The emulator answers every OPTIONS request itself: with 403, as long as API Gateway's own CORS is not configured.

    AWS does so only where that is configured, which it is not: the api knows the allowed origins.
    """
    from ministack.services import apigateway

    execute, match_route, invoke = apigateway._handle_execute_in_scope, apigateway._match_route, apigateway._invoke_lambda_proxy

    # The emulator's own answer is to a method in capitals.
    def execute_all(api_id, stage, path, method, *args):
        return execute(api_id, stage, path, method.lower() if method == "OPTIONS" else method, *args)

    def match(api_id, method, path):
        return match_route(api_id, method.upper(), path)

    def invoke_by_method(integration, api_id, stage, path, method, *args, **kwargs):
        return invoke(integration, api_id, stage, path, method.upper(), *args, **kwargs)

    apigateway._handle_execute_in_scope, apigateway._match_route, apigateway._invoke_lambda_proxy = execute_all, match, invoke_by_method


def checksum_in_c():
    """The emulator computes CRC-64/NVME byte by byte in Python, twice per upload: most of the processor time of a run."""
    from ministack.services import s3

    for crc64nvme in (s3._crc64nvme, checksums.crc64nvme):
        if crc64nvme(CHECK_INPUT) != CHECK_VALUE:
            sys.exit(f"{crc64nvme.__module__}.{crc64nvme.__name__} is not CRC-64/NVME any more: see emulator.py")
    s3._crc64nvme = checksums.crc64nvme


def copy_across_accounts():
    """The emulator checks if a caller may read the source of a copy, and then finds that source in the caller's account only."""
    from ministack.core.responses import get_region, request_scope
    from ministack.services import s3

    ensure_bucket, read_body = s3._ensure_bucket, s3._read_body
    source = contextvars.ContextVar("source", default=None)

    def owner_of(name):
        return s3._bucket_owner_account(name) if name == source.get() else None

    def find(name):
        owner = owner_of(name)
        return ensure_bucket(name) if owner is None else s3._buckets.get_scoped(owner, None, name)

    def read(name, *args):
        owner = owner_of(name)
        if owner is None:
            return read_body(name, *args)
        with request_scope(owner, get_region()):
            return read_body(name, *args)

    def with_source(copy):
        def copy_from(*args):
            token = source.set(args[-1].get("x-amz-copy-source", "").lstrip("/").partition("/")[0])
            try:
                return copy(*args)
            finally:
                source.reset(token)

        return copy_from

    s3._ensure_bucket, s3._read_body = find, read
    s3._copy_object, s3._upload_part_copy = with_source(s3._copy_object), with_source(s3._upload_part_copy)


def at_own_paths(app, api_ids):
    """The same application, where a path of the API is one below /_aws/execute-api/ID, as long as there is one API.

    On AWS the API is the root of its address, and its links begin there. `api_ids` lists the APIs that there are.
    """

    def of_the_api(scope):
        path = scope["path"]
        return path in (API_ROOT, CATALOG) or path.startswith(f"{API_ROOT}/") or path == PAGE and is_of_a_browser(scope)

    async def routed(scope, receive, send):
        if scope["type"] == "http" and of_the_api(scope):
            found = api_ids()
            if len(found) == 1:
                prefix = f"/_aws/execute-api/{found.pop()}"
                scope = dict(scope, path=prefix + scope["path"])
                if scope.get("raw_path"):
                    scope["raw_path"] = prefix.encode() + scope["raw_path"]
        await app(scope, receive, send)

    return routed


def is_of_a_browser(scope):
    """True for a request for a page. At the root it could also be a call of AWS, which is signed or posted."""
    names = {name.lower() for name, _ in scope.get("headers", ())}
    query = scope.get("query_string")
    from_a_provider = query and b"state=" in query  # its response to a sign-in
    return (scope.get("method") in ("GET", "HEAD") and not names & {b"authorization", b"x-amz-date", b"x-amz-target"}
            and (not query or from_a_provider))


def serve_the_api_at_its_own_paths():
    from ministack import app
    from ministack.services import apigateway

    # Of every account and region: the keys are (account, region, id).
    app.app = at_own_paths(app.app, lambda: {key[-1] for key in list(apigateway._apis._data)})


if __name__ == "__main__":
    require_version()
    send_small_answers_at_once()
    hand_over_logs_at_once()
    checksum_in_c()
    if niceness := int(os.environ.pop("SLUICE_WORKER_NICENESS", "0")):
        run_workers_at_a_lower_priority(niceness)
    end_processes_with_their_function()
    write_to_existing_log_groups_only()
    pass_options_on()
    copy_across_accounts()
    serve_the_api_at_its_own_paths()
    sys.argv = ["ministack"]  # what stands after this script's name only marks the process as one stack's
    from ministack.app import main

    main()
