"""The root template and its nested ones, for every two choices of parameters together."""

import json
import re
import unittest
from pathlib import Path

import cfn
import choices
import template
from templates import NESTED, ROOT, load, of_type


def known(values):
    """Parameters for a nested template: what only a deployment knows gets a name of its own."""
    return {name: value if isinstance(value, (str, int, list)) else f"{name}-of-the-parent" for name, value in values.items()}


class EveryChoice(unittest.TestCase):
    """Rules that hold for every choice."""

    @classmethod
    def setUpClass(cls):
        cls.source = load("root")
        cls.nested = {name: load(name) for name in NESTED}
        uris = {name: f"s3://bucket/{name}" for name in template.code_folders(cls.source)}
        cls.translated = {
            tracing: template.translate(cls.source, uris, "us-east-1", {"Tracing": tracing})
            for tracing in choices.SIDES["Tracing"]
        }
        cls.all = [(choice, choices.parameters(choice)) for choice in choices.everything()]

    def each(self):
        for choice, parameters in self.all:
            yield choice, cfn.Evaluation(self.translated[choice["Tracing"]], parameters)

    def test_there_are_few_choices_and_no_rule_refuses_them(self):
        self.assertLess(len(self.all), 40)
        for choice, parameters in self.all:
            self.assertEqual(cfn.Evaluation(self.source, parameters).broken_rules(), [], choice)

    def test_references_exist_and_are_not_circular(self):
        for _, evaluated in self.each():
            resources = evaluated.resources()
            for name, body in resources.items():
                self.assertEqual(cfn.references(body) - set(resources), set(), name)
            self.assertEqual(cfn.references(evaluated.outputs()) - set(resources), set())
            self.assertEqual(cfn.circle(resources), [])

    def test_nested_templates_have_all_parameters_and_outputs(self):
        for choice, evaluated in self.each():
            resources = evaluated.resources()
            stacks = of_type(resources, "AWS::CloudFormation::Stack")
            wanted = {
                "Proxy": choice["Pooler"] == "proxy", "Cdn": choice["cdn"] != "none", "Cache": choice["cache"] == "own",
                "Observability": choice["CreateAlarms"] == "true", "Example": choice["network"] == "example",
                "Endpoints": choice["network"] == "example" or (choice["network"] == "given" and choice["CreateEndpoints"] != "false"),
                "Rollout": choice["GradualDeployment"] != "none",
            }
            self.assertEqual(set(stacks), {name for name, there in wanted.items() if there})
            asked = set(re.findall(r'"(\w+)", "Outputs\.(\w+)"', json.dumps(resources)))
            asked |= set(re.findall(r"\$\{(\w+)\.Outputs\.(\w+)\}", json.dumps(resources)))
            for name, stack in stacks.items():
                child = self.nested[Path(stack["Properties"]["TemplateURL"]).stem]
                inner = cfn.Evaluation(child, known(stack["Properties"]["Parameters"]))
                self.assertEqual(inner.missing(), [], name)
                made = inner.resources()
                for logical, body in made.items():
                    self.assertEqual(cfn.references(body) - set(made), set(), logical)
                self.assertEqual(cfn.circle(made), [])
                outputs = inner.outputs()
                self.assertEqual(cfn.references(outputs) - set(made), set())
                self.assertEqual({output for stack, output in asked if stack == name} - set(outputs), set())

    def test_variables_of_a_function_fit_into_four_kilobytes(self):
        for _, evaluated in self.each():
            for name, body in of_type(evaluated.resources(), "AWS::Lambda::Function").items():
                variables = body["Properties"]["Environment"]["Variables"]
                size = sum(len(key) + len(json.dumps(value)) for key, value in variables.items())
                # Addresses and passwords are not known here; they are a few hundred bytes.
                self.assertLess(size, 3000, name)

    def test_the_database_is_reached_as_was_chosen(self):
        for choice, evaluated in self.each():
            resources = evaluated.resources()
            made_by = "Proxy" if choice["Pooler"] == "proxy" else "Example" if choice["network"] == "example" else None
            secret = made_by is None and choice["passwords"] == "secret" or made_by is not None and choice["DatabaseAuth"] == "password"
            functions = of_type(resources, "AWS::Lambda::Function")
            functions.pop("BootstrapCaller", None)
            for function, body in functions.items():
                variables = body["Properties"]["Environment"]["Variables"]
                if function == "NotifyFunction":
                    # It is outside the VPC and knows no database.
                    self.assertEqual([name for name in variables if "STORE" in name or "SOURCE" in name], [])
                    self.assertNotIn("VpcConfig", body["Properties"])
                    continue
                for database in {"SOURCE", "STORE"} if function not in ("ApiFunction", "DeliverFunction") else {"STORE"}:
                    url = variables[f"SLUICE_{database}_URL"]
                    if made_by and function == "BootstrapFunction":
                        # It runs before the addresses are known, and takes the role from the URL.
                        self.assertEqual(url, f"postgres://sluice_{database.lower()}@none")
                    elif made_by:
                        self.assertEqual(url, {"Fn::GetAtt": [made_by, f"Outputs.{database.capitalize()}Url"]})
                    self.assertEqual(bool(variables[f"SLUICE_{database}_SECRET"]), secret, function)
            if "BootstrapFunction" in functions:
                self.assertNotIn("Proxy", cfn.references(functions["BootstrapFunction"]))
                bootstrap, admin = (functions[name]["Properties"]["Environment"]["Variables"] for name in ("BootstrapFunction", "AdminFunction"))
                for name in ("SLUICE_SOURCE_SECRET", "SLUICE_STORE_SECRET", "SLUICE_OWNER_SECRET", "SLUICE_OWNER_URL", "SLUICE_DATABASE_AUTH", "SLUICE_POOLER"):
                    self.assertEqual(bootstrap[name], admin[name], name)

    def test_urls_that_are_made_contain_a_role_and_no_password(self):
        """And the server is verified: the proxy has a public certificate, Amazon's authorities are in the functions."""
        for name in ("proxy", "example"):
            child = self.nested[name]
            outputs = {key: json.dumps(body["Value"]) for key, body in child["Outputs"].items() if key.endswith("Url")}
            self.assertEqual(set(outputs), {"SourceUrl", "StoreUrl"} | ({"OwnerUrl"} if name == "example" else set()))
            for key, url in outputs.items():
                made = re.findall(r'"(postgres://[^"]*)"', url)
                self.assertTrue(made)
                for one in made:
                    self.assertRegex(one, rf"^postgres://sluice_{key[:-3].lower()}@\$\{{[^:@]+:5432/\$\{{DatabaseName\}}\?sslmode=verify-full$")

    def test_no_variable_of_a_function_contains_a_password(self):
        """Unless it is in a URL that was given: then only where this URL is needed."""
        for choice, evaluated in self.each():
            for function, body in of_type(evaluated.resources(), "AWS::Lambda::Function").items():
                variables = body["Properties"]["Environment"]["Variables"]
                self.assertNotIn("resolve:secretsmanager", json.dumps(variables), function)
                found = {name for name, value in variables.items() if re.search(r"://[^\"@/]*:[^\"@/]*@", json.dumps(value))}
                self.assertLessEqual(found, {"SLUICE_SOURCE_URL", "SLUICE_STORE_URL", "SLUICE_OWNER_URL"})
                if choice["passwords"] == "secret" and choice["network"] != "example":
                    self.assertEqual(found, set(), function)

    def test_the_api_has_one_address_and_cloudfront_uses_it(self):
        for choice, evaluated in self.each():
            resources, outputs = evaluated.resources(), evaluated.outputs()
            own = choice["api_domain"] != "none"
            server, = resources["HttpApi"]["Properties"]["Body"]["servers"]
            self.assertIs(server["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"], own)
            self.assertEqual(outputs["ApiUrl"] == "https://api.example.com/api/v1", own)
            self.assertEqual("execute-api" in json.dumps(outputs["ApiUrl"]), not own)
            self.assertEqual({"ApiDomainName", "ApiMapping", "ApiDomainTarget"} <= {*resources, *outputs}, own)
            self.assertEqual("ApiRecord" in resources, choice["api_domain"] == "zone")
            if own:
                self.assertIn(resources["ApiMapping"]["DependsOn"], resources)
            if "Cdn" in resources:
                origin = resources["Cdn"]["Properties"]["Parameters"]["ApiDomainName"]
                self.assertEqual(origin == "api.example.com", own)
                self.assertEqual("execute-api" in json.dumps(origin), not own)

    def test_the_api_wants_the_header_that_cloudfront_adds_or_none(self):
        """A web ACL could be passed by otherwise."""
        for choice, evaluated in self.each():
            resources = evaluated.resources()
            wanted = choice["cdn"] != "none" and (choice["OnlyThroughCdn"] == "true" or choice["CdnWebAclArn"] != "")
            secret = {"Ref": "OriginSecret"} if wanted else ""
            self.assertEqual("OriginSecret" in resources, wanted)
            self.assertEqual(resources["ApiFunction"]["Properties"]["Environment"]["Variables"]["SLUICE_ORIGIN_SECRET"], secret)
            read = [one for one in resources["ApiRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"] if one["Resource"] == secret]
            self.assertEqual(len(read), int(wanted))
            if "Cdn" in resources:
                self.assertEqual(resources["Cdn"]["Properties"]["Parameters"]["OriginSecretArn"], secret)

    def test_the_proxy_reaches_the_database_on_its_port(self):
        """And functions reach the proxy on 5432, whatever the database's port is."""
        ports = set()
        for choice, evaluated in self.each():
            if choice["Pooler"] != "proxy":
                continue
            resources = evaluated.resources()
            port = resources["Proxy"]["Properties"]["Parameters"]["DatabasePort"]
            self.assertEqual(port, "5433" if choice["ProxyTarget"] == "cluster" else "5432")
            self.assertNotIn(":5433", json.dumps(resources))
            ports.add(port)
        self.assertEqual(ports, {"5432", "5433"})

    def test_passwords_that_were_made_can_be_found(self):
        for choice, evaluated in self.each():
            outputs = evaluated.outputs()
            made_here = choice["Pooler"] == "proxy" or choice["network"] == "example"
            wanted = {"SourceSecretArn", "StoreSecretArn"} if made_here and choice["DatabaseAuth"] == "password" else set()
            self.assertEqual({"SourceSecretArn", "StoreSecretArn"} & set(outputs), wanted)
            self.assertEqual("DistributionDomain" in outputs, choice["cdn"] != "none")

    def test_concurrency_settings_equal_the_budget(self):
        for choice, evaluated in self.each():
            resources = evaluated.resources()
            worker = resources["WorkerFunction"]["Properties"]
            trigger = next(iter(of_type(resources, "AWS::Lambda::EventSourceMapping").values()))["Properties"]
            budget = choice["Budget"]
            self.assertEqual(trigger["ScalingConfig"]["MaximumConcurrency"], budget)
            reserved = budget if choice["ReserveConcurrency"] == "true" else None
            self.assertEqual(worker.get("ReservedConcurrentExecutions"), reserved)
            api = resources["ApiFunction"]["Properties"].get("ReservedConcurrentExecutions")
            asked = None if choice["ApiConcurrency"] == "0" else choice["ApiConcurrency"]
            self.assertEqual(api, 8 if choice["Pooler"] == "none" else asked)
            for stack in ("Proxy", "Observability"):
                if stack in resources:
                    self.assertEqual(resources[stack]["Properties"]["Parameters"]["Budget"], budget)

    def test_alarms_of_the_sweeper_follow_its_schedule(self):
        """A period without a run would be an alarm, and one of a failing sweeper would never be three in a row."""
        seen = set()
        for choice, evaluated in self.each():
            resources = evaluated.resources()
            minutes = int(choice["SweepMinutes"])
            schedule, = of_type(resources, "AWS::Scheduler::Schedule").values()
            unit = "minute" if minutes == 1 else "minutes"
            self.assertEqual(schedule["Properties"]["ScheduleExpression"], f"rate({minutes} {unit})")
            if "Observability" not in resources:
                continue
            given = known(resources["Observability"]["Properties"]["Parameters"])
            alarms = cfn.Evaluation(self.nested["observability"], given).resources()
            for name in ("SweeperSilent", "SweepFails"):
                period = int(alarms[name]["Properties"]["Period"])
                self.assertGreaterEqual(period, 2 * 60 * minutes)
                seen.add((minutes, period))
        self.assertEqual(seen, {(1, 300), (5, 600), (15, 1800)})

    def test_functions_in_a_network_have_a_way_to_what_they_call(self):
        for choice, evaluated in self.each():
            resources = evaluated.resources()
            inside, example = choice["network"] != "none", choice["network"] == "example"
            self.assertEqual("VpcConfig" in resources["ApiFunction"]["Properties"], inside)
            self.assertEqual(of_type(resources, "AWS::EC2::VPCEndpoint"), {})
            if "Endpoints" not in resources:
                self.assertTrue(not inside or (not example and choice["CreateEndpoints"] == "false"))
                continue
            given = resources["Endpoints"]["Properties"]["Parameters"]
            read = any(
                value for body in of_type(resources, "AWS::Lambda::Function").values()
                for name, value in body["Properties"]["Environment"]["Variables"].items() if name.endswith("_SECRET")
            )
            secrets = read and (example or choice["CreateEndpoints"] != "sqs")
            self.assertEqual(given["Secrets"], str(secrets).lower())
            self.assertEqual(given["Extensions"], str(choice["CreateEndpoints"] == "all").lower())
            self.assertEqual(given["Policies"], "account" if example else choice["EndpointPolicies"])
            if example:
                self.assertEqual(given["Cidr"], {"Fn::GetAtt": ["Example", "Outputs.Cidr"]})
                self.assertEqual(given["RouteTableIds"], {"Fn::GetAtt": ["Example", "Outputs.RouteTableId"]})
            else:
                self.assertEqual(given["Cidr"], "10.0.0.0/16")
                self.assertEqual(given["RouteTableIds"], "rtb-1" if choice["route_tables"] == "given" else "")

    def test_network_and_trace_policies_exist_only_where_needed(self):
        for choice, evaluated in self.each():
            resources = evaluated.resources()
            wanted = {"NetworkPolicy"} if choice["network"] != "none" else set()
            wanted |= {"TracePolicy"} if choice["Tracing"] == "Active" else set()
            self.assertEqual(set(of_type(resources, "AWS::IAM::ManagedPolicy")), wanted)
            for name, body in of_type(resources, "AWS::IAM::Role").items():
                function = "lambda.amazonaws.com" in json.dumps(body["Properties"]["AssumeRolePolicyDocument"])
                # One function is never in the network, nor is another one, which is never traced either.
                function = function and name != "BootstrapCallerRole"
                attached = {policy["Ref"] for policy in body["Properties"].get("ManagedPolicyArns", [])}
                expected = wanted - {"NetworkPolicy"} if name == "NotifyRole" else wanted
                self.assertEqual(attached, expected if function else set(), name)


class Whole(unittest.TestCase):
    """Nothing that the template decides by is left out of the choices."""

    @classmethod
    def setUpClass(cls):
        cls.source = load("root")
        cls.all = [cfn.Evaluation(cls.source, choices.parameters(choice)) for choice in choices.everything()]

    def both(self, terms, ask):
        """Of the named terms, those that are not met in some choice and unmet in another."""
        return [name for name in terms if {ask(evaluated, name) for evaluated in self.all} != {True, False}]

    def test_every_parameter_that_decides_has_more_than_one_value(self):
        named = cfn.references([self.source["Conditions"], self.source["Rules"]]) & set(self.source["Parameters"])
        self.assertIn("Auth", named)
        same = [name for name in sorted(named) if len({str(one.parameters[name]) for one in self.all}) < 2]
        self.assertEqual(same, [], "vary them in choices.py: a side of its own, or by `parameters`")

    def test_every_condition_is_met_in_some_choice_and_not_in_another(self):
        self.assertEqual(self.both(self.source["Conditions"], lambda evaluated, name: evaluated.condition(name)), [])

    def test_every_rule_applies_in_some_choice_and_not_in_another(self):
        rules = {name: rule for name, rule in self.source["Rules"].items() if "RuleCondition" in rule}
        self.assertEqual(self.both(rules, lambda evaluated, name: evaluated.applies(rules[name])), [])

    def test_choices_cover_every_allowed_value(self):
        for name, sides in choices.SIDES.items():
            spec = self.source["Parameters"].get(name, {})
            if "AllowedValues" in spec and spec["Type"] == "String":
                self.assertEqual(sorted(sides), sorted(map(str, spec["AllowedValues"])), name)

    def test_tokens_are_required_only_with_jwt_auth(self):
        for choice in choices.everything():
            evaluated = cfn.Evaluation(self.source, choices.parameters(choice))
            body = json.dumps(evaluated.value(self.source["Resources"]["HttpApi"]))
            self.assertEqual("https://issuer.example.com/" in body, choice["Auth"] == "jwt")


class Rules(unittest.TestCase):
    def refused(self, **given):
        urls = {"SourceUrl": "postgres://a", "StoreUrl": "postgres://b"}
        return " ".join(cfn.Evaluation(load("root"), {**urls, **given}).broken_rules())

    def test_none_means_an_empty_parameter(self):
        """`sam deploy --guided` requires a value for a hidden parameter, and `Name=` of a command line is dropped."""
        hidden = {name for name, one in load("root")["Parameters"].items() if one.get("NoEcho")}
        self.assertEqual(hidden, {"SourceUrl", "StoreUrl", "OwnerUrl", "CacheUrl"})
        for name in ("SourceUrl", "StoreUrl"):
            self.assertIn(name, self.refused(**{name: "none"}))
        self.assertIn("public key", self.refused(CreateCdn="true", CdnFirstKey="none", CdnSecondKey="none"))
        given = {
            "SourceUrl": "postgres://a", "StoreUrl": "postgres://b", "CreateCdn": "true", "CdnFirstKey": "k",
        }
        words = [{name: word for name in ("OwnerUrl", "CacheUrl", "CdnSecondKey")} for word in ("", "none")]
        empty, none = (cfn.Evaluation(load("root"), {**given, **word}).resources() for word in words)
        self.assertEqual(empty, none)
        self.assertNotIn('"none"', json.dumps(none["AdminFunction"]["Properties"]["Environment"]))

    def test_contradictory_parameters_are_refused_with_the_remedy(self):
        self.assertIn("SourceUrl", self.refused(SourceUrl=""))
        self.assertIn("Pooler", self.refused(SourceSecretArn="arn:aws:secretsmanager:a", Pooler="proxy", ProxyTargetId="a", VpcId="v"))
        self.assertIn("CreateExample", self.refused(StoreSecretArn="arn:aws:secretsmanager:a", CreateExample="true"))
        self.assertIn("OwnerUrl", self.refused(OwnerSecretArn="arn:aws:secretsmanager:a"))
        self.assertIn("CreateExample", self.refused(OwnerSecretArn="arn:aws:secretsmanager:a", CreateExample="true"))
        self.assertEqual(self.refused(OwnerSecretArn="arn:aws:secretsmanager:a", OwnerUrl="none"), "")
        self.assertIn("ProxyTargetId", self.refused(Pooler="proxy", VpcId="vpc-1"))
        self.assertIn("VpcId", self.refused(Pooler="proxy", ProxyTargetId="shop"))
        self.assertIn("DatabaseSecurityGroupId", self.refused(Pooler="proxy", ProxyTargetId="shop", VpcId="v"))
        self.assertIn("Pooler", self.refused(CreateExample="true", Pooler="own"))
        self.assertEqual(self.refused(CreateExample="true"), "")
        self.assertIn("StoreSessions", self.refused(StoreSessions="4"))
        self.assertIn("ReserveConcurrency", self.refused(ReserveConcurrency="false"))
        self.assertEqual(self.refused(StoreSessions="4", Pooler="own", ReserveConcurrency="false"), "")
        self.assertIn("ProxyTarget", self.refused(CreateExample="true", Pooler="proxy", ProxyTarget="cluster"))
        self.assertIn("neither", self.refused(ExampleFirstZone="us-east-1b"))
        self.assertIn("two zones", self.refused(ExampleFirstZone="us-east-1b", ExampleSecondZone="us-east-1b"))
        self.assertIn("Pooler", self.refused(DatabaseAuth="iam"))
        self.assertIn("ProxyTargetResourceId", self.refused(DatabaseAuth="iam", Pooler="proxy", ProxyTargetId="a", VpcId="v"))
        self.assertIn("public key", self.refused(CreateCdn="true"))
        self.assertIn("CdnCertificateArn", self.refused(CdnAlias="exports.example.com"))
        domain = {"ApiDomain": "api.example.com", "ApiCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/a"}
        self.assertIn("ApiCertificateArn", self.refused(ApiDomain="api.example.com"))
        self.assertIn("ApiDomain", self.refused(ApiHostedZoneId="Z1"))
        self.assertIn("differ", self.refused(**domain, CdnAlias="api.example.com", CdnCertificateArn="arn:c"))
        self.assertEqual(self.refused(**domain), "")
        self.assertIn("Revision", self.refused(GradualDeployment="AllAtOnce"))
        self.assertEqual(self.refused(GradualDeployment="AllAtOnce", Revision="1"), "")
        self.assertIn("VpcId", self.refused(CreateCache="true"))
        self.assertIn("JwtIssuer", self.refused(Auth="jwt"))
        for some in ("true", "sqs", "all"):
            self.assertIn("VpcId", self.refused(CreateEndpoints=some, VpcCidr="10.0.0.0/16"))
            self.assertIn("VpcCidr", self.refused(CreateEndpoints=some, VpcId="v"))
        self.assertEqual(self.refused(), "")

    def test_a_domain_is_a_name_and_no_url(self):
        pattern = load("root")["Parameters"]["ApiDomain"]["AllowedPattern"]
        for one in ("", "api.example.com", "a.b-c.example.co"):
            self.assertRegex(one, pattern)
        for one in ("https://api.example.com", "api.example.com/", "API.example.com", "example", "-a.example.com"):
            self.assertNotRegex(one, pattern)

    def test_a_cluster_is_read_from_its_writer_unless_readers_are_named(self):
        self.assertEqual(cfn.Evaluation(load("root")).parameters["ReadFromReader"], "false")

    def test_every_nested_template_is_nested_and_tested(self):
        files = {path.name for path in (ROOT / "infra").glob("*.yaml")}
        self.assertEqual(files, {f"{name}.yaml" for name in NESTED})
        self.assertEqual({Path(file).name for file in template.nested_files(load("root")).values()}, files)

    def test_every_parameter_has_a_description_and_a_group(self):
        for name in ["root", *NESTED]:
            for parameter, spec in load(name)["Parameters"].items():
                self.assertTrue(spec.get("Description"), f"{name}: {parameter}")
        root = load("root")
        groups = root["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        listed = [parameter for group in groups for parameter in group["Parameters"]]
        self.assertEqual(sorted(listed), sorted(root["Parameters"]))

    def test_a_newcomer_sees_twelve_parameters_first_and_needs_no_other(self):
        root = load("root")
        first = root["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"][0]
        self.assertEqual((first["Label"]["default"], len(first["Parameters"])), ("Start here", 12))
        for name, spec in root["Parameters"].items():
            self.assertIn("Default", spec, name)
        given = {
            "Pooler": "proxy", "DatabaseName": "shop", "ProxyTargetId": "shop", "DatabaseSecurityGroupId": "sg-2",
            "OwnerUrl": "postgres://db/shop", "OwnerSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:owner-AbCdEf",
            "Budget": "8", "StoreSessions": "6", "VpcId": "vpc-1", "VpcSubnetIds": "subnet-1,subnet-2", "VpcSecurityGroupIds": "sg-1",
            "CreateEndpoints": "false",
        }
        self.assertEqual(set(given), set(first["Parameters"]))
        self.assertEqual(cfn.Evaluation(root, given).broken_rules(), [])


if __name__ == "__main__":
    unittest.main()
