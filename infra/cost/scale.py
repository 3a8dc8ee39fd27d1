"""How far a deployment goes, and what stops it first; prints infra/SCALE.md.

    python scale.py > ../SCALE.md

From infra/measured.json, the template's parameters and a few constants of the code. Pure but for reading them.
"""

import json
import math
import random
import re
from bisect import bisect_left
from dataclasses import dataclass

from cost import API_SECS, BESIDE_SECS, INFRA, S3_DELETES_PER_PREFIX, S3_LISTS_PER_PREFIX, Pace, puts, requests, table
from simulate import Export, percentile, run

DAY = 86_400
# --- what is assumed, since it is not measured here ------------------------------------------------------------------
USE = 0.7  # how busy workers are meant to be
STORE_SECS_PER_CHUNK = 0.02  # sessions of the store: lease, renewals, record, finish
STORE_SECS_PER_EXPORT = 0.08  # accept, status, manifest
EXPIRE_SECS = 0.02  # of the sweeper per export that expires: one transaction of the store
S3_CALL_SECS = 0.03  # a call that lists or deletes
S3_CALLS_PER_PREFIX = S3_LISTS_PER_PREFIX + S3_DELETES_PER_PREFIX
MESSAGE_SECS = 0.02  # from the decision to the worker
SPREAD = 0.5  # chunks take as much less or more than their mean, evenly
LEAST_EXPORTS = 1000  # simulated, of each row; a percentile is printed where ten of them lie beyond it
LEAST_BEYOND = 10
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
        self.paces = {name: Pace.of(found, name) for name in found["formats"]}
        self.pace = self.paces["csv.gzip"]
        self.bytes_per_row = self.pace.source_bytes
        times = found["dispatch"]
        self.dispatch = {name: sorted((int(n), ms / 1000) for n, ms in times[name].items()) for name in ("all", "ten")}
        self.dispatch_how = times["how"]
        self.runs = found["runs"]
        constant = lambda form: int(re.search(form, sweeper).group(1))
        self.sweep_secs = constant(r"const LONGEST: Duration = Duration::from_secs\((\d+)\);")
        self.at_once = constant(r"const AT_ONCE: usize = (\d+);")
        self.target, self.split = parameters["TargetBytes"]["Default"], parameters["SplitBytes"]["Default"]
        self.max_chunks = parameters["MaxChunks"]["Default"]
        self.timeout_secs = parameters["WorkerTimeoutSeconds"]["Default"]
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


def rows_of(measured, number):
    """Of one of the measured runs."""
    seen = measured.runs[number]
    return sum(seen["plannedBytes"]) / measured.paces[seen["format"]].source_bytes


def floor_of_run(measured, number):
    """Seconds below which a run cannot be by the processor time per row and what a chunk is assumed to take beside."""
    seen = measured.runs[number]
    busy = rows_of(measured, number) * measured.paces[seen["format"]].least_secs + len(seen["chunkSecs"]) * BESIDE_SECS
    return busy / seen["budget"]


def line(xs, ys):
    """Least squares: constant and slope."""
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - mean_x) ** 2 for x in xs)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / spread if spread else 0.0
    return mean_y - slope * mean_x, slope


def chunks_of(measured, ask):
    return max(1, math.ceil(ask.rows * measured.bytes_per_row / measured.target))


def least_secs(measured, ask):
    """Of workers, for one export: what reading and encoding take at least."""
    return ask.rows * measured.pace.least_secs + chunks_of(measured, ask) * BESIDE_SECS


def worker_secs(measured, ask):
    """The same at the pace of the measured run, which all limits are worked out with."""
    return max(least_secs(measured, ask), ask.rows * measured.pace.run_secs)


def limits(measured, ask):
    """(what, how much of it is used, what moves it), the most used first. More than 1 cannot be kept up."""
    chunks = chunks_of(measured, ask)
    per_sec = ask.exports / DAY
    working = per_sec * worker_secs(measured, ask) / ask.budget
    # Where workers cannot keep up, all tenants wait in the end.
    waiting = ask.tenants if working > 1 else min(ask.tenants, 10)
    uploads = chunks * puts(ask.rows * measured.pace.file_bytes / chunks) + 1
    # So long of every minute the sweeper spends with either, if there is so much to do.
    sweeping = DAY / 60 * measured.sweep_secs
    emptying = S3_CALLS_PER_PREFIX * S3_CALL_SECS / measured.at_once
    found = [
        ("workers and sessions of the source", working, "`Budget`, if the database bears it"),
        ("decisions of dispatch(), one at a time", per_sec * chunks * measured.pick_secs(ask.tenants, waiting), "fewer, larger chunks: `TargetBytes`"),
        ("sessions of the store", per_sec * (STORE_SECS_PER_EXPORT + chunks * STORE_SECS_PER_CHUNK) / ask.store_sessions, "`StoreSessions`"),
        ("exports that the sweeper expires", ask.exports * EXPIRE_SECS / sweeping, "`LONGEST` in `functions/sweeper/src/rounds.rs`"),
        ("chunks that the sweeper deletes", ask.exports * chunks * emptying / sweeping, "`AT_ONCE` in `functions/sweeper/src/removal.rs`; fewer, larger chunks: `TargetBytes`"),
        ("what exports leave beside chunks, that the sweeper deletes", ask.exports * emptying / sweeping, "`AT_ONCE` in `functions/sweeper/src/removal.rs`"),
        ("chunks of one export", chunks / measured.max_chunks, "several exports, each of a part of the range; larger chunks: `TargetBytes`"),
        ("an export's deadline", worker_secs(measured, ask) / ask.budget / measured.deadline_secs, "`Budget`, `DeadlineHours`"),
        ("Lambda's concurrency", (ask.budget + PEAK * per_sec * requests(chunks) * API_SECS) / CONCURRENCY, "the account's quota"),
        ("requests to the HTTP API, at the peak", PEAK * per_sec * requests(chunks) / REQUESTS, "the account's quota"),
        ("uploads to S3, all tenants under one prefix", per_sec * uploads / PUTS_PER_PREFIX, "S3 splits prefixes by itself, in minutes"),
    ]
    return sorted(found, key=lambda one: -one[1])


def budget_for(measured, ask, secs):
    """The least budget that keeps workers as busy as they are meant to be, and one export within its deadline."""
    busy = max(ask.exports / DAY, 1 / measured.deadline_secs) * secs(measured, ask)
    return max(4, math.ceil(busy / USE))


def sensible(measured, ask):
    """The same with the budget and the store's sessions that it takes."""
    store = ask.exports / DAY * (STORE_SECS_PER_EXPORT + chunks_of(measured, ask) * STORE_SECS_PER_CHUNK) / USE
    return Ask(ask.tenants, ask.exports, ask.rows, budget_for(measured, ask, worker_secs), max(4, math.ceil(store)))


def simulated(measured, ask, hours=1.0, most=20_000, seed=7):
    """So much of the day with requests at random, longer where that is few exports: the simulation's outcome."""
    chance = random.Random(seed)
    per_sec = ask.exports / DAY
    chunks = chunks_of(measured, ask)
    span = min(max(hours * 3600, LEAST_EXPORTS * 1.2 / per_sec), most / (per_sec * chunks))
    secs = worker_secs(measured, ask) / chunks
    exports, at = [], 0.0
    while True:
        at -= math.log(1 - chance.random()) / per_sec
        if at > span:
            break
        sizes = tuple(secs * (1 - SPREAD + 2 * SPREAD * chance.random()) for _ in range(chunks))
        exports.append(Export(at, f"t{chance.randrange(ask.tenants)}", sizes))
    # Where nobody waits, one look tells.
    look = measured.dispatch["all"][0][1]
    return run(exports, ask.budget, MESSAGE_SECS, lambda waiting: measured.pick_secs(ask.tenants, waiting) if waiting else look)


# --- the document ------------------------------------------------------------------------------------------------------

ASKS = [
    Ask(10, 100, 1e7), Ask(100, 1000, 1e6), Ask(1000, 10_000, 1e6), Ask(10_000, 100_000, 1e6), Ask(10_000, 1_000_000, 1e5),
    Ask(10_000, 1_000_000, 1e6), Ask(1, 1, 1e12),
]


def count(number):
    return f"{number:,.0f}"


def share(value):
    return f"{value:.0%}" if value < 10 else f"{value:,.0f} ×"


def seconds(values, share, digits):
    """A percentile; a dash where too few lie beyond it to tell."""
    beyond = len(values) * min(share, 1 - share)
    return f"{percentile(values, share):.{digits}f}" if beyond >= LEAST_BEYOND - 1e-9 else "–"


def predictions(measured):
    """The rows of the first table."""
    for number, seen in enumerate(measured.runs):
        wall = seen["wallSecs"]
        chunk, plan, floor = predict(measured, number), predict_from_plan(measured, number), floor_of_run(measured, number)
        yield [
            seen["format"], str(seen["budget"]), str(len(seen["chunkSecs"])), f"{wall:.1f}", f"{chunk:.1f} ({chunk / wall - 1:+.0%})",
            f"{plan:.1f} ({plan / wall - 1:+.0%})", f"{floor:.1f}", f"{wall / floor:.1f}",
        ]


def days(measured):
    """The rows of the tables about what a day asks for: the first limit, and waiting."""
    first, waits = [], []
    for ask in ASKS:
        able = sensible(measured, ask)
        top, as_is = limits(measured, able)[0], limits(measured, ask)[0]
        name = [count(ask.tenants), count(ask.exports), count(ask.rows)]
        first.append([
            *name, f"{as_is[0]}, {share(as_is[1])}", count(able.budget), count(budget_for(measured, ask, least_secs)),
            count(able.store_sessions), f"{top[0]}, {share(top[1])}", top[2],
        ])
        if ask.exports > 1 and able.budget <= CONCURRENCY:
            outcome = simulated(measured, able)
            waits.append([
                *name, count(able.budget), count(len(outcome.stays)), seconds(outcome.waits, 0.5, 2), seconds(outcome.waits, 0.99, 2),
                seconds(outcome.stays, 0.99, 1), share(outcome.worker_use(able.budget)), share(outcome.decider_use()),
            ])
    return first, waits


def document(measured, what):
    first, waits = days(measured)
    picks = [
        [count(tenants), f"{secs * 1000:.2f}", f"{dict(measured.dispatch['ten'])[tenants] * 1000:.2f}"]
        for tenants, secs in measured.dispatch["all"]
    ]
    run_0 = measured.runs[0]
    held, floor = run_0["wallSecs"] * run_0["budget"], floor_of_run(measured, 0) * run_0["budget"]
    reading = rows_of(measured, 0) * measured.pace.cpu_secs
    whole = Ask(1, 1, measured.target / measured.bytes_per_row)
    return f"""# How far it goes

Made by `cost/scale.py` from `measured.json`, the template's defaults and constants of the code; a test fails where this page
is not what they say. The simulation is `cost/simulate.py`: dispatch as `dispatch()` decides, workers as the trigger runs them.

## Does the simulation tell the truth?

Exports of the sample on {what}, against the simulation. It is given the
time of each chunk, and what a worker spends beside it ({measured.beside_secs() * 1000:.0f} ms) from the first run; or the plan
alone, with the pace of the first run. The first run predicts itself in part; the others are the test. A format has a pace of its
own, so the plan alone can only be near where formats are alike. The floor is given neither: it is the processor time of the rows in
that format and {BESIDE_SECS * 1000:.0f} ms per chunk, shared by the workers.

{table(["format", "Budget", "chunks", "measured s", "simulated from chunks", "simulated from the plan", "floor s", "measured, in floors"], list(predictions(measured)))}

So the simulation tells how chunks queue for workers, not how long one takes: that it is told. And the floor is far from what was measured: the
first run held its workers for {held:.0f} s, which is {held / floor:.1f} times the floor's {floor:.0f}. Chunks' attempts were {sum(run_0["chunkSecs"]):.0f} s of it, the processor time of reading
and encoding {reading:.0f}. The rest is waiting: workers wait for each other, for PostgreSQL, the pooler and the emulator, which all share two
processors, and what each has of it was not measured. On AWS they do not share, but no run there was measured either.

Therefore all that follows is worked out with the pace of that whole run, {measured.pace.run_secs * 1e6:.1f} s of a worker per million rows. Per row, without the fixed part of a
chunk, it is {measured.pace.run_secs / measured.pace.least_secs:.0f} times the processor time; its chunks were small, so it overstates what larger ones take. The budget at the floor stands beside.

## The first limit

What a day asks for; what stops it first with the template's defaults (`Budget` 4, `StoreSessions` 4); and, with as large a budget and
as many sessions as it takes to keep workers {USE:.0%} busy, what is the nearest limit then. Above 100 % work piles up, and all tenants
wait. Rows are as wide as the sample's ({measured.bytes_per_row:.0f} bytes); nothing is reused.

{table(["tenants", "exports a day", "rows of each", "first limit", "Budget that it takes", "Budget at the floor", "StoreSessions", "nearest limit then", "what moves it"], first)}

Where the budget exceeds what one database can hold, it takes readers (`ProxyTarget=cluster`), several deployments with a
database each, or reuse: a chunk that is reused costs none of it. That the database keeps its pace with so many sessions is assumed.

Not modelled: accepting an export plans all its chunks in one request (30 s and 512 MB of the api), and whoever finishes it holds the
manifest of all chunks in memory. Neither was measured at {count(measured.max_chunks)} chunks, the default of `MaxChunks`, nor beyond; so an export that needs more is
asked for as several, each of a part of the range, rather than with a larger `MaxChunks`.

## Waiting

Simulated with requests at random, in seconds: from acceptance to the first chunk (half of all, and 99 of 100), and to the end (99 of 100).
At least {count(LEAST_EXPORTS)} exports are simulated; a dash stands where fewer than {LEAST_BEYOND} lie beyond the figure.

{table(["tenants", "exports a day", "rows of each", "Budget", "exports simulated", "wait 50 %", "wait 99 %", "done 99 %", "workers busy", "dispatch busy"], waits)}

## One decision of dispatch()

By `cost/dispatch_time.py` on the same machine, milliseconds per chunk that is picked: {measured.dispatch_how}.

{table(["tenants", "all of them waiting", "ten of them waiting"], picks)}

It decides under one lock for all, so this is what no budget moves. Where many tenants wait at once, larger chunks ask less often; one of
`TargetBytes` takes a worker {worker_secs(measured, whole):.0f} s at the measured pace, of the {measured.timeout_secs} that it may.

## Assumed

{BESIDE_SECS * 1000:.0f} ms of a worker beside reading a chunk, for the floor (above it is more: emulator and workers share two processors);
{STORE_SECS_PER_CHUNK * 1000:.0f} ms of the store's sessions per chunk and {STORE_SECS_PER_EXPORT * 1000:.0f} ms per export; {EXPIRE_SECS * 1000:.0f} ms of the sweeper per export that expires
and {S3_CALLS_PER_PREFIX} calls of {S3_CALL_SECS * 1000:.0f} ms to S3 per chunk and per export, {measured.at_once} at once, in at most {measured.sweep_secs} s of a minute for each of the three;
{requests(0)} requests of the api per export and one per file, {API_SECS * 1000:.0f} ms each, as in [COST.md](COST.md); {MESSAGE_SECS * 1000:.0f} ms from a decision to the worker; chunks that
take up to {SPREAD:.0%} less or more than their mean; peaks of {PEAK} times the mean; AWS's quotas before any is raised
({count(CONCURRENCY)} concurrent executions, {count(REQUESTS)} requests per second, {count(PUTS_PER_PREFIX)} uploads per second and prefix). For the floor, a processor of Lambda
as fast as the one measured.
"""


def gather():
    """The measurements and what the code says."""
    from templates import code, load

    found = json.loads((INFRA / "measured.json").read_text())
    return Measured(found, code("functions/sweeper/src/rounds.rs") + code("functions/sweeper/src/removal.rs"), load("root")["Parameters"]), found["what"]


if __name__ == "__main__":
    print(document(*gather()), end="")
