//! One call as a part of an export: its dataset, days, columns and filters.

use std::collections::BTreeMap;

use export::near::near;
use export::wire::FilterColumn;
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
    /// Values by filter column, as the column's type writes them.
    pub(super) filters: BTreeMap<String, Vec<String>>,
    /// Parameter that limits the number of rows, with its value.
    pub(super) limit: Option<(String, String)>,
    /// True if the call reads one page of several.
    pub(super) is_page: bool,
    /// Parts of the call without a counterpart.
    pub(super) unused: Vec<String>,
}

/// Parameters that name the dataset if the path does not.
const NAMES: [&str; 8] = ["dataset", "table", "entity", "resource", "object", "collection", "type", "model"];

/// Parameters that select columns.
const COLUMNS: [&str; 5] = ["fields", "columns", "select", "attributes", "properties"];

/// Parameters for the number of rows.
const LIMITS: [&str; 10] =
    ["limit", "top", "size", "first", "count", "perpage", "pagesize", "maxresults", "maxitems", "rows"];

/// Parameters for pages: the rows of all pages together are those of an export.
const PAGES: [&str; 12] = [
    "page",
    "pagenumber",
    "pageno",
    "offset",
    "cursor",
    "skip",
    "pagetoken",
    "nexttoken",
    "startingafter",
    "continuation",
    "marker",
    "pageindex",
];

/// Parameters for order, form and access, which an export does not need.
const NEEDLESS: [&str; 18] = [
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
            placed.filter(filter, value);
        } else if let Some(role) = dates::role(name) {
            match bare.as_str() {
                "year" => year = Some(value.to_owned()),
                "month" if value.len() <= 2 => month = Some(value.to_owned()),
                _ => placed.bound(role, name, value)?,
            }
        } else if COLUMNS.contains(&bare.as_str()) {
            placed.select(dataset, name, value);
        } else if LIMITS.contains(&bare.as_str()) {
            placed.limit = Some((name.to_owned(), value.to_owned()));
        } else if PAGES.contains(&bare.as_str()) {
            placed.is_page = true;
        } else if !NEEDLESS.contains(&bare.as_str()) && !NAMES.contains(&bare.as_str()) {
            placed.unused.push(format!("the parameter {name} is not a filter"));
        }
    }
    match (year, month) {
        (Some(year), Some(month)) => {
            let days = dates::month_of(&year, &month).ok_or(format!("{year}-{month} is not a month"))?;
            placed.cover(days);
        }
        (Some(year), None) => placed.bound(Role::Period, "year", &year)?,
        (None, Some(month)) => return Err(format!("month={month} has no year")),
        (None, None) => {}
    }
    match (placed.start, placed.end) {
        (Some(start), Some(end)) if start > end => Err(format!("it ends ({end}) before it starts ({start})")),
        _ => Ok(placed),
    }
}

impl Placed {
    fn bound(&mut self, role: Role, name: &str, value: &str) -> Result<(), String> {
        let days = dates::days(value).ok_or_else(|| match value.strip_prefix('$') {
            Some(_) => format!("{name}={value} depends on the script; write a date in its place"),
            None => format!("{name}={value} is not a date"),
        })?;
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

    /// Adds a filter, unless a value is none of the column's type.
    fn filter(&mut self, column: &FilterColumn, value: &str) {
        let values: Vec<_> = value.split(',').map(str::trim).filter(|value| !value.is_empty()).collect();
        match values.iter().map(|value| typed(column, value)).collect::<Option<Vec<_>>>() {
            Some(values) => self.filters.entry(column.name.clone()).or_default().extend(values),
            None if value.contains('$') => self.unused.push(format!(
                "{}={value} depends on the script; the request does not filter by it",
                column.name
            )),
            None => self.unused.push(format!(
                "{}={value} is not a value of its type, {}; the request does not filter by it",
                column.name, column.type_name
            )),
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

/// Returns a value as a filter of this column writes it: APIs have several words for true and false.
fn typed(column: &FilterColumn, value: &str) -> Option<String> {
    if value.contains('$') {
        return None;
    }
    let is_whole = || value.parse::<i64>().is_ok();
    let is_number = || value.parse::<f64>().is_ok();
    let fits = match column.type_name.as_str() {
        "boolean" => {
            let yes = matches!(value.to_ascii_lowercase().as_str(), "true" | "t" | "1" | "yes" | "y" | "on");
            let no = matches!(value.to_ascii_lowercase().as_str(), "false" | "f" | "0" | "no" | "n" | "off");
            return (yes || no).then(|| yes.to_string());
        }
        "smallint" | "integer" | "bigint" => is_whole(),
        "real" | "double precision" => is_number(),
        name if name.starts_with("numeric") => is_number(),
        _ => true,
    };
    fits.then(|| value.to_owned())
}

/// Returns the dataset, with the position of its segment.
fn dataset_of<'a>(
    segments: &[&str],
    url: &Url,
    list: &'a DatasetList,
) -> Option<(Option<usize>, &'a Dataset)> {
    // A schema and a table, such as crm/orders, are the dataset crm_orders if there is one.
    let joined = |i: usize| find(&format!("{}_{}", segments[i.checked_sub(1)?], segments[i]), list);
    let in_path = (0..segments.len())
        .rev()
        .find_map(|i| Some((Some(i), joined(i).or_else(|| find(segments[i], list))?)));
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
