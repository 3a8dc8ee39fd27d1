"""A question about AWS that only an account can settle, and its answer."""

import textwrap
from functools import partial
from typing import NamedTuple


class Answer(NamedTuple):
    """`yes`, `no`, or a value such as `1.2 s`; and the evidence for it, one sentence."""

    value: str
    evidence: str


def judged(right, evidence):
    """Yes or no."""
    return Answer("yes" if right else "no", evidence)


class Step:
    """A row of the table *Open on a real account*.

    `emulator` is None if the step runs on the emulator too, otherwise the reason why the emulator cannot show it.
    """

    name = ""
    question = ""
    emulator = None

    def run(self, trial):
        """Settles the question on a trial; an Answer."""
        raise NotImplementedError

    @classmethod
    def settled_by(cls):
        """The last column of the table."""
        return f"`--only {cls.name}`"


class ByHand(Step):
    """A question that needs something this program does not have, such as a domain or a mailbox."""

    emulator = "it is settled by hand"
    how = ""

    def run(self, trial):
        return Answer("open", f"by hand: {self.how}")

    @classmethod
    def settled_by(cls):
        return f"by hand: {cls.how}"


def table(steps):
    """The table *Open on a real account* of infra/README.md."""
    rows = [f"| {step.question} | {step.settled_by()} |" for step in steps]
    return "\n".join(["| question | settled by |", "|---|---|", *rows])


def answers(found):
    """The same table with answers; `found` has (step, Answer) pairs."""
    rows = [f"| {step.name} | {step.question} | {answer.value} | {cell(answer.evidence)} |" for step, answer in found]
    return "\n".join(["| step | question | answer | evidence |", "|---|---|---|---|", *rows])


def listed(found):
    """The answers for a terminal: step and answer, and below them question and evidence."""
    wrap = partial(textwrap.fill, width=110, initial_indent=" " * 4, subsequent_indent=" " * 4)
    blocks = (
        f"{step.name:<16}{answer.value}\n{wrap(step.question + '?')}\n{wrap('→ ' + answer.evidence)}\n"
        for step, answer in found
    )
    return "\n".join(blocks)


def cell(text):
    """A text as a cell of a table: one line, with its bars escaped unless they are."""
    text = " ".join(text.split())
    return "".join("\\|" if char == "|" and (i == 0 or text[i - 1] != "\\") else char for i, char in enumerate(text))
