//! Deploys `template.yaml` to the emulator and records its outputs. Passwords are in secrets, as on AWS.

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
        ("Budget".to_owned(), stack.budget.to_string()),
        ("StoreSessions".to_owned(), stack.store_sessions.to_string()),
        ("Pooler".to_owned(), pooler.to_owned()),
        ("CacheUrl".to_owned(), stack.redis_url.clone()),
        // 32 MiB instead of 256: the sample is small, and its chunks should be split visibly.
        ("TargetBytes".to_owned(), "33554432".to_owned()),
    ]);
    let mut secrets = BTreeMap::new();
    // The owner's role is in the secret too, as RDS writes it for a master user.
    for (of, url, names_role) in [
        ("Source", &stack.source_url, true),
        ("Store", &stack.store_url, true),
        ("Owner", &stack.owner_url, false),
    ] {
        let name = format!("{of}Url");
        if overrides.iter().all(|(overridden, _)| *overridden != name) {
            let (url, secret) =
                without_password(url, names_role).context("a URL of the stack has no password")?;
            parameters.insert(name, url);
            secrets.insert(format!("{of}SecretArn"), secret);
        }
    }
    parameters.extend(cdn.into_iter().flat_map(Cdn::parameters));
    parameters.extend(overrides.iter().cloned());
    let job = json!({
        "action": "create",
        "stack": stack,
        "template": paths::root().join("template.yaml"),
        "binaries": paths::binaries()?,
        "scratch": stack.work_dir.join("tmp"),
        "parameters": parameters,
        "secrets": secrets,
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
    stack.delivery_queue_url = output("DeliveryQueueUrl")?;
    if with_cdn {
        stack.cdn_secret = output("CdnSecretArn")?;
        stack.origin_secret = output("OriginSecretArn").unwrap_or_default();
    }
    for name in ["Api", "Worker", "Sweeper", "Deliver", "Notify", "Admin"] {
        stack.functions.insert(name.to_lowercase(), output(&format!("{name}FunctionName"))?);
    }
    // A deployment without an owner has none.
    if let Ok(bootstrap) = output("BootstrapFunctionName") {
        stack.functions.insert("bootstrap".to_owned(), bootstrap);
    }
    stack.save()
}

/// Splits a URL into one without a password, and also without the role unless the URL `names_role`, and what its secret
/// contains.
fn without_password(url: &str, names_role: bool) -> Option<(String, Value)> {
    let (scheme, rest) = url.split_once("://")?;
    let (user, server) = rest.split_once('@')?;
    let (role, password) = user.split_once(':')?;
    let user = if names_role { format!("{role}@") } else { String::new() };
    Some((format!("{scheme}://{user}{server}"), json!({"username": role, "password": password})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_move_from_urls_to_secrets() {
        let url = "postgres://sluice_store:secret@127.0.0.1:5432/store?sslmode=disable";
        let (given, secret) = without_password(url, true).unwrap();
        assert_eq!(given, "postgres://sluice_store@127.0.0.1:5432/store?sslmode=disable");
        assert_eq!(secret, json!({"username": "sluice_store", "password": "secret"}));
        let (given, _) = without_password(url, false).unwrap();
        assert_eq!(given, "postgres://127.0.0.1:5432/store?sslmode=disable");
        assert!(without_password("postgres://127.0.0.1/store", true).is_none());
    }
}
