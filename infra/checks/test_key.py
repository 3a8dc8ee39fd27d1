"""The key of the operator (KmsKeyArn): what it encrypts, and that nothing changes without it."""

import json
import unittest

import cfn
import choices
import template
from templates import code, load, of_type

KEY = choices.SIDES["KmsKeyArn"][1]
# Type -> property that names the key.
ENCRYPTED = {
    "AWS::Lambda::Function": "KmsKeyArn",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
    "AWS::SQS::Queue": "KmsMasterKeyId",
}


def resources(key):
    source = load("root")
    made = template.translate(source, {name: "s3://b/k" for name in template.code_folders(source)}, "us-east-1")
    return cfn.Evaluation(made, {**choices.parameters({"network": "given", "Pooler": "proxy", "cdn": "both"}), "KmsKeyArn": key}).resources()


class Key(unittest.TestCase):
    def test_it_encrypts_all_that_holds_something(self):
        made = resources(KEY)
        for kind, name in ENCRYPTED.items():
            found = of_type(made, kind)
            self.assertTrue(found, kind)
            for logical, resource in found.items():
                self.assertEqual(resource["Properties"].get(name), KEY, logical)
        bucket, = made["Bucket"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        self.assertEqual(bucket["ServerSideEncryptionByDefault"], {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY})
        self.assertIs(bucket["BucketKeyEnabled"], True)
        for queue in of_type(made, "AWS::SQS::Queue").values():
            self.assertNotIn("SqsManagedSseEnabled", queue["Properties"], "SQS accepts one of the two")

    def test_without_it_everything_is_encrypted_by_keys_of_aws(self):
        made = resources("")
        self.assertNotIn("kms", json.dumps({name: one for name, one in made.items() if name != "Observability"}).lower().replace("kmskeyarn", ""))
        bucket, = made["Bucket"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        self.assertEqual(bucket, {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}})
        for queue in of_type(made, "AWS::SQS::Queue").values():
            self.assertIs(queue["Properties"]["SqsManagedSseEnabled"], True)

    def test_nested_stacks_are_given_it(self):
        made = resources(KEY)
        for name in ("Proxy", "Observability"):
            self.assertEqual(made[name]["Properties"]["Parameters"]["KmsKeyArn"], KEY)

    def test_the_proxy_reads_its_secrets_with_it(self):
        given = {"Auth": "password", "SourceSecretArn": "arn:a", "StoreSecretArn": "arn:b", "KmsKeyArn": KEY}
        made = cfn.Evaluation(load("proxy"), given).resources()
        *_, use = made["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        self.assertEqual((use["Action"], use["Resource"]), ("kms:Decrypt", KEY))
        self.assertEqual(use["Condition"], {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}})
        for name in ("PoolLogs", "ProxyLogs"):
            self.assertEqual(made[name]["Properties"]["KmsKeyId"], KEY)
        self.assertEqual(made["PoolFunction"]["Properties"]["KmsKeyArn"], KEY)

    def test_the_topic_has_a_key_of_its_own_only_without_it(self):
        def made(key):
            return cfn.Evaluation(load("observability"), {"Email": "a@b.c", "KmsKeyArn": key}).resources()

        self.assertEqual(made(KEY)["Topic"]["Properties"]["KmsMasterKeyId"], KEY)
        self.assertNotIn("TopicKey", made(KEY))
        self.assertEqual(made("")["Topic"]["Properties"]["KmsMasterKeyId"], {"Ref": "TopicKey"})

    def test_the_policy_in_the_readme_names_every_service_that_uses_the_key_itself(self):
        text = code("infra/README.md")
        begin = text.index("## A key of your own")
        policy = json.loads(text[text.index("```json", begin) + 7:text.index("```\n", text.index("```json", begin) + 7)])
        services = {one["Principal"].get("Service") for one in policy["Statement"]} - {None}
        self.assertEqual(services, {"logs.REGION.amazonaws.com", "cloudfront.amazonaws.com", "cloudwatch.amazonaws.com"})
        groups = str(policy)
        proxy = cfn.Evaluation(load("proxy"), {"Name": "sluice", "KmsKeyArn": KEY}).resources()
        self.assertIn("log-group:/aws/rds/proxy/sluice-STACK*", groups)
        for group in of_type({**resources(KEY), "PoolLogs": proxy["PoolLogs"]}, "AWS::Logs::LogGroup").values():
            prefix = group["Properties"]["LogGroupName"].replace("sluice/sluice/", "sluice/STACK/").rsplit("/", 1)[0]
            self.assertIn(f"log-group:{prefix}/*", groups)


if __name__ == "__main__":
    unittest.main()
