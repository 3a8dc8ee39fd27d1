"""Other ways to export a table of PostgreSQL, as in their documentation; run by `cargo x bench`.

    python peers.py PEER URL TABLE FILE
"""

import pathlib
import sys


def duckdb(url, table, file, options):
    """Two connections at most, as on a machine with two processors."""
    import duckdb
    import duckdb_extension_postgres_scanner

    package = pathlib.Path(duckdb_extension_postgres_scanner.__file__).parent
    (extension,) = package.glob("extensions/*/postgres_scanner.duckdb_extension")
    connection = duckdb.connect(config={"threads": 2})
    connection.execute(f"LOAD '{extension}'")
    connection.execute(f"ATTACH '{url}' AS source (TYPE postgres, READ_ONLY)")
    connection.execute(f"COPY source.public.{table} TO '{file}' ({options})")


def duckdb_parquet(url, table, file):
    duckdb(url, table, file, "FORMAT parquet, COMPRESSION zstd")


def duckdb_csv(url, table, file):
    duckdb(url, table, file, "FORMAT csv")


def connectorx(url, table, file):
    """The stream of batches is its best mode in time and memory."""
    import connectorx

    write(connectorx.read_sql(url, f"SELECT * FROM public.{table}", return_type="arrow_stream"), file)


def adbc(url, table, file):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM public.{table}")
        write(cursor.fetch_record_batch(), file)


def write(batches, file):
    """Batch by batch. Types that Parquet does not know are written as what they are stored as."""
    import pyarrow as pa
    from pyarrow import parquet

    def storage(field):
        known = field.type
        return field.with_type(known.storage_type) if isinstance(known, pa.BaseExtensionType) else field

    schema = pa.schema([storage(field) for field in batches.schema])
    with parquet.ParquetWriter(file, schema) as writer:
        for batch in batches:
            columns = [getattr(column, "storage", column) for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


PEERS = {
    "duckdb-parquet": duckdb_parquet,
    "duckdb-csv": duckdb_csv,
    "connectorx": connectorx,
    "adbc": adbc,
}

if __name__ == "__main__":
    PEERS[sys.argv[1]](*sys.argv[2:])
