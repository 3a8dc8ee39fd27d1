//! `keys create`: a key for a tenant, who is made too if new.

use export::catalog::Revision;
use export::id::TenantId;
use serde_json::json;

use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Makes a key; each call makes another one. The answer is the only place where it is ever shown.
pub(crate) async fn run(context: &Context, tenant: &str, label: &str) -> Result<Answer, Failure> {
    let tenant: TenantId = tenant.parse().map_err(|error| Failure::Refused(format!("tenant: {error}")))?;
    let known = context.store.keys().await?.iter().any(|key| key.tenant == tenant.as_str());
    if !known && context.store.tenants().await? > 0 {
        let applied = context.store.applied_catalog().await?;
        let open = applied.as_ref().map(|applied| open(&applied.revision)).unwrap_or_default();
        if !open.is_empty() {
            return Ok(Answer::refused(refusal(&tenant, &open)));
        }
    }
    let key = context.store.create_key(&tenant, label).await?;
    let text = format!("{key}\nthis is tenant {tenant}'s key; it is shown this once");
    Ok(Answer::done(text, json!({"key": key, "tenant": tenant, "label": label})))
}

/// Datasets of which nothing says whose rows they are.
fn open(revision: &Revision) -> Vec<&str> {
    let open =
        revision.datasets.iter().filter(|(_, dataset)| dataset.tenant_column.is_none() && !dataset.shared);
    open.map(|(name, _)| name.as_str()).collect()
}

fn refusal(tenant: &TenantId, open: &[&str]) -> String {
    let shown = open.iter().take(10).copied().collect::<Vec<_>>().join(", ");
    let more = if open.len() > 10 { format!(" and {} more", open.len() - 10) } else { String::new() };
    format!(
        "{tenant} would be the second tenant, and would see all rows of {shown}{more}; give these datasets a tenant_column, or shared = true if that is meant, and apply the catalog first"
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
            tenant_column: tenant_column.map(str::to_owned),
            shared,
            filters: vec![],
            settle_after_secs: None,
            order: vec![],
            epoch: 1,
        }
    }

    #[test]
    fn only_datasets_that_say_whose_rows_they_are_are_closed() {
        let datasets =
            [("a", dataset(Some("account"), false)), ("b", dataset(None, true)), ("c", dataset(None, false))];
        let revision =
            Revision { datasets: datasets.map(|(name, dataset)| (name.to_owned(), dataset)).into() };
        assert_eq!(open(&revision), ["c"]);
        assert!(refusal(&"acme".parse().unwrap(), &open(&revision)).contains("all rows of c;"));
    }
}
