"""infra/cache.yaml and infra/example.yaml."""

import json
import re
import unittest

import cfn
import choices
from templates import code, load


class Cache(unittest.TestCase):
    def setUp(self):
        self.given = {
            "Name": "n", "VpcId": "v", "SubnetIds": "a,b", "FunctionSecurityGroupId": "sg-1", "KeyPrefix": "sluice:d:",
            "Gigabytes": "1", "RequestUnits": "5000",
        }
        self.made = cfn.Evaluation(load("cache"), self.given).resources()

    def test_the_user_may_do_what_the_code_does_with_its_own_keys(self):
        access = self.made["User"]["Properties"]["AccessString"].split()
        sent = set(re.findall(r'cmd\("([A-Z]+)"\)', code("functions/lib/ports/src/cache/redis.rs")))
        self.assertGreaterEqual(len(sent), 4)
        self.assertEqual({f"+{command.lower()}" for command in sent} - set(access), set())
        self.assertEqual([word for word in access if word.startswith("~")], ["~sluice:d:*"])
        self.assertIn("-@all", access)
        prefix = re.search(r'format!\("(\w+:)\{\}:', code("functions/lib/ports/src/cache/key.rs")).group(1)
        root = cfn.Evaluation(load("root"), choices.parameters({"cache": "own", "network": "given"})).resources()
        self.assertEqual(root["Cache"]["Properties"]["Parameters"]["KeyPrefix"], f"{prefix}{cfn.PSEUDO['AWS::StackId']}:")
        self.assertEqual(root["ApiFunction"]["Properties"]["Environment"]["Variables"]["SLUICE_DEPLOYMENT"], cfn.PSEUDO["AWS::StackId"])

    def test_it_is_limited_and_names_are_as_iam_wants_them(self):
        cache, user = self.made["Cache"]["Properties"], self.made["User"]["Properties"]
        self.assertEqual(cache["CacheUsageLimits"], {"DataStorage": {"Maximum": "1", "Unit": "GB"}, "ECPUPerSecond": {"Maximum": "5000"}})
        self.assertEqual(user["AuthenticationMode"], {"Type": "iam"})
        self.assertEqual(user["UserId"], user["UserName"])
        for name in (cache["ServerlessCacheName"], user["UserId"]):
            self.assertRegex(name, r"^[a-z][a-z0-9-]{1,39}$")

    def test_another_network_has_another_name_and_user_and_cache_share_it(self):
        """Subnets are create-only. The api takes the name of the user for that of the cache."""
        again = cfn.Evaluation(load("cache"), {**self.given, "NetworkRevision": "2"}).resources()
        for made, end in ((self.made, ""), (again, "-2")):
            names = {made["Cache"]["Properties"]["ServerlessCacheName"], made["User"]["Properties"]["UserId"], made["Users"]["Properties"]["UserGroupId"]}
            self.assertEqual(names, {f"sluice-0a1b2c3d{end}"})


class Example(unittest.TestCase):
    def test_example_network_is_isolated_from_the_internet(self):
        made = cfn.Evaluation(load("example"), {"MaxConnections": "100"}).resources()
        kinds = {body["Type"] for body in made.values()}
        self.assertEqual(kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route", "AWS::EC2::EIP"}, set())
        self.assertNotIn("0.0.0.0/0", json.dumps(made))
        database = made["Database"]["Properties"]
        self.assertIs(database["PubliclyAccessible"], False)
        self.assertIs(database["StorageEncrypted"], True)
        self.assertEqual(made["Settings"]["Properties"]["Parameters"]["rds.force_ssl"], "1")

    def test_zones_and_database_are_the_given_ones(self):
        def made(**given):
            found = cfn.Evaluation(load("example"), {"MaxConnections": "100", **given}).resources()
            zones = [found[name]["Properties"]["AvailabilityZone"] for name in ("SubnetA", "SubnetB")]
            return zones, found["Database"]["Properties"].get("DBName")

        zones, database = made()
        self.assertEqual([zone["Fn::Select"][0] for zone in zones], [0, 1])
        self.assertIsNone(database, "postgres is there anyway")
        self.assertEqual(made(FirstZone="b", SecondZone="c", DatabaseName="shop"), (["b", "c"], "shop"))


if __name__ == "__main__":
    unittest.main()
