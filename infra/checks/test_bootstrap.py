"""The bootstrap of the database: who waits for it, what runs it again, what it may do, and how it reports to CloudFormation."""

import contextlib
import functools
import http.server
import io
import json
import os
import re
import threading
import unittest
import unittest.mock

import cfn
import choices
from templates import code, load

OWNER = {"network": "given", "Pooler": "proxy", "owner": "given"}
EXAMPLE = {"network": "example", "Pooler": "proxy"}
PIECES = {
    "Bootstrap", "BootstrapFunction", "BootstrapCaller", "BootstrapCallerOnce", "BootstrapRole", "BootstrapCallerRole",
    "BootstrapLogs", "OwnerIngress",
}


@functools.cache
def root():
    return load("root")


def resources(**choice):
    return cfn.Evaluation(root(), choices.parameters(choice)).resources()


def needed_by(made, name):
    """Logical ids of everything that is created before this one."""
    found, left = set(), [name]
    while left:
        for other in cfn.references(made[left.pop()]) & set(made) - found:
            found.add(other)
            left.append(other)
    return found


class Order(unittest.TestCase):
    def test_the_proxys_target_waits_for_the_bootstrap(self):
        for choice in (OWNER, {**OWNER, "DatabaseAuth": "iam"}, {**OWNER, "ProxyTarget": "cluster"}, EXAMPLE):
            made = resources(**choice)
            before = needed_by(made, "Proxy")
            self.assertLessEqual({"Bootstrap", "BootstrapFunction", "BootstrapCaller", "BootstrapCallerOnce"}, before, choice)
        # A nested stack begins when its parameters are known; the target waits for this one besides.
        nested = load("proxy")["Resources"]
        self.assertEqual(nested["Pool"]["Properties"]["Ready"], {"Ref": "Ready"})
        self.assertIn("Pool", needed_by(nested, "TargetGroup"))

    def test_the_bootstrap_waits_for_the_database_and_the_way_to_it_and_for_nothing_else(self):
        before = needed_by(resources(**OWNER), "Bootstrap")
        self.assertLessEqual({"OwnerIngress", "SourceSecret", "StoreSecret", "NetworkPolicy"}, before)
        self.assertIn("Example", needed_by(resources(**EXAMPLE), "Bootstrap"))
        # Passwords are read through the endpoint of Secrets Manager, where the deployment creates it.
        self.assertIn("Endpoints", needed_by(resources(**EXAMPLE), "Bootstrap"))
        for given, there in (("true", True), ("all", True), ("sqs", False), ("false", False)):
            before = needed_by(resources(**OWNER, CreateEndpoints=given), "Bootstrap")
            self.assertEqual("Endpoints" in before, there, given)
        for choice in (OWNER, EXAMPLE):
            waits = needed_by(resources(**choice), "Bootstrap") & {"Proxy", "Queue", "Bucket", "Cdn", "Cache", "AdminFunction", "HttpApi"}
            self.assertEqual(waits, set())

    def test_without_an_owner_there_is_no_bootstrap_and_nobody_waits(self):
        made = resources(**{**OWNER, "owner": "none"})
        self.assertEqual(PIECES & set(made), set())
        self.assertEqual(made["Proxy"]["Properties"]["Parameters"]["Ready"], "")

    def test_the_owner_is_let_in_where_only_the_proxy_would_be(self):
        def group(**choice):
            ingress = resources(**choice).get("OwnerIngress", {}).get("Properties", {})
            return ingress.get("GroupId"), ingress.get("FromPort"), ingress.get("SourceSecurityGroupId")

        self.assertEqual(group(**OWNER), ("sg-2", "5432", "sg-1"))
        self.assertEqual(group(**{**OWNER, "ProxyTarget": "cluster"}), ("sg-2", "5433", "sg-1"))
        # Without a proxy all functions connect to the database; the example's lets them in.
        self.assertEqual(group(**{**OWNER, "Pooler": "none"})[0], None)
        self.assertEqual(group(**EXAMPLE)[0], None)


class Repeats(unittest.TestCase):
    def test_every_setting_that_the_store_keeps_is_a_property(self):
        rows = re.search(r"pub fn rows.*?\n    }", code("functions/lib/store/src/roles.rs"), re.S).group(0)
        kept = re.findall(r'\("(\w+)", self\.', rows)
        given = root()["Resources"]["Bootstrap"]["Properties"]["Settings"]
        self.assertEqual(list(given), kept)
        admin = root()["Resources"]["AdminFunction"]["Properties"]["Environment"]["Variables"]
        self.assertEqual(given, {name: admin[f"SLUICE_{name.upper()}"] for name in kept})

    def test_what_changes_the_roles_or_the_database_changes_the_resource(self):
        def properties(**given):
            return cfn.Evaluation(root(), {**choices.parameters(OWNER), **given}).resources()["Bootstrap"]["Properties"]

        before = properties()
        for name, value in {"Budget": "3", "DatabaseAuth": "iam", "DatabaseName": "other", "ProxyTargetId": "b", "Pooler": "own"}.items():
            self.assertNotEqual(properties(**{name: value}), before, name)
        for name in (one["Ref"] for one in root()["Resources"]["Bootstrap"]["Properties"]["Settings"].values()):
            spec = root()["Parameters"][name]
            now = int(choices.parameters(OWNER).get(name, spec["Default"]))
            other = next((one for one in spec.get("AllowedValues", []) if one != now), now + 1)
            self.assertNotEqual(properties(**{name: str(other)}), before, name)
        for name in ("SourceSecretArn", "StoreSecretArn", "OwnerSecretArn"):
            own = {"Pooler": "own", name: "arn:aws:secretsmanager:us-east-1:123456789012:secret:other-AbCdEf"}
            self.assertNotEqual(properties(**own), properties(Pooler="own"), name)
        for name, value in {"LogLevel": "debug", "AlarmEmail": "a@b.c", "LinkSeconds": "60"}.items():
            self.assertEqual(properties(**{name: value}), before, name)

    def test_no_property_holds_a_secret(self):
        """Properties are in the event, and CloudFormation shows them."""
        hidden = {name for name, one in root()["Parameters"].items() if one.get("NoEcho")}
        bootstrap = root()["Resources"]["Bootstrap"]
        self.assertEqual(cfn.references(bootstrap) & hidden, set())
        self.assertNotIn("resolve:", json.dumps(bootstrap))


class Limits(unittest.TestCase):
    def test_each_waits_longer_than_what_it_waits_for(self):
        made = resources(**OWNER)
        source = code("functions/admin/src/bootstrap.rs")
        seconds = {name: int(value) for name, value in re.findall(r"const (\w+): Duration = Duration::from_secs\((\d+)\)", source)}
        function, caller = (made[name]["Properties"] for name in ("BootstrapFunction", "BootstrapCaller"))
        read = int(re.search(r"read_timeout=(\d+)", caller["Code"]["ZipFile"]).group(1))
        once, service = made["BootstrapCallerOnce"]["Properties"], made["Bootstrap"]["Properties"]["ServiceTimeout"]
        self.assertLess(seconds["REACH_TIMEOUT"] + seconds["MIGRATION_TIMEOUT"], function["Timeout"])
        self.assertLess(function["Timeout"], read)
        self.assertLess(read, caller["Timeout"])
        self.assertLessEqual(caller["Timeout"] + once["MaximumEventAgeInSeconds"], service)
        self.assertEqual((once["MaximumRetryAttempts"], once["FunctionName"]), (0, {"Ref": "BootstrapCaller"}))

    def test_the_caller_is_outside_the_vpc_and_the_function_inside(self):
        """The bucket of the response is reached without a NAT gateway and without an endpoint."""
        made = resources(**OWNER)
        self.assertNotIn("VpcConfig", made["BootstrapCaller"]["Properties"])
        # The function gets its subnets as all others: by Globals.
        self.assertEqual(made["BootstrapFunction"]["Type"], "AWS::Serverless::Function")

    def test_rights_are_the_log_the_passwords_and_the_one_function(self):
        key = choices.SIDES["KmsKeyArn"][1]
        by_password = resources(**OWNER, passwords="secret", KmsKeyArn=key)

        def statements(role, made=by_password):
            found = made[role]["Properties"]["Policies"]
            return {one["Sid"]: (one["Action"], one["Resource"]) for policy in found for one in policy["PolicyDocument"]["Statement"]}

        def through(role):
            """Services through which it uses the key."""
            found = by_password[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
            return [one["Condition"]["StringEquals"]["kms:ViaService"] for one in found if one["Sid"] == "UseTheKey"]

        log = (["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::GetAtt": ["BootstrapLogs", "Arn"]})
        call = ("lambda:InvokeFunction", {"Fn::GetAtt": ["BootstrapFunction", "Arn"]})
        read, use = "secretsmanager:GetSecretValue", ["kms:Decrypt", "kms:GenerateDataKey"]
        variables = by_password["BootstrapFunction"]["Properties"]["Environment"]["Variables"]
        secrets = {f"ReadThePasswordOfThe{name.capitalize()}": (read, variables[f"SLUICE_{name}_SECRET"]) for name in ("SOURCE", "STORE", "OWNER")}
        self.assertEqual(len({str(one) for one in secrets.values()}), 3)
        self.assertEqual(statements("BootstrapRole"), {"Log": log, "UseTheKey": (use, key), **secrets})
        self.assertEqual(through("BootstrapRole"), [["secretsmanager.us-east-1.amazonaws.com"]])
        self.assertEqual(statements("BootstrapCallerRole"), {"Log": log, "CallTheBootstrap": call})
        # With tokens and an owner's URL with its password there is no secret to read.
        self.assertEqual(statements("BootstrapRole", resources(**OWNER, DatabaseAuth="iam")), {"Log": log})


class Bucket(http.server.BaseHTTPRequestHandler):
    """Where CloudFormation reads responses. The first `server.fails` requests fail."""

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.fails -= 1
        if self.server.fails < 0:
            self.server.taken.append((self.path, self.headers["Content-Type"], body))
        self.send_response(503 if self.server.fails >= 0 else 200)
        self.end_headers()

    def log_message(self, *words):
        pass


class Caller(unittest.TestCase):
    """The code in the template, with a bucket of this machine and a function that answers as the test says."""

    def setUp(self):
        self.bucket = http.server.HTTPServer(("127.0.0.1", 0), Bucket)
        self.bucket.taken, self.bucket.fails = [], 0
        serving = threading.Thread(target=self.bucket.serve_forever)
        serving.start()
        self.addCleanup(serving.join)
        self.addCleanup(self.bucket.server_close)
        self.addCleanup(self.bucket.shutdown)
        self.scope = {}
        exec(root()["Resources"]["BootstrapCaller"]["Properties"]["Code"]["ZipFile"], self.scope)
        self.slept = []
        self.scope["time"] = unittest.mock.Mock(sleep=self.slept.append)
        self.client = unittest.mock.Mock()
        self.scope["boto3"] = unittest.mock.Mock(client=unittest.mock.Mock(return_value=self.client))
        variables = unittest.mock.patch.dict(os.environ, {"BOOTSTRAP": "the-function", "LOGS": "/sluice/n/bootstrap"})
        variables.start()
        self.addCleanup(variables.stop)
        self.printed = io.StringIO()

    def answers(self, answer, **beside):
        self.client.invoke.return_value = {"Payload": io.BytesIO(json.dumps(answer).encode()), **beside}

    def run_once(self, kind, **beside):
        """The response to one event."""
        event = {
            "RequestType": kind, "ResponseURL": f"http://127.0.0.1:{self.bucket.server_port}/answer?X-Amz-Signature=secret",
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/n/" + "0" * 36, "RequestId": "r" * 36,
            "LogicalResourceId": "Bootstrap", "ResourceProperties": {"Settings": {"budget": "4"}}, **beside,
        }
        with contextlib.redirect_stdout(self.printed):
            self.scope["handler"](event, None)
        path, kind, body = self.bucket.taken.pop()
        self.assertEqual((path, kind), ("/answer?X-Amz-Signature=secret", ""))
        self.assertLessEqual(len(body), 4096)
        answer = json.loads(body)
        for name in ("StackId", "RequestId", "LogicalResourceId"):
            self.assertEqual(answer[name], event[name])
        return answer

    def test_create_and_update_run_it_with_the_settings_and_the_id_stays(self):
        for kind, beside in (("Create", {}), ("Update", {"PhysicalResourceId": "bootstrap"})):
            self.answers({"ok": True, "text": "done", "data": {}})
            answer = self.run_once(kind, **beside)
            self.assertEqual((answer["Status"], answer["PhysicalResourceId"]), ("SUCCESS", "bootstrap"))
            called = self.client.invoke.call_args.kwargs
            self.assertEqual(called["FunctionName"], "the-function")
            self.assertEqual(json.loads(called["Payload"]), {"settings": {"budget": "4"}})

    def test_delete_succeeds_without_a_call(self):
        answer = self.run_once("Delete", PhysicalResourceId="bootstrap")
        self.assertEqual((answer["Status"], answer["PhysicalResourceId"]), ("SUCCESS", "bootstrap"))
        self.client.invoke.assert_not_called()

    def test_a_failure_is_reported_with_its_text(self):
        self.answers({"ok": False, "text": "no response from db:5432 within 4 s: allow the security group", "data": {}})
        answer = self.run_once("Create")
        self.assertEqual((answer["Status"], answer["PhysicalResourceId"]), ("FAILED", "bootstrap"))
        self.assertIn("allow the security group", answer["Reason"])

    def test_a_function_that_ends_early_or_cannot_be_called_is_reported_with_its_log(self):
        self.answers({"errorMessage": "Task timed out after 840.00 seconds"}, FunctionError="Unhandled")
        answer = self.run_once("Update", PhysicalResourceId="bootstrap")
        self.assertEqual(answer["Status"], "FAILED")
        self.assertIn("timed out", answer["Reason"])
        self.assertIn("/sluice/n/bootstrap", answer["Reason"])
        self.client.invoke.side_effect = TimeoutError("Read timeout on endpoint URL")
        answer = self.run_once("Create")
        self.assertIn("Read timeout", answer["Reason"])
        self.assertIn("/sluice/n/bootstrap", answer["Reason"])

    def test_a_long_reason_is_cut_to_what_cloudformation_takes(self):
        for text in ("x" * 9000, "é" * 9000, "😀" * 9000):
            self.answers({"ok": False, "text": text, "data": {}})
            reason = self.run_once("Create")["Reason"]
            self.assertGreaterEqual(len(reason), 250)

    def test_a_response_is_repeated_until_it_is_taken(self):
        self.bucket.fails = 2
        self.assertEqual(self.run_once("Delete")["Status"], "SUCCESS")
        self.assertEqual(self.slept, [0, 1, 5])

    def test_a_response_that_is_never_taken_ends_the_call_without_showing_the_address(self):
        self.bucket.fails = 100
        with self.assertRaises(RuntimeError) as failed:
            self.run_once("Delete")
        self.assertNotIn("secret", str(failed.exception) + self.printed.getvalue())

    def test_the_function_is_called_once(self):
        """A call that is repeated by the SDK would run during the first one."""
        once = self.scope["ONCE"]
        self.assertEqual(once.retries, {"total_max_attempts": 1})


if __name__ == "__main__":
    unittest.main()
