"""The pooler before the user's own server gives its sessions the settings that `migrate` gives the source role."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAIR = re.compile(r'\("([a-z_]+)", "([^"]*)"\)')


def pairs(text, name):
    """The list of this name in Rust code."""
    return dict(PAIR.findall(re.search(rf"const {name}: [^=]+= \[(.*?)\n\];", text, re.S)[1]))


class Settings(unittest.TestCase):
    def test_they_are_those_of_the_role(self):
        role = (ROOT / "functions/lib/store/src/roles.rs").read_text()
        pooler = (ROOT / "infra/x/src/stack/own_source/pooler.rs").read_text()
        must = pairs(pooler, "SETTINGS")
        possible = dict(PAIR.findall(re.search(r"const SETTING_IF_POSSIBLE: .*", pooler)[0]))
        # The keepalives of a connection between the pooler and a server are the pooler's.
        elsewhere = {"tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count"}
        known = {name: value for name, value in pairs(role, "SOURCE_SETTINGS_IF_KNOWN").items() if name not in elsewhere}
        self.assertEqual({**must, **possible}, {**pairs(role, "SOURCE_SETTINGS"), **known})


if __name__ == "__main__":
    unittest.main()
