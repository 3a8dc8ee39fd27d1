"""Refuses what an update would destroy, unless it is allowed by name."""

# Resources whose replacement or removal loses data, or an address that is in use.
KEPT = {
    "AWS::S3::Bucket": "the files in it stay in the old one, and links to them end",
    "AWS::RDS::DBInstance": "its data is lost",
    "AWS::RDS::DBProxy": "its sessions end and its address changes",
    "AWS::ElastiCache::ServerlessCache": "its content is lost and its address changes",
}
# Nested stacks that contain some of these.
KEEPING = ("Proxy", "Cache", "Example")
# Name that allows changes in nested stacks that are not known.
BLIND = "nested-changes"
# CreateEndpoints: what each value creates.
ENDPOINTS = {"false": set(), "sqs": {"sqs"}, "true": {"sqs", "secrets"}, "all": {"sqs", "secrets", "extensions"}}
# Parameters that cannot change in place, because the proxy's and the cache's names would be taken.
NETWORK = "VpcSubnetIds"


def refusals(previous, wanted, rows, blind=()):
    """[{"name": what --allow names, "text": why and what to do}] of an update. `previous` is empty for a first one, `blind`
    names nested stacks of KEEPING that change in a way that is not known."""
    if not previous:
        return []
    return [
        {"name": name, "text": text}
        for name, text in [*of_parameters(previous, wanted), *of_rows(rows), *of_blind(blind)]
    ]


def of_parameters(previous, wanted):
    """Parameters that go back on something."""
    def both(name):
        return previous.get(name, wanted.get(name)), wanted.get(name)

    old, new = both("Architecture")
    if old != new:
        yield "Architecture", f"the functions are deployed for {old}, the file says {new}; set Architecture = \"{old}\""
    for name in sorted(one for one in previous if one.startswith("Create")):
        old, new = both(name)
        lost = ENDPOINTS[old] - ENDPOINTS[new] if name == "CreateEndpoints" else old == "true" and new != "true"
        if lost:
            key = ", with the secret of the private key, for good" if name == "CreateCdn" else ""
            yield name, f"{name} = {old} is deployed, and what it created would be deleted{key}; set {name} = \"{old}\""
    old, new = both("Pooler")
    if old == "proxy" and new != "proxy":
        yield "Pooler", f"the proxy is deployed and would be deleted with its two passwords; set Pooler = \"{old}\""
    old, new = both(NETWORK)
    revised = previous.get("NetworkRevision") != wanted.get("NetworkRevision")
    made = "proxy" in (wanted.get("Pooler"), previous.get("Pooler")) or wanted.get("CreateCache") == "true"
    if old != new and old and made and not revised:
        number = int(previous.get("NetworkRevision", "1")) + 1
        why = "proxy and cache are replaced in other subnets, and their names are taken"
        yield NETWORK, f"{why}; set NetworkRevision = {number}"


def of_rows(rows):
    """Resources that would be replaced or removed."""
    for row in rows:
        if row["type"] in KEPT and row["action"] in ("replace", "remove"):
            what = "replaced" if row["action"] == "replace" else "removed"
            why = f" ({', '.join(row['why'])})" if row["why"] else ""
            yield row["path"], f"{row['path']} would be {what}{why}: {KEPT[row['type']]}"


def of_blind(names):
    """Nested stacks whose template or parameters change, without a list of what changes in them."""
    if names:
        yield BLIND, f"the changes in {', '.join(names)} are not known, so this guard cannot tell what is replaced in them"
