"""Reads what a deployment will meet in the account before it is built: subnets, security groups, endpoints, secrets, database.

A mistake there would fail the deployment after a quarter of an hour. Nothing is changed, and a right that is missing to read
something is a note.
"""

from urllib.parse import urlsplit

from botocore.exceptions import ClientError

import cloud

# Services of the interface endpoints that each value of CreateEndpoints creates.
INTERFACES = {"sqs": ["sqs"], "true": ["sqs", "secretsmanager"], "all": ["sqs", "secretsmanager"]}
SECRETS = ("OwnerSecretArn", "SourceSecretArn", "StoreSecretArn")


def look(job):
    """{"problems": [text], "notes": [text]} of the job's parameters. `first` is true if there is no stack yet: later, what it
    would find is its own."""
    found = {"problems": [], "notes": []}
    if cloud.is_local():
        return found
    account = Account(job["region"], job["parameters"])
    parts = [account.secrets, account.subnets, account.groups, account.target, account.way_to_the_database]
    for part in parts + ([account.endpoints] if job.get("first") else []):
        try:
            found["problems"] += part()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            found["notes"].append(f"not checked, since {error.operation_name} is refused: {code}")
    return found


def is_missing(error):
    """True if a service reports that what was named does not exist."""
    return "NotFound" in error.response["Error"]["Code"]


class Account:
    """Findings about the resources of the account that parameters name."""

    def __init__(self, region, parameters):
        self.region, self.parameters = region, parameters
        self.ec2, self.rds = cloud.client("ec2", region), cloud.client("rds", region)

    def get(self, name):
        return self.parameters.get(name, "")

    def ids(self, name):
        return [one for one in self.get(name).split(",") if one]

    def secrets(self):
        """Secrets that are named and do not exist."""
        client = cloud.client("secretsmanager", self.region)
        for name in SECRETS:
            if self.get(name).startswith("arn:"):
                try:
                    client.describe_secret(SecretId=self.get(name))
                except ClientError as error:
                    if not is_missing(error):
                        raise
                    yield f"{name}: there is no secret {self.get(name)} in {self.region}"

    def subnets(self):
        """Subnets that do not exist, are in another VPC, or share a zone."""
        ids = self.ids("VpcSubnetIds")
        if not ids:
            return
        there = self.named(self.ec2.describe_subnets, "subnet-id", ids)["Subnets"]
        for one in sorted(set(ids) - {one["SubnetId"] for one in there}):
            yield f"VpcSubnetIds: there is no subnet {one} in {self.region}"
        networks = sorted({one["VpcId"] for one in there})
        if len(networks) > 1 or (self.get("VpcId") and networks not in ([], [self.get("VpcId")])):
            wanted = f", and VpcId is {self.get('VpcId')}" if self.get("VpcId") else ""
            yield f"VpcSubnetIds: they are in {' and '.join(networks)}{wanted}; name subnets of one VPC"
        zones = [one["AvailabilityZone"] for one in there]
        apart = self.get("CreateEndpoints") in INTERFACES or self.get("Pooler") == "proxy" or self.get("CreateCache") == "true"
        if apart and len(set(zones)) < len(zones):
            yield f"VpcSubnetIds: they are in {', '.join(sorted(zones))}; proxy, cache and endpoints need one subnet in each zone"

    def groups(self):
        """Security groups that do not exist, or are in another VPC than the first."""
        ids = [*self.ids("VpcSecurityGroupIds"), *self.ids("DatabaseSecurityGroupId")]
        if not ids:
            return
        there = self.named(self.ec2.describe_security_groups, "group-id", ids)["SecurityGroups"]
        for one in sorted(set(ids) - {one["GroupId"] for one in there}):
            yield f"there is no security group {one} in {self.region}"
        for one in there:
            if self.get("VpcId") and one["VpcId"] != self.get("VpcId"):
                yield f"security group {one['GroupId']} is in {one['VpcId']}, and VpcId is {self.get('VpcId')}"

    def target(self):
        """A target of the proxy that does not exist."""
        name = self.get("ProxyTargetId")
        if self.get("Pooler") != "proxy" or not name:
            return
        cluster = self.get("ProxyTarget") == "cluster"
        try:
            if cluster:
                self.rds.describe_db_clusters(DBClusterIdentifier=name)
            else:
                self.rds.describe_db_instances(DBInstanceIdentifier=name)
        except ClientError as error:
            if not is_missing(error):
                raise
            yield f"ProxyTargetId: there is no {'cluster' if cluster else 'instance'} {name} in {self.region}"

    def way_to_the_database(self):
        """The group of an RDS database without a rule for the functions, which connect to it directly."""
        url, functions = urlsplit(self.get("SourceUrl")), self.ids("VpcSecurityGroupIds")
        if self.get("Pooler") == "proxy" or ".rds.amazonaws.com" not in (url.hostname or "") or not functions:
            return
        groups = self.groups_of(url.hostname)
        if not groups:
            return
        port = url.port or 5432
        rules = [
            rule
            for group in self.named(self.ec2.describe_security_groups, "group-id", groups)["SecurityGroups"]
            for rule in group["IpPermissions"]
            if rule["IpProtocol"] == "-1" or rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535)
        ]
        # A rule with addresses may allow them; that is not computed here.
        if any(rule.get(name) for rule in rules for name in ("IpRanges", "Ipv6Ranges", "PrefixListIds")):
            return
        if not set(functions) & {pair["GroupId"] for rule in rules for pair in rule.get("UserIdGroupPairs", [])}:
            yield (
                f"the database's security group {groups[0]} does not allow that of the functions: aws ec2 "
                f"authorize-security-group-ingress --region {self.region} --group-id {groups[0]} --protocol tcp --port {port} "
                f"--source-group {functions[0]}"
            )

    def groups_of(self, host):
        """Security groups of the instance or cluster with this address."""
        for operation, key in (("describe_db_instances", "DBInstances"), ("describe_db_clusters", "DBClusters")):
            for page in self.rds.get_paginator(operation).paginate():
                for one in page[key]:
                    address = one.get("Endpoint", {})
                    if host == (address if isinstance(address, str) else address.get("Address")):
                        return [group["VpcSecurityGroupId"] for group in one["VpcSecurityGroups"]]
        return []

    def endpoints(self):
        """Endpoints that exist and cannot be created again, and a VPC whose names they would not get."""
        wanted, vpc = INTERFACES.get(self.get("CreateEndpoints"), []), self.get("VpcId")
        if not wanted or not vpc:
            return
        there = self.named(self.ec2.describe_vpc_endpoints, "vpc-id", [vpc])["VpcEndpoints"]
        kinds = {one["ServiceName"].rsplit(".", 1)[-1] for one in there if one.get("PrivateDnsEnabled")}
        remedy = {"sqs": "false, and create that of Secrets Manager if it is missing", "secretsmanager": "sqs"}
        for service in wanted:
            if service in kinds:
                yield f"CreateEndpoints: {vpc} has an endpoint of {service} already; set CreateEndpoints = {remedy[service]}"
                break
        tables = {table for one in there if one["ServiceName"].endswith(".s3") for table in one.get("RouteTableIds", [])}
        for table in sorted(tables & set(self.ids("RouteTableIds"))):
            yield f"RouteTableIds: {table} has the gateway endpoint of S3 already; leave it out"
        for attribute in ("enableDnsSupport", "enableDnsHostnames"):
            value = self.ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
            if not value[attribute[0].upper() + attribute[1:]]["Value"]:
                yield f"CreateEndpoints: {attribute} of {vpc} is off, so the names of the endpoints would not resolve"

    def named(self, operation, name, values):
        """A description by a filter, which leaves out what does not exist."""
        return operation(Filters=[{"Name": name, "Values": values}])
