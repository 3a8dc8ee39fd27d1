//! The catalog: parsed, resolved against the source, and reported.

pub(crate) mod apply;
mod changes;
pub(crate) mod check;
pub(crate) mod show;
pub(crate) mod suggest;

use std::collections::BTreeMap;
use std::time::Instant;

use export::catalog::{Catalog, Revision};
use export::count::count;
use export::estimate::DatasetEstimate;
use export::problem::Violation;
use introspect::resolve;
use serde_json::{Value, json};
use store::Applied;

use crate::context::{Context, SESSION_TIMEOUT};
use crate::failure::Failure;

/// Catalog with the results of its resolution.
#[derive(Debug, Default)]
struct Resolved {
    /// The resolved revision. It is complete only without violations.
    revision: Revision,
    estimates: BTreeMap<String, DatasetEstimate>,
    /// Name of the database it was resolved against.
    source: String,
    violations: Vec<Violation>,
    warnings: Vec<Violation>,
}

/// Parses the TOML and resolves every dataset at the source, in one session.
async fn resolved(context: &Context, text: &str) -> Result<Resolved, Failure> {
    let mut all = Resolved::default();
    let catalog = match Catalog::parse(text) {
        Ok(catalog) => catalog,
        Err(violations) => return Ok(Resolved { violations, ..all }),
    };
    let tenants = context.tenants().await?;
    tracing::info!(timeout_secs = SESSION_TIMEOUT.as_secs(), "waiting for a session of the source");
    let mut inspector = context.source.inspector(SESSION_TIMEOUT).await?;
    all.source = inspector.source_name().await?;
    for (i, (name, definition)) in catalog.datasets.iter().enumerate() {
        let begun = Instant::now();
        let one = resolve(&mut inspector, name, definition, tenants).await?;
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (number, datasets) = (i + 1, catalog.datasets.len());
        tracing::info!(
            dataset = name,
            number,
            datasets,
            violations = one.violations.len(),
            duration_ms,
            "resolved a dataset"
        );
        all.violations.extend(one.violations);
        all.warnings.extend(one.warnings);
        if let Some(dataset) = one.dataset {
            all.revision.datasets.insert(name.clone(), dataset);
            all.estimates.insert(name.clone(), one.estimate);
        }
    }
    let settles = catalog.datasets.values().any(|definition| definition.settle_after.is_some());
    if settles && inspector.open_since().await?.is_none() {
        let message = "the source role cannot see open transactions (on a standby, no role can): rows of a transaction that lasts longer than settle_after would be missed";
        let remedy = "make settle_after longer than the longest writing transaction, or on a primary grant pg_read_all_stats to the source role (`sluice admin migrate` does)";
        all.warnings.push(Violation::new("datasets", message, remedy));
    }
    inspector.close().await;
    Ok(all)
}

/// Formats a finding for the operator: the message, including the plan that shows it, and the remedy on separate
/// lines.
fn shown(found: &Violation) -> String {
    format!("{}: {}\n    → {}", found.pointer, found.message, found.remedy)
}

impl Resolved {
    fn into_applied(self) -> Applied {
        let Self { revision, estimates, source, .. } = self;
        Applied { revision_id: revision.id(), revision, estimates, source }
    }

    /// Formats violations and warnings as text.
    fn report(&self) -> String {
        let mut parts = Vec::new();
        for (title, list) in [("violation", &self.violations), ("warning", &self.warnings)] {
            if !list.is_empty() {
                let found: Vec<_> = list.iter().map(shown).collect();
                parts.push(format!("{}:\n{}", count(list.len() as u64, title), found.join("\n")));
            }
        }
        let always = self.always_read();
        if self.violations.is_empty() && !always.is_empty() {
            let title =
                "read again by each export, even if nothing has changed, unless settle_after covers it";
            parts.push(format!("{title}:\n{}", always.join("\n")));
        }
        if self.violations.is_empty() {
            let total = |of: fn(&DatasetEstimate) -> u64| self.estimates.values().map(of).sum::<u64>();
            parts.push(format!(
                "{}, about {} and {} MB in all",
                count(self.revision.datasets.len() as u64, "dataset"),
                count(total(|e| e.total.rows), "row"),
                total(|e| e.total.bytes) / 1_000_000
            ));
        }
        parts.join("\n")
    }

    /// Returns the datasets of which no chunk can be found unchanged, each with the reason.
    fn always_read(&self) -> Vec<String> {
        let because = |estimate: &DatasetEstimate| estimate.revalidation.clone()?.because;
        let lines = self.estimates.iter().filter_map(|(name, e)| Some(format!("  {name}: {}", because(e)?)));
        lines.collect()
    }

    fn data(&self) -> Value {
        let dataset = |(name, estimate): (&String, &DatasetEstimate)| {
            let DatasetEstimate { total, months, indexed, .. } = estimate;
            let revalidation = estimate.revalidation.as_ref();
            let about = json!({
                "rows": total.rows, "bytes": total.bytes, "months": months.len(), "indexed": indexed,
                "revalidates": revalidation.map(|found| found.because.is_none()),
                "because": revalidation.and_then(|found| found.because.as_ref()),
            });
            (name.clone(), about)
        };
        let datasets: serde_json::Map<_, _> = self.estimates.iter().map(dataset).collect();
        json!({"datasets": datasets, "violations": self.violations, "warnings": self.warnings, "source": self.source})
    }
}
