//! The request, built from the arguments of the command line.

use std::collections::BTreeMap;

use export::cut::Consistency;
use export::format::{Compression, CsvOptions, Format};
use export::layout::Hive;
use export::wire::{All, DatasetChoice, DatasetRequest, Datasets, ExportRequest, Layout, Partitioned};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Parts of a request that can be set by flags.
#[derive(Debug, clap::Args)]
pub(super) struct RequestArgs {
    /// Datasets by name, or '*' for all
    #[arg(value_name = "DATASET")]
    datasets: Vec<String>,
    /// First day, or first instant (RFC 3339) [default: no lower bound]
    #[arg(long, value_name = "DATE", allow_hyphen_values = true, help_heading = "Request")]
    from: Option<String>,
    /// Last day, inclusive; or end instant, exclusive (RFC 3339) [default: no upper bound]
    #[arg(long, value_name = "DATE", allow_hyphen_values = true, help_heading = "Request")]
    to: Option<String>,
    /// Time zone of the dates, such as Europe/Amsterdam [default: UTC]
    #[arg(long, value_name = "ZONE", help_heading = "Request")]
    time_zone: Option<String>,
    /// Columns of one dataset, in the order of the file; DATASET may be omitted if only one is named
    #[arg(long, value_name = "[DATASET=]A,B", help_heading = "Request")]
    columns: Vec<String>,
    /// Filter the rows of one dataset: DATASET.COLUMN, one of = != > >= < <= ^=, and a value
    ///
    /// The value is parsed as JSON if it is valid JSON (10, true, null, "10", ["NL","DE"]), otherwise it is a text.
    /// Several `=` on one column match any of the values, several `!=` none of them; all other conditions must hold
    /// together. `^=` matches texts that begin with the value, `!=null` all values. DATASET may be omitted if only one
    /// is named.
    #[arg(long, value_name = "[DATASET.]COLUMN=VALUE", help_heading = "Request")]
    filter: Vec<String>,
    /// Only the first rows of each dataset, or of one: a sample of at most N rows, read in one chunk; '*' --sample N
    /// is a sample of all datasets
    #[arg(long, visible_alias = "limit", value_name = "[DATASET=]N", help_heading = "Request")]
    sample: Vec<String>,
    /// Consistency of the files: file (each shows one instant) or snapshot (all show the same instant) [default: file]
    #[arg(long, value_parser = consistency, help_heading = "Request")]
    consistency: Option<Consistency>,
    /// Copy the files to this destination after the export has succeeded, and download none unless --out is given;
    /// `sluice destinations` lists those that you may use
    #[arg(long, value_name = "NAME", help_heading = "Request")]
    destination: Option<String>,
    /// Name of the export for people; `sluice list --label` finds it
    #[arg(long, value_name = "TEXT", help_heading = "Request")]
    label: Option<String>,
    /// Labels of the export: key=value, several separated by commas; `sluice list --labels` finds them
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = label, help_heading = "Request")]
    labels: Vec<(String, String)>,
    /// Layout of the files: flat, hive, or hive:day, hive:month, hive:year for folders such as
    /// orders/month=2024-03/ [default: flat; hive: hive:month]
    #[arg(long, value_parser = layout, help_heading = "File format")]
    layout: Option<Layout>,
    /// File format: csv, ndjson or parquet [default: csv]
    #[arg(long, value_parser = format, help_heading = "File format")]
    format: Option<Format>,
    /// Compression: gzip, zstd or none; Parquet: zstd, snappy or none [default: gzip; Parquet: zstd]
    #[arg(long, value_parser = compression, help_heading = "File format")]
    compression: Option<Compression>,
    /// CSV: field delimiter [default: ,]
    #[arg(long, value_name = "CHARACTER", help_heading = "File format")]
    delimiter: Option<char>,
    /// CSV: text for NULL [default: empty]
    #[arg(long, value_name = "TEXT", help_heading = "File format")]
    null: Option<String>,
    /// CSV: omit the header row with the column names
    #[arg(long, help_heading = "File format")]
    no_header: bool,
    /// CSV: prefix texts that a spreadsheet would run as formulas with an apostrophe
    #[arg(long, help_heading = "File format")]
    formula_guard: bool,
}

/// Parses a label.
pub(super) fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').unwrap_or_default();
    if name.is_empty() || value.is_empty() {
        return Err("write it as KEY=VALUE".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn format(text: &str) -> Result<Format, String> {
    word(text).ok_or_else(|| "use csv, ndjson or parquet".to_owned())
}

fn compression(text: &str) -> Result<Compression, String> {
    word(text).ok_or_else(|| "use gzip, zstd or none; for Parquet zstd, snappy or none".to_owned())
}

fn consistency(text: &str) -> Result<Consistency, String> {
    word(text).ok_or_else(|| "use file or snapshot".to_owned())
}

fn layout(text: &str) -> Result<Layout, String> {
    let period = || word::<Hive>(text.strip_prefix("hive:")?).filter(|hive| *hive != Hive::Whole);
    let named: Option<Layout> = word(text).map(Layout::Named);
    named
        .or_else(|| period().map(|hive| Layout::Partitioned(Partitioned { hive })))
        .ok_or_else(|| "use flat, hive, hive:day, hive:month or hive:year".to_owned())
}

fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::from(text)).ok()
}

impl RequestArgs {
    /// Returns true if `*` has columns, filters or samples: then the request lists all datasets by name.
    pub(super) fn needs_names(&self) -> bool {
        let has_details = [&self.columns, &self.filter, &self.sample].iter().any(|given| !given.is_empty());
        has_details && self.datasets == ["*"]
    }

    /// Builds the request, or returns the error in the arguments. `all` are the names of all datasets, if they are
    /// needed.
    pub(super) fn build(&self, all: Option<&[String]>) -> Result<ExportRequest, String> {
        let mut labels = BTreeMap::new();
        for (name, value) in &self.labels {
            if labels.insert(name.clone(), value.clone()).is_some() {
                return Err(format!("--labels {name}={value}: the label {name} is given twice"));
            }
        }
        Ok(ExportRequest {
            datasets: self.choose(all.unwrap_or(&self.datasets))?,
            start_date: self.from.clone(),
            end_date: self.to.clone(),
            time_zone: self.time_zone.clone(),
            format: self.format,
            compression: self.compression,
            csv: self.csv(),
            layout: self.layout,
            consistency: self.consistency,
            destination: self.destination.clone(),
            label: self.label.clone(),
            labels,
        })
    }

    /// Returns the datasets as given.
    pub(super) fn datasets(&self) -> &[String] {
        &self.datasets
    }

    /// Returns the only dataset, whose name columns and filters need not repeat.
    fn only(&self) -> Option<&str> {
        match self.datasets.as_slice() {
            [name] if name != "*" => Some(name),
            _ => None,
        }
    }

    /// Returns the CSV options, if any is set.
    fn csv(&self) -> Option<CsvOptions> {
        let default = CsvOptions::default();
        let options = CsvOptions {
            delimiter: self.delimiter.unwrap_or(default.delimiter),
            null: self.null.clone().unwrap_or_else(|| default.null.clone()),
            header: !self.no_header,
            formula_guard: self.formula_guard,
        };
        (options != default).then_some(options)
    }

    fn choose(&self, names: &[String]) -> Result<Datasets, String> {
        let mut details: BTreeMap<String, DatasetRequest> = BTreeMap::new();
        for text in &self.columns {
            let (dataset, columns) = match (text.split_once('='), self.only()) {
                (Some(both), _) => both,
                (None, Some(only)) => (only, text.as_str()),
                (None, None) => return Err(format!("--columns {text}: write it as DATASET=A,B")),
            };
            let columns = columns.split(',').map(|column| column.trim().to_owned()).collect();
            let entry = details.entry(dataset.to_ascii_lowercase()).or_default();
            if entry.columns.replace(columns).is_some() {
                return Err(format!("--columns {text}: the columns of {dataset} are given twice"));
            }
        }
        for text in &self.filter {
            // The first sign is the operator; what follows it is the value.
            if text.find(['=', '!', '<', '>', '^']).is_some_and(|at| text[at..].starts_with("==")) {
                return Err(format!(
                    "--filter {text}: use a single =; to match a value that begins with =, write COLUMN=\"=VALUE\""
                ));
            }
            let filter = Filter::parse(text, self.only())
                .ok_or_else(|| format!("--filter {text}: write it as DATASET.COLUMN=VALUE"))?;
            let entry = details.entry(filter.dataset.to_ascii_lowercase()).or_default();
            filter.add_to(&mut entry.filters).map_err(|what| format!("--filter {text}: {what}"))?;
        }
        for text in &self.sample {
            add_sample(text, names, &mut details)?;
        }
        if names.iter().any(|name| name == "*") {
            return match names.len() {
                1 => Ok(Datasets::All(All::Star)),
                _ => Err("'*' means all datasets; do not name others as well".into()),
            };
        }
        if let Some((dataset, column)) = names.iter().find_map(|name| name.split_once('.')) {
            return Err(format!(
                "{dataset}.{column}: datasets have no dots in their names; for one column of a dataset write: {dataset} \
                 --columns {dataset}={column}; `sluice datasets` lists all names"
            ));
        }
        let choose = |name: &String| match details.remove(&name.to_ascii_lowercase()) {
            Some(detail) => DatasetChoice::Detailed(DatasetRequest { name: name.clone(), ..detail }),
            None => DatasetChoice::Name(name.clone()),
        };
        let list = names.iter().map(choose).collect();
        match details.keys().next() {
            Some(name) => Err(format!(
                "--columns, --filter or --sample is given for {name}, which is not among the datasets; add {name} to them"
            )),
            None => Ok(Datasets::List(list)),
        }
    }
}

/// Adds a sample: of one dataset, or of all of `names`.
fn add_sample(
    text: &str,
    names: &[String],
    details: &mut BTreeMap<String, DatasetRequest>,
) -> Result<(), String> {
    let (names, limit) = match text.split_once('=') {
        Some((dataset, limit)) => (vec![dataset], limit),
        None => (names.iter().map(String::as_str).collect(), text),
    };
    let limit = limit
        .parse()
        .map_err(|_| format!("--sample {text}: write it as N or DATASET=N, with a number of rows"))?;
    for name in names {
        let entry = details.entry(name.to_ascii_lowercase()).or_default();
        if entry.limit.replace(limit).is_some() {
            return Err(format!("--sample {text}: the sample of {name} is given twice"));
        }
    }
    Ok(())
}

/// Filter of the form `DATASET.COLUMN OP VALUE`.
struct Filter<'a> {
    dataset: &'a str,
    column: &'a str,
    operator: &'static str,
    value: Value,
}

/// Operators on the command line and in JSON, the longer ones first.
const OPERATORS: [(&str, &str); 7] =
    [("!=", "ne"), (">=", "gte"), ("<=", "lte"), ("^=", "startsWith"), ("=", "eq"), (">", "gt"), ("<", "lt")];

impl<'a> Filter<'a> {
    /// Parses a filter; `only` is the dataset of a filter without a dataset name.
    fn parse(text: &'a str, only: Option<&'a str>) -> Option<Self> {
        let at = text.find(['=', '!', '<', '>', '^'])?;
        let (sign, operator) = OPERATORS.iter().find(|(sign, _)| text[at..].starts_with(sign))?;
        let column = text[..at].trim_end();
        let (dataset, column) = column.split_once('.').or(only.map(|only| (only, column)))?;
        let value = text[at + sign.len()..].trim();
        let parsed = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        let (operator, value) = match (*operator, parsed) {
            // NULL equals nothing and differs from nothing.
            ("ne", Value::Null) => ("isNull", Value::Bool(false)),
            ("ne", values @ Value::Array(_)) => ("notIn", values),
            ("startsWith", parsed) => ("startsWith", Value::from(parsed.as_str().unwrap_or(value))),
            other => other,
        };
        let usable = !dataset.is_empty() && !column.is_empty() && !value.is_object();
        usable.then_some(Self { dataset, column, operator, value })
    }

    /// Adds the filter. Equality alone is written as a scalar or a list, everything else as an object of operators.
    fn add_to(self, filters: &mut BTreeMap<String, Value>) -> Result<(), String> {
        let present = filters.remove(self.column);
        let joined = match (present, self.operator) {
            (None, "eq") => self.value,
            (None, operator) => Value::Object(Map::from_iter([(operator.to_owned(), self.value)])),
            (Some(Value::Object(mut tests)), "ne" | "notIn")
                if tests.contains_key("ne") || tests.contains_key("notIn") =>
            {
                let present = tests.remove("ne").or_else(|| tests.remove("notIn")).unwrap_or_default();
                tests
                    .insert("notIn".to_owned(), Value::Array([listed(present), listed(self.value)].concat()));
                Value::Object(tests)
            }
            (Some(Value::Object(mut tests)), operator) => {
                if tests.insert(operator.to_owned(), self.value).is_some() {
                    return Err(format!(
                        "the column has another condition with {operator} already; give one of them"
                    ));
                }
                Value::Object(tests)
            }
            (Some(equal), "eq") => Value::Array([listed(equal), listed(self.value)].concat()),
            (Some(equal), operator) => {
                let tests = [("eq".to_owned(), equal), (operator.to_owned(), self.value)];
                Value::Object(Map::from_iter(tests))
            }
        };
        filters.insert(self.column.to_owned(), joined);
        Ok(())
    }
}

fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        value => vec![value],
    }
}

#[cfg(test)]
mod tests;
