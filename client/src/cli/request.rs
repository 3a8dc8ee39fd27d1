//! The request, built from the arguments of the command line.

use std::collections::BTreeMap;

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
    #[arg(long, value_name = "DATE", help_heading = "Request")]
    from: Option<String>,
    /// Last day, inclusive; or end instant, exclusive (RFC 3339) [default: no upper bound]
    #[arg(long, value_name = "DATE", help_heading = "Request")]
    to: Option<String>,
    /// Time zone of the dates, such as Europe/Amsterdam [default: UTC]
    #[arg(long, value_name = "ZONE", help_heading = "Request")]
    time_zone: Option<String>,
    /// Columns of one dataset, in the order of the file; DATASET may be omitted if only one is named
    #[arg(long, value_name = "[DATASET=]A,B", help_heading = "Request")]
    columns: Vec<String>,
    /// Filter the rows of one dataset: DATASET.COLUMN, one of = != > >= < <=, and a value
    ///
    /// The value is parsed as JSON if it is valid JSON (10, true, null, "10", ["NL","DE"]), otherwise it is a text.
    /// Several `=` on one column match any of the values; all other conditions must hold together. DATASET may be
    /// omitted if only one is named.
    #[arg(long, value_name = "[DATASET.]COLUMN=VALUE", help_heading = "Request")]
    filter: Vec<String>,
    /// Only the first rows of each dataset, or of one: a sample of at most N rows, read in one chunk
    #[arg(long, visible_alias = "limit", value_name = "[DATASET=]N", help_heading = "Request")]
    sample: Vec<String>,
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

fn format(text: &str) -> Result<Format, String> {
    word(text).ok_or_else(|| "use csv, ndjson or parquet".to_owned())
}

fn compression(text: &str) -> Result<Compression, String> {
    word(text).ok_or_else(|| "use gzip, zstd or none; for Parquet zstd, snappy or none".to_owned())
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
    /// Builds the request, or returns the error in the arguments.
    pub(super) fn build(&self) -> Result<ExportRequest, String> {
        Ok(ExportRequest {
            datasets: self.choose()?,
            start_date: self.from.clone(),
            end_date: self.to.clone(),
            time_zone: self.time_zone.clone(),
            format: self.format,
            compression: self.compression,
            csv: self.csv(),
            layout: self.layout,
            label: None,
            labels: BTreeMap::new(),
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

    fn choose(&self) -> Result<Datasets, String> {
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
            if text.find(['=', '!', '<', '>']).is_some_and(|at| text[at..].starts_with("==")) {
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
            self.add_sample(text, &mut details)?;
        }
        if self.datasets.iter().any(|name| name == "*") {
            return match (self.datasets.len(), details.is_empty()) {
                (1, true) => Ok(Datasets::All(All::Star)),
                (1, false) => {
                    Err("with columns, filters or samples, name the datasets instead of '*'".into())
                }
                _ => Err("'*' means all datasets; do not name others as well".into()),
            };
        }
        if let Some((dataset, column)) = self.datasets.iter().find_map(|name| name.split_once('.')) {
            return Err(format!(
                "{dataset}.{column}: datasets have no dots in their names; for one column of a dataset write: {dataset} \
                 --columns {dataset}={column}; `sluice datasets` lists all names"
            ));
        }
        let choose = |name: &String| match details.remove(&name.to_ascii_lowercase()) {
            Some(detail) => DatasetChoice::Detailed(DatasetRequest { name: name.clone(), ..detail }),
            None => DatasetChoice::Name(name.clone()),
        };
        let list = self.datasets.iter().map(choose).collect();
        match details.keys().next() {
            Some(name) => Err(format!(
                "--columns, --filter or --sample is given for {name}, which is not among the datasets; add {name} to them"
            )),
            None => Ok(Datasets::List(list)),
        }
    }

    /// Adds a sample: of one dataset, or of all that are named.
    fn add_sample(&self, text: &str, details: &mut BTreeMap<String, DatasetRequest>) -> Result<(), String> {
        let (names, limit) = match text.split_once('=') {
            Some((dataset, limit)) => (vec![dataset], limit),
            None => (self.datasets.iter().map(String::as_str).collect(), text),
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
}

/// Filter of the form `DATASET.COLUMN OP VALUE`.
struct Filter<'a> {
    dataset: &'a str,
    column: &'a str,
    operator: &'static str,
    value: Value,
}

/// Operators on the command line and in JSON, the longer ones first.
const OPERATORS: [(&str, &str); 6] =
    [("!=", "ne"), (">=", "gte"), ("<=", "lte"), ("=", "eq"), (">", "gt"), ("<", "lt")];

impl<'a> Filter<'a> {
    /// Parses a filter; `only` is the dataset of a filter without a dataset name.
    fn parse(text: &'a str, only: Option<&'a str>) -> Option<Self> {
        let at = text.find(['=', '!', '<', '>'])?;
        let (sign, operator) = OPERATORS.iter().find(|(sign, _)| text[at..].starts_with(sign))?;
        let column = text[..at].trim_end();
        let (dataset, column) = column.split_once('.').or(only.map(|only| (only, column)))?;
        let value = text[at + sign.len()..].trim();
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        let usable = !dataset.is_empty() && !column.is_empty() && !value.is_object();
        usable.then_some(Self { dataset, column, operator, value })
    }

    /// Adds the filter. Equality alone is written as a scalar or a list, everything else as an object of operators.
    fn add_to(self, filters: &mut BTreeMap<String, Value>) -> Result<(), String> {
        let present = filters.remove(self.column);
        let joined = match (present, self.operator) {
            (None, "eq") => self.value,
            (None, operator) => Value::Object(Map::from_iter([(operator.to_owned(), self.value)])),
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
mod tests {
    use super::*;
    use clap::Parser;
    use serde_json::json;

    #[derive(Debug, Parser)]
    struct Words {
        #[command(flatten)]
        args: RequestArgs,
    }

    fn build(words: &[&str]) -> Result<Value, String> {
        let words = Words::parse_from([&["sluice"], words].concat());
        words.args.build().map(|request| serde_json::to_value(request).unwrap())
    }

    #[test]
    fn arguments_become_the_export_request() {
        let request = build(&[
            "orders",
            "Customers",
            "--from",
            "2023-08-31",
            "--to",
            "2024-08-04",
            "--columns",
            "customers=id,email",
            "--filter",
            "customers.country=NL",
            "--filter",
            "customers.country=DE",
            "--filter",
            "customers.total>=10",
            "--filter",
            "customers.total<20",
            "--filter",
            "customers.code=\"10\"",
            "--format",
            "csv",
            "--compression",
            "none",
        ]);
        let expected = json!({
            "datasets": ["orders", {"name": "Customers", "columns": ["id", "email"], "filters":
                {"country": ["NL", "DE"], "total": {"gte": 10, "lt": 20}, "code": "10"}}],
            "startDate": "2023-08-31", "endDate": "2024-08-04", "format": "csv", "compression": "none"
        });
        assert_eq!(request, Ok(expected));
        assert_eq!(build(&["*"]), Ok(json!({"datasets": "*"})));
    }

    #[test]
    fn single_dataset_may_be_omitted_in_options() {
        let request =
            build(&["orders", "--columns", "id,total", "--filter", "total>=10", "--filter", "orders.id=1"]);
        let detail =
            json!({"name": "orders", "columns": ["id", "total"], "filters": {"total": {"gte": 10}, "id": 1}});
        assert_eq!(request, Ok(json!({"datasets": [detail]})));
    }

    #[test]
    fn column_given_as_dataset_gets_a_hint() {
        let error = build(&["notes.note"]).unwrap_err();
        assert!(error.contains("notes --columns notes=note"), "{error}");
    }

    #[test]
    fn samples_and_layouts_are_part_of_the_request() {
        let request = build(&["orders", "customers", "--sample", "100", "--layout", "hive"]).unwrap();
        let sample = |name: &str| json!({"name": name, "limit": 100});
        assert_eq!(request["datasets"], json!([sample("orders"), sample("customers")]));
        assert_eq!(request["layout"], "hive");
        let request =
            build(&["orders", "customers", "--limit", "Orders=100", "--layout", "hive:day"]).unwrap();
        assert_eq!(request["datasets"], json!([sample("orders"), "customers"]));
        assert_eq!(request["layout"], json!({"hive": "day"}));
        for bad in ["Hive", "hive:", "hive:week", "hive:whole"] {
            assert!(layout(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn value_may_hold_equals_signs() {
        let request = build(&["orders", "--filter", "a=x==", "--filter", "b=\"=y\""]).unwrap();
        assert_eq!(request["datasets"][0]["filters"], json!({"a": "x==", "b": "=y"}));
    }

    #[test]
    fn contradictory_arguments_are_refused() {
        for words in [
            &["*", "orders"][..],
            &["*", "--columns", "orders=id"],
            &["orders", "--filter", "customers.a=1"],
            &["orders", "customers", "--filter", "total=1"],
            &["orders", "customers", "--columns", "id"],
            &["orders", "--filter", "orders.a!1"],
            &["orders", "--filter", "a==1"],
            &["*", "--filter", "a=1"],
            &["orders", "--filter", "orders.a>1", "--filter", "orders.a>2"],
            &["orders", "--columns", "orders=a", "--columns", "orders=b"],
            &["*", "--sample", "10"],
            &["orders", "--sample", "ten"],
            &["orders", "--sample", "customers=10"],
            &["orders", "--sample", "10", "--sample", "orders=10"],
        ] {
            assert!(build(words).is_err(), "{words:?}");
        }
    }
}
