//! One call as a part of an export: its dataset, days, columns and filters.

use std::collections::BTreeMap;

use export::near::near;
use export::wire::{Dataset, DatasetList};
use jiff::civil::Date;
use reqwest::Url;

use super::dates::{self, Role};

/// Part of the export that replaces a call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) dataset: String,
    pub(super) start: Option<Date>,
    pub(super) end: Option<Date>,
    /// Columns that the call selects.
    pub(super) columns: Option<Vec<String>>,
    /// Values by filter column.
    pub(super) filters: BTreeMap<String, Vec<String>>,
    /// Parts of the call without a counterpart.
    pub(super) unused: Vec<String>,
}

/// Parameters that name the dataset if the path does not.
const NAMES: [&str; 8] = ["dataset", "table", "entity", "resource", "object", "collection", "type", "model"];

/// Parameters that select columns.
const COLUMNS: [&str; 5] = ["fields", "columns", "select", "attributes", "properties"];

/// Parameters for pages, order, form and access, which an export does not need.
const NEEDLESS: [&str; 33] = [
    "page",
    "perpage",
    "pagesize",
    "pagenumber",
    "size",
    "limit",
    "offset",
    "cursor",
    "skip",
    "top",
    "count",
    "first",
    "pagetoken",
    "nexttoken",
    "startingafter",
    "sort",
    "sortby",
    "order",
    "orderby",
    "direction",
    "format",
    "pretty",
    "v",
    "version",
    "apikey",
    "apitoken",
    "key",
    "token",
    "accesstoken",
    "signature",
    "callback",
    "timestamp",
    "nonce",
];

/// Finds the dataset, the days, the columns and the filters of a call, or the reason why it has no place.
pub(super) fn place(url: &Url, list: &DatasetList) -> Result<Placed, String> {
    let segments: Vec<_> = url.path_segments().into_iter().flatten().filter(|s| !s.is_empty()).collect();
    let (at, dataset) = match dataset_of(&segments, url, list) {
        Some(found) => found,
        None => return Err(nowhere(&segments, list)),
    };
    let mut placed = Placed { dataset: dataset.name.clone(), ..Placed::default() };
    placed.read_path(&segments, at, list);
    let (mut year, mut month) = (None, None);
    for (name, value) in url.query_pairs() {
        let (name, value) = (name.as_ref(), value.as_ref());
        let bare = squashed(name);
        if let Some(filter) = dataset.filters.iter().find(|column| squashed(&column.name) == bare) {
            let values = value.split(',').map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
            placed.filters.entry(filter.name.clone()).or_default().extend(values);
        } else if let Some(role) = dates::role(name) {
            match bare.as_str() {
                "year" => year = Some(value.to_owned()),
                "month" if value.len() <= 2 => month = Some(value.to_owned()),
                _ => placed.limit(role, name, value)?,
            }
        } else if COLUMNS.contains(&bare.as_str()) {
            placed.select(dataset, name, value);
        } else if !NEEDLESS.contains(&bare.as_str()) && !NAMES.contains(&bare.as_str()) {
            placed.unused.push(format!("the parameter {name} is not a filter"));
        }
    }
    match (year, month) {
        (Some(year), Some(month)) => {
            let days = dates::month_of(&year, &month).ok_or(format!("{year}-{month} is not a month"))?;
            placed.cover(days);
        }
        (Some(year), None) => placed.limit(Role::Period, "year", &year)?,
        (None, Some(month)) => return Err(format!("month={month} has no year")),
        (None, None) => {}
    }
    match (placed.start, placed.end) {
        (Some(start), Some(end)) if start > end => Err(format!("it ends ({end}) before it starts ({start})")),
        _ => Ok(placed),
    }
}

impl Placed {
    fn limit(&mut self, role: Role, name: &str, value: &str) -> Result<(), String> {
        let days = dates::days(value).ok_or_else(|| format!("{name}={value} is not a date"))?;
        match role {
            Role::Start => self.start = Some(days.0),
            Role::End => self.end = Some(days.1),
            Role::Period => self.cover(days),
        }
        Ok(())
    }

    fn cover(&mut self, (first, last): (Date, Date)) {
        (self.start, self.end) = (Some(first), Some(last));
    }

    /// Reads the segments after the dataset: a date limits the range, anything else selects one row.
    fn read_path(&mut self, segments: &[&str], at: Option<usize>, list: &DatasetList) {
        let Some(at) = at else { return };
        for segment in &segments[at + 1..] {
            match dates::days(segment).filter(|_| segment.contains('-')) {
                Some(days) => self.cover(days),
                None => self.unused.push(format!("the path continues with {segment}; all rows are exported")),
            }
        }
        let before = at.checked_sub(1).map(|before| segments[before]);
        let parent = at.checked_sub(2).and_then(|parent| find(segments[parent], list));
        if let (Some(id), Some(parent)) = (before, parent) {
            self.unused.push(format!("the path selects {} {id}; all rows are exported", parent.name));
        }
    }

    fn select(&mut self, dataset: &Dataset, name: &str, value: &str) {
        let find = |wanted: &str| dataset.columns.iter().find(|c| c.name.eq_ignore_ascii_case(wanted));
        let found: Option<Vec<_>> =
            value.split(',').map(|column| find(column.trim()).map(|column| column.name.clone())).collect();
        match found {
            Some(columns) => self.columns = Some(columns),
            None => self.unused.push(format!("{name} names columns that the dataset does not have")),
        }
    }
}

/// Returns the dataset, with the position of its segment.
fn dataset_of<'a>(
    segments: &[&str],
    url: &Url,
    list: &'a DatasetList,
) -> Option<(Option<usize>, &'a Dataset)> {
    let in_path =
        segments.iter().enumerate().rev().find_map(|(i, segment)| Some((Some(i), find(segment, list)?)));
    in_path.or_else(|| {
        let mut named = url.query_pairs().filter(|(name, _)| NAMES.contains(&squashed(name).as_str()));
        named.find_map(|(_, value)| Some((None, find(&value, list)?)))
    })
}

/// Returns the dataset of that name, in singular or plural, with or without an extension.
fn find<'a>(segment: &str, list: &'a DatasetList) -> Option<&'a Dataset> {
    let bare = squashed(segment.split('.').next().unwrap_or(segment));
    if bare.is_empty() {
        return None;
    }
    let mut forms = vec![bare.clone(), format!("{bare}s"), format!("{bare}es")];
    forms.extend(bare.strip_suffix('s').map(str::to_owned));
    forms.extend(bare.strip_suffix("es").map(str::to_owned));
    forms.extend(bare.strip_suffix('y').map(|stem| format!("{stem}ies")));
    forms.extend(bare.strip_suffix("ies").map(|stem| format!("{stem}y")));
    forms.iter().find_map(|form| list.datasets.iter().find(|dataset| squashed(&dataset.name) == *form))
}

fn nowhere(segments: &[&str], list: &DatasetList) -> String {
    let names = || list.datasets.iter().map(|dataset| dataset.name.as_str());
    let close = segments.iter().rev().map(|segment| near(segment, names())).find(|close| !close.is_empty());
    match close {
        Some(close) => format!("no part of its path is a dataset; did you mean {}?", close.join(", ")),
        None => "no part of its path is a dataset".to_owned(),
    }
}

/// Returns the letters and digits, in small letters: names are compared without regard to signs and case.
fn squashed(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}
