//! Counts of events, and descriptions of violations.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Counts and violations.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: Mutex<BTreeMap<String, u64>>,
    most: Mutex<BTreeMap<String, u64>>,
    violations: Mutex<Vec<String>>,
}

impl Tally {
    pub(crate) fn count(&self, what: &str) {
        self.add(what, 1);
    }

    pub(crate) fn add(&self, what: &str, many: u64) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what.to_owned()).or_default() += many;
    }

    /// Records the maximum ever seen of something.
    pub(crate) fn most(&self, what: &str, seen: u64) {
        let mut most = self.most.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = most.entry(what.to_owned()).or_default();
        *entry = seen.max(*entry);
    }

    /// Records a violation.
    pub(crate) fn violation(&self, what: String) {
        println!("VIOLATION: {what}");
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | times |\n|---|---|")?;
        for (what, times) in &*self.counts.lock().unwrap_or_else(PoisonError::into_inner) {
            writeln!(f, "| {what} | {times} |")?;
        }
        for (what, seen) in &*self.most.lock().unwrap_or_else(PoisonError::into_inner) {
            writeln!(f, "| {what}, at most | {seen} |")?;
        }
        write!(f, "| violations | {} |", self.violations().len())
    }
}
