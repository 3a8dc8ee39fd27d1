"""Choices of the template's parameters that tests try, and which of them go together."""

import pairwise

# The sides of each choice; `parameters` turns them into what CloudFormation is given.
SIDES = {
    "Auth": ["keys", "jwt"],
    "Budget": ["4", "8", "16", "24"],
    "Architecture": ["arm64", "x86_64"],
    "ReserveConcurrency": ["true", "false"],
    "ApiConcurrency": ["0", "50"],
    "Pooled": ["true", "false"],
    "WorkerTimeoutSeconds": ["60", "300", "900"],
    "Tracing": ["Disabled", "Active"],
    "network": ["none", "given", "example"],
    "CreateEndpoints": ["false", "true", "sqs", "all"],
    "route_tables": ["given", "none"],
    "zones": ["chosen", "given"],
    # How it is written that there is none of what is hidden or may be emptied.
    "nothing": ["", "none"],
    "owner": ["none", "given"],
    # Where the passwords of given URLs are.
    "passwords": ["url", "secret"],
    "proxy": ["none", "instance", "cluster"],
    "ReadFromReader": ["true", "false"],
    "DatabaseAuth": ["password", "iam"],
    "cdn": ["none", "first", "second", "both"],
    "alias": ["none", "given"],
    "CdnLogBucket": ["", "logs.s3.amazonaws.com"],
    "CdnWebAclArn": ["", "arn:aws:wafv2:us-east-1:123456789012:global/webacl/w/1"],
    "cache": ["none", "url", "own"],
    "CreateAlarms": ["true", "false"],
    "AlarmEmail": ["", "operator@example.com"],
    "AlarmTopicArn": ["", "arn:aws:sns:us-east-1:123456789012:pages"],
}
# What the emulator can make; the rest of a choice keeps its first side.
EMULATED = [
    "Auth", "Budget", "Architecture", "ReserveConcurrency", "ApiConcurrency", "Pooled", "WorkerTimeoutSeconds", "Tracing", "network", "CreateEndpoints",
    "route_tables", "nothing", "owner", "passwords",
    "CreateAlarms", "AlarmEmail", "AlarmTopicArn",
]
# What the rules of the template demand of the store without a pooler: a session for each of its workers, and ten more.
UNPOOLED_STORE_SESSIONS = {"4": "16", "8": "24", "16": "32", "24": "48"}
KEY = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE{0}\n{0}==\n-----END PUBLIC KEY-----\n"


def keep(choice):
    """May these be chosen together? Also answers for choices of which only a part is there."""
    def are(**sides):
        return all(choice.get(name) == side for name, side in sides.items())

    refused = [
        are(proxy="none", DatabaseAuth="iam"),
        are(proxy="instance", Pooled="false"),
        are(proxy="cluster", Pooled="false"),
        are(proxy="none", network="example", Pooled="true"),
        are(network="example", proxy="cluster"),
        are(network="none", proxy="instance"),
        are(network="none", proxy="cluster"),
        are(network="none", cache="own"),
        *(are(network="none", CreateEndpoints=some) for some in ("true", "sqs", "all")),
        are(Pooled="false", ReserveConcurrency="false"),
    ]
    return not any(refused)


def parameters(choice):
    """What CloudFormation is given for a choice."""
    choice = {**{name: sides[0] for name, sides in SIDES.items()}, **choice}
    own = ("network", "route_tables", "proxy", "cdn", "alias", "cache", "nothing", "owner", "passwords", "zones")
    given = {name: side for name, side in choice.items() if name not in own}
    if choice["network"] == "given":
        given |= {"VpcSubnetIds": "subnet-1,subnet-2", "VpcSecurityGroupIds": "sg-1", "VpcId": "vpc-1", "VpcCidr": "10.0.0.0/16"}
        given["RouteTableIds"] = "rtb-1" if choice["route_tables"] == "given" else ""
    if choice["Auth"] == "jwt":
        given |= {"JwtIssuer": "https://issuer.example.com/", "JwtAudience": "sluice,exports", "JwtTenantClaim": "org"}
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:{}-AbCdEf"
    in_secrets = choice["passwords"] == "secret"
    given["OwnerUrl"] = "postgres://owner:c@db/shop" if choice["owner"] == "given" else choice["nothing"]
    if choice["owner"] == "given" and in_secrets and choice["network"] != "example":
        given |= {"OwnerUrl": "postgres://db/shop", "OwnerSecretArn": secret.format("owner")}
    if choice["zones"] == "given":
        given |= {"ExampleFirstZone": "us-east-1b", "ExampleSecondZone": "us-east-1c"}
    given["CreateExample"] = str(choice["network"] == "example").lower()
    given["CreateProxy"] = str(choice["proxy"] != "none").lower()
    if choice["proxy"] == "none" and choice["network"] != "example":
        if in_secrets:
            given |= {"SourceUrl": "postgres://sluice_source@db/shop", "SourceSecretArn": secret.format("source")}
            given |= {"StoreUrl": "postgres://sluice_store@db/shop", "StoreSecretArn": secret.format("store")}
        else:
            given |= {"SourceUrl": "postgres://sluice_source:a@db/shop", "StoreUrl": "postgres://sluice_store:b@db/shop"}
    if choice["proxy"] != "none" and choice["network"] != "example":
        given |= {"ProxyTarget": choice["proxy"], "ProxyTargetId": "shop", "ProxyTargetResourceId": "db-ABC"}
        given["DatabaseSecurityGroupId"] = "sg-2"
        given["DatabasePort"] = "5433" if choice["proxy"] == "cluster" else "5432"
    given["CreateCdn"] = str(choice["cdn"] != "none").lower()
    given["CdnFirstKey"] = KEY.format("first") if choice["cdn"] in ("first", "both") else choice["nothing"]
    given["CdnSecondKey"] = KEY.format("second") if choice["cdn"] in ("second", "both") else choice["nothing"]
    if choice["alias"] == "given":
        given |= {"CdnAlias": "exports.example.com", "CdnCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/c"}
    given["CreateCache"] = str(choice["cache"] == "own").lower()
    given["CacheUrl"] = "rediss://cache:6379" if choice["cache"] == "url" else choice["nothing"]
    if choice["Pooled"] == "false":
        given["StoreSessions"] = UNPOOLED_STORE_SESSIONS[choice["Budget"]]
    return given


def everything():
    """Choices in which every two sides meet."""
    return pairwise.pairs(SIDES, keep)


def emulated():
    """The same of what the emulator can make. It knows no example database that starts without Docker."""
    sides = {name: [side for side in SIDES[name] if side != "example"] for name in EMULATED}
    return pairwise.pairs(sides, keep)
