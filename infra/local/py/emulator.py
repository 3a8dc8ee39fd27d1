"""Starts the AWS emulator without two of its waits. Nothing that it answers is changed.

The changes reach into the emulator, so they are tied to one exact version of it.
"""

import importlib.metadata
import socketserver
import sys

import log_pipe

VERSION = "1.5.33"


def require_version():
    """Stops unless the emulator is the one that the changes below were made for."""
    found = importlib.metadata.version("ministack")
    if found != VERSION:
        sys.exit(f"emulator.py fits ministack {VERSION}, but {found} is installed: look at both waits, then raise VERSION")


def send_small_answers_at_once():
    """The runtime API writes headers and body apart; Nagle's algorithm holds the second back for 40 ms."""
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True


def hand_over_logs_at_once():
    from ministack.core.lambda_runtime import ProvidedWorker

    log_pipe.install(ProvidedWorker)


if __name__ == "__main__":
    require_version()
    send_small_answers_at_once()
    hand_over_logs_at_once()
    sys.argv = ["ministack"]  # what stands after this script's name only marks the process as one stack's
    from ministack.app import main

    main()
