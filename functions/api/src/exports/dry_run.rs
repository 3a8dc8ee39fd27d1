//! Response of a dry run: size, duration and cost of a plan. Every figure is an estimate, an upper bound or unknown.
//! An unknown figure is null, never a number.

use export::cut::Consistency;
use export::forecast::{Effort, Own, Pace, Sizes, Surroundings, Workload};
use export::manifest::rfc3339;
use export::plan::{DatasetPlan, Plan, Target};
use export::price::{Cost, LEFT_OUT, PRICE_LIST};
use export::wire;
use store::ForecastInputs;

pub(super) fn plan(
    plan: &Plan,
    targets: &[Target],
    consistency: Consistency,
    inputs: &ForecastInputs,
    worker_memory_mb: u32,
) -> wire::DryRun {
    // All datasets of a request have the same output format.
    let output = targets.first().map(|target| target.selection.output.clone()).unwrap_or_default();
    let pace = Pace::of(&inputs.seen, &output);
    let around = Surroundings {
        // A snapshot is held by a session that reads nothing.
        budget: match consistency {
            Consistency::File => inputs.budget,
            Consistency::Snapshot => inputs.budget.saturating_sub(1).max(1),
        },
        own: inputs.own,
        memory_mb: worker_memory_mb,
        kept_hours: inputs.kept_hours,
    };
    let none = Own::default();
    let sizes = |(dataset, target): (&DatasetPlan, &Target)| {
        Sizes::of(dataset, target, inputs.past.get(&dataset.dataset).unwrap_or(&none))
    };
    let sizes: Vec<_> = plan.datasets.iter().zip(targets).map(sizes).collect();
    let effort = |new: Workload| pace.effort(new, &around);
    let efforts: Vec<_> = sizes.iter().map(|sizes| sizes.new.map(effort)).collect();
    let datasets: Vec<_> = (plan.datasets.iter().zip(targets))
        .zip(sizes.iter().zip(&efforts))
        .map(|((dataset, target), (sizes, effort))| planned(dataset, target, sizes, effort.as_ref()))
        .collect();
    let known: Vec<_> = efforts.iter().flatten().copied().collect();
    let forecast = wire::Forecast {
        wall_seconds: pace.wall_secs(&sizes, &around).map(|secs| secs.ceil() as u64),
        budget: around.budget,
        waiting_chunks: inputs.own.chunks,
        waiting_bytes: inputs.own.bytes,
        measured_chunks: pace.chunks,
        paused: inputs.paused.then(|| {
            "the operator has paused all exports; no chunks start until they are resumed".to_owned()
        }),
        cost: items(&known),
    };
    let unknown_datasets = efforts.iter().filter(|effort| effort.is_none()).count() as u64;
    let total = total(&datasets, &known);
    wire::DryRun { datasets, total, unknown_datasets, forecast: Some(forecast) }
}

fn planned(
    dataset: &DatasetPlan,
    target: &Target,
    sizes: &Sizes,
    effort: Option<&Effort>,
) -> wire::PlannedDataset {
    let notes: Vec<_> = dataset.note.as_deref().into_iter().chain(sizes.note).collect();
    let hidden = target.selection.tenant_column.is_some();
    wire::PlannedDataset {
        name: dataset.dataset.clone(),
        range: target.span.map(|span| span.range_text()),
        counts: counts(dataset, sizes, effort),
        estimated_at: target.estimate.taken_micros.filter(|_| !hidden).map(rfc3339),
        note: (!notes.is_empty()).then(|| notes.join("; ")),
    }
}

fn counts(dataset: &DatasetPlan, sizes: &Sizes, effort: Option<&Effort>) -> wire::PlanCounts {
    wire::PlanCounts {
        chunks: dataset.chunks.len() as u64,
        reused_chunks: dataset.chunks.iter().filter(|chunk| chunk.reused.is_some()).count() as u64,
        checked_chunks: dataset.chunks.iter().filter(|chunk| chunk.checks.is_some()).count() as u64,
        rows: sizes.all.map(|size| size.rows),
        bytes: sizes.all.map(|size| size.bytes),
        new_bytes: effort.map(|effort| effort.bytes),
        database_seconds: effort.map(|effort| round(effort.database_secs, 1e3)),
        cost_usd: effort.map(|effort| round(effort.cost.total(), 1e6)),
        at_most: sizes.at_most,
    }
}

/// Sums up the known figures. A figure is unknown if it is known for no dataset.
fn total(datasets: &[wire::PlannedDataset], known: &[Effort]) -> wire::PlanCounts {
    let any = !known.is_empty() || datasets.is_empty();
    let sum = |figure: fn(&wire::PlanCounts) -> Option<u64>| {
        any.then(|| datasets.iter().filter_map(|dataset| figure(&dataset.counts)).sum())
    };
    wire::PlanCounts {
        chunks: datasets.iter().map(|dataset| dataset.counts.chunks).sum(),
        reused_chunks: datasets.iter().map(|dataset| dataset.counts.reused_chunks).sum(),
        checked_chunks: datasets.iter().map(|dataset| dataset.counts.checked_chunks).sum(),
        rows: sum(|counts| counts.rows),
        bytes: sum(|counts| counts.bytes),
        new_bytes: sum(|counts| counts.new_bytes),
        database_seconds: any.then(|| round(known.iter().map(|effort| effort.database_secs).sum(), 1e3)),
        cost_usd: any.then(|| round(known.iter().map(|effort| effort.cost.total()).sum(), 1e6)),
        at_most: datasets.iter().any(|dataset| dataset.counts.at_most),
    }
}

fn items(efforts: &[Effort]) -> wire::CostItems {
    let sum = |item: fn(&Cost) -> f64| round(efforts.iter().map(|e| item(&e.cost)).sum(), 1e6);
    wire::CostItems {
        compute_usd: sum(|cost| cost.compute),
        requests_usd: sum(|cost| cost.requests),
        uploads_usd: sum(|cost| cost.uploads),
        storage_usd: sum(|cost| cost.storage),
        prices: PRICE_LIST.to_owned(),
        left_out: LEFT_OUT.to_owned(),
    }
}

/// Rounds to a readable fraction.
fn round(number: f64, fraction: f64) -> f64 {
    (number * fraction).round() / fraction
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use export::catalog::Revision;
    use export::estimate::{DatasetEstimate, Size};
    use export::forecast::Past;
    use export::plan::PlannedChunk;
    use export::range::Range;
    use export::request::{Request, RequestLimits, Scope};

    /// Plan of three datasets: a shared one with an estimate, one with a tenant column, and one without an estimate.
    fn dry_run(past: Own) -> wire::DryRun {
        let dataset = |tenant: Option<&str>| {
            serde_json::json!({
                "from": {"query": "select"}, "columns": [], "range": null, "tenantColumn": tenant,
                "shared": tenant.is_none(), "filters": [], "settleAfterSecs": null, "order": [], "epoch": 1,
            })
        };
        let datasets =
            serde_json::json!({"a": dataset(None), "b": dataset(Some("account")), "c": dataset(None)});
        let revision: Revision = serde_json::from_value(serde_json::json!({ "datasets": datasets })).unwrap();
        let total = Size { rows: 10, bytes: 100_000_000 };
        let estimate = DatasetEstimate { total, ..Default::default() };
        let estimates: BTreeMap<_, _> =
            [("a".to_owned(), estimate.clone()), ("b".to_owned(), estimate)].into();
        let tenant = "acme".parse().unwrap();
        let scope = Scope {
            revision: &revision,
            estimates: &estimates,
            tenant: &tenant,
            source: "s",
            limits: RequestLimits::default(),
        };
        let targets = Request::parse(&serde_json::json!({"datasets": "*"}), &scope).unwrap().targets;
        let chunk = |target: &Target| PlannedChunk {
            range: Range::All,
            reused: None,
            checks: None,
            unread: true,
            rows: target.estimate.total.rows,
            bytes: target.estimate.total.bytes,
        };
        let datasets = targets.iter().map(|target| DatasetPlan {
            dataset: target.selection.dataset.clone(),
            chunks: vec![chunk(target)],
            note: None,
        });
        let own = Workload { chunks: 1, bytes: 5 };
        let past = [("b".to_owned(), past)].into();
        let inputs = ForecastInputs { budget: 4, kept_hours: 168, own, past, ..ForecastInputs::default() };
        plan(&Plan { datasets: datasets.collect() }, &targets, Consistency::File, &inputs, 1769)
    }

    #[test]
    fn unknown_figures_are_null_and_left_out_of_sums() {
        let plan = dry_run(Own::default());
        let rows: Vec<_> = plan.datasets.iter().map(|dataset| dataset.counts.rows).collect();
        assert_eq!(rows, [Some(10), None, None]);
        assert_eq!((plan.total.rows, plan.unknown_datasets), (Some(10), 2));
        let forecast = plan.forecast.unwrap();
        assert_eq!((forecast.wall_seconds, forecast.waiting_chunks), (None, 1));
        let json = serde_json::to_value(&plan.datasets[1]).unwrap();
        for field in ["rows", "bytes", "newBytes", "databaseSeconds", "costUsd"] {
            assert!(json.get(field).is_some_and(serde_json::Value::is_null), "{field}: {json}");
        }
    }

    #[test]
    fn totals_are_sums_of_known_figures() {
        let whole = Past { chunks: 1, rows: 7, bytes: 300_000_000, units: 0.0 };
        let plan = dry_run(Own { whole, ..Own::default() });
        assert_eq!((plan.total.rows, plan.unknown_datasets), (Some(17), 1));
        let cost = plan.forecast.unwrap().cost;
        let items = cost.compute_usd + cost.requests_usd + cost.uploads_usd + cost.storage_usd;
        let total = plan.total.cost_usd.unwrap();
        assert!((items - total).abs() < 1e-5, "{items} {total}");
        assert!((plan.total.database_seconds.unwrap() - 2.475).abs() < 0.01, "{:?}", plan.total);
    }
}
