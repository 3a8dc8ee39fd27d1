"""Steps that deploy something else: a second trial without the proxy, tokens, CloudFront and the cache."""

import json
import re
from dataclasses import replace
from urllib.error import HTTPError
from urllib.request import urlopen

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import place as places
from step import Answer, Step, judged

# Concurrency that the second trial reserves without a pooler (Budget 2, api 8), and that Lambda keeps for others.
RESERVED, KEPT = 10, 100
# The api reads the secret of the links again every five minutes.
SECRET_SECS = 6 * 60
# max_connections of the example after the change. Before it is 100.
CHANGED = "120"


def needs_quota(trial):
    """The Answer if the account cannot reserve concurrency, which the template demands without a pooler."""
    limit = trial.place.client("lambda").get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    if limit < RESERVED + KEPT:
        needed = RESERVED + KEPT
        return Answer(
            "open", f"the account has {limit} unreserved executions, and the trial without a pooler needs {needed}"
        )
    return None


def status(url):
    """Status of a request without a key."""
    try:
        with urlopen(url, timeout=60) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


class Second(Step):
    name = "second"
    question = "do two deployments coexist"
    emulator = "its launcher serves one API at its own paths, as `cargo x up` needs it"

    def run(self, trial):
        trial.deploy()
        if (answer := needs_quota(trial)) is not None:
            return answer
        failure = trial.deploy_second()
        name = trial.second.name
        return judged(
            not failure, failure or f"{name} was created beside {trial.name}, and its `check` finds no problem"
        )


class Direct(Step):
    name = "direct-tls"
    question = "does a direct connection to RDS pass verification with the built-in certificates"
    emulator = "its PostgreSQL is not RDS and has no certificate; `tests/e2e/tls.rs` plays Amazon's authority"

    def run(self, trial):
        trial.deploy()
        if (answer := needs_quota(trial)) is not None:
            return answer
        failure = trial.deploy_second()
        text = "" if failure else trial.checked(trial.second)
        lines = [line for line in text.splitlines() if "tls" in line.lower()]
        return judged(
            not failure,
            failure or "; ".join(lines) or "the bootstrap and `sluice admin check` connected with verify-full",
        )


class MaxConnections(Step):
    name = "max-connections"
    question = (
        "does a changed `MaxConnections` reach the database of the example by itself (`max_connections` is static: "
        "PostgreSQL reads it when it starts)"
    )
    emulator = "it has no RDS"

    def run(self, trial):
        trial.deploy()
        if (answer := needs_quota(trial)) is not None:
            return answer
        failure = trial.deploy_second() or trial.second.update({"MaxConnections": CHANGED})
        text = failure or trial.admin({"command": "check"}, trial.second, may_fail=True)["text"]
        found = re.search(r"max_connections \(?(\d+)", text)
        reported = f"`check` reports max_connections {found[1]}" if found else text
        return judged(found and found[1] == CHANGED, f"after MaxConnections={CHANGED}, {reported}")


class Tokens(Step):
    name = "tokens"
    question = "do tokens work end to end, in place of passwords"
    emulator = "its PostgreSQL and PgBouncer know no tokens of IAM"

    def run(self, trial):
        failure = trial.deploy().update({"DatabaseAuth": "iam"})
        if failure:
            return Answer("no", failure)
        trial.checked()
        few = replace(trial.small, days=10)
        found = trial.fresh(few)
        return judged(not found.faults, found.text(few))


class Cdn(Step):
    name = "cdn"
    question = (
        "does CloudFront accept Sluice's signatures (RSA and ECDSA, SHA-256), and the key without a last line feed; "
        "is, with `OnlyThroughCdn=true`, the API reachable through CloudFront only"
    )
    emulator = "it has no CloudFront; `tests/e2e/cdn.rs` checks the links with nginx and a verifier in its place"

    def run(self, trial):
        pairs = [pem(ec.generate_private_key(ec.SECP256R1())), pem(rsa.generate_private_key(65537, 2048))]
        first, second = (public for _, public in pairs)
        parameters = {"CreateCdn": "true", "CdnFirstKey": first, "CdnSecondKey": second, "OnlyThroughCdn": "true"}
        if failure := trial.deploy().update(parameters):
            return Answer("no", failure)
        outputs, few, found = trial.main.outputs, replace(trial.small, days=10), []
        for number, (private, _) in enumerate(pairs):
            id = outputs["CdnFirstKeyId" if number == 0 else "CdnSecondKeyId"]
            text = json.dumps({"domain": outputs["CdnDomain"], "keyPairId": id, "privateKey": private})
            trial.place.client("secretsmanager").put_secret_value(SecretId=outputs["CdnSecretArn"], SecretString=text)
            # A process of the api that has read the other key keeps it.
            places.wait(SECRET_SECS if number else 0)
            # The address of the API is that of CloudFront now.
            found.append(trial.fresh(few))
        through, past = status(f"https://{outputs['CdnDomain']}/api/v1/health"), status(f"{outputs['ApiUrl']}/health")
        texts = [f"{kind}: {one.text(few)}" for kind, one in zip(("ECDSA", "RSA"), found)]
        evidence = f"{'; '.join(texts)}; /health returns {through} through CloudFront and {past} past it"
        return judged(not any(one.faults for one in found) and (through, past) == (200, 403), evidence)


def pem(key):
    """Private and public half of a key as text, the latter without its last line feed."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode().rstrip("\n")


class Cache(Step):
    name = "cache"
    question = (
        "does Valkey accept Sluice's client, which does not support the cluster protocol, "
        "and the user's list of commands"
    )
    emulator = "it has no ElastiCache; the stack of `cargo x up` has a Redis with a password"

    def run(self, trial):
        if failure := trial.deploy().update({"CreateCache": "true"}):
            return Answer("no", failure)
        text = trial.checked()
        trial.fresh(replace(trial.small, days=10))
        api = trial.function("Api")
        hits, errors = (
            sum(trial.metric("Sluice", name, FunctionName=api)) for name in ("SharedHits", "SharedErrors")
        )
        line = next((one for one in text.splitlines() if "cache" in one.lower()), "")
        return judged(hits and not errors, f"{hits:.0f} SharedHits, {errors:.0f} SharedErrors; check: {line}")


VARIANTS = [Second, Direct, MaxConnections, Tokens, Cdn, Cache]
