"""Gradual deployment: the aliases of template.yaml, and infra/rollout.yaml with the alarms that roll back."""

import json
import re
import unittest

import cfn
import choices
import template
from templates import code, load, of_type

GRADUAL = [side for side in choices.SIDES["GradualDeployment"] if side != "none"]
GROUPS = {"Api": ("ApiGroup", {"ApiErrors", "ApiFaults"}), "Worker": ("WorkerGroup", {"WorkerErrors", "WorkerFaults"})}


class Root(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.source = load("root")
        uris = {name: "s3://b/k" for name in template.code_folders(cls.source)}
        cls.translated = template.translate(cls.source, uris, "us-east-1")

    def resources(self, **given):
        parameters = {**choices.parameters({}), **given}
        return cfn.Evaluation(self.translated, parameters).resources()

    def gradual(self):
        return self.resources(GradualDeployment=GRADUAL[0], Revision="r-1", PermissionsBoundaryArn="arn:aws:iam::123456789012:policy/b")

    def test_without_it_nothing_of_it_is_there(self):
        plain = self.resources()
        self.assertEqual({**of_type(plain, "AWS::Lambda::Alias"), **of_type(plain, "AWS::Lambda::Version")}, {})
        self.assertNotIn("Rollout", plain)
        self.assertNotIn("live", json.dumps(plain["HttpApi"]))
        for name in ("ApiFunction", "WorkerFunction"):
            self.assertEqual(plain[name]["Properties"]["Environment"]["Variables"]["SLUICE_REVISION"], "")
        self.assertEqual(plain["WorkerFunctionDoorbell"]["Properties"]["FunctionName"], {"Ref": "WorkerFunction"})

    def test_requests_and_messages_go_to_the_aliases(self):
        made = self.gradual()
        self.assertEqual(json.dumps(made["HttpApi"]).count("${ApiAlias}"), 10)
        self.assertNotIn("${ApiFunction.Arn}", json.dumps(made["HttpApi"]))
        triggers = of_type(made, "AWS::Lambda::EventSourceMapping")
        self.assertEqual([one["Properties"]["FunctionName"] for one in triggers.values()], [{"Ref": "WorkerAlias"}, {"Ref": "DeliverFunction"}, {"Ref": "DeliverFunction"}, {"Ref": "NotifyFunction"}])
        allowed = [made[name]["Properties"] for name in ("ApiAliasPermission", "ApiAliasCatalogPermission")]
        for one in allowed:
            self.assertEqual((one["FunctionName"], one["Principal"]), ({"Ref": "ApiAlias"}, "apigateway.amazonaws.com"))
        # Those of SAM are for the paths of the events, so no other path is added to the alias's.
        paths = {one["Properties"]["SourceArn"]["Fn::Sub"][0].split("/", 2)[2] for one in of_type(made, "AWS::Lambda::Permission").values()
                 if isinstance(one["Properties"]["SourceArn"]["Fn::Sub"], list)}
        self.assertEqual(paths, {"GET/api/v1/health", "*/api/v1/*", "*/.well-known/api-catalog"})
        for one, path in zip(allowed, ("/api/v1/*", "/.well-known/api-catalog")):
            self.assertTrue(one["SourceArn"]["Fn::Sub"].endswith("${HttpApi}/*/*" + path))

    def test_a_new_revision_publishes_a_version_and_moves_its_alias(self):
        """CloudFormation publishes when the description changes, and Lambda only if the function has changed as well."""
        made = self.gradual()
        for name, (group, _) in GROUPS.items():
            version, alias = made[f"{name}Version"], made[f"{name}Alias"]
            function = made[f"{name}Function"]["Properties"]["Environment"]["Variables"]
            self.assertEqual((version["Properties"]["Description"], function["SLUICE_REVISION"]), ("r-1", "r-1"))
            self.assertEqual((version["UpdateReplacePolicy"], version["DeletionPolicy"]), ("Retain", "RetainExceptOnCreate"))
            self.assertEqual(alias["Properties"]["FunctionVersion"], {"Fn::GetAtt": [f"{name}Version", "Version"]})
            self.assertEqual(alias["Properties"]["Name"], made["Rollout"]["Properties"]["Parameters"]["Alias"])
            moved = alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
            self.assertEqual(moved["ApplicationName"], {"Fn::GetAtt": ["Rollout", "Outputs.Application"]})
            self.assertEqual(moved["DeploymentGroupName"], {"Fn::GetAtt": ["Rollout", f"Outputs.{group}"]})
            # The alarms follow the new version before traffic does, also if an update policy is no dependency.
            self.assertIn("Rollout", cfn.references(alias["Properties"]))
        self.assertNotIn("SLUICE_REVISION", json.dumps([made["SweeperFunction"], made["AdminFunction"]]))

    def test_everything_else_keeps_naming_the_functions(self):
        """Lambda counts all versions under the function's name, and limits, logs and the right to recurse are its own."""
        plain, made = self.resources(), self.gradual()
        for name in ("ApiFunction", "WorkerFunction"):
            for one in ("ReservedConcurrentExecutions", "LoggingConfig", "RecursiveLoop"):
                self.assertEqual(made[name]["Properties"].get(one), plain[name]["Properties"].get(one))
        self.assertEqual(made["Observability"], plain["Observability"])
        for one in ("ApiFunctionName", "WorkerFunctionName"):
            self.assertEqual(self.source["Outputs"][one]["Value"], {"Ref": one.removesuffix("Name")})
        without = {name for name in made if name not in plain}
        self.assertEqual(without, {"Rollout", "ApiAliasPermission", "ApiAliasCatalogPermission", *(f"{a}{b}" for a in GROUPS for b in ("Alias", "Version"))})


class Nested(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.source = load("rollout")
        given = {name: f"a-{name}" for name, one in cls.source["Parameters"].items() if "Default" not in one}
        cls.resources = cfn.Evaluation(cls.source, {**given, "Alias": "live", "Shift": GRADUAL[0]}).resources()

    def test_every_shift_is_one_of_code_deploy(self):
        """AWS: "Deployment configurations on an AWS Lambda compute platform"."""
        predefined = r"(Canary10Percent(5|10|15|30)Minutes|Linear10PercentEvery(1|2|3|10)Minutes?|AllAtOnce)"
        for shift in GRADUAL:
            self.assertRegex(shift, f"^{predefined}$")
        for group, _ in GROUPS.values():
            self.assertEqual(self.resources[group]["Properties"]["DeploymentConfigName"], f"CodeDeployDefault.Lambda{GRADUAL[0]}")

    def test_an_alarm_rolls_back_and_each_has_its_group(self):
        used = set()
        for group, alarms in GROUPS.values():
            properties = self.resources[group]["Properties"]
            self.assertTrue(properties["AlarmConfiguration"]["Enabled"] and properties["AutoRollbackConfiguration"]["Enabled"])
            self.assertIn("DEPLOYMENT_STOP_ON_ALARM", properties["AutoRollbackConfiguration"]["Events"])
            self.assertEqual({one["Name"]["Ref"] for one in properties["AlarmConfiguration"]["Alarms"]}, alarms)
            used |= alarms
        self.assertEqual(used, set(of_type(self.resources, "AWS::CloudWatch::Alarm")))

    def test_errors_of_the_old_version_do_not_stop_the_new_one(self):
        for name in GROUPS:
            alarm = self.resources[f"{name}Errors"]["Properties"]
            dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
            function = f"a-{name}Function"
            self.assertEqual(dimensions, {"FunctionName": function, "Resource": f"{function}:live", "ExecutedVersion": f"a-{name}Version"})
            self.assertEqual((alarm["Period"], alarm["TreatMissingData"]), (60, "notBreaching"))

    def test_faults_are_counted_as_the_functions_log_them(self):
        for name, source in (("Api", "functions/api/src/layers/log.rs"), ("Worker", "functions/worker/src/end.rs")):
            filtered = self.resources[f"{name}FaultsFilter"]["Properties"]
            counted, = filtered["MetricTransformations"]
            alarm = self.resources[f"{name}Faults"]["Properties"]
            self.assertEqual((counted["MetricNamespace"], counted["MetricName"]), (alarm["Namespace"], alarm["MetricName"]))
            self.assertEqual(filtered["LogGroupName"], f"a-{name}LogGroup")
            self.assertNotIn("DefaultValue", counted)
            message = re.search(r'\$\.message = "([^"]+)"', filtered["FilterPattern"])[1]
            self.assertIn(f'"{message}");', code(source))
        for word in re.findall(r'\$\.code = "([^"]+)"', self.resources["WorkerFaultsFilter"]["Properties"]["FilterPattern"]):
            self.assertIn(f'= "{word}",', code("functions/lib/export/src/failure/code.rs"))

    def test_code_deploy_may_move_these_aliases_and_no_others(self):
        statements = self.resources["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        move, read = statements
        self.assertEqual(set(move["Action"]), {"lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"})
        names = {one.split(":function:")[1] for one in move["Resource"]}
        self.assertEqual(names, {f"a-{name}Function{rest}" for name in GROUPS for rest in ("", ":*")})
        self.assertEqual(read["Action"], "cloudwatch:DescribeAlarms")


if __name__ == "__main__":
    unittest.main()
