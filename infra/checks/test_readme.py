"""Commands of the READMEs about deploying, which people copy: they agree with each other and with `cargo x deploy`."""

import re
import unittest

import pages
import templates
from pages import documents
from templates import code

ARCHITECTURE = re.compile(r"Architecture=(\w+)")
DEPLOY = "infra/x/src/commands/deploy"


def blocks(path):
    """The commands of each block of a document."""
    return [block.commands() for block in pages.blocks(path)]


def first_export(path):
    """The block of a document that begins with a trial."""
    block, = [lines for lines in blocks(path) if lines and lines[0] == "cargo x deploy try"]
    return block


class Commands(unittest.TestCase):
    def test_what_is_built_for_a_processor_is_deployed_for_it(self):
        """A function for the other processor cannot start. All lines of a block are for the same one."""
        seen = 0
        for path in documents():
            for lines in blocks(path):
                sam = [line for line in lines if re.match("cargo x sam($| --| deploy)", line)]
                named = [ARCHITECTURE.findall(line) for line in sam]
                self.assertTrue(all(one == named[0] for one in named), f"{path}: {sam}")
                seen += len(sam) > 1 and bool(named[0])
        self.assertGreater(seen, 0, "README.md has a block with both lines")

    def test_the_first_hour_takes_six_commands(self):
        commands = first_export("infra/README.md")
        self.assertLessEqual(len(commands), 6)
        self.assertEqual(first_export("README.md"), commands)
        self.assertEqual(commands[-1], "sluice verify ./files")

    def test_the_commands_are_those_that_deploy_prints(self):
        printed = code(f"{DEPLOY}/report.rs")
        _, install, url, key, *rest = first_export("README.md")
        self.assertIn(install, printed)
        for line in rest:
            self.assertIn(f"{line}\\n", printed)
        self.assertIn("export SLUICE_URL={url}", printed)
        self.assertIn("export SLUICE_KEY={key}", printed)
        self.assertTrue(url.startswith("export SLUICE_URL=") and key.startswith("export SLUICE_KEY="))
        dataset = rest[0].split()[2]
        self.assertIn(f"[datasets.{dataset}]", code("infra/deploy/trial.toml"))

    def test_every_option_of_deploy_exists(self):
        source = code(f"{DEPLOY}.rs") + code(f"{DEPLOY}/answers.rs")
        fields = set(re.findall(r"^    (?:pub\(crate\) )?(\w+): ", source, re.M))
        texts = [code(path) for path in documents()] + [code("deploy/example.toml"), source, code("infra/deploy/guard.py")]
        lines = [line for text in texts for line in re.findall(r"cargo x deploy (\w[^`\n]*)", text)]
        options = {option for line in lines for option in re.findall(r"--([a-z-]+)", line)}
        self.assertLessEqual({"delete", "preset", "dry-run", "yes"}, options)
        self.assertLessEqual({option.replace("-", "_") for option in options} - {"help"}, fields)

    def test_the_example_of_a_file_names_parameters_of_the_template(self):
        known = set(templates.load("root")["Parameters"])
        section = code("deploy/example.toml").split("[parameters]")[1].split("[tags]")[0]
        named = set(re.findall(r"^(?:# )?(\w+) = ", section, re.M))
        self.assertGreater(len(named), 15)
        self.assertLessEqual(named, known)


if __name__ == "__main__":
    unittest.main()
