"""Proof that nothing of a deployment is left: every resource that it had is read by the call of its own service.

The tagging API alone proves nothing: it lists what was deleted for hours, and it does not know every type.
"""

from botocore.exceptions import BotoCoreError, ClientError

from place import TAG

# Parts of the error codes by which services report that a resource does not exist.
GONE = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist", "404")
CLOUDFRONT_REGION = "us-east-1"


def _log_groups(client, prefix):
    pages = client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return [one["logGroupName"] for page in pages for one in page["logGroups"]]


def _cloudfront(operation, **names):
    def probe(client, name):
        return getattr(client("cloudfront", CLOUDFRONT_REGION), operation)(**{key: name for key in names})

    return probe


def _with_another(found, key, state):
    """Those that are in another state than this one."""
    return [one for one in found if one[key].lower() != state.lower()]


def _call(service, operation, argument, many=False):
    """A probe that makes one call; the resource exists if the call succeeds."""

    def probe(client, name):
        return getattr(client(service), operation)(**{argument: [name] if many else name})

    return probe


# Type -> probe(client, physical id): something if it exists; nothing, or an error of GONE, if it does not.
PROBES = {
    "AWS::ApiGatewayV2::Api": _call("apigatewayv2", "get_api", "ApiId"),
    "AWS::ApiGatewayV2::DomainName": _call("apigatewayv2", "get_domain_name", "DomainName"),
    "AWS::CloudFormation::Stack": lambda client, name: _with_another(
        client("cloudformation").describe_stacks(StackName=name)["Stacks"], "StackStatus", "DELETE_COMPLETE"
    ),
    "AWS::CloudFront::CachePolicy": _cloudfront("get_cache_policy", Id=""),
    "AWS::CloudFront::Distribution": _cloudfront("get_distribution", Id=""),
    "AWS::CloudFront::KeyGroup": _cloudfront("get_key_group", Id=""),
    "AWS::CloudFront::OriginAccessControl": _cloudfront("get_origin_access_control", Id=""),
    "AWS::CloudFront::PublicKey": _cloudfront("get_public_key", Id=""),
    "AWS::CloudFront::ResponseHeadersPolicy": _cloudfront("get_response_headers_policy", Id=""),
    "AWS::CloudWatch::Alarm": lambda client, name: client("cloudwatch").describe_alarms(AlarmNames=[name])[
        "MetricAlarms"
    ],
    "AWS::CloudWatch::Dashboard": _call("cloudwatch", "get_dashboard", "DashboardName"),
    "AWS::CodeDeploy::Application": _call("codedeploy", "get_application", "applicationName"),
    "AWS::EC2::RouteTable": _call("ec2", "describe_route_tables", "RouteTableIds", many=True),
    "AWS::EC2::SecurityGroup": _call("ec2", "describe_security_groups", "GroupIds", many=True),
    "AWS::EC2::Subnet": _call("ec2", "describe_subnets", "SubnetIds", many=True),
    "AWS::EC2::VPC": _call("ec2", "describe_vpcs", "VpcIds", many=True),
    "AWS::EC2::VPCEndpoint": lambda client, name: _with_another(
        client("ec2").describe_vpc_endpoints(VpcEndpointIds=[name])["VpcEndpoints"], "State", "deleted"
    ),
    "AWS::ElastiCache::ServerlessCache": _call("elasticache", "describe_serverless_caches", "ServerlessCacheName"),
    "AWS::ElastiCache::User": _call("elasticache", "describe_users", "UserId"),
    "AWS::ElastiCache::UserGroup": _call("elasticache", "describe_user_groups", "UserGroupId"),
    "AWS::IAM::ManagedPolicy": _call("iam", "get_policy", "PolicyArn"),
    "AWS::IAM::Role": _call("iam", "get_role", "RoleName"),
    "AWS::KMS::Key": lambda client, name: _with_another(
        [client("kms").describe_key(KeyId=name)["KeyMetadata"]], "KeyState", "PendingDeletion"
    ),
    "AWS::Lambda::EventSourceMapping": _call("lambda", "get_event_source_mapping", "UUID"),
    "AWS::Lambda::Function": _call("lambda", "get_function", "FunctionName"),
    "AWS::Logs::LogGroup": lambda client, name: name in _log_groups(client, name),
    "AWS::RDS::DBInstance": _call("rds", "describe_db_instances", "DBInstanceIdentifier"),
    "AWS::RDS::DBParameterGroup": _call("rds", "describe_db_parameter_groups", "DBParameterGroupName"),
    "AWS::RDS::DBProxy": _call("rds", "describe_db_proxies", "DBProxyName"),
    "AWS::RDS::DBProxyEndpoint": _call("rds", "describe_db_proxy_endpoints", "DBProxyEndpointName"),
    "AWS::RDS::DBSubnetGroup": _call("rds", "describe_db_subnet_groups", "DBSubnetGroupName"),
    "AWS::S3::Bucket": _call("s3", "head_bucket", "Bucket"),
    "AWS::SNS::Topic": _call("sns", "get_topic_attributes", "TopicArn"),
    "AWS::SQS::Queue": _call("sqs", "get_queue_attributes", "QueueUrl"),
    "AWS::Scheduler::Schedule": _call("scheduler", "get_schedule", "Name"),
    # One that is scheduled for deletion is neither readable nor billed.
    "AWS::SecretsManager::Secret": lambda client, name: (
        "DeletedDate" not in client("secretsmanager").describe_secret(SecretId=name)
    ),
}

# Types of parts, which end with another resource of the list.
PARTS = {
    "AWS::ApiGatewayV2::ApiMapping": "its domain name",
    "AWS::ApiGatewayV2::Authorizer": "its API",
    "AWS::ApiGatewayV2::Integration": "its API",
    "AWS::ApiGatewayV2::Route": "its API",
    "AWS::ApiGatewayV2::Stage": "its API",
    "AWS::CodeDeploy::DeploymentGroup": "its application",
    "AWS::EC2::SecurityGroupIngress": "its security group",
    "AWS::EC2::SubnetRouteTableAssociation": "its subnet",
    "AWS::IAM::Policy": "its role",
    "AWS::Lambda::Alias": "its function",
    "AWS::Lambda::EventInvokeConfig": "its function",
    "AWS::Lambda::Permission": "its function",
    "AWS::Lambda::Version": "its function",
    "AWS::Logs::MetricFilter": "its log group",
    "AWS::RDS::DBProxyTargetGroup": "its proxy",
    "AWS::Route53::RecordSet": "only in a zone of the operator; the trial has none",
    "AWS::S3::BucketPolicy": "its bucket",
    "Custom::Bootstrap": "nothing outside the database",
    "Custom::Pool": "a number",
}


def exists(client, kind, name):
    """Reports whether a resource exists. An error that does not say so is raised."""
    try:
        found = PROBES[kind](client, name)
    except ClientError as error:
        reported = error.response["Error"]
        if any(word in reported["Code"] for word in GONE) or "does not exist" in reported.get("Message", ""):
            return False
        raise
    if isinstance(found, dict):
        # `describe` calls return an empty list for some names that do not exist.
        found = next(
            (part for key, part in found.items() if key != "ResponseMetadata" and isinstance(part, list)), True
        )
    return bool(found)


def left(place, deployment):
    """Lists the rest of a deployment, as "type id", and counts the resources that were read."""
    client, found, read = place.client, [], 0
    for kind, name in [*deployment.resources, *deployment.former]:
        if kind in PARTS:
            continue
        read += 1
        try:
            if kind not in PROBES or exists(client, kind, name):
                found.append(f"{kind} {name}")
        except (ClientError, BotoCoreError) as error:
            found.append(f"{kind} {name} could not be read: {error}")
    found += [f"log group {name}" for name in log_groups(place, deployment)]
    if not place.emulated:
        found += backups(place, deployment)
        found += [f"{arn}, by its tag" for arn in tagged(place, deployment)]
    return sorted(set(found)), read


def log_groups(place, deployment):
    """Log groups of the deployment, also those that a service has created once more after they were deleted."""
    name = deployment.name
    prefixes = (f"/sluice/{name}/", f"/aws/vendedlogs/sluice/{name}/", f"/aws/rds/proxy/sluice-{name}")
    return [group for prefix in prefixes for group in _log_groups(place.client, prefix)]


def remove_log_groups(place, deployment):
    """Deletes such log groups; their names."""
    found = log_groups(place, deployment) if deployment.attempted else []
    for name in found:
        place.client("logs").delete_log_group(logGroupName=name)
    return found


def backups(place, deployment):
    """Snapshots and automated backups of the database, which outlive it and cost."""
    rds, found = place.client("rds"), []
    for kind, name in [*deployment.resources, *deployment.former]:
        if kind == "AWS::RDS::DBInstance":
            snapshots = rds.describe_db_snapshots(DBInstanceIdentifier=name)["DBSnapshots"]
            found += [f"snapshot {one['DBSnapshotIdentifier']}" for one in snapshots]
            kept = rds.describe_db_instance_automated_backups(DBInstanceIdentifier=name)["DBInstanceAutomatedBackups"]
            found += [f"automated backup of {one['DBInstanceIdentifier']}" for one in kept]
    return found


def tagged(place, deployment):
    """ARNs that the tagging API lists for the deployment, and that no resource of the deployment explains."""
    pages = place.client("resourcegroupstaggingapi").get_paginator("get_resources")
    pages = pages.paginate(TagFilters=[{"Key": TAG, "Values": [deployment.name]}])
    arns = [one["ResourceARN"] for page in pages for one in page["ResourceTagMappingList"]]
    known = [name for _, name in [*deployment.resources, *deployment.former]]
    return [arn for arn in arns if not any(name.rsplit("/", 1)[-1] in arn for name in known)]
