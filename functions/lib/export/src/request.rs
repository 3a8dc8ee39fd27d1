//! The request: the body a client sends, checked and resolved against the catalog.
//!
//! Every violation is reported at once, each with a JSON pointer into the body that was sent. Nothing here depends on
//! the source, the store or the time.

mod consistency;
mod datasets;
mod dates;
mod destination;
mod filters;
mod labels;
mod layout;
mod output;
pub(crate) mod report;
mod value;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::catalog::{Revision, SliceKey};
use crate::cut::{self, Consistency};
use crate::destination as place;
use crate::estimate::DatasetEstimate;
use crate::format::{Format, Output};
use crate::id::{Fingerprint, TenantId};
use crate::layout::Hive;
use crate::problem::Violation;
use crate::range::Span;
use crate::selection::Selection;

pub use datasets::MAX_SAMPLE_ROWS;

use datasets::{Chosen, Listed};
use dates::Dates;
use report::Violations;

/// Selection and span of one dataset in a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Rows and columns to read, and the form of the file; it names the dataset.
    pub selection: Selection,
    /// Fingerprint that identifies the selection for reuse.
    pub fingerprint: Fingerprint,
    /// Requested span; `None` if the dataset has no range column.
    pub span: Option<Span>,
    /// Layout of the files in folders; `None` for one folder.
    pub hive: Option<Hive>,
    /// Planner estimates of the dataset.
    pub estimate: DatasetEstimate,
}

/// Checked request, ready to be planned.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Selections and spans, in the order of the request.
    pub targets: Vec<Target>,
    /// Request in one form: names as the catalog writes them, defaults filled in, `"*"` resolved. It is a valid body
    /// itself.
    pub canonical: Value,
    /// SHA-256 of that form with `"*"` unresolved, so that a repeated request has the same hash although the catalog
    /// has grown.
    pub body_sha256: [u8; 32],
}

/// Maximum size of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Maximum number of datasets in one export.
    pub datasets: usize,
    /// Maximum number of values in one filter.
    pub filter_values: usize,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self { datasets: 1000, filter_values: 500 }
    }
}

/// Context in which a request is read.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Catalog revision.
    pub revision: &'a Revision,
    /// Planner estimates, by dataset.
    pub estimates: &'a BTreeMap<String, DatasetEstimate>,
    /// Tenant that sends the request.
    pub tenant: &'a TenantId,
    /// Name of the database that is read.
    pub source: &'a str,
    /// Maximum size of the request.
    pub limits: RequestLimits,
}

/// Keys of a request except those that choose datasets.
const COMMON: [&str; 11] = [
    "startDate",
    "endDate",
    "timeZone",
    "format",
    "compression",
    "csv",
    "layout",
    cut::FIELD,
    place::FIELD,
    "label",
    "labels",
];

impl Request {
    /// Reads the body of `POST /exports`.
    ///
    /// # Errors
    /// Every violation, at most 200 of them.
    pub fn parse(body: &Value, scope: &Scope<'_>) -> Result<Self, Vec<Violation>> {
        let mut report = Violations::default();
        if let Some(fields) = report.object(body, "") {
            report.known(fields, "", &[&["datasets"], &COMMON[..]].concat());
            let listed = datasets::listed(fields, scope, &mut report);
            if let Some(request) = Self::resolve(fields, &listed, scope, &mut report) {
                return Ok(request);
            }
        }
        Err(report.finish())
    }

    /// Reads the body of the short form, `POST /{dataset}`: the dataset comes from the path, and its columns and
    /// filters are on the same level as the dates.
    ///
    /// # Errors
    /// Every violation; pointers are those of the short body.
    pub fn parse_short(dataset: &str, body: &Value, scope: &Scope<'_>) -> Result<Self, Vec<Violation>> {
        let mut report = Violations::default();
        if let Some(fields) = report.object(body, "") {
            report.known(fields, "", &[&["columns", "filters", "or", "limit"], &COMMON[..]].concat());
            let listed = datasets::only(dataset, fields, scope, &mut report);
            if let Some(request) = Self::resolve(fields, &listed, scope, &mut report) {
                return Ok(request);
            }
        }
        Err(report.finish())
    }

    fn resolve(
        fields: &Map<String, Value>,
        listed: &Listed<'_>,
        scope: &Scope<'_>,
        report: &mut Violations,
    ) -> Option<Self> {
        let output = output::read(fields, report);
        let hive = layout::read(fields, report);
        let consistency = consistency::read(fields, report);
        let undated = !listed.chosen.is_empty() && listed.chosen.iter().all(|c| c.dataset.range.is_none());
        let dates = dates::read(fields, undated, report);
        let labels = labels::read(fields, report);
        let destination = destination::read(fields, report);
        let form = Form { output, hive, consistency };
        let targets: Vec<_> =
            listed.chosen.iter().map(|c| target(c, dates.as_ref(), &form, scope, report)).collect();
        if !report.is_empty() {
            return None;
        }
        let mut canonical = canonical(fields, listed.names(), dates.as_ref(), &form, labels);
        if consistency != Consistency::default() {
            canonical[cut::FIELD] = consistency.as_str().into();
        }
        if let Some(destination) = destination {
            canonical[place::FIELD] = destination.into();
        }
        let asked =
            canonical_hash(&if listed.all { canonical_with_all(&canonical) } else { canonical.clone() });
        Some(Self { targets, canonical, body_sha256: asked })
    }
}

/// Form of the files of all datasets.
struct Form {
    output: Output,
    hive: Option<Hive>,
    consistency: Consistency,
}

fn target(
    chosen: &Chosen<'_>,
    dates: Option<&Dates>,
    form: &Form,
    scope: &Scope<'_>,
    report: &mut Violations,
) -> Target {
    let dataset = chosen.dataset;
    let estimate = scope.estimates.get(chosen.name).cloned().unwrap_or_default().of_one_tenant();
    let span = dates.and_then(|dates| dates.span(chosen, report));
    let is_cut = span.is_some() && estimate.indexed && chosen.limit.is_none();
    let hive = form.hive.map(|hive| if is_cut { hive } else { Hive::Whole });
    let selection = Selection {
        dataset: chosen.name.to_owned(),
        from: dataset.from.clone(),
        columns: chosen.columns.clone().unwrap_or_else(|| dataset.columns.clone()),
        range_column: dataset.range.clone(),
        key: key(chosen, &estimate, form.consistency),
        tenant_column: dataset.tenant_column.clone(),
        predicates: chosen.predicates.clone(),
        alternatives: chosen.alternatives.clone(),
        order: order(chosen, estimate.indexed),
        limit: chosen.limit,
        settle_after_secs: dataset.settle_after_secs.filter(|_| chosen.limit.is_none()),
        epoch: dataset.epoch,
        search_path: dataset.search_path.clone(),
        output: form.output.clone(),
    };
    if let Some(key) = hive.and_then(Hive::key)
        && let Some(column) = selection.columns.iter().find(|column| column.name.eq_ignore_ascii_case(key))
    {
        let message =
            format!("{} has a column {}, and so would its partitions be named", chosen.name, column.name);
        let remedy =
            "partition by another period (day: date, month: month, year: year), or list columns without it";
        report.say("/layout", message, remedy);
    }
    Target { fingerprint: selection.fingerprint(scope.tenant, scope.source), span, hive, estimate, selection }
}

/// Number of blocks from which on a table may be cut by blocks. A smaller one keeps its key, so that a file of before can be
/// checked within a snapshot.
const MIN_BLOCKS: u64 = 4096;

/// Returns the key at whose values the dataset is cut into slices. If its rows are not stored in the order of its key, these
/// are blocks within one snapshot, which are read in the order of the disk. A filter or a tenant column may have an index
/// of its own that is better than any slice.
fn key(chosen: &Chosen<'_>, estimate: &DatasetEstimate, consistency: Consistency) -> Option<SliceKey> {
    let dataset = chosen.dataset;
    let is_filtered = !chosen.predicates.is_empty() || !chosen.alternatives.is_empty();
    if dataset.range.is_some() || dataset.tenant_column.is_some() || chosen.limit.is_some() || is_filtered {
        return None;
    }
    let is_large = estimate.blocks > MIN_BLOCKS;
    match consistency {
        Consistency::Snapshot if estimate.key_bounds.is_empty() && is_large => Some(SliceKey::blocks()),
        Consistency::Snapshot | Consistency::File => dataset.key.clone(),
    }
}

/// Returns the columns of the ORDER BY. A sample is ordered by the range column if that has an index: the first rows of
/// the range are then read through it. PostgreSQL might otherwise scan the table from its start until it finds some.
fn order(chosen: &Chosen<'_>, indexed: bool) -> Vec<String> {
    let dataset = chosen.dataset;
    match &dataset.range {
        Some(range) if chosen.limit.is_some() && indexed && dataset.order.is_empty() => {
            vec![range.name.clone()]
        }
        _ => dataset.order.clone(),
    }
}

fn canonical(
    fields: &Map<String, Value>,
    datasets: Vec<Value>,
    dates: Option<&Dates>,
    form: &Form,
    labels: Map<String, Value>,
) -> Value {
    let Form { output, hive, .. } = form;
    let mut canonical = Map::new();
    canonical.insert("datasets".to_owned(), datasets.into());
    if let Some(dates) = dates {
        let (start, end) = dates.bounded();
        for (key, _) in [("startDate", start), ("endDate", end)].into_iter().filter(|(_, bounded)| *bounded) {
            canonical.insert(key.to_owned(), fields.get(key).cloned().unwrap_or_default());
        }
        canonical.insert("timeZone".to_owned(), dates.zone_name().into());
    }
    canonical.insert("format".to_owned(), json!(output.format));
    canonical.insert("compression".to_owned(), json!(output.compression));
    if output.format == Format::Csv {
        canonical.insert("csv".to_owned(), json!(output.csv));
    }
    if let Some(hive) = hive {
        canonical.insert("layout".to_owned(), layout::canonical(*hive));
    }
    canonical.extend(labels);
    Value::Object(canonical)
}

fn canonical_with_all(canonical: &Value) -> Value {
    let mut asked = canonical.clone();
    asked["datasets"] = "*".into();
    asked
}

fn canonical_hash(canonical: &Value) -> [u8; 32] {
    // Keys are inserted in one order and objects of the client are rebuilt sorted, so the text is canonical.
    Sha256::digest(canonical.to_string()).into()
}

#[cfg(test)]
mod tests;
