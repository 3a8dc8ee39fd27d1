//! The lines of the table: peers as their users run them, and the worker.

use std::path::PathBuf;
use std::process::Command;

use super::engine::Sink;
use super::measure::Beside;

/// One line of the table.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) table: &'static str,
    pub(super) how: How,
}

/// Command that a line runs.
#[derive(Clone, Copy)]
pub(super) enum How {
    /// `psql -c "COPY (…) TO STDOUT …"` into `/dev/null`, or through another program into a file.
    Psql { copy: &'static str, through: Option<&'static str> },
    /// A function of `peers.py`, into a file.
    Peer(&'static str),
    /// The worker's engine: format, compression, target.
    Engine(&'static str, &'static str, &'static str),
}

use How::{Engine, Peer, Psql};

use crate::machine::environment;

/// Allocator settings of a worker, as in the template.
const MEMORY: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_MMAP_THRESHOLD_", "1048576"),
    ("MALLOC_TRIM_THRESHOLD_", "16777216"),
];

/// All lines, peers first. Those of `narrow` come last because the quick table omits them.
pub(super) const LINES: &[Line] = &[
    line(PSQL_CSV, ORDERS, psql("(SELECT * FROM public.orders) TO STDOUT (FORMAT csv)")),
    line(PSQL_BINARY, ORDERS, psql("(SELECT * FROM public.orders) TO STDOUT (FORMAT binary)")),
    line(PSQL_GZIP, ORDERS, piped("(SELECT * FROM public.orders) TO STDOUT (FORMAT csv)", "gzip -6")),
    line(PSQL_ZSTD, ORDERS, piped("(SELECT * FROM public.orders) TO STDOUT (FORMAT csv)", "zstd -q -3")),
    line(PSQL_JSON, ORDERS, psql("(SELECT row_to_json(o) FROM public.orders o) TO STDOUT")),
    line(DUCKDB, ORDERS, Peer("duckdb-parquet")),
    line("DuckDB csv, 2 threads", ORDERS, Peer("duckdb-csv")),
    line(CONNECTORX, ORDERS, Peer("connectorx")),
    line("ADBC stream, parquet", ORDERS, Peer("adbc")),
    line("sluice csv", ORDERS, Engine("csv", "none", "null")),
    line("sluice csv.gz", ORDERS, Engine("csv", "gzip", "null")),
    line("sluice csv.zst", ORDERS, Engine("csv", "zstd", "null")),
    line("sluice ndjson", ORDERS, Engine("ndjson", "none", "null")),
    line("sluice ndjson.gz", ORDERS, Engine("ndjson", "gzip", "null")),
    line("sluice parquet zstd", ORDERS, Engine("parquet", "zstd", "null")),
    line("sluice parquet snappy", ORDERS, Engine("parquet", "snappy", "null")),
    line("sluice csv, to S3", ORDERS, Engine("csv", "none", "s3")),
    line("sluice csv.gz, to S3", ORDERS, Engine("csv", "gzip", "s3")),
    line("sluice csv.zst, to S3", ORDERS, Engine("csv", "zstd", "s3")),
    line("sluice ndjson, to S3", ORDERS, Engine("ndjson", "none", "s3")),
    line("sluice parquet zstd, to S3", ORDERS, Engine("parquet", "zstd", "s3")),
    line("narrow: psql csv", NARROW, psql("(SELECT * FROM public.narrow) TO STDOUT (FORMAT csv)")),
    line("narrow: psql binary", NARROW, psql("(SELECT * FROM public.narrow) TO STDOUT (FORMAT binary)")),
    line("narrow: sluice csv", NARROW, Engine("csv", "none", "null")),
    line("narrow: sluice csv.zst", NARROW, Engine("csv", "zstd", "null")),
    line("narrow: sluice parquet zstd", NARROW, Engine("parquet", "zstd", "null")),
];

pub(super) const ORDERS: &str = "orders";
pub(super) const NARROW: &str = "narrow";

/// Lines that goals refer to.
pub(super) const PSQL_CSV: &str = "psql csv";
pub(super) const PSQL_BINARY: &str = "psql binary";
pub(super) const PSQL_GZIP: &str = "psql csv | gzip -6";
pub(super) const PSQL_ZSTD: &str = "psql csv | zstd -3";
pub(super) const PSQL_JSON: &str = "psql row_to_json";
pub(super) const DUCKDB: &str = "DuckDB parquet zstd, 2 threads";
pub(super) const CONNECTORX: &str = "ConnectorX arrow_stream, parquet";

const fn line(name: &'static str, table: &'static str, how: How) -> Line {
    Line { name, table, how }
}

const fn psql(copy: &'static str) -> How {
    Psql { copy, through: None }
}

const fn piped(copy: &'static str, through: &'static str) -> How {
    Psql { copy, through: Some(through) }
}

/// Paths of everything that a line runs or writes.
pub(super) struct RunPaths {
    pub(super) psql: PathBuf,
    pub(super) python: PathBuf,
    pub(super) script: PathBuf,
    pub(super) engine: PathBuf,
    pub(super) url: String,
    /// Folder of results, resolved datasets and program output.
    pub(super) folder: PathBuf,
    pub(super) sink: Sink,
    /// Pid of the postmaster.
    pub(super) database: u32,
}

impl RunPaths {
    /// Returns the path of a line's output file.
    pub(super) fn out(&self) -> PathBuf {
        self.folder.join("out")
    }

    /// Returns the path of a resolved table.
    pub(super) fn dataset(&self, table: &str) -> PathBuf {
        self.folder.join(format!("{table}.json"))
    }

    pub(super) fn beside(&self) -> Beside {
        Beside { database: self.database, sink: self.sink.pid() }
    }

    /// Returns the command that runs the engine on a table.
    pub(super) fn engine(&self, table: &str, format: &str, compression: &str, target: &str) -> Command {
        let mut command = environment::command(&self.engine);
        command.envs(MEMORY).args(["run", &self.url]).arg(self.dataset(table)).args([
            format,
            compression,
            target,
        ]);
        self.sink.offer(&mut command);
        command
    }
}

impl Line {
    /// Returns the program that must be on the PATH, if the line needs one from the system.
    pub(super) fn needs(&self) -> Option<&'static str> {
        match self.how {
            Psql { through, .. } => through.and_then(|through| through.split(' ').next()),
            Peer(_) | Engine(..) => None,
        }
    }

    /// Returns the command to measure.
    pub(super) fn command(&self, paths: &RunPaths) -> Command {
        match self.how {
            Psql { copy, through } => {
                let tail =
                    through.map_or("> /dev/null".to_owned(), |through| format!("| {through} > \"$4\""));
                let mut shell = environment::command("sh");
                shell.arg("-c").arg(format!("\"$1\" -qX -d \"$2\" -c \"COPY $3\" {tail}")).arg("sh");
                shell.arg(&paths.psql).args([&paths.url, copy]).arg(paths.out());
                shell
            }
            Peer(peer) => {
                let mut python = environment::command(&paths.python);
                python.arg(&paths.script).args([peer, &paths.url, self.table]).arg(paths.out());
                python
            }
            Engine(format, compression, target) => paths.engine(self.table, format, compression, target),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_names_are_unique() {
        for (i, line) in LINES.iter().enumerate() {
            assert!(LINES[..i].iter().all(|other| other.name != line.name), "{}", line.name);
        }
    }

    #[test]
    fn only_external_tools_are_required() {
        let needs = |name| LINES.iter().find(|line| line.name == name).and_then(Line::needs);
        assert_eq!((needs(PSQL_ZSTD), needs(PSQL_CSV), needs(DUCKDB)), (Some("zstd"), None, None));
    }
}
