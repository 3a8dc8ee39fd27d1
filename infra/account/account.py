"""Settles on a real account what only an AWS account can: deploys the trial, exports, compares, rotates passwords,
reads metrics, logs and alarms, prints the table *Open on a real account* with its answers and the items of the bill,
deletes everything, and proves that nothing is left.

`cargo x account-test` runs it. With AWS_ENDPOINT_URL at an address of this machine it runs on the emulator of the
stack in SLUICE_STACK; steps that the emulator cannot show print the reason.
"""

import argparse
import contextlib
import signal
import sys
import traceback

from botocore.exceptions import BotoCoreError, ClientError

import bill
import place as places
from removal import Removal
from step import Answer, ByHand, answers, listed, table
from steps import STEPS
from trial import Trial

# Hours for which the trial exists in a whole run.
HOURS = 3
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal has arrived."""


def handle(handler):
    """Sets the handler of all signals."""
    for number in SIGNALS:
        signal.signal(number, handler)


def interrupt(number, _frame):
    """The first signal ends the steps. The terminal sends one to this program and one by way of `cargo x`."""
    handle(continue_deletion)
    raise Interrupted(signal.Signals(number).name)


def continue_deletion(number, _frame):
    places.note(f"{signal.Signals(number).name}: the deletion continues, since what is left costs money")


def arguments(words=None):
    parser = argparse.ArgumentParser(prog="cargo x account-test", description=__doc__.split("\n\n")[0])
    parser.add_argument("--table", action="store_true", help="print the table of open questions, and do nothing else")
    parser.add_argument("--yes", action="store_true", help="do not ask before anything is created")
    parser.add_argument(
        "--keep", action="store_true", help="delete nothing at the end; a later run with --name deletes it"
    )
    parser.add_argument("--name", help="continue with a deployment that --keep left")
    parser.add_argument(
        "--only",
        action="append",
        metavar="STEP",
        choices=[step.name for step in STEPS],
        help="run this step, and the deployment if it needs one; may be repeated",
    )
    parser.add_argument(
        "--architecture", choices=["arm64", "x86_64"], default="arm64", help="architecture of the functions"
    )
    return parser.parse_args(words)


def agreed(place, chosen, given):
    """Asks, with an estimate of the cost, before anything is created."""
    places.note(f"steps: {', '.join(step.name for step in chosen if not issubclass(step, ByHand))}")
    if place.emulated:
        return True

    def cost(*words):
        return bill.total(bill.items(bill.estimate(*words)))

    hour = cost(0, 0, 1) - cost(0, 0, 0)
    end = f"It is kept, for {hour:.2f} USD an hour." if given.keep else "Everything is deleted at the end."
    print(
        f"This deploys Sluice with a database to {place.described()}. A whole run takes three to five hours\n"
        f"and costs about {cost(place.chunks, place.rows, HOURS):.2f} USD by list prices. {end}",
        file=sys.stderr,
    )
    if given.yes:
        return True
    print("Continue? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def chosen_steps(given):
    """The steps of a run, without the deletion, which is not a choice."""
    steps = [step for step in STEPS if step is not Removal]
    return [step for step in steps if step.name in given.only] if given.only else steps


def settled(step, trial):
    """The Answer of one step. A failure is an answer too, since the other steps go on."""
    if trial.place.emulated and step.emulator and not issubclass(step, ByHand):
        return Answer("not here", step.emulator)
    if not issubclass(step, ByHand):
        places.note(f"step {step.name}")
    try:
        return step().run(trial)
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return Answer("failed", f"{type(error).__name__}: {error}")


def run(place, given):
    """Runs the chosen steps and the deletion; the exit code."""
    chosen = chosen_steps(given)
    try:
        if not agreed(place, chosen, given):
            return 1
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"AWS cannot be reached, and nothing was created: {error}")
    trial, found = Trial(place, given.name), []
    try:
        handle(interrupt)
        for step in chosen:
            found.append((step, Answer("interrupted", "a signal has ended the steps")))
            found[-1] = (step, settled(step, trial))
    except Interrupted as interrupted:
        places.note(f"{interrupted}: deleting what was created")
    finally:
        handle(continue_deletion)
        if given.keep:
            # Without logs there are fewer items.
            with contextlib.suppress(BotoCoreError, ClientError):
                trial.read_usage()
            places.note(f"kept: delete it with `cargo x account-test --only removal --name {trial.name}`")
        else:
            found.append((Removal, settled(Removal, trial)))
        trial.close()
    form = listed if sys.stdout.isatty() else answers
    print(f"\n## Open on a real account\n\n{form(found)}")
    print(f"\n## Items of the bill\n\n{bill.table(bill.items(trial.usage))}")
    return int(any(answer.value in ("no", "failed", "interrupted") for _, answer in found))


def main():
    given = arguments()
    if given.table:
        print(table(STEPS))
        return 0
    return run(places.place(given.architecture), given)


if __name__ == "__main__":
    sys.exit(main())
