"""Items of the bill: usage times list price. The bill itself is known to AWS a day later."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
# The one place of each price.
PRICES = ("functions/lib/export/src/price.rs", "infra/x/src/commands/cost/prices.rs")
CONSTANT = re.compile(r"const ([A-Z0-9_]+): f64 =\s*(?:price\(\s*)?([0-9_.e-]+)[,;]")
HOURS_PER_MONTH = 730
# Name of a price -> item, unit.
ITEMS = {
    "GB_SECOND": ("functions, running time", "GB-second"),
    "INVOCATION": ("functions, invocations", "invocation"),
    "QUEUE_REQUEST": ("queue", "request"),
    "PUT": ("bucket, writes", "request"),
    "GET": ("bucket, reads", "request"),
    "TRANSFER_GB": ("transfer to the internet", "GB"),
    "API_REQUEST": ("HTTP API", "request"),
    "LOGS_GB": ("logs", "GB"),
    "RDS_MICRO_HOUR": ("database", "hour"),
    "RDS_GB_MONTH": ("storage of the database", "GB-month"),
    "PROXY_VCPU_HOUR": ("RDS Proxy, two vCPU", "vCPU-hour"),
    "ENDPOINT_HOUR": ("endpoints, in each zone", "hour"),
    "CACHE_GB_HOUR": ("cache", "GB-hour"),
    "SECRET_MONTH": ("secrets", "secret-month"),
    "ALARM_MONTH": ("alarms", "metric-month"),
    "METRIC_MONTH": ("metrics", "metric-month"),
}
# Resource type -> what one of them uses in an hour, by name of the price.
HOURLY = {
    "AWS::RDS::DBInstance": {"RDS_MICRO_HOUR": 1, "RDS_GB_MONTH": 20 / HOURS_PER_MONTH},
    "AWS::RDS::DBProxy": {"PROXY_VCPU_HOUR": 2},
    "AWS::EC2::VPCEndpoint": {"ENDPOINT_HOUR": 2},
    "AWS::ElastiCache::ServerlessCache": {"CACHE_GB_HOUR": 0.1},
    "AWS::SecretsManager::Secret": {"SECRET_MONTH": 1 / HOURS_PER_MONTH},
    "AWS::CloudWatch::Alarm": {"ALARM_MONTH": 1.5 / HOURS_PER_MONTH},
    "AWS::Logs::MetricFilter": {"METRIC_MONTH": 12 / HOURS_PER_MONTH},
}
# Requests of the trigger to an empty queue, in an hour: five pollers, each waits for 20 seconds.
POLLS = 900


class Item(NamedTuple):
    """A line of the bill."""

    item: str
    quantity: float
    unit: str
    price: float

    @property
    def usd(self):
        return self.quantity * self.price


def prices():
    """Name of a price -> US dollars, from the constants of the Rust code."""
    found = {}
    for file in PRICES:
        for name, value in CONSTANT.findall((ROOT / file).read_text()):
            found[name] = float(value.replace("_", ""))
    return found


def items(usage):
    """The items of a usage (name of a price -> quantity), in the order of ITEMS, without those of nothing."""
    known = prices()
    return [Item(*ITEMS[name][:1], usage[name], ITEMS[name][1], known[name]) for name in ITEMS if usage.get(name)]


def hourly(kinds, hours):
    """Usage of resources of these types, one for each time a type is listed, for so many hours."""
    usage = {}
    for kind in kinds:
        for name, quantity in HOURLY.get(kind, {}).items():
            usage[name] = usage.get(name, 0) + quantity * hours
    if "AWS::SQS::Queue" in kinds:
        usage["QUEUE_REQUEST"] = POLLS * hours
    return usage


def work(chunks, secs, memory_mb, file_bytes):
    """Usage of chunks that were read and downloaded."""
    return {
        "GB_SECOND": secs * memory_mb / 1024,
        "INVOCATION": chunks,
        "QUEUE_REQUEST": 3 * chunks,
        "PUT": 3 * chunks,
        "GET": chunks,
        "TRANSFER_GB": file_bytes / 1e9,
    }


def added(*usages):
    """The sum of usages."""
    names = {name for usage in usages for name in usage}
    return {name: sum(usage.get(name, 0) for usage in usages) for name in names}


def estimate(chunks, rows, hours):
    """Usage of a whole run, assumed before it: the trial for `hours`, a second one for an hour, three exports of
    `chunks` and one of `rows`, and a CDN and a cache for half an hour."""
    numbers = {
        "RDS::DBInstance": 1,
        "SQS::Queue": 1,
        "EC2::VPCEndpoint": 2,
        "SecretsManager::Secret": 3,
        "CloudWatch::Alarm": 15,
        "Logs::MetricFilter": 3,
    }
    trial = [f"AWS::{kind}" for kind, number in numbers.items() for _ in range(number)]
    return added(
        hourly([*trial, "AWS::RDS::DBProxy"], hours),
        hourly(trial, 1),
        hourly(["AWS::ElastiCache::ServerlessCache"], 0.5),
        work(3 * chunks + 4, 3 * chunks * 0.5 + rows / 50_000, 1769, 3 * chunks * 10_000 + rows * 30),
        {"API_REQUEST": 20_000, "LOGS_GB": 0.05},
    )


def table(found):
    """The items as a table in Markdown, aligned for a terminal, with their sum."""
    rows = [["item", "quantity", "unit", "price, USD", "USD"]]
    for one in found:
        price = f"{one.price:.10f}".rstrip("0")
        rows.append([one.item, figure(one.quantity), one.unit, price, f"{one.usd:.4f}"])
    rows.append(["sum", "", "", "", f"{total(found):.4f}"])
    rows.insert(1, ["---", "---:", "---", "---:", "---:"])
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    rows[1] = ["-" * (width - 1) + ("-" if mark == "---" else ":") for width, mark in zip(widths, rows[1])]
    cells = ([fit(row[column], widths[column], column) for column in range(5)] for row in rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def fit(text, width, column):
    """A cell of this width; numbers are at its right."""
    return text.ljust(width) if column in (0, 2) else text.rjust(width)


def total(found):
    """The sum, in US dollars."""
    return sum(one.usd for one in found)


def figure(quantity):
    """A quantity with at least two significant digits."""
    if quantity >= 100:
        return f"{quantity:,.0f}"
    return f"{quantity:.5f}" if quantity < 0.01 else f"{quantity:.3g}"
