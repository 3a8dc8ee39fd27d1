//! Filters of a list of exports.

use std::collections::BTreeMap;

use export::state::ExportStatus;

/// Filters of a list of exports, all of which must hold. The default has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportFilter {
    /// Status of the exports.
    pub status: Option<ExportStatus>,
    /// Name of a dataset that they have.
    pub dataset: Option<String>,
    /// Their label.
    pub label: Option<String>,
    /// Part of their label, in upper or lower case.
    pub label_contains: Option<String>,
    /// Labels that they have, by name.
    pub labels: BTreeMap<String, String>,
    /// First time of acceptance: a day of UTC, or an RFC 3339 instant.
    pub accepted_from: Option<String>,
    /// Time before which they were accepted: a day of UTC, or an RFC 3339 instant.
    pub accepted_before: Option<String>,
}

impl ExportFilter {
    /// Returns the parameters of the query.
    pub(super) fn parameters(&self) -> Vec<(&'static str, String)> {
        let labels: Vec<_> = self.labels.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        let all = [
            ("status", self.status.map(|status| status.as_str().to_owned())),
            ("dataset", self.dataset.clone()),
            ("label", self.label.clone()),
            ("labelContains", self.label_contains.clone()),
            ("labels", (!labels.is_empty()).then(|| labels.join(","))),
            ("acceptedFrom", self.accepted_from.clone()),
            ("acceptedBefore", self.accepted_before.clone()),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}
