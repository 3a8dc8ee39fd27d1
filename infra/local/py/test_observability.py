"""infra/observability.yaml: every alarm listens to something that is said, and somebody knows what to do."""

import json
import re
import unittest

import cfn
from templates import ROOT, code, load, of_type

# Metrics of AWS that alarms and dashboard use.
AWS_METRICS = {
    "AWS/Lambda": {"ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"},
    "AWS/ApiGateway": {"Count", "4xx", "5xx"},
    "AWS/RDS": {
        "ClientConnections", "DatabaseConnections", "DatabaseConnectionsBorrowLatency",
        "DatabaseConnectionsCurrentlyBorrowed", "DatabaseConnectionsCurrentlySessionPinned",
    },
}
# (function, metric) that alarms listen to and the code does not put yet; what is put must leave this list.
AWAITED = {("sweeper", "OldestDue"), *((name, "ExportsFailed") for name in ("api", "worker", "sweeper"))}


def put_metrics():
    """(function, metric) for all metrics that the code puts."""
    found = set()
    for path in (ROOT / "functions").rglob("*.rs"):
        text = path.read_text()
        for call in re.finditer(r'\bput\(\s*"(\w+)",(.*?)\n\s*\);', text, re.S):
            found |= {(call.group(1), metric) for metric in re.findall(r'\("(\w+)", Unit::', call.group(2))}
    return found


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
            self.assertEqual(list(dimensions), ["Function"], where)
            self.assertIn((dimensions["Function"], name), self.put | AWAITED, where)
        else:
            self.assertIn(name, AWS_METRICS[namespace], where)

    def test_every_alarm_listens_to_something_that_is_said(self):
        alarms = of_type(self.resources(ProxyName="p"), "AWS::CloudWatch::Alarm")
        self.assertEqual(len(alarms), 10)
        for name, alarm in alarms.items():
            properties = alarm["Properties"]
            metrics = [m["MetricStat"]["Metric"] for m in properties.get("Metrics", []) if "MetricStat" in m] or [properties]
            for metric in metrics:
                dimensions = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
                self.assert_metric(metric["Namespace"], metric["MetricName"], dimensions, name)

    def test_metrics_that_are_awaited_are_not_put_yet(self):
        self.assertEqual(self.put & AWAITED, set(), "take them off AWAITED")

    def test_the_dashboard_shows_what_is_said(self):
        body = json.loads(self.resources(ProxyName="p")["Dashboard"]["Properties"]["DashboardBody"])
        shown = set()
        for widget in body["widgets"]:
            self.assertLessEqual(widget["x"] + widget["width"], 24)
            for metric in widget["properties"]["metrics"]:
                words = [word for word in metric if isinstance(word, str)]
                self.assert_metric(words[0], words[1], dict(zip(words[2::2], words[3::2])), widget["properties"]["title"])
                shown.add((words[3], words[1]))
        self.assertEqual(self.put - shown, set(), "metrics that the dashboard does not show")
        self.assertEqual(body["widgets"][0]["properties"]["annotations"]["horizontal"][0]["value"], 7)

    def test_the_metrics_have_the_dimension_and_namespace_of_the_code(self):
        source = code("functions/ports/src/metrics.rs")
        self.assertIn('const NAMESPACE: &str = "Sluice";', source)
        self.assertIn('"Dimensions": [["Function"]]', source)

    def test_alarms_go_where_was_said(self):
        for given, wanted in [({}, 0), ({"Email": "a@example.com"}, 1), ({"Email": "a@example.com", "TopicArn": "arn:t"}, 2)]:
            for name, alarm in of_type(self.resources(ProxyName="p", **given), "AWS::CloudWatch::Alarm").items():
                self.assertEqual(len(alarm["Properties"]["AlarmActions"]), wanted, name)
        self.assertEqual(len(of_type(self.resources(), "AWS::CloudWatch::Alarm")), 8)

    def test_every_alarm_has_its_page_in_the_runbook(self):
        runbook = code("infra/README.md")
        for name in of_type(self.source["Resources"], "AWS::CloudWatch::Alarm"):
            self.assertIn(f"\n### {name}\n", runbook)


if __name__ == "__main__":
    unittest.main()
