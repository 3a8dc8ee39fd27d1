//! `sluice sql`: statements with which DuckDB reads the files of an export.

use std::path::{Path, PathBuf};

use export::format::{Compression, Format};
use export::id::ExportId;
use export::manifest::{DatasetHead, Manifest};
use export::parquet_type::{ParquetType, ParquetValue};
use export::wire::FileEntry;
use serde_json::json;

use super::outcome::{Failure, Outcome};
use super::session::Session;
use super::{terminal, verify};
use crate::{Client, Joined, empty};

const EXAMPLES: &str = "Examples:
  sluice sql data > views.sql && duckdb -init views.sql
  sluice sql ID                         links, or the files in exports/ID if they were downloaded
  sluice sql data --dataset orders | duckdb -c \"$(cat) SELECT count(*) FROM orders\"";

/// Print DuckDB statements: a view of each dataset of an export or folder
///
/// A folder needs no connection. Without a folder exports/ID, an ID gives views of links, which end after some time.
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice sql [OPTIONS] <ID|DIR>", after_help = EXAMPLES)]
pub(super) struct Sql {
    /// ID of a succeeded export, or a directory with its files
    #[arg(value_name = "ID|DIR")]
    source: String,
    /// Only this dataset
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
}

impl Sql {
    pub(super) async fn run(self, session: &Session) -> Result<Outcome, Failure> {
        let views = match self.folder()? {
            Ok(folder) => of_folder(&folder, &verify::manifest(&folder)?),
            Err(id) => of_links(&session.client()?, id).await?,
        };
        let wanted =
            |name: &str| self.dataset.as_ref().is_none_or(|dataset| dataset.eq_ignore_ascii_case(name));
        let views: Vec<_> = views.into_iter().filter(|view| wanted(&view.dataset)).collect();
        if views.is_empty() {
            let name = self.dataset.unwrap_or_default();
            return Err(Failure::Usage(format!("--dataset: the export has no dataset {name:?}")));
        }
        let text: Vec<_> = views.iter().map(|view| view.statement.clone()).collect();
        let data: Vec<_> =
            views.iter().map(|view| json!({"dataset": view.dataset, "sql": view.statement})).collect();
        Ok(Outcome::new(text.join("\n"), json!({ "views": data })))
    }

    /// Returns the folder to read, or the export whose links are read.
    fn folder(&self) -> Result<Result<PathBuf, ExportId>, Failure> {
        let path = Path::new(&self.source);
        if path.is_dir() {
            return Ok(Ok(path.to_owned()));
        }
        let id: ExportId = self.source.parse().map_err(|_| {
            Failure::Usage(format!(
                "{:?} is neither a directory nor the ID of an export; `sluice list` lists the exports",
                self.source
            ))
        })?;
        let default = Path::new("exports").join(&self.source);
        Ok(if default.join("manifest.json").exists() { Ok(default) } else { Err(id) })
    }
}

struct View {
    dataset: String,
    statement: String,
}

fn of_folder(folder: &Path, manifest: &Manifest) -> Vec<View> {
    let joined = Joined::read(folder, manifest.export);
    let path = |name: &str| folder.join(name).display().to_string();
    let views = manifest.datasets.iter().map(|dataset| {
        let head = &dataset.head;
        let listed = dataset.chunks.iter().filter_map(|chunk| chunk.file.as_ref());
        let mut files: Vec<_> = match joined.as_ref().and_then(|joined| joined.file(&head.name)) {
            Some(file) => vec![path(&file.name)],
            None => listed.map(|file| path(&file.name)).collect(),
        };
        let between = if head.hive.is_some() { "/**/part-*" } else { ".*" };
        let pattern = path(&format!("{}{between}.{}", head.name, head.output.extension()));
        // A pattern is short, but only right if the folder itself is no pattern.
        if files.len() > 1 && !folder.display().to_string().contains(['*', '?', '[']) {
            files = vec![pattern];
        }
        if files.is_empty() {
            files = vec![path(&empty::file_name(head))];
        }
        // Joined files, and those of a dataset without rows, lie in no folder of a partition.
        let is_partitioned =
            joined.is_none() && dataset.rows > 0 && head.hive.is_some_and(|hive| hive.key().is_some());
        view(head, &files, is_partitioned)
    });
    views.collect()
}

/// Reads the links of all files of an export.
async fn of_links(client: &Client, id: ExportId) -> Result<Vec<View>, Failure> {
    let manifest = client.manifest(id).await?;
    let (mut files, mut cursor) = (Vec::<FileEntry>::new(), None::<String>);
    loop {
        let page = client.files(id, cursor.as_deref(), true).await?;
        files.extend(page.files);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let until = files.iter().filter_map(|file| file.link_expires_at.as_deref()).min();
    if let Some(until) = until {
        terminal::note(&format!("the links are valid until {until}"));
    }
    let views = manifest.datasets.iter().filter_map(|dataset| {
        let of_dataset = files.iter().filter(|file| file.dataset == dataset.head.name);
        let links: Vec<_> = of_dataset.filter_map(|file| file.link.clone()).collect();
        // A dataset without rows has no file there.
        (!links.is_empty()).then(|| view(&dataset.head, &links, false))
    });
    Ok(views.collect())
}

/// Returns the statement of a view. With partitions it has a further column: `date`, `month` or `year`.
fn view(head: &DatasetHead, files: &[String], is_partitioned: bool) -> View {
    let files: Vec<_> = files.iter().map(|file| literal(file)).collect();
    let list = if let [file] = files.as_slice() { file.clone() } else { format!("[{}]", files.join(", ")) };
    let output = &head.output;
    let compression = match output.compression {
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
        Compression::None | Compression::Snappy => "none",
    };
    let partitions = if is_partitioned { ", hive_partitioning = true" } else { "" };
    let reader = match output.format {
        Format::Parquet => format!("read_parquet({list}{partitions})"),
        Format::Ndjson => format!(
            "read_json({list}, format = 'newline_delimited', compression = '{compression}', columns = {{{}}}{partitions})",
            columns(head)
        ),
        Format::Csv => format!(
            "read_csv({list}, auto_detect = false, header = {}, delim = {}, quote = '\"', escape = '\"', \
             nullstr = {}, allow_quoted_nulls = false, compression = '{compression}', columns = {{{}}}{partitions})",
            output.csv.header,
            literal(&output.csv.delimiter.to_string()),
            literal(&output.csv.null),
            columns(head)
        ),
    };
    let name = head.name.replace('"', "\"\"");
    let statement = format!("CREATE OR REPLACE VIEW \"{name}\" AS SELECT * FROM {reader};");
    View { dataset: head.name.clone(), statement }
}

fn columns(head: &DatasetHead) -> String {
    let column = |column: &export::manifest::ColumnHead| {
        format!("{}: '{}'", literal(&column.name), type_name(column.parquet_type(), head.output.format))
    };
    head.columns.iter().map(column).collect::<Vec<_>>().join(", ")
}

/// Returns the type in DuckDB whose text form is that of PostgreSQL; VARCHAR, which loses nothing, for all others.
fn type_name(of: ParquetType, format: Format) -> String {
    if of.list {
        return if format == Format::Ndjson { "JSON" } else { "VARCHAR" }.to_owned();
    }
    match of.value {
        ParquetValue::Bool => "BOOLEAN",
        ParquetValue::Int16 => "SMALLINT",
        ParquetValue::Int32 => "INTEGER",
        ParquetValue::Int64 => "BIGINT",
        ParquetValue::Float => "FLOAT",
        ParquetValue::Double => "DOUBLE",
        ParquetValue::Decimal { precision, scale } => return format!("DECIMAL({precision}, {scale})"),
        ParquetValue::Date => "DATE",
        ParquetValue::Time => "TIME",
        ParquetValue::Timestamp => "TIMESTAMP",
        ParquetValue::Timestamptz => "TIMESTAMPTZ",
        ParquetValue::Uuid => "UUID",
        ParquetValue::Json => "JSON",
        ParquetValue::Bytes | ParquetValue::String => "VARCHAR",
    }
    .to_owned()
}

/// Quotes a text for SQL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use export::format::Output;
    use export::manifest::ColumnHead;

    fn head(output: Output) -> DatasetHead {
        let column = |name: &str, type_name: &str| ColumnHead {
            name: name.into(),
            type_name: type_name.into(),
            parquet: None,
        };
        let columns =
            vec![column("id", "bigint"), column("it's", "text"), column("at", "timestamp with time zone")];
        DatasetHead {
            name: "orders".into(),
            columns,
            range: None,
            key: None,
            settle: None,
            watermark: None,
            sample: None,
            hive: None,
            output,
        }
    }

    #[test]
    fn statements_name_types_and_format() {
        let sql = view(&head(Output::default()), &["o'b/orders.*.csv.gz".into()], false).statement;
        let expected = "CREATE OR REPLACE VIEW \"orders\" AS SELECT * FROM read_csv('o''b/orders.*.csv.gz', \
                        auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', \
                        allow_quoted_nulls = false, compression = 'gzip', columns = {'id': 'BIGINT', \
                        'it''s': 'VARCHAR', 'at': 'TIMESTAMPTZ'});";
        assert_eq!(sql, expected);
        let parquet = Output { format: Format::Parquet, compression: Compression::Zstd, ..Output::default() };
        let sql = view(&head(parquet), &["https://a/1".into(), "https://a/2".into()], false).statement;
        assert!(sql.ends_with("FROM read_parquet(['https://a/1', 'https://a/2']);"), "{sql}");
        let lines = Output { format: Format::Ndjson, ..Output::default() };
        let sql = view(&head(lines), &["x".into()], true).statement;
        assert!(sql.ends_with("}, hive_partitioning = true);"), "{sql}");
        assert!(sql.contains("read_json('x', format = 'newline_delimited', compression = 'gzip'"), "{sql}");
    }

    #[test]
    fn source_is_a_folder_or_an_export() {
        let sql = |source: &str| Sql { source: source.to_owned(), dataset: None }.folder();
        let directory = tempfile::tempdir().unwrap();
        assert!(sql(&directory.path().display().to_string()).unwrap().is_ok());
        let id = ExportId::from_random([3; 16]);
        assert_eq!(sql(&id.to_string()).unwrap(), Err(id));
        assert!(sql("no-such-folder").unwrap_err().to_string().contains("sluice list"));
    }
}
