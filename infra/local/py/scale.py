"""How far a deployment goes, and what stops it first; prints infra/SCALE.md.

    python scale.py > ../../SCALE.md

From infra/measured.json, the template's parameters and a few constants of the code. Pure but for reading them.
"""

import json
import math
import random
import re
from bisect import bisect_left
from dataclasses import dataclass

from cost import BESIDE_SECS, INFRA, table
from simulate import Export, percentile, run

DAY = 86_400
# --- what is assumed, since it is not measured here ------------------------------------------------------------------
USE = 0.7  # how busy workers are meant to be
STORE_SECS_PER_CHUNK = 0.02  # sessions of the store: lease, renewals, record, finish
STORE_SECS_PER_EXPORT = 0.08  # accept, status, manifest
EXPIRE_SECS = 0.02  # of the sweeper per export that expires: one transaction of the store
S3_CALL_SECS = 0.03  # a call that lists or deletes
S3_CALLS_PER_PREFIX = 6  # of the sweeper, of a chunk or an export: look for uploads, list, delete, list; and once more when nobody can write any longer
PEAK = 10  # the busiest second, over the mean, of requests
# --- what AWS allows, without asking for more ------------------------------------------------------------------------
CONCURRENCY = 1000  # of an account; also the most that a trigger may have
PUTS_PER_PREFIX = 3500  # per second
REQUESTS = 10_000  # of HTTP APIs, per second


@dataclass(frozen=True)
class Ask:
    """What is asked for in a day."""

    tenants: int
    exports: float
    rows: float  # of one export
    budget: int = 4
    store_sessions: int = 4


class Measured:
    """What infra/measured.json and the code say."""

    def __init__(self, found, sweeper, parameters):
        form = found["formats"]["csv.gzip"]
        self.secs_per_row = max(form["cpuSecs"], form["databaseSecs"]) / form["rows"]
        self.bytes_per_row = form["sourceBytes"] / form["rows"]
        self.dispatch = {name: sorted((int(n), ms / 1000) for n, ms in times.items()) for name, times in found["dispatch"].items()}
        self.runs = found["runs"]
        constant = lambda form: int(re.search(form, sweeper).group(1))
        self.sweep_secs = constant(r"const LONGEST: Duration = Duration::from_secs\((\d+)\);")
        self.at_once = constant(r"const AT_ONCE: usize = (\d+);")
        self.target, self.split = parameters["TargetBytes"]["Default"], parameters["SplitBytes"]["Default"]
        self.max_chunks = parameters["MaxChunks"]["Default"]
        self.deadline_secs = parameters["DeadlineHours"]["Default"] * 3600

    def pick_secs(self, tenants, waiting):
        """One decision of dispatch()."""
        return max(between(self.dispatch["ten"], tenants), between(self.dispatch["all"], waiting))

    def beside_secs(self):
        """Of a worker per chunk, beside the attempt: what the first run took longer than its attempts."""
        first = self.runs[0]
        return max(0.0, (first["wallSecs"] * first["budget"] - sum(first["chunkSecs"])) / len(first["chunkSecs"]))


def between(points, x):
    """Linear between points, flat before the first, growing as at the end after the last."""
    index = bisect_left([at for at, _ in points], x)
    if index == 0:
        return points[0][1]
    left, right = (points[-2], points[-1]) if index == len(points) else (points[index - 1], points[index])
    return left[1] + (right[1] - left[1]) * (x - left[0]) / (right[0] - left[0])


def predict(measured, number):
    """Seconds that one of the measured runs takes in the simulation, from its chunks and the overhead of the first run."""
    seen = measured.runs[number]
    beside = measured.beside_secs()
    export = Export(0.0, "a", tuple(secs + beside for secs in seen["chunkSecs"]))
    return run([export], seen["budget"]).end


def predict_from_plan(measured, number):
    """The same from the plan alone: a chunk's time is a constant and so much per planned byte, as in the first run."""
    first, seen = measured.runs[0], measured.runs[number]
    constant, slope = line(first["plannedBytes"], first["chunkSecs"])
    beside = measured.beside_secs()
    chunks = tuple(max(0.0, constant + slope * size) + beside for size in seen["plannedBytes"])
    return run([Export(0.0, "a", chunks)], seen["budget"]).end


def line(xs, ys):
    """Least squares: constant and slope."""
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / spread if spread else 0.0
    return mean_y - slope * mean_x, slope


def chunks_of(measured, ask):
    return max(1, math.ceil(ask.rows * measured.bytes_per_row / measured.target))


def worker_secs(measured, ask):
    """Of one export."""
    return ask.rows * measured.secs_per_row + chunks_of(measured, ask) * BESIDE_SECS


def limits(measured, ask):
    """(what, how much of it is used, what moves it), the most used first. More than 1 cannot be kept up."""
    chunks = chunks_of(measured, ask)
    per_sec = ask.exports / DAY
    # So long of every minute the sweeper spends with either, if there is so much to do.
    sweeping = DAY / 60 * measured.sweep_secs
    emptying = S3_CALLS_PER_PREFIX * S3_CALL_SECS / measured.at_once
    found = [
        ("workers and sessions of the source", per_sec * worker_secs(measured, ask) / ask.budget, "`Budget`, if the database bears it"),
        ("decisions of dispatch(), one at a time", per_sec * chunks * measured.pick_secs(ask.tenants, min(ask.tenants, 10)), "fewer, larger chunks: `TargetBytes`"),
        ("sessions of the store", per_sec * (STORE_SECS_PER_EXPORT + chunks * STORE_SECS_PER_CHUNK) / ask.store_sessions, "`StoreSessions`"),
        ("exports that the sweeper expires", ask.exports * EXPIRE_SECS / sweeping, "`LONGEST` in `functions/sweeper/src/sweep.rs`"),
        ("chunks that the sweeper deletes", ask.exports * chunks * emptying / sweeping, "`AT_ONCE` in `functions/sweeper/src/sweep.rs`; fewer, larger chunks: `TargetBytes`"),
        ("what exports leave beside chunks, that the sweeper deletes", ask.exports * emptying / sweeping, "`AT_ONCE` in `functions/sweeper/src/sweep.rs`"),
        ("chunks of one export", chunks / measured.max_chunks, "`MaxChunks`, `TargetBytes`"),
        ("an export's deadline", worker_secs(measured, ask) / ask.budget / measured.deadline_secs, "`Budget`, `DeadlineHours`"),
        ("Lambda's concurrency", (ask.budget + PEAK * per_sec * 0.05) / CONCURRENCY, "the account's quota"),
        ("requests to the HTTP API, at the peak", PEAK * per_sec * 13 / REQUESTS, "the account's quota"),
        ("uploads to S3, all tenants under one prefix", per_sec * (chunks * 3 + ask.rows * measured.bytes_per_row * 0.3 / (5 << 20)) / PUTS_PER_PREFIX, "S3 splits prefixes by itself, in minutes"),
    ]
    return sorted(found, key=lambda one: -one[1])


def sensible(measured, ask):
    """The same with the budget and the store's sessions that it takes."""
    per_sec = ask.exports / DAY
    need = per_sec * worker_secs(measured, ask) / USE
    store = per_sec * (STORE_SECS_PER_EXPORT + chunks_of(measured, ask) * STORE_SECS_PER_CHUNK) / USE
    one = worker_secs(measured, ask) / measured.deadline_secs / USE
    return Ask(ask.tenants, ask.exports, ask.rows, max(4, math.ceil(max(need, one))), max(4, math.ceil(store)))


def simulated(measured, ask, hours=1.0, most=20_000, seed=7):
    """A stretch of the day with requests at random: the simulation's outcome."""
    chance = random.Random(seed)
    per_sec = ask.exports / DAY
    span = min(hours * 3600, most / (per_sec * chunks_of(measured, ask)))
    chunks = chunks_of(measured, ask)
    secs = worker_secs(measured, ask) / chunks
    exports, at = [], 0.0
    while True:
        at -= math.log(1 - chance.random()) / per_sec
        if at > span:
            break
        # Chunks are not all alike: half to one and a half times as long.
        sizes = tuple(secs * (0.5 + chance.random()) for _ in range(chunks))
        exports.append(Export(at, f"t{chance.randrange(ask.tenants)}", sizes))
    # Where nobody waits, one look tells.
    look = measured.dispatch["all"][0][1]
    return run(exports, ask.budget, 0.02, lambda waiting: measured.pick_secs(ask.tenants, waiting) if waiting else look)


# --- the document ------------------------------------------------------------------------------------------------------

ASKS = [
    Ask(10, 100, 1e7), Ask(100, 1000, 1e6), Ask(1000, 10_000, 1e6), Ask(10_000, 100_000, 1e6), Ask(10_000, 1_000_000, 1e5),
    Ask(10_000, 1_000_000, 1e6), Ask(1, 1, 1e12),
]


def count(number):
    return f"{number:,.0f}"


def share(value):
    return f"{value:.0%}" if value < 10 else f"{value:,.0f} ×"


def document(measured, what):
    predicted = []
    for number, seen in enumerate(measured.runs):
        wall = seen["wallSecs"]
        chunk, plan = predict(measured, number), predict_from_plan(measured, number)
        predicted.append([
            seen["format"], str(seen["budget"]), str(len(seen["chunkSecs"])), f"{wall:.1f}", f"{chunk:.1f} ({chunk / wall - 1:+.0%})",
            f"{plan:.1f} ({plan / wall - 1:+.0%})",
        ])
    first, waits = [], []
    for ask in ASKS:
        able = sensible(measured, ask)
        top = limits(measured, able)
        as_is = limits(measured, ask)
        name = [count(ask.tenants), count(ask.exports), count(ask.rows)]
        first.append([*name, f"{as_is[0][0]}, {share(as_is[0][1])}", count(able.budget), count(able.store_sessions), f"{top[0][0]}, {share(top[0][1])}", top[0][2]])
        if ask.exports > 1 and able.budget <= CONCURRENCY:
            outcome = simulated(measured, able)
            waits.append([
                *name, count(able.budget), f"{percentile(outcome.waits, 0.5):.2f}", f"{percentile(outcome.waits, 0.99):.2f}",
                f"{percentile(outcome.stays, 0.99):.1f}", share(outcome.worker_use(able.budget)), share(outcome.decider_use()),
            ])
    picks = [
        [count(tenants), f"{secs * 1000:.2f}", f"{dict(measured.dispatch['ten'])[tenants] * 1000:.2f}"]
        for tenants, secs in measured.dispatch["all"]
    ]
    return f"""# How far it goes

Made by `local/py/scale.py` from `measured.json`, the template's defaults and constants of the code; a test fails where this page
is not what they say. The simulation is `local/py/simulate.py`: dispatch as `dispatch()` decides, workers as the trigger runs them.

## Does the simulation tell the truth?

Exports of the sample on {what}, against the simulation. It is given the
time of each chunk, and what a worker spends beside it ({measured.beside_secs() * 1000:.0f} ms) from the first run; or, in the last column, the plan
alone, with the pace of the first run. The first run predicts itself in part; the others are the test. A format has a pace of its
own, so the last column can only be near where formats are alike.

{table(["format", "Budget", "chunks", "measured s", "simulated from chunks", "simulated from the plan"], predicted)}

## The first limit

What a day asks for; what stops it first with the template's defaults (`Budget` 4, `StoreSessions` 4); and, with as large a budget and
as many sessions as it takes to keep workers {USE:.0%} busy, what is the nearest limit then. Above 100 % work piles up. Rows are as
wide as the sample's ({measured.bytes_per_row:.0f} bytes); nothing is reused.

{table(["tenants", "exports a day", "rows of each", "first limit", "Budget that it takes", "StoreSessions", "nearest limit then", "what moves it"], first)}

Where the budget exceeds what one database can hold, it takes readers (`ProxyTarget=cluster`), several deployments with a
database each, or reuse: a chunk that is reused costs none of it.

## Waiting

Simulated with requests at random, in seconds: from acceptance to the first chunk (half of all, and 99 of 100), and to the end (99 of 100).

{table(["tenants", "exports a day", "rows of each", "Budget", "wait 50 %", "wait 99 %", "done 99 %", "workers busy", "dispatch busy"], waits)}

## One decision of dispatch()

Measured by `local/py/dispatch_time.py` on the same machine, milliseconds per chunk that is picked:

{table(["tenants", "all of them waiting", "ten of them waiting"], picks)}

It decides under one lock for all, so this is what no budget moves. Where many tenants wait at once, larger chunks ask less often.

## Assumed

{BESIDE_SECS * 1000:.0f} ms of a worker beside reading a chunk (above it is more: emulator and workers share two processors);
{STORE_SECS_PER_CHUNK * 1000:.0f} ms of the store's sessions per chunk and {STORE_SECS_PER_EXPORT * 1000:.0f} ms per export; {EXPIRE_SECS * 1000:.0f} ms of the sweeper per export that expires
and {S3_CALLS_PER_PREFIX} calls of {S3_CALL_SECS * 1000:.0f} ms to S3 per chunk and per export, {measured.at_once} at once, in at most {measured.sweep_secs} s of a minute for each of the three; peaks of {PEAK} times the mean; AWS's quotas before any is raised
({count(CONCURRENCY)} concurrent executions, {count(REQUESTS)} requests per second, {count(PUTS_PER_PREFIX)} uploads per second and prefix). A processor of Lambda as fast as the one measured.
"""


def gather():
    """The measurements and what the code says."""
    from templates import code, load

    found = json.loads((INFRA / "measured.json").read_text())
    return Measured(found, code("functions/sweeper/src/sweep.rs"), load("root")["Parameters"]), found["what"]


if __name__ == "__main__":
    print(document(*gather()), end="")
