//! Files: their records and names.

use serde::{Deserialize, Serialize};

use crate::layout::Hive;
use crate::range::{DAY_MICROS, Range, RangeKind, Slice, SliceKind, Span};

/// Record of the file that one attempt wrote. A chunk without rows writes no object: `bytes` is 0 and `sha256` is
/// `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileRecord {
    /// Attempt that wrote the file; together with the chunk's id it gives the object's key.
    pub attempt: u32,
    /// Rows in the file.
    pub rows: u64,
    /// Bytes of the object.
    pub bytes: u64,
    /// Bytes of binary COPY from which the file was made.
    pub source_bytes: u64,
    /// SHA-256 of the object, in hexadecimal.
    pub sha256: Option<String>,
}

/// Naming of a dataset's files in one export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Naming<'a> {
    /// Name of the dataset.
    pub dataset: &'a str,
    /// Ending of the files, without the dot before it.
    pub extension: &'a str,
    /// True if the file is a sample, which its name then shows.
    pub sample: bool,
    /// Layout in folders; `None` if all files of the export are in one folder.
    pub hive: Option<Hive>,
}

impl Naming<'_> {
    /// Returns the name of the file of a range: `orders.20230831-20231004.csv.gz`, or in folders
    /// `orders/month=2023-09/part-20230901-20231001.csv.gz`. It has times if a bound is not a midnight, `00000000` and
    /// `99999999` for an open end, `all` and `null` for the ranges without bounds, and `integer_1000-2000` for a slice of
    /// a key, with `m` before a negative number and nothing for an open end. Names are unique in an export, and
    /// without folders sorting by name sorts by range. They consist of letters, digits and `_ - . =`, and of `/` between
    /// folders.
    pub fn name(&self, range: &Range) -> String {
        let Self { dataset, extension, sample, hive } = self;
        let (middle, sample) = (middle(range), if *sample { ".sample" } else { "" });
        let Some(hive) = hive else { return format!("{dataset}.{middle}{sample}.{extension}") };
        let folder = hive.folder(range).map(|folder| format!("{folder}/")).unwrap_or_default();
        format!("{dataset}/{folder}part-{middle}{sample}.{extension}")
    }
}

fn middle(range: &Range) -> String {
    match range {
        Range::All => "all".to_owned(),
        Range::Null => "null".to_owned(),
        Range::Slice(slice) => {
            let bound =
                |bound: Option<i64>| bound.map(|at| slice.text(at).replace('-', "")).unwrap_or_default();
            let sign = |bound: Option<i64>| if negative(slice, bound) { "m" } else { "" };
            let text = |at| format!("{}{}", sign(at), bound(at));
            format!("{}_{}-{}", slice.kind.as_str(), text(slice.first()), text(slice.after()))
        }
        Range::Span(span) => {
            let start = span.first().map_or_else(|| OPEN_START.to_owned(), |at| sortable(compact(span, at)));
            let end = span.after().map_or_else(|| OPEN_END.to_owned(), |at| compact(span, at));
            format!("{start}-{end}")
        }
    }
}

/// Returns true for a negative number; in names, `-` is between the bounds.
fn negative(slice: &Slice, bound: Option<i64>) -> bool {
    slice.kind == SliceKind::Integer && bound.is_some_and(|at| at < 0)
}

/// Text for an open start: a day that no calendar has and that sorts before all others. [`OPEN_END`] sorts after
/// them.
pub const OPEN_START: &str = "00000000";
/// Text for an open end; see [`OPEN_START`].
pub const OPEN_END: &str = "99999999";

/// Writes a start after the year 9999 as the thirteenth month of that year, so that it sorts after all others. Such a
/// chunk follows one that ends at 9999-12-31 when a later request has an open end.
fn sortable(start: String) -> String {
    start.strip_prefix("1000001").map_or(start.clone(), |rest| format!("999913{rest}"))
}

fn compact(span: &Span, bound: i64) -> String {
    let text = span.text(bound);
    let midnight = span.kind != RangeKind::Date && bound.rem_euclid(DAY_MICROS) == 0;
    let text = if midnight { text.split('T').next().unwrap_or_default() } else { &text };
    text.chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(range: &Range, extension: &str) -> String {
        Naming { dataset: "orders", extension, sample: false, hive: None }.name(range)
    }

    #[test]
    fn file_names_state_the_range() {
        let days = Range::Span(Span { kind: RangeKind::Date, start: 19_600, end: 19_634 });
        assert_eq!(name(&days, "csv.gz"), "orders.20230831-20231004.csv.gz");
        let start = 19_600 * DAY_MICROS;
        let odd = Range::Span(Span { kind: RangeKind::Instant, start, end: start + 1_500_000 });
        assert_eq!(name(&odd, "csv"), "orders.20230831-20230831T000001.5Z.csv");
        assert_eq!(name(&Range::Null, "csv"), "orders.null.csv");
        let days = |start, end| Range::Span(Span { kind: RangeKind::Date, start, end });
        let names = [
            name(&days(Span::OPEN_START, -719_162), "csv"),
            name(&days(-719_162, 19_600), "csv"),
            name(&days(19_600, 2_932_896), "csv"),
            name(&days(2_932_896, 2_932_897), "csv"),
            name(&days(2_932_897, Span::OPEN_END), "csv"),
        ];
        assert_eq!(names[0], "orders.00000000-00010101.csv");
        assert_eq!(names[3], "orders.99991231-100000101.csv");
        assert_eq!(names[4], "orders.99991301-99999999.csv");
        assert!(names.is_sorted());
        let last = Span { kind: RangeKind::Wall, start: 0, end: 2_932_897 * DAY_MICROS };
        assert_eq!(name(&Range::Span(last), "csv"), "orders.19700101-100000101.csv");
    }

    fn placed(hive: Hive, range: Range) -> String {
        Naming { dataset: "orders", extension: "parquet", sample: false, hive: Some(hive) }.name(&range)
    }

    fn days(start: i64, end: i64) -> Range {
        Range::Span(Span { kind: RangeKind::Date, start, end })
    }

    #[test]
    fn a_file_lies_in_the_folder_of_its_partition() {
        // 2023-09-01 to 2023-10-01.
        let september = days(19_601, 19_631);
        assert_eq!(placed(Hive::Month, september), "orders/month=2023-09/part-20230901-20231001.parquet");
        assert_eq!(placed(Hive::Year, september), "orders/year=2023/part-20230901-20231001.parquet");
        assert_eq!(
            placed(Hive::Day, days(19_601, 19_602)),
            "orders/date=2023-09-01/part-20230901-20230902.parquet"
        );
        assert_eq!(placed(Hive::Whole, september), "orders/part-20230901-20231001.parquet");
        assert_eq!(placed(Hive::Whole, Range::All), "orders/part-all.parquet");
        let default = "orders/date=__HIVE_DEFAULT_PARTITION__";
        assert_eq!(placed(Hive::Day, september), format!("{default}/part-20230901-20231001.parquet"));
        assert_eq!(placed(Hive::Day, Range::Null), format!("{default}/part-null.parquet"));
        let late = days(2_932_897, Span::OPEN_END);
        assert_eq!(placed(Hive::Day, late), format!("{default}/part-99991301-99999999.parquet"));
        let micros = Range::Span(Span { kind: RangeKind::Instant, start: -1, end: 0 });
        assert_eq!(
            placed(Hive::Month, micros),
            "orders/month=1969-12/part-19691231T235959.999999Z-19700101.parquet"
        );
    }

    #[test]
    fn a_sample_says_so_in_its_name() {
        let naming = Naming { dataset: "orders", extension: "csv.gz", sample: true, hive: None };
        assert_eq!(naming.name(&days(19_600, 19_634)), "orders.20230831-20231004.sample.csv.gz");
        assert_eq!(naming.name(&Range::All), "orders.all.sample.csv.gz");
        let naming = Naming { hive: Some(Hive::Whole), ..naming };
        assert_eq!(naming.name(&Range::All), "orders/part-all.sample.csv.gz");
    }
}
