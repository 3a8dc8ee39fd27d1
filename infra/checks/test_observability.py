"""infra/observability.yaml: every alarm listens to something that is said, and somebody knows what to do."""

import json
import unittest

import cfn
from observed import put_metrics
from templates import code, load, of_type

# Metrics of AWS that alarms and dashboard use.
AWS_METRICS = {
    "AWS/Lambda": {"ConcurrentExecutions", "Duration", "Errors", "Invocations", "RecursiveInvocationsDropped", "Throttles"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"},
    "AWS/ApiGateway": {"Count", "4xx", "5xx"},
    "AWS/RDS": {
        "ClientConnections", "DatabaseConnections", "DatabaseConnectionsBorrowLatency",
        "DatabaseConnectionsCurrentlyBorrowed", "DatabaseConnectionsCurrentlySessionPinned",
    },
}


def short(name):
    """What the code calls the function of that logical name."""
    return name.removesuffix("Function").lower()


class Observability(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        names = ("ApiId", "ApiFunction", "WorkerFunction", "SweeperFunction", "QueueName", "DeadLetterQueueName")
        cls.given = {"Name": "n", "Budget": "7", "OldestDueMinutes": "60", **{name: name for name in names}}
        cls.source = load("observability")
        cls.put = put_metrics()

    def resources(self, **given):
        return cfn.Evaluation(self.source, {**self.given, **given}).resources()

    def assert_metric(self, namespace, name, dimensions, where):
        if namespace == "Sluice":
            self.assertEqual(list(dimensions), ["FunctionName"], where)
            self.assertIn((short(dimensions["FunctionName"]), name), self.put, where)
        else:
            self.assertIn(name, AWS_METRICS[namespace], where)

    def test_every_alarm_uses_an_emitted_metric(self):
        alarms = of_type(self.resources(ProxyName="p"), "AWS::CloudWatch::Alarm")
        self.assertEqual(len(alarms), 13)
        for name, alarm in alarms.items():
            properties = alarm["Properties"]
            metrics = [m["MetricStat"]["Metric"] for m in properties.get("Metrics", []) if "MetricStat" in m] or [properties]
            for metric in metrics:
                dimensions = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
                self.assert_metric(metric["Namespace"], metric["MetricName"], dimensions, name)

    def test_every_needed_metric_is_emitted(self):
        wanted = {
            "chunks": [("worker", "Files"), ("sweeper", "ChunksRunning"), ("sweeper", "ChunksSent"), ("worker", "Splits")],
            "rows": [("worker", "Rows")],
            "bytes": [("worker", "SourceBytes"), ("worker", "FileBytes"), ("worker", "PeakMemory")],
            "durations": [("worker", name) for name in ("Connect", "FirstRow", "Read", "Encode", "Upload", "Cpu")],
            "waits": [("worker", "Waited"), ("sweeper", "OldestDue")],
            "retries": [("worker", name) for name in ("AttemptsAgain", "AttemptsFailed", "BackOffs", "LeasesLost", "LeasesFailed")],
            "cache hits": [("api", f"{layer}{what}") for layer in ("Memory", "Shared") for what in ("Hits", "Misses")],
            "sessions": [("sweeper", "ChunksRunning")],
            "refusals": [("api", "Refusals"), ("api", "TooMany"), ("api", "Busy")],
            "failures": [("api", "ExportsFailed"), ("worker", "ExportsFailed"), ("sweeper", "StepsFailed"), ("sweeper", "InvariantsBroken"), ("sweeper", "PutRight")],
        }
        for subject, metrics in wanted.items():
            self.assertEqual(set(metrics) - self.put, set(), subject)

    def test_every_failed_export_is_counted(self):
        self.assertEqual({function for function, name in self.put if name == "ExportsFailed"}, {"api", "worker", "sweeper"})
        for function in ("api", "worker", "sweeper", "admin"):
            self.assertIn(f'telemetry::init("{function}")', code(f"functions/{function}/src/main.rs"))
        # Each statement that fails a live export is followed by the metric.
        for name in ("finish", "cancel"):
            text = code(f"functions/lib/store/src/{name}.rs")
            self.assertEqual(text.count("metrics::export_failed("), 1, name)

    def test_the_dashboard_shows_every_emitted_metric(self):
        body = json.loads(self.resources(ProxyName="p")["Dashboard"]["Properties"]["DashboardBody"])
        shown = set()
        for widget in body["widgets"]:
            self.assertLessEqual(widget["x"] + widget["width"], 24)
            for metric in widget["properties"]["metrics"]:
                words = [word for word in metric if isinstance(word, str)]
                self.assert_metric(words[0], words[1], dict(zip(words[2::2], words[3::2])), widget["properties"]["title"])
                shown.add((short(words[3]), words[1]))
        self.assertEqual(self.put - shown, set(), "metrics that the dashboard does not show")
        self.assertEqual(body["widgets"][0]["properties"]["annotations"]["horizontal"][0]["value"], 7)

    def test_the_dashboard_has_no_empty_dimension(self):
        for given, widgets in [({}, 16), ({"ProxyName": "p"}, 18)]:
            body = json.loads(self.resources(**given)["Dashboard"]["Properties"]["DashboardBody"])
            self.assertEqual(len(body["widgets"]), widgets)
            self.assertNotIn('""', json.dumps(body))

    def test_the_metrics_have_the_dimension_and_namespace_of_the_code(self):
        source = code("functions/lib/ports/src/metrics.rs")
        self.assertIn('const NAMESPACE: &str = "Sluice";', source)
        self.assertIn('const DIMENSION: &str = "FunctionName";', source)
        # What Lambda sets; no template does.
        self.assertIn('std::env::var("AWS_LAMBDA_FUNCTION_NAME")', source)

    def test_alarms_go_to_the_configured_targets(self):
        for given, wanted in [({}, 0), ({"Email": "a@example.com"}, 1), ({"Email": "a@example.com", "TopicArn": "arn:t"}, 2)]:
            for name, alarm in of_type(self.resources(ProxyName="p", **given), "AWS::CloudWatch::Alarm").items():
                self.assertEqual(len(alarm["Properties"]["AlarmActions"]), wanted, name)
        self.assertEqual(len(of_type(self.resources(), "AWS::CloudWatch::Alarm")), 11)

    def test_every_alarm_has_its_page_in_the_runbook(self):
        runbook = code("infra/README.md")
        for name in of_type(self.source["Resources"], "AWS::CloudWatch::Alarm"):
            self.assertIn(f"\n### {name}\n", runbook)


if __name__ == "__main__":
    unittest.main()
