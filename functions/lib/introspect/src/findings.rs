//! Findings on one dataset, and the distinction between its errors and the source's.

use export::catalog::Definition;
use export::problem::Violation;

use source::{SourceCode, SourceError};

/// Collects violations and warnings of one dataset.
#[derive(Debug)]
pub(super) struct Findings {
    path: String,
    violations: Vec<Violation>,
    warnings: Vec<Violation>,
}

impl Findings {
    pub(super) fn new(dataset: &str) -> Self {
        Self { path: format!("datasets.{dataset}"), violations: Vec::new(), warnings: Vec::new() }
    }

    /// Adds an error that must be fixed before the catalog can be applied. An empty key means the dataset.
    pub(super) fn violation(&mut self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.violations.push(Violation::new(self.pointer(key), message, remedy));
    }

    /// Adds a warning for the operator.
    pub(super) fn warning(&mut self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.warnings.push(Violation::new(self.pointer(key), message, remedy));
    }

    /// Turns an error response of the server to a query into a violation at `key`; other errors are returned.
    pub(super) fn answer<T>(
        &mut self,
        key: &str,
        answer: Result<T, SourceError>,
    ) -> Result<Option<T>, SourceError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            // A session that was refused or ended is passed to `resolve`, because it may be unrelated to the dataset.
            Err(error) if error.sqlstate.is_some() && error.code.signal().is_none() => {
                self.refusal(key, &error, None);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Adds the violation for an error of the source, with the caller's better remedy, or with that of its code.
    pub(super) fn refusal(&mut self, key: &str, error: &SourceError, better: Option<String>) {
        let remedy = better.unwrap_or_else(|| remedy(error).to_owned());
        let what = error.what();
        // The name and the condition follow; "no longer" would be wrong for a dataset that was never applied.
        let known = [SourceCode::Query, SourceCode::SchemaChanged];
        let message = match known.iter().find_map(|code| what.strip_prefix(code.what())) {
            Some(place) => format!("the source rejected the statement{place}"),
            None => format!("the source rejected the statement: {what}"),
        };
        self.violation(key, message, remedy);
    }

    /// Returns the number of violations so far.
    pub(super) fn violations(&self) -> usize {
        self.violations.len()
    }

    pub(super) fn into_parts(self) -> (Vec<Violation>, Vec<Violation>) {
        (self.violations, self.warnings)
    }

    fn pointer(&self, key: &str) -> String {
        if key.is_empty() { self.path.clone() } else { format!("{}.{key}", self.path) }
    }
}

/// Returns the key that defines the relation or query.
pub(super) fn key(definition: &Definition) -> &'static str {
    if definition.query.is_some() { "query" } else { "relation" }
}

/// Returns the remedy for the error. Each remedy that a catalog can produce was carried out in
/// `functions/admin/tests/resolve/remedies.rs`.
fn remedy(error: &SourceError) -> &'static str {
    let state = error.sqlstate.as_deref().unwrap_or_default();
    match state {
        "55P03" | "40001" | "40P01" => {
            "a concurrent operation blocked the statement; run the same command again later"
        }
        "57014" => {
            "the statement took longer than statement_timeout of the source role, or was canceled; run it again, and if it fails again make the query faster"
        }
        "25P03" | "25P04" | "57P05" => {
            "a timeout of the server ended the session; raise transaction_timeout and similar timeouts for the source role, or make the query faster"
        }
        "25006" => {
            "the statement writes, but the source is read-only; export a relation or query that only reads"
        }
        "54011" => {
            "the dataset has too many columns for the statement of a chunk; list fewer in columns, or exclude some"
        }
        "42501" if error.code == SourceCode::RowSecurity => {
            "a row-level security policy would hide rows: give the source role bypassrls, or export through a view of the table's owner"
        }
        "42501" => {
            "grant the source role select on all relations that the statement reads, and usage on their schemas"
        }
        "42704" if error.routine.as_deref() == Some("GetUserMapping") => {
            "create a user mapping for the source role at the foreign server"
        }
        "42P01" | "3F000" | "42883" | "42704" => {
            "correct the name, and write it with its schema or add that to search_path: without it only pg_catalog is searched"
        }
        "42703" => "correct the name of the column",
        "22P05" | "22021" => {
            "a text has characters that are not valid in UTF-8 or in its own encoding; exclude the column, or convert it in a query"
        }
        state if state.starts_with("22") => {
            "a value cannot be computed or converted; correct the value, or the expression that reads it"
        }
        _ if matches!(error.code, SourceCode::Foreign | SourceCode::Corrupted) => error.code.remedy(),
        _ => "try the statement in psql as the source role and correct it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_the_dataset_and_the_key() {
        let mut findings = Findings::new("orders");
        findings.violation("range_column", "a", "b");
        findings.warning("", "a", "b");
        let (violations, warnings) = findings.into_parts();
        assert_eq!(
            (violations[0].pointer.as_str(), warnings[0].pointer.as_str()),
            ("datasets.orders.range_column", "datasets.orders")
        );
    }
}
