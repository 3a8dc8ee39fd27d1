"""infra/observability.yaml: every alarm uses an emitted metric and has a section in the runbook."""

import json
import re
import unittest

import cfn
from templates import ROOT, code, load, of_type

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


class Observability(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        names = ("ApiId", "ApiFunction", "WorkerFunction", "SweeperFunction", "DeliverFunction", "NotifyFunction", "QueueName", "DeadLetterQueueName", "ApiLogGroup", "AdminLogGroup")
        cls.given = {"Name": "n", "Budget": "7", "OldestDueMinutes": "60", "RefusedPerFiveMinutes": "50", **{name: name for name in names}}
        cls.source = load("observability")

    def resources(self, **given):
        return cfn.Evaluation(self.source, {**self.given, **given}).resources()

    def assert_metric(self, namespace, name, dimensions, where):
        """That functions emit the metrics of ours is a rule of `tests/rules/metrics.rs`."""
        if namespace == "Sluice":
            self.assertEqual(list(dimensions), ["FunctionName"], where)
        elif namespace == "Sluice/Audit/n":
            self.assertIn(name, self.counted(), where)
            self.assertEqual(list(dimensions), [], where)
        else:
            self.assertIn(name, AWS_METRICS[namespace], where)

    def counted(self):
        """Metric -> log group, events, value: of the filters on the audit."""
        found = {}
        for name, one in of_type(self.resources(), "AWS::Logs::MetricFilter").items():
            properties = one["Properties"]
            made, = properties["MetricTransformations"]
            self.assertEqual(made["MetricNamespace"], "Sluice/Audit/n", name)
            self.assertNotIn("DefaultValue", made, "a metric that is put every minute is paid for")
            self.assertIn('$.target = "audit"', properties["FilterPattern"], name)
            events = re.findall(r'\$\.event = "([^"]+)"', properties["FilterPattern"])
            found[made["MetricName"]] = (properties["LogGroupName"], events, made["MetricValue"])
        return found

    def test_the_audit_is_counted_where_it_is_written(self):
        """A filter on an event that no function logs would never raise its alarm."""
        api = {"access refused", "file link*"}
        wanted = {"AccessRefused": ("ApiLogGroup", ["access refused"], "1"), "FileLinks": ("ApiLogGroup", ["file link*"], "$.links")}
        wanted["KeysMade"] = ("AdminLogGroup", ["key created", "key rotated"], "1")
        counted = self.counted()
        self.assertEqual(counted, wanted)
        audit = code("SECURITY.md")
        for group, events, _ in counted.values():
            sources = (ROOT / "functions" / ("api" if group == "ApiLogGroup" else "admin") / "src").rglob("*.rs")
            text = "\n".join(path.read_text() for path in sources)
            for event in events:
                self.assertIn(f'"{event.rstrip("*")}', text)
                self.assertIn(f"`{event.rstrip('*')}", audit)
            self.assertEqual(group == "ApiLogGroup", set(events) <= api)

    def test_refused_callers_and_keys_raise_alarms(self):
        made = self.resources()
        for name, threshold in {"AccessRefused": "50", "KeysMade": 0}.items():
            alarm = made[name]["Properties"]
            self.assertEqual((alarm["MetricName"], alarm["Threshold"], alarm["Period"]), (name, threshold, 300))
            self.assertEqual((alarm["Statistic"], alarm["TreatMissingData"]), ("Sum", "notBreaching"))

    def test_every_alarm_uses_a_known_metric(self):
        alarms = of_type(self.resources(ProxyName="p"), "AWS::CloudWatch::Alarm")
        self.assertEqual(len(alarms), 18)
        for name, alarm in alarms.items():
            properties = alarm["Properties"]
            metrics = [m["MetricStat"]["Metric"] for m in properties.get("Metrics", []) if "MetricStat" in m] or [properties]
            for metric in metrics:
                dimensions = {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])}
                self.assert_metric(metric["Namespace"], metric["MetricName"], dimensions, name)

    def test_the_dashboard_shows_known_metrics(self):
        body = json.loads(self.resources(ProxyName="p")["Dashboard"]["Properties"]["DashboardBody"])
        for widget in body["widgets"]:
            self.assertLessEqual(widget["x"] + widget["width"], 24)
            for metric in widget["properties"]["metrics"]:
                words = [word for word in metric if isinstance(word, str)]
                self.assert_metric(words[0], words[1], dict(zip(words[2::2], words[3::2])), widget["properties"]["title"])
        self.assertEqual(body["widgets"][0]["properties"]["annotations"]["horizontal"][0]["value"], 7)

    def test_the_dashboard_has_no_empty_dimension(self):
        for given, widgets in [({}, 18), ({"ProxyName": "p"}, 20)]:
            body = json.loads(self.resources(**given)["Dashboard"]["Properties"]["DashboardBody"])
            self.assertEqual(len(body["widgets"]), widgets)
            self.assertNotIn('""', json.dumps(body))

    def test_alarms_go_to_the_configured_targets(self):
        for given, wanted in [({}, 0), ({"Email": "a@example.com"}, 1), ({"Email": "a@example.com", "TopicArn": "arn:t"}, 2)]:
            for name, alarm in of_type(self.resources(ProxyName="p", **given), "AWS::CloudWatch::Alarm").items():
                self.assertEqual(len(alarm["Properties"]["AlarmActions"]), wanted, name)
        self.assertEqual(len(of_type(self.resources(), "AWS::CloudWatch::Alarm")), 16)

    def test_the_end_of_a_state_is_reported_and_that_of_an_event_is_not(self):
        alarms = of_type(self.resources(ProxyName="p"), "AWS::CloudWatch::Alarm")
        silent = {name for name, alarm in alarms.items() if "OKActions" not in alarm["Properties"]}
        self.assertEqual(silent, {"ExportsFailed", "DeliveriesFailed", "ReceiversDisabled", "CutsLost", "AccessRefused", "KeysMade"})

    def test_alarms_may_use_the_key_of_their_topic(self):
        """Without a condition: AWS shows none for CloudWatch, and an alarm that cannot encrypt sends no mail."""
        statements = self.resources(Email="a@example.com")["TopicKey"]["Properties"]["KeyPolicy"]["Statement"]
        service, = [one for one in statements if "Service" in one["Principal"]]
        self.assertEqual(service["Principal"], {"Service": "cloudwatch.amazonaws.com"})
        self.assertNotIn("Condition", service)
        self.assertNotIn("TopicKey", self.resources())

    def test_a_pinned_session_per_worker_raises_no_alarm(self):
        """COPY may pin the session of its own attempt, and there are at most Budget attempts."""
        alarm = self.resources(ProxyName="p")["SessionsPinned"]["Properties"]
        self.assertEqual((alarm["Threshold"], alarm["ComparisonOperator"]), ("7", "GreaterThanThreshold"))
        # The nodes report a gauge once a minute, so the sum over a longer period counts a session several times.
        self.assertEqual((alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]), ("Sum", 60, 15))

    def test_a_new_deployment_is_given_time(self):
        """The sweeper's first run may miss the first period, and a step may fail once while something starts."""
        made = self.resources()
        periods = {name: made[name]["Properties"]["EvaluationPeriods"] for name in ("SweeperSilent", "SweepFails")}
        self.assertEqual(periods, {"SweeperSilent": 2, "SweepFails": 3})

    def test_every_alarm_has_its_page_in_the_runbook(self):
        runbook = code("infra/README.md")
        for name in of_type(self.source["Resources"], "AWS::CloudWatch::Alarm"):
            self.assertIn(f"\n### {name}\n", runbook)
        self.assertIn("| fifteen alarms and a dashboard |", runbook)


if __name__ == "__main__":
    unittest.main()
