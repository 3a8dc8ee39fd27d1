//! Interleaved rounds and the rule of quiet runs.
//!
//! All lines run once per round, so that any disturbance of the machine affects them alike. A run counts only if the
//! rest of the machine was quiet meanwhile. The first such runs of each line are kept, and the minimum of each measure
//! is taken over them. The rule is the same for every line and fixed before the first run.

use serde::Serialize;

use super::measure::Run;

/// Processor time that the rest of the machine may use, as a share of a run's time.
const QUIET: f64 = 0.10;

/// Number of runs and rounds.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    /// Quiet runs required for each line.
    pub(super) quiet_runs: usize,
    pub(super) most_rounds: usize,
}

/// Summary of the runs of one line.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    /// Runs that were used.
    pub(super) runs: usize,
    /// True if there were enough quiet runs. If not, all runs are used.
    pub(super) quiet: bool,
    /// Number of quiet runs among all runs.
    pub(super) quiet_runs: usize,
    pub(super) wall_secs: f64,
    pub(super) wall_secs_max: f64,
    pub(super) client_cpu_secs: f64,
    pub(super) database_cpu_secs: f64,
    pub(super) peak_bytes: u64,
    pub(super) out_bytes: Option<u64>,
}

impl Run {
    /// Returns true if the rest of the machine hardly disturbed the run.
    pub(super) fn quiet(&self) -> bool {
        self.other_cpu_secs < QUIET * self.wall_secs
    }
}

impl Rule {
    /// Returns true if a line with these runs needs no more of them.
    pub(super) fn satisfied(self, runs: &[Run]) -> bool {
        runs.iter().filter(|run| run.quiet()).count() >= self.quiet_runs || runs.len() >= self.most_rounds
    }

    /// Returns the result of a line, or `None` without any run.
    pub(super) fn summary(self, runs: &[Run]) -> Option<Summary> {
        let quiet: Vec<&Run> = runs.iter().filter(|run| run.quiet()).collect();
        let enough = quiet.len() >= self.quiet_runs;
        let used: Vec<&Run> = if enough {
            quiet.iter().copied().take(self.quiet_runs).collect()
        } else {
            runs.iter().collect()
        };
        let least = |of: fn(&Run) -> f64| used.iter().map(|run| of(run)).reduce(f64::min);
        Some(Summary {
            runs: used.len(),
            quiet: enough,
            quiet_runs: quiet.len(),
            wall_secs: least(|run| run.wall_secs)?,
            wall_secs_max: used.iter().map(|run| run.wall_secs).fold(0.0, f64::max),
            client_cpu_secs: least(|run| run.client_cpu_secs)?,
            database_cpu_secs: least(|run| run.database_cpu_secs)?,
            // A memory limit must hold in every run, so this is the maximum.
            peak_bytes: used.iter().map(|run| run.peak_bytes).max()?,
            out_bytes: used.iter().find_map(|run| run.out_bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { quiet_runs: 2, most_rounds: 4 };

    fn run(wall_secs: f64, other_cpu_secs: f64, peak_bytes: u64) -> Run {
        let (client_cpu_secs, database_cpu_secs) = (wall_secs / 2.0, wall_secs / 4.0);
        Run { wall_secs, client_cpu_secs, database_cpu_secs, other_cpu_secs, peak_bytes, out_bytes: Some(7) }
    }

    #[test]
    fn a_run_is_quiet_below_a_tenth_of_its_time() {
        assert!(run(2.0, 0.19, 0).quiet());
        assert!(!run(2.0, 0.20, 0).quiet());
        assert!(!Run::default().quiet());
    }

    #[test]
    fn the_first_quiet_runs_are_kept_not_the_best() {
        let runs = [run(1.0, 0.5, 99), run(3.0, 0.0, 10), run(2.5, 0.0, 30), run(2.0, 0.0, 20)];
        assert!(RULE.satisfied(&runs) && RULE.satisfied(&runs[..3]) && !RULE.satisfied(&runs[..2]));
        let summary = RULE.summary(&runs).unwrap();
        assert_eq!((summary.runs, summary.quiet, summary.quiet_runs), (2, true, 3));
        assert_eq!((summary.wall_secs, summary.wall_secs_max), (2.5, 3.0));
        assert_eq!((summary.client_cpu_secs, summary.database_cpu_secs), (1.25, 0.625));
        assert_eq!((summary.peak_bytes, summary.out_bytes), (30, Some(7)));
    }

    #[test]
    fn with_too_few_quiet_runs_all_runs_count() {
        let runs = [run(1.0, 0.5, 1), run(3.0, 0.0, 2)];
        let summary = RULE.summary(&runs).unwrap();
        assert_eq!((summary.runs, summary.quiet, summary.quiet_runs), (2, false, 1));
        assert_eq!((summary.wall_secs, summary.wall_secs_max), (1.0, 3.0));
        assert_eq!(RULE.summary(&[]), None);
    }

    #[test]
    fn runs_end_even_on_a_busy_machine() {
        let runs: Vec<Run> = (0..4).map(|_| run(1.0, 1.0, 1)).collect();
        assert!(RULE.satisfied(&runs) && !RULE.satisfied(&runs[..3]));
    }
}
