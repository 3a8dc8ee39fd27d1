"""How long one decision of dispatch() takes with many tenants waiting: measured, for infra/measured.json.

    python dispatch_time.py POSTGRES_URL [TENANTS...]

The database must be an empty one of its own: schema `sluice` is made in it and filled. Prints JSON: tenants -> milliseconds
of a call as it is while exports run, when a chunk is done and one is picked in its place: the median of CALLS, once with all of the
tenants waiting, once with ten.
"""

import json
import re
import statistics
import sys
import time
from pathlib import Path

import psycopg

STORE = Path(__file__).resolve().parents[3] / "functions/lib/store/src"
BUDGET = 4
CALLS = 25  # fewer than the chunks of one export: with one tenant, all are of that one


def prepare(connection):
    connection.execute("drop schema if exists sluice cascade")
    connection.execute("create schema sluice")
    # Migrations first, then the functions: all that `admin migrate` runs, in its order.
    for file in re.findall(r'include_str!\("([\w/.]+\.sql)"\)', (STORE / "migrate.rs").read_text()):
        connection.execute((STORE / file).read_text())
    connection.execute("insert into sluice.setting values ('budget', %s)", [str(BUDGET)])


def fill(connection, tenants, waiting, chunks=60):
    """So many tenants, of whom so many wait: one export each, with so many chunks that are due."""
    connection.execute("truncate sluice.tenant, sluice.selection, sluice.tenant_turn, sluice.export_turn cascade")
    connection.execute("insert into sluice.tenant (id) select 't' || g from generate_series(1, %s) g", [tenants])
    connection.execute("insert into sluice.selection values ('\\x00', '{}')")
    connection.execute(
        "insert into sluice.export (id, tenant, request, revision, heads, accepted_at, deadline_at)"
        " select gen_random_uuid(), id, '{}', 'r', '[]', now(), now() + interval '1 day' from sluice.tenant limit %s",
        [waiting],
    )
    connection.execute(
        "with new as (insert into sluice.chunk (id, tenant, dataset, fingerprint, range_of, range_start, range_end, planned_rows,"
        " planned_bytes, due_at) select gen_random_uuid(), t.id, 'd', '\\x00', 'date', n, n + 1, 1, 1, now()"
        " from (select tenant as id from sluice.export) t, generate_series(1, %s) n returning id, tenant, range_start)"
        " insert into sluice.link (export_id, chunk_id, ordinal, room, name, weight, reused, open)"
        " select e.id, new.id, range_start, 1, range_start::text, 1, false, true from new join sluice.export e using (tenant)",
        [chunks],
    )
    connection.execute("analyze")


def one_done(connection):
    """One of the chunks that are out is done with."""
    connection.execute(
        "with done as (update sluice.chunk set state = 'failed' where id = (select id from sluice.chunk where state = 'sent' limit 1)"
        " returning id) update sluice.link l set open = false from done where l.chunk_id = done.id"
    )


def call_ms(connection, wanted):
    """One call, which must pick so many chunks."""
    begun = time.perf_counter()
    picked = len(connection.execute("select * from sluice.dispatch()").fetchall())
    took = time.perf_counter() - begun
    assert picked == wanted, picked
    return took * 1000


def per_pick_ms(connection):
    call_ms(connection, 2 * BUDGET)  # from now on all are out that may be
    took = []
    for _ in range(CALLS):
        one_done(connection)
        took.append(call_ms(connection, 1))
    return round(statistics.median(took), 3)


def main():
    found = {"how": f"the median of {CALLS} calls that pick one chunk each, as while exports run", "all": {}, "ten": {}}
    with psycopg.connect(sys.argv[1], autocommit=True) as connection:
        prepare(connection)
        for tenants in [int(word) for word in sys.argv[2:]] or [1, 10, 100, 1000, 10_000]:
            for name, waiting in (("all", tenants), ("ten", min(tenants, 10))):
                fill(connection, tenants, waiting)
                found[name][tenants] = per_pick_ms(connection)
                print(name, tenants, found[name][tenants], file=sys.stderr)
        connection.execute("drop schema sluice cascade")
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
