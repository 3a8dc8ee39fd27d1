//! `sluice plan`: what an export would do, how long it would take, what it would cost. Nothing is kept.

use export::wire;
use indicatif::HumanCount;

use super::asked::Asked;
use super::outcome::{Failure, Outcome};
use crate::Client;
use crate::text::{bytes, count, duration, table};

/// Show what an export would do, without doing it: chunks, time, cost
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "sluice plan [OPTIONS] <DATASET>...\n       sluice plan [OPTIONS] --request <FILE>"
)]
pub(super) struct Plan {
    #[command(flatten)]
    asked: Asked,
}

impl Plan {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let plan = client.plan(&self.asked.read()?).await.map_err(|error| self.asked.explain(error))?;
        Ok(Outcome::new(text(&plan), plan))
    }
}

/// A plan as people read it.
pub(super) fn text(plan: &wire::Plan) -> String {
    let cells = |name: &str, counts: &wire::PlanCounts, note: &str| {
        vec![
            name.to_owned(),
            HumanCount(counts.chunks).to_string(),
            HumanCount(counts.reused_chunks).to_string(),
            HumanCount(counts.rows).to_string(),
            bytes(counts.bytes),
            format!("{:.1}", counts.database_seconds),
            dollars(counts.cost_usd),
            note.to_owned(),
        ]
    };
    let mut rows: Vec<_> =
        plan.datasets.iter().map(|d| cells(&d.name, &d.counts, d.note.as_deref().unwrap_or(""))).collect();
    rows.push(cells("all", &plan.total, ""));
    let heads = ["dataset", ">chunks", ">reused", ">rows", ">bytes", ">db s", ">cost $", "note"];
    let mut lines = vec![table(&heads, &rows)];
    if let Some(forecast) = &plan.forecast {
        lines.push(String::new());
        lines.extend(forecast_lines(forecast, &plan.total));
    }
    lines.join("\n")
}

fn forecast_lines(forecast: &wire::Forecast, total: &wire::PlanCounts) -> Vec<String> {
    let waiting = match forecast.waiting_chunks {
        0 => String::new(),
        chunks => format!(", with {} of yours before or beside it", count(chunks, "chunk")),
    };
    let basis = match forecast.measured_chunks {
        0 => "times and file sizes are assumed: too little was exported in this format yet".to_owned(),
        chunks => {
            format!("times and file sizes are those of the last {} in this format", count(chunks, "chunk"))
        }
    };
    let cost = &forecast.cost;
    let mut lines = vec![
        "all figures are estimates".to_owned(),
        format!(
            "time  about {} with {} at once{waiting}; the database works {}",
            duration(forecast.wall_seconds),
            count(u64::from(forecast.budget), "session"),
            duration(total.database_seconds.ceil() as u64)
        ),
        format!(
            "cost  about ${}: workers {}, requests {}, uploads {}, storage {}",
            dollars(total.cost_usd),
            dollars(cost.compute_usd),
            dollars(cost.requests_usd),
            dollars(cost.uploads_usd),
            dollars(cost.storage_usd)
        ),
        format!("      {}; without {}", cost.prices, cost.left_out),
        format!("      {basis}"),
    ];
    lines.extend(forecast.paused.as_ref().map(|why| format!("      {why}")));
    lines
}

/// Cents, or for less than a cent all that can be told.
fn dollars(amount: f64) -> String {
    if amount == 0.0 || amount >= 0.01 { format!("{amount:.2}") } else { format!("{amount:.6}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_readable() {
        let counts = wire::PlanCounts {
            chunks: 12,
            reused_chunks: 2,
            rows: 1_234_567,
            bytes: 300 << 20,
            new_bytes: 200 << 20,
            database_seconds: 1.234,
            cost_usd: 0.000_321,
        };
        let dataset = wire::PlannedDataset {
            name: "orders".into(),
            counts,
            note: Some("no usable index on the range column: one chunk".into()),
            ..Default::default()
        };
        let cost =
            wire::CostItems { prices: "list prices".into(), left_out: "logs".into(), ..Default::default() };
        let forecast =
            wire::Forecast { wall_seconds: 75, budget: 4, waiting_chunks: 3, cost, ..Default::default() };
        let plan = wire::Plan { datasets: vec![dataset], total: counts, forecast: Some(forecast) };
        let text = text(&plan);
        for part in [
            "orders       12       2  1,234,567  300.00 MiB   1.2  0.000321  no usable index",
            "time  about 1 min 15 s with 4 sessions at once, with 3 chunks of yours before or beside it",
            "list prices; without logs",
            "assumed",
        ] {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
        assert_eq!([dollars(0.0), dollars(12.345), dollars(0.004)], ["0.00", "12.35", "0.004000"]);
    }
}
