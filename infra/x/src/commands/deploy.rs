//! `cargo x deploy NAME`: a deployment to AWS from one file, `deploy/NAME.toml`, which an interview writes.
//!
//! The file is the truth: every parameter is sent with each deployment, so that nothing depends on what was sent before.

mod answers;
mod aws;
mod file;
mod interview;
mod keyboard;
mod preset;
mod report;
mod steps;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::options::parameter;
use crate::binaries::Architecture;
use answers::AnswerArgs;
use file::{Deployment, Setting};
use interview::{Input, Interview};

/// File that is an example and no deployment.
const EXAMPLE: &str = "example";

const EXAMPLES: &str = "\
Examples:
  cargo x deploy try                          a trial: asks for the region, shows what it creates, asks, deploys
  cargo x deploy try --region eu-west-1 --yes the same without a question
  cargo x deploy prod --preset aurora         for your cluster: at most ten questions, written to deploy/prod.toml
  cargo x deploy prod --dry-run               shows what would change
  cargo x deploy prod                         deploys what has changed in deploy/prod.toml and in the code
  cargo x deploy prod --allow CreateCache     also if the shared cache is deleted by it
  cargo x deploy try --delete                 deletes the deployment

Credentials are those of the AWS command line: AWS_PROFILE, aws configure, aws sso login.";

/// Options of `cargo x deploy`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DeployArgs {
    /// Name of the deployment. Its file is deploy/NAME.toml, which is written first if it is absent.
    name: String,
    /// Stop after the table of changes; nothing is deployed.
    #[arg(long)]
    dry_run: bool,
    /// Ask nothing: defaults for missing answers, and yes to every confirmation.
    #[arg(long)]
    yes: bool,
    /// Deploy although this is deleted or replaced, by the name in the refusal. Can be repeated.
    #[arg(long, value_name = "CHANGE")]
    allow: Vec<String>,
    /// Create no first key: it would be printed, into the log of a pipeline for example.
    #[arg(long)]
    no_key: bool,
    /// Deploy what `cargo x sam` has built, without building.
    #[arg(long)]
    built: bool,
    /// Delete the deployment. Its bucket and the content of your database stay.
    #[arg(long, conflicts_with_all = ["dry_run", "allow", "built"])]
    delete: bool,
    /// Binaries to deploy in place of the output of `sam build`, for the emulator.
    #[arg(long, value_name = "FOLDER", hide = true)]
    binaries: Option<PathBuf>,
    /// Name of the CloudFormation stack of a new deployment [default: sluice-NAME].
    #[arg(long, value_name = "NAME", help_heading = "Answers for a new deployment (questions if missing)")]
    stack: Option<String>,
    /// Any parameter of template.yaml for a new deployment. Can be repeated.
    #[arg(
        long,
        value_name = "PARAMETER=VALUE",
        value_parser = parameter,
        help_heading = "Answers for a new deployment (questions if missing)"
    )]
    set: Vec<(String, String)>,
    #[command(flatten)]
    answers: AnswerArgs,
}

/// Deploys, or deletes, as the options say.
pub(crate) fn run(args: &DeployArgs) -> Result<ExitCode> {
    name_is_valid(&args.name)?;
    let path = file::path(&args.name);
    let shown = file::shown(&args.name);
    if args.delete && !path.exists() {
        bail!("there is no {shown}, which names the stack to delete");
    }
    if path.exists() {
        let given = args.answers.given();
        if args.answers.preset.is_some()
            || args.stack.is_some()
            || !args.set.is_empty()
            || !given.0.is_empty()
        {
            bail!(
                "{shown} exists, and the answers are for a new deployment: change the file instead, or choose another name"
            );
        }
    } else {
        let text = ask(args, &mut keyboard::line, &mut io::stderr())?;
        file::write(&path, &text)?;
        eprintln!("\nWrote {shown}:\n\n{text}");
    }
    let deployment = file::read(&path)?;
    if args.delete {
        return steps::delete(args, &path, &deployment);
    }
    steps::deploy(args, &path, deployment)
}

fn name_is_valid(name: &str) -> Result<()> {
    let word =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if name == EXAMPLE {
        bail!("deploy/{EXAMPLE}.toml is an example; choose another name");
    }
    if name.len() > 38 || !name.split('-').all(word) {
        bail!("{name:?} is no name of a deployment: use a-z, 0-9 and single hyphens, at most 38 characters");
    }
    Ok(())
}

/// Returns the text of a new file, after the questions that have no answer yet.
fn ask<'a>(args: &DeployArgs, input: &'a mut Input<'a>, output: &'a mut dyn Write) -> Result<String> {
    let mut interview = Interview { input, output, silent: args.yes };
    let preset = interview.preset(args.answers.preset, &args.name)?;
    let mut answers = args.answers.given();
    interview.complete(preset, &mut answers)?;
    let mut settings = preset.parameters(&answers, Architecture::buildable().name());
    for (name, value) in &args.set {
        match settings.iter_mut().find(|setting| setting.name == *name) {
            Some(setting) => setting.value.clone_from(value),
            None => settings.push(Setting::new(name.as_str(), value.as_str(), "")),
        }
    }
    let stack = args.stack.clone().unwrap_or_else(|| format!("sluice-{}", args.name));
    Ok(file::text(&args.name, answers.get(answers::Topic::Region), &stack, &settings))
}

/// Asks for a yes, unless the options contain it.
fn confirmed(args: &DeployArgs, question: &str) -> Result<bool> {
    if args.yes {
        return Ok(true);
    }
    eprint!("{question} [y/N] ");
    io::stderr().flush()?;
    let line =
        keyboard::line()?.context("the input ended without a yes; use --yes to deploy without questions")?;
    Ok(["y", "yes"].contains(&line.trim().to_lowercase().as_str()))
}

/// Returns true if the file describes a trial with its own database.
fn is_trial(deployment: &Deployment) -> bool {
    deployment.parameter("CreateExample") == Some("true")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: DeployArgs,
    }

    #[test]
    fn options_answer_everything_and_set_overrides() {
        let words = [
            "x",
            "try",
            "--region",
            "eu-west-1",
            "--yes",
            "--stack",
            "mine",
            "--set",
            "Budget=2",
            "--set",
            "LogLevel=debug",
        ];
        let args = Line::try_parse_from(words).unwrap().args;
        let mut printed = Vec::new();
        let text = ask(&args, &mut || Ok(None), &mut printed).unwrap();
        assert!(printed.is_empty());
        for line in [
            "region = \"eu-west-1\"\n",
            "stack = \"mine\"\n",
            "Budget = 2 ",
            "LogLevel = \"debug\"\n",
            "CreateExample = true ",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }

    #[test]
    fn names_are_those_of_files_and_stacks() {
        for name in ["try", "prod-2"] {
            name_is_valid(name).unwrap();
        }
        for name in ["", "Prod", "a--b", "-a", "../try", "example", "a".repeat(39).as_str()] {
            assert!(name_is_valid(name).is_err(), "{name}");
        }
    }
}
