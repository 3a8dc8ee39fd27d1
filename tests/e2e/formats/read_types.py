"""Prints, for each Parquet file that is named, its rows and the types that three readings find, as JSON."""

import json
import sys

import duckdb
import pyarrow.parquet


def found(path):
    file = pyarrow.parquet.ParquetFile(path)
    relation = duckdb.sql(f"select * from '{path}'")
    (rows,) = duckdb.sql(f"select count(*) from '{path}'").fetchone()
    return {
        "rows": rows,
        # The first line names the object in memory.
        "parquet": str(file.schema).splitlines()[1:],
        "arrow": [f"{field.name} {field.type} {field.nullable}" for field in file.schema_arrow],
        "duckdb": [f"{name} {kind}" for name, kind in zip(relation.columns, relation.types)],
    }


json.dump([found(path) for path in sys.argv[1:]], sys.stdout)
