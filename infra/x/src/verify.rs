//! Compares downloaded CSV files with PostgreSQL's own output for the same datasets.
//!
//! The statements come from `infra/sample/oracle.py` and the records from `psql`'s `COPY … (FORMAT csv, HEADER)`.
//! Neither shares a line with the code that wrote the files, so no bug can be on both sides. The comparison covers the
//! header, byte for byte, and the multiset of records, byte for byte. The order of records is ignored, because most
//! datasets promise none.
//!
//! ```text
//! let database = Database { psql, url };                                     // the owner's URL
//! let selects = verify::selects(&database, &Oracle { python, catalog, tenant, start, end })?;
//! let files = verify::files_in(downloads)?;                                  // {dataset}.{range}.csv[.gz] by dataset
//! let results = verify::whole(&database, &selects, &files, 2, |name, comparison| …)?;
//! let good = results.values().all(Comparison::agrees);
//! ```

mod multiset;
mod oracle;
mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;

use multiset::{Examples, Multiset};
pub(crate) use oracle::{Database, Oracle, selects};
use records::Records;

/// Maximum number of differing records shown per dataset.
const EXAMPLES: usize = 3;

/// Result of the comparison of one dataset. The dataset agrees if there are no problems.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Records in the files, not counting headers.
    pub(crate) records: u64,
    /// Bytes of these records before compression, including line ends.
    pub(crate) bytes: u64,
    /// Descriptions of the differences.
    pub(crate) problems: Vec<String>,
}

impl Comparison {
    /// Returns true if the files hold exactly the contents of the database.
    pub(crate) fn agrees(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Lists the CSV files of a directory by dataset: the text before the first dot of a file's name. Other files are
/// ignored.
pub(crate) fn files_in(directory: &Path) -> Result<BTreeMap<String, Vec<PathBuf>>> {
    let mut found: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let entries = directory.read_dir().with_context(|| format!("cannot list {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = name_of(&path);
        if (name.ends_with(".csv") || name.ends_with(".csv.gz"))
            && let Some((dataset, _)) = name.split_once('.')
        {
            found.entry(dataset.to_owned()).or_default().push(path);
        }
    }
    found.values_mut().for_each(|files| files.sort());
    Ok(found)
}

/// Compares all datasets, `jobs` at once, the largest first. `done` is called for each one as it ends.
///
/// A dataset on one side only is a difference. Fails only if the database cannot be queried.
pub(crate) fn whole(
    database: &Database,
    selects: &BTreeMap<String, String>,
    files: &BTreeMap<String, Vec<PathBuf>>,
    jobs: usize,
    mut done: impl FnMut(&str, &Comparison),
) -> Result<BTreeMap<String, Comparison>> {
    let mut names: Vec<&String> =
        selects.keys().chain(files.keys()).collect::<BTreeSet<_>>().into_iter().collect();
    let size = |name: &String| {
        files
            .get(name)
            .into_iter()
            .flatten()
            .filter_map(|file| file.metadata().ok())
            .map(|file| file.len())
            .sum::<u64>()
    };
    names.sort_by_cached_key(|name| std::cmp::Reverse(size(name)));
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let (sender, names, next) = (sender.clone(), &names, &next);
            scope.spawn(move || {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let comparison = match (files.get(*name), selects.get(*name)) {
                        (Some(files), Some(select)) => dataset(database, select, files),
                        (None, _) => Ok(one_sided("no file was downloaded")),
                        (_, None) => Ok(one_sided("there are files, but the catalog has no such dataset")),
                    };
                    if sender.send((*name, comparison)).is_err() {
                        return; // Another dataset has failed and the receiver is gone.
                    }
                }
            });
        }
        drop(sender);
        let mut all = BTreeMap::new();
        for (name, comparison) in results {
            let comparison = comparison.with_context(|| format!("dataset {name}"))?;
            done(name, &comparison);
            all.insert(name.clone(), comparison);
        }
        Ok(all)
    })
}

/// Compares the files of one dataset with the records of `select`.
///
/// Both sides are streamed. Only if they differ are both read a second time to find examples.
pub(crate) fn dataset(database: &Database, select: &str, files: &[PathBuf]) -> Result<Comparison> {
    compare(files, |record| database.copy(select, record))
}

/// Compares with the records passed on by `copy`, which returns their header.
fn compare(
    files: &[PathBuf],
    copy: impl Fn(&mut dyn FnMut(&[u8])) -> Result<Vec<u8>> + Sync,
) -> Result<Comparison> {
    let (theirs, ours) = thread::scope(|scope| {
        let theirs = scope.spawn(|| {
            let mut set = Multiset::default();
            let header = copy(&mut |record| set.add(record))?;
            anyhow::Ok((header, set))
        });
        let mut set = Multiset::default();
        let ours: Vec<_> = files.iter().map(|file| read_file(file, |record| set.add(record))).collect();
        (theirs.join(), (ours, set))
    });
    let (header, theirs) = theirs.map_err(|_| anyhow::anyhow!("the reader of the database panicked"))??;
    let (outcomes, ours) = ours;

    let mut problems = Vec::new();
    for (file, outcome) in files.iter().zip(outcomes) {
        match outcome {
            Ok(found) if found == header => {}
            Ok(found) => {
                problems.push(format!("{}: header {}, not {}", name_of(file), shown(&found), shown(&header)))
            }
            Err(error) => problems.push(format!("{}: {error:#}", name_of(file))),
        }
    }
    if ours != theirs {
        if ours.records() != theirs.records() {
            problems.push(format!("{} records, {} in the database", ours.records(), theirs.records()));
        }
        let mut examples = Examples::of(&ours, &theirs);
        for file in files {
            // Errors of the file have been reported above.
            let _ = read_file(file, |record| examples.add_ours(record, &name_of(file)));
        }
        copy(&mut |record| examples.add_theirs(record))?;
        problems.extend(examples.take(EXAMPLES));
    }
    Ok(Comparison { records: ours.records(), bytes: ours.bytes(), problems })
}

fn one_sided(problem: &str) -> Comparison {
    Comparison { problems: vec![problem.to_owned()], ..Comparison::default() }
}

/// Passes all records of a file after the first to `record`, and returns the first: the header.
fn read_file(path: &Path, record: impl FnMut(&[u8])) -> Result<Vec<u8>> {
    let file = File::open(path).context("cannot open")?;
    let input: Box<dyn Read> = match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => Box::new(MultiGzDecoder::new(BufReader::with_capacity(128 << 10, file))),
        Some("csv") => Box::new(file),
        _ => anyhow::bail!("neither .csv nor .csv.gz"),
    };
    split_header(Records::new(input), record)
}

/// Passes all records after the first to `record`, and returns the first.
fn split_header(mut records: Records<impl Read>, mut record: impl FnMut(&[u8])) -> Result<Vec<u8>> {
    let header = records.next()?.context("no header")?.to_vec();
    while let Some(next) = records.next()? {
        record(next);
    }
    Ok(header)
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Formats a record as one short line, with line breaks and the like escaped.
fn shown(record: &[u8]) -> String {
    const CHARS: usize = 300;
    let text = String::from_utf8_lossy(record);
    let mut line = String::from("`");
    for char in text.chars().take(CHARS) {
        if char.is_control() { line.extend(char.escape_default()) } else { line.push(char) }
    }
    line.push_str(if text.chars().nth(CHARS).is_some() { "…`" } else { "`" });
    line
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    /// Returns the problems found if the database holds `theirs` and each of `files` is a file. All have the header
    /// `h`.
    fn problems(theirs: &[&str], files: &[&[&str]]) -> Vec<String> {
        let csv = |records: &[&str]| [&["h"], records, &[""]].concat().join("\n");
        let directory = tempfile::tempdir().expect("a temporary directory");
        let mut paths = Vec::new();
        for (n, records) in files.iter().enumerate() {
            let path = directory.path().join(format!("{n}.csv"));
            std::fs::write(&path, csv(records)).expect("the file is written");
            paths.push(path);
        }
        let theirs = csv(theirs);
        let found = compare(&paths, |record| split_header(Records::new(theirs.as_bytes()), record));
        found.expect("the database answers").problems
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).expect("memory takes all");
        encoder.finish().expect("memory takes all")
    }

    /// Returns the header and records of a file of these bytes, or the error.
    fn read(name: &str, bytes: &[u8]) -> Result<(String, Vec<String>), String> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).expect("the file is written");
        let mut found = Vec::new();
        let header = read_file(&path, |record| found.push(String::from_utf8_lossy(record).into_owned()))
            .map_err(|error| format!("{error:#}"))?;
        Ok((String::from_utf8_lossy(&header).into_owned(), found))
    }

    #[test]
    fn row_order_and_file_split_do_not_matter() {
        assert!(problems(&["a", "b", "b", "", "c"], &[&["c", "b"], &[], &["", "b", "a"]]).is_empty());
        assert!(problems(&[], &[]).is_empty());
    }

    #[test]
    fn a_missing_row_is_found() {
        assert_eq!(
            problems(&["1,a", "2,b"], &[&["1,a"]]),
            ["1 records, 2 in the database", "0 times in the files, 1 in the database: `2,b`"]
        );
    }

    #[test]
    fn a_doubled_row_is_found() {
        assert_eq!(
            problems(&["1,a", "2,b"], &[&["1,a", "2,b"], &["1,a"]]),
            [
                "3 records, 2 in the database",
                "2 times in the files (0.csv record 1, 1.csv record 1), 1 in the database: `1,a`"
            ]
        );
    }

    #[test]
    fn an_altered_row_is_found_though_the_count_is_right() {
        let mut found = problems(&["1,a", "2,b", "3,"], &[&["1,a", "2,B", "3,"]]);
        found.sort();
        assert_eq!(
            found,
            [
                "0 times in the files, 1 in the database: `2,b`",
                "1 times in the files (0.csv record 2), 0 in the database: `2,B`"
            ]
        );
    }

    #[test]
    fn row_replaced_by_another_is_found() {
        assert_eq!(problems(&["a", "b"], &[&["a", "a"]]).len(), 2);
        assert_eq!(problems(&["", "\"\""], &[&["", ""]]).len(), 2, "NULL is not the empty string");
    }

    #[test]
    fn at_most_three_differing_records_are_shown() {
        let many: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(problems(&many, &[]).len(), 1 + EXAMPLES);
    }

    #[test]
    fn another_header_is_found_in_any_file() -> Result<()> {
        let directory = tempfile::tempdir()?;
        let paths = [directory.path().join("a.csv"), directory.path().join("b.csv")];
        std::fs::write(&paths[0], "h,i\n1,2\n")?;
        std::fs::write(&paths[1], "h,j\n")?;
        let found = compare(&paths, |record| split_header(Records::new(&b"h,i\n1,2\n"[..]), record))?;
        assert_eq!(found.problems, ["b.csv: header `h,j`, not `h,i`"]);
        assert_eq!((found.records, found.bytes), (1, 4));
        Ok(())
    }

    #[test]
    fn failing_database_is_an_error() {
        assert!(compare(&[], |_| anyhow::bail!("gone")).is_err());
    }

    #[test]
    fn gzip_of_many_members_is_read() {
        let bytes = [gzip("h\na\n\"b"), gzip("\n\"\n"), gzip(""), gzip("c\n")].concat();
        assert_eq!(
            read("d.csv.gz", &bytes),
            Ok(("h".into(), vec!["a".into(), "\"b\n\"".into(), "c".into()]))
        );
        assert_eq!(read("d.csv", b"h\na\n"), Ok(("h".into(), vec!["a".into()])));
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let whole = gzip("h\na\nb\n");
        assert!(read("d.csv.gz", &whole).is_ok());
        assert!(read("d.csv.gz", &whole[..whole.len() - 1]).is_err(), "cut");
        assert!(read("d.csv.gz", &[&whole[..], b"x"].concat()).is_err(), "something follows");
        assert!(read("d.csv.gz", b"").is_err(), "empty");
        assert!(read("d.csv", b"").is_err(), "no header");
        assert!(read("d.csv", b"h\na").is_err(), "no line end");
        assert!(read("d.ndjson", b"{}\n").is_err(), "another format");
        let mut flipped = whole.clone();
        let checksum = flipped.len() - 8;
        flipped[checksum] ^= 1;
        assert!(read("d.csv.gz", &flipped).is_err(), "wrong checksum");
    }

    #[test]
    fn files_are_grouped_by_dataset() -> Result<()> {
        let directory = tempfile::tempdir()?;
        for name in
            ["orders.b.csv.gz", "orders.a.csv", "clients.all.csv", "manifest.json", "orders.c.csv.gz.part"]
        {
            std::fs::write(directory.path().join(name), "")?;
        }
        let found = files_in(directory.path())?;
        let names: Vec<(&str, Vec<String>)> = found
            .iter()
            .map(|(name, files)| (name.as_str(), files.iter().map(|file| name_of(file)).collect()))
            .collect();
        assert_eq!(
            names,
            [
                ("clients", vec!["clients.all.csv".to_owned()]),
                ("orders", vec!["orders.a.csv".to_owned(), "orders.b.csv.gz".to_owned()]),
            ]
        );
        Ok(())
    }
}
