//! What is found wrong with one dataset, and the line between its faults and the source's.

use export::catalog::Definition;
use export::problem::Violation;

use crate::source::SourceError;
use crate::source::inspect::{server_routine, server_text};

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

    /// Something that must be mended before the catalog can be applied. An empty key means the dataset.
    pub(super) fn violation(&mut self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.violations.push(Violation::new(self.pointer(key), message, remedy));
    }

    /// Something that the operator should know.
    pub(super) fn warning(&mut self, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.warnings.push(Violation::new(self.pointer(key), message, remedy));
    }

    /// Turns the server's refusal of a question into a violation at `key`; other errors pass.
    pub(super) fn answer<T>(
        &mut self,
        key: &str,
        answer: Result<T, SourceError>,
    ) -> Result<Option<T>, SourceError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if blames_dataset(error.sqlstate.as_deref()) => {
                self.refusal(key, &error, None);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The violation for an error of the source, with a remedy that the caller knows better, or that of its code.
    pub(super) fn refusal(&mut self, key: &str, error: &SourceError, better: Option<String>) {
        let state = error.sqlstate.clone().unwrap_or_default();
        let text = server_text(error);
        let remedy = better.unwrap_or_else(|| remedy(&state, is_row_security(error)).to_owned());
        let code = if state.is_empty() || text.contains(&state) {
            String::new()
        } else {
            format!(" (SQLSTATE {state})")
        };
        self.violation(key, format!("the source refuses it: {text}{code}"), remedy);
    }

    /// How many violations there are so far.
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

/// The key that says what is read.
pub(super) fn key(definition: &Definition) -> &'static str {
    if definition.query.is_some() { "query" } else { "relation" }
}

/// Whether an error is about what was asked, rather than about the server or the session. One that ended the session, or
/// may be either, passes to `resolve`, which looks whether the session still answers.
fn blames_dataset(sqlstate: Option<&str>) -> bool {
    let Some(state) = sqlstate else { return false };
    match state.get(..2).unwrap_or_default() {
        "08" | "28" | "3D" | "58" => false,
        "53" => state == "53400",
        "57" => state == "57014",
        "25" => state == "25006",
        _ => true,
    }
}

/// Whether a policy of row security stands in the way: the server's function that says so has one name in all languages.
pub(super) fn is_row_security(error: &SourceError) -> bool {
    error.sqlstate.as_deref() == Some("42501") && server_routine(error) == Some("check_enable_rls")
}

/// What ends the refusal. Each was carried out in `functions/admin/tests/resolve/remedies.rs`, where a catalog can.
fn remedy(state: &str, row_security: bool) -> &'static str {
    match state {
        "55P03" | "40001" | "40P01" => "something else held it up; run the same command again later",
        "57014" => {
            "it took longer than statement_timeout of the source role, or was canceled; run it again, and if it stays make what it reads faster"
        }
        "25P03" | "25P04" | "57P05" => {
            "a timeout of the server ended the session; lift transaction_timeout and the like for the source role, or make what it reads faster"
        }
        "25006" => "it writes, and the source is only read; export what it reads without what writes",
        "54011" => {
            "it has too many columns for one statement of a chunk; list fewer in columns, or exclude some"
        }
        "42501" if row_security => {
            "a policy would hide rows: give the source role bypassrls, or export through a view of the table's owner"
        }
        "42501" => "grant select on all that it reads to the source role, and usage on the schemas",
        "42P01" | "3F000" | "42883" => {
            "correct the name, and write it with its schema: the source role's search_path is pg_catalog"
        }
        "42704" => "create what the message names, or correct its name and write it with its schema",
        "42703" => "correct the name of the column",
        "22P05" | "22021" => {
            "a text has characters that UTF-8, or its own encoding, does not have; leave the column out, or convert it in a query"
        }
        state if state.starts_with("22") => {
            "a value cannot be computed or converted; correct the value, or the expression that reads it"
        }
        _ => "try the statement in psql as the source role and correct it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_of_the_question_are_the_datasets_fault() {
        for state in ["42P01", "42501", "22012", "0A000", "55P03", "57014", "25006", "53400", "P0001"] {
            assert!(blames_dataset(Some(state)), "{state}");
        }
        for state in ["53300", "08P01", "57P01", "28P01", "3D000", "25P03", "25P04", "58030"] {
            assert!(!blames_dataset(Some(state)), "{state}");
        }
        assert!(!blames_dataset(None));
    }

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
