//! What a caller may do beside belonging to a tenant: which datasets exist for it, and whether it may change anything.

use std::collections::BTreeSet;

use crate::catalog::{Dataset, Revision};

/// What a key or token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Names of the datasets that exist for the caller, in lower case; `None` means all.
    pub datasets: Option<BTreeSet<String>>,
    /// Whether the caller may create, cancel, delete, retry and extend exports; without it only read.
    pub writes: bool,
}

impl Access {
    /// Everything of the tenant.
    pub fn full() -> Self {
        Self { datasets: None, writes: true }
    }

    /// Whether some datasets do not exist for the caller.
    pub fn is_scoped(&self) -> bool {
        self.datasets.is_some()
    }

    /// The datasets that exist for the caller, in order; `None`: all.
    pub fn datasets(&self) -> Option<Vec<String>> {
        self.datasets.as_ref().map(|names| names.iter().cloned().collect())
    }

    /// Whether the dataset of this name, written as the catalog writes it, exists for the caller.
    pub fn sees(&self, dataset: &str) -> bool {
        self.datasets.as_ref().is_none_or(|names| names.contains(dataset))
    }

    /// Whether all of them do. An export with a dataset that does not exist for the caller does not either.
    pub fn sees_all<'a>(&self, datasets: impl IntoIterator<Item = &'a str>) -> bool {
        datasets.into_iter().all(|name| self.sees(name))
    }
}

impl Revision {
    /// The same catalog with those datasets alone that `keep` says yes to.
    pub fn narrowed(&self, keep: impl Fn(&str, &Dataset) -> bool) -> Self {
        let kept = self.datasets.iter().filter(|(name, dataset)| keep(name, dataset));
        Self { datasets: kept.map(|(name, dataset)| (name.clone(), dataset.clone())).collect() }
    }
}

impl Dataset {
    /// Whether nothing says whose rows these are: fit for a deployment with one tenant only.
    pub fn is_open(&self) -> bool {
        self.tenant_column.is_none() && !self.shared
    }
}

/// Reads names from a text as an identity provider writes a list: separated by white space or commas, in brackets or
/// not. `*` alone means all, and is `None`.
pub fn datasets_in(text: &str) -> Option<BTreeSet<String>> {
    let inner = text.trim();
    let inner = inner.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(inner);
    let names = inner.split(|c: char| c == ',' || c.is_whitespace());
    let names: BTreeSet<_> = names
        .map(|name| name.trim_matches('"').to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    (names.len() != 1 || !names.contains("*")).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(names: &str) -> Access {
        Access { datasets: datasets_in(names), writes: true }
    }

    #[test]
    fn lists_are_read_however_a_provider_writes_them() {
        for text in ["orders clients", "orders,clients", "[orders clients]", "[\"Orders\", \"clients\"]"] {
            let seen = access(text);
            assert!(seen.sees_all(["orders", "clients"]) && !seen.sees("invoices"), "{text}");
        }
        assert!(access("*").sees("anything") && !access("*").is_scoped());
        assert!(access("[*]").sees("anything"));
    }

    #[test]
    fn nothing_named_is_nothing_seen() {
        for text in ["", " ", "[]", ","] {
            assert!(access(text).is_scoped() && !access(text).sees("orders"), "{text:?}");
        }
        assert!(!access("* orders").sees("clients"), "a star among names is a name");
        assert!(!access("orders").sees_all(["orders", "clients"]));
        assert!(access("orders").sees_all([]));
    }

    #[test]
    fn a_narrowed_catalog_has_nothing_else() {
        let dataset = |shared| Dataset {
            from: crate::catalog::From::Query("select 1".into()),
            columns: vec![],
            range: None,
            tenant_column: None,
            shared,
            filters: vec![],
            settle_after_secs: None,
            order: vec![],
            epoch: 1,
            search_path: vec![],
        };
        let datasets = [("a", dataset(true)), ("b", dataset(false)), ("c", dataset(true))];
        let revision = Revision { datasets: datasets.map(|(name, d)| (name.to_owned(), d)).into() };
        let names = |revision: Revision| revision.datasets.into_keys().collect::<Vec<_>>();
        assert_eq!(names(revision.narrowed(|name, _| access("a b").sees(name))), ["a", "b"]);
        assert_eq!(names(revision.narrowed(|_, dataset| !dataset.is_open())), ["a", "c"]);
    }
}
