//! The steps of a deployment, and of its end.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::aws::{Aws, ChangePlan, Ended, Finished, State};
use super::file::{Deployment, put_arns, shown, take_arns};
use super::report::{self, NextSteps};
use super::{DeployArgs, confirmed, is_trial};
use crate::binaries::{Architecture, elf, sam};
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{paths, signals};

/// Answer of the check of the parameters.
#[derive(Deserialize)]
struct Problems {
    problems: Vec<String>,
}

/// Findings in the account.
#[derive(Deserialize)]
struct Looked {
    problems: Vec<String>,
    notes: Vec<String>,
}

/// Name that allows a deployment in spite of what was found in the account.
const NETWORK: &str = "network";

/// ARNs of created secrets by parameter.
#[derive(Deserialize)]
struct Created {
    arns: BTreeMap<String, String>,
}

/// Checks, builds, shows what changes, deploys, and prints the commands of the first export.
pub(super) fn deploy(args: &DeployArgs, path: &Path, mut deployment: Deployment) -> Result<ExitCode> {
    let (mut aws, tools) = prepared(args)?;
    let Problems { problems } = aws.run("check", &deployment, json!({}))?;
    if !problems.is_empty() {
        bail!("{} is not deployable:\n  {}", shown(&args.name), problems.join("\n  "));
    }
    let state = ready(args, &aws, &deployment)?;
    look(args, &aws, &deployment, &state)?;
    if let Some(tools) = tools {
        aws.template = build(args, &tools, &deployment)?;
    }
    let Some(outputs) = carry_out(args, &aws, path, &mut deployment, &state)? else {
        return Ok(ExitCode::SUCCESS);
    };
    finish(args, &aws, &deployment, &outputs, &state)
}

/// Creates the secrets that the file wants, and writes their ARNs into it. Returns true if there are any.
fn create_secrets(args: &DeployArgs, aws: &Aws, path: &Path, deployment: &mut Deployment) -> Result<bool> {
    let Created { arns } = aws.run("secrets", deployment, json!({}))?;
    if arns.is_empty() {
        return Ok(false);
    }
    put_arns(path, &arns)?;
    eprintln!(
        "Created in Secrets Manager, with new passwords: {} (now in {})",
        names(&arns),
        shown(&args.name)
    );
    deployment.parameters.extend(arns);
    Ok(true)
}

fn names(arns: &BTreeMap<String, String>) -> String {
    arns.keys().map(|name| name.trim_end_matches("Arn")).collect::<Vec<_>>().join(" and ")
}

/// Returns the Python that speaks to AWS, and SAM's environment if something is to be built.
fn prepared(args: &DeployArgs) -> Result<(Aws, Option<Venv>)> {
    let template = paths::root().join("template.yaml");
    if let Some(binaries) = &args.binaries {
        let binaries =
            binaries.canonicalize().with_context(|| format!("cannot read {}", binaries.display()))?;
        return Ok((Aws { python: Venv::stack()?.python(), template, binaries: Some(binaries) }, None));
    }
    let tools = Venv::sam()?;
    let python = tools.python();
    Ok((Aws { python, template, binaries: None }, (!args.delete).then_some(tools)))
}

/// Returns the state of the stack once it can be deployed to: what is in progress is awaited, and what is left of a failed
/// first deployment is deleted.
fn ready(args: &DeployArgs, aws: &Aws, deployment: &Deployment) -> Result<State> {
    let mut state: State = aws.run("state", deployment, json!({}))?;
    if state.busy {
        let step = Step::start("CloudFormation is changing this stack already; following it");
        let ended: Ended = aws.run("follow", deployment, json!({}))?;
        step.done(&ended.status);
        state = aws.run("state", deployment, json!({}))?;
        if !ended.ok && !state.failed_first {
            eprintln!("It failed:\n  {}\n", ended.reasons.join("\n  "));
        }
    }
    let status = state.stack.as_ref().map_or("", |stack| stack.status.as_str());
    if status == "UPDATE_ROLLBACK_FAILED" {
        bail!(
            "the stack is {status}: as soon as its cause is gone, run `aws cloudformation continue-update-rollback \
             --region {} --stack-name {}`, and deploy again (infra/README.md, \"Bootstrap\")",
            deployment.region,
            deployment.stack
        );
    }
    if state.failed_first {
        if !state.reasons.is_empty() {
            eprintln!("The reasons of the last attempt:\n  {}\n", state.reasons.join("\n  "));
        }
        let question =
            format!("The last attempt failed ({status}); delete what is left of it and begin again?");
        if args.dry_run || !confirmed(args, &question)? {
            bail!("the stack is {status}, in which CloudFormation can only delete it");
        }
        let step = Step::start("Deleting what is left of the failed deployment");
        let ended: Ended = aws.run("delete", deployment, json!({"keepSecrets": true}))?;
        succeeded(&ended, "could not be deleted")?;
        step.done("deleted");
    }
    signals::check()?;
    Ok(state)
}

/// Reads what the deployment will meet in the account, and refuses what would fail after a quarter of an hour.
fn look(args: &DeployArgs, aws: &Aws, deployment: &Deployment, state: &State) -> Result<()> {
    let found: Looked = aws.run("look", deployment, json!({"first": state.stack.is_none()}))?;
    for note in &found.notes {
        eprintln!("note: {note}");
    }
    if found.problems.is_empty() || args.allow.iter().any(|name| name == NETWORK) {
        return Ok(());
    }
    bail!(
        "in the account, this does not fit:\n  {}\nIf it is intended: --allow {NETWORK}",
        found.problems.join("\n  ")
    )
}

/// Builds if sources are newer than the last build, or that was for another processor. Returns the built template.
fn build(args: &DeployArgs, tools: &Venv, deployment: &Deployment) -> Result<std::path::PathBuf> {
    let name = deployment.parameter("Architecture").unwrap_or("arm64");
    let wanted = Architecture::named(name).with_context(|| format!("Architecture = {name:?} is unknown"))?;
    let folder = sam::folder();
    if args.built {
        if !folder.join("template.yaml").is_file() {
            bail!("nothing has been built; leave out --built");
        }
    } else if !sam::is_fresh() || elf::require(&folder, wanted).is_err() {
        sam::build(tools, wanted)?;
    }
    elf::require(&folder, wanted)?;
    Ok(folder.join("template.yaml"))
}

/// Uploads, and returns what the deployment would change.
fn planned(args: &DeployArgs, aws: &Aws, deployment: &Deployment) -> Result<ChangePlan> {
    let step = Step::start("Uploading code and templates, comparing with what is deployed");
    let plan: ChangePlan = aws.run("plan", deployment, json!({"allow": args.allow}))?;
    step.done(if plan.kind == "none" {
        "nothing changes: code, templates and parameters are deployed as they are"
    } else {
        "compared"
    });
    Ok(plan)
}

/// Shows the changes and makes them. Returns the outputs of the stack, or `None` after a dry run. If nothing changes, these
/// are the outputs that are there: an interrupted first deployment is then finished.
fn carry_out(
    args: &DeployArgs,
    aws: &Aws,
    path: &Path,
    deployment: &mut Deployment,
    state: &State,
) -> Result<Option<serde_json::Map<String, Value>>> {
    let plan = planned(args, aws, deployment)?;
    let verb = match plan.kind.as_str() {
        "create" => "creates",
        "update" => "changes",
        _ => return Ok(state.stack.as_ref().map(|stack| stack.outputs.clone()).filter(|_| !args.dry_run)),
    };
    let place = format!("{} in {}, account {}", deployment.stack, deployment.region, state.account);
    eprintln!("\nThis deployment {verb} {place}:\n\n{}", report::table(&plan));
    for note in &plan.notes {
        eprintln!("note: {note}\n");
    }
    if plan.kind == "create" {
        eprintln!("{}\n", report::cost(&args.name, deployment)?);
    }
    let change_set = json!({"changeSet": plan.change_set});
    let stopped = if !plan.refusals.is_empty() {
        Some(refused(&plan))
    } else if args.dry_run {
        Some("a dry run ends here; nothing was deployed".to_owned())
    } else if !confirmed(args, "Deploy?")? {
        Some("nothing was deployed".to_owned())
    } else {
        None
    };
    if let Some(why) = stopped {
        let _: Value = aws.run("discard", deployment, change_set)?;
        if args.dry_run && plan.refusals.is_empty() {
            eprintln!("{why}");
            return Ok(None);
        }
        bail!("{why}");
    }
    let change_set = if create_secrets(args, aws, path, deployment)? {
        // The change set has placeholders for secrets that did not exist.
        let _: Value = aws.run("discard", deployment, change_set)?;
        json!({"changeSet": planned(args, aws, deployment)?.change_set})
    } else {
        change_set
    };
    let step = Step::start("Deploying");
    let ended: Ended = aws.run("execute", deployment, change_set)?;
    succeeded(&ended, "failed")?;
    step.done("deployed");
    Ok(Some(ended.outputs))
}

fn refused(plan: &ChangePlan) -> String {
    let texts: Vec<_> = plan.refusals.iter().map(|one| one.text.as_str()).collect();
    let allow: Vec<_> = plan.refusals.iter().map(|one| format!("--allow {}", one.name)).collect();
    format!("refused:\n  {}\nIf it is intended: {}", texts.join("\n  "), allow.join(" "))
}

fn succeeded(ended: &Ended, verb: &str) -> Result<()> {
    if ended.ok {
        return Ok(());
    }
    bail!("the deployment {verb} ({}):\n  {}", ended.status, ended.reasons.join("\n  "))
}

/// Checks the deployment, creates the first key, and prints what comes next.
fn finish(
    args: &DeployArgs,
    aws: &Aws,
    deployment: &Deployment,
    outputs: &serde_json::Map<String, Value>,
    state: &State,
) -> Result<ExitCode> {
    let trial = is_trial(deployment);
    let job = json!({
        "function": outputs.get("AdminFunctionName"),
        "trial": trial,
        "keys": deployment.parameter("Auth") != Some("jwt") && !args.no_key,
        "tenant": args.name,
    });
    let step = Step::start("Checking the deployment from inside (sluice admin check)");
    let finished: Finished = aws.run("finish", deployment, job)?;
    step.done(if finished.check.ok { "no problem" } else { "there are problems" });
    eprintln!("\n{}\n", finished.check.text.trim_end());
    for text in finished.catalog.iter().chain(&finished.notes) {
        eprintln!("{}\n", text.trim_end());
    }
    let endpoint = env::var("AWS_ENDPOINT_URL").ok().filter(|_| state.local);
    let next = NextSteps {
        url: report::url(outputs, endpoint.as_deref()),
        admin: report::admin_arn(outputs, &deployment.region, &state.account),
        key: finished.key.as_deref(),
        tenant: &args.name,
    };
    println!("Next:\n\n{}", if trial { next.of_trial() } else { next.of_database() });
    Ok(if finished.check.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Deletes the stack, and reports what stays.
pub(super) fn delete(args: &DeployArgs, path: &Path, deployment: &Deployment) -> Result<ExitCode> {
    let (aws, _) = prepared(args)?;
    let state: State = aws.run("state", deployment, json!({}))?;
    let place = format!("{} in {}, account {}", deployment.stack, deployment.region, state.account);
    if let Some(stack) = &state.stack {
        if let Some(vpc) = stack.served_vpc() {
            eprintln!(
                "Its endpoints serve all of {vpc}: whatever else in it calls SQS or Secrets Manager needs another way then."
            );
        }
        let database = if is_trial(deployment) { " Its database is deleted with it." } else { "" };
        if !confirmed(
            args,
            &format!("Delete {place}?{database} The logs go with it, and the audit in them."),
        )? {
            bail!("nothing was deleted");
        }
    }
    let step = Step::start(&format!("Deleting {place}; up to 40 minutes with functions in a VPC"));
    let ended: Ended = aws.run("delete", deployment, json!({}))?;
    succeeded(&ended, "could not be deleted; repeat the command later")?;
    step.done("deleted");
    take_arns(path, &ended.secrets)?;
    for text in &ended.left {
        println!("Left: {text}");
    }
    for arn in &ended.secrets {
        println!("Left for a week, in which it can be restored: {arn}");
    }
    if !is_trial(deployment) {
        println!(
            "In your database, the schema sluice and the two roles stay: infra/README.md, \"Uninstall\"."
        );
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: DeployArgs,
    }

    fn args(words: &[&str]) -> DeployArgs {
        Line::try_parse_from([&["x", "shop"], words].concat()).unwrap().args
    }

    fn deployment() -> Deployment {
        Deployment {
            region: "eu-west-1".to_owned(),
            stack: "sluice-shop".to_owned(),
            parameters: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }

    /// Returns an `Aws` whose jobs all have this result.
    fn answering(folder: &Path, result: &Value) -> Aws {
        let program = folder.join("python");
        std::fs::write(&program, format!("#!/bin/sh\ncat > /dev/null\necho '{result}'\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Aws { python: program, template: folder.join("template.yaml"), binaries: None }
    }

    #[test]
    fn an_interrupted_deployment_is_finished_when_nothing_changes_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let unchanged = json!({"kind": "none", "changeSet": null, "rows": [], "parameters": [], "refusals": [], "notes": []});
        let aws = answering(folder.path(), &unchanged);
        let state: State = serde_json::from_value(json!({
            "account": "1", "local": false, "failedFirst": false, "busy": false,
            "stack": {"status": "CREATE_COMPLETE", "parameters": {}, "outputs": {"AdminFunctionName": "admin"}},
        }))
        .unwrap();
        let carried =
            |words: &[&str]| carry_out(&args(words), &aws, folder.path(), &mut deployment(), &state).unwrap();
        assert_eq!(carried(&[]).unwrap()["AdminFunctionName"], "admin");
        assert!(carried(&["--dry-run"]).is_none());
    }

    #[test]
    fn what_does_not_fit_in_the_account_is_refused_unless_it_is_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let aws = answering(folder.path(), &json!({"problems": ["no subnet subnet-1"], "notes": []}));
        let state =
            json!({"account": "1", "local": false, "failedFirst": false, "busy": false, "stack": null});
        let state: State = serde_json::from_value(state).unwrap();
        let looked = |words: &[&str]| look(&args(words), &aws, &deployment(), &state);
        let refused = looked(&[]).unwrap_err().to_string();
        assert!(refused.contains("no subnet subnet-1") && refused.contains("--allow network"), "{refused}");
        looked(&["--allow", "network"]).unwrap();
    }

    #[test]
    fn endpoints_that_others_use_are_named_before_they_are_deleted() {
        let stack = |parameters: Value| -> Option<String> {
            let stack = json!({"status": "CREATE_COMPLETE", "outputs": {}, "parameters": parameters});
            let stack: super::super::aws::Deployed = serde_json::from_value(stack).unwrap();
            stack.served_vpc().map(str::to_owned)
        };
        assert_eq!(stack(json!({"CreateEndpoints": "sqs", "VpcId": "vpc-1"})).as_deref(), Some("vpc-1"));
        assert_eq!(stack(json!({"CreateEndpoints": "false", "VpcId": "vpc-1"})), None);
        assert_eq!(stack(json!({"CreateEndpoints": "true", "CreateExample": "true"})), None);
    }
}
