"""What a deployment costs, from prices and from what was measured; prints infra/COST.md.

    python cost.py > ../../COST.md

Pure but for reading infra/prices.json and infra/measured.json. Amounts are US dollars; a month has 730 hours.
"""

import json
from dataclasses import dataclass
from pathlib import Path

INFRA = Path(__file__).resolve().parents[2]
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
ZONES = 2


def load(name):
    return json.loads((INFRA / f"{name}.json").read_text())


class Prices:
    def __init__(self, found):
        self.found = found

    def __getattr__(self, name):
        return self.found["items"][name]["usd"]


@dataclass(frozen=True)
class Pace:
    """What one row of the measured tables needs, in one format."""

    cpu_secs: float  # of a worker
    database_secs: float  # of a session
    source_bytes: float
    file_bytes: float

    @staticmethod
    def of(measured, name):
        seen = measured["formats"][name]
        rows = seen["rows"]
        return Pace(seen["cpuSecs"] / rows, seen["databaseSecs"] / rows, seen["sourceBytes"] / rows, seen["fileBytes"] / rows)


@dataclass(frozen=True)
class Load:
    """What is asked for in a month."""

    exports: float
    rows: float  # of one export
    reused: float = 0.0  # share of chunks that are not read again
    datasets: int = 1  # each is one chunk at least
    budget: int = 4


def chunks(load, pace):
    """New chunks of one export."""
    whole = max(load.datasets, load.rows * pace.source_bytes / TARGET_BYTES)
    return whole * (1 - load.reused)


def worker_secs(load, pace):
    """Of one export: whichever of worker and database is slower, on one processor."""
    rows = load.rows * (1 - load.reused)
    return rows * max(pace.cpu_secs, pace.database_secs) + chunks(load, pace) * BESIDE_SECS


def gb_seconds(seconds, memory_mb):
    return seconds * memory_mb / 1024


def variable(load, pace, price):
    """A month's cost that goes with use: item -> dollars."""
    new = chunks(load, pace) * load.exports
    files = max(load.datasets, load.rows * pace.source_bytes / TARGET_BYTES) * load.exports
    requests = load.exports * POLLS + files
    # What is reused is stored once.
    stored = load.exports * load.rows * (1 - load.reused) * pace.file_bytes
    puts = 3 * new + stored / PART_BYTES + load.exports
    return {
        "workers": gb_seconds(worker_secs(load, pace) * load.exports, WORKER_MB) * price.lambdaGbSecond,
        "api": gb_seconds(requests * API_SECS, API_MB) * price.lambdaGbSecond + requests * (price.lambdaRequest + price.apiRequest),
        "messages": new * (price.lambdaRequest + 3 * price.sqsRequest),
        "S3 requests": puts * price.s3Put + files * price.s3Get,
        "storage": stored / GB * price.s3GbMonth * KEPT_HOURS / HOURS,
        "logs": (new * LOG_BYTES_PER_CHUNK + requests * (LOG_BYTES_PER_REQUEST + ACCESS_BYTES_PER_REQUEST)) / GB * price.logsGb,
    }


# Metrics that are listened to by each alarm, and that the code puts; test_cost.py counts them.
ALARM_METRICS = 18
CUSTOM_METRICS = 33
SECRETS = {"proxy": 2, "cdn": 1}


def fixed(price, proxy=True, endpoints=True, cdn=False, cache=False, alarms=True):
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
        "alarms, metrics, dashboard": (ALARM_METRICS * price.alarmMonth + CUSTOM_METRICS * price.metricMonth + price.dashboardMonth + price.keyMonth) if alarms else 0,
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
    return f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def document(found, measured):
    price = Prices(found)
    gzip = Pace.of(measured, "csv.gzip")
    items = list(fixed(price, cdn=True, cache=True))
    mixes = []
    for name, load, options, trial in MIXES:
        base = sum(fixed(price, **options).values()) + (example(price) if trial else 0)
        use = variable(load, gzip, price)
        mixes.append([name, usd(base), *(usd(use[item]) for item in use), usd(base + sum(use.values()))])
    rows = []
    for name, count in JOBS:
        for form in measured["formats"]:
            if form != "csv.gzip" and count != 1e9:
                continue
            pace, load = Pace.of(measured, form), Load(1, count)
            parts = variable(load, pace, price)
            hours = worker_secs(load, pace) / load.budget / 3600
            rows.append([
                f"{name}, {form}", f"{load.rows * pace.source_bytes / GB:,.1f}", f"{hours:,.2f}", usd(parts["workers"]),
                usd(sum(parts.values()) - parts["workers"] - parts["storage"]), usd(sum(parts.values()) - parts["storage"]),
                usd(glue(load, pace, price)), usd(snapshot(load, pace, price)), usd(parts["storage"]),
            ])
    paces = [
        [form, f"{Pace.of(measured, form).cpu_secs * 1e6:.2f}", f"{Pace.of(measured, form).database_secs * 1e6:.2f}",
         f"{Pace.of(measured, form).source_bytes:.0f}", f"{Pace.of(measured, form).file_bytes:.0f}"]
        for form in measured["formats"]
    ]
    return f"""# What it costs

Made by `local/py/cost.py` from `prices.json` ({found["region"]}, {found["asOf"]}) and `measured.json`; a test fails where this
page is not what they say. {found["note"]} The database itself, and data that leaves AWS, are in no total.

## By the month, whatever is asked for

{table(["item", "USD"], [[item, usd(fixed(price, cdn=True, cache=True)[item])] for item in items])}

Lambda, the queue, the HTTP API and CloudFront cost nothing while nobody asks. Without `CreateProxy` (a pooler of yours)
and without `CreateEndpoints` (a network that has them, or functions outside a VPC) most of it goes. The example database of a
trial is {usd(example(price))} more. A NAT gateway in place of endpoints would be {usd(price.natHour * HOURS)} a month and zone, and {price.natGb} per GB.

## By the month, with use

CSV with gzip, kept for {KEPT_HOURS} hours.

{table(["who", "fixed", "workers", "api", "messages", "S3 requests", "storage", "logs", "together"], mixes)}

## By the export, against other ways

Once, nothing reused, `Budget` 4. "Hours" are with all four workers. Glue is priced as two DPU that read with as many sessions at
the database's own pace and spend no more processor time than our worker; its requests to S3 are left out. A snapshot export is priced
as if the snapshot held nothing but these rows; it writes Parquet only, without filters, columns chosen or tenants. Both are
in their favour.

{table(["what", "GB read", "hours", "workers", "requests and logs", "Sluice", "Glue", "snapshot export", "storage, by any of them"], rows)}

A fixed fleet of four tasks of one processor and 2 GB (Fargate, arm64) is {usd(fleet(Load(1, 1), price))} a month, busy or not: it is
cheaper than Lambda from {fleet_pays_above(price):.0%} of the time at work.

Downloads to the internet: {price.transferGb} per GB from S3, {price.cloudFrontGb} through CloudFront, nothing within the region.

## What was measured

Per million rows of the sample's tables, on {measured["what"]}. The seconds of a session are the bench's, as in
`functions/export/src/forecast.rs`.

{table(["format", "processor seconds of a worker", "seconds of a session", "bytes read per row", "bytes of file per row"], paces)}

A worker of {WORKER_MB} MB has one processor; it is assumed to be as fast as the one measured. Assumed too: {API_SECS} s per
request of the api, {POLLS} requests per export, {SWEEP_SECS} s per sweep, {BESIDE_SECS} s per chunk beside reading, {LOG_BYTES_PER_CHUNK} bytes of logs per chunk and
{LOG_BYTES_PER_REQUEST} per request, {ACCESS_BYTES_PER_REQUEST} more in the access log.
"""


if __name__ == "__main__":
    print(document(load("prices"), load("measured")), end="")
