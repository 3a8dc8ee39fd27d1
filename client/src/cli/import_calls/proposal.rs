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
            self.wanted.insert(call.dataset, Wanted { start, end, columns: call.columns, filters, notes });
            return;
        };
        wanted.start.join(call.start, Ord::min);
        wanted.end.join(call.end, Ord::max);
        wanted.notes.extend(call.unused);
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
    pub(super) fn request(&self) -> Option<Value> {
        let dataset = |(name, wanted): (&String, &Wanted)| {
            if wanted.columns.is_none() && wanted.filters.is_empty() {
                return json!(name);
            }
            let mut entry = Map::from_iter([("name".to_owned(), json!(name))]);
            if let Some(columns) = &wanted.columns {
                entry.insert("columns".to_owned(), json!(columns));
            }
            if !wanted.filters.is_empty() {
                let filter = |(column, values): (&String, &BTreeSet<String>)| (column.clone(), value(values));
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

fn some_without(column: &str) -> String {
    format!("only some of its calls filter by {column}; the request does not")
}

/// Returns a value alone, or a list of several.
fn value(values: &BTreeSet<String>) -> Value {
    match values.iter().collect::<Vec<_>>().as_slice() {
        [one] => json!(one),
        several => json!(several),
    }
}
