//! `cargo x redeploy` and `cargo x undeploy`: the deployment of a running stack, without its servers.

use anyhow::Result;
use clap::Args;

use super::options::{Named, parameter};
use crate::binaries;
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::stack::own_source::pooler;
use crate::stack::state::Stack;
use crate::stack::{deploy, pgbouncer};

/// Options of `cargo x redeploy`.
#[derive(Args)]
pub(crate) struct RedeployArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    /// Change a parameter of the template; the others keep their values.
    #[arg(long, value_name = "PARAMETER=VALUE", value_parser = parameter)]
    pub(crate) set: Vec<(String, String)>,
    /// Use the existing binaries without building.
    #[arg(long)]
    pub(crate) built: bool,
}

/// Updates the CloudFormation stack, or creates it again after [`undeploy`].
pub(crate) fn redeploy(args: &RedeployArgs) -> Result<()> {
    let mut stack = Stack::running_one(&args.stack.name)?;
    let venv = Venv::stack()?;
    if !args.built {
        binaries::build()?;
    }
    let step = Step::start("Deploying template.yaml again");
    deploy::again(&mut stack, &venv, &args.set)?;
    step.done("deployed");
    if args.set.iter().any(|(name, _)| matches!(name.as_str(), "Budget" | "StoreSessions")) {
        follow_budgets(&stack)?;
    }
    Ok(())
}

/// Sets the sessions of the poolers to the budgets of the stack.
fn follow_budgets(stack: &Stack) -> Result<()> {
    if stack.source_pooler_port != 0 {
        pooler::follow_budget(stack)?;
    }
    if stack.pooler_port != 0 {
        pgbouncer::lead_to_source(stack, true)?;
    }
    Ok(())
}

/// Deletes the CloudFormation stack. The servers keep running, with the database's content and the files.
pub(crate) fn undeploy(name: &str) -> Result<()> {
    let stack = Stack::running_one(name)?;
    let step = Step::start("Deleting the deployment");
    deploy::delete(&stack, &Venv::stack()?)?;
    step.done("deleted");
    Ok(())
}
