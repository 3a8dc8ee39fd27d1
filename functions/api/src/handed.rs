//! Links handed out in a response. They are counted where they are created, and the audit log reads the count from
//! the response, so no method, path or spelling of a request can obtain a link without an audit event.

use export::id::{ExportId, TenantId};

use crate::context::Context;
use crate::layers::Caller;
use crate::refusal::Refusal;

/// Links to objects of one export that were created for one response.
#[derive(Clone, Debug)]
#[must_use = "it belongs into the response, for the audit"]
pub(crate) struct Handed {
    /// Name of the audit event.
    pub(crate) event: &'static str,
    pub(crate) export: ExportId,
    /// Name of the file, if the link is to a single file.
    pub(crate) file: Option<String>,
    pub(crate) links: u64,
}

impl Handed {
    pub(crate) const FILE: &'static str = "file link handed out";
    pub(crate) const FILES: &'static str = "file links handed out";
    pub(crate) const MANIFEST: &'static str = "manifest link handed out";

    pub(crate) fn file(export: ExportId, name: &str) -> Self {
        Self { event: Self::FILE, export, file: Some(name.to_owned()), links: 0 }
    }

    pub(crate) fn files(export: ExportId) -> Self {
        Self { event: Self::FILES, export, file: None, links: 0 }
    }

    pub(crate) fn manifest(export: ExportId) -> Self {
        Self { event: Self::MANIFEST, export, file: None, links: 0 }
    }

    /// Creates a link to an object of the caller's tenant. Any other key is never signed, whatever its origin.
    pub(crate) async fn link(
        &mut self,
        context: &Context,
        caller: &Caller,
        key: &str,
        download_name: &str,
    ) -> Result<String, Refusal> {
        if !is_of(&caller.0, key) {
            tracing::error!(tenant = %caller.0, export = %self.export, "an object outside of the tenant's prefix was not signed");
            return Err(Refusal::internal());
        }
        let link = context.link(key, download_name).await?;
        self.links += 1;
        Ok(link)
    }
}

/// Returns true if the key names an object below `t/{tenant}/`, both literally and when resolved as a path.
fn is_of(tenant: &TenantId, key: &str) -> bool {
    let rest = key.strip_prefix("t/").and_then(|rest| rest.strip_prefix(tenant.as_str()));
    let below = rest.and_then(|rest| rest.strip_prefix('/')).is_some_and(|name| !name.is_empty());
    below && key.split(['/', '\\']).all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_of_the_tenant_are_signed() {
        let tenant: TenantId = "acme".parse().unwrap();
        for key in ["t/acme/c/1/1.csv.gz", "t/acme/x/1/ab.json"] {
            assert!(is_of(&tenant, key), "{key}");
        }
        for key in [
            "",
            "t/acme",
            "t/acme/",
            "t/acme2/c/1.csv",
            "t/other/c/1.csv",
            "/t/acme/c/1.csv",
            "x/t/acme/c/1.csv",
            "t/acme/../other/c/1.csv",
            "t/acme/./c/1.csv",
            "t/acme//c/1.csv",
            "t/acme/..\\other/1.csv",
            "t/ACME/c/1.csv",
        ] {
            assert!(!is_of(&tenant, key), "{key}");
        }
    }
}
