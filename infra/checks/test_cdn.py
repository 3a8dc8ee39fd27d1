"""infra/cdn.yaml: who reads files, who signs, what is cached."""

import re
import unittest

import cfn
import choices
from templates import NESTED, code, load, of_type


class Cdn(unittest.TestCase):
    GIVEN = {"Name": "n", "StackIdPart": "1a2b", "BucketDomainName": "b.s3.us-east-1.amazonaws.com", "ApiDomainName": "x.execute-api.us-east-1.amazonaws.com"}
    KEYS = {"FirstKey": choices.KEY.format("first"), "SecondKey": choices.KEY.format("second")}

    def resources(self, **given):
        return cfn.Evaluation(load("cdn"), {**self.GIVEN, "CertificateArn": "", **given}).resources()

    def test_only_the_distribution_reads_files_and_only_files(self):
        source = load("root")
        evaluated = cfn.Evaluation(source, choices.parameters({"cdn": "both"}))
        statements = evaluated.resources()["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        allow, = [s for s in statements if s["Effect"] == "Allow"]
        self.assertEqual(allow["Principal"], {"Service": "cloudfront.amazonaws.com"})
        self.assertEqual(allow["Action"], "s3:GetObject")
        self.assertEqual(allow["Resource"], {"Fn::Sub": "${Bucket.Arn}/t/*"})
        self.assertEqual(allow["Condition"], {"StringEquals": {"AWS:SourceArn": {"Fn::GetAtt": ["Cdn", "Outputs.DistributionArn"]}}})
        without = cfn.Evaluation(source, choices.parameters({})).resources()["BucketPolicy"]
        self.assertEqual([s["Effect"] for s in without["Properties"]["PolicyDocument"]["Statement"]], ["Deny"])

    def test_names_differ_in_every_deployment_of_the_account(self):
        """CloudFront is global: the same stack name in another region must not collide."""
        made = self.resources(**self.KEYS)
        named = {"PublicKeyConfig", "KeyGroupConfig", "OriginAccessControlConfig", "CachePolicyConfig", "ResponseHeadersPolicyConfig"}
        names = [config["Name"] for r in made.values() for key, config in r["Properties"].items() if key in named]
        self.assertEqual(len(names), 7)
        for name in names:
            self.assertIn(f"-{self.GIVEN['StackIdPart']}-", name)

    def test_everything_but_the_api_needs_a_signature(self):
        made = self.resources(**self.KEYS)
        config = made["Distribution"]["Properties"]["DistributionConfig"]
        files, api = config["DefaultCacheBehavior"], config["CacheBehaviors"]
        self.assertEqual(files["TrustedKeyGroups"], [{"Ref": "Keys"}])
        self.assertEqual(files["AllowedMethods"], ["GET", "HEAD"])
        self.assertEqual([b["PathPattern"] for b in api], ["/api/*", "/", "/.well-known/api-catalog"])
        origins = {origin["Id"]: origin for origin in config["Origins"]}
        self.assertEqual(origins[files["TargetOriginId"]]["OriginAccessControlId"], {"Ref": "Access"})
        for behaviour in api:
            self.assertEqual(origins[behaviour["TargetOriginId"]]["DomainName"], self.GIVEN["ApiDomainName"])
        access = made["Access"]["Properties"]["OriginAccessControlConfig"]
        self.assertEqual((access["SigningBehavior"], access["SigningProtocol"]), ("always", "sigv4"))

    def test_the_header_of_the_api_comes_from_the_secret(self):
        def headers(**given):
            config = self.resources(**self.KEYS, **given)["Distribution"]["Properties"]["DistributionConfig"]
            files, api = config["Origins"]
            self.assertNotIn("OriginCustomHeaders", files, "S3 would log it")
            return api.get("OriginCustomHeaders")

        self.assertIsNone(headers())
        header, = headers(OriginSecretArn="arn:s")
        self.assertEqual(header["HeaderValue"], "{{resolve:secretsmanager:arn:s:SecretString}}")
        self.assertIn(f'"{header["HeaderName"]}"', code("functions/api/src/layers/origin.rs"))
        pinned, = headers(OriginSecretArn="arn:s", OriginSecretVersion="v-2")
        self.assertEqual(pinned["HeaderValue"], "{{resolve:secretsmanager:arn:s:SecretString:::v-2}}")

    def test_the_api_is_not_cached_and_files_only_for_as_long_as_they_say(self):
        made = self.resources(**self.KEYS)
        config = made["Distribution"]["Properties"]["DistributionConfig"]
        for behaviour in config["CacheBehaviors"]:
            self.assertEqual(behaviour["CachePolicyId"], "4135ea2d-6df8-44a3-9df3-4b5a84be39ad")
        policy = made["FilesCache"]["Properties"]["CachePolicyConfig"]
        said = re.search(r"max-age=(\d+), immutable", code("functions/lib/ports/src/objects/s3.rs"))
        self.assertEqual((policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"]), (0, 0, int(said.group(1))))
        key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
        self.assertEqual(key["QueryStringsConfig"]["QueryStringBehavior"], "none")

    def test_the_api_compresses_by_itself(self):
        """CloudFront compresses nothing that it does not cache, and files are compressed or requested without compression."""
        config = self.resources(**self.KEYS)["Distribution"]["Properties"]["DistributionConfig"]
        self.assertEqual([b["Compress"] for b in [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]], [False] * 4)

    def test_other_hosts_of_the_domain_are_not_forced_to_tls(self):
        """The alias may be a domain that has hosts of other services below it, some of them without TLS."""
        headers = self.resources(**self.KEYS)["Headers"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
        hsts = headers["StrictTransportSecurity"]
        self.assertEqual((hsts["IncludeSubdomains"], hsts["Preload"]), (False, False))
        self.assertGreaterEqual(hsts["AccessControlMaxAgeSec"], 31536000)

    def test_legacy_logs_say_what_their_bucket_needs(self):
        """The newer logs are resources of us-east-1 only, so none of them may be in a template."""
        for name in ["root", *NESTED]:
            kinds = {resource["Type"] for resource in load(name)["Resources"].values()}
            self.assertEqual([kind for kind in kinds if kind.startswith("AWS::Logs::Delivery")], [], name)
        said = load("root")["Parameters"]["CdnLogBucket"]["Description"]
        for word in ("ACLs", "bucket owner preferred", "us-east-1"):
            self.assertIn(word, said)

    def test_a_key_can_replace_the_other(self):
        for given, wanted in [(["FirstKey"], ["First"]), (["SecondKey"], ["Second"]), (["FirstKey", "SecondKey"], ["First", "Second"])]:
            made = self.resources(**{name: self.KEYS[name] for name in given})
            self.assertEqual(made["Keys"]["Properties"]["KeyGroupConfig"]["Items"], [{"Ref": name} for name in wanted])
            self.assertEqual(sorted(of_type(made, "AWS::CloudFront::PublicKey")), wanted)
        references = {made[name]["Properties"]["PublicKeyConfig"]["CallerReference"] for name in ("First", "Second")}
        self.assertEqual(len(references), 2)

    def test_an_alias_demands_tls_1_2_and_logs_are_only_where_wanted(self):
        plain = self.resources(**self.KEYS)["Distribution"]["Properties"]["DistributionConfig"]
        named = self.resources(**self.KEYS, Alias="a.example.com", CertificateArn="arn:c", LogBucket="l")["Distribution"]["Properties"]["DistributionConfig"]
        self.assertEqual(plain["ViewerCertificate"], {"CloudFrontDefaultCertificate": True})
        self.assertEqual(named["ViewerCertificate"]["MinimumProtocolVersion"], "TLSv1.2_2021")
        self.assertNotIn("Logging", plain)
        self.assertNotIn("WebACLId", plain)
        guarded = self.resources(**self.KEYS, WebAclArn="arn:acl")["Distribution"]["Properties"]["DistributionConfig"]
        self.assertEqual(guarded["WebACLId"], "arn:acl")
        self.assertEqual(named["Logging"]["Bucket"], "l")
        for config in (plain, named):
            behaviours = [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]
            self.assertEqual({b["ViewerProtocolPolicy"] for b in behaviours}, {"https-only"})


if __name__ == "__main__":
    unittest.main()
