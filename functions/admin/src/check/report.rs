//! What was looked at, and what was found.

use serde::Serialize;

/// The findings in order.
#[derive(Debug, Default)]
pub(super) struct Report {
    lines: Vec<Line>,
}

/// One finding.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    what: &'static str,
    ok: bool,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Report {
    pub(super) fn fine(&mut self, what: &'static str, text: impl Into<String>) {
        self.lines.push(Line { what, ok: true, text: text.into(), remedy: None });
    }

    pub(super) fn wrong(&mut self, what: &'static str, text: impl Into<String>, remedy: impl Into<String>) {
        self.lines.push(Line { what, ok: false, text: text.into(), remedy: Some(remedy.into()) });
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
            Some(remedy) => format!("wrong  {}: {}; {remedy}", line.what, line.text),
        };
        self.lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
