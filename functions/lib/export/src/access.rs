//! Permissions of a client in addition to its tenant: the datasets it may see and whether it may write.

use std::collections::BTreeSet;

use crate::catalog::{Dataset, Revision};

/// Permissions of a key or token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Names of the datasets the client may see, in lower case; `None` means all.
    pub datasets: Option<BTreeSet<String>>,
    /// True if the client may create, cancel, delete, retry and extend exports; otherwise it may only read.
    pub writes: bool,
}

impl Access {
    /// Returns access to everything of the tenant, including writes.
    pub fn full() -> Self {
        Self { datasets: None, writes: true }
    }

    /// Returns true if some datasets are hidden from the client.
    pub fn is_scoped(&self) -> bool {
        self.datasets.is_some()
    }

    /// Returns the datasets the client may see, in order; `None` means all.
    pub fn datasets(&self) -> Option<Vec<String>> {
        self.datasets.as_ref().map(|names| names.iter().cloned().collect())
    }

    /// Returns true if the client may see the dataset of this name, written as in the catalog.
    pub fn sees(&self, dataset: &str) -> bool {
        self.datasets.as_ref().is_none_or(|names| names.contains(dataset))
    }

    /// Returns true if the client may see all of them. An export that has a hidden dataset is hidden as well.
    pub fn sees_all<'a>(&self, datasets: impl IntoIterator<Item = &'a str>) -> bool {
        datasets.into_iter().all(|name| self.sees(name))
    }
}

impl Revision {
    /// Returns the same catalog with only the datasets for which `keep` returns true.
    pub fn narrowed(&self, keep: impl Fn(&str, &Dataset) -> bool) -> Self {
        let kept = self.datasets.iter().filter(|(name, dataset)| keep(name, dataset));
        Self { datasets: kept.map(|(name, dataset)| (name.clone(), dataset.clone())).collect() }
    }

    /// Returns the part of the catalog that exists for a client; `None` if that is all of it. Datasets whose rows have no owner
    /// are hidden if there may be several tenants.
    pub fn visible(&self, access: &Access, many_tenants: bool) -> Option<Self> {
        let exists =
            |name: &str, dataset: &Dataset| access.sees(name) && !(many_tenants && dataset.is_open());
        let all = self.datasets.iter().all(|(name, dataset)| exists(name, dataset));
        (!all).then(|| self.narrowed(exists))
    }
}

impl Dataset {
    /// Returns true if neither a tenant column nor `shared` is set. Rows then have no owner, which fits a deployment
    /// with one tenant only.
    pub fn is_open(&self) -> bool {
        self.tenant_column.is_none() && !self.shared
    }
}

/// Reads a list of names as an identity provider writes it: separated by white space or commas, with or without
/// brackets. `*` alone means all datasets and gives `None`.
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
    fn dataset_lists_are_parsed_in_every_provider_format() {
        for text in ["orders clients", "orders,clients", "[orders clients]", "[\"Orders\", \"clients\"]"] {
            let seen = access(text);
            assert!(seen.sees_all(["orders", "clients"]) && !seen.sees("invoices"), "{text}");
        }
        assert!(access("*").sees("anything") && !access("*").is_scoped());
        assert!(access("[*]").sees("anything"));
    }

    #[test]
    fn empty_dataset_list_sees_no_dataset() {
        for text in ["", " ", "[]", ","] {
            assert!(access(text).is_scoped() && !access(text).sees("orders"), "{text:?}");
        }
        assert!(!access("* orders").sees("clients"), "a star among names is a name");
        assert!(!access("orders").sees_all(["orders", "clients"]));
        assert!(access("orders").sees_all([]));
    }

    #[test]
    fn narrowed_catalog_has_only_matching_datasets() {
        let dataset = |shared| Dataset {
            from: crate::catalog::From::Query("select 1".into()),
            columns: vec![],
            range: None,
            key: None,
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
