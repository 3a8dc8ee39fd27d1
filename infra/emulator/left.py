"""Lists what there is in the emulator of one stack, by kind: {"functions": [name...], "queues": [...], ...}; kinds of which
there is nothing are left out.

Reads JSON from standard input: {"stack": stack.json}.
"""

import json
import sys

import aws

# Kind -> (service, operation, key of the list in its answer, key of the name in each item; None if the item is a name).
KINDS = {
    "stacks": ("cloudformation", "list_stacks", "StackSummaries", "StackName"),
    "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
    "triggers": ("lambda", "list_event_source_mappings", "EventSourceMappings", "EventSourceArn"),
    "queues": ("sqs", "list_queues", "QueueUrls", None),
    "tables": ("dynamodb", "list_tables", "TableNames", None),
    "apis": ("apigatewayv2", "get_apis", "Items", "Name"),
    "schedules": ("scheduler", "list_schedules", "Schedules", "Name"),
    "roles": ("iam", "list_roles", "Roles", "RoleName"),
    "logGroups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "metricFilters": ("logs", "describe_metric_filters", "metricFilters", "filterName"),
    "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "topics": ("sns", "list_topics", "Topics", "TopicArn"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList", "Name"),
    "buckets": ("s3", "list_buckets", "Buckets", "Name"),
}


def left(stack):
    """Kind -> names."""
    found = {}
    for kind, (service, operation, items, name) in KINDS.items():
        listed = getattr(aws.client(service, stack), operation)().get(items, [])
        # CloudFormation lists deleted stacks too.
        listed = [one for one in listed if kind != "stacks" or one["StackStatus"] != "DELETE_COMPLETE"]
        if listed:
            found[kind] = sorted(one if name is None else one[name] for one in listed)
    return found


if __name__ == "__main__":
    json.dump(left(json.load(sys.stdin)["stack"]), sys.stdout)
