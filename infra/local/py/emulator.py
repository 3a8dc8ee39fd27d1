"""Starts the AWS emulator with two waits shortened. Nothing that it answers is changed.

The changes reach into the emulator, so they are tied to one exact version of it.
"""

import importlib.metadata
import socketserver
import sys

VERSION = "1.5.33"


def require_version():
    """Stops unless the emulator is the one that the changes below were made for."""
    found = importlib.metadata.version("ministack")
    if found != VERSION:
        sys.exit(f"emulator.py fits ministack {VERSION}, but {found} is installed: look at both waits, then raise VERSION")


def send_small_answers_at_once():
    """The runtime API writes headers and body apart; Nagle's algorithm holds the second back for 40 ms."""
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True


def wait_briefly_for_logs():
    """After each invocation the emulator waits up to 50 ms for a first log line; functions that log nothing pay it."""
    from ministack.core.lambda_runtime import Worker

    patient = Worker._drain_stderr_bounded

    def brief(self, first_line_wait=0.003, idle_confirm=0.001, hard_cap=0.05):
        return patient(self, first_line_wait, idle_confirm, hard_cap)

    Worker._drain_stderr_bounded = brief


if __name__ == "__main__":
    require_version()
    send_small_answers_at_once()
    wait_briefly_for_logs()
    sys.argv = ["ministack"]  # what stands after this script's name only marks the process as one stack's
    from ministack.app import main

    main()
