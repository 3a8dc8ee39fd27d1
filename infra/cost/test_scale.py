"""Tests of scale.py: by hand, against the measured runs, and that the page is current."""

import unittest

import cost
import scale
from scale import Ask, Measured
from templates import code

PARAMETERS = {
    "TargetBytes": {"Default": 100_000_000}, "SplitBytes": {"Default": 1}, "MaxChunks": {"Default": 100}, "DeadlineHours": {"Default": 24},
    "WorkerTimeoutSeconds": {"Default": 900},
}
# A second per million rows, 100 bytes each; a worker spends half a second more per chunk. The first run holds its two workers
# for 9 seconds and 180 MB: 5 seconds per million rows.
MB = 1_000_000
FOUND = {
    "formats": {"csv.gzip": {"rows": 1_000_000, "cpuSecs": 1.0, "databaseSecs": 0.5, "sourceBytes": 100 * MB, "fileBytes": 30 * MB},
                "other": {"rows": 1_000_000, "cpuSecs": 0.2, "databaseSecs": 0.5, "sourceBytes": 100 * MB, "fileBytes": 30 * MB}},
    "dispatch": {"how": "by hand", "all": {"1": 1.0, "1001": 11.0}, "ten": {"1": 1.0, "1001": 2.0}},
    "runs": [
        {"format": "csv.gzip", "budget": 2, "wallSecs": 4.5, "chunkSecs": [1.0] * 6, "plannedBytes": [5 * MB, 15 * MB, 25 * MB, 35 * MB, 45 * MB, 55 * MB]},
        {"format": "other", "budget": 2, "wallSecs": 4.6, "chunkSecs": [2.0, 2.0, 1.0], "plannedBytes": [10 * MB, 20 * MB, 30 * MB]},
    ],
}
SWEEPER = "const AT_ONCE: usize = 9; const LONGEST: Duration = Duration::from_secs(20);"
MEASURED = Measured(FOUND, SWEEPER, PARAMETERS)


class Scale(unittest.TestCase):
    def test_worker_overhead_is_the_excess_of_the_first_run(self):
        self.assertAlmostEqual(MEASURED.beside_secs(), 0.5)

    def test_a_run_is_predicted_from_its_chunks_and_from_its_plan(self):
        self.assertAlmostEqual(scale.predict(MEASURED, 0), 4.5)
        self.assertAlmostEqual(scale.predict(MEASURED, 1), 4.0)
        self.assertAlmostEqual(scale.predict_from_plan(MEASURED, 1), 3.0)

    def test_a_line_goes_through_points_that_lie_on_one(self):
        constant, slope = scale.line([1, 2, 3], [5, 7, 9])
        self.assertAlmostEqual(constant, 3.0)
        self.assertAlmostEqual(slope, 2.0)

    def test_values_are_interpolated_between_points(self):
        points = [(1, 1.0), (11, 2.0), (21, 4.0)]
        found = [scale.between(points, x) for x in (0, 1, 6, 11, 16, 31)]
        for value, wanted in zip(found, [1.0, 1.0, 1.5, 2.0, 3.0, 6.0]):
            self.assertAlmostEqual(value, wanted)

    def test_limits_equal_the_manual_calculation(self):
        # 86,400 exports a day are one a second; 2 million rows are 2 chunks, 10 seconds of a worker at the measured pace.
        found = {what: use for what, use, _ in scale.limits(MEASURED, Ask(1, 86_400, 2e6, budget=20, store_sessions=2))}
        self.assertAlmostEqual(found["workers and sessions of the source"], 0.5)
        self.assertAlmostEqual(found["decisions of dispatch(), one at a time"], 0.002)
        self.assertAlmostEqual(found["sessions of the store"], 0.06)
        # 20 ms of 20 s a minute, so 1000 exports; 180 ms for a chunk, nine at once, so as many chunks.
        self.assertAlmostEqual(found["exports that the sweeper expires"], 0.06)
        self.assertAlmostEqual(found["chunks that the sweeper deletes"], 0.12)
        self.assertAlmostEqual(found["chunks of one export"], 0.02)
        self.assertAlmostEqual(found["an export's deadline"], 10 / 20 / 86_400)
        # Ten times twelve requests and two links in the busiest second, 20 ms each.
        self.assertAlmostEqual(found["requests to the HTTP API, at the peak"], 140 / 10_000)
        self.assertAlmostEqual(found["Lambda's concurrency"], (20 + 140 * 0.02) / 1000)
        # Two files of 30 MB, six parts each, begun and completed, and a manifest.
        self.assertAlmostEqual(found["uploads to S3, all tenants under one prefix"], 17 / 3500)

    def test_limits_are_worked_out_with_the_more_careful_pace(self):
        self.assertAlmostEqual(scale.least_secs(MEASURED, Ask(1, 1, 2e6)), 2.4)
        self.assertAlmostEqual(scale.worker_secs(MEASURED, Ask(1, 1, 2e6)), 10.0)
        # A chunk of few rows takes what a chunk takes beside its rows.
        self.assertAlmostEqual(scale.worker_secs(MEASURED, Ask(1, 1, 100)), 0.2001)

    def test_where_work_piles_up_all_tenants_wait(self):
        def deciding(budget):
            return {what: use for what, use, _ in scale.limits(MEASURED, Ask(1001, 86_400, 2e6, budget))}["decisions of dispatch(), one at a time"]

        self.assertAlmostEqual(deciding(20), 2 * 0.002)
        self.assertAlmostEqual(deciding(4), 2 * 0.011)

    def test_the_floor_of_a_run_by_hand(self):
        # 1.8 million rows, six chunks, two workers; and 0.6 million of half a second, three chunks.
        self.assertAlmostEqual(scale.floor_of_run(MEASURED, 0), (1.8 + 1.2) / 2)
        self.assertAlmostEqual(scale.floor_of_run(MEASURED, 1), (0.3 + 0.6) / 2)

    def test_the_first_limit_comes_first_and_a_sensible_budget_moves_it(self):
        ask = Ask(10, 86_400, 2e6)
        self.assertEqual(scale.limits(MEASURED, Ask(10, 86_400, 2e7))[0][0], "workers and sessions of the source")
        able = scale.sensible(MEASURED, ask)
        self.assertEqual(able.budget, 15)
        self.assertEqual(scale.budget_for(MEASURED, ask, scale.least_secs), 4)
        uses = {what: use for what, use, _ in scale.limits(MEASURED, able)}
        self.assertLessEqual(uses["workers and sessions of the source"], scale.USE)

    def test_a_simulated_stretch_is_as_busy_as_the_arithmetic_says(self):
        ask = scale.sensible(MEASURED, Ask(50, 86_400, 2e6))
        outcome = scale.simulated(MEASURED, ask)
        self.assertAlmostEqual(outcome.worker_use(ask.budget), 10 / 15, delta=0.05)
        self.assertGreater(len(outcome.stays), 1000)

    def test_too_small_a_budget_shows_as_waiting(self):
        wait = [scale.percentile(scale.simulated(MEASURED, Ask(50, 86_400, 2e6, budget)).waits, 0.99) for budget in (9, 20)]
        self.assertGreater(wait[0], 20 * wait[1])

    def test_few_exports_a_day_are_simulated_for_longer(self):
        self.assertGreaterEqual(len(scale.simulated(MEASURED, Ask(5, 20, 2e6)).stays), scale.LEAST_EXPORTS)

    def test_percentiles_of_too_few_values_are_omitted(self):
        self.assertEqual(scale.seconds([1.0] * 999, 0.99, 2), "–")
        self.assertEqual(scale.seconds([1.0] * 1000, 0.99, 2), "1.00")
        self.assertEqual(scale.seconds([1.0] * 19, 0.5, 1), "–")


class TheMachine(unittest.TestCase):
    def test_the_simulation_predicts_measured_runs_within_a_fifth(self):
        measured, _ = scale.gather()
        self.assertGreaterEqual(len(measured.runs), 3)
        for number, seen in enumerate(measured.runs):
            self.assertAlmostEqual(scale.predict(measured, number) / seen["wallSecs"], 1.0, delta=0.2, msg=seen["format"])

    def test_every_row_is_of_enough_exports(self):
        measured, _ = scale.gather()
        for ask in scale.ASKS:
            if ask.exports > 1:
                outcome = scale.simulated(measured, scale.sensible(measured, ask))
                self.assertGreaterEqual(len(outcome.stays), scale.LEAST_EXPORTS, ask)

    def test_the_page_says_how_far_the_floor_is_from_what_was_measured(self):
        found, page = cost.load("measured"), code("infra/SCALE.md")
        for run in found["runs"]:
            form = found["formats"][run["format"]]
            share = sum(run["plannedBytes"]) / form["sourceBytes"]
            floor = share * max(form["cpuSecs"], form["databaseSecs"]) + 0.2 * len(run["chunkSecs"])
            times = run["wallSecs"] * run["budget"] / floor
            self.assertGreater(times, 1, run["format"])
            row = next(line for line in page.splitlines() if line.startswith(f"| {run['format']} |"))
            self.assertTrue(row.endswith(f"| {floor / run['budget']:.1f} | {times:.1f} |"), row)
            if run is found["runs"][0]:
                self.assertIn(f"which is {times:.1f} times the floor's", page)

    def test_the_budget_keeps_up_with_the_measured_pace(self):
        found, (measured, _) = cost.load("measured"), scale.gather()
        run = found["runs"][0]
        form = found["formats"][run["format"]]
        per_row = run["wallSecs"] * run["budget"] / sum(run["plannedBytes"]) * form["sourceBytes"] / form["rows"]
        for ask in scale.ASKS:
            able = scale.sensible(measured, ask)
            self.assertLessEqual(ask.exports / scale.DAY * ask.rows * per_row / able.budget, scale.USE, ask)

    def test_assumptions_are_listed_on_the_page(self):
        page = code("infra/SCALE.md").split("## Assumed", 1)[1]
        said = [f"{secs * 1000:.0f} ms" for secs in (
            scale.BESIDE_SECS, scale.STORE_SECS_PER_CHUNK, scale.STORE_SECS_PER_EXPORT, scale.EXPIRE_SECS, scale.S3_CALL_SECS,
            scale.API_SECS, scale.MESSAGE_SECS,
        )]
        said += [f"{cost.POLLS} requests of the api", f"{scale.S3_CALLS_PER_PREFIX} calls", f"up to {scale.SPREAD:.0%}", f"peaks of {scale.PEAK}"]
        for text in said:
            self.assertIn(text, page)

    def test_the_page_is_current(self):
        self.assertEqual(code("infra/SCALE.md"), scale.document(*scale.gather()), "run `python scale.py > ../SCALE.md`")


if __name__ == "__main__":
    unittest.main()
