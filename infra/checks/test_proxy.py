"""infra/proxy.yaml and infra/roles.sql: the pool, the logins, the roles."""

import json
import re
import unittest

import cfn
from templates import ROOT, code, load


class Proxy(unittest.TestCase):
    GIVEN = {
        "Name": "n", "VpcId": "vpc-1", "SubnetIds": "a,b", "FunctionSecurityGroupId": "sg-1", "DatabaseSecurityGroupId": "sg-2", "Target": "instance",
        "TargetId": "shop", "TargetResourceId": "db-ABC", "ReadFromReader": "true", "Auth": "password",
        "SourceSecretArn": "arn:source", "StoreSecretArn": "arn:store", "Budget": "4", "StoreSessions": "6",
        "MaxConnections": "100", "BorrowSeconds": "30", "LogRetentionDays": "30",
    }

    def resources(self, **given):
        return cfn.Evaluation(load("proxy"), {**self.GIVEN, **given}).resources()

    def script(self):
        scope = {}
        exec(load("proxy")["Resources"]["PoolFunction"]["Properties"]["Code"]["ZipFile"], scope)
        return scope

    def test_the_pool_holds_both_budgets_with_the_room_that_aws_wants(self):
        """By hand: 10 of 100 with room are 13, too few; 48 of 100 are 62.4; 90 would be 117; 100 of 401 are 32.4."""
        pool = self.script()["pool"]
        given = self.resources()["Pool"]["Properties"]
        rule = int(given["RoomPercent"]), int(given["LeastPercent"])
        for (budget, sessions, most), percent in {(4, 6, 100): 20, (40, 8, 100): 63, (80, 10, 100): 100, (90, 10, 401): 33}.items():
            self.assertEqual(pool(budget, sessions, most, *rule), percent)
        for budget in range(2, 60):
            for sessions in range(2, 30):
                for most in (100, 112, 401, 5000):
                    percent = pool(budget, sessions, most, *rule)
                    self.assertTrue(20 <= percent <= 100)
                    self.assertTrue(percent == 100 or percent * most >= 130 * (budget + sessions))
                    self.assertTrue(percent == 20 or (percent - 1) * most < 130 * (budget + sessions))

    def test_hardly_a_session_is_kept_idle(self):
        pool = self.resources()["TargetGroup"]["Properties"]["ConnectionPoolConfigurationInfo"]
        self.assertEqual(pool["MaxConnectionsPercent"], {"Fn::GetAtt": ["Pool", "Percent"]})
        self.assertLessEqual(pool["MaxIdleConnectionsPercent"], 5)

    def test_a_database_that_is_too_small_fails_the_deployment_with_the_reason(self):
        scope, sent = self.script(), []
        scope["urllib"].request.urlopen, before = lambda request, timeout: sent.append(json.loads(request.data)), scope["urllib"].request.urlopen
        try:
            event = {"StackId": "s", "RequestId": "r", "LogicalResourceId": "Pool", "ResponseURL": "http://localhost/"}
            sizes = {"Budget": "40", "StoreSessions": "8", "MaxConnections": "100", "RoomPercent": "30", "LeastPercent": "20"}
            scope["handler"]({**event, "RequestType": "Create", "ResourceProperties": sizes}, None)
            scope["handler"]({**event, "RequestType": "Update", "ResourceProperties": {**sizes, "Budget": "99"}}, None)
            scope["handler"]({**event, "RequestType": "Delete", "ResourceProperties": sizes}, None)
        finally:
            scope["urllib"].request.urlopen = before
        self.assertEqual([one["Status"] for one in sent], ["SUCCESS", "FAILED", "SUCCESS"])
        self.assertEqual(sent[0]["Data"], {"Percent": 63})
        self.assertIn("MaxConnections", sent[1]["Reason"])
        self.assertTrue(all(one["PhysicalResourceId"] == "pool" for one in sent))

    def test_tls_is_required_and_login_follows_the_parameter(self):
        for auth in ("password", "iam"):
            proxy = self.resources(Auth=auth)["Proxy"]["Properties"]
            self.assertIs(proxy["RequireTLS"], True)
            self.assertEqual(proxy["DefaultAuthScheme"], {"password": "NONE", "iam": "IAM_AUTH"}[auth])
            self.assertEqual([a["SecretArn"] for a in proxy.get("Auth", [])], ["arn:source", "arn:store"] if auth == "password" else [])

    def test_the_role_may_log_in_as_our_two_roles_and_nothing_else(self):
        def statements(auth):
            role = self.resources(Auth=auth)["Role"]["Properties"]
            return role["Policies"][0]["PolicyDocument"]["Statement"]

        (password,), (iam,) = statements("password"), statements("iam")
        self.assertEqual((password["Action"], password["Resource"]), ("secretsmanager:GetSecretValue", ["arn:source", "arn:store"]))
        self.assertEqual(iam["Action"], "rds-db:connect")
        begin = "arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABC/"
        self.assertEqual(iam["Resource"], [begin + "sluice_source", begin + "sluice_store"])

    def test_the_role_may_be_assumed_without_a_condition(self):
        """AWS shows no condition for this role, and a proxy that cannot assume it fails the deployment without a reason."""
        role = self.resources()["Role"]["Properties"]["AssumeRolePolicyDocument"]
        allow = {"Effect": "Allow", "Principal": {"Service": "rds.amazonaws.com"}, "Action": "sts:AssumeRole"}
        self.assertEqual(role["Statement"], [allow])

    def test_a_cluster_has_a_reader_endpoint_for_the_source_and_an_instance_has_none(self):
        def endpoint(**given):
            evaluated = cfn.Evaluation(load("proxy"), {**self.GIVEN, **given})
            group = evaluated.resources()["TargetGroup"]["Properties"]
            self.assertEqual("DBClusterIdentifiers" in group, given.get("Target") == "cluster")
            self.assertEqual("DBInstanceIdentifiers" in group, given.get("Target") != "cluster")
            return evaluated.outputs()["SourceEndpoint"]["Fn::GetAtt"][0]

        self.assertEqual(endpoint(), "Proxy")
        self.assertEqual(endpoint(Target="cluster"), "SourceEndpoint")
        self.assertEqual(endpoint(Target="cluster", ReadFromReader="false"), "Proxy")
        self.assertEqual(self.resources(Target="cluster")["SourceEndpoint"]["Properties"]["TargetRole"], "READ_ONLY")

    def test_the_database_lets_the_proxy_in_before_it_is_waited_for(self):
        made = self.resources()
        ingress = made["DatabaseIngress"]["Properties"]
        self.assertEqual((ingress["GroupId"], ingress["SourceSecurityGroupId"]), ("sg-2", {"Ref": "SecurityGroup"}))
        self.assertEqual((ingress["FromPort"], ingress["ToPort"]), ("5432", "5432"))
        self.assertEqual(made["TargetGroup"]["DependsOn"], "DatabaseIngress")

    def test_the_port_is_the_databases_and_the_proxy_keeps_its_own(self):
        made = self.resources(DatabasePort="5433")
        ingress = made["DatabaseIngress"]["Properties"]
        self.assertEqual((ingress["FromPort"], ingress["ToPort"]), ("5433", "5433"))
        functions, = made["SecurityGroup"]["Properties"]["SecurityGroupIngress"]
        self.assertEqual((functions["FromPort"], functions["ToPort"]), (5432, 5432))

    def test_a_name_that_rds_would_refuse_is_refused_at_once(self):
        """RDS: letters, digits and hyphens, none at the end and no two in a row (`CreateDBProxy`)."""
        name = load("proxy")["Parameters"]["Name"]
        for one in ("sluice", "a-b-1", "n" * 45):
            self.assertRegex(one, name["AllowedPattern"])
            self.assertRegex(f"sluice-{one}", r"^[a-zA-Z](?:-?[a-zA-Z0-9]+)*$")
        for one in ("a--b", "a-", ""):
            self.assertNotRegex(one, name["AllowedPattern"])
        self.assertIn("stack name", name["ConstraintDescription"])

    def test_the_longest_name_fits(self):
        longest = "n" * load("proxy")["Parameters"]["Name"]["MaxLength"]
        made = self.resources(Name=longest, Target="cluster", NetworkRevision="99")
        self.assertLessEqual(len(made["Proxy"]["Properties"]["DBProxyName"]), 63)
        self.assertLessEqual(len(made["SourceEndpoint"]["Properties"]["DBProxyEndpointName"]), 63)

    def test_another_network_has_another_name(self):
        """Subnets are create-only: the new proxy is made while the old one still has its name."""
        def names(**given):
            made = self.resources(Target="cluster", **given)
            log = made["ProxyLogs"]["Properties"]["LogGroupName"]
            return made["Proxy"]["Properties"]["DBProxyName"], made["SourceEndpoint"]["Properties"]["DBProxyEndpointName"], log

        self.assertEqual(names(), ("sluice-n", "sluice-n-source", "/aws/rds/proxy/sluice-n"))
        self.assertEqual(names(NetworkRevision="2"), ("sluice-n-2", "sluice-n-2-source", "/aws/rds/proxy/sluice-n-2"))

    def test_the_proxys_own_log_ends_some_day(self):
        made = self.resources()
        self.assertEqual(made["ProxyLogs"]["Properties"]["RetentionInDays"], "30")
        self.assertEqual(made["Proxy"]["DependsOn"], "ProxyLogs", "else RDS makes the group first")

    def test_functions_give_up_before_the_proxy_does(self):
        patience = re.search(r"SESSION_TIMEOUT: Duration = Duration::from_secs\((\d+)\)", code("functions/lib/store/src/connection.rs"))
        self.assertLess(int(patience.group(1)), load("root")["Parameters"]["BorrowSeconds"]["Default"])


class Roles(unittest.TestCase):
    """infra/roles.sql is what `admin migrate` runs about roles, for those who run it themselves."""

    def test_it_sets_what_the_code_sets(self):
        source = code("functions/lib/store/src/roles.rs")
        script = code("infra/roles.sql")
        for role, name in (("sluice_source", "SOURCE_SETTINGS"), ("sluice_store", "STORE_SETTINGS")):
            blocks = re.findall(rf"const {name}(?:_IF_KNOWN|_WITHOUT_POOLER)?: .*?=\s+\[(.*?)\];", source, re.S)
            self.assertEqual(len(blocks), {"sluice_source": 2, "sluice_store": 3}[role])
            wanted = {pair for block in blocks for pair in re.findall(r'\("(\w+)", "([^"]+)"\)', block)}
            found = set(re.findall(rf"alter role {role} set (\w+) = '([^':]+)';", script))
            self.assertEqual(found, wanted)
        without = re.search(r"\n\\if :without_pooler\n(.*?)\\endif", script, re.S)[1]
        only = re.search(r"const STORE_SETTINGS_WITHOUT_POOLER: .*?=\s+\[(.*?)\];", source, re.S)[1]
        self.assertEqual(re.findall(r"set (\w+) = '([^']+)'", without), re.findall(r'\("(\w+)", "([^"]+)"\)', only))
        for statement in re.findall(r'format!\("(grant [^{]+)\{store\}"\)', source):
            self.assertIn(f"{statement}sluice_store", script)

    def test_no_password_is_an_argument_of_a_process(self):
        """Every user of a machine can read the arguments of its processes."""
        script = code("infra/roles.sql")
        for role in ("source", "store"):
            self.assertIn(f"\\getenv {role}_password SLUICE_{role.upper()}_PASSWORD\n", script)
        self.assertLess(script.index("set log_statement = 'none'"), script.index("password :'"))
        files = [path for path in ROOT.glob("**/*.md") if "target" not in path.parts] + [ROOT / "infra/roles.sql"]
        self.assertGreater(len(files), 10)
        for file in files:
            text = file.read_text()
            self.assertNotRegex(text, r"(?m)^(?!export ).*-v\s*\w*password", str(file))
            self.assertNotRegex(text, r"psql [\"']?\$\{?OWNER_URL", str(file))

    def test_it_limits_as_the_code_limits(self):
        """Behind RDS Proxy the limits are a multiple of the budgets; both sides name the same one."""
        factor = re.search(r"PROXY_FACTOR: u32 = (\d+);", code("functions/lib/ports/src/postgres/pooler.rs"))[1]
        script = code("infra/roles.sql")
        for budget, limit in (("budget", "source_limit"), ("store_sessions", "store_limit")):
            self.assertIn(f":{budget} * case :'pooler' when 'proxy' then {factor} else 1 end as {limit}", script)
            role = f"sluice_{limit.removesuffix('_limit')}"
            self.assertIn(f"alter role {role} login connection limit :{limit};", script)


if __name__ == "__main__":
    unittest.main()
