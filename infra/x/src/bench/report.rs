//! Results of a bench, for people and for programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::goals::{GOALS, Judged, Verdict};
use super::lines::{LINES, NARROW, PSQL_CSV};
use super::rounds::Summary;
use super::table::{Table, megabytes, number};

/// All results of a bench.
pub(super) struct BenchReport {
    /// Machine, server, sizes.
    pub(super) about: String,
    /// Rows of each table.
    pub(super) rows: BTreeMap<&'static str, u64>,
    pub(super) lines: BTreeMap<&'static str, Summary>,
    /// Lines without a result, with the reason.
    pub(super) failures: Vec<(&'static str, String)>,
    /// Every run of every line.
    pub(super) runs: Value,
}

impl BenchReport {
    /// Prints the tables and the state of the goals.
    pub(super) fn print(&self) {
        println!("\n{}\n\n{}", self.about, self.table());
        if self.lines.values().any(|line| !line.quiet) {
            println!(
                "*: too few runs were undisturbed (quiet/all is given); the minimum of all runs is shown, and it is not \
                 fit for comparing times.\n"
            );
        }
        for (name, why) in &self.failures {
            println!("left out: {name}: {why}");
        }
        let goals = self.goals();
        println!("\n{}", goals_table(&goals));
        println!("{}", conclusion(&goals));
    }

    /// Writes the same as JSON.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let failures: BTreeMap<_, _> = self.failures.iter().cloned().collect();
        let all = json!({
            "about": self.about,
            "rows": self.rows,
            "lines": self.lines,
            "leftOut": failures,
            "goals": self.goals(),
            "runs": self.runs,
        });
        let text = serde_json::to_string_pretty(&all)?;
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    fn goals(&self) -> Vec<Judged> {
        GOALS.iter().map(|goal| goal.judge(&self.lines)).collect()
    }

    fn table(&self) -> String {
        let mut table = Table::new(&[
            "what",
            "n",
            "wall s",
            "krows/s",
            "× psql csv",
            "client CPU s",
            "**database CPU s**",
            "peak memory MB",
            "out MB",
        ]);
        for line in LINES {
            let Some(found) = self.lines.get(line.name) else { continue };
            let base = self.lines.get(if line.table == NARROW { "narrow: psql csv" } else { PSQL_CSV });
            let rows = self.rows.get(line.table).copied().unwrap_or(0) as f64;
            table.row([
                line.name.to_owned(),
                count(found),
                number(Some(found.wall_secs), 2),
                number(Some(rows / found.wall_secs / 1e3), 0),
                number(base.map(|base| base.wall_secs / found.wall_secs), 2),
                number(Some(found.client_cpu_secs), 2),
                number(Some(found.database_cpu_secs), 2),
                number(Some(megabytes(found.peak_bytes)), 0),
                number(found.out_bytes.map(megabytes), 1),
            ]);
        }
        table.render()
    }
}

fn count(line: &Summary) -> String {
    if line.quiet { line.runs.to_string() } else { format!("{}/{}*", line.quiet_runs, line.runs) }
}

fn goals_table(goals: &[Judged]) -> String {
    let mut table = Table::new(&[
        "goal: what, against whom",
        "must",
        "stretch",
        "measured, to S3",
        "null sink",
        "verdict",
    ]);
    for goal in goals {
        let mark = if goal.quiet || goal.verdict == Verdict::NotMeasured { "" } else { "*" };
        table.row([
            goal.name.to_owned(),
            goal.must.clone(),
            goal.stretch.clone(),
            number(goal.s3, 2),
            number(goal.null, 2),
            format!("{}{mark}", words(goal.verdict)),
        ]);
    }
    table.render()
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::MustOnly => "must only",
        Verdict::Missed => "missed",
        Verdict::NotMeasured => "not measured",
    }
}

fn conclusion(goals: &[Judged]) -> String {
    let count = |verdict| goals.iter().filter(|goal| goal.verdict == verdict).count();
    let mut text = format!(
        "{} goals: {} met, {} must only, {} missed, {} not measured.",
        goals.len(),
        count(Verdict::Met),
        count(Verdict::MustOnly),
        count(Verdict::Missed),
        count(Verdict::NotMeasured)
    );
    for goal in goals.iter().filter(|goal| goal.verdict == Verdict::Missed) {
        text += &format!("\nMISSED: {}", goal.name);
    }
    if goals.iter().any(|goal| !goal.quiet && goal.verdict != Verdict::NotMeasured) {
        text += "\nSome results are based on disturbed runs (*): repeat them on a quiet machine.";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> BenchReport {
        let line = |wall_secs, quiet| Summary {
            runs: 3,
            quiet,
            quiet_runs: if quiet { 4 } else { 1 },
            wall_secs,
            database_cpu_secs: 1.0,
            peak_bytes: 12_000_000,
            out_bytes: Some(263_183_744),
            ..Summary::default()
        };
        BenchReport {
            about: "here".into(),
            rows: BTreeMap::from([("orders", 1_000_000)]),
            lines: BTreeMap::from([(PSQL_CSV, line(2.5, true)), ("sluice csv", line(2.0, false))]),
            failures: vec![("sluice ndjson", "to be written".into())],
            runs: Value::Null,
        }
    }

    #[test]
    fn a_line_shows_its_rate_and_whether_it_was_disturbed() {
        let table = report().table();
        let row = |name: &str| {
            let row = table.lines().find(|row| row.starts_with(&format!("| {name} "))).unwrap();
            row.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(row("psql csv")[2..6], ["3", "2.50", "400", "1.00"]);
        assert_eq!(row("sluice csv")[2..6], ["1/3*", "2.00", "500", "1.25"]);
        assert_eq!(row("sluice csv")[8..10], ["12", "263.2"]);
        assert_eq!(table.lines().count(), 4);
    }

    #[test]
    fn conclusion_lists_missed_and_unreliable_goals() {
        let goals = report().goals();
        let text = conclusion(&goals);
        assert!(text.contains("1 must only, 1 missed, 11 not measured"), "{text}");
        assert!(text.contains("MISSED: csv: database CPU") && text.contains("quiet machine"), "{text}");
        assert!(goals_table(&goals).contains("must only*"));
    }
}
