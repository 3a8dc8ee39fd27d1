//! Datasets of a request, each with its columns and filters.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::Scope;
use super::filters;
use super::report::{Violations, kind_of, show};
use crate::catalog::Dataset;
use crate::column::Column;
use crate::near;
use crate::selection::Predicate;

/// Maximum number of unknown names for which similar ones are searched; each search covers the whole catalog.
const MAX_SUGGESTIONS: usize = 20;

/// PostgreSQL's own limit on the entries of a select list.
const MAX_COLUMNS: usize = 1664;

/// Maximum number of rows of a sample. It is one file, which is never split.
pub const MAX_SAMPLE_ROWS: u64 = 100_000;

/// Datasets that a request names.
#[derive(Debug, Default)]
pub(super) struct Listed<'a> {
    pub(super) chosen: Vec<Chosen<'a>>,
    /// True if they were named by `"*"`.
    pub(super) all: bool,
}

/// One dataset of a request.
#[derive(Debug)]
pub(super) struct Chosen<'a> {
    /// Pointer to the dataset in the body.
    pub(super) pointer: String,
    pub(super) name: &'a str,
    pub(super) dataset: &'a Dataset,
    /// Requested columns; `None` for all.
    pub(super) columns: Option<Vec<Column>>,
    pub(super) predicates: Vec<Predicate>,
    pub(super) alternatives: Vec<Vec<Predicate>>,
    /// Maximum number of rows of a sample; `None` for all rows.
    pub(super) limit: Option<u64>,
    /// Filters in their canonical form.
    filters: Map<String, Value>,
    /// Groups of `or` in their canonical form.
    or: Vec<Value>,
}

impl Listed<'_> {
    /// Returns the list in its canonical form: a name, or an object if there are columns or filters.
    pub(super) fn names(&self) -> Vec<Value> {
        self.chosen.iter().map(Chosen::canonical).collect()
    }
}

impl Chosen<'_> {
    fn canonical(&self) -> Value {
        if self.columns.is_none() && self.filters.is_empty() && self.or.is_empty() && self.limit.is_none() {
            return self.name.into();
        }
        let mut object = Map::new();
        object.insert("name".to_owned(), self.name.into());
        if let Some(columns) = &self.columns {
            let names: Vec<_> = columns.iter().map(|c| Value::from(c.name.as_str())).collect();
            object.insert("columns".to_owned(), names.into());
        }
        if !self.filters.is_empty() {
            object.insert("filters".to_owned(), self.filters.clone().into());
        }
        if !self.or.is_empty() {
            object.insert("or".to_owned(), self.or.clone().into());
        }
        if let Some(limit) = self.limit {
            object.insert("limit".to_owned(), limit.into());
        }
        object.into()
    }
}

/// Reads `datasets`: `"*"`, or a list of names and objects.
pub(super) fn listed<'a>(
    fields: &Map<String, Value>,
    scope: &Scope<'a>,
    report: &mut Violations,
) -> Listed<'a> {
    let limit = scope.limits.datasets;
    let items = match fields.get("datasets") {
        None => {
            report.say(
                "/datasets",
                "datasets is missing",
                "name at least one dataset, or give \"*\" for all",
            );
            return Listed::default();
        }
        Some(Value::String(star)) if star == "*" => return every(scope, report),
        Some(Value::Array(items)) => items,
        Some(other) => {
            let message = format!("expected a list, found {}", kind_of(other));
            report.say("/datasets", message, "use a list of dataset names, or \"*\" for all");
            return Listed::default();
        }
    };
    if items.is_empty() {
        report.say("/datasets", "the list is empty", "name at least one dataset, or give \"*\" for all");
    }
    if items.len() > limit {
        let message = format!("{} datasets are listed; at most {limit} are allowed", items.len());
        report.say("/datasets", message, "spread them over several exports");
        return Listed::default();
    }
    let mut reader = Reader { scope, seen: HashSet::new(), unknown: 0 };
    let chosen = items
        .iter()
        .enumerate()
        .filter_map(|(i, item)| reader.item(item, format!("/datasets/{i}"), report))
        .collect();
    Listed { chosen, all: false }
}

/// Returns the one dataset of the short form, whose columns and filters are at the top of the body.
pub(super) fn only<'a>(
    name: &str,
    fields: &Map<String, Value>,
    scope: &Scope<'a>,
    report: &mut Violations,
) -> Listed<'a> {
    let mut reader = Reader { scope, seen: HashSet::new(), unknown: 0 };
    let chosen = reader.choose(name, Some(fields), "", "", report);
    Listed { chosen: chosen.into_iter().collect(), all: false }
}

fn every<'a>(scope: &Scope<'a>, report: &mut Violations) -> Listed<'a> {
    let datasets = &scope.revision.datasets;
    if datasets.is_empty() {
        report.say("/datasets", "the catalog has no dataset", "ask the operator to apply a catalog");
    }
    if datasets.len() > scope.limits.datasets {
        let message = format!(
            "\"*\" selects {} datasets; at most {} are allowed",
            datasets.len(),
            scope.limits.datasets
        );
        report.say("/datasets", message, "list the datasets and spread them over several exports");
        return Listed::default();
    }
    let chosen = datasets.iter().map(|(name, dataset)| Chosen {
        pointer: "/datasets".to_owned(),
        name,
        dataset,
        columns: None,
        predicates: Vec::new(),
        alternatives: Vec::new(),
        limit: None,
        filters: Map::new(),
        or: Vec::new(),
    });
    Listed { chosen: chosen.collect(), all: true }
}

struct Reader<'s, 'a> {
    scope: &'s Scope<'a>,
    seen: HashSet<&'a str>,
    unknown: usize,
}

impl<'a> Reader<'_, 'a> {
    fn item(&mut self, item: &Value, pointer: String, report: &mut Violations) -> Option<Chosen<'a>> {
        match item {
            Value::String(name) => self.choose(name, None, &pointer, &pointer, report),
            Value::Object(fields) => {
                report.known(fields, &pointer, &["name", "columns", "filters", "or", "limit"]);
                if !fields.contains_key("name") {
                    report.say(&pointer, "the field name is missing", "set it to the name of a dataset");
                }
                let name = report.text(fields, "name", &pointer)?;
                let at_name = format!("{pointer}/name");
                self.choose(name, Some(fields), &pointer, &at_name, report)
            }
            other => {
                let message = format!("expected a dataset, found {}", kind_of(other));
                report.say(
                    pointer,
                    message,
                    "use a name, or an object with name, columns, filters, or and limit",
                );
                None
            }
        }
    }

    fn choose(
        &mut self,
        asked: &str,
        fields: Option<&Map<String, Value>>,
        pointer: &str,
        at_name: &str,
        report: &mut Violations,
    ) -> Option<Chosen<'a>> {
        let Some((name, dataset)) = self.scope.revision.find(asked) else {
            report.say(at_name, format!("there is no dataset {}", show(asked)), self.remedy(asked));
            return None;
        };
        if !self.seen.insert(name) {
            let message = format!("{name} is listed twice");
            report.say(
                at_name,
                message,
                "list each dataset once; combine the filters, or create a second export",
            );
            return None;
        }
        let (mut columns, mut filters, mut limit) = (None, filters::Read::default(), None);
        if let Some(fields) = fields {
            columns = self::columns(fields, dataset, pointer, report);
            filters = filters::read(fields, dataset, pointer, self.scope.limits.filter_values, report);
            limit = self::limit(fields, pointer, report);
        }
        Some(Chosen {
            pointer: pointer.to_owned(),
            name,
            dataset,
            columns,
            predicates: filters.predicates,
            alternatives: filters.alternatives,
            limit,
            filters: filters.canonical,
            or: filters.canonical_or,
        })
    }

    fn remedy(&mut self, asked: &str) -> String {
        let otherwise = if asked == "*" {
            "use \"*\" instead of the list, not as an item"
        } else {
            "GET /api/v1/datasets lists the datasets"
        };
        self.unknown += 1;
        if self.unknown > MAX_SUGGESTIONS {
            return otherwise.to_owned();
        }
        near::remedy(asked, self.scope.revision.datasets.keys().map(String::as_str), otherwise)
    }
}

/// Returns the number of rows of a sample; `None` if all rows are requested.
fn limit(fields: &Map<String, Value>, parent: &str, report: &mut Violations) -> Option<u64> {
    let given = fields.get("limit")?;
    let limit = given.as_u64().filter(|limit| (1..=MAX_SAMPLE_ROWS).contains(limit));
    if limit.is_none() {
        let message = match given {
            Value::Number(number) => format!("a sample cannot have {number} rows"),
            other => format!("expected a number of rows, found {}", kind_of(other)),
        };
        let remedy = format!("use a whole number from 1 to {MAX_SAMPLE_ROWS}, or omit limit for all rows");
        report.say(format!("{parent}/limit"), message, remedy);
    }
    limit
}

/// Returns the requested columns, in the requested order; `None` for all.
fn columns(
    fields: &Map<String, Value>,
    dataset: &Dataset,
    parent: &str,
    report: &mut Violations,
) -> Option<Vec<Column>> {
    let given = fields.get("columns")?;
    let pointer = format!("{parent}/columns");
    let Some(items) = given.as_array() else {
        report.wrong_type(given, &pointer, "a list of column names");
        return None;
    };
    if items.is_empty() {
        report.say(&pointer, "the list is empty", "name at least one column, or omit columns for all");
    }
    if items.len() > MAX_COLUMNS {
        let message = format!("{} columns are listed; at most {MAX_COLUMNS} are allowed", items.len());
        report.say(pointer, message, "list each column once");
        return None;
    }
    let mut columns: Vec<Column> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let pointer = format!("{pointer}/{i}");
        let Some(name) = item.as_str() else {
            report.wrong_type(item, &pointer, "a column name");
            continue;
        };
        let Some(column) = dataset.column(name) else {
            let names = dataset.columns.iter().map(|c| c.name.as_str());
            // The search for a suggestion is worthwhile only near the start of the list.
            let asked = if i < MAX_SUGGESTIONS { name } else { "" };
            let remedy = near::remedy(
                asked,
                names,
                "GET /api/v1/datasets/{name} lists the columns; omit columns for all",
            );
            report.say(pointer, format!("there is no column {}", show(name)), remedy);
            continue;
        };
        if columns.iter().any(|c| c.name == name) {
            report.say(pointer, format!("{name} is listed twice"), "list each column once");
        } else {
            columns.push(column.clone());
        }
    }
    Some(columns)
}
