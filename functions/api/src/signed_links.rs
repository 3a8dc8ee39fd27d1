//! Links handed out in a response. They are counted where they are created, and the audit log reads the count from
//! the response, so no method, path or spelling of a request can obtain a link without an audit event.

use export::id::{ExportId, TenantId};

use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;

/// Links to objects of one export that were created for one response.
#[derive(Clone, Debug)]
#[must_use = "it belongs into the response, for the audit"]
pub(crate) struct IssuedLinks {
    /// Name of the audit event.
    pub(crate) event: &'static str,
    pub(crate) export: ExportId,
    /// Name of the file, if the link is to a single file.
    pub(crate) file: Option<String>,
    pub(crate) links: u64,
}

impl IssuedLinks {
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
    ) -> Result<String, ApiError> {
        if !is_of(&caller.tenant, key) {
            tracing::error!(tenant = %caller.tenant, export = %self.export, "an object outside of the tenant's prefix was not signed");
            return Err(ApiError::internal());
        }
        let link = link_to(context, key, download_name).await?;
        self.links += 1;
        Ok(link)
    }
}

/// Returns a link to one object, valid for `link_secs` of the settings. Links are created per call and never stored.
///
/// The link uses the CDN if there is one that can sign it, and the storage otherwise.
async fn link_to(context: &Context, key: &str, download_name: &str) -> Result<String, ApiError> {
    if let Some(cdn) = &context.cdn
        && let Some(link) = cdn.link(key, context.settings.link_secs).await
    {
        return Ok(link);
    }
    // A program that saves the file under this name makes no folders.
    let name = download_name.replace('/', ".");
    let link = context.objects.presign_get(key, context.settings.link_secs, Some(&name)).await;
    link.map_err(|error| ApiError::hide(&error))
}

/// Returns the origin to which links of files lead, such as `https://files.example.com`, for the policy of the page. Its
/// link names no object and leaves this function in no form.
pub(crate) async fn files_origin(context: &Context) -> Option<String> {
    let link: http::Uri = link_to(context, "t/-", "-").await.ok()?.parse().ok()?;
    Some(format!("{}://{}", link.scheme_str()?, link.authority()?))
}

/// Returns true if the key names an object below `t/{tenant}/`, both literally and when resolved as a path.
fn is_of(tenant: &TenantId, key: &str) -> bool {
    let rest = key.strip_prefix("t/").and_then(|rest| rest.strip_prefix(tenant.as_str()));
    let below = rest.and_then(|rest| rest.strip_prefix('/')).is_some_and(|name| !name.is_empty());
    below && key.split(['/', '\\']).all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::Arc;

    use ports::links::Cdn;
    use ports::objects::MemoryObjects;
    use ports::queue::MemoryQueue;
    use ports::secret::MemorySecret;
    use store::Store;

    use super::*;
    use crate::caches::Shared;
    use crate::settings::Settings;

    #[tokio::test]
    async fn links_use_the_cdn_when_it_can_sign() {
        let secret = MemorySecret::default();
        let made = |cdn| {
            let store = Store::new("postgres://nobody:secret@127.0.0.1:1/none").unwrap();
            let shared = Shared::layers(None, "test", &store).unwrap();
            Context::build(
                store,
                Arc::new(MemoryQueue::default()),
                Arc::new(MemoryObjects::default()),
                crate::context::Beside { cdn, ..Default::default() },
                shared,
                Settings::from_env().unwrap(),
            )
        };
        let link =
            async |context: Context| link_to(&context, "t/acme/c/1.csv", "orders.csv").await.ok().unwrap();
        assert!(link(made(None)).await.starts_with("memory:///t/acme/c/1.csv?secs=900"));
        let empty = made(Some(Cdn::new(secret.clone())));
        assert!(link(empty).await.starts_with("memory:///"), "an empty secret");

        let key = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        let key =
            Command::new("openssl").args(key).output().expect("this test needs the command openssl").stdout;
        let key = serde_json::json!({"domain": "files.example.com", "keyPairId": "K1", "privateKey": String::from_utf8(key).unwrap()});
        secret.put(key.to_string());
        let signed = link(made(Some(Cdn::new(secret)))).await;
        assert!(signed.starts_with("https://files.example.com/t/acme/c/1.csv?Expires="), "{signed}");
        assert!(signed.contains("&Key-Pair-Id=K1"));
    }

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
