"""Runs the tests of the Python folders below infra: all of them, or those that are named, such as `test_choices`.

    python run.py [NAME...]

Tests import modules of all these folders, so all are on the path.
"""

import sys
import unittest
from pathlib import Path

INFRA = Path(__file__).resolve().parents[1]
FOLDERS = [str(INFRA / name) for name in ("emulator", "checks", "cost", "deploy", "account", "source", "docs")]


def chosen(names):
    """The tests with these names, or all. Each folder has a loader of its own, which remembers where it began."""
    if names:
        return unittest.TestLoader().loadTestsFromNames(names)
    return unittest.TestSuite(unittest.TestLoader().discover(folder) for folder in FOLDERS)


if __name__ == "__main__":
    sys.path[:0] = FOLDERS
    sys.exit(not unittest.TextTestRunner(verbosity=0).run(chosen(sys.argv[1:])).wasSuccessful())
