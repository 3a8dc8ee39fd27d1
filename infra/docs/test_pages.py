"""Documents: how blocks, headings and links are read, and that every block of a guide says how it is checked."""

import re
import unittest

import guides
import links
import pages

TEXT = """# Ä b: `c` (d)
<!-- file: a.sh -->
```sh
x \\
  y   # comment
```
```
[no](link.md)
```
## Two
## Two

[one](a.md#two) `[two](b.md)` [three [x]](c.md)
"""


class Pages(unittest.TestCase):
    def test_blocks_have_language_comment_and_commands(self):
        first, second = pages.blocks("d.md", TEXT)
        self.assertEqual((first.place, first.language, first.order, first.value), ("d.md:3", "sh", "file", "a.sh"))
        self.assertEqual(first.commands(), ["x y"])
        self.assertEqual((second.language, second.order), ("", ""))

    def test_headings_have_anchors_as_on_github(self):
        self.assertEqual(pages.anchors(TEXT), {"ä-b-c-d", "two", "two-1"})

    def test_links_in_code_are_none(self):
        self.assertEqual(list(pages.links(TEXT)), [(12, "a.md#two"), (12, "c.md")])

    def test_every_link_leads_to_a_file_and_a_heading(self):
        faults, checked, _ = links.check()
        self.assertEqual(faults, [])
        self.assertGreater(checked, 100)


class Blocks(unittest.TestCase):
    def test_every_block_of_a_guide_runs_or_says_why_not(self):
        faults = [fault for document in guides.names() for fault in guides.faults(pages.blocks(document))]
        self.assertEqual(faults, [])

    def test_a_block_of_an_unknown_language_is_a_fault(self):
        unknown = pages.blocks("d.md", "```scala\nx\n```\n```\nx\n```\n```sh\nif\n```\n")
        self.assertEqual(len(guides.faults(unknown)), 3)
        known = pages.blocks("d.md", "<!-- not run: needs Spark -->\n```scala\nx\n```\n```text\nx\n```\n")
        self.assertEqual(guides.faults(known), [])

    def test_no_curl_command_hides_the_problem_of_a_refusal(self):
        """`curl -f` prints no body, and so neither the reason nor the remedy."""
        hides = re.compile(r"\bcurl\b.*?\s(-[a-zA-Z]*f[a-zA-Z]*|--fail)(\s|$)")
        self.assertTrue(hides.search("x=$(curl -sSf y)") and not hides.search("curl -sS --fail-with-body y"))
        blocks = [b for document in guides.names() for b in pages.blocks(document) if b.language == "sh"]
        self.assertEqual([f"{b.place}: {line}" for b in blocks for line in b.commands() if hides.search(line)], [])

    def test_a_block_may_also_run_over_broken_lines(self):
        text = "<!-- over broken lines -->\n<!-- needs: node -->\n```sh\nx\n```\n```sh\ny\n```\n"
        self.assertEqual([(b.order, b.broken) for b in pages.blocks("d.md", text)], [("needs", True), ("", False)])

    def test_every_recorded_session_is_one_that_is_recorded_again(self):
        source = pages.read("infra/docs/terminal.py")
        shown = [block for block in pages.blocks("docs/terminal.md") if block.order == "picture"]
        self.assertEqual([block.value for block in shown], re.findall(r'made\["(\w+)"\](?:, \w+)? =', source))
        self.assertEqual([block.value for block in shown if not block.text.startswith("$ sluice ")], [])


if __name__ == "__main__":
    unittest.main()
