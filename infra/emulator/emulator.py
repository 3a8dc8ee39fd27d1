"""Starts the AWS emulator without two of its waits and without its slowest loop, serves the one API at its own paths
besides, ends the processes of a function that CloudFormation deletes, and runs workers at a lower priority where that is set.
Nothing else that it answers is changed.

The changes reach into the emulator, so they are tied to one exact version of it.
"""

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

# Part of the name of every worker function.
WORKER = "-WorkerFunction-"

# Checksum in the algorithm's definition for the digits 1 to 9.
CHECK_INPUT = b"123456789"
CHECK_VALUE = 0xAE8B14860A799888


def require_version():
    """Stops unless the emulator is the one that the changes below were made for."""
    found = importlib.metadata.version("ministack")
    if found != VERSION:
        sys.exit(f"emulator.py fits ministack {VERSION}, but {found} is installed: check all six changes, then raise VERSION")


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


def checksum_in_c():
    """The emulator computes CRC-64/NVME byte by byte in Python, twice per upload: most of the processor time of a run."""
    from ministack.services import s3

    for crc64nvme in (s3._crc64nvme, checksums.crc64nvme):
        if crc64nvme(CHECK_INPUT) != CHECK_VALUE:
            sys.exit(f"{crc64nvme.__module__}.{crc64nvme.__name__} is not CRC-64/NVME any more: see emulator.py")
    s3._crc64nvme = checksums.crc64nvme


def at_own_paths(app, api_ids):
    """The same application, where a path of the API is one below /_aws/execute-api/ID, as long as there is one API.

    On AWS the API is the root of its address, and its links begin there. `api_ids` lists the APIs that there are.
    """

    async def routed(scope, receive, send):
        if scope["type"] == "http" and (scope["path"] in (API_ROOT, CATALOG) or scope["path"].startswith(f"{API_ROOT}/")):
            found = api_ids()
            if len(found) == 1:
                prefix = f"/_aws/execute-api/{found.pop()}"
                scope = dict(scope, path=prefix + scope["path"])
                if scope.get("raw_path"):
                    scope["raw_path"] = prefix.encode() + scope["raw_path"]
        await app(scope, receive, send)

    return routed


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
    serve_the_api_at_its_own_paths()
    sys.argv = ["ministack"]  # what stands after this script's name only marks the process as one stack's
    from ministack.app import main

    main()
