//! Filters: a scalar, a list, `null`, or an object of comparisons, per column.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::report::{Violations, kind_of, show};
use super::value::{self, Literal};
use crate::catalog::Dataset;
use crate::column::{Column, ColumnType};
use crate::near;
use crate::problem::pointer_token;
use crate::selection::{Predicate, Test};

/// Filters that were read, for the selection and for the canonical request.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Sorted, so that equal filters give equal fingerprints.
    pub(super) predicates: Vec<Predicate>,
    pub(super) canonical: Map<String, Value>,
}

/// Makes a test of a checked value.
type MakeTest = fn(String) -> Test;

const OPERATORS: [(&str, MakeTest); 6] = [
    ("eq", |value| Test::AnyOf(vec![value])),
    ("ne", Test::Ne),
    ("gt", Test::Gt),
    ("gte", Test::Gte),
    ("lt", Test::Lt),
    ("lte", Test::Lte),
];

pub(super) fn read(
    fields: &Map<String, Value>,
    dataset: &Dataset,
    parent: &str,
    most_values: usize,
    report: &mut Violations,
) -> Read {
    let mut read = Read::default();
    let pointer = format!("{parent}/filters");
    let Some(filters) = fields.get("filters").and_then(|given| report.object(given, &pointer)) else {
        return read;
    };
    let mut sorted: Vec<_> = filters.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    for (i, (name, given)) in sorted.into_iter().enumerate() {
        let pointer = format!("{pointer}/{}", pointer_token(name));
        let Some(column) = dataset.filters.iter().find(|c| c.name == *name) else {
            report.say(pointer, refused(name, dataset), suggestion(name, i, dataset));
            continue;
        };
        let mut filter = Filter { column, most_values, tests: Vec::new(), report: &mut *report };
        if let Some(canonical) = filter.read(given, &pointer) {
            let tests = filter.tests;
            read.predicates.extend(tests.into_iter().filter_map(|test| Predicate::of(column, test)));
            read.canonical.insert(name.clone(), canonical);
        }
    }
    read.predicates.sort_unstable();
    read
}

fn refused(name: &str, dataset: &Dataset) -> String {
    if dataset.column(name).is_some() {
        format!("filtering on the column {} is not allowed", show(name))
    } else {
        format!("there is no column {} to filter on", show(name))
    }
}

fn suggestion(name: &str, index: usize, dataset: &Dataset) -> String {
    let names: Vec<_> = dataset.filters.iter().map(|c| c.name.as_str()).collect();
    if names.is_empty() {
        return "remove it; this dataset has no filters".to_owned();
    }
    let otherwise =
        format!("the allowed filters are {}", names.iter().take(20).copied().collect::<Vec<_>>().join(", "));
    near::remedy(if index < 20 { name } else { "" }, names, &otherwise)
}

/// State of reading one filter.
struct Filter<'a> {
    column: &'a Column,
    most_values: usize,
    tests: Vec<Test>,
    report: &'a mut Violations,
}

impl Filter<'_> {
    /// Reads one filter into tests, and returns its canonical form.
    fn read(&mut self, given: &Value, pointer: &str) -> Option<Value> {
        if self.column.kind == ColumnType::Json && !given.is_null() {
            self.report.say(
                pointer,
                "PostgreSQL cannot compare values of type json",
                "filter for null, or remove the filter",
            );
            return None;
        }
        match given {
            Value::Null => {
                self.tests.push(Test::IsNull);
                Some(Value::Null)
            }
            Value::Array(values) => self.any_of(values, pointer),
            Value::Object(comparisons) => self.comparisons(comparisons, pointer),
            scalar => {
                let literal = self.literal(scalar, pointer)?;
                self.tests.push(Test::AnyOf(vec![literal.text]));
                Some(literal.json)
            }
        }
    }

    fn any_of(&mut self, values: &[Value], pointer: &str) -> Option<Value> {
        if values.is_empty() {
            self.report.say(
                pointer,
                "an empty list would match no row",
                "list at least one value, or remove the filter",
            );
            return None;
        }
        if values.len() > self.most_values {
            let message =
                format!("{} values are given; at most {} are allowed", values.len(), self.most_values);
            self.report.say(pointer, message, "spread them over several exports, or filter by a range");
            return None;
        }
        let mut literals = BTreeMap::new();
        for (i, value) in values.iter().enumerate() {
            // Continue after a wrong value, so that all of them are reported.
            if let Some(literal) = self.literal(value, &format!("{pointer}/{i}")) {
                literals.insert(literal.text, literal.json);
            }
        }
        let (texts, json) = literals.into_iter().unzip();
        self.tests.push(Test::AnyOf(texts));
        Some(Value::Array(json))
    }

    fn comparisons(&mut self, comparisons: &Map<String, Value>, pointer: &str) -> Option<Value> {
        if comparisons.is_empty() {
            self.report.say(
                pointer,
                "the object has no operator",
                "use at least one of eq, ne, gt, gte, lt and lte",
            );
            return None;
        }
        self.report.known(comparisons, pointer, &OPERATORS.map(|(word, _)| word));
        let mut canonical = Map::new();
        for (word, test) in OPERATORS {
            let Some(value) = comparisons.get(word) else { continue };
            if Predicate::of(self.column, test(String::new())).is_none() {
                let message =
                    format!("values of {} do not support the operator {word}", self.column.type_name);
                self.report.say(format!("{pointer}/{word}"), message, "use eq, a list of values or null");
                continue;
            }
            if let Some(literal) = self.literal(value, &format!("{pointer}/{word}")) {
                self.tests.push(test(literal.text));
                canonical.insert(word.to_owned(), literal.json);
            }
        }
        Some(canonical.into())
    }

    fn literal(&mut self, value: &Value, pointer: &str) -> Option<Literal> {
        let (message, remedy) = match value {
            Value::Null => (
                "null cannot be compared".to_owned(),
                format!("to match NULL, use \"{}\": null", self.column.name),
            ),
            Value::Array(_) | Value::Object(_) => (
                format!("expected a single value, found {}", kind_of(value)),
                "use a single value".to_owned(),
            ),
            scalar => match value::literal(self.column, scalar) {
                Ok(literal) => return Some(literal),
                Err(wanted) => {
                    let shown = match scalar {
                        Value::String(text) => show(text),
                        other => other.to_string(),
                    };
                    (
                        format!("{shown} is not a valid value of type {}", self.column.type_name),
                        format!("use {wanted}"),
                    )
                }
            },
        };
        self.report.say(pointer, message, remedy);
        None
    }
}
