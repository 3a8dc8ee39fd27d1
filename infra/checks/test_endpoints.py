"""infra/endpoints.yaml: which endpoints there are, who reaches them, what their policies allow."""

import unittest

import cfn
from templates import load, of_type


class Endpoints(unittest.TestCase):
    GIVEN = {"VpcId": "vpc-1", "SubnetIds": "a,b", "FunctionSecurityGroupId": "sg-1", "Cidr": "10.0.0.0/16"}
    ALL = {"RouteTableIds": "rtb-1,rtb-2", "Secrets": "true", "Extensions": "true", "AssumedRoles": "true"}

    def resources(self, **given):
        return cfn.Evaluation(load("endpoints"), {**self.GIVEN, **given}).resources()

    def endpoints(self, **given):
        found = of_type(self.resources(**given), "AWS::EC2::VPCEndpoint")
        return {name: body["Properties"] for name, body in found.items()}

    def test_endpoints_are_those_that_are_wanted(self):
        extensions = {"Logs", "Monitoring", "XRay"}
        self.assertEqual(set(self.endpoints()), {"Sqs"})
        self.assertEqual(set(self.endpoints(RouteTableIds="rtb-1")), {"Sqs", "S3"})
        self.assertEqual(set(self.endpoints(Secrets="true")), {"Sqs", "SecretsManager"})
        self.assertEqual(set(self.endpoints(Extensions="true")), {"Sqs"} | extensions)
        self.assertEqual(set(self.endpoints(AssumedRoles="true")), {"Sqs", "Sts"})
        self.assertEqual(set(self.endpoints(**self.ALL)), {"Sqs", "S3", "SecretsManager", "Sts"} | extensions)

    def test_a_gateway_is_in_the_route_tables_and_an_interface_in_the_subnets(self):
        for name, one in self.endpoints(**self.ALL).items():
            if one["VpcEndpointType"] == "Gateway":
                self.assertEqual((name, one["RouteTableIds"]), ("S3", ["rtb-1", "rtb-2"]))
                continue
            self.assertEqual((one["SubnetIds"], one["PrivateDnsEnabled"]), (["a", "b"], True), name)
            self.assertEqual(one["SecurityGroupIds"], [{"Ref": "SecurityGroup"}], name)

    def test_functions_and_the_whole_range_reach_them_by_https_only(self):
        group = self.resources()["SecurityGroup"]["Properties"]["SecurityGroupIngress"]
        self.assertEqual([(one["FromPort"], one["ToPort"]) for one in group], [(443, 443)] * 2)
        self.assertEqual([one["CidrIp"] for one in group if "CidrIp" in one], ["10.0.0.0/16"])
        self.assertEqual([one["SourceSecurityGroupId"] for one in group if "CidrIp" not in one], ["sg-1"])

    def test_there_is_no_policy_unless_it_is_wanted(self):
        for name, one in self.endpoints(**self.ALL).items():
            self.assertNotIn("PolicyDocument", one, name)

    def test_policies_allow_this_account_and_its_resources_only(self):
        """A function that was taken over could otherwise carry rows to a bucket, a queue or a secret of another account."""
        account = cfn.PSEUDO["AWS::AccountId"]
        services = {"S3": "s3", "Sqs": "sqs", "SecretsManager": "secretsmanager", "Logs": "logs", "Monitoring": "cloudwatch", "XRay": "xray", "Sts": "sts"}
        found = self.endpoints(**self.ALL, Policies="account")
        self.assertEqual(set(found), set(services))
        for name, one in found.items():
            statement, = one["PolicyDocument"]["Statement"]
            self.assertEqual((statement["Effect"], statement["Action"]), ("Allow", f"{services[name]}:*"), name)
            limits = statement["Condition"]["StringEquals"]
            self.assertEqual(set(limits.values()), {account}, name)
            wanted = {"aws:PrincipalAccount"} | ({"aws:ResourceAccount"} if name in ("S3", "Sqs", "SecretsManager") else set())
            self.assertEqual(set(limits), wanted, name)


if __name__ == "__main__":
    unittest.main()
