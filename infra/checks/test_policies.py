"""Least privilege: what a function's role may do is what its code does, no more and no less.

Calls are found in the text of the code: which methods of the ports a function uses, which calls of the SDK stand behind
them, which action of IAM each of those needs.
"""

import json
import re
import unittest

import cfn
import choices
import template
from template import FUNCTIONS
from templates import NESTED, ROOT, code, load, of_type

# Actions that a call of the SDK needs. AWS: "Actions defined by Amazon S3", "... SQS", "... Secrets Manager".
ACTIONS = {
    "put_object": "s3:PutObject",
    "create_multipart_upload": "s3:PutObject",
    "upload_part": "s3:PutObject",
    "complete_multipart_upload": "s3:PutObject",
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "get_object": "s3:GetObject",
    "head_object": "s3:GetObject",
    "delete_objects": "s3:DeleteObject",
    "delete_object": "s3:DeleteObject",
    "copy_object": "s3:PutObject",
    "upload_part_copy": "s3:PutObject",
    "list_objects_v2": "s3:ListBucket",
    "list_multipart_uploads": "s3:ListBucketMultipartUploads",
    "send_message_batch": "sqs:SendMessage",
    "put_events": "events:PutEvents",
    "get_queue_attributes": "sqs:GetQueueAttributes",
    "get_secret_value": "secretsmanager:GetSecretValue",
    "describe_secret": "secretsmanager:DescribeSecret",
}
# Methods of the port for objects -> functions of its adapter for S3.
OBJECTS = {
    "put": ["put"],
    "upload": ["begin", "part", "complete", "abort"],
    "get": ["get"],
    "size": ["size"],
    "delete": ["delete"],
    "list": ["list"],
    "abort_uploads": ["abort_uploads"],
    "presign_get": ["presign_get"],
}
# Methods of the port for the queue -> functions of its adapter; those of the port for secrets are called as in it.
QUEUE = {"send": ["send_bodies"], "send_later": ["send_bodies"], "waiting": ["waiting"]}
# Calls of the ports for events and their receipts -> function of the adapter.
LETTERS = re.compile(r"\b(?:letters|receipts)\s*\.post\(")
BUS = re.compile(r"\bbus\s*\.put\(")
# Logins that no call of the SDK makes: action -> what shows in the code of the ports that a token is made.
LOGINS = {"rds-db:connect": r"rds-db|auth_token", "elasticache:Connect": r"Action=connect.*elasticache|\"elasticache\""}
# Actions of Lambda in a function's name, whatever its code: logs of its own, and messages of its own queue.
PLATFORM = {name: {"Log": {"logs:CreateLogStream", "logs:PutLogEvents"}} for name in FUNCTIONS}
for name in ("worker", "deliver", "notify"):
    PLATFORM[name]["TakeMessages"] = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
# Rights that a role needs with a KMS key of the operator: action -> the service that calls KMS in its name. A multipart upload
# and a message need both rights on the key.
THROUGH = {
    "s3:GetObject": "s3", "s3:PutObject": "s3", "sqs:SendMessage": "sqs", "sqs:ReceiveMessage": "sqs",
    "secretsmanager:GetSecretValue": "secretsmanager",
}
# Policies that all functions share, if they are enabled: policy -> actions. None of them knows a resource.
SHARED = {
    "NetworkPolicy": {
        "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
    },
    "TracePolicy": {"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
}
# Statements about what is not ours: buckets, roles and a bus that the operator names.
OUTSIDE = {"WriteCopies": "DestinationBucketArns", "TakeOnRolesOfDestinations": "DestinationRoleArns", "PutEvents": "EventBusArn"}
# Calls to a destination, whose client is open.
COPY_CALL = re.compile(r"\.client\s*\.(\w+)\(\)")
CALL = re.compile(r"client\(\)\s*\.await\s*\.(\w+)\(")


def actions_of(statement):
    actions = statement["Action"]
    return {actions} if isinstance(actions, str) else set(actions)


def principals(role):
    return [statement["Principal"] for statement in role["AssumeRolePolicyDocument"]["Statement"]]


def without_tests(path):
    return path.read_text().split("#[cfg(test)]\nmod ")[0]


def texts(folder):
    """The code of a folder, tests left out."""
    paths = [path for path in (ROOT / folder).rglob("*.rs") if "tests" not in path.parts and path.name != "tests.rs"]
    return {path: without_tests(path) for path in paths}


def bodies(files):
    """Function -> its text; of functions of one name all texts."""
    found = {}
    for text in files.values():
        for part in re.split(r"(?=\basync fn )", text)[1:]:
            name = re.match(r"async fn (\w+)", part).group(1)
            found[name] = found.get(name, "") + part
    return found


def secrets(text):
    """The databases whose passwords a function reads: it names the variables with their secrets."""
    return set(re.findall(r"\"SLUICE_(STORE|SOURCE|OWNER)_SECRET\"", text))


class Calls:
    """Which actions each function's code needs."""

    def __init__(self):
        self.ports = "\n".join(text for lib in ("ports", "source", "store") for text in texts(f"functions/lib/{lib}/src").values())
        self.s3 = bodies({path: text for path, text in texts("functions/lib/ports/src/objects").items() if "s3" in path.parts})
        self.sqs = bodies({"sqs": without_tests(ROOT / "functions/lib/ports/src/queue/sqs.rs")})
        self.secret = bodies({"secret": without_tests(ROOT / "functions/lib/ports/src/secret.rs")})
        self.made = {name: self.of(name) for name in FUNCTIONS}

    def sdk(self, name, seen=()):
        """Calls of the SDK that a function of the adapter makes, also through others of the adapter."""
        body = self.s3[name]
        found = set(CALL.findall(body))
        for other in set(self.s3) - {name, *seen}:
            if re.search(rf"(?<![.\w])(?:\w+::)?{other}\(s", body) or re.search(rf"self\.{other}\(", body):
                found |= self.sdk(other, (*seen, name))
        return found

    def of(self, function):
        text = "\n".join(texts(f"functions/{function}/src").values())
        for module in set(re.findall(r"store::(\w+)::run\(", text)):
            text += code(f"functions/lib/store/src/{module}.rs")
        used = set(re.findall(r"\bobjects\s*\.(\w+)\(", text)) & set(OBJECTS)
        calls = {call for method in used for name in OBJECTS[method] for call in self.sdk(name)}
        for method in set(re.findall(r"\bqueue\s*\.(\w+)\(", text)) & set(QUEUE):
            calls |= {call for name in QUEUE[method] for call in CALL.findall(self.sqs[name])}
        if LETTERS.search(text):
            calls |= set(CALL.findall(self.sqs["send_bodies"]))
        if BUS.search(text):
            calls |= {"put_events"} if "put_events()" in self.ports else set()
        # Links are signed with what the secret holds.
        read = {"read"} if re.search(r"\b(Cdn|Origin)::new\(", text) else set()
        for method in read | set(re.findall(r"\bsecret\s*\.(is_filled)\(", text)):
            calls |= set(CALL.findall(self.secret[method]))
        actions = {ACTIONS[call] for call in calls}
        if secrets(text):
            actions |= {ACTIONS[call] for call in CALL.findall(self.secret["read"])}
        if re.search(r"\b(Store|Source)::new\(", text):
            actions |= self.login("rds-db:connect")
        if "S3Destinations::new(" in text:
            copies = "\n".join(texts("functions/lib/ports/src/destination").values())
            actions |= {ACTIONS[call] for call in COPY_CALL.findall(copies)}
            actions |= {"sts:AssumeRole"} if "AssumeRoleProvider" in copies else set()
        if "RedisCache::new(" in text:
            actions |= self.login("elasticache:Connect")
        return actions

    def login(self, action):
        return {action} if re.search(LOGINS[action], self.ports) else set()


class LeastPrivilege(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        everything = {"network": "given", "Pooler": "proxy", "DatabaseAuth": "iam", "cdn": "both", "cache": "own"}
        cls.key = choices.SIDES["KmsKeyArn"][1]
        cls.resources = cls.chosen(everything)
        # By password instead of token, which exclude each other.
        cls.by_password = cls.chosen({**everything, "DatabaseAuth": "password", "owner": "given", "passwords": "secret"})
        cls.calls = Calls()

    @classmethod
    def chosen(cls, choice):
        outside = {name: choices.SIDES[name][1] for name in OUTSIDE.values()}
        given = {**choices.parameters(choice), **outside, "Tracing": "Active", "KmsKeyArn": cls.key, "OnlyThroughCdn": "true"}
        return cfn.Evaluation(load("root"), given).resources()

    def role(self, function, resources=None):
        """A role of the template's: SAM adds policies of AWS's to those that it makes."""
        resources = resources or self.resources
        properties = resources[FUNCTIONS[function]]["Properties"]
        self.assertNotIn("Policies", properties)
        name, attribute = properties["Role"]["Fn::GetAtt"]
        self.assertEqual(attribute, "Arn")
        return resources[name]["Properties"]

    def statements(self, function):
        """Statements for the code of the function."""
        return [one for one in self.all_statements(function) if one["Sid"] not in {*PLATFORM[function], "UseTheKey"}]

    def all_statements(self, function):
        """Those of both logins, each once."""
        roles = [self.role(function, resources) for resources in (self.resources, self.by_password)]
        all_of_them = [one for role in roles for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]
        return [one for at, one in enumerate(all_of_them) if one not in all_of_them[:at]]

    def granted(self, function):
        return {action for statement in self.statements(function) for action in actions_of(statement)}

    def test_functions_have_exactly_the_platform_rights(self):
        for function in FUNCTIONS:
            found = {s["Sid"]: actions_of(s) for s in self.all_statements(function) if s["Sid"] in PLATFORM[function]}
            self.assertEqual(found, PLATFORM[function], function)
            log, = [s["Resource"] for s in self.all_statements(function) if s["Sid"] == "Log"]
            self.assertEqual(log, {"Fn::GetAtt": [f"{function.capitalize()}Logs", "Arn"]})
            logged = self.resources[FUNCTIONS[function]]["Properties"]["LoggingConfig"]["LogGroup"]
            self.assertEqual(logged, {"Ref": f"{function.capitalize()}Logs"})
            taken = {principal["Service"] for principal in principals(self.role(function))}
            self.assertEqual(taken, {"lambda.amazonaws.com"})

    def test_functions_share_only_network_and_trace_policies(self):
        for function in FUNCTIONS:
            attached = {policy["Ref"] for policy in self.role(function)["ManagedPolicyArns"]}
            self.assertEqual(attached, {"TracePolicy"} if function == "notify" else set(SHARED), function)
        for name, actions in SHARED.items():
            statements = self.resources[name]["Properties"]["PolicyDocument"]["Statement"]
            allowed, = [statement for statement in statements if statement["Effect"] == "Allow"]
            self.assertEqual(actions_of(allowed), actions)

    def test_functions_cannot_change_the_network(self):
        statements = self.resources["NetworkPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        denied, = [statement for statement in statements if statement["Effect"] == "Deny"]
        self.assertEqual((denied["Action"], denied["Resource"]), ("ec2:*", "*"))
        self.assertEqual(list(denied["Condition"]["ArnLike"]), ["lambda:SourceFunctionArn"])

    def test_no_role_has_an_aws_managed_policy(self):
        for name in ["root", *NESTED]:
            for resource in load(name)["Resources"].values():
                if resource["Type"] == "AWS::IAM::Role":
                    self.assertNotIn("arn:", json.dumps(resource["Properties"].get("ManagedPolicyArns", [])), name)

    def test_the_key_is_used_only_through_the_services_that_a_role_calls(self):
        for function in FUNCTIONS:
            granted = {action for one in self.all_statements(function) for action in actions_of(one)}
            wanted = {f"{THROUGH[action]}.us-east-1.amazonaws.com" for action in granted & set(THROUGH)}
            found = [one for one in self.all_statements(function) if one["Sid"] == "UseTheKey"]
            through = {service for one in found for service in one["Condition"]["StringEquals"]["kms:ViaService"]}
            self.assertEqual(through, wanted, function)
            for one in found:
                self.assertEqual((actions_of(one), one["Resource"]), ({"kms:Decrypt", "kms:GenerateDataKey"}, self.key))

    def test_every_role_takes_the_boundary_and_the_path(self):
        """Also roles that SAM makes: an account that demands a boundary refuses any role without one."""
        uris = {name: "s3://b/k" for name in template.code_folders(load("root"))}
        made = {"root": template.translate(load("root"), uris, "us-east-1"), **{name: load(name) for name in NESTED}}
        boundary = {"Fn::If": ["WithBoundary", {"Ref": "PermissionsBoundaryArn"}, template.NO_VALUE]}
        seen = {}
        for name, whole in made.items():
            for logical, role in of_type(whole["Resources"], "AWS::IAM::Role").items():
                properties = role["Properties"]
                self.assertEqual(properties.get("PermissionsBoundary"), boundary, f"{name}: {logical}")
                self.assertEqual(properties.get("Path"), {"Ref": "RolePath"}, f"{name}: {logical}")
                self.assertNotIn("RoleName", properties, "CAPABILITY_NAMED_IAM would be needed")
                seen.setdefault(name, set()).add(logical)
            if name in seen:
                self.assertEqual(whole["Conditions"]["WithBoundary"], {"Fn::Not": [{"Fn::Equals": [{"Ref": "PermissionsBoundaryArn"}, ""]}]})
        self.assertLessEqual({"ApiRole", "WorkerRole", "SweeperRole", "AdminRole", "ScheduleRole"}, seen["root"])
        self.assertEqual((seen["proxy"], seen["rollout"]), ({"PoolRole", "Role"}, {"Role"}))
        for policy in of_type(made["root"]["Resources"], "AWS::IAM::ManagedPolicy").values():
            self.assertEqual(policy["Properties"]["Path"], {"Ref": "RolePath"})
        stacks = of_type(made["root"]["Resources"], "AWS::CloudFormation::Stack").values()
        for stack in stacks:
            properties = stack["Properties"]
            if properties["TemplateURL"].split("/")[-1].removesuffix(".yaml") in seen:
                for one in ("PermissionsBoundaryArn", "RolePath"):
                    self.assertEqual(properties["Parameters"][one], {"Ref": one})

    def test_the_readme_lists_what_a_boundary_must_allow(self):
        readme = code("infra/README.md")
        table = readme[readme.index("**Rules of an organisation.**"):readme.index("`RolePath` puts")]
        listed = set(re.findall(r"`([a-z0-9-]+:[A-Za-z]+)`", table))
        granted = set()
        for name in ("root", "proxy", "rollout"):
            for resource in load(name)["Resources"].values():
                if resource["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy"):
                    documents = [resource["Properties"].get("PolicyDocument"), resource["Properties"].get("Policies")]
                    granted |= set(re.findall(r'"((?!aws:|kms:ViaService|lambda:Source)[a-z0-9-]+:[A-Za-z]+)"', json.dumps(documents)))
        self.assertEqual(listed, granted)

    def test_the_readme_lists_what_a_deployer_needs_beyond_the_resources(self):
        """Rights that no resource shows: of SAM's transform, of functions in a VPC, of the access log."""
        rights = code("infra/README.md").split("**Rights of the deployer.**")[1].split("**Tags**")[0]
        for right in (
            "aws:transform/Serverless-2016-10-31", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
            "ec2:DescribeSecurityGroups", "logs:CreateLogDelivery", "logs:PutResourcePolicy", "iam:PassRole", "iam:CreateServiceLinkedRole",
        ):
            self.assertIn(right, rights)

    def test_the_schedule_may_start_the_sweeper_and_nothing_else(self):
        role = self.resources["ScheduleRole"]["Properties"]
        statement, = role["Policies"][0]["PolicyDocument"]["Statement"]
        self.assertEqual((statement["Action"], statement["Resource"]), ("lambda:InvokeFunction", {"Fn::GetAtt": ["SweeperFunction", "Arn"]}))
        trust, = role["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(trust["Principal"], {"Service": "scheduler.amazonaws.com"})
        self.assertEqual(trust["Condition"], {"StringEquals": {"aws:SourceAccount": cfn.PSEUDO["AWS::AccountId"]}})

    def test_every_call_of_the_sdk_has_its_action(self):
        self.assertEqual(set(CALL.findall(self.calls.ports)) - set(ACTIONS), set(), "add them to ACTIONS")

    def test_ports_have_exactly_the_known_methods(self):
        trait = re.search(r"pub trait Objects.*?\n}", code("functions/lib/ports/src/objects.rs"), re.S).group(0)
        self.assertEqual(set(re.findall(r"async fn (\w+)", trait)), set(OBJECTS))
        trait = re.search(r"pub trait Queue.*?\n}", code("functions/lib/ports/src/queue.rs"), re.S).group(0)
        self.assertEqual(set(re.findall(r"async fn (\w+)", trait)), set(QUEUE))

    def test_function_rights_equal_the_calls_of_its_code(self):
        for function in FUNCTIONS:
            with self.subTest(function):
                self.assertEqual(self.granted(function), self.calls.made[function])

    def test_the_calls_that_are_known_are_found(self):
        """The search itself: a wrong pattern would find nothing and compare nothing with nothing."""
        made = self.calls.made
        self.assertEqual(made["admin"] & {"s3:ListBucket", "s3:DeleteObject"}, {"s3:ListBucket"})
        self.assertEqual(made["admin"] & {"sqs:GetQueueAttributes", "sqs:SendMessage"}, {"sqs:GetQueueAttributes", "sqs:SendMessage"})
        self.assertLessEqual({"s3:PutObject", "s3:AbortMultipartUpload", "sts:AssumeRole"}, made["deliver"])
        self.assertIn("secretsmanager:DescribeSecret", made["admin"])
        # One function has no secret, as it reaches no database.
        self.assertEqual(made["notify"], {"sqs:SendMessage", "events:PutEvents"})
        for function in set(FUNCTIONS) - {"notify"}:
            self.assertIn("secretsmanager:GetSecretValue", made[function])
        self.assertIn("s3:GetObject", made["api"])
        self.assertIn("s3:AbortMultipartUpload", made["worker"])
        self.assertIn("s3:ListBucketMultipartUploads", made["sweeper"])
        for function in ("api", "worker", "sweeper", "deliver"):
            self.assertIn("sqs:SendMessage", made[function])

    def test_actions_and_resources_are_exact(self):
        ours = {"Bucket", "Queue", "DeliveryQueue", "EventQueue", "ReceiptQueue", "Proxy", "Cache", "CdnSecret", "OriginSecret", "SourceSecret", "StoreSecret"}
        given = self.by_password["AdminFunction"]["Properties"]["Environment"]["Variables"]["SLUICE_OWNER_SECRET"]
        for function in FUNCTIONS:
            for statement in self.statements(function):
                self.assertEqual(statement["Effect"], "Allow")
                actions, resources = statement["Action"], statement["Resource"]
                if statement["Sid"] in OUTSIDE:
                    named = choices.SIDES[OUTSIDE[statement["Sid"]]][1].split(",")
                    resources = resources if isinstance(resources, list) else [resources]
                    self.assertEqual([one.removesuffix("/*") for one in resources], named)
                    continue
                for action in [actions] if isinstance(actions, str) else actions:
                    self.assertNotIn("*", action)
                for resource in resources if isinstance(resources, list) else [resources]:
                    self.assertTrue(resource == given or cfn.references(resource) & ours, resource)

    def test_objects_are_reached_only_where_files_and_manifests_are(self):
        for function in FUNCTIONS:
            for statement in self.statements(function):
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                if statement["Sid"] not in OUTSIDE and any(action.startswith("s3:") and "Bucket" not in action for action in actions):
                    self.assertTrue(statement["Resource"]["Fn::Sub"].startswith("${Bucket.Arn}/t/"), statement)

    def test_functions_log_in_only_to_databases_they_use(self):
        for function in FUNCTIONS:
            text = "\n".join(texts(f"functions/{function}/src").values())
            wanted = {role for role, use in (("sluice_store", "Store::new("), ("sluice_source", "Source::")) if use in text}
            if not wanted:
                self.assertEqual((function, [s for s in self.statements(function) if s["Action"] == "rds-db:connect"]), ("notify", []))
                continue
            login, = [s["Resource"] for s in self.statements(function) if s["Action"] == "rds-db:connect"]
            found = {one["Fn::Sub"].rsplit("/", 1)[1] for one in (login if isinstance(login, list) else [login])}
            self.assertEqual(found, wanted, function)

    def test_functions_read_only_passwords_of_databases_they_use(self):
        """Each of the secret whose variable it has, and with tokens none."""
        for function in FUNCTIONS:
            text = "\n".join(texts(f"functions/{function}/src").values())
            variables = {**self.by_password[FUNCTIONS[function]]["Properties"]["Environment"]["Variables"]}
            shared = load("root")["Globals"]["Function"]["Environment"]["Variables"]
            variables |= cfn.Evaluation(load("root"), {"Pooler": "proxy"}).value(shared)
            for resources, wanted in ((self.resources, set()), (self.by_password, secrets(text))):
                begin = "ReadThePasswordOfThe"
                statements = self.role(function, resources)["Policies"][0]["PolicyDocument"]["Statement"]
                found = {one["Sid"].removeprefix(begin).upper(): one["Resource"] for one in statements if one["Sid"].startswith(begin)}
                self.assertEqual(found, {name: variables[f"SLUICE_{name}_SECRET"] for name in wanted}, function)


if __name__ == "__main__":
    unittest.main()
