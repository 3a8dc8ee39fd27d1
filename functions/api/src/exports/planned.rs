//! From a plan to what a dry run answers: how much, how long, what it costs. Everything here is an estimate.

use export::forecast::{Effort, Pace, Surroundings};
use export::manifest::rfc3339;
use export::plan::{DatasetPlan, Plan, Want};
use export::price::{Cost, LEFT_OUT, PRICE_LIST};
use export::wire;
use ports::store::Outlook;

pub(super) fn plan(plan: &Plan, wants: &[Want], outlook: &Outlook, worker_memory_mb: u32) -> wire::Plan {
    // All datasets of a request are written alike.
    let output = wants.first().map(|want| want.selection.output.clone()).unwrap_or_default();
    let pace = Pace::of(&outlook.seen, &output);
    let around = Surroundings {
        budget: outlook.budget,
        own: outlook.own,
        others: outlook.others.clone(),
        memory_mb: worker_memory_mb,
        kept_hours: outlook.kept_hours,
    };
    let efforts: Vec<_> = plan.datasets.iter().map(|dataset| pace.effort(dataset, &around)).collect();
    let planned = |((dataset, want), effort): ((&DatasetPlan, &Want), &Effort)| wire::PlannedDataset {
        name: dataset.dataset.clone(),
        range: want.span.map(|span| span.range_text()),
        counts: counts(dataset, effort),
        estimated_at: want.estimate.taken_micros.map(rfc3339),
        note: dataset.note.clone(),
    };
    let datasets: Vec<_> = plan.datasets.iter().zip(wants).zip(&efforts).map(planned).collect();
    let forecast = wire::Forecast {
        wall_seconds: pace.wall_secs(plan, &around).ceil() as u64,
        budget: around.budget,
        // What others have waiting delays the end, and is not told.
        waiting_chunks: outlook.own.chunks,
        waiting_bytes: outlook.own.bytes,
        measured_chunks: pace.chunks,
        paused: outlook.paused.then(|| "the operator has paused all exports; nothing starts".to_owned()),
        cost: items(&efforts),
    };
    let total = total(&datasets, &efforts);
    wire::Plan { datasets, total, forecast: Some(forecast) }
}

fn counts(dataset: &DatasetPlan, effort: &Effort) -> wire::PlanCounts {
    let mut counts = wire::PlanCounts {
        new_bytes: effort.bytes,
        database_seconds: round(effort.database_secs, 1e3),
        cost_usd: round(effort.cost.total(), 1e6),
        ..wire::PlanCounts::default()
    };
    for piece in &dataset.pieces {
        counts.chunks += 1;
        counts.reused_chunks += u64::from(piece.reused.is_some());
        counts.rows += piece.rows;
        counts.bytes += piece.bytes;
    }
    counts
}

fn total(datasets: &[wire::PlannedDataset], efforts: &[Effort]) -> wire::PlanCounts {
    let mut total = wire::PlanCounts {
        database_seconds: round(efforts.iter().map(|e| e.database_secs).sum(), 1e3),
        cost_usd: round(efforts.iter().map(|e| e.cost.total()).sum(), 1e6),
        ..wire::PlanCounts::default()
    };
    for counts in datasets.iter().map(|dataset| dataset.counts) {
        total.chunks += counts.chunks;
        total.reused_chunks += counts.reused_chunks;
        total.rows += counts.rows;
        total.bytes += counts.bytes;
        total.new_bytes += counts.new_bytes;
    }
    total
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

/// To a fraction that people can read.
fn round(number: f64, fraction: f64) -> f64 {
    (number * fraction).round() / fraction
}

#[cfg(test)]
mod tests {
    use super::*;
    use export::forecast::Load;
    use export::plan::Piece;
    use export::range::Range;

    #[test]
    fn the_whole_is_the_sum_of_its_datasets() {
        let piece = |bytes| Piece { range: Range::All, reused: None, unread: true, rows: 10, bytes };
        let dataset = |name: &str, bytes| DatasetPlan {
            dataset: name.into(),
            pieces: vec![piece(bytes), piece(bytes)],
            note: None,
        };
        let one = Plan { datasets: vec![dataset("a", 100_000_000), dataset("b", 200_000_000)] };
        let outlook =
            Outlook { budget: 4, kept_hours: 168, own: Load { chunks: 1, bytes: 5 }, ..Outlook::default() };
        // Without wants there is nothing to say of datasets, but the forecast is whole.
        let answer = plan(&one, &[], &outlook, 1769);
        let forecast = answer.forecast.unwrap();
        let cost = &forecast.cost;
        let items = cost.compute_usd + cost.requests_usd + cost.uploads_usd + cost.storage_usd;
        assert!((items - answer.total.cost_usd).abs() < 1e-5, "{items} {}", answer.total.cost_usd);
        assert!((answer.total.database_seconds - 3.733).abs() < 0.01, "{:?}", answer.total);
        assert_eq!((forecast.budget, forecast.waiting_chunks, forecast.measured_chunks), (4, 1, 0));
        assert!(forecast.wall_seconds >= 1);
    }
}
