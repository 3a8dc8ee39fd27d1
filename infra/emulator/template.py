"""Turns template.yaml into what the emulator can deploy: pure steps, template in, template out.

1. `translate`: SAM's own translation, with the code of every function taken from given objects.
2. `expand_http_apis`: the emulator ignores the OpenAPI `Body` of an HTTP API, so routes, integrations and JWT authorizers
   are made from it as resources of their own, as one may write them on AWS as well.
3. `settle_trigger_limits`: a `Ref` to a number is text, and the emulator's trigger does not read it as a number.
4. `name_batches`: the emulator asks for a right `sqs:SendMessageBatch`, which on AWS is a part of `sqs:SendMessage`.
5. `allow_plain_http`: the emulator speaks no TLS, and it does enforce that the bucket wants it.
   `let_accounts_read`: in a bucket policy it knows callers of another account by that account only.
6. `place_nested`: nested templates are files here, and objects in a bucket when they are deployed, as `sam package` does.
7. `leave_out_metric_math`, of the nested ones: the emulator refuses alarms over more than one metric.
8. `stand_in`, before all others, where something else does what a nested template would make: what it puts out is given.
9. `name_secrets_whole`: a `Ref` to a secret is its ARN on AWS and its name here, of which no policy can be made.
10. `exclude_punctuation`: the emulator makes secrets with punctuation even where the template excludes it.
11. `move_aliases_at_once`, and `leave_out_code_deploy` of the nested ones: the emulator has no CodeDeploy, so an alias moves
    as soon as its version is there, in one step, and no alarm moves it back.
"""

import copy
import os
import string
from types import SimpleNamespace

ANY_METHOD = "x-amazon-apigateway-any-method"
INTEGRATION = "x-amazon-apigateway-integration"
CORS = "x-amazon-apigateway-cors"
AUTHORIZER = "x-amazon-apigateway-authorizer"
NO_VALUE = {"Ref": "AWS::NoValue"}

# Name of a function in the code -> its logical id.
FUNCTIONS = {"api": "ApiFunction", "worker": "WorkerFunction", "sweeper": "SweeperFunction", "deliver": "DeliverFunction", "notify": "NotifyFunction", "admin": "AdminFunction"}


def parse(text):
    """Reads YAML with CloudFormation's short forms."""
    from samtranslator.yaml_helper import yaml_parse

    return yaml_parse(text)


def code_folders(template):
    """Logical id of every function -> its CodeUri."""
    return {
        name: resource["Properties"]["CodeUri"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def nested_files(template):
    """Logical id of every nested stack -> its file, relative to the root of the repository."""
    return {
        name: resource["Properties"]["TemplateURL"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::CloudFormation::Stack"
    }


def stand_in(template, name, outputs):
    """The same template without the nested stack of this name, its outputs being what is given."""
    template = copy.deepcopy(template)
    del template["Resources"][name]

    def given(term):
        if isinstance(term, list):
            return [given(part) for part in term]
        if not isinstance(term, dict):
            if isinstance(term, str) and f"${{{name}." in term:
                raise NotImplementedError(f"{term}: an output of {name} within a text; extend template.py")
            return term
        owner, output = _nested_output(term)
        if owner == name:
            return outputs[output]
        return {key: given(part) for key, part in term.items()}

    return given(template)


def bridge(template, parameters):
    """All steps after SAM's translation."""
    expanded = move_aliases_at_once(expand_http_apis(template))
    return name_secrets_whole(
        exclude_punctuation(bucket_policies(name_batches(settle_trigger_limits(expanded, parameters)), parameters))
    )


def translate(template, code_uris, region, parameters=None):
    """SAM's translation; `code_uris` maps logical ids to s3:// addresses. SAM looks at few of the parameters."""
    from samtranslator.translator.transform import transform

    template = copy.deepcopy(template)
    for name, uri in code_uris.items():
        template["Resources"][name]["Properties"]["CodeUri"] = uri
    os.environ["AWS_DEFAULT_REGION"] = region
    no_managed_policies = SimpleNamespace(load=lambda: {})
    return transform(template, dict(parameters or {}), no_managed_policies)


def place_nested(template, urls):
    """The same template with its nested ones at `urls`, by logical id."""
    template = copy.deepcopy(template)
    for name, url in urls.items():
        template["Resources"][name]["Properties"]["TemplateURL"] = url
    return template


def expand_http_apis(template):
    """The same template with the `Body` of every HTTP API written out as resources."""
    template = copy.deepcopy(template)
    resources = template["Resources"]
    apis = [name for name, resource in resources.items() if resource["Type"] == "AWS::ApiGatewayV2::Api"]
    for name in apis:
        properties = resources[name]["Properties"]
        body = properties.pop("Body", None)
        properties.pop("FailOnWarnings", None)
        if body is None:
            continue
        properties.setdefault("Name", body["info"]["title"])
        properties.setdefault("ProtocolType", "HTTP")
        cors = properties.get("CorsConfiguration") or body.get(CORS)
        if cors:
            properties["CorsConfiguration"] = {_lower_first(key): value for key, value in cors.items()}
        resources.update(_authorizers(name, body))
        for number, (route, operation) in enumerate(_operations(body), start=1):
            integration = f"{name}Integration{number}"
            resources[integration] = _integration(name, operation[INTEGRATION])
            resources[f"{name}Route{number}"] = _route(name, route, integration, operation.get("security"))
    return template


def settle_trigger_limits(template, parameters):
    """The same template with every trigger's MaximumConcurrency as the number that its parameter has."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::Lambda::EventSourceMapping":
            continue
        scaling = resource["Properties"].get("ScalingConfig", {})
        limit = scaling.get("MaximumConcurrency")
        if isinstance(limit, dict):
            name = limit["Ref"]
            scaling["MaximumConcurrency"] = int(parameters.get(name, template["Parameters"][name].get("Default")))
    return template


def name_batches(template):
    """The same template with `sqs:SendMessageBatch` granted wherever `sqs:SendMessage` is."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for policy in resource["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                # A statement under a condition holds none of these.
                actions = statement.get("Action", [])
                actions = [actions] if isinstance(actions, str) else actions
                if "sqs:SendMessage" in actions:
                    statement["Action"] = [*actions, "sqs:SendMessageBatch"]
    return template


def bucket_policies(template, parameters):
    """The same template with bucket policies that the emulator can evaluate."""
    roles = [arn for arn in parameters.get("DestinationRoleArns", "").split(",") if arn]
    return let_accounts_read(allow_plain_http(template, {"WithDestinationRoles"} if roles else ()), roles)


def let_accounts_read(template, roles):
    """The same template with the accounts of these roles in place of the parameter with the roles, as a principal."""
    accounts = sorted({f"arn:aws:iam::{arn.split(':')[4]}:root" for arn in roles})

    def named(term):
        match term:
            case {"Principal": {"AWS": {"Ref": "DestinationRoleArns"}}}:
                return {**term, "Principal": {"AWS": accounts}}
            case dict():
                return {key: named(part) for key, part in term.items()}
            case list():
                return [named(part) for part in term]
        return term

    return named(template)


def allow_plain_http(template, true=()):
    """The same template without the statements that refuse requests for having come without TLS. `true` are the conditions
    that are known to hold."""
    template = copy.deepcopy(template)
    resources = template["Resources"]
    for name in [name for name, resource in resources.items() if resource["Type"] == "AWS::S3::BucketPolicy"]:
        document = resources[name]["Properties"]["PolicyDocument"]
        document["Statement"] = [s for s in document["Statement"] if not _demands_tls(s)]
        # Without a statement there is no policy: that for CloudFront is for a resource that the emulator does not have.
        if all("Fn::If" in statement and statement["Fn::If"][0] not in true for statement in document["Statement"]):
            del resources[name]
    return template


def name_secrets_whole(template):
    """The same template with secrets' ARNs read from the attribute that holds them here as well as on AWS."""
    resources = template["Resources"]
    secrets = {name for name, resource in resources.items() if resource["Type"] == "AWS::SecretsManager::Secret"}

    def named(term):
        match term:
            case {"Ref": str(name)} if name in secrets:
                return {"Fn::GetAtt": [name, "Id"]}
            case dict():
                return {key: named(part) for key, part in term.items()}
            case list():
                return [named(part) for part in term]
        return term

    return named(template)


def exclude_punctuation(template):
    """The same template, where a generated secret without punctuation names the characters that it excludes."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::SecretsManager::Secret":
            generated = resource["Properties"].get("GenerateSecretString", {})
            if generated.pop("ExcludePunctuation", False):
                generated["ExcludeCharacters"] = string.punctuation
    return template


def leave_out_metric_math(template):
    """The same template without alarms that work a value out of metrics."""
    template = copy.deepcopy(template)
    resources = template["Resources"]
    for name in [name for name, resource in resources.items() if resource["Type"] == "AWS::CloudWatch::Alarm"]:
        if "Metrics" in resources[name]["Properties"]:
            del resources[name]
    return template


def bridge_nested(template):
    """All steps of a nested template."""
    return leave_out_code_deploy(leave_out_metric_math(template))


def move_aliases_at_once(template):
    """The same template, where CodeDeploy moves no alias."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Alias":
            resource.pop("UpdatePolicy", None)
    return template


def leave_out_code_deploy(template):
    """The same template without CodeDeploy; an output that names one of its resources has the logical id."""
    template = copy.deepcopy(template)
    resources = template["Resources"]
    gone = {name for name, resource in resources.items() if resource["Type"].startswith("AWS::CodeDeploy::")}
    for name in gone:
        del resources[name]
    for output in template.get("Outputs", {}).values():
        if isinstance(output["Value"], dict) and output["Value"].get("Ref") in gone:
            output["Value"] = output["Value"]["Ref"]
    return template


def _nested_output(term):
    """(nested stack, name) of a reference to an output of one; twice None for anything else."""
    match term:
        case {"Fn::GetAtt": [owner, attribute]} if attribute.startswith("Outputs."):
            return owner, attribute.removeprefix("Outputs.")
    return None, None


def _demands_tls(statement):
    demand = {"Bool": {"aws:SecureTransport": "false"}}
    return statement.get("Effect") == "Deny" and statement.get("Condition") == demand


def _operations(body):
    """(route key, operation) of every path and method."""
    for path, methods in body.get("paths", {}).items():
        for method, operation in methods.items():
            if INTEGRATION not in operation:
                continue
            yield _route_key(method, path), operation


def _route_key(method, path):
    if path in ("$default", "/$default"):
        return "$default"
    return f"{'ANY' if method == ANY_METHOD else method.upper()} {path}"


def _integration(api, integration):
    properties = {
        "ApiId": {"Ref": api},
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": _function_arn(integration["uri"]),
        "PayloadFormatVersion": integration.get("payloadFormatVersion", "2.0"),
    }
    return {"Type": "AWS::ApiGatewayV2::Integration", "Properties": properties}


def _route(api, key, integration, security):
    properties = {
        "ApiId": {"Ref": api},
        "RouteKey": key,
        "Target": {"Fn::Join": ["/", ["integrations", {"Ref": integration}]]},
    }
    condition, demands = _under(security)
    for demand in demands or []:
        (scheme, scopes), = demand.items()
        authorizer = {"Ref": _authorizer_name(api, scheme)}
        properties["AuthorizationType"] = _either(condition, "JWT", "NONE")
        properties["AuthorizerId"] = _either(condition, authorizer, NO_VALUE)
        if scopes:
            properties["AuthorizationScopes"] = _either(condition, scopes, NO_VALUE)
    return {"Type": "AWS::ApiGatewayV2::Route", "Properties": properties}


def _authorizers(api, body):
    """Logical id -> resource of every authorizer in the body."""
    condition, components = _under(body.get("components", {}))
    schemes = components.get("securitySchemes")
    return {
        _authorizer_name(api, scheme): _authorizer(api, scheme, described[AUTHORIZER], condition)
        for scheme, described in (schemes or {}).items()
    }


def _authorizer(api, scheme, authorizer, condition):
    if authorizer["type"] != "jwt":
        raise NotImplementedError(f"{scheme}: the local stack knows JWT authorizers only; extend template.py")
    given = authorizer["jwtConfiguration"]
    properties = {
        "ApiId": {"Ref": api},
        "Name": scheme,
        "AuthorizerType": "JWT",
        "IdentitySource": [authorizer["identitySource"]],
        "JwtConfiguration": {"Issuer": given["issuer"], "Audience": given["audience"]},
    }
    resource = {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": properties}
    return {**resource, "Condition": condition} if condition else resource


def _authorizer_name(api, scheme):
    return f"{api}{scheme}Authorizer"


def _under(value):
    """(condition, value) of what stands under an `Fn::If` that is nothing otherwise; (None, value) without one."""
    if not isinstance(value, dict) or "Fn::If" not in value:
        return None, value
    condition, then, otherwise = value["Fn::If"]
    if otherwise != NO_VALUE:
        raise NotImplementedError(f"{condition}: something else in its place; extend template.py")
    return condition, then


def _either(condition, then, otherwise):
    return {"Fn::If": [condition, then, otherwise]} if condition else then


def _function_arn(uri):
    """The function, or its alias, in `...:lambda:path/2015-03-31/functions/${Name.Arn}/invocations`, as SAM writes it."""
    if "Fn::If" in uri:
        condition, then, otherwise = uri["Fn::If"]
        return {"Fn::If": [condition, _function_arn(then), _function_arn(otherwise)]}
    text = uri["Fn::Sub"]
    return {"Fn::Sub": text.split("/functions/", 1)[1].rsplit("/invocations", 1)[0]}


def _lower_first(key):
    """The emulator keeps CORS settings as given but reads them by their API names."""
    return key[:1].lower() + key[1:]
