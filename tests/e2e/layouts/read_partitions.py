"""Reads a download with partitions by month, and prints as JSON what DuckDB and Arrow find in each month."""

import json
import sys

import duckdb
import pyarrow.compute as pc
import pyarrow.dataset as ds

kind, folder, views = sys.argv[1:]
with open(views) as file:
    duckdb.sql(file.read())

COLUMNS = "columns = {'id': 'BIGINT', 'day': 'DATE', 'name': 'VARCHAR', 'score': 'INTEGER'}"
READERS = {
    "parquet": f"read_parquet('{folder}/visits/**/*.parquet', hive_partitioning = true)",
    "csv": f"read_csv('{folder}/visits/**/*.csv.gz', header = true, auto_detect = false, hive_partitioning = true, {COLUMNS})",
}


def months(source):
    rows = duckdb.sql(f"select month, count(*), min(day), max(day) from {source} group by month").fetchall()
    return {str(month): f"{count} {first} {last}" for month, count, first, last in rows}


def months_of_february(source):
    """Returns the number of months whose rows the partition column selects for February."""
    condition = "month = '2024-02'"
    rows = duckdb.sql(f"select count(distinct substr(day::varchar, 1, 7)) from {source} where {condition}").fetchall()
    return [count for (count,) in rows]


def of_arrow():
    part = ds.partitioning(flavor="hive")
    table = ds.dataset(f"{folder}/visits", format=kind, partitioning=part, exclude_invalid_files=False).to_table()
    found = {}
    for month in sorted(set(table["month"].to_pylist())):
        days = table.filter(pc.equal(table["month"], month))["day"]
        ends = pc.min_max(days)
        found[str(month)] = f"{len(days)} {ends['min'].as_py()} {ends['max'].as_py()}"
    return found


(whole,) = duckdb.sql("select count(*) from whole").fetchone()
found = {"view": months("visits"), "pattern": months(READERS[kind]), "arrow": of_arrow()}
json.dump(found | {"filtered": months_of_february("visits"), "whole": whole}, sys.stdout)
