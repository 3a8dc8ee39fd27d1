#!/usr/bin/env python3
"""Prints, as JSON, the SELECT that each dataset of a catalog stands for: {dataset: "select ..."}.

    oracle.py --url postgres://owner@host/db --catalog catalog.toml --tenant demo --start 2023-08-31 --end 2024-08-04 [DATASET ...]

This is the other side of `cargo x demo`'s check. It is written against the contract alone and shares no line with what it
checks: both days are inclusive days in UTC, zones are PostgreSQL's own, and the types are those the database has now.
"""

import argparse
import datetime
import json

import psycopg
from psycopg import sql

try:
    import tomllib
except ImportError:  # before Python 3.11
    import tomli as tomllib

DATE, TIMESTAMP, TIMESTAMPTZ = 1082, 1114, 1184


def source(dataset):
    """Text after `from`."""
    if "query" in dataset:
        return sql.SQL("(" + dataset["query"] + "\n) q")
    return sql.Identifier(*dataset["relation"].split(".", 1))


def columns(conn, dataset):
    """The columns as (name, type), all those of the relation or query in its order."""
    with conn.cursor() as cursor:
        cursor.execute(sql.SQL("select * from {} limit 0").format(source(dataset)))
        return [(column.name, column.type_code) for column in cursor.description]


def chosen(dataset, names):
    """The names to export, in order."""
    listed = dataset.get("columns", ["*"])
    return [name for name in (names if listed == ["*"] else listed) if name not in dataset.get("exclude", [])]


def bound(day, type_code, zone):
    """The first moment of a day in UTC, as a value of the range column's type."""
    if type_code == DATE:
        return sql.SQL("date {}").format(sql.Literal(day.isoformat()))
    instant = sql.SQL("timestamptz {}").format(sql.Literal(f"{day.isoformat()} 00:00:00+00"))
    if type_code == TIMESTAMPTZ:
        return instant
    if type_code == TIMESTAMP:
        return sql.SQL("({} at time zone {})").format(instant, sql.Literal(zone))
    raise SystemExit(f"a range column of type {type_code} is no range column")


def conditions(dataset, types, tenant, start, end):
    if "tenant_column" in dataset:
        yield sql.SQL("{} = {}").format(sql.Identifier(dataset["tenant_column"]), sql.Literal(tenant))
    if "range_column" in dataset:
        column, zone = dataset["range_column"], dataset.get("time_zone", "UTC")
        low, high = (bound(day, types[column], zone) for day in (start, end + datetime.timedelta(days=1)))
        inside = sql.SQL("{0} >= {1} and {0} < {2}").format(sql.Identifier(column), low, high)
        if dataset.get("nulls") == "include":
            inside = sql.SQL("({} or {} is null)").format(inside, sql.Identifier(column))
        yield inside


def select(conn, dataset, tenant, start, end):
    found = columns(conn, dataset)
    wanted = sql.SQL(", ").join(map(sql.Identifier, chosen(dataset, [name for name, _ in found])))
    statement = sql.SQL("select {} from {}").format(wanted, source(dataset))
    where = list(conditions(dataset, dict(found), tenant, start, end))
    if where:
        statement += sql.SQL(" where ") + sql.SQL(" and ").join(where)
    return statement.as_string(conn)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--catalog", required=True)
    parser.add_argument("--tenant", required=True)
    parser.add_argument("--start", type=datetime.date.fromisoformat, required=True, help="first day")
    parser.add_argument("--end", type=datetime.date.fromisoformat, required=True, help="last day, inclusive")
    parser.add_argument("datasets", nargs="*", help="all when none is named")
    args = parser.parse_args()

    with open(args.catalog, "rb") as file:
        catalog = tomllib.load(file)["datasets"]
    unknown = set(args.datasets) - set(catalog)
    if unknown:
        raise SystemExit(f"not in the catalog: {', '.join(sorted(unknown))}")
    with psycopg.connect(args.url, autocommit=True, options="-c search_path=pg_catalog -c default_transaction_read_only=on") as conn:
        print(json.dumps({
            name: select(conn, catalog[name], args.tenant, args.start, args.end)
            for name in args.datasets or catalog
        }, indent=1))


if __name__ == "__main__":
    main()
