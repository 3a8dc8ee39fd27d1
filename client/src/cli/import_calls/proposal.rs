//! The request that covers all calls, and where it exports more or less than they did.

use std::collections::{BTreeMap, BTreeSet};

use export::wire::{Dataset, DatasetList};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::placed::Placed;

/// Request that grows with each call.
#[derive(Debug, Default)]
pub(super) struct Proposal {
    wanted: BTreeMap<String, Wanted>,
}

/// Range and filters that the calls of one dataset read together.
#[derive(Debug)]
struct Wanted {
    start: Bound,
    end: Bound,
    /// Columns of any call; `None` if a call reads all.
    columns: Option<Vec<String>>,
    /// Filters that every call has, with the values of all.
    filters: BTreeMap<String, BTreeSet<String>>,
    /// Limit of a call, with its parameter.
    limit: Option<(String, String)>,
    /// True if a call reads one page of several.
    has_pages: bool,
    notes: BTreeSet<String>,
}

/// Bound of the days of all calls.
#[derive(Clone, Copy, Debug)]
struct Bound {
    /// Outermost day of the calls that have one.
    day: Option<Date>,
    /// True if a call has none.
    open: bool,
}

impl Bound {
    fn of(day: Option<Date>) -> Self {
        Self { day, open: day.is_none() }
    }

    fn join(&mut self, day: Option<Date>, outer: fn(Date, Date) -> Date) {
        self.open |= day.is_none();
        self.day = match (self.day, day) {
            (Some(a), Some(b)) => Some(outer(a, b)),
            (a, b) => a.or(b),
        };
    }
}

impl Proposal {
    /// Adds a call.
    pub(super) fn add(&mut self, call: Placed) {
        let filters = call.filters.into_iter().map(|(column, values)| (column, BTreeSet::from_iter(values)));
        let Some(wanted) = self.wanted.get_mut(&call.dataset) else {
            let (start, end) = (Bound::of(call.start), Bound::of(call.end));
            let (filters, notes) = (filters.collect(), BTreeSet::from_iter(call.unused));
            let (limit, has_pages) = (call.limit, call.is_page);
            let wanted = Wanted { start, end, columns: call.columns, filters, limit, has_pages, notes };
            self.wanted.insert(call.dataset, wanted);
            return;
        };
        wanted.start.join(call.start, Ord::min);
        wanted.end.join(call.end, Ord::max);
        wanted.notes.extend(call.unused);
        wanted.has_pages |= call.is_page;
        wanted.limit = wanted.limit.take().or(call.limit);
        wanted.columns = match (wanted.columns.take(), call.columns) {
            (Some(mut all), Some(more)) => {
                all.extend(more.into_iter().filter(|column| !all.contains(column)).collect::<Vec<_>>());
                Some(all)
            }
            _ => None,
        };
        let mut filters: BTreeMap<_, _> = filters.collect();
        let before = std::mem::take(&mut wanted.filters);
        for (column, mut values) in before {
            match filters.remove(&column) {
                Some(more) => {
                    values.extend(more);
                    wanted.filters.insert(column, values);
                }
                None => drop(wanted.notes.insert(some_without(&column))),
            }
        }
        wanted.notes.extend(filters.keys().map(|column| some_without(column)));
    }

    pub(super) fn datasets(&self) -> usize {
        self.wanted.len()
    }

    fn start(&self) -> Option<Date> {
        self.wanted.values().filter_map(|wanted| wanted.start.day).min()
    }

    fn end(&self) -> Option<Date> {
        self.wanted.values().filter_map(|wanted| wanted.end.day).max()
    }

    /// Returns the request; `None` without any call.
    pub(super) fn request(&self, list: &DatasetList) -> Option<Value> {
        let dataset = |(name, wanted): (&String, &Wanted)| {
            let known = list.datasets.iter().find(|dataset| dataset.name == *name);
            if wanted.columns.is_none() && wanted.filters.is_empty() {
                return json!(name);
            }
            let mut entry = Map::from_iter([("name".to_owned(), json!(name))]);
            if let Some(columns) = &wanted.columns {
                entry.insert("columns".to_owned(), json!(columns));
            }
            if !wanted.filters.is_empty() {
                let column = |name: &str| known?.filters.iter().find(|column| column.name == name);
                let filter = |(name, values): (&String, &BTreeSet<String>)| {
                    (name.clone(), value(values, column(name).map(|column| column.type_name.as_str())))
                };
                entry
                    .insert("filters".to_owned(), Value::Object(wanted.filters.iter().map(filter).collect()));
            }
            Value::Object(entry)
        };
        let datasets: Vec<_> = self.wanted.iter().map(dataset).collect();
        if datasets.is_empty() {
            return None;
        }
        let mut request = json!({ "datasets": datasets });
        if let Some(start) = self.start() {
            request["startDate"] = json!(start.to_string());
        }
        if let Some(end) = self.end() {
            request["endDate"] = json!(end.to_string());
        }
        Some(request)
    }

    /// Returns where the request differs from the calls.
    pub(super) fn notes(&self, list: &DatasetList) -> Vec<String> {
        let mut notes = Vec::new();
        let (start, end) = (self.start(), self.end());
        for (name, wanted) in &self.wanted {
            let dataset = list.datasets.iter().find(|dataset| dataset.name == *name);
            notes.extend(wanted.range_note(name, dataset, start, end));
            notes.extend(wanted.limit_note(name));
            notes.extend(wanted.notes.iter().map(|note| format!("{name}: {note}")));
        }
        notes
    }
}

impl Wanted {
    fn range_note(
        &self,
        name: &str,
        dataset: Option<&Dataset>,
        start: Option<Date>,
        end: Option<Date>,
    ) -> Option<String> {
        if dataset.is_some_and(|dataset| dataset.range.is_none()) {
            let dated = self.start.day.is_some() || self.end.day.is_some();
            return dated.then(|| format!("{name}: it has no range column, so it is exported whole"));
        }
        // Rows before the first day or after the last one would be missing.
        let missing = match (self.start.open && start.is_some(), self.end.open && end.is_some()) {
            (true, true) => Some("no dates"),
            (true, false) => Some("no start date"),
            (false, true) => Some("no end date"),
            (false, false) => None,
        };
        if let Some(missing) = missing {
            return Some(format!(
                "{name}: some of its calls have {missing}, but the request limits it like the others; export it in a \
                 request of its own to get all rows"
            ));
        }
        let wider = self.start.day != start || self.end.day != end;
        wider.then(|| format!("{name}: its calls cover fewer days than the request"))
    }
}

impl Wanted {
    /// A call with a limit and no page reads only that many rows; the request reads all.
    fn limit_note(&self, name: &str) -> Option<String> {
        let (parameter, rows) = self.limit.as_ref().filter(|_| !self.has_pages)?;
        Some(format!(
            "{name}: {parameter}={rows} is left out, so all rows are exported; for a sample of that many rows add \
             \"limit\": {rows} to the dataset"
        ))
    }
}

fn some_without(column: &str) -> String {
    format!("only some of its calls filter by {column}; the request does not")
}

/// Returns a value alone, or a list of several, as the column's type is written in JSON.
fn value(values: &BTreeSet<String>, type_name: Option<&str>) -> Value {
    let typed = |text: &String| match type_name {
        Some("boolean") => json!(text == "true"),
        Some("smallint" | "integer" | "bigint") => {
            text.parse::<i64>().map_or_else(|_| json!(text), Value::from)
        }
        _ => json!(text),
    };
    match values.iter().map(typed).collect::<Vec<_>>().as_slice() {
        [one] => one.clone(),
        several => json!(several),
    }
}
