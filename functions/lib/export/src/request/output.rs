//! Form of the files: format, compression and the options of CSV, under PostgreSQL's own rules.

use serde_json::{Map, Value};

use super::report::{Violations, show};
use crate::format::{Compression, CsvOptions, Format, Output};

/// Maximum length of the text for NULL, in bytes. It is written once per NULL, so its length multiplies.
const MAX_NULL_BYTES: usize = 100;

const FORMATS: [(&str, Format); 3] =
    [("csv", Format::Csv), ("ndjson", Format::Ndjson), ("parquet", Format::Parquet)];

const COMPRESSIONS: [(&str, Compression); 4] = [
    ("gzip", Compression::Gzip),
    ("zstd", Compression::Zstd),
    ("snappy", Compression::Snappy),
    ("none", Compression::None),
];

pub(super) fn read(fields: &Map<String, Value>, report: &mut Violations) -> Output {
    let csv = fields.get("csv").and_then(|csv| report.object(csv, "/csv"));
    let format = one_of(fields, "format", &FORMATS, report).unwrap_or_default();
    if csv.is_some() && format != Format::Csv {
        let message = format!("CSV options cannot be used with the format {}", word(&FORMATS, format));
        report.say("/csv", message, "remove csv, or use the format csv");
    }
    Output {
        format,
        compression: compression(fields, format, report),
        csv: csv.map(|csv| csv_options(csv, report)).unwrap_or_default(),
    }
}

fn compression(fields: &Map<String, Value>, format: Format, report: &mut Violations) -> Compression {
    let Some(given) = one_of(fields, "compression", &COMPRESSIONS, report) else {
        return format.default_compression();
    };
    if !format.compressions().contains(&given) {
        let (format_word, given) = (word(&FORMATS, format), word(&COMPRESSIONS, given));
        let fitting: Vec<_> = format.compressions().iter().map(|c| word(&COMPRESSIONS, *c)).collect();
        report.say(
            "/compression",
            format!("{format_word} files cannot be compressed with {given}"),
            format!("for {format_word} use {}", fitting.join(", ")),
        );
    }
    given
}

/// Returns the value of the word under `key`; `None` if there is none, or an unknown one, which is reported.
fn one_of<T: Copy>(
    fields: &Map<String, Value>,
    key: &str,
    known: &[(&str, T)],
    report: &mut Violations,
) -> Option<T> {
    let given = report.text(fields, key, "")?;
    let found = known.iter().find(|(word, _)| *word == given).map(|(_, value)| *value);
    if found.is_none() {
        let words: Vec<_> = known.iter().map(|(word, _)| *word).collect();
        report.say(
            format!("/{key}"),
            format!("the {key} {} is unknown", show(given)),
            format!("supported: {}", words.join(", ")),
        );
    }
    found
}

fn word<T: PartialEq>(known: &[(&'static str, T)], value: T) -> &'static str {
    known.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word)
}

fn csv_options(csv: &Map<String, Value>, report: &mut Violations) -> CsvOptions {
    report.known(csv, "/csv", &["delimiter", "null", "header", "formulaGuard"]);
    let mut options = CsvOptions::default();
    if let Some(text) = report.text(csv, "delimiter", "/csv") {
        match delimiter(text) {
            Some(delimiter) => options.delimiter = delimiter,
            None => report.say(
                "/csv/delimiter",
                format!("{} cannot be used as the delimiter", show(text)),
                "use one ASCII character that is not a double quote, a line break or NUL",
            ),
        }
    }
    if let Some(text) = report.text(csv, "null", "/csv") {
        if text.len() > MAX_NULL_BYTES || text.contains(['\r', '\n', '\0', '"', options.delimiter]) {
            report.say(
                "/csv/null",
                format!("{} cannot be used for NULL", show(text)),
                format!(
                    "use at most {MAX_NULL_BYTES} bytes without the delimiter, double quotes, line breaks or NUL"
                ),
            );
        } else {
            options.null = text.to_owned();
        }
    }
    options.header = flag(csv, "header", true, report);
    options.formula_guard = flag(csv, "formulaGuard", false, report);
    options
}

fn delimiter(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let only = chars.next().filter(|c| c.is_ascii() && !matches!(c, '"' | '\r' | '\n' | '\0'))?;
    chars.next().is_none().then_some(only)
}

fn flag(csv: &Map<String, Value>, key: &str, default: bool, report: &mut Violations) -> bool {
    match csv.get(key) {
        None => default,
        Some(Value::Bool(given)) => *given,
        Some(other) => {
            report.wrong_type(other, &format!("/csv/{key}"), "a boolean");
            default
        }
    }
}
