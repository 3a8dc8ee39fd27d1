"""Deploys Sluice to an AWS account: every step of `cargo x deploy` that calls AWS.

Reads one job as JSON from standard input, {"action": one of ACTIONS, ...}, and prints its result as JSON, or
{"error": text for people}. Progress is written to standard error as it happens. Credentials and profile are those of the
environment, the region is that of the job. If AWS_ENDPOINT_URL is on loopback, it is the emulator, and templates are
adapted to it.
"""

import json
import sys
from pathlib import Path

INFRA = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(INFRA / name) for name in ("deploy", "emulator", "checks") if str(INFRA / name) not in sys.path]

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: E402

import change_set  # noqa: E402
import first_use  # noqa: E402
import network  # noqa: E402
import parameters  # noqa: E402
import secret_values  # noqa: E402
import stack  # noqa: E402
from parameters import Refusal  # noqa: E402

ACTIONS = {
    # No call to AWS: what is wrong with the parameters.
    "check": parameters.check,
    # The deployed stack, and the account.
    "state": stack.state,
    # Obstacles to the deployment in the account.
    "look": network.look,
    # Secrets that the file wants to be created.
    "secrets": secret_values.create,
    # Uploads code and templates, and creates a change set.
    "plan": change_set.plan,
    # Removes a change set that is not wanted.
    "discard": change_set.discard,
    # Executes a change set and follows it.
    "execute": stack.execute,
    # Follows what is already going on.
    "follow": stack.follow,
    "delete": stack.delete,
    # `check`, the catalog of a trial, and the first key.
    "finish": first_use.finish,
}


def run(job):
    """The result of one job; {"error": text} for what a person can correct."""
    try:
        return ACTIONS[job["action"]](job)
    except NoCredentialsError:
        return {"error": "there are no AWS credentials: log in (`aws sso login`, `aws configure`) or set AWS_PROFILE"}
    except ClientError as error:
        return {"error": explained(error.response["Error"], error.operation_name)}
    except BotoCoreError as error:
        return {"error": f"AWS cannot be reached: {error}"}
    except Refusal as refused:
        return {"error": str(refused)}
    except KeyboardInterrupt:
        return {"error": "interrupted. CloudFormation goes on with what it has begun: repeat the command to follow it"}


def explained(error, operation):
    """AWS's own words, and what to do about those that a beginner meets."""
    code, text = error.get("Code", ""), error.get("Message", "")
    if "Expired" in code or code in ("InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch"):
        return f"AWS does not accept the credentials ({code}): log in again, or choose another AWS_PROFILE"
    if code.startswith("AccessDenied") or code == "UnauthorizedOperation":
        return f"{operation}: {text}\ninfra/README.md lists the rights of the deployer under \"Least privilege\""
    return f"{operation}: {code}: {text}"


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout, default=str)
