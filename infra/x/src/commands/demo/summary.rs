//! Summary printed at the end of the demo.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::stack::cdn::Served;
use crate::verify::Comparison;

/// Numbers of one demo.
pub(super) struct Summary {
    datasets: usize,
    agreeing: usize,
    chunks: u64,
    reused: u64,
    records: u64,
    /// Bytes of CSV before compression.
    csv_bytes: u64,
    /// Bytes of the files.
    file_bytes: u64,
    took: Duration,
    refused: usize,
    /// Peak memory of the largest worker. Absent if the api does not report it.
    peak_memory_bytes: Option<u64>,
    /// Counts of the first and the second download. Absent without a CDN.
    downloads: Option<[Served; 2]>,
}

impl Summary {
    /// Builds the summary from the output of `sluice export`, the chunks reported by the api and the comparison.
    pub(super) fn new(
        export: &Value,
        chunks: &Value,
        results: &BTreeMap<String, Comparison>,
        took: Duration,
        refused: usize,
        downloads: Option<[Served; 2]>,
    ) -> Self {
        let progress = &export["export"]["progress"];
        let number = |value: &Value| value.as_u64().unwrap_or_default();
        Self {
            datasets: results.len(),
            agreeing: results.values().filter(|comparison| comparison.agrees()).count(),
            chunks: number(&progress["chunks"]["total"]),
            reused: number(&progress["chunks"]["reused"]),
            records: results.values().map(|comparison| comparison.records).sum(),
            csv_bytes: results.values().map(|comparison| comparison.bytes).sum(),
            file_bytes: number(&progress["bytes"]),
            took,
            refused,
            peak_memory_bytes: peak_memory(chunks),
            downloads,
        }
    }

    /// Returns true if every file is right.
    pub(super) fn all_agree(&self) -> bool {
        self.datasets > 0 && self.agreeing == self.datasets
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peak = self.peak_memory_bytes.map_or_else(|| "unknown".to_owned(), size);
        writeln!(f, "  datasets            {} of {} agree with the database", self.agreeing, self.datasets)?;
        writeln!(f, "  chunks              {} ({} reused)", self.chunks, self.reused)?;
        writeln!(f, "  rows                {}", grouped(self.records))?;
        writeln!(
            f,
            "  bytes               {} of CSV in {} of files",
            size(self.csv_bytes),
            size(self.file_bytes)
        )?;
        writeln!(f, "  seconds             {:.1}, downloads included", self.took.as_secs_f32())?;
        writeln!(f, "  sessions refused    {}", self.refused)?;
        write!(f, "  peak worker memory  {peak}")?;
        if let Some([first, second]) = self.downloads {
            write!(
                f,
                "\n  files from the CDN  {} fetched from storage, {} from its cache; the second time {} and {}",
                first.from_storage, first.from_cache, second.from_storage, second.from_cache
            )?;
        }
        Ok(())
    }
}

/// Returns the largest `peakMemoryBytes` anywhere in the chunks.
fn peak_memory(value: &Value) -> Option<u64> {
    match value {
        Value::Array(items) => items.iter().filter_map(peak_memory).max(),
        Value::Object(fields) => {
            let own = fields.get("peakMemoryBytes").and_then(Value::as_u64);
            fields.values().filter_map(peak_memory).chain(own).max()
        }
        _ => None,
    }
}

pub(super) fn size(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    format!("{mebibytes:.1} MiB")
}

pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn peak_memory_is_found_at_any_depth() {
        let chunks =
            json!([{"usage": {"peakMemoryBytes": 5}}, {"attempts": [{"usage": {"peakMemoryBytes": 9}}]}]);
        assert_eq!(peak_memory(&chunks), Some(9));
        assert_eq!(peak_memory(&json!([])), None);
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn without_comparisons_there_is_no_agreement() {
        let nothing = Summary::new(&json!({}), &json!([]), &BTreeMap::new(), Duration::ZERO, 0, None);
        assert!(!nothing.all_agree());
    }
}
