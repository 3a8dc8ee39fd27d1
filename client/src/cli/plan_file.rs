//! Plan files: a request with its plan and the revision of the catalog for which it was made.

use std::path::Path;

use export::wire::{DryRun, Export};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::outcome::Failure;
use super::request_source::{RequestSource, read_json};
use crate::{Client, Reuse};

const VERSION: u64 = 1;

/// Number of plans after which a catalog that changes all the time is given up.
const MAX_TRIES: u32 = 3;

/// Content of a plan file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PlanFile {
    version: u64,
    /// Revision of the catalog.
    revision: String,
    /// Reuse that was planned.
    pub(super) reuse: Reuse,
    /// Body of the request.
    pub(super) request: Value,
    /// Plan as returned by the api.
    pub(super) plan: DryRun,
}

impl PlanFile {
    /// Plans a request. The revision is read before and after, so that it is the one of the plan.
    pub(super) async fn make(client: &Client, source: &RequestSource) -> Result<Self, Failure> {
        let request = source.read(client).await?;
        let mut revision = client.datasets().await?.revision;
        for _ in 0..MAX_TRIES {
            let plan = client.plan(&request).await.map_err(|error| source.explain(error, &request))?;
            let after = client.datasets().await?.revision;
            if after == revision {
                return Ok(Self { version: VERSION, revision, reuse: source.reuse(), request, plan });
            }
            revision = after;
        }
        Err(Failure::Local("the catalog changed while the plan was made; make it again".into()))
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let name = path.display();
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| Failure::Local(error.to_string()))?;
        text.push(b'\n');
        std::fs::write(path, text)
            .map_err(|error| Failure::Usage(format!("--out: {name} cannot be written: {error}")))
    }

    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let json = read_json("--plan", path)?;
        match json["version"].as_u64() {
            Some(VERSION) => {}
            Some(version) => {
                return Err(Failure::Usage(format!(
                    "--plan: {name} has version {version}; this program supports {VERSION}"
                )));
            }
            None => {
                return Err(Failure::Usage(format!(
                    "--plan: {name} is not a plan; make one with: sluice plan DATASET... --out {name}"
                )));
            }
        }
        serde_json::from_value(json)
            .map_err(|error| Failure::Usage(format!("--plan: {name} is not a valid plan: {error}")))
    }

    /// Refuses the plan if the catalog in force is not the one it was made for.
    pub(super) async fn check(&self, client: &Client) -> Result<(), Failure> {
        let now = client.datasets().await?.revision;
        if now == self.revision { Ok(()) } else { Err(self.outdated(&now, "nothing was exported")) }
    }

    /// Cancels an export that was accepted with another catalog: one that was applied after the check.
    pub(super) async fn confirm(&self, client: &Client, export: &Export) -> Result<(), Failure> {
        if export.revision == self.revision {
            return Ok(());
        }
        if export.status.is_live() {
            client.cancel(export.id).await?;
        }
        Err(self.outdated(&export.revision, &format!("export {} was canceled", export.id)))
    }

    fn outdated(&self, now: &str, effect: &str) -> Failure {
        let short = |revision: &str| revision.chars().take(12).collect::<String>();
        Failure::Usage(format!(
            "--plan: the catalog has changed since the plan was made (revision {}, now {}); {effect}; make the plan \
             again with: sluice plan",
            short(&self.revision),
            short(now)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, Server};
    use serde_json::json;

    fn plan(revision: &str) -> PlanFile {
        let (reuse, request) = (Reuse::Within(60), json!({"datasets": ["orders"]}));
        PlanFile { version: VERSION, revision: revision.into(), reuse, request, plan: DryRun::default() }
    }

    #[test]
    fn plan_is_read_as_it_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("plan.json");
        plan("r1").write(&path).unwrap();
        let read = PlanFile::read(&path).unwrap();
        assert_eq!((read.reuse, read.request), (Reuse::Within(60), json!({"datasets": ["orders"]})));
        for (text, part) in [
            ("{}", "is not a plan; make one with: sluice plan"),
            (r#"{"version": 2}"#, "has version 2; this program supports 1"),
            (r#"{"version": 1}"#, "is not a valid plan: missing field"),
            ("{", "is not valid JSON"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = PlanFile::read(&path).unwrap_err().to_string();
            assert!(error.starts_with("--plan: ") && error.contains(part), "{error}");
        }
    }

    #[tokio::test]
    async fn plan_of_another_catalog_is_refused() {
        let server = Server::start(|_, _| Reply::new(200, r#"{"revision": "r2", "datasets": []}"#));
        assert!(plan("r2").check(&server.client()).await.is_ok());
        let error = plan("r1").check(&server.client()).await.unwrap_err().to_string();
        assert!(error.contains("(revision r1, now r2); nothing was exported"), "{error}");
    }
}
