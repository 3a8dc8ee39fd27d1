//! The table of `infra/README.md` and the state of its goals.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::sizes::Sizes;
use crate::bench::table::{Table, number};

const MIB: f64 = 1024.0 * 1024.0;

/// Measurements of one function.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) name: &'static str,
    #[serde(serialize_with = "millis")]
    pub(super) starts: Vec<Duration>,
    #[serde(serialize_with = "millis")]
    pub(super) inits: Vec<Duration>,
    /// Call times, measured for the api only.
    #[serde(serialize_with = "millis")]
    pub(super) calls: Vec<Duration>,
    pub(super) sizes: Sizes,
}

impl Row {
    pub(super) fn new(name: &'static str, sizes: Sizes) -> Self {
        Self { name, starts: vec![], inits: vec![], calls: vec![], sizes }
    }

    fn start(&self) -> Option<f64> {
        quantile(&self.starts, 0.5)
    }
}

/// Renders the table as Markdown. The first row is the baseline of the others.
pub(super) fn render(rows: &[Row]) -> String {
    let mut table = Table::new(&[
        "function",
        "start to first /next",
        "against hello world",
        "INIT REPORT",
        "warm status p50",
        "p99",
        "binary",
        "zip",
    ]);
    let millis = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms"));
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / MIB);
    for row in rows {
        let ratio = ratio(rows, row);
        table.row([
            row.name.to_owned(),
            millis(row.start()),
            if ratio.is_some() { format!("{} ×", number(ratio, 2)) } else { "-".to_owned() },
            millis(quantile(&row.inits, 0.5)),
            millis(quantile(&row.calls, 0.5)),
            millis(quantile(&row.calls, 0.99)),
            mib(row.sizes.binary_bytes),
            mib(row.sizes.zip_bytes),
        ]);
    }
    table.render()
}

/// Renders one line for each goal of a function: the limit and the stretch goal.
pub(super) fn goals(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows.iter().skip(1) {
        let mut say = |what: &str, value: f64, unit: &str, must: f64, stretch: f64| {
            let verdict = match value {
                value if value <= stretch => "stretch goal met",
                value if value <= must => "goal met",
                _ => "MISSED",
            };
            text += &format!(
                "{}: {what} {value:.2}{unit}, at most {must}{unit} (better {stretch}{unit}): {verdict}\n",
                row.name
            );
        };
        if let Some(ratio) = ratio(rows, row) {
            say("cold start", ratio, " ×", 1.5, 1.3);
        }
        let binary = row.sizes.binary_bytes as f64 / MIB;
        match row.name {
            "api" => say("binary", binary, " MiB", 14.0, 10.0),
            "worker" => say("binary", binary, " MiB", 20.0, 16.0),
            _ => {}
        }
    }
    text
}

fn ratio(rows: &[Row], row: &Row) -> Option<f64> {
    Some(row.start()? / rows.first()?.start()?)
}

/// Returns the given quantile of the times, in milliseconds.
fn quantile(times: &[Duration], part: f64) -> Option<f64> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().checked_sub(1)?;
    Some(sorted[(last as f64 * part).round() as usize].as_secs_f64() * 1e3)
}

fn millis<S: Serializer>(times: &[Duration], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(times.iter().map(|time| time.as_secs_f64() * 1e3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &'static str, start_ms: u64, binary_mib: u64) -> Row {
        let sizes = Sizes { binary_bytes: binary_mib << 20, zip_bytes: 1 << 20 };
        let mut row = Row::new(name, sizes);
        row.starts = (0..5).map(|i| Duration::from_millis(start_ms + i)).collect();
        row
    }

    #[test]
    fn a_function_is_compared_with_the_first_row() {
        let rows = [row("hello world", 8, 2), row("api", 13, 15), row("worker", 11, 12)];
        let text = render(&rows);
        let cells = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(&format!("| {name} "))).unwrap();
            line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(cells("hello world")[2..4], ["10.0 ms", "1.00 ×"]);
        assert_eq!(cells("api")[2..9], ["15.0 ms", "1.50 ×", "-", "-", "-", "15.0 MiB", "1.0 MiB"]);
        let goals = goals(&rows);
        assert!(goals.contains("api: cold start 1.50 ×, at most 1.5 × (better 1.3 ×): goal met"), "{goals}");
        assert!(goals.contains("api: binary 15.00 MiB") && goals.contains("MISSED"), "{goals}");
        assert!(goals.contains("worker: cold start 1.30 ×") && goals.contains("stretch goal met"), "{goals}");
    }

    #[test]
    fn quantiles_are_observed_values() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(quantile(&times, 0.5), Some(51.0));
        assert_eq!(quantile(&times, 0.99), Some(99.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
