"""What a deployment costs, from prices and from what was measured; prints infra/COST.md.

    python cost.py > ../COST.md

From infra/prices.json, infra/measured.json, and what the code and the templates have watched. Amounts are US dollars; a month
has 730 hours.
"""

import json
import math
import statistics
from dataclasses import dataclass
from pathlib import Path

INFRA = Path(__file__).resolve().parents[1]
HOURS = 730
DAYS = HOURS / 24
GB = 1e9

# --- what is assumed, since it is not measured ---------------------------------------------------------------------

WORKER_MB = 1769  # one processor; the template's default
API_MB = SWEEPER_MB = 512
API_SECS = 0.02  # of one request
SWEEP_SECS = 0.2
POLLS = 12  # requests of one export: created, asked how it goes, manifest
TARGET_BYTES = 268_435_456  # of a chunk; the template's default
PART_BYTES = 5 << 20  # of an upload
KEPT_HOURS = 168  # RetentionHours, and ReuseDays in hours
LOG_BYTES_PER_CHUNK = 3000
LOG_BYTES_PER_REQUEST = 700
ACCESS_BYTES_PER_REQUEST = 450  # of API Gateway's own log
BESIDE_SECS = 0.2  # of a chunk beside reading: lease, session, end of the upload, record
CACHE_UNITS_PER_REQUEST = 10  # what a request of the api asks the shared cache for, in kilobytes and commands
ZONES = 2
# --- what the code does, which test_cost.py compares -----------------------------------------------------------------
# The sweeper empties what begins with a chunk's or an export's key: it looks for uploads, lists, deletes and lists; and once
# more, when nobody can write any longer, looks for uploads and lists.
S3_LISTS_PER_PREFIX = 5
S3_DELETES_PER_PREFIX = 1  # which cost nothing


def load(name):
    return json.loads((INFRA / f"{name}.json").read_text())


class Prices:
    def __init__(self, found):
        self.found, self.asked = found, set()

    def __getattr__(self, name):
        self.asked.add(name)
        return self.found["items"][name]["usd"]


@dataclass(frozen=True)
class Watched:
    """What is billed for being watched."""

    metrics: int  # that the code puts, whether alarms are created or not
    alarm_metrics: int  # that alarms listen to


@dataclass(frozen=True)
class Pace:
    """What one row of the measured tables needs, in one format."""

    cpu_secs: float  # of a worker
    database_secs: float  # of a session
    source_bytes: float
    file_bytes: float
    run_secs: float = 0.0  # of a worker, in a whole run: all the time that the run held its workers

    @property
    def least_secs(self):
        """Of a worker, were it alone: whichever of worker and database is slower, on a processor of its own."""
        return max(self.cpu_secs, self.database_secs)

    @staticmethod
    def of(measured, name):
        seen = measured["formats"][name]
        rows = seen["rows"]
        run = next(run for run in measured["runs"] if run["format"] == name)
        row_bytes = seen["sourceBytes"] / rows
        held = run["wallSecs"] * run["budget"] / sum(run["plannedBytes"]) * row_bytes
        return Pace(seen["cpuSecs"] / rows, seen["databaseSecs"] / rows, row_bytes, seen["fileBytes"] / rows, held)


@dataclass(frozen=True)
class Load:
    """What is asked for in a month."""

    exports: float
    rows: float  # of one export
    reused: float = 0.0  # share of chunks that are not read again
    datasets: int = 1  # each is one chunk at least
    budget: int = 4


def files(load, pace):
    """Of one export."""
    return max(load.datasets, load.rows * pace.source_bytes / TARGET_BYTES)


def chunks(load, pace):
    """New ones of one export."""
    return files(load, pace) * (1 - load.reused)


def least_secs(load, pace):
    """Of workers, for one export: what reading and encoding take at least."""
    return load.rows * (1 - load.reused) * pace.least_secs + chunks(load, pace) * BESIDE_SECS


def held_secs(load, pace):
    """The same at the pace of the measured run."""
    return max(least_secs(load, pace), load.rows * (1 - load.reused) * pace.run_secs)


def puts(file_bytes):
    """Requests that make one file: what is no larger than a part is put at once, the rest is an upload."""
    return 1 if file_bytes <= PART_BYTES else 2 + math.ceil(file_bytes / PART_BYTES)


def requests(files):
    """Of the api, for one export: those about the export, and one for the link to each file."""
    return POLLS + files


def gb_seconds(seconds, memory_mb):
    return seconds * memory_mb / 1024


def variable(load, pace, price, secs=held_secs, cdn=False, cache=False):
    """A month's cost that goes with use: item -> dollars."""
    new, downloads = chunks(load, pace) * load.exports, files(load, pace) * load.exports
    asked = requests(files(load, pace)) * load.exports
    # What is reused is stored once.
    stored = load.exports * load.rows * (1 - load.reused) * pace.file_bytes
    made = new * puts(stored / new) + load.exports if new else load.exports  # a manifest each
    swept = S3_LISTS_PER_PREFIX * (new + load.exports)
    return {
        "workers": gb_seconds(secs(load, pace) * load.exports, WORKER_MB) * price.lambdaGbSecond,
        "api": gb_seconds(asked * API_SECS, API_MB) * price.lambdaGbSecond + asked * (price.lambdaRequest + price.apiRequest),
        "messages": new * (price.lambdaRequest + 3 * price.sqsRequest),
        "S3 requests": (made + swept) * price.s3Put + downloads * price.s3Get,
        "CloudFront requests": (asked + downloads) * price.cloudFrontRequest if cdn else 0,
        "cache units": asked * CACHE_UNITS_PER_REQUEST * price.valkeyUnit if cache else 0,
        "storage": stored / GB * price.s3GbMonth * KEPT_HOURS / HOURS,
        "logs": (new * LOG_BYTES_PER_CHUNK + asked * (LOG_BYTES_PER_REQUEST + ACCESS_BYTES_PER_REQUEST)) / GB * price.logsGb,
    }


SECRETS = {"proxy": 2, "cdn": 1}


def fixed(price, watched, proxy=True, endpoints=True, cdn=False, cache=False, alarms=True):
    """A month's cost that does not: item -> dollars."""
    sweeps = HOURS * 60
    interfaces = (1 + (1 if cdn else 0)) if endpoints else 0
    found = {
        "sweeper": gb_seconds(sweeps * SWEEP_SECS, SWEEPER_MB) * price.lambdaGbSecond
        + sweeps * (price.lambdaRequest + price.scheduleInvocation) + sweeps * LOG_BYTES_PER_REQUEST / GB * price.logsGb,
        "RDS Proxy (two vCPU at least)": 2 * price.proxyVcpuHour * HOURS if proxy else 0,
        "endpoints of the network (two zones)": interfaces * ZONES * price.endpointHour * HOURS,
        "secrets": (SECRETS["proxy"] * proxy + SECRETS["cdn"] * cdn) * price.secretMonth,
        "cache (0.1 GB)": 0.1 * price.valkeyGbHour * HOURS if cache else 0,
        "metrics": watched.metrics * price.metricMonth,
        "alarms, dashboard": (watched.alarm_metrics * price.alarmMonth + price.dashboardMonth + price.keyMonth) if alarms else 0,
    }
    return {item: usd for item, usd in found.items() if usd}


def example(price):
    """The database of a trial."""
    return price.rdsMicroHour * HOURS + 20 * price.rdsGbMonth + price.secretMonth


def glue(load, pace, price):
    """The same rows by a Spark job of two DPU (eight processors) that reads with as many sessions and is as frugal with its
    processors as our worker, in its favour."""
    secs = max(60, load.rows * max(pace.database_secs / load.budget, pace.cpu_secs / 8))
    return 2 * price.glueDpuHour * secs / 3600


def glue_as_slow(load, pace, price):
    """Two DPU for as long as our workers take at the pace of the measured run, should a database be as slow for both."""
    return 2 * price.glueDpuHour * max(60, held_secs(load, pace) / load.budget) / 3600


def snapshot(load, pace, price):
    """An export of a snapshot that holds nothing else, in its favour."""
    return load.rows * pace.source_bytes / GB * price.snapshotExportGb


def fleet(load, price):
    """A month of as many tasks of one processor and 2 GB, always on."""
    return load.budget * (price.fargateVcpuHour + 2 * price.fargateGbHour) * HOURS


def fleet_pays_above(price):
    """Share of the time that workers must be busy for an always-on fleet to be cheaper."""
    hour = gb_seconds(3600, WORKER_MB) * price.lambdaGbSecond
    return (price.fargateVcpuHour + 2 * price.fargateGbHour) / hour


# --- the document ---------------------------------------------------------------------------------------------------

MIXES = [
    ("a trial: one export a day of a million rows", Load(30, 1e6), {}, True),
    ("a team: 50 a day of 10 million rows, half reused", Load(50 * 30, 1e7, 0.5), {}, False),
    ("a product: 10,000 a day of 2 million rows, half reused", Load(10_000 * 30, 2e6, 0.5), {"cdn": True, "cache": True}, False),
    ("a large one: a million a day of 100,000 rows, four fifths reused", Load(1e6 * 30, 1e5, 0.8), {"cdn": True, "cache": True}, False),
]
JOBS = [("10 million rows", 1e7), ("100 million rows", 1e8), ("a billion rows", 1e9), ("a thousand billion rows", 1e12)]


def usd(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.4f}" if value else "–"


def span(least, most, show=usd):
    """Two figures, at the least and at the measured pace; one where they look alike."""
    least, most = show(least), show(most)
    return least if least == most else f"{least} – {most}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def mixes(price, pace, watched):
    """The rows of a month with use, and the names of what goes with it."""
    rows = []
    for name, load, options, trial in MIXES:
        base = sum(fixed(price, watched, **options).values()) + (example(price) if trial else 0)
        least, held = (variable(load, pace, price, secs, **options) for secs in (least_secs, held_secs))
        rows.append([
            name, usd(base), *(span(least[item], held[item]) for item in held),
            span(base + sum(least.values()), base + sum(held.values())),
        ])
    return rows, list(held)


def jobs(price, measured):
    """The rows of one export, against other ways."""
    for name, count in JOBS:
        for form in measured["formats"]:
            if form != "csv.gzip" and count != 1e9:
                continue
            pace, load = Pace.of(measured, form), Load(1, count)
            least, held = (variable(load, pace, price, secs) for secs in (least_secs, held_secs))
            hours = [secs(load, pace) / load.budget / 3600 for secs in (least_secs, held_secs)]
            spent = [sum(parts.values()) - parts["storage"] for parts in (least, held)]
            yield [
                f"{name}, {form}", f"{load.rows * pace.source_bytes / GB:,.1f}", span(*hours, lambda value: f"{value:,.2f}"),
                span(least["workers"], held["workers"]), usd(spent[0] - least["workers"]), span(*spent),
                span(glue(load, pace, price), glue_as_slow(load, pace, price)), usd(snapshot(load, pace, price)), usd(held["storage"]),
            ]


def document(price, measured, watched):
    gzip = Pace.of(measured, "csv.gzip")
    base = fixed(price, watched, cdn=True, cache=True)
    rows, items = mixes(price, gzip, watched)
    paces = [(form, Pace.of(measured, form)) for form in measured["formats"]]
    per_million = [
        [form, f"{pace.cpu_secs * 1e6:.2f}", f"{pace.database_secs * 1e6:.2f}", f"{pace.run_secs * 1e6:.1f}",
         f"{pace.run_secs / pace.least_secs:.0f}", f"{pace.source_bytes:.0f}", f"{pace.file_bytes:.0f}"]
        for form, pace in paces
    ]
    return f"""# What it costs

Made by `cost/cost.py` from `prices.json` ({price.found["region"]}, {price.found["asOf"]}) and `measured.json`; a test fails where this
page is not what they say. {price.found["note"]} The database itself, and data that leaves AWS, are in no total.

Where two figures stand, the first is the floor: workers that wait for nobody, each on a processor of its own, by the processor
time that was measured. The second is the pace of a whole run on the machine that was measured, where database, pooler, emulator and
workers share two processors: {gzip.run_secs / gzip.least_secs:.0f} times slower per row of `csv.gzip`. No run on AWS was measured; plan with the
second until you have measured one.

## By the month, whatever is asked for

{table(["item", "USD"], [[item, usd(value)] for item, value in base.items()])}

Lambda, the queue, the HTTP API and CloudFront cost nothing while nobody asks. Without `CreateProxy` (a pooler of yours)
and without `CreateEndpoints` (a network that has them, or functions outside a VPC) most of it goes. The {watched.metrics} metrics come
with the logs, also without `CreateAlarms`; one that is not put in a month costs nothing in it. The alarms listen to {watched.alarm_metrics}. The example
database of a trial is {usd(example(price))} more. A NAT gateway in place of endpoints would be {usd(price.natHour * HOURS)} a month and zone, and {price.natGb} per GB.

## By the month, with use

CSV with gzip, kept for {KEPT_HOURS} hours. The last two are with CloudFront, through which all requests and downloads then go, and with
the shared cache.

{table(["who", "fixed", *items, "together"], rows)}

## By the export, against other ways

Once, nothing reused, `Budget` 4. "Hours" are with all four workers. Glue was not measured: first it is priced as two DPU that read with
as many sessions at the database's own pace and spend no more processor time than our worker, then as two DPU for as long as our
workers take; its requests to S3 are left out. A snapshot export is priced as if the snapshot held nothing but these rows; it writes
Parquet only, without filters, columns chosen or tenants.

{table(["what", "GB read", "hours", "workers", "requests and logs", "Sluice", "Glue", "snapshot export", "storage, by any of them"], list(jobs(price, measured)))}

A fixed fleet of four tasks of one processor and 2 GB (Fargate, arm64) is {usd(fleet(Load(1, 1), price))} a month, busy or not: it is
cheaper than Lambda from {fleet_pays_above(price):.0%} of the time at work. On x86_64 a worker's second costs {price.lambdaGbSecondX86 / price.lambdaGbSecond - 1:.0%} more.

Downloads to the internet: {price.transferGb} per GB from S3, {price.cloudFrontGb} through CloudFront, nothing within the region.

## What was measured

Per million rows of the sample's tables, on {measured["what"]}. The seconds of a session are the bench's, as in
`functions/lib/export/src/forecast.rs`. What a run held its workers for is its time from acceptance to the end, times `Budget`: the chunks'
beginnings and ends are in it, of chunks that are {statistics.mean(measured["runs"][0]["plannedBytes"]) / 1e6:.0f} MB on average, so it overstates what larger ones take.

{table(["format", "processor seconds of a worker", "seconds of a session", "seconds that a run held its workers", "times the floor", "bytes read per row", "bytes of file per row"], per_million)}

A worker of {WORKER_MB} MB has one processor; for the floor it is assumed to be as fast as the one measured. Assumed too: {API_SECS} s per
request of the api, {POLLS} requests per export and one per file, {SWEEP_SECS} s per sweep, {BESIDE_SECS} s per chunk beside reading, {LOG_BYTES_PER_CHUNK} bytes of logs per chunk and
{LOG_BYTES_PER_REQUEST} per request, {ACCESS_BYTES_PER_REQUEST} more in the access log, {CACHE_UNITS_PER_REQUEST} units of the shared cache per request. A file is as large as the mean; a chunk and an export
are swept once, with {S3_LISTS_PER_PREFIX} requests that list and {S3_DELETES_PER_PREFIX} that deletes, which costs nothing. What failed attempts leave is not counted.
"""


def gather():
    """Prices, measurements, and what is watched."""
    from observed import alarm_metrics, put_metrics

    return Prices(load("prices")), load("measured"), Watched(len(put_metrics()), alarm_metrics())


if __name__ == "__main__":
    print(document(*gather()), end="")
