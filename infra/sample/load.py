#!/usr/bin/env python3
"""Loads the sample shop into a database.

    load.py --url postgres://owner@host/db [--scale 0.1] [--jobs 2] [--force] [--grant]

Each file next to this one is a schema: a head with its types, then one section per table, which starts with a
line `--- schema.table`. Sections know nothing of each other, so they are run by a few connections at once, the longest
first. A database that already holds this very sample is left as it is. A schema that is not ours is never touched.
"""

import argparse
import hashlib
import pathlib
import queue
import re
import sys
import threading
import time

import psycopg

HERE = pathlib.Path(__file__).parent
SCHEMAS = ["shop", "crm", "stock", "logistics", "finance", "web", "support", "telemetry"]
MARK = "Sluice sample data"
READER = "sluice_source"


def sections(name):
    """The head of a file and its sections as (table, rows, sql), in the order of the file."""
    head, *rest = re.split(r"^--- ", (HERE / f"{name}.sql").read_text(encoding="utf-8"), flags=re.M)
    found = []
    for text in rest:
        table, sql = text.split("\n", 1)
        rows = [int(n) for n in re.findall(r"spread\(sample\.n\((\d+)\)|generate_series\(1, sample\.n\((\d+)\)", sql) for n in n if n]
        found.append((table.strip(), max(rows, default=0), sql))
    return head, found


def digest(scale):
    """Names what a load would make: the texts it is made from and the scale."""
    texts = b"".join(path.read_bytes() for path in sorted(HERE.glob("*.sql")))
    return f"{MARK} {hashlib.sha256(texts).hexdigest()[:16]} scale {scale:g}"


def connect(url, scale):
    conn = psycopg.connect(url, autocommit=True, application_name="sample")
    conn.execute(
        f"set timezone = 'UTC'; set datestyle = 'ISO'; set synchronous_commit = off; set client_encoding = 'UTF8';"
        f"set client_min_messages = warning; set max_parallel_workers_per_gather = 0; set maintenance_work_mem = '256MB';"
        f"set work_mem = '64MB'; set jit = off; set sample.scale = '{scale!r}'"
    )
    return conn


def present(conn):
    """The comments of those of our schemas that exist."""
    rows = conn.execute(
        "select nspname, coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace where nspname = any(%s)",
        [SCHEMAS + ["sample"]],
    )
    return dict(rows.fetchall())


def clear(conn, found):
    foreign = [name for name, comment in found.items() if not comment.startswith(MARK)]
    if foreign:
        sys.exit(f"the schemas {', '.join(foreign)} exist and are not sample data: nothing was changed")
    for name in found:
        conn.execute(f"drop schema {name} cascade")


def load_tables(url, scale, jobs, work, report):
    """Runs all sections on `jobs` connections, the longest first; stops at the first that fails."""
    todo = queue.SimpleQueue()
    for item in sorted(work, key=lambda item: -item[1]):
        todo.put(item)
    failed = []
    connections = []

    def run():
        table = "connecting"
        try:
            with connect(url, scale) as conn:
                connections.append(conn)
                while not failed:
                    table, _, sql = todo.get_nowait()
                    started = time.monotonic()
                    conn.execute(sql)
                    conn.execute(f"analyze {table}")
                    report(table, time.monotonic() - started)
        except queue.Empty:
            pass
        except Exception as error:  # whatever it is, the load has failed
            failed.append(f"{table}: {error}")

    threads = [threading.Thread(target=run, daemon=True) for _ in range(jobs)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        failed.append("interrupted")
        for conn in connections:
            conn.cancel_safe()
    if failed:
        sys.exit("\n".join(failed))


def grant(conn):
    """Lets the reading role read, if there is one."""
    if conn.execute("select 1 from pg_roles where rolname = %s", [READER]).fetchone():
        names = ", ".join(SCHEMAS)
        conn.execute(f"grant usage on schema {names} to {READER}; grant select on all tables in schema {names} to {READER}")
        print(f"{READER} may read the sample")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", required=True, help="of the owner, postgres://…")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the rows of the larger tables")
    parser.add_argument("--jobs", type=int, default=2, help="connections that load at once")
    parser.add_argument("--force", action="store_true", help="load again even if the same sample is there")
    parser.add_argument("--grant", action="store_true", help=f"only let {READER} read what is there")
    args = parser.parse_args()

    started = time.monotonic()
    with connect(args.url, args.scale) as conn:
        if args.grant:
            return grant(conn)
        mark = digest(args.scale)
        found = present(conn)
        if not args.force and set(found) == set(SCHEMAS) and found["shop"] == mark:
            print("the sample is already loaded")
            return grant(conn)
        clear(conn, found)

        for file, schema in [("functions", "sample"), *zip(SCHEMAS, SCHEMAS)]:
            # One transaction: a schema without our mark would never be touched again.
            conn.execute(sections(file)[0] + f"comment on schema {schema} is '{MARK}, unfinished'")

        work = [item for name in SCHEMAS for item in sections(name)[1]]
        done = []
        lock = threading.Lock()

        def report(table, seconds):
            with lock:
                done.append(table)
                if seconds > 2 or len(done) % 20 == 0 or len(done) == len(work):
                    print(f"{len(done):3} of {len(work)} tables, {time.monotonic() - started:4.1f} s: {table}", flush=True)

        load_tables(args.url, args.scale, max(1, args.jobs), work, report)
        for table, _, sql in sections("views")[1]:
            conn.execute(sql)
            if "materialized view" in sql:
                conn.execute(f"analyze {table}")
        conn.execute("drop schema sample cascade")
        for name in SCHEMAS:
            conn.execute(f"comment on schema {name} is '{MARK if name != 'shop' else mark}'")
        grant(conn)
        count, size = conn.execute(
            "select count(*), pg_size_pretty(sum(pg_total_relation_size(oid))) from pg_class"
            " where relkind in ('r', 'm') and relnamespace = any(%s::regnamespace[])",
            [SCHEMAS],
        ).fetchone()
        print(f"sample loaded: {count} tables, {size}, {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
