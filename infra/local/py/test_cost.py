"""Tests of cost.py: by hand, against the price list of the code, and that the page is current."""

import re
import unittest

import cost
from cost import Load, Pace, Prices, Watched
from measure import SESSION_SECS_PER_BYTE
from templates import code, load, of_type

PRICE = Prices(cost.load("prices"))
# A second of a worker and half a second of a session per million rows, 100 bytes read, 30 written; ten in a whole run.
PACE = Pace(1e-6, 0.5e-6, 100.0, 30.0, 10e-6)
WATCHED = Watched(metrics=20, alarm_metrics=10)


class Cost(unittest.TestCase):
    def test_a_billion_rows_by_hand(self):
        export = Load(exports=1, rows=1e9)
        chunks = 1e11 / 268_435_456
        self.assertAlmostEqual(cost.chunks(export, PACE), chunks)
        self.assertAlmostEqual(cost.least_secs(export, PACE), 1000 + chunks * 0.2)
        self.assertAlmostEqual(cost.held_secs(export, PACE), 10_000)
        least = cost.variable(export, PACE, PRICE, cost.least_secs)
        self.assertAlmostEqual(least["workers"], (1000 + chunks * 0.2) * 1769 / 1024 * 0.0000133334)
        found = cost.variable(export, PACE, PRICE)
        self.assertAlmostEqual(found["workers"], 10_000 * 1769 / 1024 * 0.0000133334)
        self.assertAlmostEqual(found["storage"], 30 * 0.023 * 168 / 730)
        self.assertAlmostEqual(found["messages"], chunks * (0.0000002 + 0.0000012))
        # A file of 80.5 MB has 16 parts, and is begun and completed; five requests empty each chunk and the export.
        requests = 18 * chunks + 1 + 5 * (chunks + 1)
        self.assertAlmostEqual(found["S3 requests"], requests * 0.000005 + chunks * 0.0000004)
        self.assertEqual((found["CloudFront requests"], found["cache units"]), (0, 0))

    def test_the_slower_of_worker_and_database_counts(self):
        slow = Pace(1e-6, 3e-6, 100.0, 30.0)
        self.assertAlmostEqual(cost.least_secs(Load(1, 1e6), slow), 3 + 0.2)

    def test_the_measured_pace_is_never_below_the_floor(self):
        self.assertAlmostEqual(cost.held_secs(Load(1, 1e6), PACE), 10.0)
        self.assertAlmostEqual(cost.held_secs(Load(1, 1000, datasets=84), PACE), 0.001 + 84 * 0.2)

    def test_the_pace_of_a_run_is_all_the_time_that_it_held_its_workers(self):
        measured = {
            "formats": {"a": {"rows": 1000, "cpuSecs": 1.0, "databaseSecs": 2.0, "sourceBytes": 50_000, "fileBytes": 10_000}},
            "runs": [{"format": "a", "budget": 4, "wallSecs": 10.0, "plannedBytes": [60_000, 40_000]}],
        }
        # 40 seconds for 100,000 bytes, which are 2000 rows.
        self.assertAlmostEqual(Pace.of(measured, "a").run_secs, 0.02)

    def test_a_small_file_is_one_request(self):
        self.assertEqual([cost.puts(size) for size in (0, 5 << 20, (5 << 20) + 1, 10 << 20)], [1, 1, 4, 4])
        small = cost.variable(Load(1, 1e5), PACE, PRICE)
        self.assertAlmostEqual(small["S3 requests"], (1 + 1 + 5 * 2) * 0.000005 + 0.0000004)

    def test_requests_by_the_cdn_and_units_of_the_cache(self):
        found = cost.variable(Load(1e6, 1e5), PACE, PRICE, cdn=True, cache=True)
        # Twelve requests and a link for each export, and a download.
        self.assertAlmostEqual(found["CloudFront requests"], 14.0)
        self.assertAlmostEqual(found["cache units"], 13e6 * 10 * 2.3e-9)

    def test_what_is_reused_is_neither_read_nor_stored_again(self):
        whole, half = (cost.variable(Load(1, 1e9, reused), PACE, PRICE) for reused in (0.0, 0.5))
        for item in ("workers", "storage", "messages"):
            self.assertAlmostEqual(half[item], whole[item] / 2)
        self.assertEqual(half["api"], whole["api"])

    def test_small_datasets_are_a_chunk_each(self):
        self.assertEqual(cost.chunks(Load(1, 1000, datasets=84), PACE), 84)

    def test_what_is_not_created_costs_nothing(self):
        bare = cost.fixed(PRICE, WATCHED, proxy=False, endpoints=False, alarms=False)
        self.assertEqual(list(bare), ["sweeper", "metrics"])
        self.assertLess(bare["sweeper"], 0.2)
        whole = cost.fixed(PRICE, WATCHED)
        self.assertAlmostEqual(whole["RDS Proxy (two vCPU at least)"], 21.9)
        self.assertAlmostEqual(whole["endpoints of the network (two zones)"], 14.6)
        self.assertAlmostEqual(whole["alarms, dashboard"], 10 * 0.1 + 3 + 1)

    def test_metrics_cost_the_same_without_alarms(self):
        for alarms in (True, False):
            self.assertAlmostEqual(cost.fixed(PRICE, WATCHED, alarms=alarms)["metrics"], 6.0)

    def test_other_ways_by_hand(self):
        export = Load(1, 1e9)
        self.assertAlmostEqual(cost.glue(export, PACE, PRICE), 2 * 0.44 * 125 / 3600)  # 1000 s / 8 processors, 500 s / 4 sessions
        self.assertAlmostEqual(cost.glue_as_slow(export, PACE, PRICE), 2 * 0.44 * 2500 / 3600)
        self.assertAlmostEqual(cost.snapshot(export, PACE, PRICE), 1.0)
        self.assertAlmostEqual(cost.glue(Load(1, 10), PACE, PRICE), 2 * 0.44 / 60)
        self.assertAlmostEqual(cost.fleet(export, PRICE), 4 * (0.03238 + 2 * 0.00356) * 730)

    def test_prices_are_those_of_the_code(self):
        source = code("functions/lib/export/src/price.rs")
        names = {
            "GB_SECOND": "lambdaGbSecond", "INVOCATION": "lambdaRequest", "QUEUE_REQUEST": "sqsRequest", "PUT": "s3Put",
            "GB_MONTH": "s3GbMonth",
        }
        for constant, name in names.items():
            text = re.search(rf"const {constant}: f64 = ([0-9._]+);", source).group(1)
            self.assertAlmostEqual(float(text.replace("_", "")), getattr(PRICE, name), msg=name)

    def test_what_a_sweep_lists_is_in_the_forecast(self):
        source = code("functions/lib/export/src/price.rs")
        self.assertIn(f"const LISTS_PER_CHUNK: f64 = {cost.S3_LISTS_PER_PREFIX}.0;", source)

    def test_a_session_is_as_fast_as_the_code_forecasts(self):
        self.assertIn("SECS_PER_BYTE: f64 = 1.65 / 271e6;", code("functions/lib/export/src/forecast.rs"))
        for name, form in cost.load("measured")["formats"].items():
            self.assertAlmostEqual(form["databaseSecs"], form["sourceBytes"] * SESSION_SECS_PER_BYTE, places=2, msg=name)

    def test_sizes_are_those_of_the_template(self):
        parameters = load("root")["Parameters"]
        self.assertEqual(parameters["WorkerMemoryMb"]["Default"], cost.WORKER_MB)
        self.assertEqual(parameters["TargetBytes"]["Default"], cost.TARGET_BYTES)
        self.assertEqual(parameters["RetentionHours"]["Default"], cost.KEPT_HOURS)

    def test_what_is_watched_is_counted(self):
        watched = cost.gather()[2]
        alarms = of_type(load("observability")["Resources"], "AWS::CloudWatch::Alarm")
        # Each listens to one metric at least, and some work a value out of more.
        self.assertGreater(watched.alarm_metrics, len(alarms))
        self.assertGreater(watched.metrics, 20)
        secrets = of_type(load("root")["Resources"], "AWS::SecretsManager::Secret")
        self.assertEqual(len(secrets), sum(cost.SECRETS.values()))

    def test_the_sweeper_lists_as_often_as_is_said(self):
        text = code("functions/sweeper/src/removal.rs").split("async fn delete_below", 1)[1]
        uploads, lists, deletes = (text.count(f"objects.{call}(") for call in ("abort_uploads", "list", "delete"))
        self.assertEqual(text.count("loop {"), 1)
        # The loop lists again after it has deleted; once more, later, there is nothing left.
        self.assertEqual((uploads + 2 * lists) + (uploads + lists), cost.S3_LISTS_PER_PREFIX)
        self.assertEqual(deletes, cost.S3_DELETES_PER_PREFIX)
        # An export's prefix is gone through again a day later, as a chunk's is until it is found empty.
        self.assertIn("clock_timestamp(), interval '1 day' from sluice.export e", code("functions/lib/store/sql/cancel/litter.sql"))
        self.assertIn("one.quiet && found == 0", code("functions/sweeper/src/removal.rs"))

    def test_parts_are_as_large_as_the_code_makes_them(self):
        shift = re.search(r"MIN_PART_BYTES: usize = (\d+) << (\d+);", code("functions/lib/ports/src/objects/parts.rs")).groups()
        self.assertEqual(int(shift[0]) << int(shift[1]), cost.PART_BYTES)
        self.assertIn("return self.objects.put(&self.key, only, &self.meta)", code("functions/worker/src/upload.rs"))

    def test_every_price_is_used(self):
        price, *others = cost.gather()
        cost.document(price, *others)
        self.assertEqual(set(price.found["items"]) - price.asked, set())

    def test_every_price_has_its_unit_and_page(self):
        for name, item in cost.load("prices")["items"].items():
            self.assertGreater(item["usd"], 0, name)
            self.assertTrue(item["per"] and item["page"].startswith("aws.amazon.com/"), name)

    def test_the_page_is_current(self):
        self.assertEqual(code("infra/COST.md"), cost.document(*cost.gather()), "run `python cost.py > ../../COST.md`")

    def test_the_page_says_how_far_the_floor_is_from_what_was_measured(self):
        measured, page = cost.load("measured"), code("infra/COST.md")
        form = measured["formats"]["csv.gzip"]
        run = next(run for run in measured["runs"] if run["format"] == "csv.gzip")
        held = run["wallSecs"] * run["budget"] / sum(run["plannedBytes"])
        least = max(form["cpuSecs"], form["databaseSecs"]) / form["sourceBytes"]
        self.assertGreater(held, least)
        self.assertIn(f": {held / least:.0f} times slower per row of `csv.gzip`", page)
        # Four workers, a billion rows.
        hours = 1e9 * form["sourceBytes"] / form["rows"] * held / 4 / 3600
        self.assertRegex(page, rf"\| a billion rows, csv\.gzip \| [0-9.]+ \| [0-9.]+ – {hours:.2f} \|")


if __name__ == "__main__":
    unittest.main()
