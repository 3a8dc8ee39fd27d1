//! Files: what is recorded of them, and their names.

use serde::{Deserialize, Serialize};

use crate::range::{DAY_MICROS, Range, RangeKind, Span};

/// What one attempt wrote. A chunk without rows writes no object: `bytes` is 0 and `sha256` is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileRecord {
    /// The attempt that wrote it; with the chunk's id it gives the object's key.
    pub attempt: u32,
    /// Rows in it.
    pub rows: u64,
    /// Bytes of the object.
    pub bytes: u64,
    /// Bytes of binary COPY it was made from.
    pub source_bytes: u64,
    /// SHA-256 of the object, in hexadecimal.
    pub sha256: Option<String>,
}

/// The name under which a file is downloaded: `orders.20230831-20231004.csv.gz`; with times where a
/// bound is not a midnight; `.all` and `.null` for the two other ranges. Unique in an export.
pub fn file_name(dataset: &str, range: &Range, extension: &str) -> String {
    let middle = match range {
        Range::All => "all".to_owned(),
        Range::Null => "null".to_owned(),
        Range::Span(span) => format!("{}-{}", compact(span, span.start), compact(span, span.end)),
    };
    format!("{dataset}.{middle}.{extension}")
}

fn compact(span: &Span, bound: i64) -> String {
    let text: String = span.text(bound).chars().filter(|c| !matches!(c, '-' | ':')).collect();
    if span.kind != RangeKind::Date && bound.rem_euclid(DAY_MICROS) == 0 {
        text[..8].to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_range() {
        let days = Range::Span(Span { kind: RangeKind::Date, start: 19_600, end: 19_634 });
        assert_eq!(file_name("orders", &days, "csv.gz"), "orders.20230831-20231004.csv.gz");
        let start = 19_600 * DAY_MICROS;
        let odd = Range::Span(Span { kind: RangeKind::Instant, start, end: start + 1_500_000 });
        assert_eq!(file_name("orders", &odd, "csv"), "orders.20230831-20230831T000001.5Z.csv");
        assert_eq!(file_name("orders", &Range::Null, "csv"), "orders.null.csv");
    }
}
