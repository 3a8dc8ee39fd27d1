//! Audit events: who did what to what, and what came of it. One structured log line each, always logged, whatever
//! `RUST_LOG` says. `SECURITY.md` lists the events and their fields; this is the one place that writes them.

/// The target of audit events in the log.
pub const TARGET: &str = "audit";

/// Longest text of a caller's that is repeated, in characters.
const LONGEST: usize = 200;

/// One event. A field that does not apply is left out of the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Event<'a> {
    /// What happened, such as `export created`.
    pub event: &'a str,
    /// `done`, `replayed`, `refused` or `failed`.
    pub outcome: &'a str,
    /// Whom it belongs to.
    pub tenant: Option<&'a str>,
    /// Who: `key <id>`, `token <subject>`, `operator` or `nobody`.
    pub by: &'a str,
    /// The HTTP status it was answered with.
    pub status: Option<u16>,
    /// The export.
    pub export: Option<&'a str>,
    /// The file's name.
    pub file: Option<&'a str>,
    /// How many links were handed out.
    pub links: Option<u64>,
    /// The id of the key that was made or revoked.
    pub key: Option<&'a str>,
    /// The dataset.
    pub dataset: Option<&'a str>,
    /// The catalog's revision.
    pub revision: Option<&'a str>,
    /// What else there is to say, in words without secrets and row values.
    pub detail: Option<&'a str>,
    /// The request's id at AWS, by which CloudTrail knows an operator.
    pub request: Option<&'a str>,
}

impl Event<'_> {
    /// Writes it down.
    pub fn record(&self) {
        let by = short(self.by);
        let (file, detail) = (self.file.map(short), self.detail.map(short));
        tracing::info!(
            target: TARGET,
            event = self.event,
            outcome = self.outcome,
            tenant = self.tenant,
            by = by.as_str(),
            status = self.status,
            export = self.export,
            file = file.as_deref(),
            links = self.links,
            key = self.key,
            dataset = self.dataset,
            revision = self.revision,
            detail = detail.as_deref(),
            request = self.request,
            "audit"
        );
    }
}

/// At most so many characters of a text, and no control character: a caller may have written it.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_text_is_cut_and_has_no_line_break() {
        assert_eq!(short("a\r\n\u{1b}[31mb"), "a[31mb");
        assert_eq!(short(&"é".repeat(1000)).chars().count(), LONGEST);
    }
}
