"""Choices of the template's parameters that tests try, and which of them go together."""

import functools

import pairwise

# The sides of each choice; `parameters` turns them into what CloudFormation is given.
SIDES = {
    "Auth": ["keys", "jwt"],
    "Budget": ["4", "8", "16", "24"],
    "Architecture": ["arm64", "x86_64"],
    "ReserveConcurrency": ["true", "false"],
    "ApiConcurrency": ["0", "50"],
    "Pooler": ["none", "proxy", "own"],
    "WorkerTimeoutSeconds": ["60", "300", "900"],
    "SweepMinutes": ["1", "5", "15"],
    "Tracing": ["Disabled", "Active"],
    "GradualDeployment": ["none", "Canary10Percent5Minutes", "AllAtOnce"],
    "PermissionsBoundaryArn": ["", "arn:aws:iam::123456789012:policy/boundary"],
    "KmsKeyArn": ["", "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-1111-2222-3333-444455556666"],
    "RolePath": ["/", "/apps/sluice/"],
    "network": ["none", "given", "example"],
    "CreateEndpoints": ["false", "true", "sqs", "all"],
    "route_tables": ["given", "none"],
    "EndpointPolicies": ["none", "account"],
    "zones": ["chosen", "given"],
    # The two ways to leave out a hidden parameter, or one that may be emptied.
    "nothing": ["", "none"],
    "owner": ["none", "given"],
    # Where the passwords of given URLs are.
    "passwords": ["url", "secret"],
    "api_domain": ["none", "given", "zone"],
    "ProxyTarget": ["instance", "cluster"],
    "ReadFromReader": ["true", "false"],
    "DatabaseAuth": ["password", "iam"],
    "cdn": ["none", "first", "second", "both"],
    "alias": ["none", "given"],
    "CdnLogBucket": ["", "logs.s3.amazonaws.com"],
    "CdnWebAclArn": ["", "arn:aws:wafv2:us-east-1:123456789012:global/webacl/w/1"],
    "OnlyThroughCdn": ["false", "true"],
    "cache": ["none", "url", "own"],
    "NetworkRevision": ["1", "2"],
    "KeepFilesDays": ["0", "30", "90", "365"],
    "CreateAlarms": ["true", "false"],
    "AlarmEmail": ["", "operator@example.com"],
    "AlarmTopicArn": ["", "arn:aws:sns:us-east-1:123456789012:pages"],
    "DestinationBucketArns": ["", "arn:aws:s3:::lake,arn:aws:s3:::other-lake"],
    "DestinationRoleArns": ["", "arn:aws:iam::210987654321:role/from-sluice"],
    "EventBusArn": ["", "arn:aws:events:us-east-1:123456789012:event-bus/default"],
    "CorsOrigins": ["", "https://app.example.com,http://localhost:8080"],
}
# Choices that the emulator can make; the others keep their first side.
EMULATED = [
    "Auth", "Budget", "Architecture", "ReserveConcurrency", "ApiConcurrency", "Pooler", "WorkerTimeoutSeconds", "SweepMinutes", "Tracing", "GradualDeployment", "network", "CreateEndpoints",
    "route_tables", "EndpointPolicies", "nothing", "owner", "passwords", "api_domain",
    "PermissionsBoundaryArn", "KmsKeyArn", "KeepFilesDays",
    "CreateAlarms", "AlarmEmail", "AlarmTopicArn", "CorsOrigins",
]
# Sessions of the store that the rules of the template require without a pooler: a session for each of its workers, and ten more.
UNPOOLED_STORE_SESSIONS = {"4": "16", "8": "24", "16": "32", "24": "48"}
KEY = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE{0}\n{0}==\n-----END PUBLIC KEY-----\n"


def keep(choice):
    """May these be chosen together? Also answers for choices of which only a part is there."""
    def are(**sides):
        return all(choice.get(name) == side for name, side in sides.items())

    refused = [
        *(are(Pooler=other, DatabaseAuth="iam") for other in ("none", "own")),
        *(are(Pooler=other, ProxyTarget="cluster") for other in ("none", "own")),
        are(network="example", Pooler="own"),
        are(network="example", ProxyTarget="cluster"),
        are(network="none", Pooler="proxy"),
        are(network="none", cache="own"),
        *(are(network="none", CreateEndpoints=some) for some in ("true", "sqs", "all")),
        are(Pooler="none", ReserveConcurrency="false"),
    ]
    return not any(refused)


def parameters(choice):
    """Parameters of CloudFormation for a choice."""
    choice = {**{name: sides[0] for name, sides in SIDES.items()}, **choice}
    own = ("network", "route_tables", "cdn", "alias", "cache", "nothing", "owner", "passwords", "zones", "api_domain")
    given = {name: side for name, side in choice.items() if name not in own}
    if choice["network"] == "given":
        given |= {"VpcSubnetIds": "subnet-1,subnet-2", "VpcSecurityGroupIds": "sg-1", "VpcId": "vpc-1", "VpcCidr": "10.0.0.0/16"}
        given["RouteTableIds"] = "rtb-1" if choice["route_tables"] == "given" else ""
    given["Revision"] = "" if choice["GradualDeployment"] == "none" else "2026-11-30.1"
    if choice["Auth"] == "jwt":
        given |= {"JwtIssuer": "https://issuer.example.com/", "JwtAudience": "sluice,exports", "JwtTenantClaim": "org"}
        # A choice of its own would only add deployments.
        if choice.get("CorsOrigins"):
            given |= {"JwtClientId": "page", "JwtAuthorizeUrl": "https://login.example.com/authorize", "JwtTokenUrl": "https://login.example.com/token"}
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:{}-AbCdEf"
    in_secrets = choice["passwords"] == "secret"
    given["OwnerUrl"] = "postgres://owner:c@db/shop" if choice["owner"] == "given" else choice["nothing"]
    if choice["owner"] == "given" and in_secrets and choice["network"] != "example":
        given |= {"OwnerUrl": "postgres://db/shop", "OwnerSecretArn": secret.format("owner")}
    if choice["zones"] == "given":
        given |= {"ExampleFirstZone": "us-east-1b", "ExampleSecondZone": "us-east-1c"}
    given["CreateExample"] = str(choice["network"] == "example").lower()
    if choice["Pooler"] != "proxy" and choice["network"] != "example":
        if in_secrets:
            given |= {"SourceUrl": "postgres://sluice_source@db/shop", "SourceSecretArn": secret.format("source")}
            given |= {"StoreUrl": "postgres://sluice_store@db/shop", "StoreSecretArn": secret.format("store")}
        else:
            given |= {"SourceUrl": "postgres://sluice_source:a@db/shop", "StoreUrl": "postgres://sluice_store:b@db/shop"}
    if choice["Pooler"] == "proxy" and choice["network"] != "example":
        given |= {"ProxyTargetId": "shop", "ProxyTargetResourceId": "db-ABC"}
        given["DatabaseSecurityGroupId"] = "sg-2"
        given["DatabasePort"] = "5433" if choice["ProxyTarget"] == "cluster" else "5432"
    if choice["api_domain"] != "none":
        given |= {"ApiDomain": "api.example.com", "ApiCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/a"}
        given["ApiHostedZoneId"] = "Z1" if choice["api_domain"] == "zone" else ""
    given["CreateCdn"] = str(choice["cdn"] != "none").lower()
    given["CdnFirstKey"] = KEY.format("first") if choice["cdn"] in ("first", "both") else choice["nothing"]
    given["CdnSecondKey"] = KEY.format("second") if choice["cdn"] in ("second", "both") else choice["nothing"]
    if choice["alias"] == "given":
        given |= {"CdnAlias": "exports.example.com", "CdnCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/c"}
    given["CreateCache"] = str(choice["cache"] == "own").lower()
    given["CacheUrl"] = "rediss://cache:6379" if choice["cache"] == "url" else choice["nothing"]
    if choice["Pooler"] == "none":
        given["StoreSessions"] = UNPOOLED_STORE_SESSIONS[choice["Budget"]]
    return given


@functools.cache
def everything():
    """Choices in which every two sides meet."""
    return pairwise.pairs(SIDES, keep)


def emulated():
    """The same of what the emulator can make: no proxy, no example database that starts without Docker, and no zone."""
    sides = {name: [side for side in SIDES[name] if side not in ("example", "proxy", "zone")] for name in EMULATED}
    return pairwise.pairs(sides, keep)
