"""Clients for the emulator of one stack, whose stack.json says where it is."""

import boto3
from botocore.config import Config


def client(service, stack):
    """A client that waits as long as a function may take and repeats nothing on its own."""
    return boto3.client(
        service,
        endpoint_url=stack["awsEndpoint"],
        region_name=stack["region"],
        aws_access_key_id=stack["accessKey"],
        aws_secret_access_key=stack["secretKey"],
        config=Config(read_timeout=900, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
