"""Blocks, headings and links of the repository's documents.

A block of code may have a comment on the line before it, which no reader of the page sees:

    <!-- not run: REASON -->    it cannot run here; its syntax is checked where that is possible
    <!-- file: NAME -->         its text is written to this file, for the blocks after it
    <!-- needs: PROGRAM -->     it is skipped, and reported, where the program is missing
    <!-- output -->             it is the output of the block before it
    <!-- picture: NAME -->      it is a recorded session; `cargo x docs --write` renews it
    <!-- over broken lines -->  it runs, then once more with connections that break; above one of the other comments
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(`{3,})(\S*)[^\S\n]*$")
COMMENT = re.compile(r"^<!-- (not run|file|needs|output|picture)(?:: (.+?))? -->$")
BROKEN = "<!-- over broken lines -->"
HEADING = re.compile(r"^#{1,6} (.+?)\s*#*$")
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)")


@dataclass
class Block:
    """A block of code, with its place and the comment before it."""

    document: str
    line: int
    language: str
    text: str
    order: str = ""
    value: str = ""
    broken: bool = False

    @property
    def place(self):
        return f"{self.document}:{self.line}"

    def commands(self):
        """Its lines without comments; a continued line is one."""
        lines = [re.split(r"\s+#", line)[0].strip() for line in self.text.replace("\\\n", " ").splitlines()]
        return [" ".join(line.split()) for line in lines if line]


def documents(root=ROOT):
    """Every document of the repository, as paths below its root."""
    skipped = {"target", ".aws-sam", "node_modules"}
    paths = sorted(path.relative_to(root) for path in root.glob("**/*.md"))
    return [str(path) for path in paths if not skipped & set(path.parts)]


def read(document, root=ROOT):
    return (root / document).read_text(encoding="utf-8")


def blocks(document, text=None):
    """The blocks of a document, in their order."""
    found, open_block, fence, order, broken = [], None, "", ("", ""), False
    for number, line in enumerate((read(document) if text is None else text).splitlines(), 1):
        if open_block:
            if line.rstrip() == fence:
                found.append(open_block)
                open_block = None
            else:
                open_block.text += line + "\n"
        elif begins := FENCE.match(line):
            fence = begins[1]
            open_block = Block(document, number, begins[2], "", *order, broken)
        comment = COMMENT.match(line)
        order = (comment[1], comment[2] or "") if comment and not open_block else ("", "")
        broken = not open_block and (line == BROKEN or bool(comment and broken))
    if open_block:
        raise ValueError(f"{open_block.place}: the block has no end")
    return found


def prose(text):
    """The lines of a document outside of its blocks, with their numbers."""
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        begins = FENCE.match(line)
        if fence:
            fence = "" if line.rstrip() == fence else fence
        elif begins:
            fence = begins[1]
        else:
            yield number, line


def anchors(text):
    """The anchors of its headings, as GitHub makes them."""
    found, seen = set(), {}
    for _, line in prose(text):
        if not (heading := HEADING.match(line)):
            continue
        plain = LINK.sub(r"\1", heading[1]).replace("`", "")
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        found.add(f"{anchor}-{count}" if count else anchor)
    return found


def links(text):
    """The targets of its links outside of blocks and code, with the lines on which their paragraphs begin."""
    paragraphs, last = [], 0
    for number, line in prose(text):
        # A table's rows are paragraphs of their own: code ends with its cell.
        if not line.strip() or line.startswith("|") or number != last + 1 or not paragraphs:
            paragraphs.append((number, []))
        paragraphs[-1][1].append(line)
        last = number
    for number, lines in paragraphs:
        for link in LINK.finditer(re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", "\n".join(lines), flags=re.S)):
            yield number, link[2]
