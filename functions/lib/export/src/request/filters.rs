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
    /// Groups of `or`, each sorted, and sorted among themselves.
    pub(super) alternatives: Vec<Vec<Predicate>>,
    pub(super) canonical_or: Vec<Value>,
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

/// Operators that are not one comparison with one value.
const FURTHER: [&str; 3] = ["notIn", "isNull", "startsWith"];

/// Maximum number of groups of `or`.
const MAX_GROUPS: usize = 50;

pub(super) fn read(
    fields: &Map<String, Value>,
    dataset: &Dataset,
    parent: &str,
    most_values: usize,
    report: &mut Violations,
) -> Read {
    let mut read = Read::default();
    let pointer = format!("{parent}/filters");
    if let Some(filters) = fields.get("filters").and_then(|given| report.object(given, &pointer)) {
        (read.predicates, read.canonical) = group(filters, dataset, &pointer, most_values, report);
    }
    alternatives(fields, dataset, parent, most_values, report, &mut read);
    read
}

/// Reads `or`: a list of groups, each an object like `filters`.
fn alternatives(
    fields: &Map<String, Value>,
    dataset: &Dataset,
    parent: &str,
    most_values: usize,
    report: &mut Violations,
    read: &mut Read,
) {
    let pointer = format!("{parent}/or");
    let groups = match fields.get("or") {
        None => return,
        Some(Value::Array(groups)) => groups,
        Some(other) => {
            let message = format!("expected a list, found {}", kind_of(other));
            return report.say(
                pointer,
                message,
                "use a list of objects like filters, of which one must hold",
            );
        }
    };
    if groups.is_empty() {
        return report.say(
            pointer,
            "an empty list would match no row",
            "list at least one object, or remove or",
        );
    }
    if groups.len() > MAX_GROUPS {
        let message = format!("{} objects are given; at most {MAX_GROUPS} are allowed", groups.len());
        return report.say(pointer, message, "use a list of values within a filter, or several exports");
    }
    let mut sorted: BTreeMap<Vec<Predicate>, (String, Value)> = BTreeMap::new();
    for (i, given) in groups.iter().enumerate() {
        let pointer = format!("{pointer}/{i}");
        let Some(filters) = report.object(given, &pointer) else { continue };
        if filters.is_empty() {
            report.say(pointer, "an empty object would match every row", "name a filter in it, or remove or");
            continue;
        }
        let (predicates, canonical) = group(filters, dataset, &pointer, most_values, report);
        let canonical = (Value::Object(canonical.clone()).to_string(), Value::Object(canonical));
        // Of two spellings of one group the same is kept, whatever their order.
        let kept = sorted.entry(predicates).or_insert_with(|| canonical.clone());
        if canonical.0 < kept.0 {
            *kept = canonical;
        }
    }
    (read.alternatives, read.canonical_or) = sorted.into_iter().map(|(group, kept)| (group, kept.1)).unzip();
}

/// Reads the filters of one object, all of which must hold. The predicates are sorted.
fn group(
    filters: &Map<String, Value>,
    dataset: &Dataset,
    pointer: &str,
    most_values: usize,
    report: &mut Violations,
) -> (Vec<Predicate>, Map<String, Value>) {
    let (mut predicates, mut all) = (Vec::new(), Map::new());
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
            predicates.extend(tests.into_iter().filter_map(|test| Predicate::of(column, test)));
            all.insert(name.clone(), canonical);
        }
    }
    predicates.sort_unstable();
    (predicates, all)
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
        if self.column.kind == ColumnType::Json && !tests_null(given) {
            self.report.say(
                pointer,
                "PostgreSQL cannot compare values of type json",
                "filter for null or {\"isNull\": false}, or remove the filter",
            );
            return None;
        }
        match given {
            Value::Null => {
                self.tests.push(Test::IsNull);
                Some(Value::Null)
            }
            Value::Array(values) => {
                let (texts, json) = self.list(values, pointer, "match no row")?;
                self.tests.push(Test::AnyOf(texts));
                Some(json)
            }
            Value::Object(comparisons) => self.comparisons(comparisons, pointer),
            scalar => {
                let literal = self.literal(scalar, pointer)?;
                self.tests.push(Test::AnyOf(vec![literal.text]));
                Some(literal.json)
            }
        }
    }

    /// Reads a list of values: sorted, without repeats, and not empty. `empty` is the effect that an empty one would
    /// have.
    fn list(&mut self, values: &[Value], pointer: &str, empty: &str) -> Option<(Vec<String>, Value)> {
        if values.is_empty() {
            self.report.say(
                pointer,
                format!("an empty list would {empty}"),
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
        Some((texts, Value::Array(json)))
    }

    fn comparisons(&mut self, comparisons: &Map<String, Value>, pointer: &str) -> Option<Value> {
        if comparisons.is_empty() {
            self.report.say(
                pointer,
                "the object has no operator",
                "use at least one of eq, ne, gt, gte, lt, lte, notIn, isNull and startsWith",
            );
            return None;
        }
        self.report.known(comparisons, pointer, &[&OPERATORS.map(|(word, _)| word)[..], &FURTHER].concat());
        let mut canonical = Map::new();
        for (word, test) in OPERATORS {
            let Some(value) = comparisons.get(word) else { continue };
            if Predicate::of(self.column, test(String::new())).is_none() {
                self.unsupported(word, format!("{pointer}/{word}"));
                continue;
            }
            if let Some(literal) = self.literal(value, &format!("{pointer}/{word}")) {
                self.tests.push(test(literal.text));
                canonical.insert(word.to_owned(), literal.json);
            }
        }
        self.none_of(comparisons, pointer, &mut canonical);
        self.null(comparisons, pointer, &mut canonical);
        self.prefix(comparisons, pointer, &mut canonical);
        Some(canonical.into())
    }

    fn none_of(
        &mut self,
        comparisons: &Map<String, Value>,
        pointer: &str,
        canonical: &mut Map<String, Value>,
    ) {
        let Some(given) = comparisons.get("notIn") else { return };
        let pointer = format!("{pointer}/notIn");
        let Value::Array(values) = given else {
            let message = format!("expected a list, found {}", kind_of(given));
            return self.report.say(pointer, message, "use a list of values, or ne with one value");
        };
        if Predicate::of(self.column, Test::NoneOf(Vec::new())).is_none() {
            return self.unsupported("notIn", pointer);
        }
        if let Some((texts, json)) = self.list(values, &pointer, "exclude no value") {
            self.tests.push(Test::NoneOf(texts));
            canonical.insert("notIn".to_owned(), json);
        }
    }

    fn null(&mut self, comparisons: &Map<String, Value>, pointer: &str, canonical: &mut Map<String, Value>) {
        match comparisons.get("isNull") {
            None => {}
            Some(Value::Bool(is_null)) => {
                self.tests.push(if *is_null { Test::IsNull } else { Test::NotNull });
                canonical.insert("isNull".to_owned(), (*is_null).into());
            }
            Some(other) => self.report.wrong_type(other, &format!("{pointer}/isNull"), "true or false"),
        }
    }

    fn prefix(
        &mut self,
        comparisons: &Map<String, Value>,
        pointer: &str,
        canonical: &mut Map<String, Value>,
    ) {
        let Some(given) = comparisons.get("startsWith") else { return };
        let pointer = format!("{pointer}/startsWith");
        if self.column.array || Predicate::of(self.column, Test::StartsWith(String::new())).is_none() {
            return self.unsupported("startsWith", pointer);
        }
        match given.as_str().filter(|text| !text.is_empty() && !text.contains('\0')) {
            Some(text) => {
                self.tests.push(Test::StartsWith(text.to_owned()));
                canonical.insert("startsWith".to_owned(), text.into());
            }
            None => {
                let shown = given.as_str().map_or_else(|| kind_of(given).to_owned(), show);
                let remedy = "use a string of at least one character, without NUL; for every value use \"isNull\": false";
                self.report.say(pointer, format!("{shown} is not a valid prefix"), remedy);
            }
        }
    }

    fn unsupported(&mut self, word: &str, pointer: String) {
        let message = format!("values of {} do not support the operator {word}", self.column.type_name);
        let remedy = match word {
            "startsWith" => "use it on a column of type text or varchar; here use eq, or gte and lt",
            _ => "use eq, a list of values, null or isNull",
        };
        self.report.say(pointer, message, remedy);
    }

    fn literal(&mut self, value: &Value, pointer: &str) -> Option<Literal> {
        let (message, remedy) = match value {
            Value::Null => (
                "null cannot be compared".to_owned(),
                // The last part of the pointer is the operator, or a position in its list.
                if pointer.ends_with("/ne") || pointer.contains("/notIn/") {
                    format!("to leave out NULL, use \"{}\": {{\"isNull\": false}}", self.column.name)
                } else {
                    format!("to match NULL, use \"{}\": null", self.column.name)
                },
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

/// Returns true if the filter only tests for NULL.
fn tests_null(given: &Value) -> bool {
    let only_null = |tests: &Map<String, Value>| tests.len() == 1 && tests.contains_key("isNull");
    given.is_null() || given.as_object().is_some_and(only_null)
}
