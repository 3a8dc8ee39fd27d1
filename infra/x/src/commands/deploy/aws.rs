//! Calls of the Python that speaks to AWS: one job each, JSON in and out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::file::Deployment;
use crate::machine::python;

const SCRIPT: &str = "deploy/jobs.py";

/// A deployment, and the Python that acts on it.
pub(crate) struct Aws {
    pub(crate) python: PathBuf,
    /// Built template, or the template of the repository.
    pub(crate) template: PathBuf,
    /// Folder of binaries that are deployed in place of the output of `sam build`.
    pub(crate) binaries: Option<PathBuf>,
}

/// Current state of the stack.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct State {
    pub(crate) account: String,
    pub(crate) stack: Option<Deployed>,
    /// True if AWS is the emulator on this machine.
    pub(crate) local: bool,
    /// True if a first deployment failed, after which the stack can only be deleted.
    pub(crate) failed_first: bool,
    /// True if CloudFormation is changing it.
    pub(crate) busy: bool,
    /// Reasons of a failed first deployment.
    #[serde(default)]
    pub(crate) reasons: Vec<String>,
}

/// A stack that exists.
#[derive(Deserialize)]
pub(crate) struct Deployed {
    pub(crate) status: String,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) outputs: Map<String, Value>,
}

impl Deployed {
    /// Returns the VPC that is served by endpoints of this stack; `None` if nothing else is in it.
    pub(crate) fn served_vpc(&self) -> Option<&str> {
        let parameter = |name: &str| self.parameters.get(name).map_or("", String::as_str);
        let creates = !["", "false"].contains(&parameter("CreateEndpoints"));
        Some(parameter("VpcId")).filter(|_| creates && parameter("CreateExample") != "true")
    }
}

/// Change that a change set makes to one resource.
#[derive(Deserialize)]
pub(crate) struct Row {
    pub(crate) action: String,
    /// Logical id, after those of the nested stacks that it is in.
    pub(crate) path: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) why: Vec<String>,
}

/// Change that is refused unless its name is allowed.
#[derive(Deserialize)]
pub(crate) struct RefusedChange {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A change set, and what it would do.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangePlan {
    /// `create`, `update`, or `none` if nothing would change.
    pub(crate) kind: String,
    pub(crate) change_set: Option<String>,
    pub(crate) rows: Vec<Row>,
    /// Name, previous and new value of every changed parameter.
    pub(crate) parameters: Vec<(String, Option<String>, Option<String>)>,
    pub(crate) refusals: Vec<RefusedChange>,
    pub(crate) notes: Vec<String>,
}

/// Outcome of an operation on the stack.
#[derive(Deserialize)]
pub(crate) struct Ended {
    pub(crate) ok: bool,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) reasons: Vec<String>,
    #[serde(default)]
    pub(crate) outputs: Map<String, Value>,
    /// Resources that a deletion leaves.
    #[serde(default)]
    pub(crate) left: Vec<String>,
    /// ARNs of the secrets that a deletion has deleted.
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
}

/// Outcome of `check`, and the first key.
#[derive(Deserialize)]
pub(crate) struct Finished {
    pub(crate) check: Checked,
    pub(crate) catalog: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) notes: Vec<String>,
}

/// Response of `check`.
#[derive(Deserialize)]
pub(crate) struct Checked {
    pub(crate) ok: bool,
    pub(crate) text: String,
}

impl Aws {
    /// Runs one action, with more fields than every job has. An error of the script is an error for people.
    pub(crate) fn run<T: DeserializeOwned>(
        &self,
        action: &str,
        deployment: &Deployment,
        more: Value,
    ) -> Result<T> {
        let mut job = json!({
            "action": action,
            "region": deployment.region,
            "stack": deployment.stack,
            "parameters": deployment.parameters,
            "tags": deployment.tags,
            "template": self.template,
            "binaries": self.binaries,
        });
        if let (Some(job), Value::Object(more)) = (job.as_object_mut(), more) {
            job.extend(more);
        }
        let result = python::call_aws(&self.python, SCRIPT, &job)?;
        if let Some(error) = result["error"].as_str() {
            bail!("{error}");
        }
        Ok(T::deserialize(result)?)
    }
}
