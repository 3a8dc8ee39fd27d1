"""Runs statements that create views in DuckDB, and prints {view: rows}: count_views.py FILE"""

import json
import sys
from pathlib import Path

import duckdb
import duckdb_extension_httpfs

extension, = Path(duckdb_extension_httpfs.__file__).parent.glob("extensions/v*/httpfs.duckdb_extension")
database = duckdb.connect()
database.execute(f"LOAD '{extension}'")
database.execute(Path(sys.argv[1]).read_text(encoding="utf-8"))
names = [name for (name,) in database.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()]
counts = {name: database.execute(f'SELECT count(COLUMNS(*)) FROM "{name}"').fetchone() for name in names}
rows = {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
# Counting columns reads every value, so each has the type that its view declares.
assert set(counts) == set(rows)
json.dump(rows, sys.stdout)
