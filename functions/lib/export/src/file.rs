//! Files: their records and names.

use serde::{Deserialize, Serialize};

use crate::range::{DAY_MICROS, Range, RangeKind, Span};

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

/// Returns the name under which a file is downloaded: `orders.20230831-20231004.csv.gz`. It has times if a bound is
/// not a midnight, `00000000` and `99999999` for an open end, and `.all` and `.null` for the two other ranges. Names
/// are unique in an export, and sorting by name sorts by range.
pub fn file_name(dataset: &str, range: &Range, extension: &str) -> String {
    let middle = match range {
        Range::All => "all".to_owned(),
        Range::Null => "null".to_owned(),
        Range::Span(span) => {
            let start = span.first().map_or_else(|| OPEN_START.to_owned(), |at| sortable(compact(span, at)));
            let end = span.after().map_or_else(|| OPEN_END.to_owned(), |at| compact(span, at));
            format!("{start}-{end}")
        }
    };
    format!("{dataset}.{middle}.{extension}")
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

    #[test]
    fn file_names_state_the_range() {
        let days = Range::Span(Span { kind: RangeKind::Date, start: 19_600, end: 19_634 });
        assert_eq!(file_name("orders", &days, "csv.gz"), "orders.20230831-20231004.csv.gz");
        let start = 19_600 * DAY_MICROS;
        let odd = Range::Span(Span { kind: RangeKind::Instant, start, end: start + 1_500_000 });
        assert_eq!(file_name("orders", &odd, "csv"), "orders.20230831-20230831T000001.5Z.csv");
        assert_eq!(file_name("orders", &Range::Null, "csv"), "orders.null.csv");
        let days = |start, end| Range::Span(Span { kind: RangeKind::Date, start, end });
        let names = [
            file_name("orders", &days(Span::OPEN_START, -719_162), "csv"),
            file_name("orders", &days(-719_162, 19_600), "csv"),
            file_name("orders", &days(19_600, 2_932_896), "csv"),
            file_name("orders", &days(2_932_896, 2_932_897), "csv"),
            file_name("orders", &days(2_932_897, Span::OPEN_END), "csv"),
        ];
        assert_eq!(names[0], "orders.00000000-00010101.csv");
        assert_eq!(names[3], "orders.99991231-100000101.csv");
        assert_eq!(names[4], "orders.99991301-99999999.csv");
        assert!(names.is_sorted());
        let last = Span { kind: RangeKind::Wall, start: 0, end: 2_932_897 * DAY_MICROS };
        assert_eq!(file_name("orders", &Range::Span(last), "csv"), "orders.19700101-100000101.csv");
    }
}
