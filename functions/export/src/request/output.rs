//! The form of the files: format, compression and the options of CSV, under PostgreSQL's own rules.

use serde_json::{Map, Value};

use super::report::{Report, show};
use crate::format::{Compression, CsvOptions, Format, Output};

/// Longest text for NULL, in bytes. It is written once per NULL, so its length multiplies.
const LONGEST_NULL: usize = 100;

pub(super) fn read(fields: &Map<String, Value>, report: &mut Report) -> Output {
    let csv = fields.get("csv").and_then(|csv| report.object(csv, "/csv"));
    Output {
        format: word(fields, "format", &[("csv", Format::Csv)], &["ndjson", "parquet"], report),
        compression: word(
            fields,
            "compression",
            &[("gzip", Compression::Gzip), ("none", Compression::None)],
            &["zstd", "snappy"],
            report,
        ),
        csv: csv.map(|csv| csv_options(csv, report)).unwrap_or_default(),
    }
}

/// One of `known`; `later` are words that the contract has but this version does not do.
fn word<T: Copy + Default>(
    fields: &Map<String, Value>,
    key: &str,
    known: &[(&str, T)],
    later: &[&str],
    report: &mut Report,
) -> T {
    let Some(given) = report.text(fields, key, "") else { return T::default() };
    if let Some((_, value)) = known.iter().find(|(word, _)| *word == given) {
        return *value;
    }
    let state = if later.contains(&given) { "not available yet" } else { "unknown" };
    let words: Vec<_> = known.iter().map(|(word, _)| *word).collect();
    report.say(
        format!("/{key}"),
        format!("the {key} {} is {state}", show(given)),
        format!("supported: {}", words.join(", ")),
    );
    T::default()
}

fn csv_options(csv: &Map<String, Value>, report: &mut Report) -> CsvOptions {
    report.known(csv, "/csv", &["delimiter", "null", "header", "formulaGuard"]);
    let mut options = CsvOptions::default();
    if let Some(text) = report.text(csv, "delimiter", "/csv") {
        match delimiter(text) {
            Some(delimiter) => options.delimiter = delimiter,
            None => report.say(
                "/csv/delimiter",
                format!("{} cannot separate fields", show(text)),
                "give one ASCII character that is not a double quote, a line break or NUL",
            ),
        }
    }
    if let Some(text) = report.text(csv, "null", "/csv") {
        if text.len() > LONGEST_NULL || text.contains(['\r', '\n', '\0', '"', options.delimiter]) {
            report.say(
                "/csv/null",
                format!("{} cannot stand for NULL", show(text)),
                format!(
                    "give at most {LONGEST_NULL} bytes without delimiter, double quote, line break and NUL"
                ),
            );
        } else {
            options.null = text.to_owned();
        }
    }
    options.header = flag(csv, "header", true, report);
    if flag(csv, "formulaGuard", false, report) {
        report.say("/csv/formulaGuard", "the formula guard is not available yet", "leave it out or false");
    }
    options
}

fn delimiter(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let only = chars.next().filter(|c| c.is_ascii() && !matches!(c, '"' | '\r' | '\n' | '\0'))?;
    chars.next().is_none().then_some(only)
}

fn flag(csv: &Map<String, Value>, key: &str, default: bool, report: &mut Report) -> bool {
    match csv.get(key) {
        None => default,
        Some(Value::Bool(given)) => *given,
        Some(other) => {
            report.wrong_type(other, &format!("/csv/{key}"), "a boolean");
            default
        }
    }
}
