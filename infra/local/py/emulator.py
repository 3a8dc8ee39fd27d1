"""Starts the AWS emulator without two of its waits and without its slowest loop. Nothing that it answers is changed.

The changes reach into the emulator, so they are tied to one exact version of it.
"""

import importlib.metadata
import socketserver
import sys

from awscrt import checksums

import log_pipe

VERSION = "1.5.33"

# What the algorithm's definition gives for the digits 1 to 9.
CHECK_INPUT = b"123456789"
CHECK_VALUE = 0xAE8B14860A799888


def require_version():
    """Stops unless the emulator is the one that the changes below were made for."""
    found = importlib.metadata.version("ministack")
    if found != VERSION:
        sys.exit(f"emulator.py fits ministack {VERSION}, but {found} is installed: check all three changes, then raise VERSION")


def send_small_answers_at_once():
    """The runtime API writes headers and body apart; Nagle's algorithm holds the second back for 40 ms."""
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True


def hand_over_logs_at_once():
    from ministack.core.lambda_runtime import ProvidedWorker

    log_pipe.install(ProvidedWorker)


def checksum_in_c():
    """The emulator computes CRC-64/NVME byte by byte in Python, twice per upload: most of the processor time of a run."""
    from ministack.services import s3

    for crc64nvme in (s3._crc64nvme, checksums.crc64nvme):
        if crc64nvme(CHECK_INPUT) != CHECK_VALUE:
            sys.exit(f"{crc64nvme.__module__}.{crc64nvme.__name__} is not CRC-64/NVME any more: see emulator.py")
    s3._crc64nvme = checksums.crc64nvme


if __name__ == "__main__":
    require_version()
    send_small_answers_at_once()
    hand_over_logs_at_once()
    checksum_in_c()
    sys.argv = ["ministack"]  # what stands after this script's name only marks the process as one stack's
    from ministack.app import main

    main()
