"""Input of `sam local`: the built template, variables, the shipped events."""

import hashlib
import json
import unittest
from pathlib import Path

import sam_local
import templates

EVENTS = templates.ROOT / "infra/events"


class Given(unittest.TestCase):
    def test_the_template_is_the_built_one_with_an_endpoint_and_paths_that_hold_anywhere(self):
        source = templates.load("root")
        made = sam_local.for_containers(source, Path("/built"))
        shared = made["Globals"]["Function"]["Environment"]["Variables"]
        self.assertEqual(shared.pop("AWS_ENDPOINT_URL"), "")
        self.assertEqual(shared, source["Globals"]["Function"]["Environment"]["Variables"])
        self.assertEqual(made["Resources"]["ApiFunction"]["Properties"]["CodeUri"], "/built/functions/api")
        self.assertEqual(made["Resources"]["Proxy"]["Properties"]["TemplateURL"], "/built/infra/proxy.yaml")
        self.assertNotIn("AWS_ENDPOINT_URL", source["Globals"]["Function"]["Environment"]["Variables"])

    def test_addresses_become_those_that_containers_reach(self):
        given = {"api": {"SLUICE_STORE_URL": "postgres://u:p@127.0.0.1:6432/shop", "SLUICE_BUCKET": "b"}}
        addresses = {"127.0.0.1:6432": "172.17.0.1:1", "127.0.0.1:4566": "172.17.0.1:2"}
        made = sam_local.overrides(given, "http://127.0.0.1:4566", addresses)["ApiFunction"]
        self.assertEqual(made["SLUICE_STORE_URL"], "postgres://u:p@172.17.0.1:1/shop")
        self.assertEqual(made["AWS_ENDPOINT_URL"], "http://172.17.0.1:2")
        self.assertEqual(made["SLUICE_BUCKET"], "b")

    def test_every_function_has_an_event(self):
        functions = {name: r for name, r in templates.load("root")["Resources"].items() if r["Type"] == "AWS::Serverless::Function"}
        # The bootstrap is called by CloudFormation only, with the settings of a deployment.
        self.assertEqual({*sam_local.FUNCTIONS.values(), "BootstrapFunction"}, set(functions))
        self.assertEqual({path.stem for path in EVENTS.glob("*.json")}, set(sam_local.FUNCTIONS))
        for path in EVENTS.glob("*.json"):
            self.assertIsInstance(json.loads(path.read_text()), dict, path)

    def test_the_workers_event_takes_a_chunk(self):
        event = json.loads((EVENTS / "worker.json").read_text())
        shipped = event["Records"][0]
        self.assertEqual(shipped["md5OfBody"], hashlib.md5(shipped["body"].encode()).hexdigest())
        record = sam_local.filled(event, "chunk-1")["Records"][0]
        self.assertEqual(json.loads(record["body"]), {"chunk": "chunk-1"})
        self.assertNotEqual(record["md5OfBody"], shipped["md5OfBody"])

    def test_the_answer_is_the_last_line(self):
        self.assertEqual(sam_local.answer_of('START\n{"a": 1}\n\n'), {"a": 1})
        self.assertIsNone(sam_local.answer_of(""))


if __name__ == "__main__":
    unittest.main()
