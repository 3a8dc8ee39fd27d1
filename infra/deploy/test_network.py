"""Obstacles to a deployment in the account are reported before it is built. boto3 checks that each call exists."""

import unittest
import unittest.mock
from types import SimpleNamespace

import boto3
from botocore.exceptions import ClientError

import network

REGION, HOST = "eu-west-1", "shop.abc.eu-west-1.rds.amazonaws.com"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:owner-AbCdEf"
GIVEN = {
    "Pooler": "none", "SourceUrl": f"postgres://sluice_source@{HOST}/shop", "OwnerSecretArn": SECRET,
    "VpcSubnetIds": "subnet-1,subnet-2", "VpcSecurityGroupIds": "sg-f",
}
NETWORK = {"VpcId": "vpc-1", "VpcCidr": "10.0.0.0/16", "RouteTableIds": "rtb-1", "CreateEndpoints": "true"}


def subnet(number, zone, vpc="vpc-1"):
    return {"SubnetId": f"subnet-{number}", "VpcId": vpc, "AvailabilityZone": zone}


def allowing(*groups, port=5432):
    pairs = [{"GroupId": group} for group in groups]
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": pairs, "IpRanges": []}]


FINE = {
    "DescribeSecret": {}, "DescribeSubnets": {"Subnets": [subnet(1, "a"), subnet(2, "b")]},
    "DescribeSecurityGroups": {"SecurityGroups": [
        {"GroupId": "sg-f", "VpcId": "vpc-1", "IpPermissions": allowing("sg-f")},
        {"GroupId": "sg-d", "VpcId": "vpc-1", "IpPermissions": []},
    ]},
    "DescribeDBInstances": {"DBInstances": [{"Endpoint": {"Address": HOST}, "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-d"}]}]},
    "DescribeDBClusters": {"DBClusters": []}, "DescribeVpcEndpoints": {"VpcEndpoints": []},
    "DescribeVpcAttribute": {"EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}},
}


class Look(unittest.TestCase):
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
    clients = {}

    def look(self, given=None, responses=None, first=True):
        """Problems and notes with recorded responses; the text of one is the code of an error."""
        recorded = {**FINE, **(responses or {})}

        def answer(model, **_):
            found = recorded[model.name]
            if isinstance(found, str):
                raise ClientError({"Error": {"Code": found, "Message": ""}}, model.name)
            return SimpleNamespace(status_code=200), found

        def client(service, region):
            if service not in self.clients:
                self.clients[service] = self.session.client(service)
                self.clients[service].meta.events.register("before-call", lambda **words: Look.answer(**words))
            return self.clients[service]

        Look.answer = staticmethod(answer)
        with unittest.mock.patch("cloud.client", client), unittest.mock.patch.dict("os.environ", {"AWS_ENDPOINT_URL": ""}):
            found = network.look({"region": REGION, "parameters": {**GIVEN, **(given or {})}, "first": first})
        return found["problems"], found["notes"]

    def problem(self, given=None, responses=None):
        (problem,), notes = self.look(given, responses)
        self.assertEqual(notes, [])
        return problem

    def test_what_fits_is_no_problem(self):
        self.assertEqual(self.look(NETWORK), ([], []))

    def test_the_way_to_the_database_is_checked(self):
        shut = {"SecurityGroups": [{"GroupId": "sg-f", "VpcId": "vpc-1", "IpPermissions": allowing("sg-other")}]}
        text = self.problem(responses={"DescribeSecurityGroups": shut})
        self.assertIn("--group-id sg-d --protocol tcp --port 5432 --source-group sg-f", text)
        closed = [{"GroupId": "sg-f", "VpcId": "vpc-1", "IpPermissions": allowing("sg-f", port=5433)}]
        self.assertIn("does not allow", self.problem(responses={"DescribeSecurityGroups": {"SecurityGroups": closed}}))
        rule = {**allowing()[0], "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
        open_to = [{"GroupId": "sg-f", "VpcId": "vpc-1", "IpPermissions": [rule]}]
        self.assertEqual(self.look(responses={"DescribeSecurityGroups": {"SecurityGroups": open_to}}), ([], []))

    def test_subnets_are_in_one_network_and_different_zones(self):
        self.assertIn("no subnet subnet-2", self.problem(responses={"DescribeSubnets": {"Subnets": [subnet(1, "a")]}}))
        apart = {"DescribeSubnets": {"Subnets": [subnet(1, "a"), subnet(2, "b", "vpc-2")]}}
        self.assertIn("vpc-1 and vpc-2", self.problem(responses=apart))
        same = {"DescribeSubnets": {"Subnets": [subnet(1, "a"), subnet(2, "a")]}}
        self.assertEqual(self.look(responses=same), ([], []), "the functions alone may share a zone")
        self.assertIn("one subnet in each zone", self.problem(NETWORK, same))

    def test_endpoints_that_exist_are_not_created_again(self):
        def having(service, **more):
            return {"DescribeVpcEndpoints": {"VpcEndpoints": [{"ServiceName": f"com.amazonaws.{REGION}.{service}", **more}]}}

        self.assertIn("= false", self.problem(NETWORK, having("sqs", PrivateDnsEnabled=True)))
        self.assertIn("= sqs", self.problem(NETWORK, having("secretsmanager", PrivateDnsEnabled=True)))
        self.assertEqual(self.look({**NETWORK, "CreateEndpoints": "sqs"}, having("secretsmanager", PrivateDnsEnabled=True)), ([], []))
        self.assertIn("rtb-1 has the gateway", self.problem(NETWORK, having("s3", RouteTableIds=["rtb-1"])))
        self.assertEqual(self.look(NETWORK, having("sqs", PrivateDnsEnabled=True), first=False), ([], []), "its own")
        off = {"EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": False}}
        self.assertIn("enableDnsHostnames of vpc-1 is off", self.problem(NETWORK, {"DescribeVpcAttribute": off}))

    def test_a_secret_and_a_target_exist(self):
        self.assertIn(f"no secret {SECRET}", self.problem(responses={"DescribeSecret": "ResourceNotFoundException"}))
        proxy = {"Pooler": "proxy", "ProxyTarget": "cluster", "ProxyTargetId": "shop", "SourceUrl": ""}
        self.assertIn("no cluster shop", self.problem(proxy, {"DescribeDBClusters": "DBClusterNotFoundFault"}))

    def test_a_missing_right_is_a_note(self):
        problems, notes = self.look(responses={"DescribeSubnets": "UnauthorizedOperation", "DescribeSecret": "AccessDeniedException"})
        self.assertEqual(problems, [])
        self.assertEqual(len(notes), 2)
        self.assertIn("DescribeSubnets", " ".join(notes))


if __name__ == "__main__":
    unittest.main()
