//! Audit events: the actor, the action, its target and its outcome. Each is one structured log line, always logged,
//! whatever `RUST_LOG` is. `SECURITY.md` lists the events and their fields; this is the only place that writes them.

/// The target of audit events in the log.
pub const TARGET: &str = "audit";

/// Maximum length of a repeated text of a client, in characters.
const MAX_CHARS: usize = 200;

/// One event. A field that does not apply is left out of the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Event<'a> {
    /// Name of the audited action, such as `export created`.
    pub event: &'a str,
    /// Outcome: `done`, `replayed`, `refused` or `failed`.
    pub outcome: &'a str,
    /// Tenant it belongs to.
    pub tenant: Option<&'a str>,
    /// Actor: `key <id>`, `token <subject>`, `operator`, `deployment` or `nobody`.
    pub by: &'a str,
    /// HTTP status of the response.
    pub status: Option<u16>,
    /// Id of the export.
    pub export: Option<&'a str>,
    /// Name of the file.
    pub file: Option<&'a str>,
    /// Number of links returned.
    pub links: Option<u64>,
    /// Id of the key that was created or revoked.
    pub key: Option<&'a str>,
    /// Name of the dataset.
    pub dataset: Option<&'a str>,
    /// Revision of the catalog.
    pub revision: Option<&'a str>,
    /// Further details in words, without secrets and row values.
    pub detail: Option<&'a str>,
    /// Request id at AWS, by which CloudTrail identifies an operator.
    pub request: Option<&'a str>,
}

impl Event<'_> {
    /// Logs the event.
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

/// Limits a text to the maximum length and removes control characters, since a client may have written it.
fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_text_is_cut_and_has_no_line_break() {
        assert_eq!(short("a\r\n\u{1b}[31mb"), "a[31mb");
        assert_eq!(short(&"é".repeat(1000)).chars().count(), MAX_CHARS);
    }
}
