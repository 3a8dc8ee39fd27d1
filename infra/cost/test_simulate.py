"""Tests of simulate.py."""

import unittest

from simulate import Export, percentile, run


class Simulation(unittest.TestCase):
    def test_work_is_shared_by_as_many_workers_as_the_budget(self):
        export = Export(0.0, "a", (1.0,) * 12)
        self.assertAlmostEqual(run([export], 1).end, 12.0)
        self.assertAlmostEqual(run([export], 3).end, 4.0)
        self.assertAlmostEqual(run([export], 3).worker_use(3), 1.0)

    def test_the_longest_chunk_is_a_lower_bound(self):
        self.assertAlmostEqual(run([Export(0.0, "a", (9.0, 1.0, 1.0))], 4).end, 9.0)

    def test_tenants_take_turns_under_any_load(self):
        large = Export(0.0, "large", (1.0,) * 100)
        small = Export(0.5, "small", (1.0,) * 4)
        outcome = run([large, small], 2)
        # What is out already goes first: at most twice the budget.
        self.assertLessEqual(sorted(outcome.stays)[0], 8.0)
        self.assertAlmostEqual(outcome.end, 52.0)

    def test_a_new_export_of_a_tenant_goes_before_those_that_were_served(self):
        first = Export(0.0, "a", (1.0,) * 50)
        second = Export(1.5, "a", (1.0,))
        self.assertLess(min(run([first, second], 1).stays), 5.0)

    def test_messages_are_on_their_way_while_workers_work(self):
        # Twice the budget is out, so that only the first chunk's message is waited for.
        export = Export(0.0, "a", (1.0,) * 10)
        self.assertAlmostEqual(run([export], 1, message_secs=0.5).end, 10.5)

    def test_dispatch_is_serial_and_limits_throughput_when_slow(self):
        exports = [Export(0.0, f"t{i}", (0.001,)) for i in range(100)]
        outcome = run(exports, 50, decide_secs=lambda waiting: 0.1)
        self.assertGreater(outcome.end, 9.9)
        self.assertGreater(outcome.decider_use(), 0.99)

    def test_every_accepted_export_ends_once(self):
        exports = [Export(i * 0.1, f"t{i % 7}", (0.2,) * (i % 5)) for i in range(200)]
        outcome = run(exports, 3, 0.01, lambda waiting: 0.001)
        whole = [export for export in exports if export.chunks]
        self.assertEqual((len(outcome.waits), len(outcome.stays)), (len(whole), len(whole)))
        self.assertAlmostEqual(outcome.busy, sum(sum(export.chunks) for export in exports))

    def test_percentiles(self):
        self.assertEqual([percentile(range(100), share) for share in (0.0, 0.5, 0.99, 1.0)], [0, 50, 99, 99])
        self.assertEqual(percentile([], 0.5), 0.0)


if __name__ == "__main__":
    unittest.main()
