"""Tests of template.py, run by `cargo x test`."""

import string
import unittest
from pathlib import Path

import cfn
import template

ROOT = Path(__file__).resolve().parents[2]


def api(paths, **extra):
    """A translated template with one HTTP API."""
    body = {"info": {"title": "t"}, "paths": paths, **extra}
    return {"Resources": {"Face": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Body": body}}}}


def calls(function):
    """An operation as SAM writes it."""
    uri = f"arn:aws:apigateway:r:lambda:path/2015-03-31/functions/${{{function}.Arn}}/invocations"
    return {"x-amazon-apigateway-integration": {"uri": {"Fn::Sub": uri}, "payloadFormatVersion": "2.0"}}


class ExpandHttpApis(unittest.TestCase):
    def test_a_body_becomes_routes_and_integrations(self):
        paths = {"/a": {"get": calls("One")}, "/{rest+}": {"x-amazon-apigateway-any-method": calls("Two")}}
        made = template.expand_http_apis(api(paths))["Resources"]
        self.assertEqual(made["FaceRoute1"]["Properties"]["RouteKey"], "GET /a")
        self.assertEqual(made["FaceRoute2"]["Properties"]["RouteKey"], "ANY /{rest+}")
        self.assertEqual(made["FaceIntegration2"]["Properties"]["IntegrationUri"], {"Fn::Sub": "${Two.Arn}"})
        self.assertNotIn("Body", made["Face"]["Properties"])

    def test_the_given_template_is_left_alone(self):
        given = api({"/a": {"get": calls("One")}})
        template.expand_http_apis(given)
        self.assertIn("Body", given["Resources"]["Face"]["Properties"])

    def test_cors_keys_are_written_as_the_emulator_reads_them(self):
        given = api({}, **{"x-amazon-apigateway-cors": {"AllowOrigins": ["*"]}})
        made = template.expand_http_apis(given)["Resources"]["Face"]["Properties"]
        self.assertEqual(made["CorsConfiguration"], {"allowOrigins": ["*"]})

    def test_a_template_without_an_http_api_stays_as_it_is(self):
        given = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
        self.assertEqual(template.expand_http_apis(given), given)

    def test_a_jwt_authorizer_becomes_a_resource_under_its_condition(self):
        demand = {"Fn::If": ["Tokens", [{"Token": []}], template.NO_VALUE]}
        jwt = {"issuer": {"Ref": "Issuer"}, "audience": {"Ref": "Audience"}}
        scheme = {"type": "jwt", "identitySource": "$request.header.Authorization", "jwtConfiguration": jwt}
        schemes = {"Token": {"type": "oauth2", template.AUTHORIZER: scheme}}
        components = {"Fn::If": ["Tokens", {"securitySchemes": schemes}, template.NO_VALUE]}
        paths = {"/open": {"get": calls("One")}, "/a": {"get": {**calls("One"), "security": demand}}}
        made = template.expand_http_apis(api(paths, components=components))["Resources"]
        authorizer = made["FaceTokenAuthorizer"]
        self.assertEqual(authorizer["Condition"], "Tokens")
        self.assertEqual(authorizer["Properties"]["JwtConfiguration"], {"Issuer": {"Ref": "Issuer"}, "Audience": {"Ref": "Audience"}})
        self.assertNotIn("AuthorizationType", made["FaceRoute1"]["Properties"])
        route = made["FaceRoute2"]["Properties"]
        self.assertEqual(route["AuthorizationType"], {"Fn::If": ["Tokens", "JWT", "NONE"]})
        self.assertEqual(route["AuthorizerId"], {"Fn::If": ["Tokens", {"Ref": "FaceTokenAuthorizer"}, template.NO_VALUE]})

    def test_another_authorizer_is_refused_rather_than_forgotten(self):
        schemes = {"Own": {"type": "apiKey", template.AUTHORIZER: {"type": "request"}}}
        with self.assertRaises(NotImplementedError):
            template.expand_http_apis(api({"/a": {"get": calls("One")}}, components={"securitySchemes": schemes}))


    def test_an_integration_goes_to_the_alias_where_there_is_one(self):
        """And without it to the function, as SAM writes it: a template without aliases stays as it is."""
        source = template.parse((ROOT / "template.yaml").read_text())
        made = template.translate(source, {name: "s3://b/k" for name in template.code_folders(source)}, "us-east-1")
        plain = {"SourceUrl": "postgres://a", "StoreUrl": "postgres://b"}
        aliased = {**plain, "GradualDeployment": "AllAtOnce", "Revision": "1"}
        expanded = template.expand_http_apis(made)
        for given, wanted in ((plain, "${ApiFunction.Arn}"), (aliased, "${ApiAlias}")):
            found = cfn.Evaluation(expanded, given).resources()
            integrations = [one for one in found.values() if one["Type"] == "AWS::ApiGatewayV2::Integration"]
            self.assertEqual([one["Properties"]["IntegrationUri"] for one in integrations], [{"Fn::Sub": wanted}] * 10)
            paths = cfn.Evaluation(made, given).resources()["HttpApi"]["Properties"]["Body"]["paths"]
            for operation in [operation for methods in paths.values() for operation in methods.values()]:
                integration = dict(operation["x-amazon-apigateway-integration"])
                self.assertTrue(integration.pop("uri")["Fn::Sub"].endswith(f"/functions/{wanted}/invocations"))
                self.assertEqual(integration, {"type": "aws_proxy", "httpMethod": "POST", "payloadFormatVersion": "2.0"})


class StandIn(unittest.TestCase):
    OUTPUTS = {"Domain": "127.0.0.1:1", "DistributionDomain": "127.0.0.1:1", "DistributionArn": "arn:d", "FirstKeyId": "K1", "SecondKeyId": "none"}
    GIVEN = {"CreateCdn": "true", "CdnFirstKey": "k", "SourceUrl": "postgres://a", "StoreUrl": "postgres://b"}

    def test_what_a_nested_stack_would_put_out_is_given_and_the_rest_stays(self):
        source = template.parse((ROOT / "template.yaml").read_text())
        made = template.stand_in(source, "Cdn", self.OUTPUTS)
        before, after = cfn.Evaluation(source, self.GIVEN), cfn.Evaluation(made, self.GIVEN)
        self.assertEqual(set(before.resources()) - set(after.resources()), {"Cdn"})
        self.assertEqual(set(after.resources()) - set(before.resources()), set())
        outputs = after.outputs()
        self.assertEqual([outputs[name] for name in ("CdnDomain", "CdnFirstKeyId", "CdnSecondKeyId")], ["127.0.0.1:1", "K1", "none"])
        self.assertEqual(outputs["CdnSecretArn"], before.outputs()["CdnSecretArn"], "the secret is a real one")
        self.assertIn("arn:d", str(after.resources()["BucketPolicy"]))
        self.assertNotIn("Outputs.Domain", str(made))

    def test_an_output_that_is_not_given_is_an_error(self):
        source = template.parse((ROOT / "template.yaml").read_text())
        with self.assertRaises(KeyError):
            template.stand_in(source, "Cdn", {"Domain": "d"})
        within = {"Resources": {"Cdn": {}, "A": {"Fn::Sub": "https://${Cdn.Outputs.Domain}/"}}}
        with self.assertRaises(NotImplementedError):
            template.stand_in(within, "Cdn", self.OUTPUTS)


class NameSecretsWhole(unittest.TestCase):
    def test_only_references_to_secrets_change(self):
        secret, queue = {"Type": "AWS::SecretsManager::Secret"}, {"Type": "AWS::SQS::Queue"}
        given = {"Resources": {"S": secret, "Q": queue, "R": {"Type": "T", "P": [{"Ref": "S"}, {"Ref": "Q"}]}}}
        made = template.name_secrets_whole(given)["Resources"]
        self.assertEqual(made["R"]["P"], [{"Fn::GetAtt": ["S", "Id"]}, {"Ref": "Q"}])
        self.assertEqual((made["S"], given["Resources"]["R"]["P"][0]), (secret, {"Ref": "S"}))


class ExcludePunctuation(unittest.TestCase):
    def test_only_secrets_that_exclude_punctuation_name_its_characters(self):
        def secret(**generated):
            return {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": generated}}

        given = {"Resources": {"Plain": secret(PasswordLength=9, ExcludePunctuation=True), "Other": secret(PasswordLength=9)}}
        found = template.exclude_punctuation(given)["Resources"]
        self.assertEqual(found["Plain"], secret(PasswordLength=9, ExcludeCharacters=string.punctuation))
        self.assertEqual(found["Other"], given["Resources"]["Other"])


class SettleTriggerLimits(unittest.TestCase):
    def test_a_limit_is_the_number_given_or_the_default(self):
        trigger = {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {"ScalingConfig": {"MaximumConcurrency": {"Ref": "Budget"}}},
        }
        given = {"Parameters": {"Budget": {"Default": 4}}, "Resources": {"T": trigger}}

        def limit(parameters):
            made = template.settle_trigger_limits(given, parameters)
            return made["Resources"]["T"]["Properties"]["ScalingConfig"]["MaximumConcurrency"]

        self.assertEqual(limit({}), 4)
        self.assertEqual(limit({"Budget": "7"}), 7)


class NameBatches(unittest.TestCase):
    def test_send_permission_includes_batches(self):
        statements = [{"Action": "sqs:SendMessage"}, {"Action": ["s3:GetObject"]}]
        role = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": statements}}]}}
        made = template.name_batches({"Resources": {"R": role}})["Resources"]["R"]["Properties"]["Policies"]
        found = made[0]["PolicyDocument"]["Statement"]
        self.assertEqual(found[0]["Action"], ["sqs:SendMessage", "sqs:SendMessageBatch"])
        self.assertEqual(found[1]["Action"], ["s3:GetObject"])


    def test_a_statement_under_a_condition_is_left_alone(self):
        statement = {"Fn::If": ["C", {"Action": "rds-db:connect"}, {"Ref": "AWS::NoValue"}]}
        role = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": [statement]}}]}}
        self.assertEqual(template.name_batches({"Resources": {"R": role}}), {"Resources": {"R": role}})


class PlaceNested(unittest.TestCase):
    def test_only_the_place_of_a_nested_template_changes(self):
        nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "infra/a.yaml", "Parameters": {}}}
        given = {"Resources": {"A": nested, "Queue": {"Type": "AWS::SQS::Queue"}}}
        self.assertEqual(template.nested_files(given), {"A": "infra/a.yaml"})
        made = template.place_nested(given, {"A": "http://localhost/b/a.yaml"})["Resources"]
        self.assertEqual(made["A"]["Properties"], {"TemplateURL": "http://localhost/b/a.yaml", "Parameters": {}})
        self.assertEqual(nested["Properties"]["TemplateURL"], "infra/a.yaml")


class LeaveOutMetricMath(unittest.TestCase):
    def test_only_alarms_over_several_metrics_go(self):
        def alarm(**properties):
            return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}

        given = {"A": alarm(Metrics=[]), "B": alarm(MetricName="m"), "Topic": {"Type": "AWS::SNS::Topic"}}
        made = template.leave_out_metric_math({"Resources": given})["Resources"]
        self.assertEqual(made, {"B": given["B"], "Topic": given["Topic"]})


class Aliases(unittest.TestCase):
    def test_an_alias_moves_without_code_deploy(self):
        alias = {"Type": "AWS::Lambda::Alias", "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {}}, "Properties": {"Name": "live"}}
        group = {"Type": "AWS::AutoScaling::AutoScalingGroup", "UpdatePolicy": {}}
        made = template.move_aliases_at_once({"Resources": {"A": alias, "G": group}})["Resources"]
        self.assertEqual(made, {"A": {"Type": "AWS::Lambda::Alias", "Properties": {"Name": "live"}}, "G": group})
        self.assertIn("UpdatePolicy", alias)

    def test_what_names_code_deploy_has_the_logical_id(self):
        nested = template.parse((ROOT / "infra/rollout.yaml").read_text())
        made = template.bridge_nested(nested)
        self.assertEqual(set(nested["Resources"]) - set(made["Resources"]), {"Application", "ApiGroup", "WorkerGroup"})
        self.assertEqual({name: one["Value"] for name, one in made["Outputs"].items()}, {name: name for name in nested["Outputs"]})
        self.assertEqual(cfn.references(made["Outputs"]), set())


class AllowPlainHttp(unittest.TestCase):
    def test_only_the_demand_for_tls_goes(self):
        tls = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        other = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}

        def policy(*statements):
            return {"Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": {"Statement": list(statements)}}}

        made = template.allow_plain_http({"Resources": {"P": policy(tls, other), "Q": policy(tls)}})["Resources"]
        self.assertEqual(made, {"P": policy(other)})

    def test_a_policy_of_which_only_conditions_are_left_goes(self):
        tls = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        cdn = {"Fn::If": ["WithCdn", {"Effect": "Allow"}, {"Ref": "AWS::NoValue"}]}
        given = {"Type": "AWS::S3::BucketPolicy", "Properties": {"PolicyDocument": {"Statement": [tls, cdn]}}}
        self.assertEqual(template.allow_plain_http({"Resources": {"P": given}})["Resources"], {})


class OurTemplate(unittest.TestCase):
    def setUp(self):
        self.source = template.parse((ROOT / "template.yaml").read_text())

    def test_every_function_has_a_folder_with_a_package(self):
        for name, folder in template.code_folders(self.source).items():
            self.assertTrue((ROOT / folder / "Cargo.toml").is_file(), name)

    def test_it_translates_and_keeps_all_routes(self):
        code = {name: f"s3://bucket/{name}" for name in template.code_folders(self.source)}
        made = template.bridge(template.translate(self.source, code, "us-east-1"), {})["Resources"]
        routes = {r["Properties"]["RouteKey"] for r in made.values() if r["Type"] == "AWS::ApiGatewayV2::Route"}
        documents = ("/", "/.well-known/api-catalog", "/api/v1/openapi.json", "/api/v1/manifest.schema.json",
                     "/api/v1/reference.html", "/api/v1/reference.css", "/api/v1/problems/{proxy+}")
        self.assertEqual(routes, {"GET /api/v1/health", "ANY /api/v1/{proxy+}", "OPTIONS /api/v1/{proxy+}", *(f"ANY {path}" for path in documents)})
        # With tokens, API Gateway itself stands before every route but those of health, documents and preflights.
        guarded = {r["Properties"]["RouteKey"] for r in made.values() if "AuthorizerId" in r.get("Properties", {})}
        self.assertEqual(guarded, {"ANY /api/v1/{proxy+}"})
        self.assertEqual(made["HttpApiTokenAuthorizer"]["Condition"], "WithTokens")
        self.assertEqual(made["ApiFunction"]["Properties"]["Code"], {"S3Bucket": "bucket", "S3Key": "ApiFunction"})

    def test_two_deployments_may_stand_side_by_side(self):
        """A second resource with a name of the whole account and region would be refused."""
        code = {name: f"s3://bucket/{name}" for name in template.code_folders(self.source)}
        made = template.translate(self.source, code, "us-east-1")["Resources"]
        fixed = ("Name", "QueueName", "BucketName", "FunctionName", "RoleName", "GroupName", "LogGroupName", "ManagedPolicyName")
        for name, resource in made.items():
            # A stage is named within its API, and an alias within its function.
            if resource["Type"] in ("AWS::ApiGatewayV2::Stage", "AWS::Lambda::Alias"):
                continue
            for key in fixed:
                self.assertNotIsInstance(resource.get("Properties", {}).get(key), str, f"{name}: {key}")
        self.assertIn("AWS::Scheduler::Schedule", {resource["Type"] for resource in made.values()})

    def test_the_queue_hides_a_message_a_minute_longer_than_a_worker_may_run(self):
        """Less than the timeout is refused by Lambda, and would give one message to two workers. AWS recommends six times
        as much, for batches that Lambda throttles; with one message per worker it only delays the fifth receipt, after
        which a dead letter is seen: 7.5 hours at the default instead of 80 minutes."""
        times = self.source["Mappings"]["QueueTimes"]
        allowed = self.source["Parameters"]["WorkerTimeoutSeconds"]["AllowedValues"]
        self.assertEqual({int(k): v["VisibilitySeconds"] for k, v in times.items()}, {a: a + 60 for a in allowed})

    def test_a_worker_may_send_the_messages_that_start_the_next_one(self):
        """Lambda stops a chain of function, queue, function after about 16 turns unless the function allows it."""
        code = {name: f"s3://bucket/{name}" for name in template.code_folders(self.source)}
        made = template.translate(self.source, code, "us-east-1")["Resources"]
        self.assertEqual(made["WorkerFunction"]["Properties"]["RecursiveLoop"], "Allow")

    def test_ticks_of_the_sweeper_neither_repeat_nor_pile_up(self):
        code = {name: f"s3://bucket/{name}" for name in template.code_folders(self.source)}
        made = template.translate(self.source, code, "us-east-1")["Resources"]
        config, = [
            r["Properties"] for r in made.values()
            if r["Type"] == "AWS::Lambda::EventInvokeConfig" and r["Properties"]["FunctionName"] == {"Ref": "SweeperFunction"}
        ]
        self.assertEqual((config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]), (0, 60))

    def test_files_and_their_policy_outlive_the_stack(self):
        """A retained bucket without its policy would take requests without TLS; a failed first deployment leaves neither."""
        for name in ("Bucket", "BucketPolicy"):
            resource = self.source["Resources"][name]
            self.assertEqual((resource["DeletionPolicy"], resource["UpdateReplacePolicy"]), ("RetainExceptOnCreate", "Retain"), name)

    def test_files_expire_only_where_it_is_wanted_and_later_than_they_are_used(self):
        spec = self.source["Parameters"]
        days = spec["KeepFilesDays"]["AllowedValues"]
        used = spec["RetentionHours"]["Default"] / 24 + spec["ReuseDays"]["Default"] + 1
        self.assertEqual((spec["KeepFilesDays"]["Default"], days[0]), (0, 0))
        self.assertGreater(min(days[1:]), used)
        for one in days:
            made = cfn.Evaluation(self.source, {"KeepFilesDays": one}).resources()["Bucket"]["Properties"]
            rules = {rule["Id"]: rule for rule in made["LifecycleConfiguration"]["Rules"]}
            self.assertEqual("delete-old-files" in rules, one > 0)
            if one:
                self.assertEqual((rules["delete-old-files"]["Prefix"], rules["delete-old-files"]["ExpirationInDays"]), ("t/", str(one)))

    def test_halves_of_a_network_or_of_a_token_are_refused(self):
        def broken(**given):
            urls = {"SourceUrl": "postgres://source", "StoreUrl": "postgres://store"}
            return cfn.Evaluation(self.source, {**urls, **given}).broken_rules()

        network = {"VpcSubnetIds": "subnet-1,subnet-2", "VpcSecurityGroupIds": "sg-1", "VpcId": "vpc-1"}
        self.assertEqual(broken(**network), [])
        self.assertIn("VpcSecurityGroupIds", str(broken(**{**network, "VpcSecurityGroupIds": ""})))
        self.assertIn("VpcSubnetIds", str(broken(**{**network, "VpcSubnetIds": ""})))
        self.assertIn("VpcSecurityGroupIds needs", str(broken(VpcSecurityGroupIds="sg-1")))
        token = {"Auth": "jwt", "JwtIssuer": "https://issuer.example.com/", "JwtTenantClaim": "org", "JwtAudience": "sluice"}
        self.assertEqual(broken(**token), [])
        self.assertIn("JwtAudience", str(broken(**{**token, "JwtAudience": ""})))

    def test_tokens_need_an_issuer(self):
        rule = self.source["Rules"]["TokensHaveAnIssuer"]
        needed = [a["Assert"]["Fn::Not"][0]["Fn::Equals"] for a in rule["Assertions"][:2]]
        self.assertEqual(needed, [[{"Ref": "JwtIssuer"}, ""], [{"Ref": "JwtTenantClaim"}, ""]])

    def test_the_rules_without_a_pooler_leave_no_room_for_too_few_sessions(self):
        """Reads the rules as CloudFormation does and compares with StoreSessions >= Budget + api + 2."""
        api_concurrency = self.source["Mappings"]["Unpooled"]["Api"]["Concurrency"]

        def accepted(given):
            urls = {"SourceUrl": "postgres://source", "StoreUrl": "postgres://store"}
            return not cfn.Evaluation(self.source, {**urls, **given}).broken_rules()

        found = 0
        for budget in range(2, 60):
            for sessions in range(2, 70):
                given = {"Auth": "keys", "Pooler": "none", "ReserveConcurrency": "true", "Budget": budget}
                given["StoreSessions"] = sessions
                if accepted(given):
                    found += 1
                    self.assertGreaterEqual(sessions, budget + api_concurrency + 2)
        self.assertGreater(found, 20)
        pooled = {"Pooler": "own", "ReserveConcurrency": "false", "Budget": 4, "StoreSessions": 4}
        self.assertTrue(accepted({"Auth": "keys", **pooled}))
        self.assertTrue(accepted({}), "a plain RDS with the defaults")


if __name__ == "__main__":
    unittest.main()
