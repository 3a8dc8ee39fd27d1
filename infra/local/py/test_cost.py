"""Tests of cost.py: by hand, against the price list of the code, and that the page is current."""

import re
import unittest

import cfn
import cost
from cost import Load, Pace, Prices
from measure import SESSION_SECS_PER_BYTE
from templates import code, load, of_type
from test_observability import put_metrics

PRICE = Prices(cost.load("prices"))
# A second of a worker and half a second of a session per million rows, 100 bytes read, 30 written.
PACE = Pace(1e-6, 0.5e-6, 100.0, 30.0)


class Cost(unittest.TestCase):
    def test_a_billion_rows_by_hand(self):
        export = Load(exports=1, rows=1e9)
        chunks = 1e11 / 268_435_456
        self.assertAlmostEqual(cost.chunks(export, PACE), chunks)
        self.assertAlmostEqual(cost.worker_secs(export, PACE), 1000 + chunks * 0.2)
        found = cost.variable(export, PACE, PRICE)
        self.assertAlmostEqual(found["workers"], (1000 + chunks * 0.2) * 1769 / 1024 * 0.0000133334)
        self.assertAlmostEqual(found["storage"], 30 * 0.023 * 168 / 730)
        self.assertAlmostEqual(found["messages"], chunks * (0.0000002 + 0.0000012))
        self.assertAlmostEqual(found["S3 requests"], (3 * chunks + 3e10 / (5 << 20) + 1) * 0.000005 + chunks * 0.0000004)

    def test_the_slower_of_worker_and_database_counts(self):
        slow = Pace(1e-6, 3e-6, 100.0, 30.0)
        self.assertAlmostEqual(cost.worker_secs(Load(1, 1e6), slow), 3 + 0.2)

    def test_what_is_reused_is_neither_read_nor_stored_again(self):
        whole, half = (cost.variable(Load(1, 1e9, reused), PACE, PRICE) for reused in (0.0, 0.5))
        for item in ("workers", "storage", "messages"):
            self.assertAlmostEqual(half[item], whole[item] / 2)
        self.assertEqual(half["api"], whole["api"])

    def test_small_datasets_are_a_chunk_each(self):
        self.assertEqual(cost.chunks(Load(1, 1000, datasets=84), PACE), 84)

    def test_what_is_not_created_costs_nothing(self):
        bare = cost.fixed(PRICE, proxy=False, endpoints=False, alarms=False)
        self.assertEqual(list(bare), ["sweeper"])
        self.assertLess(bare["sweeper"], 0.2)
        self.assertAlmostEqual(cost.fixed(PRICE)["RDS Proxy (two vCPU at least)"], 21.9)
        self.assertAlmostEqual(cost.fixed(PRICE)["endpoints of the network (two zones)"], 14.6)

    def test_other_ways_by_hand(self):
        export = Load(1, 1e9)
        self.assertAlmostEqual(cost.glue(export, PACE, PRICE), 2 * 0.44 * 125 / 3600)  # 1000 s / 8 processors, 500 s / 4 sessions
        self.assertAlmostEqual(cost.snapshot(export, PACE, PRICE), 1.0)
        self.assertAlmostEqual(cost.glue(Load(1, 10), PACE, PRICE), 2 * 0.44 / 60)
        self.assertAlmostEqual(cost.fleet(export, PRICE), 4 * (0.03238 + 2 * 0.00356) * 730)

    def test_prices_are_those_of_the_code(self):
        source = code("functions/export/src/price.rs")
        names = {
            "GB_SECOND": "lambdaGbSecond", "INVOCATION": "lambdaRequest", "QUEUE_REQUEST": "sqsRequest", "PUT": "s3Put",
            "GB_MONTH": "s3GbMonth",
        }
        for constant, name in names.items():
            text = re.search(rf"const {constant}: f64 = ([0-9._]+);", source).group(1)
            self.assertAlmostEqual(float(text.replace("_", "")), getattr(PRICE, name), msg=name)

    def test_a_session_is_as_fast_as_the_code_forecasts(self):
        self.assertIn("SECS_PER_BYTE: f64 = 1.65 / 271e6;", code("functions/export/src/forecast.rs"))
        for name, form in cost.load("measured")["formats"].items():
            self.assertAlmostEqual(form["databaseSecs"], form["sourceBytes"] * SESSION_SECS_PER_BYTE, places=2, msg=name)

    def test_sizes_are_those_of_the_template(self):
        parameters = load("root")["Parameters"]
        self.assertEqual(parameters["WorkerMemoryMb"]["Default"], cost.WORKER_MB)
        self.assertEqual(parameters["TargetBytes"]["Default"], cost.TARGET_BYTES)
        self.assertEqual(parameters["RetentionHours"]["Default"], cost.KEPT_HOURS)

    def test_alarms_and_metrics_are_counted(self):
        alarms = of_type(load("observability")["Resources"], "AWS::CloudWatch::Alarm").values()
        listened = sum(max(1, sum("MetricStat" in m for m in a["Properties"].get("Metrics", []))) for a in alarms)
        self.assertEqual(listened, cost.ALARM_METRICS)
        self.assertEqual(len(put_metrics()), cost.CUSTOM_METRICS)
        secrets = of_type(load("root")["Resources"], "AWS::SecretsManager::Secret")
        self.assertEqual(len(secrets), sum(cost.SECRETS.values()))

    def test_every_price_has_its_unit_and_page(self):
        for name, item in cost.load("prices")["items"].items():
            self.assertGreater(item["usd"], 0, name)
            self.assertTrue(item["per"] and item["page"].startswith("aws.amazon.com/"), name)

    def test_the_page_is_current(self):
        made = cost.document(cost.load("prices"), cost.load("measured"))
        self.assertEqual(code("infra/COST.md"), made, "run `python cost.py > ../../COST.md`")


if __name__ == "__main__":
    unittest.main()
