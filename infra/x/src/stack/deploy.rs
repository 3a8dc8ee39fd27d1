//! Deploys `template.yaml` to the emulator and records its outputs.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::cdn::Cdn;
use super::state::Stack;
use crate::binaries::Architecture;
use crate::machine::venv::Venv;
use crate::machine::{paths, python};

/// Script that calls CloudFormation.
const SCRIPT: &str = "emulator/deploy.py";

/// Creates the CloudFormation stack. `overrides` are parameters of the template. `cdn` replaces CloudFront.
pub(crate) fn run(
    stack: &mut Stack,
    venv: &Venv,
    overrides: &[(String, String)],
    cdn: Option<&Cdn>,
) -> Result<()> {
    // A stack without a pooler has no port of one.
    let pooler = if stack.pooler_port == 0 { "none" } else { "own" };
    let mut parameters = BTreeMap::from([
        ("Architecture".to_owned(), Architecture::here().name().to_owned()),
        ("SourceUrl".to_owned(), stack.source_url.clone()),
        ("StoreUrl".to_owned(), stack.store_url.clone()),
        ("OwnerUrl".to_owned(), stack.owner_url.clone()),
        ("Budget".to_owned(), stack.budget.to_string()),
        ("StoreSessions".to_owned(), stack.store_sessions.to_string()),
        ("Pooler".to_owned(), pooler.to_owned()),
        ("CacheUrl".to_owned(), stack.redis_url.clone()),
        // 32 MiB instead of 256: the sample is small, and its chunks should be split visibly.
        ("TargetBytes".to_owned(), "33554432".to_owned()),
    ]);
    parameters.extend(cdn.into_iter().flat_map(Cdn::parameters));
    parameters.extend(overrides.iter().cloned());
    let job = json!({
        "action": "create",
        "stack": stack,
        "template": paths::root().join("template.yaml"),
        "binaries": paths::binaries()?,
        "scratch": stack.work_dir.join("tmp"),
        "parameters": parameters,
        "cdn": cdn.map(Cdn::outputs),
    });
    let outputs = python::call(&venv.python(), SCRIPT, &job)?;
    record(stack, &outputs, cdn.is_some())
}

/// Deploys once more, with the current binaries and these parameters changed. Creates a stack that was deleted.
pub(crate) fn again(stack: &mut Stack, venv: &Venv, overrides: &[(String, String)]) -> Result<()> {
    let parameters: BTreeMap<_, _> = overrides.iter().cloned().collect();
    let job = json!({"action": "update", "stack": stack, "parameters": parameters});
    let outputs = python::call(&venv.python(), SCRIPT, &job)?;
    for (parameter, sessions) in [("Budget", &mut stack.budget), ("StoreSessions", &mut stack.store_sessions)]
    {
        if let Some(value) = parameters.get(parameter) {
            *sessions = value.parse().with_context(|| format!("{parameter} is not a number"))?;
        }
    }
    let with_cdn = !stack.cdn_secret.is_empty();
    record(stack, &outputs, with_cdn)
}

/// Deletes the CloudFormation stack. The bucket with its files and the database stay.
pub(crate) fn delete(stack: &Stack, venv: &Venv) -> Result<()> {
    python::call(&venv.python(), SCRIPT, &json!({"action": "delete", "stack": stack})).map(drop)
}

fn record(stack: &mut Stack, outputs: &Value, with_cdn: bool) -> Result<()> {
    let output = |name: &str| -> Result<String> {
        let value = outputs.get(name).and_then(Value::as_str);
        Ok(value.with_context(|| format!("template.yaml has no output {name}"))?.to_owned())
    };
    // The launcher of the emulator serves the only API at its own paths, so that its links work here as on AWS.
    stack.url = format!("{}/api/v1", stack.aws_endpoint);
    stack.bucket = output("BucketName")?;
    stack.queue_url = output("QueueUrl")?;
    stack.dead_letter_queue_url = output("DeadLetterQueueUrl")?;
    if with_cdn {
        stack.cdn_secret = output("CdnSecretArn")?;
        stack.origin_secret = output("OriginSecretArn").unwrap_or_default();
    }
    for name in ["Api", "Worker", "Sweeper", "Admin"] {
        stack.functions.insert(name.to_lowercase(), output(&format!("{name}FunctionName"))?);
    }
    stack.save()
}
