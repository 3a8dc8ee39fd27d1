//! `sluice plan`: chunks, duration and cost of an export. Nothing is stored.

use std::path::PathBuf;

use export::wire;
use indicatif::HumanCount;

use super::outcome::{Failure, Outcome};
use super::plan_file::PlanFile;
use super::request_source::RequestSource;
use super::terminal;
use crate::Client;
use crate::text::{bytes, count, duration, fold_last, shell_word, table};

const USAGE: &str = "sluice plan [OPTIONS] <DATASET>...
       sluice plan [OPTIONS] --request <FILE>";

const EXAMPLES: &str = "Examples:
  sluice plan '*' --from 2023-08-31 --to 2024-08-04
  sluice plan orders --from 2024-01-01 --filter country=NL
  sluice plan orders --from 2024-01-01 --out plan.json && sluice export --plan plan.json";

/// Show the chunks, duration and cost of an export without running it
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGE, after_help = EXAMPLES)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    source: RequestSource,
    /// Write the request with its plan to this file, for: sluice export --plan FILE
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl PlanArgs {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let client = &self.source.client(client);
        if let Some(path) = &self.out {
            let file = PlanFile::make(client, &self.source).await?;
            file.write(path)?;
            let name = shell_word(path);
            let text = format!(
                "{}\n\nwritten to {name}; run it with: sluice export --plan {name}",
                text(&file.plan)
            );
            return Ok(Outcome::new(text, file.plan));
        }
        let request = self.source.read(client).await?;
        let plan = client.plan(&request).await.map_err(|error| self.source.explain(error, &request))?;
        Ok(Outcome::new(text(&plan), plan))
    }
}

/// Formats a plan for the user.
pub(super) fn text(plan: &wire::DryRun) -> String {
    let cells = |name: &str, counts: &wire::PlanCounts, note: &str| {
        vec![
            name.to_owned(),
            HumanCount(counts.chunks).to_string(),
            HumanCount(counts.reused_chunks).to_string(),
            figure(counts, counts.rows, |rows| HumanCount(rows).to_string()),
            figure(counts, counts.bytes, bytes),
            figure(counts, counts.database_seconds, |secs| format!("{secs:.1}")),
            figure(counts, counts.cost_usd, dollars),
            note.to_owned(),
        ]
    };
    let mut rows: Vec<_> =
        plan.datasets.iter().map(|d| cells(&d.name, &d.counts, d.note.as_deref().unwrap_or(""))).collect();
    rows.push(cells("all", &plan.total, ""));
    let heads = ["dataset", ">chunks", ">reused", ">rows", ">bytes", ">db s", ">cost $", "note"];
    let table = table(&heads, &rows);
    let mut lines = vec![match terminal::columns() {
        Some(width) => fold_last(&table, "note", width),
        None => table,
    }];
    if plan.total.checked_chunks > 0 {
        let checked = count(plan.total.checked_chunks, "chunk");
        lines.push(format!(
            "{checked} read before: checked first, and read again only if something has changed"
        ));
    }
    if plan.unknown_datasets > 0 {
        let unknown = count(plan.unknown_datasets, "dataset");
        lines.push(format!("the totals exclude {unknown} of unknown size; see the notes"));
    }
    if let Some(forecast) = &plan.forecast {
        lines.push(String::new());
        lines.extend(forecast_lines(forecast, &plan.total));
    }
    lines.join("\n")
}

/// Formats a figure, its upper bound, or "unknown".
fn figure<T>(counts: &wire::PlanCounts, known: Option<T>, text: impl Fn(T) -> String) -> String {
    match known {
        None => "unknown".to_owned(),
        Some(figure) if counts.at_most => format!("≤ {}", text(figure)),
        Some(figure) => text(figure),
    }
}

fn forecast_lines(forecast: &wire::Forecast, total: &wire::PlanCounts) -> Vec<String> {
    let waiting = match forecast.waiting_chunks {
        0 => String::new(),
        chunks => format!(", including {} of your other exports", count(chunks, "chunk")),
    };
    let basis = match forecast.measured_chunks {
        0 => {
            "times and file sizes are assumptions: you have not exported enough in this format yet".to_owned()
        }
        chunks => {
            format!("times and file sizes are based on your last {} in this format", count(chunks, "chunk"))
        }
    };
    let cost = &forecast.cost;
    let time = match forecast.wall_seconds {
        Some(secs) => format!("about {}", duration(secs)),
        None => "unknown".to_owned(),
    };
    let works = match total.database_seconds {
        Some(secs) => duration(secs.ceil() as u64),
        None => "unknown".to_owned(),
    };
    let known = match total.cost_usd {
        Some(cost) => format!("about ${}", dollars(cost)),
        None => "unknown".to_owned(),
    };
    let mut lines = vec![
        "all figures are estimates".to_owned(),
        format!(
            "time  {time} with {} at a time{waiting}; longer while other tenants export",
            count(u64::from(forecast.budget), "session"),
        ),
        format!("      database time {works}"),
        format!(
            "cost  {known}: workers {}, requests {}, uploads {}, storage {}",
            dollars(cost.compute_usd),
            dollars(cost.requests_usd),
            dollars(cost.uploads_usd),
            dollars(cost.storage_usd)
        ),
        format!("      {}; excludes {}", cost.prices, cost.left_out),
        format!("      {basis}"),
    ];
    lines.extend(forecast.paused.as_ref().map(|why| format!("      {why}")));
    lines
}

/// Formats an amount in cents; amounts below a cent with six decimals.
fn dollars(amount: f64) -> String {
    if amount == 0.0 || amount >= 0.01 { format!("{amount:.2}") } else { format!("{amount:.6}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plan_is_printed_readably() {
        let counts = wire::PlanCounts {
            chunks: 12,
            reused_chunks: 2,
            checked_chunks: 0,
            rows: Some(1_234_567),
            bytes: Some(300 << 20),
            new_bytes: Some(200 << 20),
            database_seconds: Some(1.234),
            cost_usd: Some(0.000_321),
            at_most: false,
        };
        let dataset = wire::PlannedDataset {
            name: "orders".into(),
            counts,
            note: Some("no usable index on the range column: one chunk".into()),
            ..Default::default()
        };
        let view = wire::PlannedDataset {
            name: "late".into(),
            counts: wire::PlanCounts { at_most: true, ..counts },
            ..Default::default()
        };
        let mine = wire::PlannedDataset { name: "notes".into(), ..Default::default() };
        let cost =
            wire::CostItems { prices: "list prices".into(), left_out: "logs".into(), ..Default::default() };
        let forecast = wire::Forecast {
            wall_seconds: Some(75),
            budget: 4,
            waiting_chunks: 3,
            cost,
            ..Default::default()
        };
        let plan = wire::DryRun {
            datasets: vec![dataset, view, mine],
            total: counts,
            unknown_datasets: 1,
            forecast: Some(forecast),
        };
        let text = text(&plan);
        for part in [
            "orders       12       2    1,234,567    300.00 MiB      1.2    0.000321  no usable index",
            "late         12       2  ≤ 1,234,567  ≤ 300.00 MiB    ≤ 1.2  ≤ 0.000321",
            "notes         0       0      unknown       unknown  unknown     unknown",
            "the totals exclude 1 dataset of unknown size",
            "time  about 1 min 15 s with 4 sessions at a time, including 3 chunks of your other exports; longer",
            "list prices; excludes logs",
            "assumptions",
        ] {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
        assert_eq!([dollars(0.0), dollars(12.345), dollars(0.004)], ["0.00", "12.35", "0.004000"]);
    }
}
