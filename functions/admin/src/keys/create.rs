//! `keys create`: creates a key for a tenant, and the tenant if it is new.

use std::collections::BTreeSet;

use export::access::Access;
use export::catalog::Revision;
use export::id::TenantId;
use export::near::near;
use serde_json::json;
use store::NewKey;

use super::{DEFAULT_LIFE, id_of, life};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::CommandOutput;

/// Properties of the key to create.
pub(crate) struct KeyTerms<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) label: &'a str,
    /// Datasets visible to the key. `None`: all datasets.
    pub(crate) datasets: Option<&'a [String]>,
    pub(crate) read_only: bool,
    /// Lifetime such as `90d`, or `never`. `None`: [`DEFAULT_LIFE`].
    pub(crate) expires: Option<&'a str>,
}

/// Creates a key; each call creates another one. The result is the only place where the key is ever shown.
pub(crate) async fn run(context: &Context, terms: &KeyTerms<'_>) -> Result<CommandOutput, Failure> {
    let tenant: TenantId =
        terms.tenant.parse().map_err(|error| Failure::Refused(format!("tenant: {error}")))?;
    let expires = terms.expires.unwrap_or(DEFAULT_LIFE);
    let expires_secs = life(expires).map_err(Failure::Refused)?;
    let applied = context.store.applied_catalog().await?;
    let revision = applied.as_ref().map(|applied| &applied.revision);
    let datasets =
        terms.datasets.map(|names| scope(names, revision)).transpose().map_err(Failure::Refused)?;
    let known = context.store.keys().await?.iter().any(|key| key.tenant == tenant.as_str());
    if !known && context.store.tenants().await? > 0 {
        let open = revision.map(open).unwrap_or_default();
        if !open.is_empty() {
            return Ok(CommandOutput::refused(refusal(&tenant, &open)));
        }
    }
    let access = Access { datasets, writes: !terms.read_only };
    let what = words(&access, expires_secs.map(|_| expires));
    let label = terms.label.to_owned();
    let new = NewKey { tenant: tenant.clone(), label, access, expires_secs };
    let key = context.store.create_key_for(&new).await?;
    let mut text = format!("{key}\nAPI key of tenant {tenant}, {what}. Store it now: it is not shown again.");
    if context.settings.tokens {
        text.push_str("\nnote: this deployment authenticates by token (Auth is jwt), so keys do not work");
    }
    let data = json!({
        "key": key, "id": id_of(&key), "tenant": tenant, "label": new.label,
        "datasets": new.access.datasets, "readOnly": terms.read_only, "expiresInSeconds": expires_secs,
    });
    Ok(CommandOutput::done(text, data))
}

/// Returns the dataset names in the spelling of the catalog. A name missing from the catalog is most likely a typo;
/// before the first catalog any name is accepted.
fn scope(names: &[String], revision: Option<&Revision>) -> Result<BTreeSet<String>, String> {
    if names.is_empty() {
        return Err("datasets: the list is empty; name at least one, or omit it for all".to_owned());
    }
    let lower = names.iter().map(|name| name.trim().to_ascii_lowercase());
    let lower: BTreeSet<String> = lower.collect();
    let Some(revision) = revision else { return Ok(lower) };
    for name in &lower {
        if !revision.datasets.contains_key(name) {
            let near = near(name, revision.datasets.keys().map(String::as_str));
            let hint =
                if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
            return Err(format!("datasets: the catalog has no dataset {name:?}{hint}"));
        }
    }
    Ok(lower)
}

pub(super) fn words(access: &Access, expires: Option<&str>) -> String {
    let datasets = match &access.datasets {
        None => "for all datasets".to_owned(),
        Some(names) => format!("for {} only", names.iter().cloned().collect::<Vec<_>>().join(", ")),
    };
    let reads = if access.writes { "" } else { ", read-only" };
    let ends = expires.map_or_else(|| "without expiry".to_owned(), |text| format!("valid for {text}"));
    format!("{datasets}{reads}, {ends}")
}

/// Returns the datasets without a rule that assigns their rows to tenants.
fn open(revision: &Revision) -> Vec<&str> {
    let open = revision.datasets.iter().filter(|(_, dataset)| dataset.is_open());
    open.map(|(name, _)| name.as_str()).collect()
}

fn refusal(tenant: &TenantId, open: &[&str]) -> String {
    let shown = open.iter().take(10).copied().collect::<Vec<_>>().join(", ");
    let more = if open.len() > 10 { format!(" and {} more", open.len() - 10) } else { String::new() };
    format!(
        "{tenant} would be the second tenant, and would see all rows of {shown}{more}; give these datasets a tenant_column, or shared = true if that is intended, and apply the catalog first"
    )
}

#[cfg(test)]
mod tests {
    use export::catalog::{Dataset, From};

    use super::*;

    fn dataset(tenant_column: Option<&str>, shared: bool) -> Dataset {
        Dataset {
            from: From::Query("select 1 as one".into()),
            columns: vec![],
            range: None,
            key: None,
            tenant_column: tenant_column.map(Into::into),
            shared,
            filters: vec![],
            settle_after_secs: None,
            order: vec![],
            epoch: 1,
            search_path: vec![],
        }
    }

    fn revision() -> Revision {
        let datasets =
            [("a", dataset(Some("account"), false)), ("b", dataset(None, true)), ("c", dataset(None, false))];
        Revision { datasets: datasets.map(|(name, dataset)| (name.to_owned(), dataset)).into() }
    }

    #[test]
    fn datasets_without_tenant_column_or_shared_are_open() {
        assert_eq!(open(&revision()), ["c"]);
        assert!(refusal(&"acme".parse().unwrap(), &open(&revision())).contains("all rows of c;"));
    }

    #[test]
    fn key_scope_must_name_existing_datasets() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let scoped = scope(&names(&["B", " a"]), Some(&revision())).unwrap();
        assert_eq!(scoped.into_iter().collect::<Vec<_>>(), ["a", "b"]);
        assert!(scope(&names(&["b", "orders"]), Some(&revision())).unwrap_err().contains("orders"));
        assert!(scope(&names(&["orders"]), None).is_ok());
        assert!(scope(&[], None).is_err());
    }

    #[test]
    fn key_access_is_described() {
        let datasets = Some(["a".to_owned(), "b".to_owned()].into());
        let access = Access { datasets, writes: false };
        assert_eq!(words(&access, Some("90d")), "for a, b only, read-only, valid for 90d");
        assert_eq!(words(&Access::full(), None), "for all datasets, without expiry");
    }
}
