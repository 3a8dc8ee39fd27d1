"""Tests of scale.py: by hand, against the measured runs, and that the page is current."""

import unittest

import scale
from scale import Ask, Measured
from templates import code

PARAMETERS = {
    "TargetBytes": {"Default": 100_000_000}, "SplitBytes": {"Default": 1}, "MaxChunks": {"Default": 100}, "DeadlineHours": {"Default": 24},
}
# A second per million rows, 100 bytes each; a worker spends half a second more per chunk.
FOUND = {
    "formats": {"csv.gzip": {"rows": 1_000_000, "cpuSecs": 1.0, "databaseSecs": 0.5, "sourceBytes": 100_000_000}},
    "dispatch": {"all": {"1": 1.0, "1001": 11.0}, "ten": {"1": 1.0, "1001": 2.0}},
    "runs": [
        {"format": "csv.gzip", "budget": 2, "wallSecs": 4.5, "chunkSecs": [1.0] * 6, "plannedBytes": [10, 20, 30, 40, 50, 60]},
        {"format": "other", "budget": 2, "wallSecs": 4.6, "chunkSecs": [2.0, 2.0, 1.0], "plannedBytes": [10, 20, 30]},
    ],
}
SWEEPER = "const AT_ONCE: usize = 9; const LONGEST: Duration = Duration::from_secs(20);"
MEASURED = Measured(FOUND, SWEEPER, PARAMETERS)


class Scale(unittest.TestCase):
    def test_what_a_worker_spends_beside_a_chunk_is_what_the_first_run_took_longer(self):
        self.assertAlmostEqual(MEASURED.beside_secs(), 0.5)

    def test_a_run_is_predicted_from_its_chunks_and_from_its_plan(self):
        self.assertAlmostEqual(scale.predict(MEASURED, 0), 4.5)
        self.assertAlmostEqual(scale.predict(MEASURED, 1), 4.0)
        self.assertAlmostEqual(scale.predict_from_plan(MEASURED, 1), 3.0)

    def test_a_line_goes_through_points_that_lie_on_one(self):
        constant, slope = scale.line([1, 2, 3], [5, 7, 9])
        self.assertAlmostEqual(constant, 3.0)
        self.assertAlmostEqual(slope, 2.0)

    def test_between_points(self):
        points = [(1, 1.0), (11, 2.0), (21, 4.0)]
        found = [scale.between(points, x) for x in (0, 1, 6, 11, 16, 31)]
        for value, wanted in zip(found, [1.0, 1.0, 1.5, 2.0, 3.0, 6.0]):
            self.assertAlmostEqual(value, wanted)

    def test_limits_by_hand(self):
        # 86,400 exports a day are one a second; 2 million rows are 2 chunks, 2.4 seconds of a worker.
        found = {what: use for what, use, _ in scale.limits(MEASURED, Ask(1, 86_400, 2e6, budget=6, store_sessions=2))}
        self.assertAlmostEqual(found["workers and sessions of the source"], 0.4)
        self.assertAlmostEqual(found["decisions of dispatch(), one at a time"], 0.002)
        self.assertAlmostEqual(found["sessions of the store"], 0.06)
        # 20 ms of 20 s a minute, so 1000 exports; 180 ms for a chunk, nine at once, so as many chunks.
        self.assertAlmostEqual(found["exports that the sweeper expires"], 0.06)
        self.assertAlmostEqual(found["chunks that the sweeper deletes"], 0.12)
        self.assertAlmostEqual(found["chunks of one export"], 0.02)
        self.assertAlmostEqual(found["an export's deadline"], 2.4 / 6 / 86_400)

    def test_the_first_limit_comes_first_and_a_sensible_budget_moves_it(self):
        ask = Ask(10, 86_400, 2e6)
        self.assertEqual(scale.limits(MEASURED, Ask(10, 86_400, 2e7))[0][0], "workers and sessions of the source")
        able = scale.sensible(MEASURED, ask)
        self.assertEqual(able.budget, 4)
        uses = {what: use for what, use, _ in scale.limits(MEASURED, able)}
        self.assertLessEqual(uses["workers and sessions of the source"], scale.USE)

    def test_a_simulated_stretch_is_as_busy_as_the_arithmetic_says(self):
        ask = scale.sensible(MEASURED, Ask(50, 86_400, 2e6))
        outcome = scale.simulated(MEASURED, ask)
        self.assertAlmostEqual(outcome.worker_use(ask.budget), 2.4 / 4, delta=0.05)
        self.assertGreater(len(outcome.stays), 1000)

    def test_too_small_a_budget_shows_as_waiting(self):
        wait = [scale.percentile(scale.simulated(MEASURED, Ask(50, 86_400, 2e6, budget)).waits, 0.99) for budget in (2, 6)]
        self.assertGreater(wait[0], 20 * wait[1])


class TheMachine(unittest.TestCase):
    def test_the_simulation_predicts_measured_runs_within_a_fifth(self):
        measured, _ = scale.gather()
        self.assertGreaterEqual(len(measured.runs), 3)
        for number, seen in enumerate(measured.runs):
            self.assertAlmostEqual(scale.predict(measured, number) / seen["wallSecs"], 1.0, delta=0.2, msg=seen["format"])

    def test_the_page_is_current(self):
        self.assertEqual(code("infra/SCALE.md"), scale.document(*scale.gather()), "run `python scale.py > ../../SCALE.md`")


if __name__ == "__main__":
    unittest.main()
