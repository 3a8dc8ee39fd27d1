"""Clients for AWS, or for the emulator if AWS_ENDPOINT_URL is on this machine."""

import os
from urllib.parse import urlsplit

import boto3
from botocore.config import Config


def is_local():
    """True if the endpoint is on loopback, which only an emulator is."""
    host = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def client(service, region):
    """A client for a service. A function may take fifteen minutes, and must not be invoked twice. Keepalive is for NAT gateways,
    which drop a connection that is silent for 350 seconds."""
    repeated = {"total_max_attempts": 1} if service == "lambda" else {"mode": "standard", "max_attempts": 8}
    style = {"s3": {"addressing_style": "path"}} if is_local() else {}
    return boto3.client(service, region_name=region, config=Config(read_timeout=900, retries=repeated, tcp_keepalive=True, **style))


def pause_secs():
    """Time in seconds between two looks at a stack."""
    return 0.1 if is_local() else 5
