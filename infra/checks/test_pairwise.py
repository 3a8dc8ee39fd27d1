"""Tests of pairwise.py."""

import unittest
from itertools import combinations

from pairwise import pairs

VALUES = {"a": [1, 2, 3], "b": [1, 2], "c": [1, 2], "d": [1, 2, 3], "e": [1, 2]}


def met(choices):
    return {((x, c[x]), (y, c[y])) for c in choices for x, y in combinations(sorted(c), 2)}


class Pairs(unittest.TestCase):
    def test_every_two_values_meet_in_few_choices(self):
        choices = pairs(VALUES)
        wanted = {((x, vx), (y, vy)) for x, y in combinations(sorted(VALUES), 2) for vx in VALUES[x] for vy in VALUES[y]}
        self.assertEqual(met(choices), wanted)
        self.assertLess(len(choices), 15)  # of 72
        self.assertTrue(all(set(choice) == set(VALUES) for choice in choices))

    def test_forbidden_pairs_never_occur_and_all_others_do(self):
        def keep(choice):
            return not (choice.get("a") == 1 and choice.get("b") == 2)

        choices = pairs(VALUES, keep)
        self.assertTrue(all(keep(choice) for choice in choices))
        self.assertNotIn((("a", 1), ("b", 2)), met(choices))
        self.assertIn((("a", 1), ("d", 3)), met(choices))

    def test_a_pair_that_no_whole_choice_holds_is_left_out(self):
        def keep(choice):
            return len(choice) < 3 or choice["a"] != 1

        choices = pairs({"a": [1, 2], "b": [1], "c": [1]}, keep)
        self.assertEqual(choices, [{"a": 2, "b": 1, "c": 1}])


if __name__ == "__main__":
    unittest.main()
