//! Report of the checks and their findings.

use serde::Serialize;

/// Findings in order.
#[derive(Debug, Default)]
pub(super) struct CheckReport {
    lines: Vec<Line>,
}

/// Finding of a check.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    what: &'static str,
    ok: bool,
    /// True if it works but should be changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    warning: bool,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl CheckReport {
    pub(super) fn fine(&mut self, what: &'static str, text: impl Into<String>) {
        self.push(what, true, text.into(), None);
    }

    pub(super) fn wrong(&mut self, what: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.push(what, false, text.into(), Some(remedy.into()));
    }

    /// Adds a warning: it works but should be changed.
    pub(super) fn warn(&mut self, what: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.push(what, true, text.into(), Some(remedy.into()));
    }

    /// Adds a finding. A finding that is fine but has a remedy is a warning.
    fn push(&mut self, what: &'static str, ok: bool, text: String, remedy: Option<String>) {
        self.lines.push(Line { what, ok, warning: ok && remedy.is_some(), text, remedy });
    }

    /// Appends the findings of another report.
    pub(super) fn append(&mut self, mut other: Self) {
        self.lines.append(&mut other.lines);
    }

    pub(super) fn warnings(&self) -> usize {
        self.lines.iter().filter(|line| line.warning).count()
    }

    pub(super) fn is_fine(&self) -> bool {
        self.lines.iter().all(|line| line.ok)
    }

    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub(super) fn text(&self) -> String {
        let line = |line: &Line| match &line.remedy {
            None => format!("ok     {}: {}", line.what, line.text),
            Some(remedy) if line.warning => format!("warn   {}: {}; {remedy}", line.what, line.text),
            Some(remedy) => format!("wrong  {}: {}; {remedy}", line.what, line.text),
        };
        self.lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
